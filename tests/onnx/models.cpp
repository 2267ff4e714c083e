// Writes networks for the test of ONNX files:  models DIR
//
// Of each NAME.onnx, NAME.input and NAME.output: 256 images, and what nib's network makes of them, raw little-endian
// numbers. The images are MNIST's where $NIB_DATA names the folder with mnist/, else synthetic digits.
#include <nib/nib.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <vector>

namespace {

// y = x sigmoid(x), and every feature times a factor: layers of a user. They are only used here, never trained.
struct Swish {
    static constexpr std::size_t parameter_count = 0;

    template <class T>
    static void forward(std::span<const T>, nib::MatrixView<const T> x, nib::MatrixView<T> y) {
        for (std::size_t i = 0; i < x.size(); ++i) y.values()[i] = x.values()[i] / (1 + std::exp(-x.values()[i]));
    }
    template <class T>
    static void backward(std::span<const T>, nib::MatrixView<const T>, nib::MatrixView<const T>,
                         nib::MatrixView<const T>, nib::MatrixView<T>, std::span<T>) {}
    static std::vector<nib::OnnxOperator> operators() {
        return {{"Sigmoid", {"x"}, {"s"}}, {"Mul", {"x", "s"}, {"y"}}};
    }
};

template <std::size_t Size>
struct Scale {
    static constexpr std::size_t input_size = Size;
    static constexpr std::size_t output_size = Size;
    static constexpr std::size_t parameter_count = Size;

    template <class T>
    static void forward(std::span<const T> factors, nib::MatrixView<const T> x, nib::MatrixView<T> y) {
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < Size; ++j) y(i, j) = factors[j] * x(i, j);
    }
    template <class T>
    static void backward(std::span<const T>, nib::MatrixView<const T>, nib::MatrixView<const T>,
                         nib::MatrixView<const T>, nib::MatrixView<T>, std::span<T>) {}
    template <class T>
    static void initialize(std::span<T> factors, nib::Rng& rng) {
        for (T& factor : factors) factor = static_cast<T>(rng.uniform(0.5, 2));
    }
    static std::vector<nib::OnnxOperator> operators() { return {{"Mul", {"x", "parameters"}, {"y"}}}; }
};

using Digits = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 64>, nib::ReLU, nib::Dense<64, 64>,
                               nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;
using DigitsInDouble = nib::BasicSequential<double, nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 64>, nib::ReLU,
                                            nib::Dense<64, 64>, nib::ReLU, nib::Dense<64, 10>, nib::LogSoftmax>;
using OwnLayers =
    nib::Sequential<nib::Dense<784, 32, "first">, Swish, Scale<32>, nib::Dense<32, 10, "last">, nib::LogSoftmax>;

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
    for (const auto& batch : nib::batches(train, 15, rng)) adam.step(digits, gradients(batch));
    std::printf("784-64-64-64-10, trained on synthetic digits: accuracy %.4f\n", nib::accuracy(digits, images));
    write_model(digits, images, folder + "digits");
    nib::save(digits, folder + "digits.safetensors");

    DigitsInDouble in_double;
    nib::load(in_double, folder + "digits.safetensors");
    write_model(in_double, images, folder + "digits_double");

    write_model(OwnLayers{rng}, images, folder + "own_layers");
    write_model(nib::Mlp{{784, 10}, rng}, images, folder + "one_layer");
} catch (const std::exception& error) {
    std::fprintf(stderr, "models: %s\n", error.what());
    return 1;
}
