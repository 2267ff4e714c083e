// Which instruction set the kernels run on, and dispatch(), which runs a kernel on it.
//
// A kernel is a function template over a level (Baseline, Avx2, Avx512) and is inlined whole into one function per
// level that carries the matching target attribute: these few functions are all that nib knows of instruction sets, but
// for some single instructions that C++ has no words for (vector.hpp, and append_nonzeros in nonzeros.hpp). On
// x86-64 with GCC or Clang the best level that the machine has is chosen at the first use; elsewhere, and for whatever
// the build's own flags already assume, there is only one. The environment variable NIB_CPU=sse2|avx2|avx512 lowers the
// choice (a level below the build's own, or an unknown word, changes nothing).
//
// Results are the same to the bit for every level with fused multiply-add, from any compiler that optimises (-O2 and
// above, with its own choice of -ffp-contract); without it (SSE2) the last bits differ.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/detail/array_view.hpp>
#include <nib/core/detail/atomic.hpp>

#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace nib::inline NIB_ABI {

// In ascending order. `baseline` is what the build's own flags assume: SSE2 on x86-64 without any.
enum class Isa : unsigned char { baseline, avx2, avx512 };

namespace kernels {

// What a level means for a kernel: whether multiply-adds are fused, its vectors, and how large tiles of a matrix are:
// two vectors wide, and as many rows as groups times rows_per_group; or one vector wide, with narrow_groups. (AVX-512
// has tiles of four vectors too: microkernel.hpp.)
struct Baseline {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    static constexpr bool has_fma = true;
#else
    static constexpr bool has_fma = false;
#endif
    static constexpr std::size_t vector_bytes = 16;
    static constexpr std::size_t rows_per_group = 3;
    static constexpr std::size_t groups = 2, narrow_groups = 2;
};
struct Avx2 {
    static constexpr bool has_fma = true;
    static constexpr std::size_t vector_bytes = 32;
    static constexpr std::size_t rows_per_group = 3;
    static constexpr std::size_t groups = 2, narrow_groups = 2;
};
struct Avx512 {
    static constexpr bool has_fma = true;
    static constexpr std::size_t vector_bytes = 64;
    static constexpr std::size_t rows_per_group = 4;
    static constexpr std::size_t groups = 2, narrow_groups = 3;  // 3 and two vectors would be long in storing
};
// The same, for rules of optimisers: with quotients from multiply-adds, where has_slow_divider(), and with square roots
// from multiply-adds (vector.hpp).
struct Avx512SlowDivider : Avx512 {};
struct Avx512MultipliedRoots : Avx512 {};

namespace detail {

#if defined(__AVX512F__) && defined(__AVX2__) && defined(__FMA__)
inline constexpr Isa build_isa = Isa::avx512;
#elif defined(__AVX2__) && defined(__FMA__)
inline constexpr Isa build_isa = Isa::avx2;
#else
inline constexpr Isa build_isa = Isa::baseline;
#endif

inline Isa best_isa() {
#if NIB_X86_DISPATCH
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx2 && __builtin_cpu_supports("avx512f")) return Isa::avx512;
    if (avx2) return Isa::avx2;
#endif
    return build_isa;
}

inline Isa chosen_isa() {
    const Isa best = best_isa();
    const char* const text = std::getenv("NIB_CPU");
    const std::string_view word = text == nullptr ? std::string_view{} : text;
    const Isa wanted = word == "sse2" ? Isa::baseline : word == "avx2" ? Isa::avx2 : Isa::avx512;
    return wanted < build_isa ? build_isa : wanted < best ? wanted : best;
}

// Whether square roots and divisions, which share one unit, are so slow that multiply-adds have a quotient sooner
// (vector.hpp, divide): those of 64 bytes on Intel's CPUs, not on AMD's.
inline bool has_slow_divider() {
#if NIB_X86_DISPATCH
    return best_isa() == Isa::avx512 && __builtin_cpu_is("intel");
#else
    return false;
#endif
}

// The chosen level plus one; 0 until the first use. Threads that race here all store the same.
inline constinit Atomic<unsigned char> active{0};
inline constinit Atomic<bool> slow_divider{false};

}  // namespace detail

// The level that kernels run on.
inline Isa active_isa() {
    const unsigned char stored = detail::active.load_relaxed();
    if (stored != 0) return static_cast<Isa>(stored - 1);
    const Isa isa = detail::chosen_isa();
    detail::slow_divider.store_relaxed(detail::has_slow_divider());
    detail::active.store_relaxed(static_cast<unsigned char>(static_cast<unsigned char>(isa) + 1));
    return isa;
}

// All levels that this build can run on this machine, in ascending order.
inline nib::detail::ArrayView<Isa> supported_isas() {
    static constexpr Isa all[] = {Isa::baseline, Isa::avx2, Isa::avx512};
    const auto first = static_cast<std::size_t>(detail::build_isa);
    const auto last = static_cast<std::size_t>(detail::best_isa());
    return {all + first, last - first + 1};
}

// Runs on `isa` within a scope, for tests and benchmarks; `isa` is one of supported_isas(). Not for use while other
// threads run kernels.
class [[nodiscard]] ScopedIsa {
public:
    explicit ScopedIsa(Isa isa) : before_{active_isa()} { set(isa); }
    ScopedIsa(const ScopedIsa&) = delete;
    ScopedIsa& operator=(const ScopedIsa&) = delete;
    ~ScopedIsa() { set(before_); }

private:
    static void set(Isa isa) {
        detail::active.store_relaxed(static_cast<unsigned char>(static_cast<unsigned char>(isa) + 1));
    }
    Isa before_;
};

// Where faster levels are compiled too, the baseline is kept small: it leaves out kernels that only save time.
template <class Level>
inline constexpr bool is_tuned = !NIB_X86_DISPATCH || Level::vector_bytes > Baseline::vector_bytes;
inline bool runs_tuned() { return !NIB_X86_DISPATCH || active_isa() != Isa::baseline; }

#if NIB_X86_DISPATCH
// What run_avx2 and run_avx512 are compiled for, and functions with asm that are to be inlined there: Clang inlines
// none of other targets. (prfchw is no matter of the level: where a machine does not have it, its instruction does
// nothing.)
#define NIB_TARGET_AVX2 [[gnu::target("avx2,fma,prfchw")]]
#define NIB_TARGET_AVX512 [[gnu::target("avx2,fma,avx512f,prfchw")]]
#endif

namespace detail {

// Each runs a local copy of the kernel, whose captures stay in registers: its stores cannot change them.
template <class Kernel>
void run_baseline(const Kernel& kernel) {
    const Kernel local_copy = kernel;
    local_copy(Baseline{});
}
#if NIB_X86_DISPATCH
template <class Kernel>
[[gnu::noinline]] NIB_TARGET_AVX2 void run_avx2(const Kernel& kernel) {
    const Kernel local_copy = kernel;
    local_copy(Avx2{});
}
template <class Kernel>
[[gnu::noinline]] NIB_TARGET_AVX512 void run_avx512(const Kernel& kernel) {
    const Kernel local_copy = kernel;
    local_copy(Avx512{});
}
#endif

}  // namespace detail

// Calls kernel(level) as a function of its own, from code that runs on that level already: for loops that need all
// registers, and large parts that few calls need. `kernel` may capture by reference what outlives no loop of its own.
template <class Level, class Kernel>
void run_apart(const Kernel& kernel) {
#if NIB_X86_DISPATCH
    if constexpr (Level::vector_bytes == Avx512::vector_bytes) return detail::run_avx512(kernel);
    if constexpr (Level::vector_bytes == Avx2::vector_bytes) return detail::run_avx2(kernel);
#endif
    if constexpr (Level::vector_bytes == Baseline::vector_bytes) detail::run_baseline(kernel);
}

// Calls kernel(level) on the active level. `kernel` is a generic lambda that captures by value ([=]: through
// references, every pointer would be read again after every store) and is marked NIB_LAMBDA_ALWAYS_INLINE, as is
// everything that it calls: what is not inlined would be compiled for the baseline, silently.
template <class Kernel>
void dispatch(const Kernel& kernel) {
#if NIB_X86_DISPATCH
    const Isa isa = active_isa();
    if (isa == Isa::avx512) return detail::run_avx512(kernel);
    if constexpr (detail::build_isa < Isa::avx512) {
        if (isa == Isa::avx2) return detail::run_avx2(kernel);
    }
    if constexpr (detail::build_isa < Isa::avx2) detail::run_baseline(kernel);
#else
    detail::run_baseline(kernel);
#endif
}

}  // namespace kernels
}  // namespace nib::inline NIB_ABI
