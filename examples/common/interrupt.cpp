#include "interrupt.hpp"

#include <csignal>

namespace examples {

namespace {

volatile std::sig_atomic_t caught = 0;
int open_scopes = 0;

extern "C" void note_signal(int signal) {
    caught = signal;
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

Interrupts::Interrupts() {
    if (open_scopes++ > 0) return;
    caught = 0;
    interrupt_before_ = std::signal(SIGINT, note_signal);
    terminate_before_ = std::signal(SIGTERM, note_signal);
}

Interrupts::~Interrupts() {
    if (--open_scopes > 0) return;
    std::signal(SIGINT, interrupt_before_ == SIG_ERR ? SIG_DFL : interrupt_before_);
    std::signal(SIGTERM, terminate_before_ == SIG_ERR ? SIG_DFL : terminate_before_);
}

void Interrupts::check() const {
    if (caught != 0) throw Interrupted(caught, "interrupted");
}

}  // namespace examples
