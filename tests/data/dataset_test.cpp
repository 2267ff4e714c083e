#include <nib/data/dataset.hpp>

#include "../support.hpp"

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
