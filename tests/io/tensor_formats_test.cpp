#include <nib/io/tensor_formats.hpp>

#include "../support.hpp"
#include "zip_builder.hpp"

#include <nib/io/safetensors.hpp>

#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

using support::contains;
using support::error_of;
using support::fixture;
using namespace std::string_literals;

namespace {

const std::array<std::byte, 6> six{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}, std::byte{6}};

const std::vector<nib::Tensor> two{{"fc.weight", nib::Dtype::u8, {2, 2}, std::span{six}.first(4)},
                                   {"fc.bias", nib::Dtype::u8, {2}, std::span{six}.last(2)}};

}  // namespace

TEST_CASE("a file's content says which format it has, whatever its name") {
    const support::TemporaryDirectory folder;
    const auto format_as = [&](const std::string& name) {
        const std::string path = folder.write("x.dat", nib::read_file(folder.path(name)));
        return nib::open_tensors(path).format();
    };
    const std::vector<std::pair<std::string, std::string>> formats{{"x.safetensors", "safetensors"},
                                                                   {"x", "safetensors"},
                                                                   {"x.pth", "PyTorch"},
                                                                   {"x.pt", "PyTorch"},
                                                                   {"x.npz", "npz"}};
    for (const auto& named : formats) {
        const auto& [name, format] = named;
        CAPTURE(named.first);
        nib::save_tensors(folder.path(name), two, {{"k", "v"}});
        CHECK(format_as(name) == format);
        nib::TensorFile file = nib::open_tensors(folder.path(name));
        REQUIRE(file.tensors().size() == 2);
        for (const nib::Tensor& tensor : two) {
            CHECK(file.at(tensor.name).shape == tensor.shape);
            CHECK(file.bytes(file.at(tensor.name)) == std::vector<std::byte>(tensor.data.begin(), tensor.data.end()));
        }
        CHECK(file.metadata().contains("k") == (format == "safetensors"));
    }
    nib::save_tensors(folder.path("x.npy"), std::span{two}.first(1));
    CHECK(format_as("x.npy") == "npy");
    CHECK(nib::open_tensors(fixture("numpy.npz")).format() == "npz");
    CHECK(nib::open_tensors(fixture("mixed.safetensors")).format() == "safetensors");
    CHECK(nib::open_tensors(folder.write("empty.npz", support::ZipBuilder{}.bytes())).tensors().empty());
}

TEST_CASE("bytes in memory are read as a file of them is, and broken ones are refused in the same words") {
    const support::TemporaryDirectory folder;
    for (const std::string& name : {"x.safetensors"s, "x.pth"s, "x.npz"s}) {
        CAPTURE(name);
        nib::save_tensors(folder.path(name), two);
        const std::string whole = nib::read_file(folder.path(name));
        nib::TensorFile file = nib::parse_tensors(nib::bytes_of(whole), "dropped");
        CHECK(file.path() == "dropped");
        CHECK(file.format() == nib::open_tensors(folder.path(name)).format());
        CHECK(file.bytes(file.at("fc.weight")) == std::vector<std::byte>(two[0].data.begin(), two[0].data.end()));
        for (std::size_t size = 0; size < whole.size(); size += size < 64 ? 1 : 61) {
            const std::string part = whole.substr(0, size);
            const std::string path = folder.write("part", part);
            const std::string error = error_of([&] { return nib::parse_tensors(nib::bytes_of(part), path); });
            CHECK(error.starts_with(path + ": "));
            CHECK(error == error_of([&] { return nib::open_tensors(path); }));
        }
    }
    const std::string numpy = nib::read_file(fixture("int32_3.npy"));
    CHECK(nib::parse_tensors(nib::bytes_of(numpy), "x.npy").format() == "npy");
    CHECK(error_of([] {
              return nib::parse_tensors(nib::bytes_of("version https://git-lfs.github.com/spec/v1\n"s), "m");
          }) == "m: byte 0: is a Git LFS pointer, not the file itself: fetch that with 'git lfs pull'");
}

TEST_CASE("a safetensors file is one, whatever bytes its header's length has") {
    const support::TemporaryDirectory folder;
    for (std::size_t note = 0; note < 1600; note += 8) {  // lengths like 0x0280, which a pickle starts with, among them
        nib::save_safetensors(folder.path("x"), two, {{"note", std::string(note, 'n')}});
        CHECK(nib::open_tensors(folder.path("x")).format() == "safetensors");
    }
}

TEST_CASE("inspect lists names, types and shapes") {
    const std::vector<nib::TensorInfo> tensors = nib::inspect(fixture("mixed.npz"));
    REQUIRE(tensors.size() == 6);
    CHECK(tensors[0].name == "fc1.weight");
    CHECK(tensors[0].dtype == nib::Dtype::f32);
    CHECK(tensors[0].shape == std::vector<std::size_t>{2, 3});
    CHECK(tensors[1].dtype == nib::Dtype::f16);
    if (const auto path = support::real_data("torch/handwrite_model.pth")) {
        const std::vector<nib::TensorInfo> model = nib::inspect(*path);
        REQUIRE(model.size() == 8);
        CHECK(model[0].name == "fc1.weight");
        CHECK(model[0].shape == std::vector<std::size_t>{64, 784});
        CHECK(model[7].name == "fc4.bias");
    }
}

TEST_CASE("tensors make no .onnx file") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("x.onnx");
    CHECK(error_of([&] { return nib::save_tensors(path, {}), 0; }) ==
          path + ": an .onnx file holds a network, as save_onnx writes it, not tensors");
    CHECK(!std::filesystem::exists(path));
}

TEST_CASE("an .npy file holds one array") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("x.npy");
    CHECK(error_of([&] { return nib::save_tensors(path, two), 0; }) ==
          path + ": an .npy file holds one array, found 2 tensors to save");
    CHECK(contains(error_of([&] { return nib::save_tensors(path, {}), 0; }), "found 0 tensors"));
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a file of another format is refused by what it starts with") {
    const support::TemporaryDirectory folder;
    const auto error_with = [&](const std::string& content) {
        const std::string path = folder.write("f", content);
        const std::string error = error_of([&] { return nib::open_tensors(path); });
        REQUIRE(error.starts_with(path + ": "));
        return error.substr(path.size() + 2);
    };
    CHECK(error_with("a text, not a model") ==
          "expected tensors in a file of safetensors, PyTorch (.pth) or NumPy (.npy, .npz), found one that starts with "
          "'a text, '");
    CHECK(contains(error_with("\x89HDF\r\n\x1a\n and so on"), "is an HDF5 file"));
    CHECK(error_with("version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 3\n") ==
          "byte 0: is a Git LFS pointer, not the file itself: fetch that with 'git lfs pull'");
    CHECK(error_with("\x1f\x8b\x08\0\0\0\0\0\0\x03"s) == "byte 0: is gzip-compressed: unpack it first with gunzip");
    CHECK(error_with("") ==
          "byte 0: expected a file of safetensors, PyTorch (.pth) or NumPy (.npy, .npz), found an empty one");
    CHECK(error_with("abc") == "byte 0: expected the 8 bytes of a safetensors header's length, the file holds 3");
    CHECK(contains(error_with("PK\x03\x04"), "zip"));
    // A pickle, as PyTorch wrote before 1.6.
    CHECK(contains(error_with("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."s), "1.6"));
    CHECK(contains(error_with("L119547037146038801333356L\n."), "1.6"));
    CHECK(contains(error_with("\x80\x03}q\x00."s), "is a pickle, as pickle.dump"));
    // An archive of a whole file.
    support::ZipBuilder around;
    around.add("models/net.pth", "PK");
    CHECK(error_with(around.bytes()) ==
          "is a zip archive that holds the file 'models/net.pth': unpack it first with unzip");
    // An archive of arrays and something else is taken for PyTorch's.
    support::ZipBuilder mixed;
    mixed.add("x.npy", nib::read_file(fixture("int32_3.npy")));
    mixed.add("notes.txt", "text");
    CHECK(error_with(mixed.bytes()) != "");
    CHECK(contains(error_of([&] { return nib::open_tensors(folder.path("missing")); }), "missing: cannot open"));
    CHECK(contains(error_of([&] { return nib::open_tensors(folder.path()); }), "cannot read"));
}
