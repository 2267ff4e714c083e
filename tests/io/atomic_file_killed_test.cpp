// AtomicFile where another process writes the same file, or was killed while it did.
#include <nib/io/atomic_file.hpp>

#include "../support.hpp"
#include "atomic_files.hpp"

#if defined(__linux__)
#include <nib/io/file.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace support;
namespace fs = std::filesystem;

namespace {

// A child process that begins to write `path` and then waits, until it is killed or told to go on.
class Writer {
public:
    explicit Writer(const std::string& path) {
        int ready[2], go[2];
        REQUIRE(::pipe(ready) == 0);
        REQUIRE(::pipe(go) == 0);
        child_ = ::fork();
        REQUIRE(child_ >= 0);
        if (child_ == 0) {
            ::close(go[1]);
            ::_exit(write_when_told(path, ready[1], go[0]) ? 0 : 1);
        }
        ::close(go[0]);
        ::close(ready[1]);
        go_ = go[1];
        char byte = 0;
        CHECK(::read(ready[0], &byte, 1) == 1);
        ::close(ready[0]);
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer() { ::close(go_); }

    void kill() {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }
    bool finish() {
        int status = 0;
        return ::write(go_, "", 1) == 1 && ::waitpid(child_, &status, 0) == child_ && status == 0;
    }

private:
    static bool write_when_told(const std::string& path, int ready, int go) try {
        char byte = 0;
        nib::AtomicFile file{path};
        file.write("child");
        if (::write(ready, &byte, 1) != 1 || ::read(go, &byte, 1) != 1) return false;
        file.commit();
        return true;
    } catch (...) {
        return false;
    }

    ::pid_t child_ = -1;
    int go_ = -1;
};

bool locks_fail = false;

}  // namespace

// Stands before the C library's, and does the same.
extern "C" int flock(int descriptor, int operation) {
    if (locks_fail) {
        errno = ENOLCK;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_flock, descriptor, operation));
}

TEST_CASE("what a killed writer left is removed by the next") {
    const TemporaryDirectory folder;
    folder.write("f", "old");
    for (int round = 0; round < 3; ++round) {
        Writer writer{folder.path("f")};
        writer.kill();
        CHECK(nib::read_file(folder.path("f")) == (round == 0 ? "old" : "new"));
        CHECK(names(folder) == std::vector<std::string>{"f", temporary("f")});
        nib::check_writable(folder.path("f"));
        CHECK(names(folder) == std::vector<std::string>{"f"});
        write_whole(folder.path("f"), "new");
    }
}

TEST_CASE("what several killed writers left is removed, and what another still writes is not") {
    const TemporaryDirectory folder;
    Writer first{folder.path("f")}, second{folder.path("f")}, third{folder.path("f")};
    CHECK(file_count(folder) == 3);
    first.kill();
    third.kill();
    write_whole(folder.path("f"), "new");
    CHECK(names(folder) == std::vector<std::string>{"f", temporary("f", 1)});
    CHECK(second.finish());
    CHECK(nib::read_file(folder.path("f")) == "child");
    CHECK(names(folder) == std::vector<std::string>{"f"});
}

TEST_CASE("where files cannot be locked, what looks abandoned is left alone for a day") {
    const TemporaryDirectory folder;
    locks_fail = true;
    Writer writer{folder.path("f")};
    write_whole(folder.path("f"), "new");
    CHECK(fs::exists(folder.path(temporary("f"))));
    writer.kill();
    fs::last_write_time(folder.path(temporary("f")), fs::file_time_type::clock::now() - std::chrono::hours{25});
    write_whole(folder.path("f"), "newer");
    CHECK(names(folder) == std::vector<std::string>{"f"});
    locks_fail = false;
}
#else

TEST_CASE("what killed writers left is removed by the next") { MESSAGE("skipped: expected Linux"); }

#endif
