#include <nib/io/file.hpp>

#include "../support.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <utility>

#if NIB_POSIX_FILES
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>

#include <vector>
#endif

using support::contains;
using support::error_of;
namespace fs = std::filesystem;

namespace {

std::size_t file_count(const support::TemporaryDirectory& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

void write_whole(const std::string& path, std::string_view text) {
    nib::AtomicFile file{path};
    file.write(text);
    file.commit();
}

}  // namespace

#if defined(__linux__)
namespace {

// What fsync was called for, and the files that were in the folder then.
struct Synced {
    std::string path;
    std::vector<std::string> files;
};
std::string watched_folder;
std::vector<Synced> synced;

}  // namespace

// Stands before the C library's, and does the same.
extern "C" int fsync(int descriptor) {
    if (!watched_folder.empty()) {
        Synced sync{fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor)).string(), {}};
        for (const auto& entry : fs::directory_iterator(watched_folder))
            sync.files.push_back(entry.path().filename().string());
        synced.push_back(std::move(sync));
    }
    return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

TEST_CASE("an AtomicFile is on the disk before it has its name, and its name before commit is done") {
    const support::TemporaryDirectory folder;
    const fs::path before = fs::current_path(), real = fs::canonical(folder.path());
    fs::current_path(folder.path());
    for (const std::string& path : {folder.path("f"), std::string("f")}) {
        CAPTURE(path);
        fs::remove("f");
        synced.clear();
        watched_folder = folder.path();
        write_whole(path, "x");
        watched_folder.clear();
        CHECK(nib::read_file("f") == "x");
        REQUIRE(synced.size() == 2);
        CHECK(synced[0].path == (real / "f.tmp0").string());
        CHECK(synced[0].files == std::vector<std::string>{"f.tmp0"});
        CHECK(synced[1].path + "/f" == (real / "f").string());
        CHECK(synced[1].files == std::vector<std::string>{"f"});
    }
    fs::current_path(before);
}
#endif

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

TEST_CASE("an AtomicFile is there after commit, whole") {
    const support::TemporaryDirectory folder;
    write_whole(folder.path("f"), "first");
    CHECK(nib::read_file(folder.path("f")) == "first");
    write_whole(folder.path("f"), "2");
    CHECK(nib::read_file(folder.path("f")) == "2");
    CHECK(file_count(folder) == 1);
}

TEST_CASE("an AtomicFile that is not committed leaves nothing behind and the old file as it was") {
    const support::TemporaryDirectory folder;
    folder.write("old", "content");
    {
        nib::AtomicFile replaced{folder.path("old")};
        nib::AtomicFile created{folder.path("new")};
        replaced.write("half");
        created.write("half");
        CHECK(nib::read_file(folder.path("old")) == "content");
        CHECK(file_count(folder) == 3);
    }
    CHECK(nib::read_file(folder.path("old")) == "content");
    CHECK(file_count(folder) == 1);
}

TEST_CASE("two AtomicFiles for one path do not disturb each other") {
    const support::TemporaryDirectory folder;
    nib::AtomicFile first{folder.path("f")};
    nib::AtomicFile second{folder.path("f")};
    first.write("first");
    second.write("second");
    second.commit();
    CHECK(nib::read_file(folder.path("f")) == "second");
    first.commit();
    CHECK(nib::read_file(folder.path("f")) == "first");
    CHECK(file_count(folder) == 1);
}

TEST_CASE("an AtomicFile does not overwrite a file that has the name of its temporary file") {
    const support::TemporaryDirectory folder;
    folder.write("f.tmp0", "mine");
    write_whole(folder.path("f"), "x");
    CHECK(nib::read_file(folder.path("f.tmp0")) == "mine");
    CHECK(nib::read_file(folder.path("f")) == "x");
}

TEST_CASE("writing where no file can be says so and leaves nothing behind") {
    const support::TemporaryDirectory folder;
    folder.write("f", "x");
    const std::string nowhere = folder.path("missing/f");
    const std::string below_file = folder.path("f/g");
    CHECK(error_of([&] { nib::AtomicFile{nowhere}; }) == nowhere + ": cannot write: No such file or directory");
    CHECK(error_of([&] { nib::AtomicFile{below_file}; }) == below_file + ": cannot write: Not a directory");
    CHECK(error_of([&] { nib::check_writable(nowhere); }) == nowhere + ": cannot write: No such file or directory");
    CHECK(file_count(folder) == 1);
}

TEST_CASE("check_writable leaves no trace") {
    const support::TemporaryDirectory folder;
    folder.write("old", "content");
    CHECK(error_of([&] { nib::check_writable(folder.path("new")); }).empty());
    CHECK(error_of([&] { nib::check_writable(folder.path("old")); }).empty());
    CHECK(nib::read_file(folder.path("old")) == "content");
    CHECK(file_count(folder) == 1);
}

#if NIB_POSIX_FILES
TEST_CASE("writing to a folder is refused at once") {
    const support::TemporaryDirectory folder;
    CHECK(error_of([&] { nib::AtomicFile{folder.path()}; }) == folder.path() + ": cannot write: Is a directory");
}

TEST_CASE("an AtomicFile follows a symbolic link and leaves the link in place") {
    const support::TemporaryDirectory folder;
    fs::create_directory(folder.path("there"));
    folder.write("there/f", "old");
    fs::create_symlink("there/f", folder.path("link"));
    write_whole(folder.path("link"), "new");
    CHECK(fs::is_symlink(folder.path("link")));
    CHECK(nib::read_file(folder.path("there/f")) == "new");
    CHECK(file_count(folder) == 2);
}

TEST_CASE("an existing file keeps its permissions") {
    const support::TemporaryDirectory folder;
    for (const auto permissions : {fs::perms{0600}, fs::perms{0644}, fs::perms{0755}}) {
        fs::permissions(folder.write("f", "old"), permissions);
        write_whole(folder.path("f"), "new");
        CHECK(fs::status(folder.path("f")).permissions() == permissions);
    }
}

TEST_CASE("what is no regular file is written to directly and stays what it is") {
    write_whole("/dev/null", "x");
    CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("a full device fails the commit and is named") {
    if (!fs::exists("/dev/full")) {
        MESSAGE("skipped: this machine has no /dev/full");
        return;
    }
    CHECK(error_of([] { write_whole("/dev/full", "x"); }) == "/dev/full: cannot write: No space left on device");
}

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
