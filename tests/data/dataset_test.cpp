#include <nib/data/dataset.hpp>

#include "../support.hpp"

#include <string>
#include <utility>
#include <vector>

TEST_CASE("a dataset made without arguments is empty") {
    const nib::Dataset dataset;
    CHECK(dataset.size() == 0);
    CHECK(dataset.input_size() == 0);
}

TEST_CASE("a dataset has as many images as labels, and shows each") {
    nib::Dataset dataset;
    dataset.rows = 2;
    dataset.cols = 3;
    dataset.pixels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    dataset.labels = {4, 2};
    CHECK(dataset.size() == 2);
    CHECK(dataset.input_size() == 6);
    CHECK(dataset.image(0).data() == dataset.pixels.data());
    CHECK(dataset.image(1).size() == 6);
    CHECK(dataset.image(1).front() == 6);
    CHECK(dataset.image(1).back() == 11);
}

TEST_CASE("appended images stand behind those that were there, with their labels") {
    nib::Dataset dataset;
    dataset.rows = 1;
    dataset.cols = 2;
    dataset.pixels = {1, 2};
    dataset.labels = {7};
    dataset.name = "first";
    nib::Dataset more = dataset;
    more.pixels = {3, 4, 5, 6};
    more.labels = {8, 9};
    more.name = "second";
    nib::append(dataset, more);
    CHECK(dataset.labels == std::vector<int>{7, 8, 9});
    CHECK(std::vector<int>(dataset.pixels.begin(), dataset.pixels.end()) == std::vector<int>{1, 2, 3, 4, 5, 6});
    CHECK(dataset.image(2).front() == 5);
    CHECK(dataset.name == "first");
    CHECK(more.size() == 2);

    more.pixels.clear();
    more.labels.clear();
    nib::append(dataset, more);
    CHECK(dataset.size() == 3);
}

TEST_CASE("images of another size are not appended, even where they have as many pixels") {
    nib::Dataset dataset;
    dataset.rows = 2;
    dataset.cols = 3;
    dataset.pixels = {0, 1, 2, 3, 4, 5};
    dataset.labels = {4};
    nib::Dataset more = dataset;
    std::swap(more.rows, more.cols);
    const std::string error = support::error_of([&] {
        nib::append(dataset, more);
        return 0;
    });
    CHECK(error == "append: expected images of 2x3 pixels, found 3x2");
    CHECK(dataset.size() == 1);
    CHECK(dataset.pixels.size() == 6);
}
