// Writes networks for the test of ONNX files:  models DIR
//
// Of each NAME.onnx, NAME.input and NAME.output: 256 images, and what nib's network makes of them, raw little-endian
// numbers. The images are MNIST's where $NIB_DATA names the folder with mnist/, else synthetic digits.
#include <nib/all.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <vector>

namespace {

// Layers of a user. They are only used here, never trained.

// y = x sigmoid(x).
struct Swish : nib::Elementwise<Swish> {
    template <class V>
    static V value(const V& x) {
        return x * sigmoid(x);
    }
    template <class V>
    static V derivative(const V& x) {
        return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
    }
    static std::vector<nib::Operator> operators() { return {{"Sigmoid", {"x"}, {"s"}}, {"Mul", {"x", "s"}, {"y"}}}; }
};

template <class Self>
struct Untrained {
    template <class T>
    static void backward_input(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                               nib::MatrixView<const T>, nib::MatrixView<T>) {}
    template <class T>
    static void parameter_gradient(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                                   nib::ParameterGradient<T>&) {}
    template <class T>
    static void initialize(std::span<T> parameters, nib::LayerShape, nib::Rng& rng) {
        for (T& parameter : parameters) parameter = static_cast<T>(rng.uniform(-0.5, 1.5));
    }
};

// y = a x where x < 0, with an a for each feature.
struct PRelu : Untrained<PRelu> {
    static constexpr std::size_t parameter_count(nib::LayerShape shape) { return shape.in; }

    template <class T>
    static void forward(const nib::Pass<T>& pass, nib::MatrixView<const T> x, nib::MatrixView<T> y) {
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < x.cols(); ++j) y(i, j) = x(i, j) < 0 ? pass.parameters[j] * x(i, j) : x(i, j);
    }
    static std::vector<nib::Operator> operators() { return {{"PRelu", {"x", "parameters"}, {"y"}}}; }
};

// y = (x - mean) / sqrt(variance + 1e-5) weight + bias, row by row.
struct LayerNorm : Untrained<LayerNorm> {
    static constexpr std::size_t parameter_count(nib::LayerShape shape) { return 2 * shape.in; }

    template <class T>
    static void forward(const nib::Pass<T>& pass, nib::MatrixView<const T> x, nib::MatrixView<T> y) {
        const auto features = static_cast<T>(x.cols());
        for (std::size_t i = 0; i < x.rows(); ++i) {
            T mean = 0, variance = 0;
            for (const T value : x.row(i)) mean += value / features;
            for (const T value : x.row(i)) variance += (value - mean) * (value - mean) / features;
            for (std::size_t j = 0; j < x.cols(); ++j)
                y(i, j) = (x(i, j) - mean) / std::sqrt(variance + static_cast<T>(1e-5)) * pass.parameters[j] +
                          pass.parameters[x.cols() + j];
        }
    }
    static std::vector<nib::LayerTensor> tensors(nib::LayerShape shape) {
        return {{.name = "weight", .shape = {shape.in}}, {.name = "bias", .shape = {shape.in}, .offset = shape.in}};
    }
    static std::vector<nib::Operator> operators() {
        return {{"Constant", {}, {"epsilon"}, {{"value_float", 1e-5}}},
                {"ReduceMean", {"x"}, {"mean"}, {{"axes", {-1}}}},
                {"Sub", {"x", "mean"}, {"d"}},
                {"Mul", {"d", "d"}, {"squares"}},
                {"ReduceMean", {"squares"}, {"variance"}, {{"axes", {-1}}}},
                {"Add", {"variance", "epsilon"}, {"v"}},
                {"Sqrt", {"v"}, {"deviation"}},
                {"Div", {"d", "deviation"}, {"normal"}},
                {"Mul", {"normal", "weight"}, {"scaled"}},
                {"Add", {"scaled", "bias"}, {"y"}}};
    }
};

// Filters of 5 x 5 pixels over pictures of 28 x 28, at every second place: as torch.nn.Conv2d(1, Filters, 5, stride=2).
template <std::size_t Filters>
struct Convolution : Untrained<Convolution<Filters>> {
    static constexpr std::size_t input_size = 784, places = 12 * 12, output_size = Filters * places;
    static constexpr std::size_t parameter_count = 25 * Filters;

    template <class T>
    static void forward(const nib::Pass<T>& pass, nib::MatrixView<const T> x, nib::MatrixView<T> y) {
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t o = 0; o < output_size; ++o) {
                T sum = 0;
                for (std::size_t k = 0; k < 25; ++k)
                    sum += pass.parameters[k * Filters + o / places] *
                           x(i, (o % places / 12 * 2 + k / 5) * 28 + o % 12 * 2 + k % 5);
                y(i, o) = sum;
            }
    }
    static std::vector<nib::LayerTensor> tensors(nib::LayerShape) {
        return {{.name = "weight", .shape = {Filters, 1, 5, 5}, .transposed = true}};
    }
    static std::vector<nib::Operator> operators() {
        return {{"Constant", {}, {"shape"}, {{"value_ints", {-1, 1, 28, 28}}}},
                {"Reshape", {"x", "shape"}, {"images"}},
                {"Conv", {"images", "weight"}, {"filtered"}, {{"strides", {2, 2}}}},
                {"Flatten", {"filtered"}, {"y"}}};
    }
};

using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 64>, nib::ReLU, nib::Dense<64, 64>,
                               nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;
using DigitsInDouble = nib::BasicSequential<double, nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 64>, nib::ReLU,
                                            nib::Dense<64, 64>, nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;
using OwnLayers =
    nib::Sequential<Convolution<4>, PRelu, nib::Dense<576, 32, "first">, Swish, LayerNorm,
                    nib::Residual<nib::Dense<32, 32>, nib::Tanh>, nib::Dense<32, 10, "last">, nib::LogSoftmax>;
// onnxruntime has not all operators for doubles, nor all that it makes of x sigmoid(x).
using OwnLayersInDouble =
    nib::BasicSequential<double, nib::Dense<784, 32>, nib::Tanh, LayerNorm, nib::Dense<32, 10>, nib::LogSoftmax>;

using AllLayers =
    nib::Sequential<nib::Standardize, nib::Dense<784, 32>, nib::LeakyReLU<>, nib::PReLU, nib::Dense<32, 32>,
                    nib::ELU<0.5>, nib::Dense<32, 32>, nib::GELU, nib::LayerNorm, nib::GELUTanh, nib::Dense<32, 32>,
                    nib::SiLU, nib::Softplus, nib::Sigmoid, nib::Dense<32, 10>, nib::Softmax>;

nib::Dataset test_images() {
    const char* const data = std::getenv("NIB_DATA");
    return data != nullptr && *data != '\0' ? nib::load_mnist(std::string(data) + "/mnist", nib::Split::test)
                                            : nib::synthetic_digits(256, 2);
}

template <class T>
void write_numbers(const std::string& path, std::span<const T> numbers) {
    nib::AtomicFile file{path};
    file.write(nib::tensor_bytes<T>(numbers));
    file.commit();
}

// The first 256 images through the network.
template <class Net>
void write_model(const Net& net, const nib::Dataset& images, const std::string& path) {
    using T = typename Net::scalar_type;
    nib::Matrix<T> x(256, images.input_size());
    for (std::size_t i = 0; i < x.rows(); ++i)
        for (std::size_t j = 0; j < x.cols(); ++j) x(i, j) = static_cast<T>(images.image(i)[j]) / T{255};
    nib::Workspace<T> workspace;
    const nib::MatrixView<const T> y = net.forward(nib::MatrixView<const T>{x}, workspace);
    nib::save_onnx(net, path + ".onnx");
    write_numbers<T>(path + ".input", {x.values().data(), x.size()});
    write_numbers<T>(path + ".output", {y.data(), y.size()});
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2) return std::fputs("usage: models DIR\n", stderr), 2;
    const std::string folder = std::string(argv[1]) + "/";
    const nib::Dataset images = test_images();

    nib::Rng rng{42};
    Digits digits{rng};
    nib::Adam adam{digits, {.learning_rate = 1e-3}};
    nib::Gradients gradients{digits, nib::NllLoss{}};
    const nib::Dataset train = nib::synthetic_digits(15'000, 1);
    for (const auto& batch : nib::batches(train, 15, rng)) adam.step(digits, gradients(digits, batch));
    std::printf("784-64-64-64-10, trained on synthetic digits: accuracy %.4f\n", nib::accuracy(digits, images));
    write_model(digits, images, folder + "digits");
    nib::save(digits, folder + "digits.safetensors");

    DigitsInDouble in_double;
    nib::load(in_double, folder + "digits.safetensors");
    write_model(in_double, images, folder + "digits_double");

    AllLayers all{rng, nib::XavierNormal{.gain = 2}};
    nib::fit_standardize(all, images);
    write_model(all, images, folder + "all_layers");

    write_model(OwnLayers{rng}, images, folder + "own_layers");
    write_model(OwnLayersInDouble{rng}, images, folder + "own_layers_double");
    write_model(nib::Mlp{{784, 10}, rng}, images, folder + "one_layer");

    nib::Mlp normed{{784, 32, 32, 10},
                    rng,
                    {.activation = nib::Tanh{}, .norm = nib::BatchNorm{}, .dropout = 0.5, .input = nib::Standardize{}}};
    nib::fit_standardize(normed, train);
    nib::Sgd sgd{normed, {.learning_rate = 0.1, .momentum = 0.9}};
    nib::fit(normed, sgd, train, {.epochs = 1, .batch_size = 100}, rng);
    write_model(normed, images, folder + "batch_norm");
} catch (const std::exception& error) {
    std::fprintf(stderr, "models: %s\n", error.what());
    return 1;
}
