#include <nib/io/file_identity.hpp>

#include "../support.hpp"

#include <filesystem>
#include <string>

namespace fs = std::filesystem;

TEST_CASE("a file is itself under any spelling, and no other") {
    const support::TemporaryDirectory folder;
    const std::string a = folder.write("a", "x"), b = folder.write("b", "x");
    CHECK(nib::same_file(a, a));
    CHECK(nib::same_file(a, folder.path("./a")));
    CHECK_FALSE(nib::same_file(a, b));
    fs::create_directory(folder.path("d"));
    CHECK(nib::same_file(a, folder.path("d/../a")));
}

TEST_CASE("a file that does not exist yet is known by its folder and its name") {
    const support::TemporaryDirectory folder;
    fs::create_directory(folder.path("d"));
    CHECK(nib::same_file(folder.path("a"), folder.path("d/../a")));
    CHECK_FALSE(nib::same_file(folder.path("a"), folder.path("b")));
    CHECK_FALSE(nib::same_file(folder.path("a"), folder.path("d/a")));
    const fs::path before = fs::current_path();
    fs::current_path(folder.path());
    CHECK(nib::same_file("a", folder.path("a")));
    fs::current_path(before);
}

#if NIB_POSIX_FILES
TEST_CASE("links are looked through") {
    const support::TemporaryDirectory folder;
    const std::string a = folder.write("a", "x");
    fs::create_symlink("a", folder.path("soft"));
    fs::create_symlink(folder.path("soft"), folder.path("soft2"));
    fs::create_hard_link(a, folder.path("hard"));
    fs::create_directory(folder.path("d"));
    fs::create_directory_symlink("d", folder.path("e"));
    for (const char* const link : {"soft", "soft2", "hard"}) CHECK(nib::same_file(a, folder.path(link)));
    CHECK(nib::same_file(folder.path("d/new"), folder.path("e/new")));

    fs::create_symlink("d/new", folder.path("dangling"));
    CHECK(nib::same_file(folder.path("dangling"), folder.path("e/new")));
    CHECK_FALSE(nib::same_file(folder.path("dangling"), folder.path("new")));
}

TEST_CASE("what is no file is the same as nothing") {
    const support::TemporaryDirectory folder;
    CHECK_FALSE(nib::same_file(folder.path(), folder.path()));
    CHECK_FALSE(nib::same_file("/dev/null", "/dev/null"));
    CHECK_FALSE(nib::same_file(folder.path("missing/a"), folder.path("missing/a")));
    CHECK_FALSE(nib::same_file("", ""));
    CHECK_FALSE(nib::same_file(folder.path("a/"), folder.path("a/")));
    fs::create_symlink("round", folder.path("round"));
    CHECK_FALSE(nib::file_identity(folder.path("round")));
}
#endif
