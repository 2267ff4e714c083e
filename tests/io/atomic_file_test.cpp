#include <nib/io/atomic_file.hpp>

#include "../fsync_hook.hpp"
#include "../support.hpp"
#include "atomic_files.hpp"

#include <filesystem>
#include <string>
#include <vector>

#if NIB_POSIX_FILES
#include <sys/stat.h>
#include <unistd.h>
#endif

using namespace support;
using namespace std::string_literals;
namespace fs = std::filesystem;

#if defined(__linux__)
TEST_CASE("an AtomicFile is on the disk before it has its name, and its name before commit is done") {
    struct Synced {
        std::string path;
        std::vector<std::string> files;  // in the folder
    };
    const TemporaryDirectory folder;
    const fs::path before = fs::current_path(), real = fs::canonical(folder.path());
    fs::current_path(folder.path());
    for (const std::string& path : {folder.path("f"), std::string("f")}) {
        CAPTURE(path);
        fs::remove("f");
        std::vector<Synced> synced;
        before_fsync = [&](int descriptor) {
            synced.push_back({fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor)).string(), names(folder)});
        };
        write_whole(path, "x");
        before_fsync = nullptr;
        CHECK(nib::read_file("f") == "x");
        REQUIRE(synced.size() == 2);
        CHECK(synced[0].path == (real / temporary("f")).string());
        CHECK(synced[0].files == std::vector<std::string>{temporary("f")});
        CHECK(synced[1].path + "/f" == (real / "f").string());
        CHECK(synced[1].files == std::vector<std::string>{"f"});
    }
    fs::current_path(before);
}
#endif

TEST_CASE("an AtomicFile is there after commit, whole") {
    const TemporaryDirectory folder;
    write_whole(folder.path("f"), "first");
    CHECK(nib::read_file(folder.path("f")) == "first");
    write_whole(folder.path("f"), "2");
    CHECK(nib::read_file(folder.path("f")) == "2");
    CHECK(file_count(folder) == 1);
}

TEST_CASE("an AtomicFile that is not committed leaves nothing behind and the old file as it was") {
    const TemporaryDirectory folder;
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
    const TemporaryDirectory folder;
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

TEST_CASE("an AtomicFile does not overwrite a file whose name is like that of its temporary file") {
    const TemporaryDirectory folder;
    for (const char* const name : {"f.tmp0", "f.tmp", "f.12345678.tmp0", "f.e30c2799.tmp"}) folder.write(name, "mine");
    write_whole(folder.path("f"), "x");
    for (const char* const name : {"f.tmp0", "f.tmp", "f.12345678.tmp0", "f.e30c2799.tmp"})
        CHECK(nib::read_file(folder.path(name)) == "mine");
    CHECK(nib::read_file(folder.path("f")) == "x");
}

TEST_CASE("writing where no file can be says so and leaves nothing behind") {
    const TemporaryDirectory folder;
    folder.write("f", "x");
    const std::string nowhere = folder.path("missing/f");
    const std::string below_file = folder.path("f/g");
    CHECK(error_of([&] { nib::AtomicFile{nowhere}; }) == nowhere + ": cannot write: No such file or directory");
    CHECK(error_of([&] { nib::AtomicFile{below_file}; }) == below_file + ": cannot write: Not a directory");
    CHECK(error_of([&] { nib::check_writable(nowhere); }) == nowhere + ": cannot write: No such file or directory");
    CHECK(file_count(folder) == 1);
}

TEST_CASE("check_writable leaves no trace") {
    const TemporaryDirectory folder;
    folder.write("old", "content");
    CHECK(error_of([&] { nib::check_writable(folder.path("new")); }).empty());
    CHECK(error_of([&] { nib::check_writable(folder.path("old")); }).empty());
    CHECK(nib::read_file(folder.path("old")) == "content");
    CHECK(file_count(folder) == 1);
}

#if NIB_POSIX_FILES
TEST_CASE("writing to a folder is refused at once") {
    const TemporaryDirectory folder;
    CHECK(error_of([&] { nib::AtomicFile{folder.path()}; }) == folder.path() + ": cannot write: Is a directory");
}

TEST_CASE("an AtomicFile follows a symbolic link and leaves the link in place") {
    const TemporaryDirectory folder;
    fs::create_directory(folder.path("there"));
    folder.write("there/f", "old");
    fs::create_symlink("there/f", folder.path("link"));
    write_whole(folder.path("link"), "new");
    CHECK(fs::is_symlink(folder.path("link")));
    CHECK(nib::read_file(folder.path("there/f")) == "new");
    CHECK(file_count(folder) == 2);
}

TEST_CASE("an existing file keeps its permissions") {
    const TemporaryDirectory folder;
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
#endif

#if NIB_POSIX_FILES
namespace {

// Nobody, where the tests run as root.
class OtherUser {
public:
    OtherUser() {
        REQUIRE(::setegid(65534) == 0);
        REQUIRE(::seteuid(65534) == 0);
    }
    OtherUser(const OtherUser&) = delete;
    OtherUser& operator=(const OtherUser&) = delete;
    ~OtherUser() {
        if (::seteuid(0) != 0 || ::setegid(0) != 0) std::abort();
    }
};

bool is_root() {
    if (::geteuid() == 0) return true;
    MESSAGE("skipped: only root can be another user");
    return false;
}

struct stat status_of(const std::string& path) {
    struct stat status {};
    CHECK(::stat(path.c_str(), &status) == 0);
    return status;
}

}  // namespace

TEST_CASE("a link, a folder or a file with another name in the temporary file's place is left alone") {
    const TemporaryDirectory folder;
    folder.write("mine", "mine");
    fs::create_symlink("mine", folder.path(temporary("f", 0)));
    fs::create_hard_link(folder.path("mine"), folder.path(temporary("f", 1)));
    fs::create_directory(folder.path(temporary("f", 2)));
    write_whole(folder.path("f"), "x");
    CHECK(nib::read_file(folder.path("f")) == "x");
    CHECK(nib::read_file(folder.path("mine")) == "mine");
    CHECK(file_count(folder) == 5);
}

TEST_CASE("names as long as the file system takes are written, also of characters of several bytes") {
    const TemporaryDirectory folder;
    std::string umlauts;
    while (umlauts.size() < 254) umlauts += "\u00e4";
    for (const std::string& name : {std::string(240, 'a'), std::string(251, 'b'), std::string(252, 'c'),
                                    std::string(253, 'd'), std::string(254, 'e'), std::string(255, 'f'), umlauts}) {
        CAPTURE(name);
        write_whole(folder.path(name), "x");
        write_whole(folder.path(name), "y");
        CHECK(nib::read_file(folder.path(name)) == "y");
    }
    CHECK(file_count(folder) == 7);
    const std::string longer = folder.path(std::string(256, 'a'));
    CHECK(error_of([&] { nib::AtomicFile{longer}; }) == longer + ": cannot write: File name too long");
}

TEST_CASE("a link that leads to no file yet writes that file") {
    const TemporaryDirectory folder;
    fs::create_directory(folder.path("there"));
    fs::create_symlink("there/f", folder.path("link"));
    fs::create_symlink("link", folder.path("link2"));
    write_whole(folder.path("link2"), "new");
    CHECK(fs::is_symlink(folder.path("link2")));
    CHECK(fs::is_symlink(folder.path("link")));
    CHECK(nib::read_file(folder.path("there/f")) == "new");

    fs::create_symlink("missing/f", folder.path("lost"));
    CHECK(error_of([&] { nib::AtomicFile{folder.path("lost")}; }) ==
          folder.path("lost") + ": cannot write: No such file or directory");
    fs::create_symlink("round", folder.path("round"));
    CHECK(contains(error_of([&] { nib::AtomicFile{folder.path("round")}; }), "round: cannot write: "));
    CHECK(fs::is_symlink(folder.path("round")));
}

TEST_CASE("other names of a replaced file keep the old content") {
    const TemporaryDirectory folder;
    folder.write("f", "old");
    fs::create_hard_link(folder.path("f"), folder.path("g"));
    write_whole(folder.path("f"), "new");
    CHECK(nib::read_file(folder.path("f")) == "new");
    CHECK(nib::read_file(folder.path("g")) == "old");
}

TEST_CASE("a file is put in place where it was opened, also when the program has gone to another folder") {
    const TemporaryDirectory folder, other;
    const fs::path before = fs::current_path();
    fs::current_path(folder.path());
    nib::AtomicFile file{"f"};
    fs::current_path(other.path());
    file.write("x");
    file.commit();
    fs::current_path(before);
    CHECK(names(folder) == std::vector<std::string>{"f"});
    CHECK(file_count(other) == 0);
}

TEST_CASE("paths that name no file are refused") {
    const TemporaryDirectory folder;
    CHECK(error_of([] { nib::AtomicFile{""}; }) == "cannot write a file: its path is empty");
    CHECK(contains(error_of([&] { nib::AtomicFile{folder.path() + "a\0b"s}; }),
                   "a\\0...: cannot write: a path has no zero bytes"));
    CHECK(error_of([&] { nib::AtomicFile{folder.path("new/")}; }) ==
          folder.path("new/") + ": cannot write: expected the name of a file, found that of a folder");
    folder.write("f", "x");
    CHECK(error_of([&] { nib::AtomicFile{folder.path("f/")}; }) ==
          folder.path("f/") + ": cannot write: Not a directory");
    CHECK(error_of([&] { nib::AtomicFile{folder.path(".")}; }) == folder.path(".") + ": cannot write: Is a directory");
    CHECK(names(folder) == std::vector<std::string>{"f"});
}

TEST_CASE("a file that the user may not write is refused, and so is a folder") {
    if (!is_root()) return;
    const TemporaryDirectory folder;
    fs::permissions(folder.path(), fs::perms::all);
    const std::string locked = folder.write("locked", "old"), shared = folder.write("shared", "old");
    fs::permissions(locked, fs::perms{0644});
    fs::permissions(shared, fs::perms{0666});
    fs::create_directory(folder.path("closed"));
    fs::permissions(folder.write("closed/f", "old"), fs::perms{0666});
    std::string read_only, owner, new_file, in_closed;
    {
        const OtherUser other;
        const std::string own = folder.path("own");
        write_whole(own, "first");
        fs::permissions(own, fs::perms{0444});
        read_only = error_of([&] { nib::AtomicFile{own}; });
        CHECK(error_of([&] { nib::check_writable(locked); }) == locked + ": cannot write: Permission denied");
        owner = error_of([&] { nib::AtomicFile{shared}; });
        new_file = error_of([&] { nib::AtomicFile{folder.path("closed/new")}; });
        in_closed = error_of([&] { nib::AtomicFile{folder.path("closed/f")}; });
    }
    CHECK(read_only == folder.path("own") + ": cannot write: Permission denied");
    CHECK(owner == shared +
                       ": cannot write: replacing it would change its owner or group (now 0:0), which this user may "
                       "not set: delete it first, or choose another name");
    CHECK(new_file == folder.path("closed/new") + ": cannot write: Permission denied");
    CHECK(in_closed == folder.path("closed/f") + ": cannot write the new file beside it: Permission denied");
    CHECK(nib::read_file(locked) == "old");
    CHECK(names(folder) == std::vector<std::string>{"closed", "locked", "own", "shared"});
}

TEST_CASE("root keeps the owner, the group and the permissions of another's file") {
    if (!is_root()) return;
    const TemporaryDirectory folder;
    const std::string path = folder.write("f", "old");
    REQUIRE(::chown(path.c_str(), 65534, 12345) == 0);
    REQUIRE(::chmod(path.c_str(), 02640) == 0);
    write_whole(path, "new");
    const struct stat status = status_of(path);
    CHECK(nib::read_file(path) == "new");
    CHECK(status.st_uid == 65534);
    CHECK(status.st_gid == 12345);
    CHECK((status.st_mode & 07777) == 02640);
}

TEST_CASE("nobody else can read the new content of a secret file while it is written") {
    const TemporaryDirectory folder;
    fs::permissions(folder.write("f", "old"), fs::perms{0600});
    const nib::AtomicFile file{folder.path("f")};
    CHECK((status_of(folder.path(temporary("f"))).st_mode & 0777) == 0600);
}
#endif

TEST_CASE("files that belong together are flushed first, and the old ones removed") {
    const TemporaryDirectory folder;
    folder.write("f", "old");
    {
        nib::AtomicFile file{folder.path("f")};
        file.write("new");
        file.flush();
        CHECK(nib::read_file(folder.path("f")) == "old");
        file.remove_old();
        CHECK_FALSE(fs::exists(folder.path("f")));
        file.remove_old();
        file.commit();
    }
    CHECK(nib::read_file(folder.path("f")) == "new");
    CHECK(file_count(folder) == 1);
}

TEST_CASE("a folder that vanishes is named when the file is committed") {
    const TemporaryDirectory folder;
    fs::create_directory(folder.path("d"));
    nib::AtomicFile file{folder.path("d/f")};
    file.write("x");
    fs::remove_all(folder.path("d"));
    CHECK(error_of([&] { file.commit(); }) == folder.path("d/f") + ": cannot write: No such file or directory");
}
