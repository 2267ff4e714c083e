#include <nib/io/detail/temporary_file.hpp>

#include "../../support.hpp"

#include <string>

namespace {

std::string name(const std::string& path) { return nib::detail::temporary_name(path, 0, 255); }

}  // namespace

TEST_CASE("a temporary file is beside its target, and its name carries a checksum") {
    // FNV-1a's published values.
    CHECK(name("a") == "a.e40c292c.tmp0");
    CHECK(name("folder/foobar") == "folder/foobar.bf9cf968.tmp0");
    CHECK(nib::detail::temporary_name("/a", 17, 255) == "/a.e40c292c.tmp17");
}

TEST_CASE("a long name is cut to what the file system takes, in whole characters") {
    const std::string start(254, 'a');
    CHECK(name(start + "b").size() == 255);
    CHECK(name(start + "b") != name(start + "c"));  // the checksum is of the whole name
    CHECK(name(start + "b").starts_with(std::string(241, 'a') + '.'));
    CHECK(name(std::string(241, 'a')).size() == 255);
    CHECK(name("folder/" + start).size() == 7 + 255);

    std::string umlauts;
    while (umlauts.size() < 254) umlauts += "\u00e4";
    for (std::size_t longest = 240; longest < 250; ++longest) {
        const std::string cut = nib::detail::temporary_name(umlauts, 0, longest);
        CHECK(cut.size() <= longest);
        CHECK(cut.find('.') % 2 == 0);
    }
    CHECK(nib::detail::temporary_name("abc", 0, 5) == ".1a47e90b.tmp0");
}

TEST_CASE("what is not there is not stale") {
    const support::TemporaryDirectory folder;
    CHECK_FALSE(nib::detail::remove_stale(folder.path("missing")));
}
