// The jobs with libtorch, PyTorch's C++ side: all data in one tensor, batches by index_select.
#include "job.hpp"

#include <torch/torch.h>

#include <cstddef>

namespace {

torch::Tensor read_images(const std::string& path) {
    auto bytes = bench::read_idx(path, 16);
    const auto rows = static_cast<std::int64_t>(bytes.size() / 784);
    return torch::from_blob(bytes.data(), {rows, 784}, torch::kUInt8).to(torch::kFloat32).div_(255);
}

torch::Tensor read_labels(const std::string& path) {
    auto bytes = bench::read_idx(path, 8);
    return torch::from_blob(bytes.data(), {static_cast<std::int64_t>(bytes.size())}, torch::kUInt8).to(torch::kInt64);
}

torch::nn::Sequential make_net(const std::vector<int>& widths) {
    torch::nn::Sequential net;
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
        if (i > 0) net->push_back(torch::nn::ReLU());
        net->push_back(torch::nn::Linear(widths[i], widths[i + 1]));
    }
    net->push_back(torch::nn::LogSoftmax(1));
    return net;
}

void train(torch::nn::Sequential& net, const bench::Arguments& arguments) {
    const torch::Tensor images = read_images(arguments.mnist + "/train-images-idx3-ubyte");
    const torch::Tensor labels = read_labels(arguments.mnist + "/train-labels-idx1-ubyte");
    torch::optim::Adam adam(net->parameters(), torch::optim::AdamOptions(1e-3));
    for (int epoch = 0; epoch < arguments.epochs; ++epoch) {
        const bench::Stopwatch watch;
        const torch::Tensor order = torch::randperm(labels.size(0), torch::kInt64);
        for (const torch::Tensor& index : order.split(arguments.job.batch)) {
            adam.zero_grad();
            const torch::Tensor outputs = net->forward(images.index_select(0, index));
            torch::nll_loss(outputs, labels.index_select(0, index)).backward();
            adam.step();
        }
        bench::print("epoch_seconds", watch.seconds());
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bench::Arguments arguments = bench::arguments(argc, argv, 64);
    torch::set_num_threads(arguments.threads);
    torch::manual_seed(arguments.seed);
    torch::nn::Sequential net = make_net(arguments.job.widths);
    train(net, arguments);

    const torch::NoGradGuard no_gradients;
    const torch::Tensor images = read_images(arguments.mnist + "/t10k-images-idx3-ubyte");
    const torch::Tensor labels = read_labels(arguments.mnist + "/t10k-labels-idx1-ubyte");
    const torch::Tensor answers = net->forward(images).argmax(1);
    bench::print("accuracy", answers.eq(labels).to(torch::kFloat64).mean().item<double>());
    bench::print_peak_memory();
    bench::print_passes("batch_ms", 1e3, [&] { return net->forward(images).size(0); });
    if (arguments.job_name != "A") return 0;
    bench::print_passes("one_us", 1e6 / static_cast<double>(images.size(0)), [&] {
        std::int64_t sum = 0;
        for (std::int64_t i = 0; i < images.size(0); ++i)
            sum += net->forward(images.narrow(0, i, 1)).argmax(1).item<std::int64_t>();
        return sum;
    });
}
