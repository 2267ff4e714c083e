#include <nib/model/predict.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/data/examples.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/softmax.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace {

using Small = nib::Sequential<nib::Dense<2, 3>, nib::LogSoftmax>;

// Logits x0, x1 and 0.
template <class Net>
void make_identity(Net& net) {
    std::ranges::fill(net.parameters(), 0.0f);
    net.parameters()[0] = 1;
    net.parameters()[4] = 1;
}

// Runs the parts one after the other, in the order from the last to the first, and counts the runs.
class Backwards final : public nib::Executor {
public:
    explicit Backwards(std::size_t size) : size_{size} {}
    std::size_t size() const override { return size_; }
    int runs = 0;
    bool running = false;

private:
    void run_parts(std::size_t parts, Part part, const void* job) override {
        ++runs;
        running = true;
        while (parts-- > 0) part(job, parts);
        running = false;
    }

    std::size_t size_;
};

// A network that counts the examples which no part of a run takes through it.
struct Counted {
    using scalar_type = float;

    std::size_t input_size() const { return net.input_size(); }
    std::size_t output_size() const { return net.output_size(); }
    bool gives_log_probabilities() const { return net.gives_log_probabilities(); }
    auto view() const { return net.view(); }
    nib::MatrixView<const float> forward(const nib::kernels::InputView<float>& x,
                                         nib::Workspace<float>& workspace) const {
        if (!executor.running) alone += x.rows();
        return net.forward(x, workspace);
    }

    const nib::Mlp& net;
    const Backwards& executor;
    mutable std::size_t alone = 0;
};

}  // namespace

TEST_CASE_TEMPLATE("predict gives the most likely class, probabilities what softmax says", Net, Small, nib::Mlp) {
    auto net = [] {
        if constexpr (std::is_same_v<Net, nib::Mlp>)
            return nib::Mlp{{2, 3}};
        else
            return Net{};
    }();
    make_identity(net);
    CHECK(nib::predict(net, std::vector<float>{2, 1}) == 0);
    CHECK(nib::predict(net, std::vector<float>{1, 2}) == 1);
    CHECK(nib::predict(net, std::vector<float>{-1, -2}) == 2);
    CHECK(nib::predict(net, std::vector<float>{1, 1}) == 0);  // the first of equals

    const auto p = nib::probabilities(net, std::vector<float>{2, 1});
    const double sum = std::exp(2.0) + std::exp(1.0) + 1;
    CHECK(static_cast<double>(p[0]) == doctest::Approx(std::exp(2.0) / sum).epsilon(1e-6));
    CHECK(static_cast<double>(p[2]) == doctest::Approx(1 / sum).epsilon(1e-6));

    nib::Matrix<float> batch(3, 2);
    batch(0, 0) = 2;
    batch(1, 1) = 2;
    batch(2, 0) = batch(2, 1) = -1;
    CHECK(nib::predict(net, batch) == std::vector<int>{0, 1, 2});
    const auto all = nib::probabilities(net, batch);
    REQUIRE(all.rows() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto one = nib::probabilities(net, batch.row(i));
        CHECK(std::ranges::equal(one, all.row(i)));
        CHECK(static_cast<double>(all(i, 0) + all(i, 1) + all(i, 2)) == doctest::Approx(1).epsilon(1e-6));
    }
}

TEST_CASE_TEMPLATE("top_k gives the most likely classes in order, with what probabilities says", Net, Small, nib::Mlp) {
    auto net = [] {
        if constexpr (std::is_same_v<Net, nib::Mlp>)
            return nib::Mlp{{2, 3}};
        else
            return Net{};
    }();
    make_identity(net);
    using Best = nib::ScoredClass<float>;
    const auto labels = [](std::span<const Best> best) {
        std::vector<int> result;
        for (const Best& entry : best) result.push_back(entry.label);
        return result;
    };
    nib::Matrix<float> batch(4, 2);
    const float numbers[] = {2, 1, -1, -2, 0, 0, 1, 2};
    std::ranges::copy(numbers, batch.data());
    const std::vector<int> orders[] = {{0, 1, 2}, {2, 0, 1}, {0, 1, 2}, {1, 0, 2}};
    nib::Workspace<float> workspace;
    for (std::size_t k = 1; k <= 3; ++k) {
        const nib::Matrix<Best> all = nib::top_k(net, batch, k);
        REQUIRE(all.cols() == k);
        for (std::size_t i = 0; i < 4; ++i) {
            const std::vector<Best> best = nib::top_k(net, batch.row(i), k);
            CHECK(labels(best) == std::vector(orders[i].begin(), orders[i].begin() + static_cast<std::ptrdiff_t>(k)));
            CHECK(labels(all.row(i)) == labels(best));
            const auto probabilities = nib::probabilities(net, batch.row(i));
            std::vector<Best> in_place(k), in_workspace(k);
            nib::top_k(net, batch.row(i), in_place);
            nib::top_k(net, batch.row(i), in_workspace, workspace);
            CHECK(labels(in_place) == labels(best));
            CHECK(labels(in_workspace) == labels(best));
            for (std::size_t j = 0; j < k; ++j) {
                CHECK(best[j].score == probabilities[static_cast<std::size_t>(best[j].label)]);
                CHECK(all(i, j).score == best[j].score);
            }
            CHECK(nib::predict(net, batch.row(i), workspace) == orders[i][0]);
            CHECK(std::ranges::equal(nib::probabilities(net, batch.row(i), workspace), probabilities));
        }
    }
    for (const std::size_t k : {0u, 4u}) {
        const std::string error = "top_k: expected k from 1 to 3, the network's outputs, found " + std::to_string(k);
        std::vector<Best> best(k);
        CHECK(support::error_of([&] { return nib::top_k(net, batch.row(0), k); }) == error);
        CHECK(support::error_of([&] { return nib::top_k(net, batch, k); }) == error);
        CHECK(support::error_of([&] { return nib::top_k(net, batch.row(0), best), 0; }) == error);
        CHECK(support::error_of([&] { return nib::top_k(net, batch.row(0), best, workspace), 0; }) == error);
    }
}

TEST_CASE(
    "top_k orders any number of outputs as a stable sort does; where they are no logarithms, they are the scores") {
    nib::Mlp net{{1, 200}, {.output = {}}};
    nib::Rng rng{3};
    std::vector<float> outputs(200);
    for (float& output : outputs) output = static_cast<float>(rng.below(40));  // many are equal
    const auto sorted = [&] {
        std::vector<int> order(outputs.size());
        std::iota(order.begin(), order.end(), 0);
        std::ranges::stable_sort(order, [&](int a, int b) {
            const float x = outputs[static_cast<std::size_t>(a)], y = outputs[static_cast<std::size_t>(b)];
            return std::isnan(x) ? !std::isnan(y) : x > y;
        });
        return order;
    };
    for (const bool nan : {false, true}) {
        if (nan) outputs[7] = outputs[150] = std::nanf("");
        std::ranges::copy(outputs, net.parameters().begin());
        const std::vector<int> order = sorted();
        CHECK(nib::predict(net, std::vector<float>{1}) == order[0]);
        for (const std::size_t k : {1u, 2u, 17u, 199u, 200u}) {
            const auto best = nib::top_k(net, std::vector<float>{1}, k);
            for (std::size_t j = 0; j < k; ++j) {
                CHECK(best[j].label == order[j]);
                if (!nan) CHECK(best[j].score == outputs[static_cast<std::size_t>(order[j])]);
            }
            CHECK(std::isnan(best[0].score) == nan);
        }
    }
}

TEST_CASE("threads take their parts of a batch through the network alone, with the same results") {
    nib::Rng rng{8};
    const nib::Mlp net{{784, 64, 10}, rng};
    for (const std::size_t rows : {1u, 63u, 300u, 517u}) {
        nib::Matrix<float> examples(rows, 784);
        for (float& value : examples.values())
            value = rng.below(3) == 0 ? static_cast<float>(rng.uniform(-1, 1)) : 0.0f;
        for (float& value : examples.view().middle_rows(rows / 2, rows / 4).values()) value += 0.5f;  // without zeros
        const std::vector<int> classes = nib::predict(net, examples);
        const nib::Matrix<float> expected = nib::probabilities(net, examples);
        for (const std::size_t threads : {1u, 2u, 3u, 5u}) {
            CAPTURE(rows);
            CAPTURE(threads);
            Backwards executor{threads};
            nib::Workspace<float> workspace{&executor};
            CHECK(nib::predict(net, examples, workspace) == classes);
            CHECK(executor.runs == (rows >= 300 && threads > 1 ? 1 : 0));
            CHECK(std::ranges::equal(nib::probabilities(net, examples, workspace).values(), expected.values()));
            const auto best = nib::top_k(net, examples, 1, workspace);
            for (std::size_t i = 0; i < rows; ++i) CHECK(best(i, 0).label == classes[i]);
            const Counted counted{net, executor};
            CHECK(nib::predict(counted, examples, workspace) == classes);
            CHECK(counted.alone == (rows >= 300 && threads > 1 ? 0 : rows));
        }
    }
}

TEST_CASE("an image's bytes are scaled as a data set's are") {
    nib::Rng rng{6};
    const nib::Sequential<nib::Dense<784, 10>, nib::LogSoftmax> net{rng};
    nib::Image image{28, 28, std::vector<std::uint8_t>(784)};
    nib::Dataset data;
    data.rows = data.cols = 28;
    data.labels = {0};
    for (std::uint8_t& pixel : image.pixels) pixel = static_cast<std::uint8_t>(rng.below(256));
    data.pixels.assign(image.pixels.begin(), image.pixels.end());
    std::vector<float> x(784);
    nib::copy_example<float>(data, 0, x);
    CHECK(nib::predict(net, image) == nib::predict(net, x));
    CHECK(nib::predict(net, data.image(0)) == nib::predict(net, x));
    CHECK(nib::probabilities(net, image) == nib::probabilities(net, x));
    CHECK(nib::probabilities(net, data.image(0)) == nib::probabilities(net, x));
    CHECK(nib::top_k(net, image, 3)[2].label == nib::top_k(net, x, 3)[2].label);
    image.pixels.pop_back();
    CHECK(support::error_of([&] { return nib::predict(net, image); }) ==
          "the network takes 784 features, the example has 783");
}

TEST_CASE("an example of the wrong size is an error that names both sizes") {
    const Small net;
    CHECK(support::error_of([&] { return nib::predict(net, std::vector<float>(3)); }) ==
          "the network takes 2 features, the example has 3");
    CHECK(support::error_of([&] { return nib::predict(net, nib::Matrix<float>(4, 5)); }) ==
          "the network takes 2 features, the example has 5");
}

TEST_CASE("probabilities need a network that gives them or their logarithms") {
    const nib::Sequential<nib::Dense<2, 3>> net;
    CHECK(support::error_of([&] { return nib::probabilities(net, std::vector<float>(2)); }) ==
          "probabilities: expected a log-softmax or a softmax as the last layer; the outputs are neither probabilities "
          "nor their logarithms");
    CHECK(nib::predict(net, std::vector<float>(2)) == 0);

    nib::Rng rng{8};
    const nib::Sequential<nib::Dense<2, 3>, nib::Softmax> softmax{rng};
    Small logarithms;
    std::ranges::copy(softmax.parameters(), logarithms.parameters().begin());
    nib::Matrix<float> x(2, 2);
    x(1, 0) = 3;
    nib::Workspace<float> workspace;
    const auto all = nib::probabilities(softmax, x), expected = nib::probabilities(logarithms, x);
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(std::ranges::equal(nib::probabilities(softmax, x.row(i)), all.row(i)));
        CHECK(std::ranges::equal(nib::probabilities(softmax, x.row(i), workspace), all.row(i)));
        for (std::size_t c = 0; c < 3; ++c) CHECK(all(i, c) == doctest::Approx(expected(i, c)).epsilon(1e-6));
        const auto best = nib::top_k(softmax, x.row(i), 3);
        CHECK(best[0].score == all(i, static_cast<std::size_t>(best[0].label)));
        CHECK(best[0].label == nib::predict(logarithms, x.row(i)));
    }
}

TEST_CASE_TEMPLATE("inputs that are not finite give class 0 and probabilities that are NaN", Net, Small, nib::Mlp) {
    auto net = [] {
        nib::Rng rng{1};
        if constexpr (std::is_same_v<Net, nib::Mlp>)
            return nib::Mlp{{2, 5, 3}, rng};
        else
            return Net{rng};
    }();
    net.parameters().back() = 10;  // of the last class's bias: it is the most likely one
    const std::vector<float> good{0.5f, 0.25f};
    REQUIRE(nib::predict(net, good) == 2);
    const float nan = std::nanf(""), infinite = std::numeric_limits<float>::infinity();
    for (const std::vector<float>& bad :
         {std::vector{nan, 0.0f}, std::vector{0.0f, nan}, std::vector{nan, nan}, std::vector{infinite, -infinite}}) {
        CAPTURE(bad);
        CHECK(nib::predict(net, bad) == 0);
        CHECK(nib::top_k(net, bad, 2)[0].label == 0);
        CHECK(std::isnan(nib::top_k(net, bad, 2)[0].score));
        for (const float p : nib::probabilities(net, bad)) CHECK(std::isnan(p));
        nib::Matrix<float> batch(40, 2);  // more rows than a tile has; every third is bad
        for (std::size_t i = 0; i < batch.rows(); ++i)
            std::ranges::copy(i % 3 == 0 ? bad : good, batch.view().row(i).begin());
        const auto classes = nib::predict(net, batch.view());
        const auto p = nib::probabilities(net, batch.view());
        for (std::size_t i = 0; i < batch.rows(); ++i) {
            CHECK(classes[i] == (i % 3 == 0 ? 0 : 2));
            CHECK(std::isnan(p.view()(i, 1)) == (i % 3 == 0));
        }
    }
}

namespace {

// The largest number is that of the least likely class.
struct Unlikely : nib::LogSoftmax {
    template <class T>
    static void forward(const nib::Pass<T>& pass, nib::MatrixView<const T> x, nib::MatrixView<T> y) {
        nib::LogSoftmax::forward(pass, x, y);
        for (std::size_t i = 0; i < y.rows(); ++i)
            for (T& value : y.row(i)) value = -value;
    }
};

// y = x. Counts the examples.
template <std::size_t Size>
struct Copy {
    using keeps_largest = Copy;
    static constexpr std::size_t input_size = Size, output_size = Size;
    static constexpr bool accepts_sparse = true;
    static inline std::size_t runs = 0;

    template <class T>
    static void forward(const nib::Pass<T>&, const nib::kernels::InputView<T>& x, nib::MatrixView<T> y) {
        runs += x.rows();
        const nib::Matrix<T> values = reference::dense(x);
        std::ranges::copy(values.values(), y.data());
    }
    template <class T>
    static void backward_input(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                               nib::MatrixView<const T> dy, nib::MatrixView<T> dx) {
        std::copy_n(dy.data(), dy.size(), dx.data());
    }
};

// Never class 2.
struct WithoutTwo : Small {
    std::array<float, 3> operator()(std::span<const float> x) const {
        std::array<float, 3> y = Small::operator()(x);
        y[2] = -100;
        return y;
    }
};

template <class T, class... Last>
using EndsIn = nib::BasicSequential<T, nib::Dense<2, 3>, Last...>;

}  // namespace

TEST_CASE_TEMPLATE("predict is the largest output also where rounding makes outputs equal", Net, Small, EndsIn<float>,
                   EndsIn<float, nib::Softmax>, EndsIn<double, nib::LogSoftmax>, EndsIn<double, nib::Softmax>,
                   EndsIn<float, Unlikely>) {
    using T = typename Net::scalar_type;
    Net net;
    make_identity(net);
    const auto check = [&](T x0, T x1) {
        const std::vector<T> x{x0, x1};
        const auto outputs = net(x);
        CAPTURE(x0);
        CAPTURE(x1);
        const auto largest = std::find_if(outputs.begin(), outputs.end(), [&](T output) {
            return std::isnan(output) ||
                   std::all_of(outputs.begin(), outputs.end(), [&](T other) { return other <= output; });
        });
        CHECK(nib::predict(net, x) == largest - outputs.begin());
    };
    constexpr T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    std::vector<T> values{0, -infinity, infinity, nan, std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest()};
    for (const float base : {1e-20f, 0.001f, 0.5f, 1.0f, 3.0f, 20.0f, 90.0f, 800.0f, 5000.0f})
        for (const T x : {T{base}, T{-base}}) {
            values.push_back(x);
            for (int exponent = -70; exponent < 0; ++exponent)
                for (const T nearer : {T{-1}, T{1}}) check(x, x + nearer * std::ldexp(T{1}, exponent));
        }
    for (const T x0 : values)
        for (const T x1 : values) check(x0, x1);
}

TEST_CASE("predict leaves out a last layer that keeps the largest number, but where that is in doubt") {
    nib::Sequential<nib::Dense<2, 3>, Copy<3>> net;
    make_identity(net);
    Copy<3>::runs = 0;
    CHECK(nib::predict(net, std::vector<float>{1, 2}) == 1);
    CHECK(Copy<3>::runs == 0);
    CHECK(nib::predict(net, std::vector<float>{2, std::nextafter(2.0f, 3.0f)}) == 1);
    CHECK(Copy<3>::runs == 1);
    // The only layer of a network may be given a sparse example, and is not left out.
    const nib::Sequential<Copy<64>> only;
    std::vector<float> x(64);
    x[9] = 1;
    CHECK(nib::predict(only, x) == 9);
    CHECK(Copy<64>::runs == 1);
}

TEST_CASE_TEMPLATE("predict knows subnormal outputs apart", T, float, double) {
    nib::BasicSequential<T, nib::Dense<2, 3>> net;
    for (std::size_t i = 0; i < 3; ++i)
        net.parameters()[6 + i] = static_cast<T>(i + 1) * std::numeric_limits<T>::denorm_min();
    CHECK(nib::predict(net, std::vector<T>{0, 0}) == 2);
}

TEST_CASE("predict of a network that derives from a Sequential is that of its own outputs") {
    WithoutTwo net;
    make_identity(net);
    CHECK(nib::predict(net, std::vector<float>{-1, -2}) == 0);
    CHECK(nib::predict(static_cast<const Small&>(net), std::vector<float>{-1, -2}) == 2);
}

TEST_CASE("argmax is that of apply's outputs, with buffers and of more classes than log-softmax takes at once") {
    nib::Rng rng{3};
    nib::Sequential<nib::Dense<5, 100>, nib::BatchNorm, nib::LogSoftmax> net{rng};
    for (float& value : net.buffers()) value = static_cast<float>(rng.uniform(0.5, 2));
    const nib::Matrix<float> examples = reference::random_matrix<float>(50, 5, rng);
    std::vector<int> classes;
    for (std::size_t i = 0; i < examples.rows(); ++i) {
        const auto outputs = net(examples.row(i));
        classes.push_back(static_cast<int>(std::max_element(outputs.begin(), outputs.end()) - outputs.begin()));
        CHECK(net.argmax(net.parameters(), examples.row(i), net.buffers()) == classes.back());
    }
    CHECK(nib::predict(net, examples) == classes);
    CHECK(std::count(classes.begin(), classes.end(), classes[0]) < 50);
}
