// Which file a path leads to, whatever its spelling and the links on its way: a program that reads one file and writes
// another asks before it destroys what it reads.
//
//   same_file(a, b)      whether both lead to one file
//   file_identity(path)  the same question for many paths: equal identities are one file
//
// A file that does not exist yet has an identity too, through its folder and its name. On Windows identities are
// absolute paths without regard to case; links are not looked through there.
#pragma once

#include <nib/core/config.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace nib::inline NIB_ABI {

struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t number = 0;  // the file's; its folder's where there is no such file yet
    std::string name;          // in its folder, of a file that does not exist yet; else empty

    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// Nothing where no file can be (the folder is missing), and for what is no regular file (a folder, a pipe, /dev/null).
[[nodiscard]] std::optional<FileIdentity> file_identity(const std::string& path);

// True where both paths lead to one regular file, or would once it exists. Hard links are one file.
[[nodiscard]] inline bool same_file(const std::string& a, const std::string& b) {
    const std::optional<FileIdentity> identity = file_identity(a);
    return identity && identity == file_identity(b);
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/io/detail/paths.hpp>

#include <cctype>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <utility>

#if NIB_POSIX_FILES
#include <sys/stat.h>
#endif

namespace nib::inline NIB_ABI {

NIB_API std::optional<FileIdentity> file_identity(const std::string& path) {
#if NIB_POSIX_FILES
    struct stat status {};
    std::string name;
    if (::stat(path.c_str(), &status) == 0) {
        if (!S_ISREG(status.st_mode)) return std::nullopt;
    } else {
        if (errno != ENOENT) return std::nullopt;
        const std::string target = detail::follow_links(path);
        name = target.substr(detail::name_start(target));
        if (name.empty() || ::stat(detail::folder_of(target).c_str(), &status) != 0) return std::nullopt;
    }
    FileIdentity identity{0, 0, std::move(name)};
    identity.device = status.st_dev;
    identity.number = status.st_ino;
    return identity;
#elif defined(_WIN32)
    char* const full = ::_fullpath(nullptr, path.c_str(), 0);
    if (full == nullptr) return std::nullopt;
    FileIdentity identity{0, 0, full};
    std::free(full);
    for (char& c : identity.name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return identity;
#else
    return FileIdentity{0, 0, path};
#endif
}

}  // namespace nib::inline NIB_ABI

#endif
