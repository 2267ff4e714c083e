#include <nib/kernels/adam.hpp>

#include "../reference.hpp"
#include "../support.hpp"
#include "listed.hpp"

#include <nib/kernels/matmul.hpp>
#include <nib/kernels/sparse.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace {

namespace kernels = nib::kernels;
using nib::Matrix;
using reference::Guarded;
using reference::same_bits;

template <class T>
constexpr kernels::AdamScalars<T> scalars{
    .one_minus_beta1 = T(0.1), .one_minus_beta2 = T(0.001), .step_size = T(0.01), .epsilon = T(1e-8)};

// The arrays of one step: parameters, gradients, means, squares.
template <class T>
struct State {
    Guarded<T> parameters, means, squares;
    Matrix<T> gradients;

    State(std::size_t count, nib::Rng& rng)
        : parameters(1, count), means(1, count), squares(1, count), gradients(random(count, rng)) {
        for (Guarded<T>* array : {&parameters, &means, &squares}) {
            const Matrix<T> values = random(count, rng);
            std::copy(values.values().begin(), values.values().end(), array->data());
        }
        for (T& square : squares.view().values()) square = std::abs(square);
    }
    static Matrix<T> random(std::size_t count, nib::Rng& rng) {
        return reference::random_matrix<T>(1, count, rng, 0.1);
    }

    void step() {
        kernels::adam_step<T>(gradients.size(), parameters.data(), gradients.data(), means.data(), squares.data(),
                              scalars<T>);
    }
    bool margins_untouched() const {
        return parameters.margins_untouched() && means.margins_untouched() && squares.margins_untouched();
    }
};

// |a - b| as a part of b, or of 1 where b is smaller.
double difference(double a, double b) { return std::abs(a - b) / std::max(1.0, std::abs(b)); }

}  // namespace

TEST_CASE_TEMPLATE("adam_step is the formula, number by number, for any count", T, float, double) {
    const double bound = 4 * static_cast<double>(std::numeric_limits<T>::epsilon());
    for (std::size_t count = 0; count <= 70; ++count) {
        CAPTURE(count);
        reference::for_each_isa([&](nib::Isa) {
            nib::Rng rng{count};
            State<T> state(count, rng);
            const State<T> before = state;
            state.step();
            for (std::size_t i = 0; i < count; ++i) {
                CAPTURE(i);
                const double g = static_cast<double>(before.gradients.values()[i]);
                const double m = 0.9 * static_cast<double>(before.means.values()[i]) + 0.1 * g;
                const double v = 0.999 * static_cast<double>(before.squares.values()[i]) + 0.001 * g * g;
                const double p = static_cast<double>(before.parameters.values()[i]) - 0.01 * m / (std::sqrt(v) + 1e-8);
                CHECK(difference(static_cast<double>(state.means.values()[i]), m) < bound);
                CHECK(difference(static_cast<double>(state.squares.values()[i]), v) < bound);
                CHECK(difference(static_cast<double>(state.parameters.values()[i]), p) < bound);
            }
            CHECK(state.margins_untouched());
        });
    }
}

TEST_CASE_TEMPLATE("adam_step gives a number the same bits wherever it stands", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        nib::Rng rng{1};
        State<T> one(1, rng), many(40, rng);
        const auto fill = [](Guarded<T>& array, const Guarded<T>& value) {
            std::fill(array.view().values().begin(), array.view().values().end(), value.values()[0]);
        };
        one.gradients.values()[0] = T(0.3);
        std::fill(many.gradients.values().begin(), many.gradients.values().end(), T(0.3));
        fill(many.parameters, one.parameters);
        fill(many.means, one.means);
        fill(many.squares, one.squares);
        for (int step = 0; step < 20; ++step) {
            one.step();
            many.step();
            for (std::size_t i = 0; i < 40; ++i) {
                CHECK(many.parameters.values()[i] == one.parameters.values()[0]);
                CHECK(many.means.values()[i] == one.means.values()[0]);
                CHECK(many.squares.values()[i] == one.squares.values()[0]);
            }
        }
    });
}

TEST_CASE_TEMPLATE("adam_step gives the same bits on every level that fuses multiply and add", T, float, double) {
    std::vector<State<T>> first;
    reference::for_each_isa([&](nib::Isa) {
        if (!reference::fuses()) return;
        nib::Rng rng{2};
        State<T> state(1003, rng);
        for (int step = 0; step < 20; ++step) state.step();
        if (first.empty()) first.push_back(state);
        CHECK(same_bits(state.parameters, first[0].parameters));
        CHECK(same_bits(state.means, first[0].means));
        CHECK(same_bits(state.squares, first[0].squares));
    });
}

// More columns than go from registers into the step, more rows of x and of the gradient than are taken together.
TEST_CASE_TEMPLATE("adam_step with a gradient that is yet to be multiplied out gives the same bits", T, float, double) {
    nib::Rng rng{9};
    for (const std::size_t batch : reference::Sizes{1, 15, 64, 150})
        for (const std::size_t features : reference::Sizes{7, 96, 211})
            for (const std::size_t outputs : reference::Sizes{1, 3, 10, 45, 64, 100, 127, 128, 130}) {
                CAPTURE(batch);
                CAPTURE(features);
                CAPTURE(outputs);
                const Matrix<T> x = reference::random_matrix<T>(batch, features, rng, 0.81);
                const reference::Listed<T> listed{x};
                if (!listed.inputs.is_sparse()) continue;
                const Matrix<T> dy = reference::random_matrix<T>(batch, outputs, rng);
                const std::size_t first = features / 4, rows = features - first;
                const State<T> start(rows * outputs, rng);
                reference::for_each_isa([&](nib::Isa) {
                    State<T> expected = start, state = start;
                    Matrix<T> dw(features, outputs);
                    kernels::matmul_weight_gradient<T>(x.view(), dy, dw);
                    const auto some = std::as_const(dw).view().middle_rows(first, rows).values();
                    std::copy(some.begin(), some.end(), expected.gradients.data());
                    expected.step();

                    std::vector<const kernels::Nonzero<T>*> positions(batch);
                    kernels::find_column<T>(listed.inputs.sparse(), first, positions.data());
                    Guarded<T> room(rows, outputs);
                    kernels::adam_step<T>({.x = listed.inputs.sparse(),
                                           .dy = dy,
                                           .first = first,
                                           .positions = positions.data(),
                                           .dw = room.view()},
                                          state.parameters.data(), state.means.data(), state.squares.data(),
                                          scalars<T>);
                    CHECK(same_bits(state.parameters, expected.parameters));
                    CHECK(same_bits(state.means, expected.means));
                    CHECK(same_bits(state.squares, expected.squares));
                    CHECK(state.margins_untouched());
                    CHECK(room.margins_untouched());
                });
            }
}

TEST_CASE_TEMPLATE("adam_step leaves a parameter that never had a gradient where it is", T, float, double) {
    reference::for_each_isa([](nib::Isa) {
        std::vector<T> parameters(19, T(0.7)), means(19), squares(19);
        const std::vector<T> gradients(19);
        for (int step = 0; step < 3; ++step)
            kernels::adam_step<T>(19, parameters.data(), gradients.data(), means.data(), squares.data(), scalars<T>);
        for (const T parameter : parameters) CHECK(parameter == T(0.7));
    });
}

TEST_CASE_TEMPLATE("adam_step survives gradients whose squares vanish", T, float, double) {
    const T tiny = std::numeric_limits<T>::min();
    reference::for_each_isa([&](nib::Isa) {
        std::vector<T> parameters{1}, means{0}, squares{0};
        kernels::adam_step<T>(1, parameters.data(), &tiny, means.data(), squares.data(), scalars<T>);
        CHECK(static_cast<double>(parameters[0]) == doctest::Approx(1.0));
        CHECK(squares[0] >= 0);
    });
}

TEST_CASE_TEMPLATE("a gradient whose square overflows moves a parameter by no more than a step, and leaves no NaN", T,
                   float, double) {
    reference::for_each_isa([&](nib::Isa) {
        const T huge = std::sqrt(std::numeric_limits<T>::max()) * 4;
        T parameter = 1, mean = 0, square = 0;
        kernels::adam_step<T>(1, &parameter, &huge, &mean, &square, scalars<T>);
        CHECK(std::isinf(square));
        CHECK(std::abs(static_cast<double>(parameter) - 1) <= 0.01);
    });
}

TEST_CASE_TEMPLATE("moments without gradients never become subnormal, and small ones lose nothing that counts", T,
                   float, double) {
    constexpr T smallest = std::numeric_limits<T>::min();
    reference::for_each_isa([&](nib::Isa) {
        constexpr std::size_t count = 19;
        std::vector<T> parameters(count, T(0.5)), means(count), squares(count);
        const std::vector<T> gradients(count);
        for (std::size_t i = 0; i < count; ++i) {
            means[i] = (i % 2 == 0 ? T{1} : T{-1}) * std::ldexp(T{1}, -static_cast<int>(4 * i));
            squares[i] = std::ldexp(T{1}, -static_cast<int>(8 * i));
        }
        means[1] = std::numeric_limits<T>::denorm_min();
        squares[2] = std::numeric_limits<T>::denorm_min();
        double expected = static_cast<double>(means[0]);
        for (int step = 0; step < 9000; ++step) {
            kernels::adam_step<T>(count, parameters.data(), gradients.data(), means.data(), squares.data(), scalars<T>);
            expected -= 0.1 * expected;
            if (step == 99) CHECK(static_cast<double>(means[0]) == doctest::Approx(expected).epsilon(1e-4));
            for (const T* const moments : {means.data(), squares.data()})
                for (std::size_t i = 0; i < count; ++i) REQUIRE((moments[i] == 0 || std::abs(moments[i]) >= smallest));
            // Nor is the product of a mean with a small learning rate.
            for (const T mean : means) REQUIRE((mean == 0 || std::abs(mean) * T(1e-7) >= smallest));
        }
    });
}
