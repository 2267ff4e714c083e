// What people ask of the catalogue of layers, losses, optimisers and schedules: whole tasks, each of a page.
#include <nib/all.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace {

using nib::LayerShape;
using nib::Matrix;
using nib::MatrixView;
using nib::ParameterGradient;
using nib::Pass;

// A layer of one's own: y = x where x > 0, else slope x, with a slope for each feature.
struct OwnPReLU {
    static constexpr std::size_t parameter_count(LayerShape shape) { return shape.in; }
    static constexpr bool backward_reads_output = false;

    template <class T>
    static void initialize(std::span<T> slopes, LayerShape, nib::Rng&) {
        for (T& slope : slopes) slope = T(0.25);
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
                                   ParameterGradient<T>& gradient) {
        for (T& value : gradient.values) value = 0;
        for (std::size_t i = 0; i < x.rows(); ++i)
            for (std::size_t j = 0; j < x.cols(); ++j)
                if (x(i, j) <= 0) gradient.values[j] += x(i, j) * dy(i, j);
    }
    static std::vector<nib::LayerTensor> tensors(LayerShape shape) { return {{.name = "weight", .shape = {shape.in}}}; }
    static std::vector<nib::Operator> operators() { return {{"PRelu", {"x", "weight"}, {"y"}}}; }
};

// Another: y = n weight + bias, where n is the row with its mean taken out and divided by its deviation.
struct OwnLayerNorm {
    static constexpr std::size_t parameter_count(LayerShape shape) { return 2 * shape.in; }
    static constexpr std::size_t kept_per_row(LayerShape shape) { return shape.in + 1; }  // n, and 1 / deviation
    static constexpr bool backward_reads_input = false, backward_reads_output = false;

    template <class T>
    static void initialize(std::span<T> parameters, LayerShape shape, nib::Rng&) {
        for (std::size_t j = 0; j < shape.in; ++j) {
            parameters[j] = 1;
            parameters[shape.in + j] = 0;
        }
    }
    template <class T>
    static void forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y) {
        const std::size_t features = x.cols();
        for (std::size_t i = 0; i < x.rows(); ++i) {
            T mean = 0, variance = 0;
            for (const T value : x.row(i)) mean += value / static_cast<T>(features);
            for (const T value : x.row(i)) variance += (value - mean) * (value - mean) / static_cast<T>(features);
            const T scale = 1 / std::sqrt(variance + static_cast<T>(1e-5));
            for (std::size_t j = 0; j < features; ++j) {
                const T n = (x(i, j) - mean) * scale;
                if (pass.training) kept(pass, features, i)[j] = n;
                y(i, j) = n * pass.parameters[j] + pass.parameters[features + j];
            }
            if (pass.training) kept(pass, features, i)[features] = scale;
        }
    }
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T>, MatrixView<const T>, MatrixView<const T> dy,
                               MatrixView<T> dx) {
        const std::size_t features = dy.cols();
        for (std::size_t i = 0; i < dy.rows(); ++i) {
            const std::span<T> n = kept(pass, features, i);
            T mean = 0, along = 0;  // of dn, and of dn n
            for (std::size_t j = 0; j < features; ++j) {
                mean += dy(i, j) * pass.parameters[j] / static_cast<T>(features);
                along += dy(i, j) * pass.parameters[j] * n[j] / static_cast<T>(features);
            }
            for (std::size_t j = 0; j < features; ++j)
                dx(i, j) = n[features] * (dy(i, j) * pass.parameters[j] - mean - n[j] * along);
        }
    }
    template <class T>
    static void parameter_gradient(const Pass<T>& pass, MatrixView<const T>, MatrixView<const T> dy,
                                   ParameterGradient<T>& gradient) {
        const std::size_t features = dy.cols();
        for (T& value : gradient.values) value = 0;
        for (std::size_t i = 0; i < dy.rows(); ++i)
            for (std::size_t j = 0; j < features; ++j) {
                gradient.values[j] += dy(i, j) * kept(pass, features, i)[j];
                gradient.values[features + j] += dy(i, j);
            }
    }
    static std::vector<nib::LayerTensor> tensors(LayerShape shape) {
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

private:
    template <class T>
    static std::span<T> kept(const Pass<T>& pass, std::size_t features, std::size_t row) {
        return pass.kept.subspan(row * (features + 1), features + 1);
    }
};

// Three kinds, of whose measures one is in thousands and one in thousandths.
std::string kinds_in_csv(std::size_t lines, std::uint64_t seed) {
    const char* const names[] = {"marsh", "meadow", "shore"};
    nib::Rng rng{seed};
    std::string text = "height,weight,width,kind\n";
    for (std::size_t i = 0; i < lines; ++i) {
        const std::uint64_t kind = rng.below(3);
        text += nib::format_fixed((kind == 0 ? 9000 : 7000) + 600 * rng.normal(), 1) + ",";
        text += nib::format_fixed((kind == 1 ? 0.004 : 0.002) + 0.0006 * rng.normal(), 6) + ",";
        text += nib::format_fixed(rng.normal(), 3) + ",\"" + names[kind] + "\"\n";
    }
    return text;
}

}  // namespace

TEST_CASE("a regression") {
    Matrix<float> x(600, 2), y(600, 1);
    nib::Rng rng{1};
    for (std::size_t i = 0; i < x.rows(); ++i) {
        x(i, 0) = static_cast<float>(rng.uniform(-1, 1));
        x(i, 1) = static_cast<float>(rng.uniform(-1, 1));
        y(i, 0) = std::sin(3 * x(i, 0)) * x(i, 1) + static_cast<float>(0.05 * rng.normal());
    }
    const auto parts = nib::split(nib::Examples{x, y}, 0.8, rng);
    nib::Mlp net{{2, 32, 32, 1}, rng, {.activation = nib::GELU{}, .output = {}}};
    nib::Adam adam{net, {.learning_rate = 0.01}};
    const auto result =
        nib::fit(net, adam, parts.train, {.epochs = 60, .batch_size = 20, .schedule = nib::CosineAnnealingLR{}}, rng,
                 nib::MseLoss{}, nib::Validation{parts.validation});
    CHECK(*result.history.back().validation_loss < 0.006);  // of which the noise is 0.0025
    nib::RegressionScores scores;
    nib::measure(net, parts.validation, scores);
    CHECK(scores.r2() > 0.95);
}

TEST_CASE("a CSV of three classes, standardised, split, with dropout, weight decay, a schedule and early stopping") {
    const support::TemporaryDirectory folder;
    const auto table = nib::load_csv(folder.write("train.csv", kinds_in_csv(300, 2)), {.class_column = "kind"});
    const auto test = nib::load_csv(folder.write("test.csv", kinds_in_csv(200, 3)),
                                    {.class_column = "kind", .class_names = table.class_names});
    nib::Rng rng{4};
    const auto parts = nib::split(table.examples(), 0.75, rng, {.stratify = true});
    nib::Mlp net{{3, 16, 3}, rng, {.dropout = 0.1, .input = nib::Standardize{}}};
    nib::AdamW adam{net, {.learning_rate = 0.02, .weight_decay = 0.01}};
    CHECK(support::error_of([&] { nib::fit(net, adam, parts.train, {.epochs = 1}, rng); }) ==
          "the network begins with Standardize, which was told nothing: call fit_standardize(net, data) first");
    nib::fit_standardize(net, parts.train);
    const nib::FitOptions options{.epochs = 300,
                                  .batch_size = 16,
                                  .schedule = nib::LinearWarmup{.epochs = 2}.then(nib::CosineAnnealingLR{}),
                                  .patience = 10};
    const auto result = nib::fit(net, adam, parts.train, options, rng, nib::Validation{parts.validation});
    CHECK(result.stopped_early());
    CHECK(result.best_epoch + 10 == static_cast<int>(result.history.size()));
    CHECK(nib::evaluate(net, parts.validation).loss ==
          *result.history[static_cast<std::size_t>(result.best_epoch) - 1].validation_loss);
    CHECK(nib::accuracy(net, test.examples()) > 0.95);
    // The file has the standardisation, and gives the same answers.
    nib::save(net, folder.path("kinds.safetensors"));
    const nib::Mlp loaded = nib::load_mlp(folder.path("kinds.safetensors"));
    CHECK(nib::evaluate(loaded, test.examples()).loss == nib::evaluate(net, test.examples()).loss);
    CHECK(test.class_names[static_cast<std::size_t>(nib::predict(loaded, std::vector<float>{9000, 0.002f, 0}))] ==
          "marsh");
}

TEST_CASE("an autoencoder, to the same bits with threads") {
    const nib::Dataset digits = nib::synthetic_digits(400, 1);
    using Net = nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dense<64, 16>, nib::ReLU, nib::Dense<16, 784>>;
    const auto trained = [&](std::size_t threads) {
        nib::Rng rng{2};
        Net net{rng};
        nib::Adam adam{net, {.learning_rate = 3e-3}};
        nib::fit(net, adam, nib::Autoencoding{digits}, {.epochs = 50, .batch_size = 100, .threads = threads}, rng,
                 nib::BceWithLogitsLoss{});
        return net;
    };
    const Net net = trained(1);
    CHECK(reference::same_bits<float>(net.parameters(), trained(2).parameters()));
    // What the mean image alone would lose.
    double mean_loss = 0;
    for (std::size_t k = 0; k < 784; ++k) {
        double mean = 0;
        for (std::size_t i = 0; i < digits.size(); ++i) mean += digits.image(i)[k] / 255.0 / 400;
        if (mean > 0 && mean < 1) mean_loss -= (mean * std::log(mean) + (1 - mean) * std::log(1 - mean)) / 784;
    }
    CHECK(nib::evaluate(net, nib::Autoencoding{digits}, nib::BceWithLogitsLoss{}).loss < 0.85 * mean_loss);
}

TEST_CASE("PReLU and LayerNorm of one's own: checked, trained, saved, loaded and exported") {
    nib::Rng rng{5};
    nib::BasicSequential<double, nib::Dense<4, 7>, OwnLayerNorm, OwnPReLU, nib::Dense<7, 3>, nib::LogSoftmax> in_double{
        rng};
    CHECK(reference::network_gradient_error(in_double, reference::random_matrix<double>(5, 4, rng), rng) < 1e-7);

    using Net = nib::Sequential<nib::Dense<784, 32>, OwnLayerNorm, OwnPReLU, nib::Dense<32, 10>, nib::LogSoftmax>;
    using Same = nib::Sequential<nib::Dense<784, 32>, nib::LayerNorm, nib::Dense<32, 10>, nib::LogSoftmax>;
    const nib::Dataset digits = nib::synthetic_digits(600, 1);
    Net net{rng};
    nib::Adam adam{net, {.learning_rate = 3e-3}};
    nib::fit(net, adam, digits, {.epochs = 8}, rng);
    CHECK(nib::accuracy(net, digits) > 0.9);

    const support::TemporaryDirectory folder;
    nib::save(net, folder.path("own.safetensors"));
    Net loaded;
    nib::load(loaded, folder.path("own.safetensors"));
    CHECK(reference::same_bits<float>(net.parameters(), loaded.parameters()));
    nib::save_onnx(net, folder.path("own.onnx"));
    CHECK(nib::read_file(folder.path("own.onnx")).find("PRelu") != std::string::npos);
    // As nib's own.
    const nib::Sequential<nib::Dense<784, 32>, OwnLayerNorm, nib::Dense<32, 10>, nib::LogSoftmax> own{rng};
    Same same;
    for (std::size_t i = 0; i < own.parameters().size(); ++i) same.parameters()[i] = own.parameters()[i];
    const nib::Evaluation a = nib::evaluate(own, digits), b = nib::evaluate(same, digits);
    CHECK(a.loss == doctest::Approx(b.loss).epsilon(1e-5));
}
