#include <nib/io/detail/text_source.hpp>

#include "../../support.hpp"

#include <algorithm>

using nib::detail::TextSource;

TEST_CASE("a text in memory is there at once") {
    TextSource source{"abc"};
    CHECK(source.rest() == "abc");
    CHECK_FALSE(source.grow());
    source.consume(2);
    CHECK(source.rest() == "c");
    CHECK_FALSE(source.grow());
    CHECK(source.rest() == "c");
}

TEST_CASE("a file comes in pieces, and what was consumed is let go") {
    std::string text;
    for (int i = 0; i < 100000; ++i) text += std::to_string(i) + ' ';
    const support::TemporaryDirectory folder;
    const std::string path = folder.write("text", text);
    TextSource source{nib::detail::open_for_reading(path), path};
    std::string read;
    std::size_t most = 0;
    do {
        most = std::max(most, source.rest().size());
        const std::size_t part = source.rest().size() - source.rest().size() / 3;
        read += source.rest().substr(0, part);
        source.consume(part);
    } while (source.grow());
    read += source.rest();
    CHECK(read == text);
    CHECK(most < 110000);
    CHECK_FALSE(source.grow());
}

TEST_CASE("what is not consumed stays, and a whole file can be held") {
    const std::string text(300000, 'x');
    const support::TemporaryDirectory folder;
    const std::string path = folder.write("text", text);
    TextSource source{nib::detail::open_for_reading(path), path};
    while (source.grow()) {
    }
    CHECK(source.rest() == text);
}

TEST_CASE("an empty file has no rest") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.write("empty", "");
    TextSource source{nib::detail::open_for_reading(path), path};
    CHECK(source.rest().empty());
    CHECK_FALSE(source.grow());
}

TEST_CASE("a byte order mark at the start is left out, one elsewhere is not") {
    const std::string mark = "\xef\xbb\xbf";
    const std::string twice = mark + mark + "a";
    CHECK(TextSource(twice).rest() == mark + "a");
    const support::TemporaryDirectory folder;
    const std::string path = folder.write("text", mark + "a");
    CHECK(TextSource(nib::detail::open_for_reading(path), path).rest() == "a");
}
