// The temporary file that AtomicFile writes: beside its target, so that it can be renamed to it, and locked while it is
// written, so that what a killed writer left can be told from what another still writes.
#pragma once

#include <nib/core/detail/join.hpp>
#include <nib/io/detail/paths.hpp>
#include <nib/io/file.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

#if NIB_POSIX_FILES
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#if __has_include(<sys/file.h>)
#include <sys/file.h>
#endif
#if defined(__linux__)
#include <sys/vfs.h>
#elif defined(__APPLE__)
#include <sys/mount.h>
#endif
#elif defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#include <share.h>
#include <sys/stat.h>
#endif

namespace nib::inline NIB_ABI {

namespace detail {

inline constexpr int most_temporaries = 1000;  // writers of one file at the same time

// Temporary files beside `path` have the names temporary_name(path, 0), (path, 1), ...: the file's own name, a checksum
// of it (FNV-1a, 32 bits), which no other file has by chance, and the number; in at most `longest` bytes.
[[gnu::cold]] inline std::string temporary_name(const std::string& path, int number, std::size_t longest) {
    const std::size_t start = name_start(path);
    std::uint32_t checksum = 2166136261u;
    for (const char c : std::string_view(path).substr(start))
        checksum = (checksum ^ static_cast<unsigned char>(c)) * 16777619u;
    char digits[8];
    for (std::size_t i = 0; i < sizeof digits; ++i) digits[i] = "0123456789abcdef"[checksum >> (28 - 4 * i) & 15];
    const std::string ending = join({".", std::string_view(digits, sizeof digits), ".tmp", number});
    std::size_t kept = path.size() - start;
    if (kept + ending.size() > longest) kept = longest > ending.size() ? longest - ending.size() : 0;
    // Not in the middle of a UTF-8 character: its bytes but the first are 10xxxxxx.
    while (start + kept < path.size() && kept > 0 && (static_cast<unsigned char>(path[start + kept]) & 0xc0) == 0x80)
        --kept;
    return join({std::string_view(path).substr(0, start + kept), ending});
}

#if NIB_POSIX_FILES

// Whether no other machine can hold a lock on the file that this one does not see.
inline bool is_local(int descriptor) {
#if defined(__linux__)
    struct statfs status {};
    if (::fstatfs(descriptor, &status) != 0) return false;
    // ext, XFS, Btrfs, tmpfs, ramfs, overlayfs, F2FS, ZFS, bcachefs, FAT, exFAT, NTFS
    for (const std::uint32_t local : {0xef53u, 0x58465342u, 0x9123683eu, 0x01021994u, 0x858458f6u, 0x794c7630u,
                                      0xf2f52010u, 0x2fc12fc1u, 0xca451a4eu, 0x4d44u, 0x2011bab0u, 0x7366746eu})
        if (static_cast<std::uint32_t>(status.f_type) == local) return true;
    return false;
#elif defined(__APPLE__)
    struct statfs status {};
    return ::fstatfs(descriptor, &status) == 0 && (status.f_flags & MNT_LOCAL) != 0;
#else
    static_cast<void>(descriptor);
    return false;
#endif
}

enum class Lock { taken, busy, unknown };

inline Lock lock_file(int descriptor) {
#if defined(LOCK_EX)
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return Lock::taken;
    return errno == EWOULDBLOCK ? Lock::busy : Lock::unknown;
#else
    static_cast<void>(descriptor);
    return Lock::unknown;
#endif
}

// Removes the temporary file of a writer that is no more. False where it is in use, or no such file at all: a link, a
// file with other names, another user's.
[[gnu::cold]] inline bool remove_stale(const std::string& temporary) {
    constexpr std::time_t day = 86400;
    const int descriptor = ::open(temporary.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return false;
    const auto is_stale = [&] {
        struct stat status {};
        struct stat named {};
        if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1) return false;
        if (status.st_uid != ::geteuid() && ::geteuid() != 0) return false;
        const Lock lock = lock_file(descriptor);
        if (lock == Lock::busy) return false;
        const bool seen = lock == Lock::taken && is_local(descriptor);
        if (!seen && std::time(nullptr) - status.st_mtime < day) return false;
        // Its writer may have put it in place before the lock was taken.
        return ::lstat(temporary.c_str(), &named) == 0 && named.st_dev == status.st_dev &&
               named.st_ino == status.st_ino;
    };
    const bool removed = is_stale() && ::unlink(temporary.c_str()) == 0;
    ::close(descriptor);
    return removed;
}

// A new temporary file, locked, or -1 and errno.
inline int create_temporary(const std::string& temporary, bool secret) {
    const int descriptor =
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, secret ? 0600 : 0666);
    if (descriptor < 0) return -1;
    // Another writer may have found it before it was locked, and takes it for stale.
    struct stat status {};
    if (lock_file(descriptor) != Lock::busy && ::fstat(descriptor, &status) == 0 && status.st_nlink > 0)
        return descriptor;
    ::close(descriptor);
    errno = EEXIST;
    return -1;
}

inline std::size_t longest_name(const std::string& path) {
    const long longest = ::pathconf(folder_of(path).c_str(), _PC_NAME_MAX);
    return longest > 0 ? static_cast<std::size_t>(longest) : 255;
}

#elif defined(_WIN32)

[[gnu::cold]] inline bool remove_stale(const std::string& temporary) {
    constexpr std::time_t minute = 60;
    // It is open to nobody else while it is written, but closed for a moment before it has its name.
    const int descriptor = ::_sopen(temporary.c_str(), _O_RDWR | _O_BINARY | _O_NOINHERIT, _SH_DENYRW);
    if (descriptor < 0) return false;
    struct _stat64 status {};
    const bool stale = ::_fstat64(descriptor, &status) == 0 && (status.st_mode & _S_IFMT) == _S_IFREG &&
                       std::time(nullptr) - status.st_mtime >= minute;
    ::_close(descriptor);
    return stale && ::_unlink(temporary.c_str()) == 0;
}

inline int create_temporary(const std::string& temporary, bool) {
    return ::_sopen(temporary.c_str(), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT, _SH_DENYRW,
                    _S_IREAD | _S_IWRITE);
}

// Most of Windows takes paths of 259 bytes.
inline std::size_t longest_name(const std::string& path) {
    char* const full = ::_fullpath(nullptr, path.c_str(), 0);
    if (full == nullptr) return 255;
    const std::size_t folder = name_start(full);
    std::free(full);
    return folder < 259 ? 259 - folder : 0;
}

#else

inline bool remove_stale(const std::string&) { return false; }

inline std::size_t longest_name(const std::string&) { return 255; }

#endif

// A new temporary file beside `target`, and in `temporary` its path; nobody else may read it where it is `secret`.
// What killed writers of the same file left is removed. Without a file errno has the reason: EEXIST where all names
// are taken.
[[gnu::cold]] inline FileHandle open_temporary(const std::string& target, [[maybe_unused]] bool secret,
                                               std::string& temporary) {
    constexpr int looked_at = 4;  // numbers below it are looked at in any case
    const std::size_t longest = longest_name(target);
    FileHandle file;
    for (int number = 0; number < most_temporaries && (!file || number < looked_at); ++number) {
        const std::string name = temporary_name(target, number, longest);
        if (file) {
            remove_stale(name);
            continue;
        }
        temporary = name;
        errno = 0;
#if NIB_POSIX_FILES || defined(_WIN32)
        int descriptor = create_temporary(name, secret);
        if (descriptor < 0 && errno == EEXIST) {
            if (remove_stale(name)) descriptor = create_temporary(name, secret);
            if (descriptor < 0) {
                errno = EEXIST;
                continue;
            }
        }
        if (descriptor < 0) break;
#if NIB_POSIX_FILES
        file = FileHandle{::fdopen(descriptor, "wb")};
        if (!file) ::close(descriptor);
#else
        file = FileHandle{::_fdopen(descriptor, "wb")};
        if (!file) ::_close(descriptor);
#endif
        if (!file) {  // no memory for it
            std::remove(name.c_str());
            errno = ENOMEM;
            break;
        }
#else
        file = FileHandle{std::fopen(name.c_str(), "wbx")};
        if (!file && errno != EEXIST) break;
#endif
    }
    return file;
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI
