// Layers of a user: an activation, PReLU and a convolution, written in this file alone, get all that nib's own get.
#include <nib/all.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace {

using nib::LayerShape;
using nib::MatrixView;
using nib::Pass;

// y = x sigmoid(x).
struct Swish : nib::Elementwise<Swish> {
    template <class V>
    static V value(const V& x) {
        return x * sigmoid(x);
    }
    template <class V>
    static V derivative(const V& x) {
        const V s = sigmoid(x);
        return s + x * s * (1 - s);
    }
    static std::vector<nib::Operator> operators() { return {{"Sigmoid", {"x"}, {"s"}}, {"Mul", {"x", "s"}, {"y"}}}; }
};

// y = x where x > 0, else slope * x, with a slope for each feature that is learned (He et al. 2015).
struct PReLU {
    static constexpr std::size_t parameter_count(LayerShape shape) { return shape.in; }
    static constexpr bool backward_reads_output = false;

    template <class T>
    static void initialize(std::span<T> slopes, LayerShape, nib::Rng&) {
        std::fill(slopes.begin(), slopes.end(), T(0.25));
    }
    template <class T>
    static void forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y) {
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < x.cols(); ++j) y(i, j) = x(i, j) > 0 ? x(i, j) : pass.parameters[j] * x(i, j);
    }
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T>, MatrixView<const T> dy,
                               MatrixView<T> dx) {
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < x.cols(); ++j)
                dx(i, j) = x(i, j) > 0 ? dy(i, j) : pass.parameters[j] * dy(i, j);
    }
    template <class T>
    static void parameter_gradient(const Pass<T>&, MatrixView<const T> x, MatrixView<const T> dy,
                                   nib::ParameterGradient<T>& gradient) {
        std::fill(gradient.values.begin(), gradient.values.end(), T{0});
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < x.cols(); ++j)
                if (x(i, j) <= 0) gradient.values[j] += x(i, j) * dy(i, j);
    }
    static std::vector<nib::LayerTensor> tensors(LayerShape shape) { return {{.name = "weight", .shape = {shape.in}}}; }
    static std::vector<nib::Operator> operators() { return {{"PRelu", {"x", "weight"}, {"y"}}}; }
};

// Channels of Side x Side pixels, one behind the other, to filters of 3 x 3 without a margin: as torch.nn.Conv2d. Each
// place's pixels are kept in a row of their own, so that the product of these rows with the weights is all there is.
template <std::size_t Channels, std::size_t Side, std::size_t Filters>
struct Convolution {
    static constexpr std::size_t out_side = Side - 2, places = out_side * out_side, patch = Channels * 9;
    static constexpr std::size_t input_size = Channels * Side * Side, output_size = Filters * places;
    static constexpr std::size_t parameter_count = patch * Filters;  // [patch, filter]
    static constexpr std::size_t kept_per_row = places * patch;
    static constexpr std::size_t scratch_per_row = places * (Filters + patch);
    static constexpr double operations_per_row = 2.0 * places * patch * Filters;
    static constexpr bool backward_reads_input = false, backward_reads_output = false;

    template <class T>
    static void initialize(std::span<T> weights, LayerShape, nib::Rng& rng) {
        const double bound = 1 / std::sqrt(static_cast<double>(patch));
        for (T& weight : weights) weight = static_cast<T>(rng.uniform(-bound, bound));
    }
    template <class T>
    static void forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y) {
        const std::size_t rows = x.rows() * places;
        for_each_pixel([&](std::size_t place, std::size_t pixel, std::size_t from) {
            for (std::size_t i = 0; i < x.rows(); ++i) pass.kept[(i * places + place) * patch + pixel] = x(i, from);
        });
        const MatrixView<T> products{pass.scratch.data(), rows, Filters};
        nib::kernels::matmul<T>(MatrixView<const T>{pass.kept.data(), rows, patch}, weights(pass), products);
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t place = 0; place < places; ++place)
                for (std::size_t f = 0; f < Filters; ++f) y(i, f * places + place) = products(i * places + place, f);
    }
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T>, MatrixView<const T>, MatrixView<const T> dy,
                               MatrixView<T> dx) {
        const std::size_t rows = dy.rows() * places;
        const MatrixView<T> by_place{pass.scratch.data(), rows, Filters};
        const MatrixView<T> patches{pass.scratch.data() + by_place.size(), rows, patch};
        sort_by_place(dy, by_place);
        nib::kernels::matmul_a_bt<T>(by_place, weights(pass), patches);
        std::fill(dx.values().begin(), dx.values().end(), T{0});
        for_each_pixel([&](std::size_t place, std::size_t pixel, std::size_t from) {
            for (std::size_t i = 0; i < dx.rows(); ++i) dx(i, from) += patches(i * places + place, pixel);
        });
    }
    template <class T>
    static void parameter_gradient(const Pass<T>& pass, MatrixView<const T> x, MatrixView<const T> dy,
                                   nib::ParameterGradient<T>& gradient) {
        const std::size_t rows = x.rows() * places;
        const MatrixView<T> by_place{pass.scratch.data(), rows, Filters};
        sort_by_place(dy, by_place);
        nib::kernels::matmul_at_b<T>(MatrixView<const T>{pass.kept.data(), rows, patch}, by_place,
                                     {gradient.values.data(), patch, Filters});
    }
    static std::vector<nib::LayerTensor> tensors(LayerShape) {
        return {{.name = "weight", .shape = {Filters, Channels, 3, 3}, .transposed = true}};
    }
    static std::vector<nib::Operator> operators() {
        return {{"Constant",
                 {},
                 {"shape"},
                 {{"value_ints", {-1, static_cast<int>(Channels), static_cast<int>(Side), static_cast<int>(Side)}}}},
                {"Reshape", {"x", "shape"}, {"images"}},
                {"Conv", {"images", "weight"}, {"filtered"}},
                {"Flatten", {"filtered"}, {"y"}}};
    }

private:
    template <class T>
    static MatrixView<const T> weights(const Pass<T>& pass) {
        return {pass.parameters.data(), patch, Filters};
    }
    template <class T>
    static void sort_by_place(MatrixView<const T> dy, MatrixView<T> by_place) {
        for (std::size_t i = 0; i < dy.rows(); ++i)
            for (std::size_t place = 0; place < places; ++place)
                for (std::size_t f = 0; f < Filters; ++f) by_place(i * places + place, f) = dy(i, f * places + place);
    }
    // Calls f(place, pixel of its patch, which of the inputs that is).
    template <class F>
    static void for_each_pixel(const F& f) {
        for (std::size_t place = 0; place < places; ++place)
            for (std::size_t pixel = 0; pixel < patch; ++pixel) {
                const std::size_t row = place / out_side + pixel % 9 / 3, col = place % out_side + pixel % 3;
                f(place, pixel, (pixel / 9 * Side + row) * Side + col);
            }
    }
};

template <class T>
using NetOf = nib::BasicSequential<T, Convolution<1, 6, 4>, PReLU, Convolution<4, 4, 6>, Swish, nib::Dense<24, 20>,
                                   nib::Residual<nib::Dense<20, 20>, Swish>, nib::Dense<20, 3>, nib::LogSoftmax>;
using Net = NetOf<float>;

// Pictures of 6 x 6 pixels: a bar across, a bar down, or a block.
struct Pictures {
    nib::Matrix<float> x{600, 36};
    std::vector<int> classes = std::vector<int>(600);

    explicit Pictures(std::uint64_t seed) {
        nib::Rng rng{seed};
        for (std::size_t i = 0; i < x.rows(); ++i) {
            classes[i] = static_cast<int>(rng.below(3));
            const std::size_t height = classes[i] == 1   ? 5
                                       : classes[i] == 0 ? 1
                                                         : 3,
                              width = classes[i] == 0 ? 5
                                      : height == 5   ? 1
                                                      : 3;
            const std::size_t top = rng.below(6 - height + 1), left = rng.below(6 - width + 1);
            for (std::size_t r = 0; r < height; ++r)
                for (std::size_t c = 0; c < width; ++c) x(i, (top + r) * 6 + left + c) = 1;
            for (float& pixel : x.row(i)) pixel += static_cast<float>(rng.uniform(-0.2, 0.2));
        }
    }
};

Net trained(std::size_t threads, const Pictures& pictures) {
    nib::Rng rng{5};
    Net net{rng};
    nib::Adam adam{net, {.learning_rate = 3e-3}};
    nib::fit(net, adam, nib::Examples{pictures.x, pictures.classes},
             {.epochs = 20, .batch_size = 100, .threads = threads}, rng);
    return net;
}

}  // namespace

TEST_CASE("layers of one's own pass the gradient check") {
    nib::Rng rng{1};
    const NetOf<double> net{rng};
    const auto x = reference::random_matrix<double>(3, 36, rng);
    CHECK(nib::check_gradients(net, {x, std::vector<int>{0, 1, 0}}).passed);
}

TEST_CASE("a convolution is what its loops say") {
    nib::Rng rng{2};
    const nib::BasicSequential<double, Convolution<2, 5, 3>> net{rng};
    const auto x = reference::random_matrix<double>(1, 50, rng);
    const auto y = net(x.row(0));
    for (std::size_t f = 0; f < 3; ++f)
        for (std::size_t r = 0; r < 3; ++r)
            for (std::size_t c = 0; c < 3; ++c) {
                double sum = 0;
                for (std::size_t k = 0; k < 18; ++k)
                    sum += net.parameters()[k * 3 + f] * x(0, k / 9 * 25 + (r + k % 9 / 3) * 5 + c + k % 3);
                CHECK(y[f * 9 + r * 3 + c] == doctest::Approx(sum).epsilon(1e-12));
            }
}

TEST_CASE("they learn, with threads to the same bits, and one example gives what a batch gives") {
    const Pictures pictures{3}, others{4};
    const Net net = trained(1, pictures);
    CHECK(nib::accuracy(net, nib::Examples{others.x, others.classes}) > 0.95);
    const Net shared = trained(2, pictures);
    CHECK(reference::same_bits<float>(net.parameters(), shared.parameters()));
    nib::Workspace<float> workspace;
    const auto y = net.forward(others.x, workspace);
    const auto alone = net(others.x.row(7));
    CHECK(std::equal(alone.begin(), alone.end(), y.row(7).begin()));
}

TEST_CASE("they are saved, loaded, listed and exported") {
    const Pictures pictures{3};
    const Net net = trained(1, pictures);
    const support::TemporaryDirectory folder;
    nib::save(net, folder.path("own.safetensors"));
    Net loaded;
    nib::load(loaded, folder.path("own.safetensors"));
    CHECK(reference::same_bits<float>(net.parameters(), loaded.parameters()));
    CHECK(nib::layers_text(net.layers()) ==
          "Convolution(36, 64), PReLU, Convolution(64, 24), Swish, Linear(24, 20), Residual(Linear(20, 20), Swish), "
          "Linear(20, 3), LogSoftmax");
    // As torch.nn.Conv2d has it: [filter, channel, row, column].
    nib::TensorFile file = nib::open_safetensors(folder.path("own.safetensors"));
    CHECK(file.at("2.weight").shape == std::vector<std::size_t>{6, 4, 3, 3});
    const std::vector<float> weight = nib::values<float>(file, file.at("2.weight"));
    const std::size_t first = 36 + 64;
    for (std::size_t f = 0; f < 6; ++f)
        for (std::size_t k = 0; k < 36; ++k) CHECK(weight[f * 36 + k] == net.parameters()[first + k * 6 + f]);
    nib::save_onnx(net, folder.path("own.onnx"));
    CHECK(std::filesystem::exists(folder.path("own.onnx")));
}
