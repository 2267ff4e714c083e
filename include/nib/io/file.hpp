// Files in: InputFile and read_file, which name every failure; numbers in a file's byte order. (Files out: see
// atomic_file.hpp.)
#pragma once

#include <nib/core/config.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI {

namespace detail {

// A std::FILE that its destructor closes. (Not a std::unique_ptr: <memory> is expensive to include.)
class FileHandle {
public:
    explicit FileHandle(std::FILE* file = nullptr) : file_{file} {}
    FileHandle(FileHandle&& other) noexcept : file_{other.release()} {}
    FileHandle& operator=(FileHandle other) noexcept {
        std::swap(file_, other.file_);
        return *this;
    }
    ~FileHandle() {
        if (file_ != nullptr) std::fclose(file_);
    }

    explicit operator bool() const { return file_ != nullptr; }
    std::FILE* get() const { return file_; }
    std::FILE* release() { return std::exchange(file_, nullptr); }

private:
    std::FILE* file_;
};

[[noreturn, gnu::cold]] void fail_with_errno(const std::string& path, const char* what);
[[gnu::cold]] FileHandle open_for_reading(const std::string& path);

}  // namespace detail

// The bytes of a vector, an array or a string, as they lie in memory.
template <class Container>
std::span<const std::byte> bytes_of(const Container& container) {
    return {reinterpret_cast<const std::byte*>(container.data()), container.size() * sizeof(*container.data())};
}

// A file that is read piece by piece, its size known before anything is allocated. Fails on what is missing, cannot be
// read, or has no size (a pipe).
class InputFile {
public:
    InputFile() = default;  // no file, of size 0
    [[gnu::cold]] explicit InputFile(std::string path);

    const std::string& path() const { return path_; }
    std::size_t size() const { return size_; }
    std::size_t position() const { return position_; }
    std::size_t remaining() const { return size_ - position_; }

    // The next read() starts at byte `position`, at most size().
    void seek(std::size_t position);

    // Fills `bytes`; fails when the file ends first.
    void read(std::span<std::byte> bytes);

private:
    std::string path_;
    detail::FileHandle file_;
    std::size_t size_ = 0;
    std::size_t position_ = 0;
};

// All bytes of a file or pipe. Memory grows with what was really read, never with what a size claims.
std::string read_file(const std::string& path);

// Numbers in a file's byte order, whatever the machine's.
template <class T>
requires(sizeof(T) <= 8) T byte_swapped(T value) {
    auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
    for (std::size_t i = 0; i < sizeof(T) / 2; ++i) std::swap(bytes[i], bytes[sizeof(T) - 1 - i]);
    return std::bit_cast<T>(bytes);
}

template <class T>
T load_number(const std::byte* bytes, std::endian order) {
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return order == std::endian::native ? value : byte_swapped(value);
}

template <class T>
void store_number(std::byte* bytes, T value, std::endian order) {
    if (order != std::endian::native) value = byte_swapped(value);
    std::memcpy(bytes, &value, sizeof(T));
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/error.hpp>

#include <cerrno>

namespace nib::inline NIB_ABI {

namespace detail {

NIB_API void fail_with_errno(const std::string& path, const char* what) {
    const int code = errno;
    fail({path, ": ", what, code != 0 ? ": " : "", code != 0 ? std::strerror(code) : ""});
}

NIB_API FileHandle open_for_reading(const std::string& path) {
    if (path.find('\0') != std::string::npos) fail({path.c_str(), "\\0...: cannot open: a path has no zero bytes"});
    errno = 0;
    FileHandle file{std::fopen(path.c_str(), "rb")};
    if (!file) fail_with_errno(path, "cannot open");
    // A directory opens, and fails when read.
    const int first = std::fgetc(file.get());
    if (first == EOF && std::ferror(file.get()) != 0) fail_with_errno(path, "cannot read");
    if (first != EOF) std::ungetc(first, file.get());
    return file;
}

// `offset` fits the type that `seek` takes.
template <class Offset>
int seek_with(int (*seek)(std::FILE*, Offset, int), std::FILE* file, std::int64_t offset, int origin) {
    return seek(file, static_cast<Offset>(offset), origin);
}

// std::fseek and std::ftell for files of any size: long has 32 bits on some systems.
inline int seek_file(std::FILE* file, std::int64_t offset, int origin) {
#if defined(_WIN32)
    return seek_with(::_fseeki64, file, offset, origin);
#elif NIB_POSIX_FILES
    return seek_with(::fseeko, file, offset, origin);
#else
    return seek_with(std::fseek, file, offset, origin);
#endif
}

inline std::int64_t tell_file(std::FILE* file) {
#if defined(_WIN32)
    return ::_ftelli64(file);
#elif NIB_POSIX_FILES
    return ::ftello(file);
#else
    return std::ftell(file);
#endif
}

}  // namespace detail

NIB_API InputFile::InputFile(std::string path) : path_{std::move(path)}, file_{detail::open_for_reading(path_)} {
    errno = 0;
    if (detail::seek_file(file_.get(), 0, SEEK_END) != 0) detail::fail_with_errno(path_, "cannot seek");
    const std::int64_t end = detail::tell_file(file_.get());
    if (end < 0 || end == INT64_MAX) detail::fail_with_errno(path_, "has no size");
    if (!std::in_range<std::size_t>(end)) fail({path_, ": is too large for this machine's memory"});
    size_ = static_cast<std::size_t>(end);
    std::rewind(file_.get());
}

NIB_API void InputFile::seek(std::size_t position) {
    if (position == position_) return;
    errno = 0;
    if (detail::seek_file(file_.get(), static_cast<std::int64_t>(position), SEEK_SET) != 0)
        detail::fail_with_errno(path_, "cannot seek");
    position_ = position;
}

NIB_API void InputFile::read(std::span<std::byte> bytes) {
    errno = 0;
    const std::size_t count = bytes.empty() ? 0 : std::fread(bytes.data(), 1, bytes.size(), file_.get());
    if (count != bytes.size()) {
        if (std::ferror(file_.get()) != 0) detail::fail_with_errno(path_, "cannot read");
        fail({path_, ": byte ", position_, ": expected ", bytes.size(), " more bytes, found ", count});
    }
    position_ += count;
}

NIB_API std::string read_file(const std::string& path) {
    const detail::FileHandle file = detail::open_for_reading(path);
    std::string content;
    std::array<char, 65536> block;
    errno = 0;
    while (const std::size_t count = std::fread(block.data(), 1, block.size(), file.get()))
        content.append(block.data(), count);
    if (std::ferror(file.get()) != 0) detail::fail_with_errno(path, "cannot read");
    return content;
}

}  // namespace nib::inline NIB_ABI

#endif
