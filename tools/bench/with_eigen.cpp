// The jobs with Eigen, as a good engineer writes them in an afternoon: column-major, an example a column, products
// assigned without temporaries, all matrices made once.
#include "job.hpp"

#include <Eigen/Core>

#include <fstream>
#include <iterator>
#include <numeric>
#include <random>

namespace {

using Matrix = Eigen::MatrixXf;
using Vector = Eigen::VectorXf;

std::vector<std::uint8_t> read_idx(const std::string& path, std::size_t header) {
    std::ifstream file(path, std::ios::binary);
    std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.size() < header) std::exit(1);
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header));
    return bytes;
}

Matrix read_images(const std::string& path) {
    const auto bytes = read_idx(path, 16);
    using Bytes = Eigen::Matrix<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic>;
    const Eigen::Map<const Bytes> images(bytes.data(), 784, static_cast<Eigen::Index>(bytes.size() / 784));
    return images.cast<float>() / 255.0f;
}

struct Layer {
    Matrix w, dw, mw, vw;  // [out, in]
    Vector b, db, mb, vb;  // [out]
    Matrix y, dy;          // [out, batch]

    Layer(int in, int out, std::mt19937& rng) : w(out, in), b(out) {
        const float bound = 1 / std::sqrt(static_cast<float>(in));
        std::uniform_real_distribution<float> uniform(-bound, bound);
        for (float& value : w.reshaped()) value = uniform(rng);
        for (float& value : b) value = uniform(rng);
        dw = mw = vw = Matrix::Zero(out, in);
        db = mb = vb = Vector::Zero(out);
    }
};

class Net {
public:
    Net(const std::vector<int>& widths, std::mt19937& rng) {
        for (std::size_t i = 0; i + 1 < widths.size(); ++i) layers_.emplace_back(widths[i], widths[i + 1], rng);
    }

    // Log-probabilities [10, batch].
    template <class Inputs>
    const Matrix& forward(const Inputs& x) {
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            Layer& layer = layers_[i];
            if (i == 0)
                layer.y.noalias() = layer.w * x;
            else
                layer.y.noalias() = layer.w * layers_[i - 1].y;
            layer.y.colwise() += layer.b;
            if (i + 1 < layers_.size()) layer.y = layer.y.cwiseMax(0.0f);
        }
        Matrix& logits = layers_.back().y;
        logits.rowwise() -= logits.colwise().maxCoeff().eval();
        logits.rowwise() -= logits.array().exp().colwise().sum().log().matrix().eval();
        return logits;
    }

    void step(const Matrix& x, const std::vector<int>& targets) {
        forward(x);
        const float scale = 1 / static_cast<float>(x.cols());
        Layer& last = layers_.back();
        last.dy = last.y.array().exp() * scale;
        for (Eigen::Index j = 0; j < x.cols(); ++j) last.dy(targets[static_cast<std::size_t>(j)], j) -= scale;
        for (std::size_t i = layers_.size(); i-- > 0;) {
            Layer& layer = layers_[i];
            if (i == 0)
                layer.dw.noalias() = layer.dy * x.transpose();
            else
                layer.dw.noalias() = layer.dy * layers_[i - 1].y.transpose();
            layer.db.noalias() = layer.dy.rowwise().sum();
            if (i == 0) break;
            Layer& before = layers_[i - 1];
            before.dy.noalias() = layer.w.transpose() * layer.dy;
            before.dy = (before.y.array() > 0).select(before.dy, 0.0f);
        }
        ++t_;
        const float correction1 = 1 - std::pow(0.9f, static_cast<float>(t_));
        const float correction2 = std::sqrt(1 - std::pow(0.999f, static_cast<float>(t_)));
        const auto adam = [&](auto& p, const auto& g, auto& m, auto& v) {
            m.array() = 0.9f * m.array() + 0.1f * g.array();
            v.array() = 0.999f * v.array() + 0.001f * g.array().square();
            p.array() -= (1e-3f * correction2 / correction1) * m.array() / (v.array().sqrt() + 1e-8f * correction2);
        };
        for (Layer& layer : layers_) {
            adam(layer.w, layer.dw, layer.mw, layer.vw);
            adam(layer.b, layer.db, layer.mb, layer.vb);
        }
    }

private:
    std::vector<Layer> layers_;
    int t_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) return 2;
    const bench::Job job = bench::job_named(argv[1]);
    const std::string folder = argv[2];
    const Matrix images = read_images(folder + "/train-images-idx3-ubyte");
    const auto labels = read_idx(folder + "/train-labels-idx1-ubyte", 8);
    std::mt19937 rng(static_cast<unsigned>(std::atoi(argv[4])));
    Net net(job.widths, rng);

    std::vector<int> order(labels.size());
    std::iota(order.begin(), order.end(), 0);
    Matrix x(784, job.batch);
    std::vector<int> targets;
    for (int epoch = 0; epoch < std::atoi(argv[3]); ++epoch) {
        const bench::Stopwatch watch;
        std::shuffle(order.begin(), order.end(), rng);
        for (std::size_t first = 0; first < order.size(); first += static_cast<std::size_t>(job.batch)) {
            const std::size_t count = std::min(static_cast<std::size_t>(job.batch), order.size() - first);
            x.resize(784, static_cast<Eigen::Index>(count));
            targets.resize(count);
            for (std::size_t i = 0; i < count; ++i) {
                x.col(static_cast<Eigen::Index>(i)) = images.col(order[first + i]);
                targets[i] = labels[static_cast<std::size_t>(order[first + i])];
            }
            net.step(x, targets);
        }
        bench::print("epoch_seconds", watch.seconds());
    }

    const Matrix test = read_images(folder + "/t10k-images-idx3-ubyte");
    const auto test_labels = read_idx(folder + "/t10k-labels-idx1-ubyte", 8);
    const Matrix& outputs = net.forward(test);
    int correct = 0;
    for (Eigen::Index j = 0; j < outputs.cols(); ++j) {
        Eigen::Index best = 0;
        outputs.col(j).maxCoeff(&best);
        correct += best == test_labels[static_cast<std::size_t>(j)] ? 1 : 0;
    }
    bench::print("accuracy", correct / static_cast<double>(test_labels.size()));
    bench::print_peak_memory();
    for (int round = 0; round < 7; ++round) {
        const bench::Stopwatch watch;
        net.forward(test);
        bench::print("batch_ms", watch.seconds() * 1e3);
    }
    if (std::string(argv[1]) != "A") return 0;
    for (int round = 0; round < 7; ++round) {
        const bench::Stopwatch watch;
        Eigen::Index sum = 0;
        for (Eigen::Index j = 0; j < test.cols(); ++j) {
            Eigen::Index best = 0;
            net.forward(test.col(j)).col(0).maxCoeff(&best);
            sum += best;
        }
        bench::print("one_us", watch.seconds() * 1e6 / static_cast<double>(test.cols()));
        if (sum == 0) std::puts("all_zero 1");
    }
}
