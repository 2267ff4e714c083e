// What the tests of AtomicFile share.
#pragma once

#include "../support.hpp"

#include <nib/io/atomic_file.hpp>
#include <nib/io/detail/temporary_file.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace support {

inline std::size_t file_count(const TemporaryDirectory& folder) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()));
}

inline void write_whole(const std::string& path, std::string_view text) {
    nib::AtomicFile file{path};
    file.write(text);
    file.commit();
}

inline std::vector<std::string> names(const TemporaryDirectory& folder) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
        found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
}

// Of the file `name`; the checksum of "f" is FNV-1a's published test vector.
inline std::string temporary(const std::string& name, int number = 0) {
    if (name == "f") return "f.e30c2799.tmp" + std::to_string(number);
    return nib::detail::temporary_name(name, number, 255);
}

}  // namespace support
