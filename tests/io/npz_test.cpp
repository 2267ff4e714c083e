// The fixtures were written by NumPy 1.24 (tools/make_fixtures.py).
#include <nib/io/npz.hpp>

#include "../support.hpp"
#include "zip_builder.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace std::string_literals;
using support::contains;
using support::error_of;
using support::fixture;

namespace {

using Shape = std::vector<std::size_t>;

// Of opening it, or of reading all its arrays.
std::string error_in(const std::string& archive) {
    return error_of([&] {
        nib::TensorFile file = nib::parse_npz(std::as_bytes(std::span{archive}), "f");
        for (const nib::TensorInfo& tensor : file.tensors()) static_cast<void>(file.bytes(tensor));
        return 0;
    });
}

}  // namespace

TEST_CASE("arrays are read by name as NumPy wrote them") {
    nib::TensorFile file = nib::open_npz(fixture("mixed.npz"));
    CHECK(file.format() == "npz");
    std::vector<std::string> names;
    for (const nib::TensorInfo& tensor : file.tensors()) names.push_back(tensor.name);
    CHECK(names == std::vector<std::string>{"fc1.weight", "half", "big", "mask", "scale", "empty"});
    CHECK(file.at("fc1.weight").shape == Shape{2, 3});
    CHECK(file.at("fc1.weight").strides == Shape{1, 2});
    CHECK(nib::values<float>(file, file.at("fc1.weight")) == std::vector<float>{0, 1, 2, 3, 4, 5});
    CHECK(file.at("half").dtype == nib::Dtype::f16);
    CHECK(nib::values<float>(file, file.at("half")) == std::vector<float>{1, -2, 0.5});
    CHECK(file.at("big").dtype == nib::Dtype::i32);
    const std::vector<std::int32_t> big{1, -2};
    CHECK(file.bytes(file.at("big")) == nib::tensor_bytes(std::span{big}));
    CHECK(file.at("mask").dtype == nib::Dtype::boolean);
    CHECK(file.bytes(file.at("mask")) == std::vector{std::byte{1}, std::byte{0}});
    CHECK(nib::values<double>(file, file.at("scale")) == std::vector<double>{0.1});
    CHECK(file.at("empty").shape == Shape{0, 3});

    const std::string content = nib::read_file(fixture("numpy.npz"));
    nib::TensorFile memory = nib::parse_npz(std::as_bytes(std::span{content}), "memory");
    CHECK(nib::values<double>(memory, memory.at("y")) == std::vector<double>{2.5});
}

TEST_CASE("what is saved is loaded, and each array lies at a multiple of 64") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("x.npz");
    const std::vector<float> weight{1, 2, 3, 4, 5, 6};
    const std::vector<std::int64_t> steps{-7};
    const auto weight_bytes = nib::tensor_bytes(std::span{weight});
    const auto step_bytes = nib::tensor_bytes(std::span{steps});
    const std::vector<nib::Tensor> tensors{{"fc1.weight", nib::Dtype::f32, {2, 3}, weight_bytes},
                                           {"steps", nib::Dtype::i64, {}, step_bytes},
                                           {"", nib::Dtype::u8, {0}, {}}};
    nib::save_npz(path, tensors);
    nib::TensorFile file = nib::open_npz(path);
    REQUIRE(file.tensors().size() == 3);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const nib::TensorInfo& tensor = file.tensors()[i];
        CHECK(tensor.name == tensors[i].name);
        CHECK(tensor.dtype == tensors[i].dtype);
        CHECK(tensor.shape == tensors[i].shape);
        CHECK(tensor.offset % 64 == 0);
    }
    CHECK(file.bytes(file.at("fc1.weight")) == weight_bytes);
    CHECK(file.bytes(file.at("steps")) == step_bytes);

    nib::save_npz(path, {});
    CHECK(nib::open_npz(path).tensors().empty());
}

TEST_CASE("what an archive of arrays cannot hold is not written") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("x.npz");
    const std::array<std::byte, 4> data{};
    const auto error_saving = [&](const std::vector<nib::Tensor>& tensors) {
        return error_of([&] { return nib::save_npz(path, tensors), 0; });
    };
    CHECK(contains(error_saving({{"a", nib::Dtype::u8, {4}, data}, {"a", nib::Dtype::u8, {4}, data}}),
                   "two tensors have this name"));
    CHECK(error_saving({{"w", nib::Dtype::bf16, {2}, data}}) ==
          path + ": tensor \"w\" is bfloat16, a type that NumPy lacks");
    CHECK(contains(error_saving({{"w", nib::Dtype::f32, {2}, data}}), "expected the data of shape [2] of F32"));
    CHECK(contains(error_saving({{std::string(65532, 'x'), nib::Dtype::f32, {}, data}}), "longer than a zip file's"));
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a tensor whose name would be unpacked elsewhere is not written to an archive") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("x.npz");
    const std::array<std::byte, 4> data{};
    const auto error_saving = [&](const std::string& name) {
        return error_of([&] {
            return nib::save_npz(path, std::vector<nib::Tensor>{{name, nib::Dtype::u8, {4}, data}}), 0;
        });
    };
    CHECK(error_saving("../../x") ==
          path +
              ": tensor \"../../x\": in an .npz file a name is the relative path of a file, in UTF-8 without '.', "
              "'..', backslashes and control characters: rename it, or save as .safetensors or .pth");
    for (const std::string& name : {"/etc/x"s, "."s, ".."s, "a/../b"s, "a/./b"s, "a/.."s, "a//b"s, "..\\x"s, "C:/x"s,
                                    "C:\\x"s, "a\0b"s, "a\nb"s, "\x1b[31m"s, "\x7f"s, "\xff"s}) {
        CAPTURE(name);
        CHECK(contains(error_saving(name), "a name is the relative path of a file"));
    }
    CHECK_FALSE(std::filesystem::exists(path));
    for (const std::string& name :
         {"dense/kernel:0"s, "a.b.c"s, "..a"s, "a.."s, "..."s, ""s, "w:0"s, "gr\u00fc\u00dfe"s}) {
        CAPTURE(name);
        CHECK(error_saving(name).empty());
        CHECK(nib::open_npz(path).tensors()[0].name == name);
    }
}

TEST_CASE("an archive of other things, or damaged, is refused by the entry's name") {
    const std::string array = nib::read_file(fixture("int32_3.npy"));
    support::ZipBuilder good;
    good.add("x.npy", array);
    CHECK(error_in(good.bytes()).empty());

    support::ZipBuilder other = good;
    other.add("notes.txt", "text");
    CHECK(error_in(other.bytes()) == "f: entry 'notes.txt': expected arrays alone, whose names end in .npy");
    support::ZipBuilder compressed;
    compressed.add("x.npy", array, {.method = 12});
    CHECK(
        error_in(compressed.bytes()) ==
        "f: byte 175: entry 'x.npy': is compressed (method 12), expected it stored as it is or by DEFLATE (method 8)");
    support::ZipBuilder damaged;
    damaged.add("x.npy", array, {.crc_change = 1});
    CHECK(contains(error_in(damaged.bytes()), "'x.npy': its bytes are damaged"));
    support::ZipBuilder cut;
    cut.add("x.npy", array.substr(0, array.size() - 1));
    CHECK(error_in(cut.bytes()) == "f: entry 'x.npy': byte 128: expected 12 bytes of data, the file holds 11");
    support::ZipBuilder empty;
    empty.add("x.npy", "");
    CHECK(error_in(empty.bytes()) == "f: entry 'x.npy': byte 0: expected an .npy file, which starts with 93 'NUMPY'");
    // What follows an array in the file is not its own.
    support::ZipBuilder two = cut;
    two.add("y.npy", array);
    CHECK(contains(error_in(two.bytes()), "entry 'x.npy': byte 128: expected 12 bytes"));
    CHECK(contains(error_in(std::string(array)), "f: is no zip archive"));
}

TEST_CASE("what numpy.savez_compressed writes is read") {
    nib::TensorFile file = nib::open_npz(fixture("compressed.npz"));
    CHECK(file.format() == "npz");
    REQUIRE(file.tensors().size() == 3);
    CHECK(file.at("fc.weight").shape == Shape{2, 10});
    std::vector<float> steps(20);
    for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = static_cast<float>(i) / 4;
    const std::vector<double> squares = nib::values<double>(file, file.at("squares"));
    REQUIRE(squares.size() == 30000);
    // In any order, and again: one entry at a time is held.
    CHECK(nib::values<float>(file, file.at("fc.weight")) == steps);
    CHECK(nib::values<float>(file, file.at("fc.bias")) == std::vector<float>{-1, 1});
    CHECK(nib::values<float>(file, file.at("fc.weight")) == steps);
    // Fortran order: element (i, j) is ((i + 100 * j) % 97)^2.
    CHECK(file.at("squares").strides == Shape{1, 100});
    for (std::size_t i = 0; i < 100; ++i)
        for (std::size_t j = 0; j < 300; ++j) {
            const auto root = static_cast<double>((i + 100 * j) % 97);
            REQUIRE(squares[i * 300 + j] == root * root);
        }
    file.check_counts();
}

TEST_CASE("a compressed entry that is damaged, or not what the directory says, is refused") {
    const std::string array = nib::read_file(fixture("int32_3.npy"));
    support::ZipBuilder good;
    good.add_deflated("x.npy", array);
    good.add_deflated("y.npy", array);
    good.add("z.npy", array);
    CHECK(error_in(good.bytes()).empty());

    const auto changed = [&](auto change) {
        support::ZipBuilder zip = good;
        change(zip.entries[1]);
        return error_in(zip.bytes());
    };
    CHECK(changed([](auto& entry) { entry.crc_change ^= 1; }) ==
          "f: byte 215: entry 'y.npy': its bytes are damaged: expected the checksum 835709874, found 835709875");
    CHECK(changed([](auto& entry) { entry.data[0] = '\x07'; }) ==
          "f: entry 'y.npy': byte 1 of the compressed data: a block of a type that does not exist");
    CHECK(changed([](auto& entry) { entry.size = *entry.size + 1; }) ==
          "f: byte 215: entry 'y.npy': expected 141 bytes when unpacked, found 140");
    CHECK(changed([](auto& entry) { entry.size = 1000000; }) ==
          "f: byte 215: entry 'y.npy': declares 1000000 bytes, which its 145 compressed ones cannot hold");
    CHECK(changed([](auto& entry) {
              entry.data[1] = static_cast<char>(entry.data[1] + 1);
              entry.data[3] = static_cast<char>(entry.data[3] - 1);
              entry.data += 'x';
              entry.stored_size = entry.data.size();
          }) == "f: byte 215: entry 'y.npy': unpacks to more than the 140 bytes that it declares");
    CHECK(changed([](auto& entry) {
              entry.data += 'x';
              entry.stored_size = entry.data.size();
          }) == "f: byte 215: entry 'y.npy': expected compressed data of 146 bytes, found its end after 145");
    CHECK(changed([](auto& entry) {
              entry.data.pop_back();
              entry.stored_size = entry.data.size();
          }) ==
          "f: entry 'y.npy': byte 144 of the compressed data: ends in the middle: the file is cut short or damaged");
}

TEST_CASE("compressed entries that declare more than a file of that size sensibly holds are refused at once") {
    support::ZipBuilder zip;
    zip.add_deflated("x.npy", std::string(140000, '\0'));
    zip.entries[0].size = (std::size_t{1} << 27) + 1;
    CHECK(
        error_in(zip.bytes()) ==
        "f: declares 134217729 bytes of compressed data in a file of 140123, expected at most 128 MiB or 32 times the "
        "file's size: save it without compression");
}

TEST_CASE("checksums of 0 everywhere are none") {
    const std::string array = nib::read_file(fixture("int32_3.npy"));
    support::ZipBuilder zip;
    zip.add("x.npy", array, {.crc_change = support::slow_crc32(array)});
    CHECK(error_in(zip.bytes()).empty());
    zip.add_deflated("y.npy", array);
    zip.entries[1].crc_change ^= support::slow_crc32(array);
    CHECK(error_in(zip.bytes()).empty());
    // One that was made is a sign that all were.
    zip.add("z.npy", array);
    CHECK(contains(error_in(zip.bytes()), "entry 'y.npy': its bytes are damaged: expected the checksum 0, found"));
}

TEST_CASE("an archive cut anywhere is refused, and no changed byte leads astray") {
    const std::string file = nib::read_file(fixture("numpy.npz"));
    REQUIRE(error_in(file).empty());
    for (std::size_t size = 0; size < file.size(); ++size) CHECK_FALSE(error_in(file.substr(0, size)).empty());
    for (std::size_t i = 0; i < file.size(); ++i) {
        for (const int change : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
            std::string changed = file;
            changed[i] = static_cast<char>(changed[i] ^ change);
            static_cast<void>(error_in(changed));
        }
    }
}
