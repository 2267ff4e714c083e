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

#if NIB_POSIX_FILES
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sys/wait.h>
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

TEST_CASE("files in folders of their names are found, and dotted ones beside them come first") {
    const support::TemporaryDirectory folder;
    for (const std::string name :
         {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"})
        std::filesystem::create_directory(folder.path(name));
    folder.write("train-images-idx3-ubyte/train-images-idx3-ubyte", images);
    folder.write("train-labels-idx1-ubyte/train-labels-idx1-ubyte", labels);
    folder.write("t10k-images.idx3-ubyte/t10k-images-idx3-ubyte", images);
    folder.write("t10k-labels.idx1-ubyte/t10k-labels.idx1-ubyte", labels);
    CHECK(nib::load_mnist(folder.path("."), nib::Split::train).labels == std::vector<int>{7, 9});
    CHECK(nib::load_mnist(folder.path("."), nib::Split::test).labels == std::vector<int>{7, 9});
    folder.write("train-labels.idx1-ubyte", "\0\0\x08\x01\0\0\0\x02\1\2"s);
    CHECK(nib::load_mnist(folder.path("."), nib::Split::train).labels == std::vector<int>{1, 2});
}

TEST_CASE("a folder of torchvision's is looked into, and both files are taken from one place") {
    const support::TemporaryDirectory folder;
    std::filesystem::create_directories(folder.path("MNIST/raw"));
    folder.write("MNIST/raw/train-images-idx3-ubyte", images);
    folder.write("MNIST/raw/train-labels-idx1-ubyte", labels);
    folder.write("MNIST/raw/train-images-idx3-ubyte.gz", "not read");
    for (const char* const place : {".", "MNIST", "MNIST/raw"})
        CHECK(nib::load_mnist(folder.path(place), nib::Split::train).labels == std::vector<int>{7, 9});
    folder.write("train-labels-idx1-ubyte", "\0\0\x08\x01\0\0\0\x01\1"s);  // without its images
    CHECK(nib::load_mnist(folder.path("."), nib::Split::train).labels == std::vector<int>{7, 9});
}

TEST_CASE("a folder without the files is refused, naming it and all that was looked for") {
    const support::TemporaryDirectory folder;
    const std::string places =
        ", as it is, in a folder of that name or as .gz, here or in MNIST/raw or raw; found none";
    CHECK(error_in_folder(folder, nib::Split::train) ==
          folder.path(".") + ": expected train-images-idx3-ubyte or train-images.idx3-ubyte" + places);
    CHECK(error_of([] { return nib::load_mnist("/nowhere", nib::Split::test); }) ==
          "/nowhere: expected a folder, found none");
    const std::string file = folder.write("file", "");
    CHECK(error_of([&] { return nib::load_mnist(file, nib::Split::test); }) ==
          file + ": expected a folder, found a file");
    std::filesystem::create_directory(folder.path("train-images.idx3-ubyte"));  // an empty one is no file
    CHECK(contains(error_in_folder(folder, nib::Split::train), places));
    folder.write("train-images-idx3-ubyte", images);
    CHECK(error_in_folder(folder, nib::Split::train) ==
          folder.path(".") + ": expected train-labels-idx1-ubyte or train-labels.idx1-ubyte" + places + " beside " +
              folder.path(".") + "/train-images-idx3-ubyte");
    folder.write("t10k-labels.idx1-ubyte", labels);
    CHECK(contains(error_in_folder(folder, nib::Split::test), ": expected t10k-images-idx3-ubyte or t10k-images."));
}

#if NIB_POSIX_FILES
TEST_CASE("a folder that may not be entered is not taken for a file") {
    const support::TemporaryDirectory folder;
    if (::geteuid() != 0) {
        MESSAGE("skipped: only root can be another user");
        return;
    }
    std::filesystem::permissions(folder.path(), std::filesystem::perms{0600});
    REQUIRE(::seteuid(65534) == 0);
    const std::string error = error_of([&] { return nib::load_mnist(folder.path(), nib::Split::train); });
    REQUIRE(::seteuid(0) == 0);
    CHECK(contains(error, "train-images-idx3-ubyte"));
    CHECK(contains(error, "Permission denied"));
}
#endif

TEST_CASE("files that gzip has packed are read, by name and by content") {
    // As Python's gzip wrote `images` and `labels`.
    const std::string packed_images =
        "\x1f\x8b\x08\0\0\0\0\0\x02\x03\x63\x60\xe0\x60\x66\x60\x60\x60\x02\x62\x46\x20\x66\x66\x68\xf8\xcf\xc8\xc4\x0c"
        "\0\x5b\x7a\x5a\x0b\x16\0\0\0"s;
    const std::string packed_labels =
        "\x1f\x8b\x08\0\0\0\0\0\x02\x03\x63\x60\xe0\x60\x64\x60\x60\x60\x62\xe7\x04\0\x7a\x82\x01\xa3\x0a\0\0\0"s;
    const support::TemporaryDirectory folder;
    folder.write("train-images-idx3-ubyte.gz", packed_images);
    folder.write("train-labels.idx1-ubyte.gz", packed_labels);
    folder.write("t10k-images-idx3-ubyte", packed_images);
    folder.write("t10k-labels-idx1-ubyte", labels);
    for (const nib::Split split : {nib::Split::train, nib::Split::test}) {
        const nib::Dataset dataset = nib::load_mnist(folder.path("."), split);
        CHECK(dataset.pixels == nib::AlignedVector<std::uint8_t>{0, 128, 255, 1, 2, 3});
        CHECK(dataset.labels == std::vector<int>{7, 9});
    }
    folder.write("train-labels-idx1-ubyte", "\0\0\x08\x01\0\0\0\x02\1\2"s);  // comes before the packed one
    CHECK(nib::load_mnist(folder.path("."), nib::Split::train).labels == std::vector<int>{1, 2});
    folder.write("t10k-images-idx3-ubyte", packed_images.substr(0, 30));
    CHECK(contains(error_in_folder(folder, nib::Split::test),
                   "/t10k-images-idx3-ubyte: byte 30 of the compressed data: "
                   "ends in the middle"));
}

TEST_CASE("both headers are compared before anything is read") {
    // Files with a hole: as large as they declare, and nowhere on the disk.
    const support::TemporaryDirectory folder;
    const auto sparse = [&](const std::string& name, const std::string& header, std::uintmax_t values) {
        const std::string path = folder.write(name, header);
        std::filesystem::resize_file(path, header.size() + values);
        return path;
    };
    const std::string few_images = folder.write("i", images);
    const std::string few_labels = folder.write("l", labels);
    const std::string many_labels = sparse("many labels", "\0\0\x08\x01\xff\xff\xff\xff"s, 0xffffffff);
    const std::string many_images =
        sparse("many images", "\0\0\x08\x03\x00\xc6\x5d\x40\0\0\0\x1c\0\0\0\x1c"s, 13000000ull * 784);
    CHECK(error_of([&] { return nib::load_images(few_images, many_labels); }) ==
          few_images + ": byte 4: holds 2 images, but " + many_labels + " holds 4294967295 labels");
    CHECK(error_of([&] { return nib::load_images(many_images, few_labels); }) ==
          many_images + ": byte 4: holds 13000000 images, but " + few_labels + " holds 2 labels");
    const std::string large =
        sparse("large", "\0\0\x08\x03\0\0\0\x02\0\1\0\0\0\1\0\0"s, std::uintmax_t{2} * 65536 * 65536);
    CHECK(error_of([&] { return nib::load_images(large, few_labels); }) ==
          large + ": byte 8: expected images of at most 16777216 pixels, found 65536x65536");
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
