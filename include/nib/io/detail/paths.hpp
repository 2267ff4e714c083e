// Parts of paths, and the links that they lead through.
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/detail/join.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#if NIB_POSIX_FILES
#include <unistd.h>
#endif

namespace nib::inline NIB_ABI::detail {

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
[[gnu::cold]] inline std::string follow_links(std::string path) {
    constexpr int most_links = 40;
    for (int links = 0; links < most_links; ++links) {
        std::array<char, 4096> text;
        const ::ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
        if (size <= 0 || size == static_cast<::ssize_t>(text.size())) break;
        const std::string_view next{text.data(), static_cast<std::size_t>(size)};
        path = join({std::string_view(path).substr(0, next[0] == '/' ? 0 : name_start(path)), next});
    }
    return path;
}

// The folder of `path`, for functions that want a path.
[[gnu::cold]] inline std::string folder_of(const std::string& path) {
    const std::size_t name = name_start(path);
    return join({name == 0 ? "." : std::string_view(path).substr(0, name)});
}
#endif

}  // namespace nib::inline NIB_ABI::detail
