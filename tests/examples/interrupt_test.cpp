#include <interrupt.hpp>

#include "../support.hpp"

#include <csignal>
#include <string>

TEST_CASE("a signal is noted, and thrown where the program looks") {
    for (const int signal : {SIGINT, SIGTERM}) {
        const auto before = std::signal(signal, SIG_IGN);
        {
            const examples::Interrupts interrupts;
            interrupts.check();
            std::raise(signal);
            int status = 0;
            try {
                interrupts.check();
            } catch (const examples::Interrupted& error) {
                status = error.status();
                CHECK(error.signal() == signal);
                CHECK(std::string(error.what()) == "interrupted");
            }
            CHECK(status == 128 + signal);
            // The next one ends the program.
            CHECK((std::signal(SIGINT, SIG_DFL) == SIG_DFL));
            CHECK((std::signal(SIGTERM, SIG_DFL) == SIG_DFL));
        }
        CHECK((std::signal(signal, before) == SIG_IGN));
        const examples::Interrupts later;
        later.check();  // the first one's signal is forgotten
    }
}

TEST_CASE("a signal while a file is written waits until it is whole") {
    const auto before = std::signal(SIGINT, SIG_IGN);
    bool whole = false;
    CHECK_THROWS_AS(examples::write_whole([&] {
                        std::raise(SIGINT);
                        whole = true;
                    }),
                    examples::Interrupted);
    CHECK(whole);
    CHECK((std::signal(SIGINT, before) == SIG_IGN));
    examples::write_whole([] {});

    // Where the program looks for signals anyway, it still sees the one before.
    const examples::Interrupts interrupts;
    std::raise(SIGTERM);
    CHECK_THROWS_AS(examples::write_whole([] {}), examples::Interrupted);
    CHECK_THROWS_AS(interrupts.check(), examples::Interrupted);
}
