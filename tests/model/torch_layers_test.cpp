// Every layer in a network: 20 steps as PyTorch makes them, gradients, model files, ONNX.
#include "../reference.hpp"
#include "../support.hpp"

#include <nib/io/tensor_formats.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/elu.hpp>
#include <nib/layers/gelu.hpp>
#include <nib/layers/layer_norm.hpp>
#include <nib/layers/leaky_relu.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/prelu.hpp>
#include <nib/layers/relu.hpp>
#include <nib/layers/sigmoid.hpp>
#include <nib/layers/silu.hpp>
#include <nib/layers/softmax.hpp>
#include <nib/layers/softplus.hpp>
#include <nib/layers/standardize.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/layer_texts.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/onnx_export.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace {

template <class T>
nib::Matrix<T> matrix_of(nib::TensorFile& file, const std::string& name) {
    const nib::TensorInfo& tensor = file.at(name);
    nib::Matrix<T> matrix(tensor.shape[0], tensor.shape[1]);
    const std::vector<T> numbers = nib::values<T>(file, tensor);
    std::copy(numbers.begin(), numbers.end(), matrix.data());
    return matrix;
}

// Linear(6, 8), a layer, Linear(8, 3), as the engine sees them: what is done with it is compiled once for all layers.
template <class T>
struct AnyNetwork {
    std::vector<nib::Step<T>> steps;
    std::vector<nib::LayerInfo> layers;
    std::vector<T> numbers;
    std::vector<T> buffers;
    std::vector<nib::LayerTensor> tensors;

    template <class Layer>
    explicit AnyNetwork(std::type_identity<Layer>) {
        add<nib::Dense<6, 8>>({6, 8});
        add<Layer>({8, 8});
        add<nib::Dense<8, 3>>({8, 3});
        nib::detail::place_steps<T>(steps);
        for (std::size_t i = 0; i < 3; ++i) {
            nib::detail::place_tensors(layers[i], steps[i]);
            tensors.insert(tensors.end(), layers[i].tensors.begin(), layers[i].tensors.end());
        }
        numbers.resize(steps[2].parameter_offset + steps[2].parameters);
        buffers.resize(steps[1].buffers);
        nib::Rng rng{3};
        const std::span<T> own{numbers.data() + steps[1].parameter_offset, steps[1].parameters};
        if constexpr (requires { Layer::initialize(own, steps[1].shape, rng); })
            Layer::initialize(own, steps[1].shape, rng);
        if constexpr (requires { Layer::initialize_buffers(std::span<T>{buffers}, steps[1].shape); })
            Layer::initialize_buffers(std::span<T>{buffers}, steps[1].shape);
    }
    template <class Layer>
    void add(nib::LayerShape shape) {
        steps.push_back(nib::detail::step_of<T, Layer>(shape));
        layers.push_back(nib::detail::layer_info<Layer>(shape, std::to_string(layers.size())));
    }

    nib::NetworkView<T> view() const { return {steps, numbers, buffers}; }
    std::span<T> parameters() { return numbers; }
    std::size_t output_size() const { return 3; }

    // The largest difference of a tensor from one of the file, as a part of the file's largest number; where `set`, it
    // becomes the file's.
    double difference(nib::TensorFile& file, const std::string& name, const nib::LayerTensor& tensor, bool set) {
        const std::vector<double> expected = nib::values<double>(file, file.at(name));
        T* const own = (tensor.is_buffer ? buffers : numbers).data() + tensor.offset;
        REQUIRE(expected.size() == tensor.size());
        double worst = 0, largest = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            const std::size_t cols = tensor.shape.back(), rows = tensor.size() / cols;
            T& number = own[tensor.transposed ? i % cols * rows + i / cols : i];
            if (set) number = static_cast<T>(expected[i]);
            worst = std::max(worst, std::abs(static_cast<double>(number) - expected[i]));
            largest = std::max(largest, std::abs(expected[i]));
        }
        return worst / largest;
    }

    // Steps of SGD with the mean squared error, by the engine alone; returns the losses.
    std::vector<double> train(const nib::Matrix<T>& x, const nib::Matrix<T>& targets) {
        std::vector<double> losses;
        std::vector<T> values(numbers.size());
        nib::Workspace<T> workspace;
        nib::Matrix<T> dy(targets.rows(), targets.cols());
        for (std::size_t step = 0; step < 20; ++step) {
            const auto y = nib::run_forward<T>(view(), x, workspace, {.on = true, .key = step});
            double loss = 0;
            for (std::size_t i = 0; i < y.size(); ++i) {
                const T distance = y.values()[i] - targets.values()[i];
                loss += static_cast<double>(distance * distance) / static_cast<double>(y.size());
                dy.values()[i] = 2 * distance / static_cast<T>(y.size());
            }
            losses.push_back(loss);
            const auto gradient = nib::run_backward<T>(view(), dy, steps.size() - 1, workspace, values);
            const auto all = gradient.multiply_out();
            for (std::size_t i = 0; i < all.size(); ++i) numbers[i] -= static_cast<T>(0.02) * all[i];
            nib::commit_buffers<T>(steps, workspace, buffers);
        }
        return losses;
    }

    void check(nib::TensorFile& file, const std::string& name) {
        const double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-10;
        const auto x = matrix_of<T>(file, "inputs"), targets = matrix_of<T>(file, "targets");
        for (const nib::LayerTensor& tensor : tensors)
            if (file.find("start." + tensor.name) != nullptr)
                difference(file, "start." + tensor.name, tensor, true);
            else if (name == "standardize")
                difference(file, name + "." + tensor.name, tensor, true);
        nib::Rng rng{3};
        if constexpr (sizeof(T) == 8) CHECK(reference::network_gradient_error(*this, x, rng) < 1e-7);

        const std::vector<double> losses = train(x, targets);
        const std::vector<double> expected = nib::values<double>(file, file.at(name + ".losses"));
        REQUIRE(expected.size() == losses.size());
        for (std::size_t i = 0; i < losses.size(); ++i)
            CHECK(losses[i] == doctest::Approx(expected[i]).epsilon(tolerance).scale(0));
        for (const nib::LayerTensor& tensor : tensors)
            CHECK_MESSAGE(difference(file, name + "." + tensor.name, tensor, false) < tolerance, tensor.name);
    }
};

template <class T, class Layer>
void check(nib::TensorFile& file, const std::string& name) {
    CAPTURE(name);
    AnyNetwork<T>{std::type_identity<Layer>{}}.check(file, name);
}

template <class T>
void check_all(nib::TensorFile& file) {
    check<T, nib::ReLU>(file, "relu");
    check<T, nib::LeakyReLU<>>(file, "leaky_relu");
    check<T, nib::PReLU>(file, "prelu");
    check<T, nib::ELU<>>(file, "elu");
    check<T, nib::ELU<0.5>>(file, "elu_half");
    check<T, nib::GELU>(file, "gelu");
    check<T, nib::GELUTanh>(file, "gelu_tanh");
    check<T, nib::SiLU>(file, "silu");
    check<T, nib::Sigmoid>(file, "sigmoid");
    check<T, nib::Tanh>(file, "tanh");
    check<T, nib::Softplus>(file, "softplus");
    check<T, nib::Softmax>(file, "softmax");
    check<T, nib::LogSoftmax>(file, "log_softmax");
    check<T, nib::LayerNorm>(file, "layer_norm");
    check<T, nib::BatchNorm>(file, "batch_norm");
    check<T, nib::Dropout<0.3>>(file, "dropout");
    check<T, nib::Standardize>(file, "standardize");
}

}  // namespace

// The file is made by tools/fixtures/layers.py.
TEST_CASE("20 steps through each layer are PyTorch's, and central differences confirm their gradients") {
    nib::TensorFile file = nib::open_tensors(support::fixture("torch_layers.safetensors"));
    check_all<double>(file);
    check_all<float>(file);
}

TEST_CASE("a network of all layers is trained, saved, loaded and exported") {
    using Net = nib::Sequential<nib::Standardize, nib::Dense<6, 8>, nib::LeakyReLU<>, nib::PReLU, nib::ELU<0.5>,
                                nib::Dense<8, 8>, nib::GELU, nib::LayerNorm, nib::GELUTanh, nib::Softplus, nib::SiLU,
                                nib::Dense<8, 8>, nib::Sigmoid, nib::Softmax, nib::Dense<8, 3>>;
    nib::Rng rng{4};
    Net net{rng}, loaded;
    for (float& number : net.buffers()) number += 0.5f;
    const auto x = reference::random_matrix<float>(9, 6, rng), dy = reference::random_matrix<float>(9, 3, rng);
    nib::Workspace<float> workspace;
    std::vector<float> values(net.parameters().size());
    nib::run_forward<float>(net.view(), x, workspace, {.on = true});
    const auto gradient = nib::run_backward<float>(net.view(), dy, 14, workspace, values).multiply_out();
    for (std::size_t i = 0; i < gradient.size(); ++i) net.parameters()[i] -= gradient[i];

    const support::TemporaryDirectory folder;
    nib::save(net, folder.path("net.safetensors"));
    nib::load(loaded, folder.path("net.safetensors"));
    CHECK(std::equal(net.parameters().begin(), net.parameters().end(), loaded.parameters().begin()));
    CHECK(std::equal(net.buffers().begin(), net.buffers().end(), loaded.buffers().begin()));
    const auto y = net(x.row(2));
    const auto batch = loaded.forward(x, workspace);
    CHECK(std::equal(y.begin(), y.end(), batch.row(2).begin()));
    CHECK(nib::layers_text(net.layers()) ==
          "Standardize(6), Linear(6, 8), LeakyReLU(negative_slope=0.01), PReLU, ELU(alpha=0.5), Linear(8, 8), GELU, "
          "LayerNorm(8), GELU(approximate=tanh), Softplus, SiLU, Linear(8, 8), Sigmoid, Softmax, Linear(8, 3)");

    nib::save_onnx(net, folder.path("net.onnx"));
    std::ifstream onnx(folder.path("net.onnx"), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(onnx), {}};
    for (const nib::LayerOperators& operators : net.operators()) {
        REQUIRE(operators);
        for (const nib::Operator& operation : *operators) CHECK(support::contains(content, operation.type));
    }
}
