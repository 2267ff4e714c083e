// tests/data/mixed.safetensors was written by a short Python program made from the format's description alone.
#include <nib/io/safetensors.hpp>

#include "../support.hpp"

#include <nib/core/text.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using support::contains;
using support::error_of;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return nib::bytes_of(text); }

// A file of this header and `data_size` bytes of data.
std::string file_of(const std::string& header, std::size_t data_size) {
    std::array<std::byte, 8> length;
    nib::store_number(length.data(), std::uint64_t{header.size()}, std::endian::little);
    return std::string(reinterpret_cast<const char*>(length.data()), 8) + header + std::string(data_size, '\0');
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
    return '"' + name + R"(":{"dtype":")" + dtype + R"(","shape":[)" + shape + R"(],"data_offsets":[)" + offsets + "]}";
}

std::string error_in(std::string_view file) {
    return error_of([&] { return nib::parse_safetensors(bytes_of(file), "f"); });
}

std::string error_in(const std::string& header, std::size_t data_size) { return error_in(file_of(header, data_size)); }

// All tensors of a file, as they are to be saved again.
struct Owned {
    explicit Owned(nib::TensorFile file) {
        for (const nib::TensorInfo& tensor : file.tensors()) bytes.push_back(file.bytes(tensor));
        for (std::size_t i = 0; i < bytes.size(); ++i)
            tensors.push_back(
                {file.tensors()[i].name, file.tensors()[i].dtype, file.tensors()[i].shape, std::span{bytes[i]}});
    }
    std::vector<std::vector<std::byte>> bytes;
    std::vector<nib::Tensor> tensors;
};

// A small valid file with metadata, a scalar, an empty tensor and two others.
std::string small_file() {
    return file_of("{\"__metadata__\":{\"k\":\"v\"}," + entry("a", "F32", "", "0,4") + "," +
                       entry("b", "U8", "0,3", "4,4") + "," + entry("c", "I16", "2", "4,8") + "}   ",
                   8);
}

}  // namespace

TEST_CASE("a file of another writer is read whole") {
    nib::TensorFile file = nib::open_safetensors(support::fixture("mixed.safetensors"));
    CHECK(file.path() == support::fixture("mixed.safetensors"));
    CHECK(file.format() == "safetensors");
    CHECK(file.metadata() == nib::StringMap{{"format", "pt"}, {"note", "größe \"x\""}});
    std::vector<std::string> names;
    for (const nib::TensorInfo& tensor : file.tensors()) names.push_back(tensor.name);
    CHECK(names == std::vector<std::string>{"steps", "scale", "fc1.bias", "fc1.weight", "half", "empty", "mask"});

    const nib::TensorInfo& weight = file.at("fc1.weight");
    CHECK(weight.dtype == nib::Dtype::f32);
    CHECK(weight.shape == std::vector<std::size_t>{2, 3});
    CHECK(weight.strides == std::vector<std::size_t>{3, 1});
    const std::vector<float> numbers = nib::values<float>(file, weight);
    CHECK(numbers == std::vector<float>{0.5f, -1.25f, 3e-8f, 1.0f / 3.0f, 1e30f, -0.0f});
    CHECK(std::signbit(numbers[5]));

    const nib::TensorInfo& scale = file.at("scale");
    CHECK(scale.shape.empty());
    CHECK(nib::values<double>(file, scale) == std::vector<double>{0.1});
    CHECK(nib::values<float>(file, scale) == std::vector<float>{0.1f});

    const std::vector<std::byte> steps = file.bytes(file.at("steps"));
    CHECK(nib::load_number<std::int64_t>(steps.data(), std::endian::little) == -1);
    CHECK(nib::load_number<std::int64_t>(steps.data() + 8, std::endian::little) == std::int64_t{1} << 40);
    CHECK(file.at("mask").dtype == nib::Dtype::boolean);
    CHECK(file.bytes(file.at("mask")).size() == 3);
    CHECK(file.at("half").dtype == nib::Dtype::f16);
    CHECK(file.at("empty").shape == std::vector<std::size_t>{0, 3});
    CHECK(file.bytes(file.at("empty")).empty());
    CHECK(file.find("fc1") == nullptr);
}

TEST_CASE("a file is written byte for byte as the other writer lays it out") {
    const Owned all{nib::open_safetensors(support::fixture("mixed.safetensors"))};
    std::vector<nib::Tensor> shuffled(all.tensors.rbegin(), all.tensors.rend());
    std::swap(shuffled[1], shuffled[4]);
    const support::TemporaryDirectory folder;
    nib::save_safetensors(folder.path("f"), shuffled, {{"format", "pt"}, {"note", "größe \"x\""}});
    CHECK(nib::read_file(folder.path("f")) == nib::read_file(support::fixture("mixed.safetensors")));
}

TEST_CASE("memory and file are read alike") {
    const std::string content = nib::read_file(support::fixture("mixed.safetensors"));
    nib::TensorFile parsed = nib::parse_safetensors(bytes_of(content), "memory");
    nib::TensorFile opened = nib::open_safetensors(support::fixture("mixed.safetensors"));
    CHECK(parsed.path() == "memory");
    REQUIRE(parsed.tensors().size() == opened.tensors().size());
    for (std::size_t i = 0; i < parsed.tensors().size(); ++i) {
        CHECK(parsed.tensors()[i].name == opened.tensors()[i].name);
        CHECK(parsed.bytes(parsed.tensors()[i]) == opened.bytes(opened.tensors()[i]));
    }
}

TEST_CASE("a large file takes no memory until its numbers are asked for") {
    // A hole of 8 GiB, which takes no place on the disk either.
    const support::TemporaryDirectory folder;
    const std::uint64_t count = std::uint64_t{1} << 31;
    const std::string header = "{" + entry("a", "F32", std::to_string(count), "0," + std::to_string(4 * count)) + "," +
                               entry("b", "U8", "3", std::to_string(4 * count) + "," + std::to_string(4 * count + 3)) +
                               "}";
    const std::string path = folder.write("f", file_of(header, 0));
    std::error_code error;
    std::filesystem::resize_file(path, 8 + header.size() + 4 * count + 3, error);
    if (error) {
        MESSAGE("skipped: no file of 8 GiB: " << error.message());
        return;
    }
    nib::TensorFile file = nib::open_safetensors(path);
    CHECK(file.at("a").shape == std::vector<std::size_t>{count});
    CHECK(file.bytes(file.at("b")) == std::vector<std::byte>(3));
}

TEST_CASE("valid files with unusual layouts are accepted") {
    CHECK(error_in(small_file()).empty());
    CHECK(error_in("{}", 0).empty());
    CHECK(error_in("{\"__metadata__\":{}}", 0).empty());
    // The header's order is not the data's; keys in any order; white space inside.
    CHECK(error_in("{" + entry("b", "U8", "2", "1,3") + " ,\n" + entry("a", "U8", "1", "0,1") + "}", 3).empty());
    CHECK(error_in(R"({"a":{"data_offsets":[0,1], "shape":[1], "dtype":"I8"}})", 1).empty());
    CHECK(error_in("{" + entry("a", "F32", "18446744073709551615,0", "0,0") + "}", 0).empty());
    CHECK(error_in("{" + entry("", "U8", "1", "0,1") + "}", 1).empty());
}

TEST_CASE("every rule for the header's length is checked") {
    CHECK(error_in("") == "f: byte 0: expected the 8 bytes of a safetensors header's length, the file holds 0");
    CHECK(error_in("1234567") == "f: byte 0: expected the 8 bytes of a safetensors header's length, the file holds 7");
    CHECK(
        error_in(std::string("\x01\xe1\xf5\x05\0\0\0\0{}", 10)) ==
        "f: is no safetensors file: byte 0: expected a header of at most 100000000 bytes, found a length of 100000001");
    CHECK(error_in(std::string("\x00\xe1\xf5\x05\0\0\0\0{}", 10)) ==
          "f: byte 0: the header declares 100000000 bytes, the file holds 2 after it");
    CHECK(contains(error_in(std::string(8, '\xff') + "{}"), "found a length of 18446744073709551615"));
    CHECK(error_in(std::string("\x03\0\0\0\0\0\0\0{}", 10)) ==
          "f: byte 0: the header declares 3 bytes, the file holds 2 after it");
}

TEST_CASE("the header starts with a brace and ends in nothing but spaces") {
    for (const char* header : {"", " {}", "[]", "\n{}"}) {
        CAPTURE(header);
        CHECK(error_in(header, 0) == "f: byte 8: expected a safetensors header that starts with '{', found " +
                                         nib::format_quoted(std::string_view(header).substr(0, 1)));
    }
    CHECK(error_in("{}        ", 0).empty());
    for (const char* header : {"{}x", "{}\n", "{} \t", "{}{}", "{} }"}) {
        CAPTURE(header);
        CHECK(error_in(header, 0) == "f: byte 10: expected nothing but spaces after the header's '}'");
    }
    CHECK(contains(error_in(std::string("{}\0", 3), 0), "expected nothing but spaces"));
}

TEST_CASE("the header is strict JSON, and messages count the file's bytes") {
    CHECK(error_in("{\"a\"}", 0) == "f: byte 12: expected ':', found '}'");
    CHECK(error_in("{", 0) == "f: byte 9: expected a key, found the end");
    CHECK(error_in("{\"\xff\":1}", 0) == "f: byte 10: expected UTF-8, found byte 0xff");
    CHECK(error_in("{\"a\":1}", 0) == "f: byte 13: expected an object, found '1'");
    CHECK(contains(error_in("{" + entry("a", "U8", "1", "0,1") + "," + entry("a", "U8", "1", "1,2") + "}", 2),
                   "the key 'a' stands twice"));
    CHECK(contains(error_in("{\"__metadata__\":{},\"__metadata__\":{}}", 0), "the key '__metadata__' stands twice"));
    CHECK(contains(error_in("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 0), "the key 'dtype' stands twice"));
}

TEST_CASE("metadata maps strings to strings") {
    for (const char* value : {"1", "null", "[]", "{}", "true"}) {
        CAPTURE(value);
        CHECK(
            contains(error_in("{\"__metadata__\":{\"a\":" + std::string(value) + "}}", 0), "expected a string, found"));
    }
    CHECK(contains(error_in("{\"__metadata__\":[]}", 0), "expected an object, found '['"));
}

TEST_CASE("an entry is dtype, shape and data_offsets, no less and no more") {
    CHECK(error_in(R"({"a":{"shape":[1],"data_offsets":[0,1]}})", 1) ==
          "f: byte 13: tensor \"a\": expected dtype, shape and data_offsets, found no dtype");
    CHECK(contains(error_in(R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", 1), "found no shape"));
    CHECK(contains(error_in(R"({"a":{"dtype":"U8","shape":[1]}})", 1), "found no data_offsets"));
    CHECK(contains(error_in(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", 1),
                   "expected dtype, shape and data_offsets alone, found 'x'"));
    CHECK(contains(error_in("{" + entry("a", "F31", "1", "0,1") + "}", 1), "tensor \"a\": dtype 'F31' is not known"));
    CHECK(contains(error_in("{" + entry("a", "f32", "1", "0,4") + "}", 4), "dtype 'f32' is not known"));
    for (const char* size : {"-1", "1.0", "1e0", "18446744073709551616"}) {
        CAPTURE(size);
        CHECK(contains(error_in("{" + entry("a", "U8", size, "0,1") + "}", 1), "expected a whole number within range"));
        CHECK(contains(error_in("{" + entry("a", "U8", "1", "0," + std::string(size)) + "}", 1),
                       "expected a whole number within range"));
    }
    CHECK(contains(error_in("{" + entry("a", "U8", "\"1\"", "0,1") + "}", 1), "expected a number, found '\"'"));
    CHECK(
        contains(error_in("{" + entry("a", "U8", "1", "0") + "}", 1), "expected two numbers, found data_offsets [0]"));
    CHECK(contains(error_in("{" + entry("a", "U8", "1", "0,1,1") + "}", 1), "expected two numbers"));
    CHECK(contains(error_in("{" + entry("a", "U8", "1", "") + "}", 1), "expected two numbers"));
}

TEST_CASE("offsets fit the data, and the shape fits them") {
    CHECK(error_in("{" + entry("a", "F32", "2,3", "0,20") + "}", 20) ==
          "f: byte 13: tensor \"a\": shape [2, 3] of F32 takes 24 bytes, data_offsets [0, 20] hold 20");
    CHECK(contains(error_in("{" + entry("a", "F32", "", "0,0") + "}", 0), "shape [] of F32 takes 4 bytes"));
    CHECK(contains(error_in("{" + entry("a", "U8", "2", "0,2") + "}", 1),
                   "data_offsets [0, 2] lie outside the 1 bytes of data"));
    CHECK(contains(error_in("{" + entry("a", "U8", "0", "1,0") + "}", 1), "data_offsets [1, 0] lie outside"));
    CHECK(contains(error_in("{" + entry("a", "U8", "0", "18446744073709551615,18446744073709551615") + "}", 1),
                   "lie outside"));
    CHECK(contains(error_in("{" + entry("a", "F32", "4611686018427387904", "0,0") + "}", 0),
                   "shape [4611686018427387904] of F32 overflows"));
    CHECK(contains(error_in("{" + entry("a", "U8", "4294967296,4294967296", "0,0") + "}", 0), "overflows"));
}

TEST_CASE("tensors cover the data without hole or overlap") {
    const auto two = [](const char* first, const char* first_size, const char* second, const char* second_size,
                        std::size_t data_size) {
        return error_in("{" + entry("a", "U8", first_size, first) + "," + entry("b", "U8", second_size, second) + "}",
                        data_size);
    };
    CHECK(two("0,2", "2", "2,4", "2", 4).empty());
    CHECK(contains(two("0,2", "2", "3,4", "1", 4), "expected tensor \"b\" at data offset 2, found it at 3"));
    CHECK(contains(two("0,3", "3", "2,4", "2", 4), "expected tensor \"b\" at data offset 3, found it at 2"));
    CHECK(contains(two("0,4", "4", "0,4", "4", 4), "expected tensor \"b\" at data offset 4, found it at 0"));
    CHECK(contains(two("1,2", "1", "2,4", "2", 4), "expected tensor \"a\" at data offset 0, found it at 1"));
    CHECK(contains(two("0,4", "4", "2,2", "0", 4), "expected tensor \"b\" at data offset 4, found it at 2"));
    CHECK(contains(two("0,1", "1", "1,2", "1", 3), "expected the file's end at data offset 2, found it at 3"));
    CHECK(error_in("{}", 1) == "f: byte 10: expected the file's end at data offset 0, found it at 1");
}

TEST_CASE("a file cut anywhere is refused") {
    for (const std::string& file : {small_file(), nib::read_file(support::fixture("mixed.safetensors"))}) {
        REQUIRE(error_in(file).empty());
        for (std::size_t size = 0; size < file.size(); ++size) {
            CAPTURE(size);
            const std::vector<char> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
            CHECK_FALSE(error_in(std::string_view(cut.data(), cut.size())).empty());
        }
        CHECK_FALSE(error_in(file + '\0').empty());
    }
}

TEST_CASE("no changed byte leads astray") {
    const std::string file = small_file();
    for (std::size_t i = 0; i < file.size(); ++i) {
        for (int change = 1; change < 256; ++change) {
            std::string changed = file;
            changed[i] = static_cast<char>(changed[i] ^ change);
            static_cast<void>(error_in(changed));
        }
    }
}

TEST_CASE("a hostile name makes no long or broken message") {
    const std::string name(1000000, 'x');
    CHECK(error_in("{" + entry(name, "F31", "1", "0,1") + "}", 1).size() < 200);
    CHECK(contains(error_in("{" + entry("a\\nb", "F31", "1", "0,1") + "}", 1), "tensor \"a?b\""));
    std::string ones = "1";
    for (int i = 0; i < 1000; ++i) ones += ",1";
    CHECK(error_in("{" + entry("a", "F32", ones, "0,1") + "}", 1).size() < 200);
}

TEST_CASE("loading names the file that is missing") {
    const support::TemporaryDirectory folder;
    CHECK(contains(error_of([&] { return nib::open_safetensors(folder.path("missing")); }),
                   folder.path("missing") + ": cannot open"));
    const std::string path = folder.write("f", "1234");
    CHECK(contains(error_of([&] { return nib::open_safetensors(path); }), path + ": byte 0: expected the 8 bytes"));
}

TEST_CASE("what is saved is loaded") {
    const std::vector<float> weight{1.5f, -2.0f, std::numeric_limits<float>::infinity(), 1e-45f, 0.0f, -0.0f};
    const std::vector<std::int32_t> steps{-1};
    const std::vector<std::byte> weight_bytes = nib::tensor_bytes(std::span{weight});
    const std::vector<std::byte> step_bytes = nib::tensor_bytes(std::span{steps});
    CHECK(step_bytes == std::vector<std::byte>(4, std::byte{0xff}));
    CHECK(weight_bytes[3] == std::byte{0x3f});
    const std::vector<nib::Tensor> tensors{{"naïve \"name\"\n", nib::Dtype::f32, {3, 2}, weight_bytes},
                                           {"steps", nib::Dtype::i32, {1}, step_bytes}};
    const support::TemporaryDirectory folder;
    nib::save_safetensors(folder.path("f"), tensors, {{"b", ""}, {"a", "\t"}});
    nib::TensorFile file = nib::open_safetensors(folder.path("f"));
    CHECK(file.metadata() == nib::StringMap{{"a", "\t"}, {"b", ""}});
    REQUIRE(file.tensors().size() == 2);
    CHECK(file.tensors()[0].name == "naïve \"name\"\n");
    CHECK(file.tensors()[0].shape == std::vector<std::size_t>{3, 2});
    CHECK(nib::tensor_bytes(std::span<const float>{nib::values<float>(file, file.tensors()[0])}) == weight_bytes);
    CHECK(nib::read_file(folder.path("f")).find_first_not_of(' ', 8) == 8);
    CHECK((nib::read_file(folder.path("f")).size() - 24 - 4) % 8 == 0);
}

TEST_CASE("no tensors make an empty file of the format") {
    const support::TemporaryDirectory folder;
    nib::save_safetensors(folder.path("f"), {});
    CHECK(nib::read_file(folder.path("f")) == std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
}

TEST_CASE("tensors that no reader would accept are not saved") {
    const support::TemporaryDirectory folder;
    const std::array<std::byte, 4> data{};
    const auto error_saving = [&](const std::vector<nib::Tensor>& tensors) {
        return error_of([&] { return nib::save_safetensors(folder.path("f"), tensors), 0; });
    };
    CHECK(error_saving({{"a", nib::Dtype::f32, {2}, data}}) ==
          folder.path("f") + ": tensor \"a\": expected the data of shape [2] of F32, found 4 bytes");
    CHECK(contains(error_saving({{"a", nib::Dtype::u8, {4}, data}, {"a", nib::Dtype::f32, {}, data}}),
                   "two tensors have this name"));
    CHECK(contains(error_saving({{"__metadata__", nib::Dtype::f32, {}, data}}), "a tensor cannot have this name"));
    CHECK(contains(error_saving({{"\xff", nib::Dtype::f32, {}, data}}), "expected UTF-8"));
    CHECK_FALSE(std::filesystem::exists(folder.path("f")));
}

TEST_CASE("every dtype is saved and loaded, and floating-point numbers of each are converted") {
    const support::TemporaryDirectory folder;
    const std::vector<std::byte> zeros(32);
    std::vector<nib::Tensor> tensors;
    for (std::size_t i = 0; i < nib::detail::dtype_count; ++i) {
        const auto dtype = static_cast<nib::Dtype>(i);
        tensors.push_back(
            {std::string(nib::dtype_name(dtype)), dtype, {4}, std::span{zeros}.first(nib::dtype_bits(dtype) / 2)});
    }
    nib::save_safetensors(folder.path("f"), tensors);
    nib::TensorFile file = nib::open_safetensors(folder.path("f"));
    for (const nib::Tensor& tensor : tensors) {
        CHECK(file.at(tensor.name).dtype == tensor.dtype);
        const std::string error = error_of([&] { return nib::values<float>(file, file.at(tensor.name)); });
        CHECK(error.empty() ==
              (tensor.name == "F16" || tensor.name == "BF16" || tensor.name == "F32" || tensor.name == "F64"));
    }
    CHECK(error_of([&] { return nib::values<float>(file, file.at("F8_E4M3")); }) ==
          folder.path("f") +
              ": \"F8_E4M3\" is float8_e4m3fn, expected floating-point numbers (float16, bfloat16, "
              "float32 or float64)");
}

TEST_CASE("every dtype of the format is known, by its size in bits") {
    // Of the reference implementation, version 0.8.
    const std::vector<std::pair<std::string, std::size_t>> known{
        {"BOOL", 8},    {"F4", 4},   {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},          {"I8", 8},
        {"F8_E5M2", 8}, {"I16", 16}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8},
        {"U16", 16},    {"F16", 16}, {"I32", 32},    {"U32", 32},    {"F32", 32},        {"BF16", 16},
        {"C64", 64},    {"F64", 64}, {"I64", 64},    {"U64", 64}};
    REQUIRE(known.size() == nib::detail::dtype_count);
    for (const auto& [name, bits] : known) {
        const std::string size = std::to_string(bits);
        const std::string bytes = file_of("{" + entry("a", name, "2,4", "0," + size) + "}", bits);
        nib::TensorFile file = nib::parse_safetensors(bytes_of(bytes), "f");
        CHECK(nib::dtype_name(file.at("a").dtype) == name);
        CHECK(file.at("a").byte_count() == bits);
        CHECK(file.bytes(file.at("a")).size() == bits);
    }
    CHECK(contains(error_in("{" + entry("a", "F4", "3", "0,1") + "}", 1),
                   "tensor \"a\": shape [3] of F4 does not fill its last byte, or overflows"));
    CHECK(contains(error_in("{" + entry("a", "F6_E2M3", "4", "0,4") + "}", 4),
                   "shape [4] of F6_E2M3 takes 3 bytes, data_offsets [0, 4] hold 4"));
}

TEST_CASE("metadata may be null, as the reference reader has it") {
    CHECK(error_in("{\"__metadata__\": null}", 0) == "");
    CHECK(error_in("{\"__metadata__\":null," + entry("a", "U8", "1", "0,1") + "}", 1) == "");
    CHECK(contains(error_in("{\"__metadata__\": 1}", 0), "expected an object"));
    CHECK(contains(error_in("{\"__metadata__\": {\"a\": null}}", 0), "expected a string"));
}

TEST_CASE("a header that the format allows and nib does not read is refused at once, and it is said what to do") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.write("f", std::string("\x81\x96\x98\0\0\0\0\0{", 9));  // 10,000,001
    std::filesystem::resize_file(path, 10000009);
    CHECK(error_of([&] { return nib::open_safetensors(path); }) ==
          path +
              ": byte 0: expected a safetensors header of at most 10000000 bytes, found one of 10000001, which names "
              "more tensors than are read from one file: save them in several");
}

TEST_CASE("a tensor has at most 64 dimensions") {
    std::string ones = "1";
    for (int i = 1; i < 64; ++i) ones += ",1";
    CHECK(error_in("{" + entry("a", "U8", ones, "0,1") + "}", 1) == "");
    CHECK(contains(error_in("{" + entry("a", "U8", ones + ",1", "0,1") + "}", 1),
                   "expected at most 64 sizes, found more"));
}
