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
[[nodiscard]] NIB_API std::optional<FileIdentity> file_identity(const std::string& path);

// True where both paths lead to one regular file, or would once it exists. Hard links are one file.
[[nodiscard]] NIB_API bool same_file(const std::string& a, const std::string& b);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <array>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string_view>
#include <utility>

#if NIB_POSIX_FILES
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace nib::inline NIB_ABI {

namespace detail {

// Where the name of `path` starts, behind its folder.
inline std::size_t name_start(std::string_view path) {
#if defined(_WIN32)
    const std::size_t separator = path.find_last_of("/\\:");
#else
    const std::size_t separator = path.rfind('/');
#endif
    return separator == std::string_view::npos ? 0 : separator + 1;
}

#if NIB_POSIX_FILES
// `path`, or the end of the chain of symbolic links that it names. There need be nothing at that end, for which
// ::realpath fails.
inline std::string follow_links(std::string path) {
    constexpr int most_links = 40;
    for (int links = 0; links < most_links; ++links) {
        std::array<char, 4096> text;
        const ::ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
        if (size <= 0 || size == static_cast<::ssize_t>(text.size())) break;
        const std::string_view next{text.data(), static_cast<std::size_t>(size)};
        path.resize(next[0] == '/' ? 0 : name_start(path));
        path += next;
    }
    return path;
}

// The folder of `path`, for functions that want a path.
inline std::string folder_of(const std::string& path) {
    const std::size_t name = name_start(path);
    return name == 0 ? "." : path.substr(0, name);
}
#endif

}  // namespace detail

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

NIB_API bool same_file(const std::string& a, const std::string& b) {
    const std::optional<FileIdentity> identity = file_identity(a);
    return identity && identity == file_identity(b);
}

}  // namespace nib::inline NIB_ABI

#endif
