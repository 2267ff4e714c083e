// Ctrl-C (SIGINT) and SIGTERM, for programs that have something to say or to tidy up before they end.
//
//     const examples::Interrupts interrupts;
//     while (...) {
//         ...
//         interrupts.check();  // throws Interrupted, which CommandLine turns into exit status 130, or 143
//     }
//
// A second signal ends the program at once.
//
//     examples::write_whole([&] { nib::save(net, path); });  // a signal waits until the file is in place
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

// From its construction to its end signals are noted, and do nothing else. One inside of another changes nothing.
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
    Handler interrupt_before_ = nullptr;
    Handler terminate_before_ = nullptr;
};

// Calls write(), and throws Interrupted after it where there was a signal: it would have left a temporary file behind.
template <class Write>
void write_whole(const Write& write) {
    const Interrupts interrupts;
    write();
    interrupts.check();
}

}  // namespace examples
