// Ctrl-C (SIGINT) and SIGTERM, for programs that have something to say or to tidy up before they end.
//
//     const examples::Interrupts interrupts;
//     while (...) {
//         ...
//         interrupts.check();  // throws Interrupted, which CommandLine turns into exit status 130, or 143
//     }
//
// A second signal ends the program at once.
#pragma once

#include <stdexcept>
#include <string>

namespace examples {

class Interrupted : public std::runtime_error {
public:
    Interrupted(int signal, const std::string& message) : std::runtime_error(message), signal_{signal} {}

    int signal() const { return signal_; }
    // As shells count: 128 and the signal's number.
    int status() const { return 128 + signal_; }

private:
    int signal_;
};

// From its construction to its end signals are noted, and do nothing else. There is one at a time.
class Interrupts {
public:
    Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;
    ~Interrupts();

    // Throws where there was a signal.
    void check() const;

private:
    using Handler = void (*)(int);
    Handler interrupt_before_;
    Handler terminate_before_;
};

}  // namespace examples
