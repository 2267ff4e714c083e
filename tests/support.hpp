// What several test files share: fixtures, real data, a folder of one's own, the text of an error.
#pragma once

#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if !defined(__cpp_exceptions)
#include "wasm/error_of.hpp"
#endif

namespace support {

template <class T>
nib::detail::List<T> list_of(std::vector<T> values) {
    nib::detail::List<T> list;
    for (T& value : values) list.push_back(std::move(value));
    return list;
}

// Whether programs and tests are some ten times slower for it.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
inline constexpr bool sanitized = __has_feature(address_sanitizer);
#else
inline constexpr bool sanitized = false;
#endif

// A file of tests/data.
inline std::string fixture(const std::string& name) { return std::string(NIB_TEST_DATA) + "/" + name; }

// A path below $NIB_DATA, the folder with mnist/, pendigits/ and torch/; without it says so and returns nothing.
inline std::optional<std::string> real_data(const std::string& name) {
    const char* folder = std::getenv("NIB_DATA");
    if (folder != nullptr && *folder != '\0') return std::string(folder) + "/" + name;
    MESSAGE("skipped: set NIB_DATA to the folder that holds " << name);
    return std::nullopt;
}

// A new folder, removed with all that is in it at the end of the scope.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::random_device device;
        do {
            path_ = std::filesystem::temp_directory_path() / ("nib-test-" + std::to_string(device()));
        } while (!std::filesystem::create_directory(path_));
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::string path(const std::string& name = "") const { return (path_ / name).string(); }
    std::string write(const std::string& name, std::string_view content) const {
        std::ofstream(path(name), std::ios::binary) << content;
        return path(name);
    }

private:
    std::filesystem::path path_;
};

#if defined(__cpp_exceptions)
// The text of the nib::Error that `f` throws, or "" when it throws none.
template <class F>
std::string error_of(F&& f) {
    try {
        static_cast<void>(f());
    } catch (const nib::Error& error) {
        CHECK(std::string_view(error.what()).find('\n') == std::string_view::npos);
        return error.what();
    }
    return "";
}
#endif

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace support
