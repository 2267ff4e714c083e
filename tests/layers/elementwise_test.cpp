#include <nib/layers/elementwise.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>

#include <cmath>
#include <cstddef>

namespace {

struct Softsign : nib::Elementwise<Softsign> {  // y = x / (1 + |x|)
    template <class V>
    static V value(const V& x) {
        return x / (1 + abs(x));
    }
    template <class V>
    static V derivative(const V& x) {
        return 1 / ((1 + abs(x)) * (1 + abs(x)));
    }
};

struct Sigmoid : nib::Elementwise<Sigmoid> {
    template <class V>
    static V value(const V& x) {
        return sigmoid(x);
    }
    template <class V>
    static V derivative_from_output(const V& y) {
        return y * (1 - y);
    }
};

}  // namespace

TEST_CASE("a rule by its input, or by its output and then in place, is a layer") {
    static_assert(nib::Layer<Softsign> && nib::Layer<Sigmoid, double>);
    static_assert(Softsign::backward_reads_input && !Softsign::backward_reads_output && !Softsign::runs_in_place);
    static_assert(!Sigmoid::backward_reads_input && Sigmoid::backward_reads_output && Sigmoid::runs_in_place);
}

TEST_CASE_TEMPLATE("a rule's values are those of its formula", T, float, double) {
    nib::Rng rng{1};
    const nib::Matrix<T> x = reference::random_matrix<T>(3, 21, rng);
    nib::Matrix<T> y(3, 21), s(3, 21);
    reference::for_each_isa([&](nib::Isa) {
        Softsign::forward<T>({}, x.view(), y.view());
        Sigmoid::forward<T>({}, x.view(), s.view());
        for (std::size_t i = 0; i < x.size(); ++i) {
            const auto value = static_cast<double>(x.values()[i]);
            CHECK(static_cast<double>(s.values()[i]) == doctest::Approx(1 / (1 + std::exp(-value))).epsilon(1e-6));
            CHECK(static_cast<double>(y.values()[i]) == doctest::Approx(value / (1 + std::abs(value))).epsilon(1e-6));
        }
    });
}

TEST_CASE("central differences confirm the gradients of rules, alone and in a network") {
    nib::Rng rng{2};
    const auto x = reference::random_matrix<double>(6, 21, rng);
    CHECK(reference::gradient_errors<Softsign>(x, 21, rng).by_inputs < 1e-7);
    CHECK(reference::gradient_errors<Sigmoid>(x, 21, rng).by_inputs < 1e-7);
    nib::BasicSequential<double, nib::Dense<21, 6>, Softsign, Sigmoid, nib::Dense<6, 5>, Sigmoid, Sigmoid> net{rng};
    CHECK(reference::network_gradient_error(net, x, rng) < 1e-7);
}
