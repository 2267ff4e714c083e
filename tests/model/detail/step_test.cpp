#include <nib/model/detail/step.hpp>

#include "../../support.hpp"

#include <nib/layers/dense.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/leaky_relu.hpp>
#include <nib/layers/relu.hpp>
#include <nib/layers/residual.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace {

using nib::Step;

// What the engine is told of activations: in place, by their outputs; or by their inputs.
struct FromOutput {
    static constexpr bool backward_reads_input = false;
    static constexpr bool runs_in_place = true;
    template <class T>
    static void forward(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<T>) {}
    template <class T>
    static void backward_input(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                               nib::MatrixView<const T>, nib::MatrixView<T>) {}
};
struct FromInput : FromOutput {
    static constexpr bool backward_reads_input = true;
    static constexpr bool backward_reads_output = false;
    static constexpr bool runs_in_place = false;
};

template <class... Layers>
std::array<Step<float>, sizeof...(Layers)> steps_of() {
    return {nib::detail::step_of<float, Layers>({4, 4})...};
}

template <class Steps>
std::vector<std::size_t> outputs(const Steps& steps) {
    std::vector<std::size_t> slots;
    for (const auto& step : steps) slots.push_back(step.output);
    return slots;
}
template <class Steps>
std::vector<std::size_t> gradients(const Steps& steps) {
    std::vector<std::size_t> slots;
    for (const auto& step : steps) slots.push_back(step.output_gradient);
    return slots;
}

// Writes whole rows, whatever pass.columns says.
struct TwiceDense : nib::Dense<4, 4> {
    template <class T>
    static void forward(const nib::Pass<T>& pass, const nib::kernels::InputView<T>& x, nib::MatrixView<T> y) {
        nib::Dense<4, 4>::forward(pass, x, y);
        for (T& value : y.values()) value *= 2;
    }
};

struct OwnReLU : nib::ReLU {};
struct OwnElements {
    static constexpr nib::Sharing sharing = nib::Sharing::elements;
    static void forward(const nib::Pass<float>&, nib::MatrixView<const float>, nib::MatrixView<float>) {}
    static void backward_input(const nib::Pass<float>&, nib::MatrixView<const float>, nib::MatrixView<const float>,
                               nib::MatrixView<const float>, nib::MatrixView<float>) {}
};

using Places = std::vector<std::size_t>;
using Dense = nib::Dense<4, 4>;

}  // namespace

TEST_CASE("equal types have equal numbers, others have others") {
    static_assert(nib::layer_id<Dense> == nib::detail::step_of<float, nib::Dense<4, 4>>({}).layer);
    static_assert(nib::layer_id<Dense> != nib::layer_id<nib::Dense<4, 5>>);
    static_assert(nib::layer_id<FromInput> != nib::layer_id<FromOutput>);
}

TEST_CASE("threads may share the outputs of dense layers and activations, but not those of what derives from them") {
    static_assert(nib::detail::step_of<float, Dense>({}).sharing == nib::Sharing::outputs);
    static_assert(nib::detail::step_of<float, nib::DenseOfAnySize>({}).sharing == nib::Sharing::outputs);
    static_assert(nib::detail::step_of<float, TwiceDense>({}).sharing == nib::Sharing::rows);
    static_assert(nib::detail::step_of<float, nib::ReLU>({}).sharing == nib::Sharing::elements);
    static_assert(nib::detail::step_of<float, nib::LeakyReLU<>>({}).sharing == nib::Sharing::elements);
    static_assert(nib::detail::step_of<float, OwnElements>({}).sharing == nib::Sharing::elements);
    static_assert(nib::detail::step_of<float, OwnReLU>({}).sharing == nib::Sharing::rows);
}

TEST_CASE("parameters, buffers and gradients are needed behind the first layer that has parameters") {
    auto steps = steps_of<FromOutput, Dense, FromOutput, Dense>();
    nib::detail::place_steps<float>(steps);
    CHECK(steps[1].parameter_offset == 0);
    CHECK(steps[2].parameter_offset == 20);
    CHECK(steps[3].parameter_offset == 20);
    CHECK(!steps[0].input_gradient);
    CHECK(!steps[1].input_gradient);
    CHECK(steps[2].input_gradient);
    CHECK(steps[3].input_gradient);
}

TEST_CASE("layers that can run in place do, unless something else reads what they would overwrite") {
    auto plain = steps_of<Dense, FromOutput, Dense, FromInput, Dense>();
    nib::detail::place_steps<float>(plain);
    CHECK(outputs(plain) == Places{0, 0, 2, 3, 4});
    CHECK(gradients(plain) == Places{1, 1, 2, 3, 4});
    // The first activation's backward pass reads its own outputs.
    auto two = steps_of<Dense, FromOutput, FromOutput, nib::Dropout<0.5>, nib::Dropout<0.5>>();
    nib::detail::place_steps<float>(two);
    CHECK(outputs(two) == Places{0, 0, 2, 3, 3});
    CHECK(gradients(two) == Places{4, 4, 4, 4, 4});
}

TEST_CASE("what a residual connection takes stays until it is added") {
    auto steps = steps_of<Dense, Dense, FromOutput, nib::ResidualSum, Dense>();
    steps[3].skip = 1;
    nib::detail::place_steps<float>(steps);
    CHECK(outputs(steps) == Places{0, 1, 1, 3, 4});
    CHECK(gradients(steps) == Places{0, 1, 3, 3, 4});
    auto at_once = steps_of<Dense, FromOutput, nib::ResidualSum>();  // a block of an activation alone
    at_once[2].skip = 1;
    nib::detail::place_steps<float>(at_once);
    CHECK(outputs(at_once) == Places{0, 1, 2});
}

TEST_CASE("one row at a time takes as few slots as there must be") {
    auto steps = steps_of<Dense, FromOutput, Dense, FromOutput, Dense>();
    CHECK(nib::detail::place_rows<float>(steps) == 2);
    CHECK(outputs(steps) == Places{0, 0, 1, 1, 0});
    auto block = steps_of<Dense, Dense, Dense, nib::ResidualSum, Dense>();
    block[3].skip = 1;
    CHECK(nib::detail::place_rows<float>(block) == 3);
    CHECK(outputs(block) == Places{0, 1, 2, 2, 0});
}
