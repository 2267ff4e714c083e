// AtomicFile: writing that never leaves a half-written file behind and never loses the one that was there.
//
// What is written goes to a temporary file in the same folder, NAME.CHECKSUM.tmpN, and commit() puts it in place in one
// step, after it has reached the disk. Without commit() the destructor removes it.
//
//   permissions, owner  An existing file keeps them. One that the user may not write, and one whose owner or group
//                       cannot be kept, is refused.
//   links               A symbolic link is followed, also one that leads to no file yet. Hard links are not: the other
//                       names keep the old content.
//   devices, pipes      are written directly.
//   killed writers      leave their temporary file behind. It is locked while it is written, so the next writer of the
//                       same file sees that it is nobody's and removes it; where a lock may not show (a file system
//                       that several machines share), only after a day.
//
// On Windows a symbolic link is replaced, and the temporary file of a killed writer is removed after a minute.
#pragma once

#include <nib/core/config.hpp>
#include <nib/io/file.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

class AtomicFile {
public:
    // Fails where no such file can be written: no folder, no permission, a folder in its place.
    explicit AtomicFile(std::string path);
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    ~AtomicFile();

    const std::string& path() const { return path_; }

    void write(std::span<const std::byte> bytes);
    void write(std::string_view text) { write(bytes_of(text)); }

    // All that was written reaches the disk, and commit() only has to put it in place: for several files that belong
    // together.
    void flush();

    // Removes the file that commit() is to replace. For files that belong together, when all of them are flushed: a
    // missing one is noticed, an old one beside new ones is not.
    void remove_old();

    // Nothing is written or committed after it.
    void commit();

private:
    void unlock();

    std::string path_;
    std::string target_;  // behind the links
    std::string temporary_;
    detail::FileHandle file_;
    int lock_ = -1;  // a descriptor that keeps the temporary file locked until it has its name
    bool direct_ = false;
    bool flushed_ = false;
    bool committed_ = false;
};

// Fails where AtomicFile could not be made for `path`, and leaves nothing behind. A pipe is not opened: its reader
// would take that for the end.
void check_writable(const std::string& path);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/join.hpp>
#include <nib/core/error.hpp>
#include <nib/io/detail/paths.hpp>
#include <nib/io/detail/temporary_file.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#if NIB_POSIX_FILES
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#elif defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>
// Declared here, because <windows.h> defines macros of everyday names.
extern "C" __declspec(dllimport) int __stdcall MoveFileExA(const char* from, const char* to, unsigned long flags);
extern "C" __declspec(dllimport) unsigned long __stdcall GetLastError();
#endif

namespace nib::inline NIB_ABI {

namespace detail {

// What AtomicFile is to write.
struct WriteTarget {
    std::string path;
    bool exists = false;
    bool direct = false;  // no regular file
    std::uint64_t owner = 0;
    std::uint64_t group = 0;
    std::uint32_t permissions = 0;
};

[[noreturn, gnu::cold]] inline void fail_to_write(const std::string& path, int error) {
    errno = error;
    fail_with_errno(path, "cannot write");
}

#if NIB_POSIX_FILES

[[gnu::cold]] inline WriteTarget find_target(const std::string& path) {
    WriteTarget target;
    target.path = path;
    struct stat status {};
    struct stat end {};
    target.exists = ::stat(path.c_str(), &status) == 0;
    if (!target.exists && errno != ENOENT) fail_to_write(path, errno);
    if (target.exists && S_ISDIR(status.st_mode)) fail_to_write(path, EISDIR);
    target.direct = target.exists && !S_ISREG(status.st_mode);
    if (target.direct) return target;

    target.path = follow_links(path);
    // Absolute, so that it stays the same when the program goes to another folder.
    if (char* const folder = ::realpath(folder_of(target.path).c_str(), nullptr)) {
        target.path = join({folder, "/", std::string_view(target.path).substr(name_start(target.path))});
        std::free(folder);
    }
    if (!target.exists) return target;
    // Some links of /proc lead to files that have no name any more.
    if (::lstat(target.path.c_str(), &end) != 0 || end.st_dev != status.st_dev || end.st_ino != status.st_ino) {
        target.path = path;
        target.direct = true;
        return target;
    }
    const int descriptor = ::open(target.path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) fail_to_write(path, errno);
    ::close(descriptor);
    target.owner = status.st_uid;
    target.group = status.st_gid;
    target.permissions = status.st_mode & 07777u;
    return target;
}

// Gives the new file the old one's owner, group and permissions. False where owner or group cannot be kept.
[[gnu::cold]] inline bool keep_attributes(int descriptor, const WriteTarget& target) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return false;
    if ((status.st_uid != target.owner || status.st_gid != target.group) &&
        ::fchown(descriptor, static_cast<::uid_t>(target.owner), static_cast<::gid_t>(target.group)) != 0)
        return false;
    // Best effort: on a file system without permissions the file is still written.
    static_cast<void>(::fchmod(descriptor, static_cast<::mode_t>(target.permissions)));
    return true;
}

#elif defined(_WIN32)

[[gnu::cold]] inline WriteTarget find_target(const std::string& path) {
    WriteTarget target;
    target.path = path;
    struct _stat64 status {};
    target.exists = ::_stat64(path.c_str(), &status) == 0;
    if (!target.exists) {
        if (errno != ENOENT) fail_to_write(path, errno);
        target.direct = ::_access(path.c_str(), 0) == 0;  // a device, such as NUL
        return target;
    }
    if ((status.st_mode & _S_IFMT) == _S_IFDIR) fail_to_write(path, EISDIR);
    target.direct = (status.st_mode & _S_IFMT) != _S_IFREG;
    constexpr int may_write = 2;
    if (!target.direct && ::_access(path.c_str(), may_write) != 0) fail_to_write(path, errno);
    return target;
}

#else

[[gnu::cold]] inline WriteTarget find_target(const std::string& path) {
    WriteTarget target;
    target.path = path;
    return target;
}

#endif

}  // namespace detail

NIB_API AtomicFile::AtomicFile(std::string path) : path_{std::move(path)} {
    if (path_.empty()) fail("cannot write a file: its path is empty");
    if (path_.find('\0') != std::string::npos) fail({path_.c_str(), "\\0...: cannot write: a path has no zero bytes"});
    detail::WriteTarget target = detail::find_target(path_);
    target_ = std::move(target.path);
    direct_ = target.direct;
    if (detail::name_start(target_) == target_.size())
        fail({path_, ": cannot write: expected the name of a file, found that of a folder"});
    if (direct_) {
        errno = 0;
        file_ = detail::FileHandle{std::fopen(target_.c_str(), "wb")};
        if (!file_) detail::fail_with_errno(path_, "cannot write");
        return;
    }
    file_ = detail::open_temporary(target_, target.exists, temporary_);
    if (!file_ && errno == EEXIST)
        fail({path_, ": cannot write: ", detail::most_temporaries,
              " temporary files stand beside it: delete those that no program writes (",
              std::string_view(temporary_).substr(detail::name_start(temporary_)), " is the last)"});
    if (!file_) detail::fail_with_errno(path_, target.exists ? "cannot write the new file beside it" : "cannot write");
#if NIB_POSIX_FILES
    const int descriptor = ::fileno(file_.get());
    if (target.exists && !detail::keep_attributes(descriptor, target)) {
        ::unlink(temporary_.c_str());
        fail({path_, ": cannot write: replacing it would change its owner or group (now ", target.owner, ":",
              target.group, "), which this user may not set: delete it first, or choose another name"});
    }
    lock_ = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
#endif
}

NIB_API AtomicFile::~AtomicFile() {
    file_ = detail::FileHandle{};
    if (!committed_ && !direct_) std::remove(temporary_.c_str());
    unlock();
}

inline void AtomicFile::unlock() {
#if NIB_POSIX_FILES
    if (lock_ >= 0) ::close(std::exchange(lock_, -1));
#endif
}

NIB_API void AtomicFile::write(std::span<const std::byte> bytes) {
    errno = 0;
    flushed_ = false;
    if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size())
        detail::fail_with_errno(path_, "cannot write");
}

NIB_API void AtomicFile::flush() {
    errno = 0;
    if (std::fflush(file_.get()) != 0) detail::fail_with_errno(path_, "cannot write");
#if NIB_POSIX_FILES
    if (!direct_ && ::fsync(::fileno(file_.get())) != 0) detail::fail_with_errno(path_, "cannot write");
#elif defined(_WIN32)
    if (!direct_ && ::_commit(::_fileno(file_.get())) != 0) detail::fail_with_errno(path_, "cannot write");
#endif
    flushed_ = true;
}

namespace detail {

// Best effort: the file is whole under the one name or the other, and not every folder can be opened or synced.
[[gnu::cold]] inline void sync_folder_of(const std::string& path) {
#if NIB_POSIX_FILES
    const int descriptor = ::open(folder_of(path).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    static_cast<void>(::fsync(descriptor));
    ::close(descriptor);
#else
    static_cast<void>(path);
#endif
}

// `path` is for messages.
[[gnu::cold]] inline void replace_file(const std::string& path, const std::string& temporary,
                                       const std::string& target) {
    errno = 0;
#if defined(_WIN32)
    constexpr unsigned long replace_existing = 1, write_through = 8;
    if (::MoveFileExA(temporary.c_str(), target.c_str(), replace_existing | write_through) != 0) return;
    const unsigned long error = ::GetLastError();
    constexpr unsigned long access_denied = 5, sharing_violation = 32;
    if (error == access_denied || error == sharing_violation)
        fail({path, ": cannot replace it: it is read-only, or open in a program (Windows error ", error, ")"});
    fail({path, ": cannot write: Windows error ", error});
#else
    if (std::rename(temporary.c_str(), target.c_str()) == 0) return;
#if !NIB_POSIX_FILES
    // Where rename does not replace: the old file steps aside first, so that one of the two is always whole.
    const std::string aside = target + ".old";
    std::remove(aside.c_str());
    if (std::rename(target.c_str(), aside.c_str()) == 0) {
        if (std::rename(temporary.c_str(), target.c_str()) == 0) {
            std::remove(aside.c_str());
            return;
        }
        std::rename(aside.c_str(), target.c_str());
    }
#endif
    fail_with_errno(path, "cannot write");
#endif
}

}  // namespace detail

NIB_API void AtomicFile::remove_old() {
    if (direct_) return;
    errno = 0;
    if (std::remove(target_.c_str()) != 0) {
        if (errno != ENOENT) detail::fail_with_errno(path_, "cannot remove the old file");
        return;
    }
    detail::sync_folder_of(target_);
}

NIB_API void AtomicFile::commit() {
    if (!flushed_) flush();
    errno = 0;
    if (std::fclose(file_.release()) != 0) detail::fail_with_errno(path_, "cannot write");
    if (!direct_) detail::replace_file(path_, temporary_, target_);
    committed_ = true;
    unlock();
    if (!direct_) detail::sync_folder_of(target_);
}

NIB_API void check_writable(const std::string& path) {
#if NIB_POSIX_FILES
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
        if (::access(path.c_str(), W_OK) != 0) detail::fail_with_errno(path, "cannot write");
        return;
    }
#endif
    AtomicFile{path};
}

}  // namespace nib::inline NIB_ABI

#endif
