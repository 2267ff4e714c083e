#include <nib/model/gradient.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/core/threads.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace {

using nib::Matrix;

// Two layers' weights with numbers of other parameters before, between and behind them.
template <class T>
struct Example {
    Matrix<T> x1, dy1, x2, dy2;
    std::vector<nib::kernels::SparseRow<T>> lists;
    std::vector<nib::kernels::Nonzero<T>> entries;
    std::vector<T> buffer;
    std::vector<nib::DeferredProduct<T>> products;
    nib::ListPositions<T> positions;
    std::size_t offset1 = 5, offset2;

    Example(std::size_t rows, std::size_t in, std::size_t out, double zeros, nib::Rng& rng)
        : x1{reference::random_matrix<T>(rows, in, rng, zeros)},
          dy1{reference::random_matrix<T>(rows, out, rng)},
          x2{reference::random_matrix<T>(rows, out, rng)},
          dy2{reference::random_matrix<T>(rows, 3, rng)},
          lists(rows),
          entries(nib::kernels::sparse_capacity(rows, in)),
          offset2{offset1 + in * out + 7} {
        buffer.resize(offset2 + out * 3 + 4);
        for (std::size_t i = 0; i < buffer.size(); ++i) buffer[i] = static_cast<T>(i);
        const auto inputs = nib::kernels::find_nonzeros<T>(x1, {lists.data(), entries.data()});
        products = {{.offset = offset2, .x = x2, .dy = dy2}, {.offset = offset1, .x = inputs, .dy = dy1}};
    }

    std::vector<T> expected() const {
        std::vector<T> all(buffer.size());
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<T>(i);
        const bool fused = reference::fuses();
        const auto put = [&](std::size_t offset, const Matrix<T>& x, const Matrix<T>& dy) {
            const Matrix<T> dw = reference::matmul(fused, reference::transposed(x), dy);
            std::copy_n(dw.data(), dw.size(), all.begin() + static_cast<std::ptrdiff_t>(offset));
        };
        put(offset1, x1, dy1);
        put(offset2, x2, dy2);
        return all;
    }
};

// Multiplies products with sparse matrices out itself, and wants none for the parameters from `unwanted` on.
template <class T>
struct Visitor final : nib::GradientVisitor<T> {
    Visitor(std::size_t size, std::size_t left_out) : unwanted{left_out}, taken(size, T{-1}) {}

    bool wants(std::size_t first, std::size_t) const override { return first != unwanted; }
    void take(std::size_t offset, std::span<const T> block) const override {
        std::copy(block.begin(), block.end(), taken.begin() + static_cast<std::ptrdiff_t>(offset));
    }
    void take_product(std::size_t offset, const nib::kernels::SparseProductRows<T>& rows) const override {
        nib::kernels::sparse_matmul_at_b_rows(rows);
        take(offset, rows.c.values());
    }

    std::size_t unwanted;
    mutable std::vector<T> taken;
};

template <class T>
void check(std::size_t rows, std::size_t in, std::size_t out, double zeros, nib::Executor* executor, nib::Rng& rng) {
    CAPTURE(rows);
    CAPTURE(in);
    CAPTURE(out);
    CAPTURE(zeros);
    Example<T> example{rows, in, out, zeros, rng};
    const nib::DeferredGradient<T> gradient{example.buffer, example.products, example.positions, executor};
    const std::vector<T> expected = example.expected();
    REQUIRE(gradient.size() == expected.size());
    for (int round = 0; round < 2; ++round) {
        std::vector<T> blocks(expected.size());
        std::vector<int> visits(expected.size());
        gradient.for_each_block([&](std::size_t offset, std::span<const T> block) {
            for (std::size_t i = 0; i < block.size(); ++i) {
                blocks[offset + i] = block[i];
                ++visits[offset + i];
            }
        });
        CHECK(std::all_of(visits.begin(), visits.end(), [](int count) { return count == 1; }));
        const Visitor<T> visitor{expected.size(), example.offset2};
        gradient.visit(visitor);
        std::vector<T> wanted = expected;
        std::fill_n(wanted.begin() + static_cast<std::ptrdiff_t>(example.offset2), out * 3, T{-1});
        CHECK(reference::same_bits<T>(visitor.taken, wanted));
        CHECK(reference::same_bits<T>(blocks, expected));
        CHECK(reference::same_bits<T>(gradient.multiply_out(), expected));
    }
}

}  // namespace

TEST_CASE_TEMPLATE("blocks cover every parameter once with its gradient, and so does multiply_out()", T, float,
                   double) {
    nib::Rng rng{1};
    reference::for_each_isa([&](nib::Isa) {
        for (const std::size_t in : reference::Sizes{1, 24, 100, 500})
            for (const std::size_t out : reference::Sizes{1, 10, 64, 130})
                for (const double zeros : {0.0, 0.8}) check<T>(6, in, out, zeros, nullptr, rng);
        for (const std::size_t out : reference::Sizes{10, 64, 256}) check<T>(150, 500, out, 0.8, nullptr, rng);
    });
}

TEST_CASE_TEMPLATE("threads share out the rows of products and give the same bits", T, float, double) {
    nib::Rng rng{2};
    nib::ThreadPool two{2}, three{3};
    for (nib::Executor* const executor : {static_cast<nib::Executor*>(&two), static_cast<nib::Executor*>(&three)})
        for (const double zeros : {0.0, 0.8}) {
            check<T>(70, 1301, 128, zeros, executor, rng);  // large enough to be shared out
            check<T>(3, 10, 5, zeros, executor, rng);
        }
}

TEST_CASE("a gradient without products is the array that it was given") {
    std::vector<float> buffer{1, 2, 3};
    nib::ListPositions<float> positions;
    const nib::DeferredGradient<float> gradient{buffer, {}, positions};
    const std::span<const float> values = gradient.multiply_out();
    CHECK(values.data() == buffer.data());
    std::vector<float> seen;
    gradient.for_each_block([&](std::size_t offset, std::span<const float> block) {
        CHECK(offset == 0);
        seen.assign(block.begin(), block.end());
    });
    CHECK(seen == buffer);
}

TEST_CASE("what is in memory without being multiplied out is looked at for numbers that are not finite") {
    nib::Matrix<float> x(1, 2), dy(1, 3);
    std::vector<float> buffer(10);
    const std::vector<nib::DeferredProduct<float>> products{{2, nib::kernels::InputView<float>{x}, dy}};
    nib::ListPositions<float> positions;
    const nib::DeferredGradient<float> gradient{buffer, products, positions};
    CHECK(gradient.rest_is_finite());
    buffer[3] = std::numeric_limits<float>::quiet_NaN();  // where the product is made
    CHECK(gradient.rest_is_finite());
    for (const std::size_t i : {0U, 1U, 8U, 9U}) {
        buffer[i] = std::numeric_limits<float>::infinity();
        CHECK(!gradient.rest_is_finite());
        buffer[i] = 0;
    }
}
