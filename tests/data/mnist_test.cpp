#include <nib/data/mnist.hpp>

#include "../fsync_hook.hpp"
#include "../support.hpp"

#include <nib/io/file.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#endif

using namespace std::string_literals;
using support::contains;
using support::error_of;

namespace {

// Two images of 1 x 3 pixels, and their labels.
const std::string images = "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x03\0\x80\xff\1\2\3"s;
const std::string labels = "\0\0\x08\x01\0\0\0\x02\7\x09"s;

std::string error_loading(const std::string& images_file, const std::string& labels_file) {
    const support::TemporaryDirectory folder;
    const std::string images_path = folder.write("i", images_file);
    const std::string labels_path = folder.write("l", labels_file);
    std::string error = error_of([&] { return nib::load_images(images_path, labels_path); });
    for (std::size_t at; (at = error.find(folder.path())) != std::string::npos;) error.erase(at, folder.path().size());
    return error;
}

std::string error_in_folder(const support::TemporaryDirectory& folder, nib::Split split) {
    return error_of([&] { return nib::load_mnist(folder.path("."), split); });
}

std::array<int, 10> label_counts(const nib::Dataset& dataset) {
    std::array<int, 10> counts{};
    for (const int label : dataset.labels) ++counts.at(static_cast<std::size_t>(label));
    return counts;
}

long long ink(std::span<const std::uint8_t> pixels) { return std::accumulate(pixels.begin(), pixels.end(), 0ll); }

}  // namespace

TEST_CASE("images and labels become one dataset") {
    const support::TemporaryDirectory folder;
    const nib::Dataset dataset = nib::load_images(folder.write("i", images), folder.write("l", labels));
    CHECK(dataset.size() == 2);
    CHECK(dataset.rows == 1);
    CHECK(dataset.cols == 3);
    CHECK(dataset.pixels == nib::AlignedVector<std::uint8_t>{0, 128, 255, 1, 2, 3});
    CHECK(dataset.labels == std::vector<int>{7, 9});
    CHECK(dataset.name == folder.path("i"));
}

TEST_CASE("different numbers of images and labels are refused, naming both files and both numbers") {
    CHECK(error_loading(images, "\0\0\x08\x01\0\0\0\x03\1\2\3"s) == "i: byte 4: holds 2 images, but l holds 3 labels");
}

TEST_CASE("a file of another type or rank is refused") {
    CHECK(error_loading(labels, labels) == "i: byte 2: expected images, which are u8 of rank 3, found u8 of rank 1");
    CHECK(error_loading(images, images) == "l: byte 2: expected labels, which are u8 of rank 1, found u8 of rank 3");
    CHECK(error_loading("\0\0\x09\x03\0\0\0\x01\0\0\0\x01\0\0\0\x01x"s, labels) ==
          "i: byte 2: expected images, which are u8 of rank 3, found i8 of rank 3");
    CHECK(contains(error_loading(images, "\0\0\x0c\x01\0\0\0\0"s), "found i32 of rank 1"));
}

TEST_CASE("no images and images without pixels are refused") {
    const std::string no_labels = "\0\0\x08\x01\0\0\0\0"s;
    CHECK(error_loading("\0\0\x08\x03\0\0\0\0\0\0\0\x1c\0\0\0\x1c"s, no_labels) ==
          "i: byte 4: expected at least one image of one pixel, found 0x28x28");
    CHECK(contains(error_loading("\0\0\x08\x03\0\0\0\x02\0\0\0\0\0\0\0\x1c"s, labels), "found 2x0x28"));
    CHECK(contains(error_loading("\0\0\x08\x03\0\0\0\x02\0\0\0\x1c\0\0\0\0"s, labels), "found 2x28x0"));
}

TEST_CASE("broken files are refused by the rules of IDX") {
    CHECK(error_loading(images + "x", labels) ==
          "i: byte 4: header declares 2x1x3 (6 bytes of pixels), the file holds 7");
    CHECK(error_loading(images, labels.substr(0, 9)) ==
          "l: byte 4: header declares 2 (2 bytes of values), the file holds 1");
    for (std::size_t size = 0; size < images.size(); ++size)
        CHECK(contains(error_loading(images.substr(0, size), labels), "i: byte "));
    for (std::size_t size = 0; size < labels.size(); ++size)
        CHECK(contains(error_loading(images, labels.substr(0, size)), "l: byte "));
}

TEST_CASE("a folder's files are found under both spellings, and each set is its own") {
    const support::TemporaryDirectory folder;
    folder.write("train-images-idx3-ubyte", images);
    folder.write("train-labels.idx1-ubyte", labels);
    folder.write("t10k-images.idx3-ubyte", "\0\0\x08\x03\0\0\0\x01\0\0\0\x01\0\0\0\x01\5"s);
    folder.write("t10k-labels-idx1-ubyte", "\0\0\x08\x01\0\0\0\x01\3"s);
    CHECK(nib::load_mnist(folder.path("."), nib::Split::train).labels == std::vector<int>{7, 9});
    CHECK(nib::load_mnist(folder.path("."), nib::Split::test).labels == std::vector<int>{3});
    CHECK(nib::load_mnist(folder.path("."), nib::Split::test).pixels.front() == 5);
}

TEST_CASE("a folder without the files is refused, naming it and what was looked for") {
    const support::TemporaryDirectory folder;
    CHECK(error_in_folder(folder, nib::Split::train) ==
          folder.path(".") + ": expected train-images-idx3-ubyte or train-images.idx3-ubyte, found neither");
    CHECK(error_of([] { return nib::load_mnist("/nowhere", nib::Split::test); }) ==
          "/nowhere: expected a folder, found none");
    const std::string file = folder.write("file", "");
    CHECK(error_of([&] { return nib::load_mnist(file, nib::Split::test); }) ==
          file + ": expected a folder, found a file");
    folder.write("train-images-idx3-ubyte", images);
    CHECK(error_in_folder(folder, nib::Split::train) ==
          folder.path(".") + ": expected train-labels-idx1-ubyte or train-labels.idx1-ubyte, found neither");
}

TEST_CASE("files that are still compressed are recognised by name and by content") {
    const support::TemporaryDirectory folder;
    const std::string named = folder.write("train-images.idx3-ubyte.gz", "\x1f\x8b");
    CHECK(error_in_folder(folder, nib::Split::train) ==
          folder.path(".") + "/train-images.idx3-ubyte.gz: is gzip-compressed: unpack it first with gunzip");
    folder.write("train-images-idx3-ubyte", "\x1f\x8b\x08\x08");
    folder.write("train-labels-idx1-ubyte", labels);
    CHECK(error_in_folder(folder, nib::Split::train) ==
          folder.path(".") + "/train-images-idx3-ubyte: byte 0: is gzip-compressed: unpack it first with gunzip");
}

TEST_CASE("a dataset is saved as the pair that it was loaded from") {
    const support::TemporaryDirectory folder;
    const nib::Dataset dataset = nib::load_images(folder.write("i", images), folder.write("l", labels));
    nib::save_images(dataset, folder.path("mine"));
    CHECK(nib::read_file(folder.path("mine-images-idx3-ubyte")) == images);
    CHECK(nib::read_file(folder.path("mine-labels-idx1-ubyte")) == labels);
}

#if defined(__linux__)
TEST_CASE("a program that is killed while it saves images never leaves them with the labels of others") {
    const auto dataset_of = [](int label) {
        nib::Dataset dataset;
        dataset.rows = dataset.cols = 1;
        dataset.pixels = {static_cast<std::uint8_t>(label), static_cast<std::uint8_t>(label)};
        dataset.labels = {label, label};
        return dataset;
    };
    std::string found;  // a letter a step: the old pair, images alone, the new pair
    bool killed = true;
    for (int step = 1; killed; ++step) {
        CAPTURE(step);
        const support::TemporaryDirectory folder;
        const std::string prefix = folder.path("f");
        nib::save_images(dataset_of(1), prefix);
        const ::pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            int calls = 0;
            support::before_fsync = [&](int) {
                if (++calls == step) ::raise(SIGKILL);
            };
            nib::save_images(dataset_of(2), prefix);
            ::_exit(0);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        killed = WIFSIGNALED(status);

        const std::string images_path = prefix + "-images-idx3-ubyte", labels_path = prefix + "-labels-idx1-ubyte";
        REQUIRE(std::filesystem::exists(images_path));
        if (!std::filesystem::exists(labels_path)) {
            CHECK(contains(error_of([&] { return nib::load_images(images_path, labels_path); }), labels_path));
            found += 'i';
        } else {
            const nib::Dataset dataset = nib::load_images(images_path, labels_path);
            CHECK(dataset.pixels[0] == dataset.labels[0]);
            found += dataset.labels[0] == 1 ? 'o' : 'n';
        }
        nib::save_images(dataset_of(3), prefix);
        CHECK(nib::load_images(images_path, labels_path).labels[0] == 3);
        const std::filesystem::directory_iterator entries{folder.path()};
        CHECK(std::distance(begin(entries), end(entries)) == 2);
    }
    CHECK(found == "ooiinn");
}

TEST_CASE("images stay when their labels cannot be written") {
    const support::TemporaryDirectory folder;
    const std::string prefix = folder.path("f");
    nib::Dataset dataset;
    dataset.rows = dataset.cols = 1;
    dataset.pixels = {1};
    dataset.labels = {1};
    nib::save_images(dataset, prefix);
    std::filesystem::remove(prefix + "-labels-idx1-ubyte");
    std::filesystem::create_directory(prefix + "-labels-idx1-ubyte");
    dataset.pixels = {2};
    CHECK(contains(error_of([&] { nib::save_images(dataset, prefix); }), "Is a directory"));
    CHECK(nib::read_file(prefix + "-images-idx3-ubyte").back() == 1);
}
#endif

TEST_CASE("a dataset that the files cannot hold is not saved, and neither file is left") {
    const support::TemporaryDirectory folder;
    nib::Dataset dataset;
    dataset.rows = 1;
    dataset.cols = 2;
    dataset.pixels = {1, 2, 3, 4};
    const std::string prefix = folder.path("f");
    const auto error_saving = [&](std::vector<int> with_labels) {
        dataset.labels = std::move(with_labels);
        return error_of([&] { nib::save_images(dataset, prefix); });
    };
    CHECK(error_saving({0, 256}) == prefix + "-labels-idx1-ubyte: expected labels from 0 to 255, label 1 is 256");
    CHECK(error_saving({-1, 0}) == prefix + "-labels-idx1-ubyte: expected labels from 0 to 255, label 0 is -1");
    CHECK(error_saving({1}) == prefix + "-images-idx3-ubyte: expected the values of 1x1x2 u8, found 4 bytes");
    CHECK(std::filesystem::is_empty(folder.path()));
    CHECK(error_saving({0, 255}).empty());
}

TEST_CASE("MNIST is read as NumPy reads it") {
    const auto folder = support::real_data("mnist");
    if (!folder) return;
    const nib::Dataset train = nib::load_mnist(*folder, nib::Split::train);
    CHECK(train.size() == 60000);
    CHECK(train.rows == 28);
    CHECK(train.cols == 28);
    CHECK(ink(train.pixels) == 1567298545);
    CHECK(ink(train.image(0)) == 27525);
    CHECK(ink(train.image(59999)) == 20920);
    CHECK(label_counts(train) == std::array{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949});
    CHECK(std::vector<int>(train.labels.begin(), train.labels.begin() + 8) == std::vector<int>{5, 0, 4, 1, 9, 2, 1, 3});
    const nib::Dataset test = nib::load_mnist(*folder, nib::Split::test);
    CHECK(test.size() == 10000);
    CHECK(ink(test.pixels) == 264923200);
    CHECK(label_counts(test) == std::array{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009});
}
