#include <nib/io/file.hpp>

#include "../support.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#if NIB_POSIX_FILES
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

using support::contains;
using support::error_of;

TEST_CASE("read_file gives every byte of a file") {
    const support::TemporaryDirectory folder;
    std::string content(200000, 'x');
    content[1] = '\0';
    content[199999] = '\n';
    CHECK(nib::read_file(folder.write("large", content)) == content);
    CHECK(nib::read_file(folder.write("empty", "")).empty());
}

TEST_CASE("reading says which file is missing or a folder, and why") {
    const support::TemporaryDirectory folder;
    const std::string missing = folder.path("missing");
    CHECK(error_of([&] { nib::read_file(missing); }) == missing + ": cannot open: No such file or directory");
    CHECK(error_of([&] { nib::InputFile{missing}; }) == missing + ": cannot open: No such file or directory");
    CHECK(contains(error_of([&] { nib::read_file(folder.path()); }), folder.path() + ": cannot "));
    CHECK(contains(error_of([&] { nib::InputFile{folder.path()}; }), folder.path() + ": cannot "));
    CHECK(error_of([&] { nib::read_file(missing + '\0' + "x"); }) ==
          missing + "\\0...: cannot open: a path has no zero bytes");
}

TEST_CASE("an InputFile is read piece by piece") {
    const support::TemporaryDirectory folder;
    nib::InputFile file{folder.write("f", "abcdef")};
    CHECK(file.path() == folder.path("f"));
    CHECK(file.size() == 6);
    std::array<char, 4> piece{};
    file.read(std::as_writable_bytes(std::span{piece}));
    CHECK(std::string_view(piece.data(), 4) == "abcd");
    CHECK(file.position() == 4);
    CHECK(file.remaining() == 2);
    file.read({});
    CHECK(file.position() == 4);
}

TEST_CASE("an InputFile that ends too soon says where, and how much was missing") {
    const support::TemporaryDirectory folder;
    nib::InputFile file{folder.write("f", "abcdef")};
    std::array<std::byte, 4> piece{};
    file.read(piece);
    CHECK(error_of([&] { file.read(piece); }) == folder.path("f") + ": byte 4: expected 4 more bytes, found 2");
}

TEST_CASE("an empty InputFile has the size 0") {
    const support::TemporaryDirectory folder;
    CHECK(nib::InputFile{folder.write("f", "")}.size() == 0);
}

#if NIB_POSIX_FILES
TEST_CASE("a pipe has no size to check, so an InputFile refuses it") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("pipe");
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const int pipe = ::open(path.c_str(), O_RDWR);
    REQUIRE(::write(pipe, "x", 1) == 1);
    CHECK(contains(error_of([&] { nib::InputFile{path}; }), path + ": cannot seek"));
    ::close(pipe);
}
#endif

TEST_CASE("numbers are stored and loaded in the byte order that is asked for") {
    std::array<std::byte, 4> bytes{};
    nib::store_number(bytes.data(), std::uint32_t{0x01020304}, std::endian::big);
    CHECK(bytes == std::array{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}});
    CHECK(nib::load_number<std::uint32_t>(bytes.data(), std::endian::big) == 0x01020304);
    CHECK(nib::load_number<std::uint32_t>(bytes.data(), std::endian::little) == 0x04030201);
    nib::store_number(bytes.data(), 1.0f, std::endian::little);
    CHECK(bytes == std::array{std::byte{0}, std::byte{0}, std::byte{0x80}, std::byte{0x3f}});
    CHECK(nib::load_number<float>(bytes.data(), std::endian::little) == 1.0f);
    CHECK(nib::load_number<std::int16_t>(bytes.data() + 2, std::endian::big) == -32705);
}

TEST_CASE("byte_swapped turns a number's bytes round") {
    CHECK(nib::byte_swapped(std::uint8_t{0x12}) == 0x12);
    CHECK(nib::byte_swapped(std::uint16_t{0x1234}) == 0x3412);
    CHECK(nib::byte_swapped(std::uint64_t{0x0102030405060708}) == 0x0807060504030201);
}
