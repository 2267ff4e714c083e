#include <nib/io/detail/paths.hpp>

#include "../../support.hpp"

#include <filesystem>
#include <string>

TEST_CASE("the name of a path starts behind its folder") {
    CHECK(nib::detail::name_start("a/b/name") == 4);
    CHECK(nib::detail::name_start("name") == 0);
    CHECK(nib::detail::name_start("a/") == 2);
    CHECK(nib::detail::name_start("") == 0);
}

#if NIB_POSIX_FILES
TEST_CASE("the folder of a path is a path") {
    CHECK(nib::detail::folder_of("a/b/name") == "a/b/");
    CHECK(nib::detail::folder_of("/name") == "/");
    CHECK(nib::detail::folder_of("name") == ".");
}

TEST_CASE("links are followed to their end, where there need be nothing") {
    const support::TemporaryDirectory folder;
    std::filesystem::create_symlink("d/missing", folder.path("relative"));
    std::filesystem::create_symlink(folder.path("relative"), folder.path("absolute"));
    std::filesystem::create_symlink("round", folder.path("round"));
    CHECK(nib::detail::follow_links(folder.path("absolute")) == folder.path("d/missing"));
    CHECK(nib::detail::follow_links(folder.path("file")) == folder.path("file"));
    CHECK(nib::detail::follow_links(folder.path("round")) == folder.path("round"));
}
#endif
