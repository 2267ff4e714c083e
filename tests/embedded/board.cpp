// From reset to run() on a Cortex-M4, and board.hpp.
#include "board.hpp"

#include <cstddef>
#include <cstdint>

// From the linker script.
extern "C" std::uint32_t data_source[], data_start[], data_end[], bss_start[], bss_end[], stack_start[], stack_end[];

namespace {

constexpr std::uint32_t unused = 0xdeadbeef;

// ARM's "Semihosting for AArch32 and AArch64": an operation's number and a parameter.
int semihost(int operation, const void* parameter) {
    register int r0 asm("r0") = operation;
    register const void* r1 asm("r1") = parameter;
    asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

}  // namespace

extern "C" [[noreturn]] void reset() {
    auto& coprocessor_access = *reinterpret_cast<volatile std::uint32_t*>(0xe000ed88);
    coprocessor_access = coprocessor_access | 0xfu << 20;  // the floating-point unit
    asm volatile("dsb\n\tisb" ::: "memory");
    const std::uint32_t* from = data_source;
    for (std::uint32_t* to = data_start; to != data_end; ++to) *to = *from++;
    for (std::uint32_t* to = bss_start; to != bss_end; ++to) *to = 0;
    std::uint32_t* stack_pointer;
    asm volatile("mov %0, sp" : "=r"(stack_pointer));
    for (volatile std::uint32_t* to = stack_start; to < stack_pointer; ++to) *to = unused;
    board::exit(board::run());
}

extern "C" [[noreturn]] void fault() {
    board::print("fault\n");
    board::exit(1);
}

using Handler = void (*)();
struct Vectors {
    std::uint32_t* stack;
    Handler handlers[15];
};
// Reset, then the faults; no interrupt is ever enabled.
[[gnu::section(".vectors"), gnu::used]] const Vectors vectors{
    stack_end,
    {reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault}};

void board::print(const char* text) { semihost(0x04, text); }

void board::print(std::size_t number) {
    char text[12] = {};
    char* first = text + sizeof text - 1;
    do *--first = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    print(first);
}

void board::exit(int status) {
    const std::uint32_t parameters[] = {0x20026, static_cast<std::uint32_t>(status)};  // application exit
    semihost(0x20, parameters);
    for (;;) asm volatile("wfi");
}

std::size_t board::stack_used() {
    const volatile std::uint32_t* used = stack_start;
    while (*used == unused) ++used;
    return static_cast<std::size_t>(stack_end - const_cast<const std::uint32_t*>(used)) * sizeof(std::uint32_t);
}
