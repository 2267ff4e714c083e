#include <nib/kernels/isa.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace {

using nib::Isa;
namespace kernels = nib::kernels;

// NIB_CPU within a scope; nullptr: not set.
class ScopedNibCpu {
public:
    explicit ScopedNibCpu(const char* word) {
        if (const char* before = std::getenv("NIB_CPU")) before_ = before;
        set(word);
    }
    ScopedNibCpu(const ScopedNibCpu&) = delete;
    ScopedNibCpu& operator=(const ScopedNibCpu&) = delete;
    ~ScopedNibCpu() { set(before_ ? before_->c_str() : nullptr); }

private:
    static void set(const char* word) {
        if (word != nullptr)
            ::setenv("NIB_CPU", word, 1);
        else
            ::unsetenv("NIB_CPU");
    }
    std::optional<std::string> before_;
};

Isa chosen_with(const char* word) {
    const ScopedNibCpu environment{word};
    return kernels::detail::chosen_isa();
}

Isa best() { return kernels::supported_isas().back(); }

// What a wish for `isa` comes to: not below the build's own level, not above the machine's.
Isa possible(Isa isa) { return std::clamp(isa, kernels::supported_isas().front(), best()); }

}  // namespace

TEST_CASE("the supported levels ascend from the build's own to the machine's best") {
    const auto levels = kernels::supported_isas();
    REQUIRE(!levels.empty());
    CHECK(levels.front() == kernels::detail::build_isa);
    CHECK(levels.back() == kernels::detail::best_isa());
    for (std::size_t i = 1; i < levels.size(); ++i)
        CHECK(static_cast<int>(levels[i]) == static_cast<int>(levels[i - 1]) + 1);
}

TEST_CASE("without NIB_CPU the best level is chosen") { CHECK(chosen_with(nullptr) == best()); }

TEST_CASE("NIB_CPU lowers the level, and never raises it above what the machine has") {
    CHECK(chosen_with("sse2") == possible(Isa::baseline));
    CHECK(chosen_with("avx2") == possible(Isa::avx2));
    CHECK(chosen_with("avx512") == possible(Isa::avx512));
}

TEST_CASE("an unknown word in NIB_CPU changes nothing") {
    for (const char* word : {"", "AVX2", "avx", "avx2 ", "sse4", "baseline", "0"}) {
        CAPTURE(word);
        CHECK(chosen_with(word) == best());
    }
}

TEST_CASE("NIB_CPU is read at the first use and not again") {
    const kernels::ScopedIsa restored{kernels::active_isa()};
    const ScopedNibCpu environment{"sse2"};
    kernels::detail::active.store_relaxed(0);  // as in a program that has just started
    CHECK(kernels::active_isa() == possible(Isa::baseline));
    const ScopedNibCpu changed{"avx512"};
    CHECK(kernels::active_isa() == possible(Isa::baseline));
}

TEST_CASE("ScopedIsa sets the level and restores the one before") {
    const Isa before = kernels::active_isa();
    {
        const kernels::ScopedIsa outer{kernels::supported_isas().front()};
        CHECK(kernels::active_isa() == kernels::supported_isas().front());
        {
            const kernels::ScopedIsa inner{best()};
            CHECK(kernels::active_isa() == best());
        }
        CHECK(kernels::active_isa() == kernels::supported_isas().front());
    }
    CHECK(kernels::active_isa() == before);
}

TEST_CASE("dispatch runs the kernel once, on the active level") {
    std::vector<std::size_t> widths;
    reference::for_each_isa([&](Isa isa) {
        int calls = 0;
        std::size_t width = 0;
        kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            ++calls;
            width = decltype(level)::vector_bytes;
        });
        CHECK(calls == 1);
        CHECK(width == std::size_t{16} << static_cast<unsigned>(isa));
        widths.push_back(width);
    });
    CHECK(widths.size() == kernels::supported_isas().size());
}

TEST_CASE("every level above SSE2 has fused multiply-add") {
    reference::for_each_isa([](Isa isa) {
        if (isa > Isa::baseline) CHECK(reference::fuses());
    });
}

TEST_CASE("a part that runs apart runs on the level of its caller") {
    reference::for_each_isa([](Isa) {
        std::size_t bytes = 0, apart = 0;
        kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            bytes = decltype(level)::vector_bytes;
            kernels::run_apart<decltype(level)>([&](auto same)
                                                    NIB_LAMBDA_ALWAYS_INLINE { apart = decltype(same)::vector_bytes; });
        });
        CHECK(apart == bytes);
        CHECK(bytes > 0);
    });
}
