// The jobs with dlib's DNN module, as its examples write them: a sample is a column of 784 floats.
#include "job.hpp"

#include <dlib/dnn.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <random>

namespace {

using Sample = dlib::matrix<float>;
using Label = unsigned long;

template <unsigned long Width, class Before>
using layer = dlib::relu<dlib::fc<Width, Before>>;
template <class Before>
using classes = dlib::loss_multiclass_log<dlib::fc<10, Before>>;

using NetA = classes<layer<64, layer<64, layer<64, dlib::input<Sample>>>>>;
using NetB = classes<layer<800, dlib::input<Sample>>>;

std::vector<Sample> read_images(const std::string& path) {
    const auto bytes = bench::read_idx(path, 16);
    std::vector<Sample> images(bytes.size() / 784, Sample(784, 1));
    for (std::size_t i = 0; i < images.size(); ++i)
        for (long j = 0; j < 784; ++j) images[i](j) = bytes[i * 784 + static_cast<std::size_t>(j)] / 255.0f;
    return images;
}

std::vector<Label> read_labels(const std::string& path) {
    const auto bytes = bench::read_idx(path, 8);
    return {bytes.begin(), bytes.end()};
}

template <class Net>
void train(Net& net, const bench::Arguments& arguments) {
    const auto images = read_images(arguments.mnist + "/train-images-idx3-ubyte");
    const auto labels = read_labels(arguments.mnist + "/train-labels-idx1-ubyte");
    dlib::dnn_trainer<Net, dlib::adam> trainer(net, dlib::adam(0, 0.9f, 0.999f));
    trainer.set_learning_rate(1e-3);
    trainer.set_iterations_without_progress_threshold(1'000'000'000);  // the learning rate stays as it is

    std::vector<std::size_t> order(labels.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::mt19937 rng(arguments.seed);
    std::vector<Sample> samples;
    std::vector<Label> targets;
    for (int epoch = 0; epoch < arguments.epochs; ++epoch) {
        const bench::Stopwatch watch;
        std::shuffle(order.begin(), order.end(), rng);
        for (std::size_t i = 0; i < order.size(); ++i) {
            samples.push_back(images[order[i]]);
            targets.push_back(labels[order[i]]);
            if (samples.size() < static_cast<std::size_t>(arguments.job.batch) && i + 1 < order.size()) continue;
            trainer.train_one_step(samples, targets);
            samples.clear();
            targets.clear();
        }
        trainer.get_net();  // waits for the last step
        bench::print("epoch_seconds", watch.seconds());
    }
    net.clean();
}

template <class Net>
void run(const bench::Arguments& arguments) {
    Net net;
    train(net, arguments);
    const auto images = read_images(arguments.mnist + "/t10k-images-idx3-ubyte");
    const auto labels = read_labels(arguments.mnist + "/t10k-labels-idx1-ubyte");
    const auto answers = net(images);
    std::size_t correct = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) correct += answers[i] == labels[i] ? 1 : 0;
    bench::print("accuracy", static_cast<double>(correct) / static_cast<double>(labels.size()));
    bench::print_peak_memory();
    bench::print_passes("batch_ms", 1e3, [&] { return net(images).size(); });
    if (arguments.job_name != "A") return;
    bench::print_passes("one_us", 1e6 / static_cast<double>(images.size()), [&] {
        Label sum = 0;
        for (const Sample& image : images) sum += net(image);
        return sum;
    });
}

}  // namespace

int main(int argc, char** argv) {
    const bench::Arguments arguments = bench::arguments(argc, argv);
    if (arguments.job_name == "A")
        run<NetA>(arguments);
    else
        run<NetB>(arguments);
}
