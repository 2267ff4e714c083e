// ScopedFlushSubnormals: within its scope this thread's arithmetic takes subnormal numbers (below 1.2e-38 in float) for
// zero. On x86-64 operations on them take a hundred times as long as on others, and a network whose loss has become
// almost 0 is full of them.
//
// It sets flush-to-zero and denormals-are-zero of MXCSR on x86-64, and FZ of FPCR on AArch64; it does nothing
// elsewhere.
#pragma once

#include <nib/core/config.hpp>

#include <cstdint>

namespace nib::inline NIB_ABI {

class [[nodiscard]] ScopedFlushSubnormals {
public:
    ScopedFlushSubnormals() : before_{read() & flags} { set(flags); }
    ScopedFlushSubnormals(const ScopedFlushSubnormals&) = delete;
    ScopedFlushSubnormals& operator=(const ScopedFlushSubnormals&) = delete;
    ~ScopedFlushSubnormals() { set(before_); }

private:
#if defined(__x86_64__) && defined(__SSE__)
    using Register = unsigned;
    static constexpr Register flags = 0x8040;
    static Register read() { return __builtin_ia32_stmxcsr(); }
    static void write(Register value) { __builtin_ia32_ldmxcsr(value); }
#elif defined(__aarch64__)
    using Register = std::uint64_t;
    static constexpr Register flags = Register{1} << 24;
    static Register read() {
        Register value;
        asm volatile("mrs %0, fpcr" : "=r"(value));
        return value;
    }
    static void write(Register value) { asm volatile("msr fpcr, %0" : : "r"(value) : "memory"); }
#else
    using Register = unsigned;
    static constexpr Register flags = 0;
    static Register read() { return 0; }
    static void write(Register) {}
#endif

    // What else the register holds (rounding mode, exceptions raised) stays.
    static void set(Register wanted) {
        const Register now = read();
        if ((now & flags) != wanted) write((now & ~flags) | wanted);
    }

    Register before_;
};

}  // namespace nib::inline NIB_ABI
