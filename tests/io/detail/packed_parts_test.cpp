#include <nib/io/detail/packed_parts.hpp>

#include "../../support.hpp"
#include "../zip_builder.hpp"

#include <nib/io/file.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

using nib::detail::PackedParts;
using support::contains;
using support::error_of;

namespace {

std::string text_at(nib::ByteSource& source, std::size_t offset, std::size_t size) {
    std::string text(size, '\0');
    source.read(offset, {reinterpret_cast<std::byte*>(text.data()), size});
    return text;
}

nib::SourcePart part(std::string name, std::size_t begin, std::size_t stored, const std::string& text, bool deflated) {
    return {.name = std::move(name),
            .begin = begin,
            .stored = stored,
            .deflated = deflated,
            .size = text.size(),
            .crc = support::slow_crc32(text)};
}

}  // namespace

TEST_CASE("compressed parts are read behind the end of the file, in any order, and checked") {
    const support::TemporaryDirectory folder;
    const std::string first = "first", second(100000, 's'), third = "third";
    std::string bytes = "start" + support::deflated(first);
    const std::size_t begin2 = bytes.size();
    bytes += support::deflated(second);
    const std::size_t begin3 = bytes.size();
    bytes += third;
    for (const bool from_file : {false, true}) {
        nib::ByteSource source =
            from_file ? nib::ByteSource{folder.write("f", bytes)} : nib::ByteSource{nib::bytes_of(bytes), "f"};
        std::vector<nib::SourcePart> parts;
        parts.push_back(part("third", begin3, third.size(), third, false));
        parts.push_back(part("second", begin2, begin3 - begin2, second, true));
        parts.push_back(part("empty", 2, 0, "", false));
        parts.push_back(part("first", 5, begin2 - 5, first, true));
        const std::vector<std::size_t> at = PackedParts::attach(source, support::list_of(parts));
        REQUIRE(at.size() == 4);
        CHECK(at[0] == begin3);
        CHECK(at[1] == bytes.size());
        CHECK(at[3] == bytes.size() + second.size());
        CHECK(source.size() == bytes.size() + second.size() + first.size());
        CHECK(text_at(source, at[1], 3) == "sss");
        CHECK(text_at(source, at[3] + 1, 4) == "irst");
        CHECK(text_at(source, at[1] + 99990, 10) == "ssssssssss");
        CHECK(text_at(source, at[0], 5) == "third");
        CHECK(text_at(source, at[1], 100000) == second);
        for (const std::size_t offset : at) source.check_bytes(offset);
        nib::ByteSource moved{std::move(source)};
        CHECK(text_at(moved, at[3], 5) == "first");
        source = std::move(moved);
        CHECK(text_at(source, at[3], 5) == "first");
        CHECK(contains(error_of([&] { return text_at(source, at[3], 6); }), "entry 'first': expected 6 more bytes"));
    }
}

TEST_CASE("a part that is damaged is refused each time, and its start can be read") {
    const std::string text(70000, 't');
    std::string bytes = support::deflated(text) + "plain";
    nib::ByteSource source{nib::bytes_of(bytes), "f"};
    nib::SourcePart packed = part("packed", 0, bytes.size() - 5, text, true);
    nib::SourcePart plain = part("plain", bytes.size() - 5, 5, "plain", false);
    packed.crc ^= 1;
    plain.crc ^= 1;
    const std::vector<std::size_t> at = PackedParts::attach(source, support::list_of<nib::SourcePart>({packed, plain}));
    CHECK(text_at(source, at[0], 5) == "ttttt");
    CHECK(text_at(source, at[1], 5) == "plain");
    for (int i = 0; i < 3; ++i) {
        CHECK(
            contains(error_of([&] { return source.check_bytes(at[0]), 0; }), "entry 'packed': its bytes are damaged"));
        CHECK(contains(error_of([&] { return source.check_bytes(at[1] + 2), 0; }),
                       "entry 'plain': its bytes are damaged"));
    }
    CHECK(text_at(source, at[0], 5) == "ttttt");
    bytes[60005] = '\7';  // the second block is no block any more
    nib::ByteSource other{nib::bytes_of(bytes), "f"};
    PackedParts::attach(other, support::list_of<nib::SourcePart>({packed}));
    for (int i = 0; i < 3; ++i)
        CHECK(contains(error_of([&] { return other.check_bytes(bytes.size()), 0; }),
                       "f: entry 'packed': byte 60006 of the compressed data: a block of a type that does not exist"));
}
