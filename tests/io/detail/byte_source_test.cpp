#include <nib/io/detail/byte_source.hpp>

#include "../../support.hpp"

#include <nib/io/file.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace {

std::string text_at(nib::ByteSource& source, std::size_t offset, std::size_t size) {
    std::string text(size, '\0');
    source.read(offset, {reinterpret_cast<std::byte*>(text.data()), size});
    return text;
}

}  // namespace

TEST_CASE("a file and memory are read alike") {
    const support::TemporaryDirectory folder;
    const std::string text = "0123456789";
    nib::ByteSource file{folder.write("f", text)};
    nib::ByteSource memory{nib::bytes_of(text), "m"};
    for (nib::ByteSource* const source : {&file, &memory}) {
        CHECK(source->size() == 10);
        CHECK(text_at(*source, 3, 4) == "3456");
        CHECK(text_at(*source, 0, 10) == text);
        CHECK(text_at(*source, 10, 0) == "");
        source->check_bytes(3);  // belongs to no part
        nib::ByteSource moved{std::move(*source)};
        CHECK(text_at(moved, 9, 1) == "9");
    }
    CHECK(file.path() != "m");
}
