// What Python's gzip wrote, and members written field by field.
#include <nib/io/detail/gzip.hpp>

#include "../../support.hpp"
#include "../packed_text.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace std::string_literals;
using support::contains;
using support::error_of;
using support::from_hex;

namespace {

// clang-format off
const std::string named =
    "1f8b08080500000002ff6e616d652e747874004bcb2c2a2e51c84dcd4d4a2d0200a2f0308a0c000000";
const std::string all_fields =
    "1f8b081e0700000002030500414201007866696c65206e616d65006120636f6d6d656e74006269d351284e4dcecf4b51c84d"
    "cd4d4a2d0200e3de09470f000000";
// clang-format on

std::string unpacked(std::string_view packed, std::size_t piece = 1000) {
    support::PackedText input{packed, piece};
    nib::Gunzip gunzip{"f.gz"};
    std::string text, buffer(piece, '\0');
    for (;;) {
        const std::size_t count = gunzip.read(input, {reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
        text.append(buffer, 0, count);
        if (count < piece) return text;
    }
}

std::string error_in(std::string_view packed) {
    return error_of([&] { return unpacked(packed); });
}

}  // namespace

TEST_CASE("members are unpacked one after the other, whatever their headers hold") {
    const std::string one = from_hex(named), two = from_hex(all_fields);
    CHECK(unpacked(one) == "first member");
    CHECK(unpacked(two) == ", second member");
    CHECK(unpacked(one + two) == "first member, second member");
    CHECK(unpacked(two + one + two, 1) == ", second memberfirst member, second member");
    CHECK(unpacked(one + std::string(1000, '\0')) == "first member");
    CHECK(nib::is_gzip(one));
    CHECK_FALSE(nib::is_gzip("\x1f"));
}

TEST_CASE("a gzip file that is cut anywhere is refused") {
    const std::string file = from_hex(all_fields);
    for (std::size_t size = 0; size < file.size(); ++size) CHECK(error_in(file.substr(0, size)) != "");
    CHECK(error_in("") == "f.gz: byte 0 of the gzip file: expected a gzip file, found the end");
    CHECK(contains(error_in(file.substr(0, 20)), "ends in the middle: the file is cut short"));
    CHECK(contains(error_in(file.substr(0, file.size() - 10)), "ends in the middle: the file is cut short"));
}

TEST_CASE("a gzip file that is changed is refused by what was changed") {
    const std::string file = from_hex(named);
    const auto changed = [&](std::size_t place, int change) {
        std::string other = file;
        other[place] = static_cast<char>(other[place] ^ change);
        return error_in(other);
    };
    CHECK(contains(changed(0, 1), "expected a gzip file, which starts with the bytes 31 and 139"));
    CHECK(contains(changed(2, 1), "expected method 8"));
    CHECK(contains(changed(3, 0x20), "has flags that do not exist"));
    CHECK(changed(4, 1) == "");  // the time
    CHECK(contains(changed(file.size() - 5, 1), "is damaged: the checksum of its data is another"));
    CHECK(contains(changed(file.size() - 1, 1), "is damaged: its data has another length"));
    std::string header = from_hex(all_fields);
    header[12] = 'B';
    CHECK(contains(error_in(header), "its header is damaged"));
    CHECK(contains(error_in(file + "x"), "expected another member or the end behind a member, found other data"));
    CHECK(contains(error_in(file + "\0x"s), "expected another member or the end"));
}

TEST_CASE("no changed byte leads astray") {
    const std::string file = from_hex(named) + from_hex(all_fields);
    for (std::size_t i = 0; i < file.size(); ++i)
        for (const int change : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
            std::string changed = file;
            changed[i] = static_cast<char>(changed[i] ^ change);
            static_cast<void>(error_in(changed));
        }
}
