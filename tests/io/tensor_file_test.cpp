#include <nib/io/tensor_file.hpp>

#include "../support.hpp"
#include "zip_builder.hpp"

#include <nib/io/detail/packed_parts.hpp>
#include <nib/io/detail/tensor_checks.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

using support::contains;
using support::error_of;

namespace {

using Sizes = std::vector<std::size_t>;

nib::TensorFile file_of(std::span<const std::byte> bytes, std::vector<nib::TensorInfo> tensors) {
    return {nib::ByteSource{bytes, "f"}, "test", std::move(tensors)};
}

std::vector<std::byte> bytes_with(std::size_t count) {
    std::vector<float> numbers(count);
    for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<float>(i);
    return nib::tensor_bytes(std::span<const float>{numbers});
}

// All elements in row-major order by the definition of strides: one index vector after the other.
template <class Use>
void for_each_element(const Sizes& shape, const Sizes& strides, const Use& use) {
    std::size_t count = 1;
    for (const std::size_t size : shape) count *= size;
    for (std::size_t number = 0; number < count; ++number) {
        std::size_t rest = number, place = 0;
        for (std::size_t i = shape.size(); i-- > 0; rest /= shape[i]) place += rest % shape[i] * strides[i];
        use(number, place);
    }
}

// Float number i of the file is i: what a tensor of these strides must then hold.
void check_strided(nib::TensorFile& file, const nib::TensorInfo& tensor) {
    CAPTURE(nib::detail::shape_text(tensor.shape));
    CAPTURE(nib::detail::shape_text(tensor.strides));
    std::vector<float> expected;
    for_each_element(tensor.shape, tensor.strides, [&](std::size_t, std::size_t place) {
        expected.push_back(static_cast<float>(tensor.offset / 4 + place));
    });
    CHECK(nib::values<float>(file, tensor) == expected);
    CHECK(file.bytes(tensor) == nib::tensor_bytes(std::span<const float>{expected}));
}

}  // namespace

TEST_CASE("tensors are found by name, in a file's order or not") {
    const auto bytes = bytes_with(4);
    nib::TensorFile file{
        nib::ByteSource{bytes, "f"},
        "test",
        {{"b", nib::Dtype::f32, {}, {}, 4}, {"a", nib::Dtype::f32, {2}, {1}, 8}, {"c", nib::Dtype::f32, {}, {}}},
        {{"k", "v"}}};
    CHECK(file.path() == "f");
    CHECK(file.format() == "test");
    CHECK(file.metadata().at("k") == "v");
    CHECK(file.tensors()[0].name == "b");
    CHECK(file.find("a") == &file.tensors()[1]);
    CHECK(&file.at("c") == &file.tensors()[2]);
    CHECK(file.find("") == nullptr);
    CHECK(file.find("d") == nullptr);
    CHECK(error_of([&] { return file.at("d"); }) == "f: expected a tensor \"d\", found none");
    CHECK(nib::values<float>(file, file.at("b")) == std::vector<float>{1});
    CHECK(nib::values<double>(file, file.at("a")) == std::vector<double>{2, 3});
    const nib::TensorFile moved = std::move(file);
    CHECK(moved.at("b").offset == 4);
    static_assert(!std::is_copy_constructible_v<nib::TensorFile>);
}

TEST_CASE("any strides give the elements that their definition gives") {
    const auto bytes = bytes_with(127);
    const std::vector<std::pair<Sizes, Sizes>> layouts{
        {{}, {}},                        // one number
        {{4, 5}, {5, 1}},                // row-major
        {{4, 5}, {1, 4}},                // transposed
        {{4, 5}, {10, 2}},               // every other element of every other row
        {{3, 4, 5}, {1, 3, 12}},         // column-major
        {{3, 4, 5}, {5, 15, 1}},         // permuted
        {{2, 3, 4, 5}, {60, 20, 5, 1}},  // four dimensions
        {{4, 3}, {0, 1}},                // a row repeated
        {{4, 3}, {1, 0}},                // a column repeated
        {{5, 5}, {0, 0}},                // one number repeated
        {{4, 4}, {1, 1}},                // a Hankel matrix: elements overlap
        {{1, 5, 1}, {99, 1, 77}},        // strides of dimensions of size 1 mean nothing
        {{0}, {1}},
        {{3, 0, 2}, {7, 9, 1}},
        {{1}, {1}},
    };
    for (const auto& [shape, strides] : layouts) {
        for (const std::size_t first : {0u, 7u}) {
            nib::TensorFile file = file_of(bytes, {{"t", nib::Dtype::f32, shape, strides, first * 4}});
            check_strided(file, file.tensors()[0]);
        }
    }
}

TEST_CASE("random strides and places of the result agree with a naive loop") {
    const auto bytes = bytes_with(5000);
    std::mt19937 random{1};
    for (int trial = 0; trial < 300; ++trial) {
        const std::size_t rank = random() % 5;
        Sizes shape(rank), strides(rank), to_strides(rank);
        std::size_t last = 0, to_last = 0;
        for (std::size_t i = 0; i < rank; ++i) {
            shape[i] = random() % 5 + (trial % 10 == 0 ? 0 : 1);
            strides[i] = random() % 50;
            to_strides[i] = random() % 50;
            if (shape[i] == 0) continue;
            last += (shape[i] - 1) * strides[i];
            to_last += (shape[i] - 1) * to_strides[i];
        }
        const std::size_t first = random() % (5000 - last);
        nib::TensorFile file = file_of(bytes, {{"t", nib::Dtype::f32, shape, strides, first * 4}});
        check_strided(file, file.tensors()[0]);

        // Where places coincide, any of their elements may be there: compare the set that is written.
        std::vector<double> expected(to_last + 1, -1), found(to_last + 1, -1);
        std::vector<int> writes(to_last + 1);
        for_each_element(shape, to_strides, [&](std::size_t, std::size_t place) { ++writes[place]; });
        std::vector<std::size_t> sources;
        for_each_element(shape, strides, [&](std::size_t, std::size_t place) { sources.push_back(first + place); });
        for_each_element(shape, to_strides, [&](std::size_t number, std::size_t place) {
            expected[place] = static_cast<double>(sources[number]);
        });
        nib::read_into<double>(file, file.tensors()[0], found.data(), to_strides);
        for (std::size_t i = 0; i <= to_last; ++i) {
            if (writes[i] <= 1) CHECK(found[i] == expected[i]);
            if (writes[i] > 1) CHECK(found[i] >= 0);
        }
    }
}

TEST_CASE("tensors larger than the window are read whole, wherever its edges fall") {
    // The window holds 65,536 bytes: 16,384 floats. An offset of 2 bytes makes elements straddle its edges.
    const std::size_t count = 3 * 16384 + 5;
    for (const std::size_t shift : {0u, 2u}) {
        std::vector<std::byte> bytes(shift);
        const auto numbers = bytes_with(count);
        bytes.insert(bytes.end(), numbers.begin(), numbers.end());
        const support::TemporaryDirectory folder;
        const std::string path = folder.write("f", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        nib::TensorFile file{nib::ByteSource{path},
                             "test",
                             {{"flat", nib::Dtype::f32, {count}, {1}, shift},
                              {"columns", nib::Dtype::f32, {7021, 7}, {1, 7021}, shift},
                              {"far", nib::Dtype::f32, {3, 16384}, {1, 3}, shift},
                              {"farther", nib::Dtype::f32, {20000, 2}, {1, 29157}, shift},
                              {"edge", nib::Dtype::f32, {6, 3}, {1, 16384}, shift},
                              {"last", nib::Dtype::f32, {}, {}, shift + 4 * (count - 1)}}};
        CHECK(file.path() == path);
        for (const nib::TensorInfo& tensor : file.tensors()) {
            std::vector<float> expected;
            for_each_element(tensor.shape, tensor.strides, [&](std::size_t, std::size_t place) {
                expected.push_back(static_cast<float>((tensor.offset - shift) / 4 + place));
            });
            CHECK((nib::values<float>(file, tensor) == expected));
            // And after another part of the file was read.
            nib::values<float>(file, file.at("last"));
            CHECK((nib::values<float>(file, tensor) == expected));
        }
    }
}

TEST_CASE("each floating-point type is converted, in either byte order") {
    const std::vector<double> expected{1.5, -0.0, 0x1p-14, -65504, 0.25, 3};
    const std::vector<std::uint16_t> halfs{0x3e00, 0x8000, 0x0400, 0xfbff, 0x3400, 0x4200};
    const std::vector<std::uint16_t> bfloats{0x3fc0, 0x8000, 0x3880, 0xc780, 0x3e80, 0x4040};
    const std::vector<double> expected_bfloats{1.5, -0.0, 0x1p-14, -65536, 0.25, 3};
    const std::vector<float> floats(expected.begin(), expected.end());
    const auto check = [](std::vector<std::byte> bytes, nib::Dtype dtype, const std::vector<double>& numbers) {
        for (const std::endian order : {std::endian::little, std::endian::big}) {
            nib::TensorFile file =
                file_of(bytes, {{.name = "t", .dtype = dtype, .shape = {6}, .strides = {1}, .order = order}});
            const auto found = nib::values<double>(file, file.tensors()[0]);
            CHECK(found == numbers);
            CHECK(std::signbit(found[1]));
            const auto single = nib::values<float>(file, file.tensors()[0]);
            CHECK(std::vector<double>(single.begin(), single.end()) == numbers);
            // The bytes that are handed out are little-endian in both.
            CHECK(
                nib::load_number<std::uint16_t>(file.bytes(file.tensors()[0]).data() + bytes.size() - 2,
                                                std::endian::little) ==
                nib::load_number<std::uint16_t>(
                    bytes.data() + bytes.size() - (order == std::endian::little ? 2 : nib::dtype_size(dtype)), order));
            for (std::size_t i = 0; i < bytes.size(); i += nib::dtype_size(dtype))
                std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                             bytes.begin() + static_cast<std::ptrdiff_t>(i + nib::dtype_size(dtype)));
        }
    };
    check(nib::tensor_bytes(std::span{halfs}), nib::Dtype::f16, expected);
    check(nib::tensor_bytes(std::span{bfloats}), nib::Dtype::bf16, expected_bfloats);
    check(nib::tensor_bytes(std::span<const float>{floats}), nib::Dtype::f32, expected);
    check(nib::tensor_bytes(std::span{expected}), nib::Dtype::f64, expected);
}

TEST_CASE("doubles are rounded to floats, and what does not fit is refused") {
    const auto as_float = [](double number) {
        const auto bytes = nib::tensor_bytes(std::span<const double>{&number, 1});
        nib::TensorFile file = file_of(bytes, {{"a", nib::Dtype::f64, {}, {}}});
        CHECK(nib::values<double>(file, file.tensors()[0]).size() == 1);
        return nib::values<float>(file, file.tensors()[0]).front();
    };
    CHECK(as_float(0.1) == 0.1f);
    CHECK(as_float(3.4028234663852886e38) == std::numeric_limits<float>::max());
    CHECK(error_of([&] { return as_float(1e300); }) ==
          "f: \"a\": a number is too large for the type that is to hold it");
    CHECK(contains(error_of([&] { return as_float(-1e39); }), "too large"));
    CHECK(std::isinf(as_float(std::numeric_limits<double>::infinity())));
    CHECK(std::isnan(as_float(std::numeric_limits<double>::quiet_NaN())));
}

TEST_CASE("types without floating-point numbers are refused by PyTorch's name, before anything is written") {
    const std::vector<std::byte> bytes(64);
    for (std::size_t i = 0; i < nib::detail::dtype_count; ++i) {
        const auto dtype = static_cast<nib::Dtype>(i);
        nib::TensorFile file = file_of(bytes, {{"fc1.weight", dtype, {4}, {1}}});
        float numbers[4] = {7, 7, 7, 7};
        const std::size_t stride = 1;
        const std::string error = error_of([&] {
            return nib::read_into<float>(file, file.tensors()[0], numbers, {&stride, 1}), 0;
        });
        if (nib::is_floating(dtype)) {
            CHECK(error.empty());
            CHECK(numbers[0] == 0);
        } else {
            CHECK(error == "f: \"fc1.weight\" is " + std::string(nib::torch_dtype_name(dtype)) +
                               ", expected floating-point numbers (float16, bfloat16, float32 or float64)");
            CHECK(numbers[0] == 7);
        }
        CHECK(file.bytes(file.tensors()[0]).size() == nib::dtype_bits(dtype) / 2);
    }
}

TEST_CASE("a tensor that does not lie within the file makes no TensorFile") {
    const auto bytes = bytes_with(6);
    const auto error_with = [&](const Sizes& shape, const Sizes& strides, std::size_t offset,
                                nib::Dtype dtype = nib::Dtype::f32) {
        return error_of([&] { return file_of(bytes, {{"t", dtype, shape, strides, offset}}); });
    };
    constexpr std::size_t huge = static_cast<std::size_t>(-1);
    CHECK(error_with({2, 3}, {3, 1}, 0).empty());
    CHECK(error_with({2, 3}, {1, 2}, 0).empty());
    CHECK(error_with({}, {}, 20).empty());
    CHECK(error_with({0}, {huge}, huge).empty());
    CHECK(error_with({1}, {huge}, 20).empty());
    CHECK(error_with({2, 3}, {3, 1}, 1) ==
          "f: tensor \"t\": shape [2, 3] from byte 1 reaches beyond the 24 bytes of the file");
    CHECK(contains(error_with({}, {}, 21), "reaches beyond"));
    CHECK(contains(error_with({}, {}, 24), "reaches beyond"));
    CHECK(contains(error_with({}, {}, huge), "reaches beyond"));
    CHECK(contains(error_with({2, 3}, {4, 1}, 0), "reaches beyond"));
    CHECK(contains(error_with({2}, {huge}, 0), "reaches beyond"));
    CHECK(contains(error_with({3}, {huge / 2 + 1}, 0), "reaches beyond"));  // 2 * stride wraps to 0
    CHECK(contains(error_with({2, 2}, {huge, 1}, 0), "reaches beyond"));    // huge + 1 wraps to 0
    CHECK(contains(error_with({2}, {huge / 4 + 1}, 0), "reaches beyond"));  // 4 bytes * stride wraps to 0
    CHECK(contains(error_with({7}, {1}, 0, nib::Dtype::i32), "reaches beyond"));
    CHECK(error_with({huge, huge}, {0, 0}, 0) ==
          "f: tensor \"t\": shape [18446744073709551615, 18446744073709551615] overflows");
    CHECK(contains(error_with({2}, {}, 0), "expected a stride for each dimension, found 0"));
    const auto named = [](const char* name) { return nib::TensorInfo{name, nib::Dtype::f32, {}, {}}; };
    CHECK(error_of([&] {
              return file_of(bytes, {named("t"), named("u"), named("t")});
          }) == "f: tensor \"t\": two tensors have this name");
}

TEST_CASE("tensors that repeat the same numbers are counted together") {
    const auto bytes = bytes_with(6);  // 24
    const auto repeated = [](const char* name) { return nib::TensorInfo{name, nib::Dtype::f32, {24}, {0}}; };
    CHECK_NOTHROW(file_of(bytes, {repeated("a"), repeated("b"), repeated("c"), repeated("d")}).check_counts());
    CHECK(
        error_of([&] {
            file_of(bytes, {repeated("a"), repeated("b"), repeated("c"), repeated("d"), repeated("e")}).check_counts();
            return 0;
        }) == "f: tensor \"e\": with those before it has more than 4 times as many elements as the file has bytes");
}

TEST_CASE("a compressed entry with many tensors, for each of which it may be unpacked, is refused") {
    const std::string numbers(4000, '\0');
    const std::string packed = support::deflated(numbers);
    const auto error_with = [&](std::size_t count, bool deflated) {
        const std::string& stored = deflated ? packed : numbers;
        nib::ByteSource source{nib::bytes_of(stored), "f"};
        nib::SourcePart part;
        part.name = "n";
        part.stored = stored.size();
        part.deflated = deflated;
        part.size = numbers.size();
        part.crc = support::slow_crc32(numbers);
        const std::size_t offset =
            nib::detail::PackedParts::attach(source, support::list_of<nib::SourcePart>({part}))[0];
        std::vector<nib::TensorInfo> tensors;
        for (std::size_t i = 0; i < count; ++i)
            tensors.push_back({std::to_string(i), nib::Dtype::f32, {10}, {1}, offset});
        return error_of([&] {
            nib::TensorFile{std::move(source), "test", std::move(tensors)}.check_counts();
            return 0;
        });
    };
    // The file and what it unpacks to are about two times the entry.
    CHECK(error_with(32, true) == "");
    CHECK(error_with(33, true) ==
          "f: tensor \"32\": lies in a compressed entry with too many others: save the file without compression");
    CHECK(error_with(40, false) == "");
}

TEST_CASE("a small file makes no large allocation") {
    const auto bytes = bytes_with(6);
    nib::TensorFile file = file_of(bytes, {{"t", nib::Dtype::f32, {std::size_t{1} << 40}, {0}}});
    const std::string expected = "f: tensor \"t\": shape [1099511627776] has more elements than the file has bytes";
    CHECK(error_of([&] { return nib::values<float>(file, file.tensors()[0]); }) == expected);
    CHECK(error_of([&] { return file.bytes(file.tensors()[0]); }) == expected);
}

TEST_CASE("a file that ends early while it is read is an error, and what was read before is still right") {
    const support::TemporaryDirectory folder;
    const auto bytes = bytes_with(40000);
    const std::string path = folder.write("f", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    nib::TensorFile file{nib::ByteSource{path},
                         "test",
                         {{"first", nib::Dtype::f32, {1000}, {1}}, {"late", nib::Dtype::f32, {10}, {1}, 120000}}};
    std::filesystem::resize_file(path, 4000);
    CHECK(contains(error_of([&] { return nib::values<float>(file, file.at("late")); }), "f: byte 120000: expected"));
    CHECK(nib::values<float>(file, file.at("first"))[999] == 999);
}

TEST_CASE("packed numbers are handed over as they lie, and fill their bytes") {
    std::vector<std::byte> bytes(8);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    nib::TensorFile file = file_of(bytes, {{"four", nib::Dtype::f4, {2, 3}, {3, 1}, 1},
                                           {"six", nib::Dtype::f6_e2m3, {4}, {1}, 5},
                                           {"none", nib::Dtype::f6_e3m2, {0, 3}, {3, 1}, 8}});
    CHECK(file.at("four").byte_count() == 3);
    CHECK(file.at("six").byte_count() == 3);
    CHECK(file.bytes(file.at("four")) == std::vector<std::byte>{bytes[1], bytes[2], bytes[3]});
    CHECK(file.bytes(file.at("six")) == std::vector<std::byte>{bytes[5], bytes[6], bytes[7]});
    CHECK(file.bytes(file.at("none")).empty());
    file.check_counts();
    CHECK(error_of([&] {
              return file_of(bytes, {{"a", nib::Dtype::f4, {3}, {1}, 0}});
          }) == "f: tensor \"a\": shape [3] does not fill its last byte, or overflows");
    CHECK(contains(error_of([&] {
                       return file_of(bytes, {{"a", nib::Dtype::f6_e2m3, {4}, {1}, 6}});
                   }),
                   "shape [4] from byte 6 reaches beyond the 8 bytes of the file"));
}
