#include <nib/layers/layer.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/layers/dense.hpp>
#include <nib/loss/mse.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/adam.hpp>
#include <nib/train/gradient_check.hpp>
#include <nib/train/gradients.hpp>

#include <cstddef>
#include <fstream>
#include <span>
#include <string>

namespace {

using nib::Layer;
using nib::LayerShape;
using nib::MatrixView;
using nib::Pass;

// The example of the header, letter for letter.
struct Scale {  // y = a x, with an a for each feature
    static constexpr std::size_t parameter_count(nib::LayerShape shape) { return shape.in; }

    template <class T>
    static void initialize(std::span<T> a, nib::LayerShape, nib::Rng&) {
        for (T& factor : a) factor = 1;
    }
    template <class T>
    static void forward(const nib::Pass<T>& pass, nib::MatrixView<const T> x, nib::MatrixView<T> y) {
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < x.cols(); ++j) y(i, j) = pass.parameters[j] * x(i, j);
    }
    template <class T>
    static void backward_input(const nib::Pass<T>& pass, nib::MatrixView<const T>, nib::MatrixView<const T>,
                               nib::MatrixView<const T> dy, nib::MatrixView<T> dx) {
        for (std::size_t i = 0; i < dx.rows(); ++i)
            for (std::size_t j = 0; j < dx.cols(); ++j) dx(i, j) = pass.parameters[j] * dy(i, j);
    }
    template <class T>
    static void parameter_gradient(const nib::Pass<T>&, nib::MatrixView<const T> x, nib::MatrixView<const T> dy,
                                   nib::ParameterGradient<T>& gradient) {
        for (T& value : gradient.values) value = 0;
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < x.cols(); ++j) gradient.values[j] += x(i, j) * dy(i, j);
    }
};

// With a gradient that is wrong by a thousandth in one place.
struct WrongScale : Scale {
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> y,
                               MatrixView<const T> dy, MatrixView<T> dx) {
        Scale::backward_input(pass, x, y, dy, dx);
        dx(0, 0) *= T(1.001);
    }
};

struct WithoutBackward {
    template <class T>
    static void forward(const Pass<T>&, MatrixView<const T>, MatrixView<T>);
};
struct WithoutForward {
    template <class T>
    static void backward_input(const Pass<T>&, MatrixView<const T>, MatrixView<const T>, MatrixView<const T>,
                               MatrixView<T>);
};
struct Plain : WithoutForward, WithoutBackward {};
struct ForwardIsNotStatic : WithoutForward {
    template <class T>
    void forward(const Pass<T>&, MatrixView<const T>, MatrixView<T>);
};
struct BackwardTakesTooFew : WithoutBackward {
    template <class T>
    static void backward_input(const Pass<T>&, MatrixView<const T>, MatrixView<const T>, MatrixView<T>);
};
struct ParametersAlone : Plain {
    static constexpr int parameter_count = 3;
};
struct InputSizeAlone {
    static constexpr std::size_t input_size = 3;
};
struct Traits : Plain {
    static constexpr int kept_per_row = 4;  // of any integral type
    static constexpr int scratch_per_row(LayerShape shape) { return static_cast<int>(shape.in + shape.out); }
    static constexpr int operations_per_row = 7;
    static constexpr nib::Sharing sharing = nib::Sharing::none;
    static constexpr bool runs_in_place = true;
};

// The struct Scale of a source file, or of a comment in it, without its blanks; empty where there is none.
std::string scale_in(const std::string& path) {
    std::ifstream file(support::fixture("../../" + path));
    std::string text;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("//")) line.erase(0, line.starts_with("//   ") ? 5 : 2);
        if (text.empty() && !line.starts_with("struct Scale {")) continue;
        for (const char c : line)
            if (c != ' ') text += c;
        if (line == "};") return text;
    }
    return {};
}

}  // namespace

TEST_CASE("nib's layers and a user's own satisfy Layer") {
    static_assert(Layer<nib::Dense<3, 2>>);
    static_assert(Layer<nib::DenseOfAnySize, double>);
    static_assert(Layer<Plain>);
    static_assert(Layer<Scale>);
}

TEST_CASE("what lacks a part, or has it in another shape, is no Layer") {
    static_assert(!Layer<int>);
    static_assert(!Layer<WithoutForward>);
    static_assert(!Layer<WithoutBackward>);
    static_assert(!Layer<ForwardIsNotStatic>);
    static_assert(!Layer<BackwardTakesTooFew>);
    static_assert(!Layer<ParametersAlone>);
}

TEST_CASE("a layer is sized when it states both its sizes") {
    static_assert(nib::SizedLayer<nib::Dense<3, 2>>);
    static_assert(!nib::SizedLayer<Scale>);
    static_assert(!nib::SizedLayer<InputSizeAlone>);
}

TEST_CASE("traits are constants of any type or functions of the shape, and have defaults") {
    namespace detail = nib::detail;
    constexpr LayerShape shape{3, 5};
    static_assert(detail::kept_per_row_of<Traits>(shape) == 4);
    static_assert(detail::scratch_per_row_of<Traits>(shape) == 8);
    static_assert(detail::operations_per_row_of<Traits>(shape) == 7);
    static_assert(detail::sharing_of<Traits>() == nib::Sharing::none);
    static_assert(detail::runs_in_place_of<Traits>());
    static_assert(detail::parameter_count_of<Scale>(shape) == 3);
    static_assert(detail::operations_per_row_of<Scale>(shape) == 6);
    static_assert(detail::parameter_count_of<Plain>(shape) == 0 && detail::buffer_count_of<Plain>(shape) == 0);
    static_assert(detail::sharing_of<Plain>() == nib::Sharing::rows);
    static_assert(detail::backward_reads_input_of<Plain>() && detail::backward_reads_output_of<Plain>());
    static_assert(!detail::runs_in_place_of<Plain>() && !detail::accepts_sparse_of<Plain>());
}

TEST_CASE("a tensor has as many numbers as the product of its shape") {
    CHECK(nib::LayerTensor{.name = "weight", .shape = {64, 784}}.size() == 50'176);
    CHECK(nib::LayerTensor{.name = "bias", .shape = {64}}.size() == 64);
    CHECK(nib::LayerTensor{.name = "scalar", .shape = {}}.size() == 1);
    CHECK(nib::LayerTensor{.name = "empty", .shape = {5, 0}}.size() == 0);
}

TEST_CASE("central differences confirm the gradients of a user's layer, and notice a wrong one") {
    nib::Rng rng{1};
    const auto errors = reference::gradient_errors<Scale>(reference::random_matrix<double>(4, 5, rng), 5, rng);
    CHECK(errors.by_inputs < 1e-7);
    CHECK(errors.by_parameters < 1e-7);
    CHECK(reference::gradient_errors<WrongScale>(reference::random_matrix<double>(4, 6, rng), 6, rng).by_inputs > 1e-6);
}

TEST_CASE("the example of the header is the layer that is tested here, and learns") {
    const std::string example = scale_in("include/nib/layers/layer.hpp");
    CHECK(example.size() > 500);
    CHECK(example == scale_in("tests/layers/layer_test.cpp"));

    nib::Rng rng{3};
    nib::BasicSequential<double, nib::Dense<2, 3>, Scale, nib::Dense<3, 1>> net{rng};
    const auto x = reference::random_matrix<double>(20, 2, rng);
    nib::Matrix<double> targets(20, 1);
    for (std::size_t i = 0; i < 20; ++i) targets(i, 0) = 3 * x(i, 0) - 2 * x(i, 1);
    const nib::Batch<double, double> batch{x, targets};
    CHECK(nib::check_gradients(net, batch, nib::MseLoss{}).largest_error < 1e-7);

    nib::Gradients gradients{net, nib::MseLoss{}};
    nib::Adam adam{net, {.learning_rate = 0.05}};
    for (int i = 0; i < 500; ++i) adam.step(net, gradients(net, batch));
    CHECK(gradients.loss() < 1e-6);
    CHECK(net.parameters()[2 * 3 + 3] != 1);  // the first factor
}
