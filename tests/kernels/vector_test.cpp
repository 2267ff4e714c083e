#include <nib/kernels/vector.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

namespace {

namespace kernels = nib::kernels;

// y = square_root(x), vector by vector; a short last vector is filled up with zeros.
template <class T>
void square_roots(std::span<const T> x, std::span<T> y) {
    kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using V = kernels::Vector<decltype(level), T>;
        constexpr std::size_t width = kernels::lanes<decltype(level), T>;
        for (std::size_t i = 0; i < x.size(); i += width) {
            V value, root;
            if (i + width <= x.size())
                kernels::load(value, x.data() + i);
            else
                kernels::load_first(value, x.data() + i, x.size() - i);
            kernels::square_root<decltype(level), T>(root, value);
            if (i + width <= x.size())
                kernels::store(y.data() + i, root);
            else
                kernels::store_first(y.data() + i, root, x.size() - i);
        }
    });
}

template <class T>
T square_root(T x) {
    T y{};
    square_roots<T>({&x, 1}, {&y, 1});
    return y;
}

// About `count` numbers with bit patterns spread evenly from `first` to `last`, both included: as many in each power of
// two.
template <class T>
std::vector<T> spread(T first, T last, std::uint64_t count) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const Bits from = std::bit_cast<Bits>(first), to = std::bit_cast<Bits>(last);
    const auto step = static_cast<Bits>(((to - from) / count - 1) | 1);
    std::vector<T> values{last};
    for (std::uint64_t i = 0; i < count; ++i) values.push_back(std::bit_cast<T>(static_cast<Bits>(from + i * step)));
    return values;
}

// The distance of y from the true root, in units of the true root's last place.
template <class T>
double error_in_ulp(T x, T y) {
    const long double root = std::sqrt(static_cast<long double>(x));
    const T near = static_cast<T>(root);
    const T ulp = std::nextafter(near, std::numeric_limits<T>::infinity()) - near;
    return static_cast<double>(std::abs(static_cast<long double>(y) - root) / static_cast<long double>(ulp));
}

}  // namespace

TEST_CASE("some columns of a product are whole blocks, and what is left belongs to the last one") {
    constexpr std::size_t block = nib::kernels::column_block<float>;
    using nib::kernels::is_whole_blocks;
    CHECK(is_whole_blocks<float>({0, 2 * block}, 3 * block + 1));
    CHECK(is_whole_blocks<float>({block, 2 * block + 1}, 3 * block + 1));
    CHECK(is_whole_blocks<float>({0, 5}, 5));
    CHECK(is_whole_blocks<float>({block, 0}, 2 * block));
    CHECK(!is_whole_blocks<float>({1, block}, 2 * block));
    CHECK(!is_whole_blocks<float>({0, block + 1}, 2 * block));
    CHECK(!is_whole_blocks<float>({2 * block, 1}, 2 * block + 1));
    CHECK(!is_whole_blocks<float>({block, 2 * block}, 2 * block));
}

TEST_CASE_TEMPLATE("a vector holds as many numbers as its level's width", T, float, double) {
    CHECK(kernels::lanes<kernels::Baseline, T> == 16 / sizeof(T));
    CHECK(kernels::lanes<kernels::Avx2, T> == 32 / sizeof(T));
    CHECK(kernels::lanes<kernels::Avx512, T> == 64 / sizeof(T));
    static_assert(sizeof(kernels::Vector<kernels::Avx512, T>) == 64);
}

TEST_CASE_TEMPLATE("load and store move a whole vector from and to any place", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            using V = kernels::Vector<decltype(level), T>;
            constexpr std::size_t width = kernels::lanes<decltype(level), T>;
            T from[width + 1], to[width + 2];
            for (std::size_t i = 0; i < width + 1; ++i) from[i] = static_cast<T>(i + 1);
            std::fill(std::begin(to), std::end(to), T{-1});
            V vector;
            kernels::load(vector, from + 1);
            kernels::store(to + 1, vector);
            CHECK(to[0] == -1);
            for (std::size_t i = 0; i < width; ++i) CHECK(to[i + 1] == from[i + 1]);
            CHECK(to[width + 1] == -1);
        });
    });
}

TEST_CASE_TEMPLATE("load_first fills up with zeros, store_first writes no more than it is told", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            using V = kernels::Vector<decltype(level), T>;
            constexpr std::size_t width = kernels::lanes<decltype(level), T>;
            for (std::size_t count = 0; count < width; ++count) {
                CAPTURE(count);
                const std::vector<T> from(count, T{7});  // nothing behind it may be read
                V vector;
                kernels::load_first(vector, from.data(), count);
                T all[width];
                kernels::store(all, vector);
                for (std::size_t i = 0; i < width; ++i) CHECK(all[i] == (i < count ? T{7} : T{0}));

                T to[width];
                std::fill(std::begin(to), std::end(to), T{-1});
                kernels::store_first(to, vector, count);
                for (std::size_t i = 0; i < width; ++i) CHECK(to[i] == (i < count ? T{7} : T{-1}));
            }
        });
    });
}

TEST_CASE_TEMPLATE("multiply_add rounds once where the level has fused multiply-add, else twice", T, float, double) {
    nib::Rng rng{1};
    const nib::Matrix<T> a = reference::random_matrix<T>(1, 40, rng);
    const nib::Matrix<T> b = reference::random_matrix<T>(1, 40, rng);
    const nib::Matrix<T> c = reference::random_matrix<T>(1, 40, rng);
    reference::for_each_isa([&](nib::Isa) {
        nib::Matrix<T> expected = c, sums = c;
        kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            using Level = decltype(level);
            constexpr std::size_t width = kernels::lanes<Level, T>;
            for (std::size_t k = 0; k < 40; ++k) {
                kernels::Vector<Level, T> sum, x;
                kernels::load(sum, sums.data());
                kernels::load(x, b.data() + k % 20);
                kernels::multiply_add<Level>(sum, a(0, k), x);
                kernels::store(sums.data(), sum);
                for (std::size_t i = 0; i < width; ++i)
                    expected(0, i) =
                        reference::multiply_add(reference::fuses(), a(0, k), b(0, k % 20 + i), expected(0, i));
            }
        });
        CHECK(reference::same_bits(sums, expected));
    });
}

TEST_CASE_TEMPLATE("square_root is within 1 unit in the last place for every normal number", T, float, double) {
    using Limits = std::numeric_limits<T>;
    const std::vector<T> x = spread(Limits::min(), Limits::max(), 300'000);
    std::vector<T> y(x.size());
    reference::for_each_isa([&](nib::Isa) {
        square_roots<T>(x, y);
        double worst = 0;
        T worst_x = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double error = error_in_ulp(x[i], y[i]);
            if (error <= worst) continue;  // a NaN goes on
            worst = error;
            worst_x = x[i];
            if (std::isnan(error)) break;
        }
        CAPTURE(worst_x);
        CHECK(worst < 1.0);
    });
}

TEST_CASE_TEMPLATE("square_root is std::sqrt to the bit, also of 0, subnormal numbers, infinity and NaN", T, float,
                   double) {
    using Limits = std::numeric_limits<T>;
    std::vector<T> x = spread(Limits::denorm_min(), Limits::max(), 10'000);
    x.insert(x.end(), {T{0}, T{-0.0}, Limits::denorm_min(), Limits::max(), Limits::infinity()});
    std::vector<T> y(x.size());
    reference::for_each_isa([&](nib::Isa) {
        square_roots<T>(x, y);
        for (std::size_t i = 0; i < x.size(); ++i) CHECK(y[i] == std::sqrt(x[i]));
        CHECK(std::signbit(square_root(T{-0.0})));
        CHECK(std::isnan(square_root(Limits::quiet_NaN())));
    });
}

TEST_CASE_TEMPLATE("square_root gives the same bits on every level that fuses multiply and add", T, float, double) {
    const std::vector<T> x = spread(T{0}, std::numeric_limits<T>::max(), 10'000);
    std::vector<T> first, y(x.size());
    reference::for_each_isa([&](nib::Isa) {
        if (!reference::fuses()) return;
        square_roots<T>(x, y);
        if (first.empty()) first = y;
        CHECK(reference::same_bits<T>(y, first));
    });
}

TEST_CASE_TEMPLATE("zip takes the lanes of two vectors in turns", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            using V = kernels::Vector<decltype(level), T>;
            constexpr std::size_t width = kernels::lanes<decltype(level), T>;
            T from[2 * width], to[2 * width];
            for (std::size_t i = 0; i < 2 * width; ++i) from[i] = static_cast<T>(i);
            V a, b, low, high;
            kernels::load(a, from);
            kernels::load(b, from + width);
            kernels::zip(a, b, low, high);
            kernels::store(to, low);
            kernels::store(to + width, high);
            for (std::size_t i = 0; i < 2 * width; ++i) CHECK(to[i] == from[i / 2 + i % 2 * width]);
        });
    });
}

TEST_CASE_TEMPLATE("transpose makes columns of rows", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        kernels::dispatch([&](auto level) NIB_LAMBDA_ALWAYS_INLINE {
            using V = kernels::Vector<decltype(level), T>;
            constexpr std::size_t width = kernels::lanes<decltype(level), T>;
            T square[width * width];
            for (std::size_t i = 0; i < width * width; ++i) square[i] = static_cast<T>(i);
            V rows[width];
            for (std::size_t i = 0; i < width; ++i) kernels::load(rows[i], square + i * width);
            kernels::transpose(rows);
            for (std::size_t i = 0; i < width; ++i) kernels::store(square + i * width, rows[i]);
            for (std::size_t i = 0; i < width; ++i)
                for (std::size_t j = 0; j < width; ++j) CHECK(square[i * width + j] == static_cast<T>(j * width + i));
        });
    });
}
