#include <nib/data/batches.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/core/threads.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using nib::batches;
using nib::Dataset;
using nib::Examples;
using nib::Matrix;

// Images of 2 x 3 pixels; image i has the pixels i, i + 1, …, i + 5 and the label 10 i.
Dataset numbered_images(std::size_t count) {
    Dataset data{.rows = 2, .cols = 3, .pixels = {}, .labels = {}, .name = "numbered"};
    for (std::size_t i = 0; i < count; ++i) {
        data.labels.push_back(static_cast<int>(10 * i));
        for (std::size_t j = 0; j < 6; ++j) data.pixels.push_back(static_cast<std::uint8_t>(i + j));
    }
    return data;
}

// The labels in the order in which they come.
template <class Range>
std::vector<int> labels_of(Range&& range) {
    std::vector<int> labels;
    for (const auto& batch : range) labels.insert(labels.end(), batch.targets.begin(), batch.targets.end());
    return labels;
}

template <class Range>
std::vector<std::size_t> sizes_of(Range&& range) {
    std::vector<std::size_t> sizes;
    for (const auto& batch : range) sizes.push_back(batch.size());
    return sizes;
}

}  // namespace

TEST_CASE("every example comes exactly once, with its own label") {
    const Dataset data = numbered_images(37);
    for (const std::size_t size : reference::Sizes{1, 2, 5, 36, 37}) {
        CAPTURE(size);
        nib::Rng rng{1};
        std::vector<int> labels;
        for (const auto& batch : batches(data, size, rng)) {
            REQUIRE(batch.inputs.rows() == batch.targets.size());
            REQUIRE(batch.inputs.cols() == 6);
            for (std::size_t i = 0; i < batch.targets.size(); ++i) {
                const int label = batch.targets[i];
                for (std::size_t j = 0; j < 6; ++j)
                    CHECK(reference::dense(batch.inputs)(i, j) ==
                          static_cast<float>(label / 10 + static_cast<int>(j)) / 255.0f);
                labels.push_back(label);
            }
        }
        std::sort(labels.begin(), labels.end());
        CHECK(labels == data.labels);
    }
}

TEST_CASE("the last batch is short where the size does not divide the number of examples") {
    const Dataset data = numbered_images(10);
    using Sizes = std::vector<std::size_t>;
    CHECK(sizes_of(batches(data, 4)) == Sizes{4, 4, 2});
    CHECK(sizes_of(batches(data, 5)) == Sizes{5, 5});
    CHECK(sizes_of(batches(data, 1)) == Sizes(10, 1));
    CHECK(sizes_of(batches(data, 10)) == Sizes{10});
    CHECK(sizes_of(batches(data, 1000)) == Sizes{10});
}

TEST_CASE("a range of batches knows how many there are") {
    const Dataset data = numbered_images(10);
    for (const std::size_t size : reference::Sizes{1, 3, 4, 5, 9, 10, 11})
        CHECK(batches(data, size).size() == sizes_of(batches(data, size)).size());
    CHECK(batches(numbered_images(0), 5).size() == 0);
}

TEST_CASE("the order is the seed's, and another in every round") {
    const Dataset data = numbered_images(50);
    nib::Rng rng{7}, same{7}, other{8};
    const std::vector<int> first = labels_of(batches(data, 8, rng));
    CHECK(first != data.labels);
    CHECK(labels_of(batches(data, 8, same)) == first);
    CHECK(labels_of(batches(data, 8, other)) != first);
    CHECK(labels_of(batches(data, 8, rng)) != first);
    nib::Rng again{7};
    CHECK(labels_of(batches(data, 13, again)) == first);
}

TEST_CASE("the order is Rng::shuffle's of 0, 1, 2, …") {
    const Dataset data = numbered_images(20);
    nib::Rng rng{3}, same{3};
    std::vector<std::uint32_t> order(20);
    std::iota(order.begin(), order.end(), 0u);
    same.shuffle(std::span{order});
    std::vector<int> expected;
    for (const std::uint32_t index : order) expected.push_back(data.labels[index]);
    CHECK(labels_of(batches(data, 6, rng)) == expected);
    CHECK(rng() == same());
}

TEST_CASE("without a generator the examples come in the data's own order") {
    const Dataset data = numbered_images(20);
    CHECK(labels_of(batches(data, 6)) == data.labels);
}

TEST_CASE_TEMPLATE("bytes are scaled to [0, 1]", T, float, double) {
    Dataset data{.rows = 16, .cols = 16, .pixels = {}, .labels = {4}, .name = ""};
    data.pixels.resize(256);
    std::iota(data.pixels.begin(), data.pixels.end(), std::uint8_t{0});
    const auto range = batches<T>(data, 1);
    auto copy = range;
    const nib::Batch<T> batch = *copy.begin();
    for (std::size_t j = 0; j < 256; ++j) CHECK(reference::dense(batch.inputs)(0, j) == static_cast<T>(j) / T{255});
}

TEST_CASE_TEMPLATE("threads gather the same batches, as lists and as copies", T, float, double) {
    nib::Rng rng{4};
    for (const double zeros : {0.8, 0.1}) {
        Dataset data{.rows = 28, .cols = 28, .pixels = {}, .labels = std::vector<int>(200), .name = ""};
        for (std::size_t i = 0; i < 200 * 784; ++i)
            data.pixels.push_back(rng.uniform() < zeros ? std::uint8_t{0} : static_cast<std::uint8_t>(rng.below(256)));
        nib::ThreadPool pool{3};
        auto one = batches<T>(data, 150), three = batches<T>(data, 150, &pool);
        auto expected = one.begin();
        for (const nib::Batch<T>& batch : three) {
            CHECK(batch.inputs.is_sparse() == (zeros > 0.5));
            CHECK(batch.inputs.is_sparse() == expected->inputs.is_sparse());
            CHECK(reference::same_bits<T>(reference::dense(batch.inputs).values(),
                                          reference::dense(expected->inputs).values()));
            ++expected;
        }
        CHECK(expected == one.end());
    }
}

namespace {

// A user's data set of one number each, which writes down what happens to its examples: prefetched (true) or copied.
struct Watched {
    std::size_t count;
    std::vector<std::pair<std::size_t, bool>>* events;

    std::size_t size() const { return count; }
    std::size_t input_size() const { return 1; }
};
int target_of(const Watched&, std::size_t index) { return static_cast<int>(index); }
void copy_example(const Watched& data, std::size_t index, std::span<float> to) {
    data.events->emplace_back(index, false);
    to[0] = static_cast<float>(index);
}
void prefetch_example(const Watched& data, std::size_t index) { data.events->emplace_back(index, true); }

}  // namespace

TEST_CASE("each example is prefetched while the one sixteen before it is copied, but the first") {
    for (const std::size_t size : reference::Sizes{1, 7, 16, 25, 40}) {
        CAPTURE(size);
        std::vector<std::pair<std::size_t, bool>> events, expected;
        const Watched data{40, &events};
        std::vector<std::uint32_t> order(40);
        for (std::size_t i = 0; i < 40; ++i) order[i] = static_cast<std::uint32_t>(39 - i);
        std::vector<int> labels = labels_of(batches<float>(data, size, order));
        CHECK(labels.size() == 40);
        for (std::size_t i = 0; i < 40; ++i) {
            if (i + 16 < 40) expected.emplace_back(order[i + 16], true);
            expected.emplace_back(order[i], false);
        }
        CHECK(events == expected);
    }
}

TEST_CASE("every batch lies in the same memory") {
    const Dataset data = numbered_images(10);
    std::set<const float*> inputs;
    std::set<const int*> targets;
    for (const auto& batch : batches(data, 3)) {
        inputs.insert(batch.inputs.matrix().data());
        targets.insert(batch.targets.data());
    }
    CHECK(inputs.size() == 1);
    CHECK(targets.size() == 1);
}

TEST_CASE("a batch larger than the data takes no more memory than the data") {
    const Dataset data = numbered_images(3);
    auto range = batches(data, static_cast<std::size_t>(-1));
    CHECK(range.size() == 1);
    CHECK((*range.begin()).inputs.rows() == 3);
}

TEST_CASE("no data gives no batch") {
    const Dataset none = numbered_images(0);
    nib::Rng rng{1};
    CHECK(sizes_of(batches(none, 5)).empty());
    CHECK(sizes_of(batches(none, 5, rng)).empty());
    const Matrix<float> matrix(0, 4);
    const std::vector<int> classes;
    const Examples examples{matrix, classes};
    CHECK(sizes_of(batches(examples, 5)).empty());
}

TEST_CASE("a batch size of 0 is an error") {
    const Dataset data = numbered_images(3), none = numbered_images(0);
    nib::Rng rng{1};
    const std::string message = "batches: expected a batch size of at least 1, found 0";
    CHECK(support::error_of([&] { return batches(data, 0); }) == message);
    CHECK(support::error_of([&] { return batches(data, 0, rng); }) == message);
    CHECK(support::error_of([&] { return batches(none, 0); }) == message);
}

TEST_CASE_TEMPLATE("a user's own matrix is an example source", T, float, double) {
    nib::Rng rng{1};
    const Matrix<T> inputs = reference::random_matrix<T>(7, 3, rng);
    const std::vector<int> classes{0, 1, 2, 3, 4, 5, 6};
    const Examples examples{inputs, classes};
    static_assert(std::is_same_v<decltype(examples), const Examples<T>>);
    CHECK(examples.size() == 7);
    CHECK(examples.input_size() == 3);
    CHECK(labels_of(batches<T>(examples, 2)) == classes);
    std::size_t count = 0;
    for (const auto& batch : batches<T>(examples, 2, rng)) {
        const Matrix<T> matrix = reference::dense(batch.inputs);
        for (std::size_t i = 0; i < batch.size(); ++i, ++count)
            CHECK(reference::same_bits<T>(std::as_const(matrix).row(i),
                                          inputs.row(static_cast<std::size_t>(batch.targets[i]))));
    }
    CHECK(count == 7);
}

TEST_CASE("a range over a temporary keeps it alive") {
    const std::vector<int> expected = numbered_images(9).labels;
    CHECK(labels_of(batches(numbered_images(9), 4)) == expected);
    nib::Rng rng{1};
    std::vector<int> shuffled = labels_of(batches(numbered_images(9), 4, rng));
    std::sort(shuffled.begin(), shuffled.end());
    CHECK(shuffled == expected);
    const Matrix<float> inputs(3, 2);
    const std::vector<int> classes{5, 6, 7};
    CHECK(labels_of(batches(Examples{inputs, classes}, 2)) == classes);
}

TEST_CASE("a range over a data set that has a name copies nothing of it") {
    Dataset data = numbered_images(3);
    auto range = batches(data, 3);
    data.pixels[0] = 255;
    CHECK(reference::dense((*range.begin()).inputs)(0, 0) == 1.0f);
}

TEST_CASE("batches are of the examples' own number type, float for bytes, or of the one asked for") {
    const Dataset data = numbered_images(1);
    const Matrix<double> inputs(1, 2);
    const std::vector<int> classes{0};
    const Examples examples{inputs, classes};
    static_assert(std::is_same_v<decltype(*batches(data, 1).begin()), const nib::Batch<float>&>);
    static_assert(std::is_same_v<decltype(*batches<double>(data, 1).begin()), const nib::Batch<double>&>);
    static_assert(std::is_same_v<decltype(*batches(examples, 1).begin()), const nib::Batch<double>&>);
}

TEST_CASE("a caller's own order may leave out examples and repeat them") {
    const Dataset data = numbered_images(5);
    CHECK(labels_of(batches(data, 2, std::vector<std::uint32_t>{4, 0, 4, 2, 4})) ==
          std::vector<int>{40, 0, 40, 20, 40});
    CHECK(sizes_of(batches(data, 2, std::vector<std::uint32_t>{4, 0, 4, 2, 4})) == std::vector<std::size_t>{2, 2, 1});
    CHECK(sizes_of(batches(data, 2, std::vector<std::uint32_t>{})).empty());
}

TEST_CASE("an order with an index that is no example's is an error") {
    const Dataset data = numbered_images(5);
    CHECK(support::error_of([&] {
              return batches(data, 2, std::vector<std::uint32_t>{0, 5, 1});
          }) == "batches: expected indices below 5, the number of examples, found 5");
    CHECK(support::error_of([&] { return batches(data, 2, std::vector<std::uint32_t>{4}); }) == "");
}

TEST_CASE("a batch's rows are known as examples of the data") {
    nib::Matrix<float> x(7, 1);
    for (std::size_t i = 0; i < x.rows(); ++i) x(i, 0) = static_cast<float>(i);
    const std::vector<int> classes(x.rows());
    nib::Rng rng{5};
    auto batches = nib::batches(nib::Examples{x, classes}, 3, rng);
    std::size_t number = 0, seen = 0;
    for (const auto& batch : batches) {
        for (std::size_t row = 0; row < batch.targets.size(); ++row, ++seen)
            CHECK(reference::dense(batch.inputs)(row, 0) == static_cast<float>(batches.example(number, row)));
        ++number;
    }
    CHECK(seen == 7);
}

TEST_CASE_TEMPLATE("rows of targets and weights come with their inputs, shuffled or not", T, float, double) {
    nib::Rng rng{1};
    const Matrix<T> inputs = reference::random_matrix<T>(7, 3, rng), targets = reference::random_matrix<T>(7, 2, rng);
    const std::vector<T> weights{0, 10, 20, 30, 40, 50, 60};
    const Examples examples = Examples{inputs, targets}.weighted_by(weights);
    CHECK(batches(Examples{inputs, targets}, 3).begin()->weights.empty());
    nib::Rng shuffled{5};
    for (const bool shuffle : {false, true}) {
        auto range = shuffle ? batches(examples, 3, shuffled) : batches(examples, 3);
        static_assert(std::is_same_v<decltype(*range.begin()), const nib::Batch<T, T>&>);
        std::size_t number = 0, seen = 0;
        for (const auto& batch : range) {
            REQUIRE(batch.size() == (number < 2 ? 3 : 1));
            REQUIRE(batch.targets.rows() == batch.size());
            REQUIRE(batch.targets.cols() == 2);
            REQUIRE(batch.weights.size() == batch.size());
            const Matrix<T> rows = reference::dense(batch.inputs);
            for (std::size_t i = 0; i < batch.size(); ++i, ++seen) {
                const std::size_t example = range.example(number, i);
                if (!shuffle) CHECK(example == seen);
                CHECK(reference::same_bits<T>(std::as_const(rows).row(i), inputs.row(example)));
                CHECK(reference::same_bits<T>(batch.targets.row(i), targets.row(example)));
                CHECK(batch.weights[i] == weights[example]);
            }
            ++number;
        }
        CHECK(seen == 7);
    }
}

TEST_CASE("a batch knows its place in the epoch, and the epoch's key") {
    const Dataset data = numbered_images(8);
    const auto keys = [&](auto&& range) {
        std::set<std::uint64_t> found;
        std::uint64_t step = 0;
        for (const auto& batch : range) {
            CHECK(batch.step == step);
            CHECK(batch.first_row == 3 * step);
            found.insert(batch.key);
            ++step;
        }
        CHECK(step == 3);
        REQUIRE(found.size() == 1);
        return *found.begin();
    };
    CHECK(keys(batches(data, 3)) == 0);
    CHECK(keys(batches(data, 3, std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7})) == 0);
    // Another one in each epoch, and the same again where a generator goes on from a kept state.
    nib::Rng rng{1};
    std::set<std::uint64_t> seen{0};
    for (int epoch = 0; epoch < 20; ++epoch) {
        nib::Rng resumed{rng.state()};
        const std::uint64_t key = keys(batches(data, 3, rng));
        CHECK(seen.insert(key).second);
        CHECK(keys(batches(data, 3, resumed)) == key);
    }
    // Also where there is nothing to shuffle.
    const Dataset one = numbered_images(1);
    const std::uint64_t first = batches(one, 1, rng).begin()->key;
    CHECK(batches(one, 1, rng).begin()->key != first);
}
