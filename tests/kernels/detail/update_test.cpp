#include <nib/kernels/detail/update.hpp>

#include "../../reference.hpp"
#include "../../support.hpp"
#include "../listed.hpp"

#include <nib/kernels/matmul.hpp>
#include <nib/optim/adam.hpp>
#include <nib/optim/amsgrad.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace {

namespace kernels = nib::kernels;
using nib::Matrix;
using reference::Guarded;
using reference::same_bits;

// Rules as users write them, and what they do to one number.
struct Descent {
    static constexpr std::size_t state_count = 0;
    double rate = 0.1;

    template <class V>
    void operator()(V& parameter, const V& gradient, V*) const {
        parameter = fma(-rate, gradient, parameter);
    }
    void one(double& p, double g, double*) const { p -= rate * g; }
};

struct Momentum {
    static constexpr std::size_t state_count = 1;
    double rate = 0.1, momentum = 0.75;

    template <class V>
    [[gnu::noinline]] void operator()(V& parameter, const V& gradient, V* state) const {
        state[0] = fma(momentum, state[0], gradient);
        parameter = fma(-rate, state[0], parameter);
    }
    void one(double& p, double g, double* s) const {
        s[0] = momentum * s[0] + g;
        p -= rate * s[0];
    }
};

struct Centered {
    static constexpr std::size_t state_count = 3;
    double rate = 0.01;

    template <class V>
    void operator()(V& parameter, const V& gradient, V* state) const {
        state[0] = fma(0.25, gradient - state[0], state[0]);
        state[1] = fma(0.25, fma(gradient, gradient, -state[1]), state[1]);
        state[2] = larger(state[2], abs(gradient));
        parameter -= rate * gradient / (sqrt(state[1]) + state[2] + abs(state[0]) + 0.5);
    }
    void one(double& p, double g, double* s) const {
        s[0] += 0.25 * (g - s[0]);
        s[1] += 0.25 * (g * g - s[1]);
        s[2] = std::max(s[2], std::abs(g));
        p -= rate * g / (std::sqrt(s[1]) + s[2] + std::abs(s[0]) + 0.5);
    }
};

// The arrays of one step: parameters, states, gradients.
template <class Rule, class T>
struct Arrays {
    std::vector<Guarded<T>> arrays;
    Matrix<T> gradients;

    Arrays(std::size_t count, nib::Rng& rng) : gradients(random(count, rng)) {
        for (std::size_t a = 0; a <= Rule::state_count; ++a) {
            const Matrix<T> values = random(count, rng);
            arrays.emplace_back(1, count);
            for (std::size_t i = 0; i < count; ++i) arrays[a].data()[i] = std::abs(values.values()[i]);
        }
    }
    static Matrix<T> random(std::size_t count, nib::Rng& rng) {
        return reference::random_matrix<T>(1, count, rng, 0.1);
    }

    T* parameters() { return arrays[0].data(); }
    std::vector<T*> states() {
        std::vector<T*> result;
        for (std::size_t s = 1; s < arrays.size(); ++s) result.push_back(arrays[s].data());
        return result;
    }
    void step() { kernels::update<Rule, T>(Rule{}, gradients.size(), parameters(), gradients.data(), states().data()); }
    bool margins_untouched() const {
        return std::all_of(arrays.begin(), arrays.end(), [](const auto& a) { return a.margins_untouched(); });
    }
    friend bool same(const Arrays& a, const Arrays& b) {
        return std::equal(a.arrays.begin(), a.arrays.end(), b.arrays.begin(),
                          [](const auto& x, const auto& y) { return same_bits(x, y); });
    }
};

template <class Rule, class T>
void check_any_count() {
    const double bound = 4 * static_cast<double>(std::numeric_limits<T>::epsilon());
    for (std::size_t count = 0; count <= 70; ++count) {
        CAPTURE(count);
        reference::for_each_isa([&](nib::Isa) {
            nib::Rng rng{count};
            Arrays<Rule, T> arrays(count, rng);
            const Arrays<Rule, T> before = arrays;
            arrays.step();
            for (std::size_t i = 0; i < count; ++i) {
                double numbers[4] = {};
                for (std::size_t a = 0; a < arrays.arrays.size(); ++a)
                    numbers[a] = static_cast<double>(before.arrays[a].values()[i]);
                Rule{}.one(numbers[0], static_cast<double>(before.gradients.values()[i]), numbers + 1);
                for (std::size_t a = 0; a < arrays.arrays.size(); ++a)
                    CHECK(std::abs(static_cast<double>(arrays.arrays[a].values()[i]) - numbers[a]) < bound);
            }
            CHECK(arrays.margins_untouched());
        });
    }
}

// An update by the rows of a sparse product, against the dense product and the rule, number by number.
template <class Rule, class T>
void check_rows(std::size_t batch, std::size_t features, std::size_t outputs, nib::Rng& rng) {
    CAPTURE(batch);
    CAPTURE(features);
    CAPTURE(outputs);
    const Matrix<T> x = reference::random_matrix<T>(batch, features, rng, 0.81);
    const reference::Listed<T> listed{x};
    if (!listed.inputs.is_sparse()) return;
    const Matrix<T> dy = reference::random_matrix<T>(batch, outputs, rng);
    const std::size_t first = features / 4, rows = features - first;
    const Arrays<Rule, T> start(rows * outputs, rng);
    reference::for_each_isa([&](nib::Isa) {
        Arrays<Rule, T> expected = start, arrays = start;
        Matrix<T> dw(features, outputs);
        kernels::matmul_at_b<T>(x.view(), dy, dw);
        const auto some = std::as_const(dw).view().middle_rows(first, rows).values();
        std::copy(some.begin(), some.end(), expected.gradients.data());
        expected.step();

        std::vector<const kernels::Nonzero<T>*> positions(batch);
        kernels::find_column<T>(listed.inputs.sparse(), first, positions.data());
        Guarded<T> buffer(rows, outputs);
        const kernels::SparseProductRows<T> product{
            .a = listed.inputs.sparse(), .b = dy, .first = first, .positions = positions.data(), .c = buffer.view()};
        kernels::update<Rule, T>(Rule{}, product, arrays.parameters(), arrays.states().data());
        CHECK(same(arrays, expected));
        CHECK(arrays.margins_untouched());
        CHECK(buffer.margins_untouched());
    });
}

// More columns than go from registers into the rule, more rows of x and of the gradient than are taken together.
template <class Rule, class T>
void check_rows() {
    nib::Rng rng{9};
    for (const std::size_t batch : reference::Sizes{1, 15, 64, 150}) {
        for (const std::size_t features : reference::Sizes{7, 211})
            for (const std::size_t outputs : reference::Sizes{1, 3, 10, 45, 64, 100, 127, 128, 130})
                check_rows<Rule, T>(batch, features, outputs, rng);
        for (const std::size_t outputs : reference::Sizes{300, 520}) check_rows<Rule, T>(batch, 9, outputs, rng);
    }
    check_rows<Rule, T>(3, 1500, 64, rng);
    check_rows<Rule, T>(70, 700, 64, rng);
}

// Rows of parameters in all states in which they may rest or must not, of which every other one has a gradient, by one
// of the first examples: updates by a sparse product and by an array, three times.
template <class Method, class T>
void check_rest(std::size_t batch, std::size_t outputs) {
    CAPTURE(batch);
    CAPTURE(outputs);
    using Rule = decltype(Method::template rule<T>({}, 1));
    using Limits = std::numeric_limits<T>;
    constexpr std::size_t kinds = 12, features = 4 * kinds + 2;
    nib::Rng rng{3};
    Matrix<T> x(batch, features);
    for (std::size_t j = 0; j < features; ++j)
        if (j / kinds % 2 == 0) x(j % std::min<std::size_t>(batch, 5), j) = static_cast<T>(rng.uniform());
    const reference::Listed<T> listed{x};
    REQUIRE(listed.inputs.is_sparse());
    const Matrix<T> dy = reference::random_matrix<T>(batch, outputs, rng);
    Arrays<Rule, T> start(features * outputs, rng);
    for (std::size_t row = 0; row < features; ++row) {
        T* const parameters = start.parameters() + row * outputs;
        T* const means = start.states()[0] + row * outputs;
        T* const squares = start.states()[1] + row * outputs;
        parameters[0] = T{-0.0};
        std::fill_n(means, outputs, T{0});
        const std::size_t some = outputs / 2;
        switch (row % kinds) {
            case 0:
                break;
            case 1:
                std::fill_n(squares, outputs, T{0});
                break;
            case 2:
                means[outputs - 1] = T(0.01);
                break;
            case 3:
                means[0] = T(0.01);
                break;
            case 4:
                std::fill_n(means, outputs, T{-0.0});
                break;
            case 5:
                means[some] = T{-0.0};
                break;
            case 6:
                means[some] = Limits::denorm_min();
                break;
            case 7:
                squares[some] = Limits::infinity();
                break;
            case 8:
                squares[some] = Limits::quiet_NaN();
                break;
            case 9:
                squares[some] = T(-0.01);
                break;
            case 10:
                parameters[some] = Limits::infinity();
                break;
            default:
                std::fill_n(means, outputs, T(0.01));
                break;
        }
    }
    reference::for_each_isa([&](nib::Isa) {
        Arrays<Rule, T> expected = start, arrays = start;
        Matrix<T> dw(features, outputs);
        kernels::matmul_at_b<T>(x.view(), dy, dw);
        for (std::uint64_t step = 1; step <= 3; ++step) {
            const Rule rule = Method::template rule<T>({}, step);
            kernels::update<Rule, T>(rule, dw.size(), expected.parameters(), dw.data(), expected.states().data());
            std::vector<const kernels::Nonzero<T>*> positions(batch);
            kernels::find_column<T>(listed.inputs.sparse(), 0, positions.data());
            Guarded<T> buffer(features, outputs);
            const kernels::SparseProductRows<T> product{
                .a = listed.inputs.sparse(), .b = dy, .first = 0, .positions = positions.data(), .c = buffer.view()};
            kernels::update<Rule, T>(rule, product, arrays.parameters(), arrays.states().data());
            CHECK(same(arrays, expected));
        }
        CHECK(arrays.margins_untouched());
    });
}

// Moves even parameters that should rest, which shows whether they do.
struct Drift {
    static constexpr std::size_t state_count = 1;
    static constexpr std::size_t resting_state = 0;

    template <class V>
    void operator()(V& parameter, const V& gradient, V* state) const {
        parameter += 1;
        state[0] += gradient;
    }
};

}  // namespace

TEST_CASE_TEMPLATE("update is the rule, number by number, for any count", T, float, double) {
    check_any_count<Descent, T>();
    check_any_count<Momentum, T>();
    check_any_count<Centered, T>();
}

TEST_CASE_TEMPLATE("update gives a number the same bits wherever it stands", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        nib::Rng rng{1};
        Arrays<Centered, T> one(1, rng), many(40, rng);
        one.gradients.values()[0] = T(0.3);
        std::fill(many.gradients.values().begin(), many.gradients.values().end(), T(0.3));
        for (std::size_t a = 0; a < 4; ++a)
            std::fill_n(many.arrays[a].data(), 40, std::as_const(one).arrays[a].values()[0]);
        for (int step = 0; step < 20; ++step) {
            one.step();
            many.step();
            for (std::size_t a = 0; a < 4; ++a)
                for (const T value : std::as_const(many).arrays[a].values()) CHECK(value == one.arrays[a].values()[0]);
        }
    });
}

TEST_CASE_TEMPLATE("update gives the same bits on every level that fuses multiply and add", T, float, double) {
    std::vector<Arrays<Centered, T>> first;
    reference::for_each_isa([&](nib::Isa) {
        if (!reference::fuses()) return;
        nib::Rng rng{2};
        Arrays<Centered, T> arrays(1003, rng);
        for (int step = 0; step < 20; ++step) arrays.step();
        if (first.empty()) first.push_back(arrays);
        CHECK(same(arrays, first[0]));
    });
}

TEST_CASE_TEMPLATE("a row that rests, and one that almost does, has the bits of any other", T, float, double) {
    for (const std::size_t outputs : reference::Sizes{64, 70, 128, 200}) {
        check_rest<nib::AdamMethod, T>(5, outputs);
        check_rest<nib::AmsgradMethod, T>(5, outputs);
    }
    check_rest<nib::AdamMethod, T>(70, 128);  // in two parts
}

TEST_CASE_TEMPLATE("a row without a gradient whose resting state is 0 is not moved", T, float, double) {
    constexpr std::size_t features = 6, outputs = 128;
    Matrix<T> x(1, features);
    x(0, 1) = x(0, 4) = T{1};
    const reference::Listed<T> listed{x};
    const Matrix<T> dy(1, outputs);
    reference::for_each_isa([&](nib::Isa) {
        if (!kernels::runs_tuned()) return;
        Matrix<T> parameters(features, outputs), states(features, outputs), buffer(features, outputs);
        states(2, outputs - 1) = states(3, 0) = T{1};
        const kernels::Nonzero<T>* positions[1];
        kernels::find_column<T>(listed.inputs.sparse(), 0, positions);
        T* const state = states.data();
        kernels::update<Drift, T>({}, {listed.inputs.sparse(), dy, 0, positions, buffer.view()}, parameters.data(),
                                  &state);
        const T moved[features] = {0, 1, 1, 1, 1, 0};
        // Blocks of columns rest apart from each other.
        for (std::size_t row = 0; row < features; ++row) {
            CHECK(parameters(row, row == 3 ? 0 : outputs - 1) == moved[row]);
            CHECK(states(row, 1) == 0);
        }
    });
}

TEST_CASE_TEMPLATE("update with a gradient that is yet to be multiplied out gives the same bits", T, float, double) {
    check_rows<Descent, T>();
    check_rows<Momentum, T>();
    check_rows<Centered, T>();
}
