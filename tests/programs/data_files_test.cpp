// Data that are missing, broken or of another size, in the programs that read them.
#include "world.hpp"

#include <nib/core/random.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/model_file.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace programs;
using namespace std::string_literals;

TEST_CASE("a data folder that is none, or lacks a file, is named") {
    const TemporaryDirectory folder;
    const std::string missing = folder.path("missing");
    const std::string file = folder.write("file", "");
    const std::string empty = folder.path("empty");
    std::filesystem::create_directory(empty);
    const std::string none =
        ": expected train-images-idx3-ubyte or train-images.idx3-ubyte, as it is, in a folder of that name or as .gz, "
        "here "
        "or in MNIST/raw or raw; found none";
    for (const auto& arguments :
         {Words{"train", "--data"}, Words{"evaluate", world().model(), "--data"}, Words{"digits"}}) {
        const auto refused = [&](const std::string& data) {
            Words words(arguments.begin() + 1, arguments.end());
            words.push_back(data);
            return refusal(arguments[0], words);
        };
        CHECK(refused(missing) == missing + ": expected a folder, found none");
        CHECK(refused(file) == file + ": expected a folder, found a file");
        CHECK(refused(empty).ends_with("; found none"));
    }
    CHECK(refusal("train", {"--data", empty}) == empty + none);
}

TEST_CASE("a data file that is broken is named, with the place and what was expected there") {
    const TemporaryDirectory folder;
    const std::string pixels(3 * 784, '\1');
    const std::string images = idx_header({3, 28, 28}) + pixels;
    const std::string labels = idx_header({3}) + "\1\2\3";
    const std::vector<BadInput> bad_images{
        {"", "byte 0: expected an IDX file, found an empty one"},
        {images.substr(0, 3), "byte 3: expected the 4 bytes that start an IDX file, found its end"},
        {images.substr(0, 10), "byte 4: expected 3 sizes of 4 bytes each, the file holds 6 bytes"},
        {images.substr(0, images.size() - 1),
         "byte 4: header declares 3x28x28 (2352 bytes of pixels), the file holds 2351"},
        {images + "x", "byte 4: header declares 3x28x28 (2352 bytes of pixels), the file holds 2353"},
        {"x" + images, "byte 0: expected an IDX file, which starts with two zero bytes, found 120 0"},
        {"\0\0\x07\x03"s + images.substr(4), "byte 2: expected an IDX type (8, 9, 11, 12, 13 or 14), found 7"},
        {labels, "byte 2: expected images, which are u8 of rank 3, found u8 of rank 1"},
        {"\x1f\x8b\x08\xff", "byte 4 of the gzip file: has flags that do not exist"},
        {idx_header({0xffffffff, 0xffffffff, 0xffffffff}) + pixels,
         "byte 4: header declares 4294967295x4294967295x4294967295 (too many bytes of pixels), the file holds 2352"},
        {idx_header({0, 28, 28}), "byte 4: holds 0 images, but LABELS holds 3 labels"},
        {idx_header({2, 28, 28}) + pixels.substr(784), "byte 4: holds 2 images, but LABELS holds 3 labels"},
        {idx_header({3, 0, 28}), "byte 4: expected at least one image of one pixel, found 3x0x28"},
    };
    const std::vector<BadInput> bad_labels{
        {"", "byte 0: expected an IDX file, found an empty one"},
        {images, "byte 2: expected labels, which are u8 of rank 1, found u8 of rank 3"},
        {labels.substr(0, labels.size() - 1), "byte 4: header declares 3 (3 bytes of values), the file holds 2"},
        {idx_header({0xffffffff}), "byte 4: header declares 4294967295 (4294967295 bytes of values), the file holds 0"},
    };
    const std::string data = folder.path("data");
    std::filesystem::create_directory(data);
    for (const std::string& set : {"train"s, "t10k"s}) {
        const std::string labels_file = data + "/" + set + "-labels-idx1-ubyte";
        const auto check = [&](const std::string& name, const BadInput& bad) {
            for (const char* good : {"data/train", "data/t10k"}) {
                folder.write(good + "-images-idx3-ubyte"s, images);
                folder.write(good + "-labels-idx1-ubyte"s, labels);
            }
            const std::string file = folder.write("data/" + set + name, bad.content);
            std::string message = file + ": " + bad.message;
            const std::size_t place = message.find("LABELS");
            if (place != std::string::npos) message.replace(place, 6, labels_file);
            CHECK(refusal("train", {"--data", data}) == message);
            if (set == "train") CHECK(refusal("digits", {data}) == message);
            if (set == "t10k") CHECK(refusal("evaluate", {world().model(), "--data", data}) == message);
        };
        for (const BadInput& bad : bad_images) check("-images-idx3-ubyte", bad);
        for (const BadInput& bad : bad_labels) check("-labels-idx1-ubyte", bad);
    }
}

TEST_CASE("a directory where a file is expected is named") {
    const TemporaryDirectory folder;
    const std::string file = folder.path("t10k-images-idx3-ubyte");
    const std::string parent = file.substr(0, file.rfind('/'));
    std::filesystem::create_directory(file);
    std::ofstream(folder.path("t10k-labels-idx1-ubyte"));
    const std::string message = file + ": cannot read: Is a directory";
    // Of a folder of images the file inside is read, as archives of MNIST have it; this one is empty.
    CHECK(refusal("evaluate", {world().model(), "--data", parent}).starts_with(parent + ": expected t10k-images"));
    CHECK(refusal("evaluate", {file, "--data", world().data()}) == message);
    CHECK(refusal("recognize", {world().model(), file}) == message);
    CHECK(refusal("rasterize", {file, "--idx", folder.path("set")}) == message);
}

TEST_CASE("data that do not fit the network are refused before anything is printed") {
    const TemporaryDirectory folder;
    const std::string data = folder.path("data");
    std::filesystem::create_directory(data);
    const std::string images = idx_header({2, 28, 28}) + std::string(2 * 784, '\1');
    const auto write = [&](const std::string& set, const std::string& labels, const std::string& of = "") {
        folder.write("data/" + set + "-images-idx3-ubyte", of.empty() ? images : of);
        folder.write("data/" + set + "-labels-idx1-ubyte", idx_header({2}) + labels);
        return data + "/" + set + "-images-idx3-ubyte";
    };
    const std::string bad_label = ": expected classes below 10, the network's outputs, found 10 at example 1";
    write("t10k", "\1\2");
    CHECK(refusal("train", {"--data", data}).starts_with(data + ": expected train-images"));
    const std::string train_images = write("train", "\1\x0a");
    CHECK(refusal("train", {"--data", data}) == train_images + bad_label);
    write("train", "\1\2");
    const std::string test_images = write("t10k", "\1\x0a");
    CHECK(refusal("train", {"--data", data}) == test_images + bad_label);
    CHECK(refusal("evaluate", {world().model(), "--data", data}) == test_images + bad_label);

    write("t10k", "\1\2", idx_header({2, 10, 10}) + std::string(200, '\1'));
    const std::string bad_size = ": expected examples of 784 features, as the network takes, found 100";
    CHECK(refusal("train", {"--data", data}) == test_images + bad_size);
    CHECK(refusal("evaluate", {world().model(), "--data", data}) ==
          world().model() +
              ": expected a network that takes 100 features, as the test images have, found one that takes 784");

    nib::Rng rng{1};
    const std::string model = folder.path("model");
    nib::save(nib::Mlp{{784, 2}, rng}, model);
    write("t10k", "\1\2");
    CHECK(refusal("evaluate", {model, "--data", data}) ==
          test_images + ": expected classes below 2, the network's outputs, found 2 at example 1");
}

TEST_CASE("sizes that a file only claims are not allocated") {
    if (!can_limit_memory) {
        MESSAGE("skipped: the memory of a program cannot be limited here");
        return;
    }
    const TemporaryDirectory folder;
    const Shell limited{"ulimit -v 600000 && ", ""};
    CHECK(run("evaluate", {world().model(), "--data", world().data()}, limited).status == 0);
    const std::string images = folder.write("t10k-images-idx3-ubyte", idx_header({4'000'000, 28, 28}) + "x");
    folder.write("t10k-labels-idx1-ubyte", idx_header({4'000'000'000}));
    CHECK(refusal("evaluate", {world().model(), "--data", images.substr(0, images.rfind('/'))}, limited) ==
          images + ": byte 4: header declares 4000000x28x28 (3136000000 bytes of pixels), the file holds 1");
    const std::string header = R"({"0.weight":{"dtype":"F32","shape":[1000000,1000],"data_offsets":[0,4000000000]}})";
    const std::string model = folder.write("model", static_cast<char>(header.size()) + "\0\0\0\0\0\0\0"s + header);
    CHECK(refusal("evaluate", {model}, limited) ==
          model + ": byte 20: tensor \"0.weight\": data_offsets [0, 4000000000] lie outside the 0 bytes of data");
    const std::string strokes =
        folder.write("strokes", ".SEGMENT DIGIT 0-4000000000 ? \"4\"\n.PEN_DOWN\n1 2\n.PEN_UP\n");
    CHECK(refusal("recognize", {world().model(), strokes}, limited) ==
          strokes + ":1: expected components below 1, found 4000000000");
}
