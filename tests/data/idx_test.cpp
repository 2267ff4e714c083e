#include <nib/data/idx.hpp>

#include "../io/zip_builder.hpp"
#include "../support.hpp"

#include <nib/io/file.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace std::string_literals;
using support::contains;
using support::error_of;

namespace {

using Shape = std::vector<std::size_t>;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

nib::Idx parse(std::string_view file) { return nib::parse_idx(bytes_of(file), "f"); }

// The errors of both doors, which must be the same.
std::string error_in(std::string_view file) {
    const std::string parsed = error_of([&] { parse(file); });
    const support::TemporaryDirectory folder;
    const std::string path = folder.write("f", file);
    const std::string loaded = error_of([&] { nib::load_idx(path); });
    CHECK(loaded == (parsed.empty() ? "" : path + parsed.substr(1)));
    return parsed;
}

template <class T>
std::vector<T> numbers(const nib::Idx& idx) {
    const std::span<const T> values = idx.values<T>();
    return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("values of each type are read in the machine's byte order") {
    CHECK(numbers<std::uint8_t>(parse("\0\0\x08\x01\0\0\0\x02\x01\xff"s)) == std::vector<std::uint8_t>{1, 255});
    CHECK(numbers<std::int8_t>(parse("\0\0\x09\x01\0\0\0\x02\x01\xff"s)) == std::vector<std::int8_t>{1, -1});
    CHECK(numbers<std::int16_t>(parse("\0\0\x0b\x01\0\0\0\x02\x01\x02\xff\xfe"s)) ==
          std::vector<std::int16_t>{258, -2});
    CHECK(numbers<std::int32_t>(parse("\0\0\x0c\x01\0\0\0\x02\0\0\x01\x02\xff\xff\xff\xfe"s)) ==
          std::vector<std::int32_t>{258, -2});
    CHECK(numbers<float>(parse("\0\0\x0d\x01\0\0\0\x02\x3f\x80\0\0\xc0\x20\0\0"s)) == std::vector<float>{1.0f, -2.5f});
    CHECK(numbers<double>(parse("\0\0\x0e\x01\0\0\0\x01\x3f\xb9\x99\x99\x99\x99\x99\x9a"s)) ==
          std::vector<double>{0.1});
}

TEST_CASE("the type in the file is the type of the values") {
    CHECK(parse("\0\0\x08\0\0"s).type == nib::IdxType::u8);
    CHECK(parse("\0\0\x09\0\0"s).type == nib::IdxType::i8);
    CHECK(parse("\0\0\x0b\0\0\0"s).type == nib::IdxType::i16);
    CHECK(parse("\0\0\x0c\0\0\0\0\0"s).type == nib::IdxType::i32);
    CHECK(parse("\0\0\x0d\0\0\0\0\0"s).type == nib::IdxType::f32);
    CHECK(parse("\0\0\x0e\0\0\0\0\0\0\0\0\0"s).type == nib::IdxType::f64);
}

TEST_CASE("values asked for as another type are refused") {
    const nib::Idx idx = parse("\0\0\x08\x01\0\0\0\x04\1\2\3\4"s);
    CHECK(error_of([&] { idx.values<std::int32_t>(); }) == "f: byte 2: expected values of type i32, found u8");
    CHECK(error_of([&] { idx.values<std::int8_t>(); }) == "f: byte 2: expected values of type i8, found u8");
}

TEST_CASE("any rank from none to 255 is read") {
    const nib::Idx scalar = parse("\0\0\x08\0\x2a"s);
    CHECK(scalar.shape.empty());
    CHECK(numbers<std::uint8_t>(scalar) == std::vector<std::uint8_t>{42});

    const nib::Idx matrix = parse("\0\0\x08\x02\0\0\0\x02\0\0\0\x03"s + "abcdef");
    CHECK(matrix.shape == Shape{2, 3});
    CHECK(matrix.values<std::uint8_t>()[5] == 'f');

    std::string file = "\0\0\x08\xff"s;
    for (int i = 0; i < 255; ++i) file += "\0\0\0\x01"s;
    CHECK(parse(file + "x").shape == Shape(255, 1));
    CHECK(contains(error_in(file), "header declares 1x1x1x1x1x1x1x1x... (1 bytes of values), the file holds 0"));
}

TEST_CASE("no values are legal") {
    const nib::Idx idx = parse("\0\0\x0c\x02\0\0\0\0\xff\xff\xff\xff"s);
    CHECK(idx.shape == Shape{0, 0xffffffff});
    CHECK(idx.data.empty());
    CHECK(idx.values<std::int32_t>().empty());
}

TEST_CASE("values start a cache line") {
    CHECK(reinterpret_cast<std::uintptr_t>(parse("\0\0\x08\x01\0\0\0\x01x"s).data.data()) % 64 == 0);
}

TEST_CASE("a file is read as memory is") {
    const support::TemporaryDirectory folder;
    const std::string content = "\0\0\x0b\x01\0\0\0\x02\x01\x02\xff\xfe"s;
    const nib::Idx idx = nib::load_idx(folder.write("f", content));
    CHECK(idx.path == folder.path("f"));
    CHECK(idx.type == nib::IdxType::i16);
    CHECK(idx.shape == Shape{2});
    CHECK(numbers<std::int16_t>(idx) == std::vector<std::int16_t>{258, -2});
    CHECK(contains(error_of([&] { nib::load_idx(folder.path("missing")); }), folder.path("missing") + ": cannot open"));
}

TEST_CASE("a size that is not the file's is refused with both numbers") {
    CHECK(error_in("\0\0\x08\x03\0\0\0\x02\0\0\0\x03\0\0\0\x04"s + std::string(23, 'x')) ==
          "f: byte 4: header declares 2x3x4 (24 bytes of pixels), the file holds 23");
    CHECK(error_in("\0\0\x08\x03\0\0\0\x02\0\0\0\x03\0\0\0\x04"s + std::string(25, 'x')) ==
          "f: byte 4: header declares 2x3x4 (24 bytes of pixels), the file holds 25");
    CHECK(error_in("\0\0\x0e\x01\0\0\0\x02"s + std::string(15, 'x')) ==
          "f: byte 4: header declares 2 (16 bytes of values), the file holds 15");
    CHECK(error_in("\0\0\x08\0"s) == "f: byte 4: header declares 1 (1 bytes of values), the file holds 0");
}

TEST_CASE("a hostile size allocates nothing and overflows nothing") {
    const std::string huge = "\xff\xff\xff\xff";
    CHECK(error_in("\0\0\x08\x01"s + huge) ==
          "f: byte 4: header declares 4294967295 (4294967295 bytes of values), the file holds 0");
    CHECK(error_in("\0\0\x08\x03"s + huge + huge + huge + "x") ==
          "f: byte 4: header declares 4294967295x4294967295x4294967295 (too many bytes of pixels), the file holds 1");
    // 2^32 x 2^31 x 2 of one byte would wrap around to 0.
    const std::string wrapping = "\0\0\x08\x04\x80\0\0\0\x80\0\0\0\0\0\0\x02\0\0\0\x02"s;
    CHECK(contains(error_in(wrapping), "too many bytes of values"));
}

TEST_CASE("what is no IDX file is refused, and why is said") {
    CHECK(error_in("") == "f: byte 0: expected an IDX file, found an empty one");
    CHECK(contains(error_in("\x1f\0\x08\x01"s), "expected an IDX file, which starts with two zero bytes, found 31 0"));
    CHECK(error_in("\0\x01\x08\x01"s) ==
          "f: byte 0: expected an IDX file, which starts with two zero bytes, found 0 1");
    CHECK(contains(error_in("PNG and so on"), "expected an IDX file, which starts with two zero bytes, found 80 78"));
    CHECK(error_in("\0\0\x0a\x01"s) == "f: byte 2: expected an IDX type (8, 9, 11, 12, 13 or 14), found 10");
    CHECK(contains(error_in("\0\0\0\x01"s), "byte 2: expected an IDX type"));
    CHECK(contains(error_in("\0\0\x0f\x01"s), "byte 2: expected an IDX type"));
    CHECK(error_in("\0\0\x08"s) == "f: byte 3: expected the 4 bytes that start an IDX file, found its end");
    CHECK(error_in("\0\0\x08\x03\0\0\0\x01\0\0\0"s) ==
          "f: byte 4: expected 3 sizes of 4 bytes each, the file holds 7 bytes");
}

TEST_CASE("an IDX file cut anywhere is refused") {
    const std::string file = "\0\0\x0b\x02\0\0\0\x02\0\0\0\x03"s + "abcdefghijkl";
    REQUIRE(error_in(file).empty());
    for (std::size_t size = 0; size < file.size(); ++size) {
        CAPTURE(size);
        const std::vector<char> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK_FALSE(error_in(std::string_view(cut.data(), cut.size())).empty());
    }
}

TEST_CASE("no changed byte of an IDX file leads astray") {
    const std::string file = "\0\0\x0b\x02\0\0\0\x02\0\0\0\x03"s + "abcdefghijkl";
    for (std::size_t i = 0; i < file.size(); ++i) {
        for (int change = 1; change < 256; ++change) {
            std::string changed = file;
            changed[i] = static_cast<char>(changed[i] ^ change);
            const std::string error = error_of([&] { parse(changed); });
            CHECK(error.empty() == (i >= 12));  // every byte of this header matters
        }
    }
}

TEST_CASE("values are saved big-endian") {
    const support::TemporaryDirectory folder;
    const Shape shape{2};
    const auto saved = [&](auto first, auto second) {
        const std::array values{first, second};
        nib::save_idx(folder.path("f"), shape, std::span<const decltype(first)>{values});
        return nib::read_file(folder.path("f"));
    };
    CHECK(saved(std::uint8_t{1}, std::uint8_t{255}) == "\0\0\x08\x01\0\0\0\x02\x01\xff"s);
    CHECK(saved(std::int8_t{1}, std::int8_t{-1}) == "\0\0\x09\x01\0\0\0\x02\x01\xff"s);
    CHECK(saved(std::int16_t{258}, std::int16_t{-2}) == "\0\0\x0b\x01\0\0\0\x02\x01\x02\xff\xfe"s);
    CHECK(saved(std::int32_t{258}, std::int32_t{-2}) == "\0\0\x0c\x01\0\0\0\x02\0\0\x01\x02\xff\xff\xff\xfe"s);
    CHECK(saved(1.0f, -2.5f) == "\0\0\x0d\x01\0\0\0\x02\x3f\x80\0\0\xc0\x20\0\0"s);
    CHECK(saved(0.1, 1.0) == "\0\0\x0e\x01\0\0\0\x02\x3f\xb9\x99\x99\x99\x99\x99\x9a\x3f\xf0\0\0\0\0\0\0"s);
}

TEST_CASE("what is loaded is saved unchanged, at any rank") {
    const support::TemporaryDirectory folder;
    std::string deep = "\0\0\x0b\xff"s;
    for (int i = 0; i < 255; ++i) deep += "\0\0\0\x01"s;
    for (const std::string& file :
         {"\0\0\x08\0x"s, "\0\0\x0e\0\1\2\3\4\5\6\7\x08"s, "\0\0\x0b\x02\0\0\0\x02\0\0\0\x01\1\2\3\4"s,
          "\0\0\x0d\x02\0\0\0\0\0\0\0\x05"s, deep + "ab"}) {
        nib::save_idx(folder.path("f"), parse(file));
        CHECK(nib::read_file(folder.path("f")) == file);
    }
}

TEST_CASE("what IDX cannot hold is not saved, and no file is left") {
    const support::TemporaryDirectory folder;
    const std::vector<std::uint8_t> values(6);
    const auto error_saving = [&](const Shape& shape, std::size_t count) {
        return error_of([&] { nib::save_idx(folder.path("f"), shape, std::span{values}.first(count)); });
    };
    CHECK(error_saving({2, 3}, 5) == folder.path("f") + ": expected the values of 2x3 u8, found 5 bytes");
    CHECK(contains(error_saving({}, 0), "expected the values of 1 u8, found 0 bytes"));
    CHECK(contains(error_saving(Shape(256, 1), 1), "expected at most 255 dimensions, found 256"));
    if constexpr (sizeof(std::size_t) > 4)
        CHECK(contains(error_saving({std::size_t{1} << 32, 0}, 0), "IDX sizes have 32 bits, found 4294967296"));
    CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("what gzip has packed is unpacked, whatever it is called") {
    const support::TemporaryDirectory folder;
    const std::string packed = support::gzipped("\0\0\x0b\x02\0\0\0\1\0\0\0\2\1\0\xff\xfe"s);
    const nib::Idx memory = nib::parse_idx(nib::bytes_of(packed), "f");
    CHECK(memory.shape == std::vector<std::size_t>{1, 2});
    CHECK(memory.values<std::int16_t>()[0] == 256);
    CHECK(memory.values<std::int16_t>()[1] == -2);
    CHECK(nib::load_idx(folder.write("x.gz", packed)).data == memory.data);
    CHECK(nib::load_idx(folder.write("x", packed)).data == memory.data);
    // Longer than what is unpacked in one go.
    const std::string long_values(3000000, 'v');
    const nib::Idx longer =
        nib::load_idx(folder.write("long", support::gzipped("\0\0\x08\x01\0\x2d\xc6\xc0"s + long_values)));
    CHECK(longer.data.size() == long_values.size());
    CHECK(longer.data.back() == std::byte{'v'});
}

TEST_CASE("a packed file that is damaged, or is not what its header declares, is refused") {
    const std::string file =
        "\0\0\x08\x01\0\0\0\x03"
        "abc"s;
    const std::string packed = support::gzipped(file);
    REQUIRE(error_in(packed) == "");
    CHECK(error_in("\x1f\x8b") == "f: byte 2 of the gzip file: ends in the middle: the file is cut short");
    for (std::size_t size = 0; size < packed.size(); ++size) CHECK(error_in(packed.substr(0, size)) != "");
    CHECK(error_in(support::gzipped("")) == "f: byte 0: expected an IDX file, found an empty one");
    CHECK(error_in(support::gzipped(file + "d")) ==
          "f: byte 4: header declares 3 (3 bytes of values), the file holds more when unpacked");
    CHECK(error_in(support::gzipped(file.substr(0, 10))) ==
          "f: byte 4: header declares 3 (3 bytes of values), the file holds 2 when unpacked");
    CHECK(error_in(support::gzipped(file.substr(0, 6))) ==
          "f: byte 4: expected 1 sizes of 4 bytes each, the file holds 2 bytes");
    CHECK(
        error_in(support::gzipped("\0\0\x08\x01\x7f\xff\xff\xff"s)) ==
        "f: byte 4: header declares 2147483647 (2147483647 bytes of values), the file holds 31 compressed ones, which "
        "cannot hold that");
    const std::string large = support::gzipped("\0\0\x08\x01\x08\0\0\1"s + std::string(140000, '\0'));
    CHECK(error_in(large) ==
          "f: byte 4: header declares 134217729 (134217729 bytes of values), the file holds " +
              std::to_string(large.size()) +
              " compressed ones, expected at most 128 MiB or 32 times as many: unpack it with gunzip");
}
