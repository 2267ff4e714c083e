#include <nib/kernels/detail/nonzeros.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"
#include "../listed.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace {

namespace kernels = nib::kernels;
using nib::Matrix;
using reference::Listed;

}  // namespace

TEST_CASE_TEMPLATE("find_nonzeros lists every value that is not zero with its column, row by row", T, float, double) {
    nib::Rng rng{1};
    for (const std::size_t cols : reference::Sizes{1, 7, 8, 15, 16, 17, 33, 64, 100}) {
        CAPTURE(cols);
        Matrix<T> x = reference::random_matrix<T>(12, cols, rng, 0.8);
        for (T& value : x.row(0)) value = 0;
        reference::for_each_isa([&](nib::Isa) {
            const Listed<T> listed{x};
            REQUIRE(listed.inputs.is_sparse());
            CHECK(listed.inputs.sparse().rows == 12);
            CHECK(listed.inputs.sparse().cols == cols);
            std::size_t n = 0;
            for (std::size_t i = 0; i < x.rows(); ++i) {
                CHECK(listed.lists[i].data() == listed.entries.data() + n);
                const std::size_t before = n;
                for (std::size_t j = 0; j < cols; ++j) {
                    if (x(i, j) == 0) continue;
                    CHECK(listed.entries[n].column == j);
                    CHECK(listed.entries[n].value == x(i, j));
                    ++n;
                }
                CHECK(listed.lists[i].size() == n - before);
            }
        });
    }
}

TEST_CASE_TEMPLATE("find_nonzeros lists NaN, infinity and subnormal numbers, and takes -0 for a zero", T, float,
                   double) {
    using Limits = std::numeric_limits<T>;
    Matrix<T> x(1, 40);
    x(0, 3) = Limits::quiet_NaN();
    x(0, 5) = T{-0.0};
    x(0, 20) = Limits::denorm_min();
    x(0, 39) = -Limits::infinity();
    reference::for_each_isa([&](nib::Isa) {
        const Listed<T> listed{x};
        REQUIRE(listed.inputs.is_sparse());
        REQUIRE(listed.lists[0].size() == 3);
        CHECK(listed.entries[0].column == 3);
        CHECK(listed.entries[1].column == 20);
        CHECK(listed.entries[2].column == 39);
        CHECK(std::isnan(listed.entries[0].value));
        CHECK(listed.entries[1].value == Limits::denorm_min());
        CHECK(listed.entries[2].value == -Limits::infinity());
    });
}

TEST_CASE_TEMPLATE("find_nonzeros gives up where more than half of the values are no zeros", T, float, double) {
    nib::Rng rng{2};
    const Matrix<T> dense = reference::random_matrix<T>(5, 37, rng);
    CHECK(!Listed<T>{dense}.inputs.is_sparse());

    Matrix<T> half(2, 10);
    for (std::size_t j = 0; j < 5; ++j) half(0, j) = half(1, j) = 1;
    CHECK(Listed<T>{half}.inputs.is_sparse());
    half(1, 7) = 1;
    CHECK(!Listed<T>{half}.inputs.is_sparse());

    Matrix<T> dense_at_the_end(4, 16);
    for (std::size_t i = 2; i < 4; ++i)
        for (T& value : dense_at_the_end.row(i)) value = 1;
    CHECK(Listed<T>{dense_at_the_end}.inputs.is_sparse());
}

TEST_CASE_TEMPLATE("looks_dense tells rows that are mostly zeros from others, whatever the length", T, float, double) {
    nib::Rng rng{3};
    for (const std::size_t size : reference::Sizes{1, 7, 8, 9, 15, 16, 17, 40, 784}) {
        CAPTURE(size);
        Matrix<T> x(1, size);
        reference::for_each_isa([&](nib::Isa) {
            for (T& value : x.values()) value = T{-0.0};
            CHECK(!kernels::looks_dense<T>(x.values()));
            for (T& value : x.values()) value = static_cast<T>(rng.uniform(-1, 1));
            CHECK(kernels::looks_dense<T>(x.values()));
        });
    }
    CHECK(!kernels::looks_dense<T>({}));
}

TEST_CASE_TEMPLATE("looks_dense looks at the same numbers on every level", T, float, double) {
    constexpr std::size_t line = 64 / sizeof(T);
    Matrix<T> x(1, 784);
    for (std::size_t j = 0; j < x.cols(); ++j) x(0, j) = j % (8 * line) < line ? T{1} : T{0};
    reference::for_each_isa([&](nib::Isa) { CHECK(kernels::looks_dense<T>(x.values())); });
    for (std::size_t j = 0; j < x.cols(); ++j) x(0, j) = 1 - x(0, j);
    reference::for_each_isa([&](nib::Isa) { CHECK(!kernels::looks_dense<T>(x.values())); });
}

TEST_CASE_TEMPLATE("a row that is dense where looks_dense does not look is given up all the same", T, float, double) {
    Matrix<T> x(1, 784);
    for (std::size_t j = 0; j < x.cols(); ++j) x(0, j) = j % 128 < 16 ? T{0} : T{1};
    reference::for_each_isa([&](nib::Isa) { CHECK(!Listed<T>{x}.inputs.is_sparse()); });
}

namespace {

template <class T>
void check_listed_bytes(const std::vector<std::uint8_t>& bytes) {
    CAPTURE(bytes.size());
    reference::for_each_isa([&](nib::Isa) {
        std::vector<kernels::Nonzero<T>> entries(bytes.size());
        const std::size_t count = kernels::append_nonzeros(std::span<const std::uint8_t>{bytes}, entries.data());
        std::size_t n = 0;
        for (std::size_t j = 0; j < bytes.size(); ++j) {
            if (bytes[j] == 0) continue;
            REQUIRE(n < count);
            CHECK(entries[n].column == j);
            CHECK(entries[n].value == static_cast<T>(bytes[j]) / T{255});
            ++n;
        }
        CHECK(n == count);
    });
}

}  // namespace

TEST_CASE_TEMPLATE("bytes are listed as the numbers that they stand for", T, float, double) {
    for (const std::size_t size : reference::Sizes{1, 7, 8, 9, 784, 1500, 2060}) {
        for (const double zeros : {0.0, 0.7, 0.98}) {
            nib::Rng rng{size};
            std::vector<std::uint8_t> bytes(size);
            for (std::uint8_t& byte : bytes)
                byte = rng.uniform() < zeros ? std::uint8_t{0} : static_cast<std::uint8_t>(1 + rng.below(255));
            check_listed_bytes<T>(bytes);
        }
    }
}

TEST_CASE_TEMPLATE("eight bytes are listed whichever of them are zeros", T, float, double) {
    std::vector<std::uint8_t> bytes;
    for (unsigned pattern = 0; pattern < 256; ++pattern)
        for (unsigned i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>((pattern >> i & 1) * (i + 1)));
    check_listed_bytes<T>(bytes);
}

TEST_CASE_TEMPLATE("every byte is listed as byte / 255, correctly rounded", T, float, double) {
    std::vector<std::uint8_t> bytes(256);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    reference::for_each_isa([&](nib::Isa) {
        std::vector<kernels::Nonzero<T>> entries(256);
        REQUIRE(kernels::append_nonzeros(std::span<const std::uint8_t>{bytes}, entries.data()) == 255);
        for (std::size_t n = 0; n < 255; ++n) CHECK(entries[n].value == static_cast<T>(n + 1) / T{255});
    });
}
