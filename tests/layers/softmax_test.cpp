#include <nib/layers/softmax.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <cmath>
#include <cstddef>

TEST_CASE_TEMPLATE("softmax's rows are exp(x) / sum(exp(x)), in place too, and nothing overflows", T, float, double) {
    static_assert(nib::Layer<nib::Softmax, T> && nib::Softmax::runs_in_place && !nib::Softmax::backward_reads_input);
    nib::Rng rng{1};
    for (const std::size_t cols : reference::Sizes{1, 2, 10, 129}) {
        nib::Matrix<T> x = reference::random_matrix<T>(7, cols, rng), y(7, cols);
        for (T& value : x.values()) value *= 10;
        x(1, 0) = 1e30f;  // exp overflows in double, too
        x(2, 0) = -1e30f;
        reference::for_each_isa([&](nib::Isa) {
            nib::softmax<T>(x, y);
            for (std::size_t i = 0; i < 7; ++i) {
                double largest = -1e300, sum = 0;
                for (const T value : x.row(i)) largest = std::max(largest, static_cast<double>(value));
                for (const T value : x.row(i)) sum += std::exp(static_cast<double>(value) - largest);
                for (std::size_t j = 0; j < cols; ++j)
                    CHECK(static_cast<double>(y(i, j)) ==
                          doctest::Approx(std::exp(static_cast<double>(x(i, j)) - largest) / sum)
                              .epsilon(sizeof(T) == 4 ? 3e-6 : 1e-13));
            }
            nib::Matrix<T> in_place = x;
            nib::softmax<T>(in_place, in_place);
            CHECK(reference::same_bits(in_place, y));
        });
    }
}

TEST_CASE("central differences confirm the gradient of softmax, which may take dy's place") {
    nib::Rng rng{2};
    const auto x = reference::random_matrix<double>(6, 21, rng);
    reference::for_each_isa(
        [&](nib::Isa) { CHECK(reference::gradient_errors<nib::Softmax>(x, 21, rng).by_inputs < 1e-7); });
    nib::Matrix<double> y(6, 21), dx(6, 21), dy = reference::random_matrix<double>(6, 21, rng);
    nib::softmax<double>(x, y);
    nib::softmax_gradient<double>(y, dy, dx);
    nib::softmax_gradient<double>(y, dy, dy);
    CHECK(reference::same_bits(dx, dy));
    CHECK(nib::Softmax::operators()[0].attributes[0].integers[0] == -1);
}
