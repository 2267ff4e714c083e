// Files in and out.  InputFile and read_file: reading with every failure named.  AtomicFile: writing that never leaves
// a half-written file behind and never loses the one that was there.
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

#if NIB_POSIX_FILES
#include <sys/types.h>
#endif

namespace nib::inline NIB_ABI {

namespace detail {

// A std::FILE that is closed in the end. (Not a std::unique_ptr: <memory> takes a compiler longer than all of nib's
// io.)
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

[[noreturn]] NIB_API void fail_with_errno(const std::string& path, const char* what);
NIB_API FileHandle open_for_reading(const std::string& path);

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
    explicit InputFile(std::string path);

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
NIB_API std::string read_file(const std::string& path);

// A file in the making: what is written goes to a temporary file beside `path`, and only commit() puts it in place, in
// one step, after it has reached the disk; its name follows where the system can do that. Without commit() the
// destructor removes it and `path` stays as it was. A symbolic link to a file is followed, not replaced; what is no
// regular file (a pipe, /dev/null) is written directly. An existing file keeps its permissions.
class AtomicFile {
public:
    explicit AtomicFile(std::string path);
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    ~AtomicFile();

    void write(std::span<const std::byte> bytes);
    void write(std::string_view text) { write(bytes_of(text)); }

    void commit();

private:
    void resolve_target();
    void copy_permissions() const;
    void put_in_place();
    void sync_folder() const;

    std::string path_;
    std::string target_;
    std::string temporary_;
    detail::FileHandle file_;
    bool direct_ = false;
    bool committed_ = false;
#if NIB_POSIX_FILES
    ::mode_t permissions_ = 0;
    bool keep_permissions_ = false;
#endif
};

// Fails where AtomicFile could not be made for `path`, and leaves nothing behind. A pipe is not opened: its reader
// would take that for the end.
NIB_API void check_writable(const std::string& path);

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
#include <climits>
#include <cstdlib>

#if NIB_POSIX_FILES
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace nib::inline NIB_ABI {

namespace detail {

NIB_API void fail_with_errno(const std::string& path, const char* what) {
    const int code = errno;
    fail(path + ": " + what + (code != 0 ? std::string(": ") + std::strerror(code) : std::string()));
}

NIB_API FileHandle open_for_reading(const std::string& path) {
    errno = 0;
    FileHandle file{std::fopen(path.c_str(), "rb")};
    if (!file) fail_with_errno(path, "cannot open");
    // A directory opens, and fails when read.
    const int first = std::fgetc(file.get());
    if (first == EOF && std::ferror(file.get()) != 0) fail_with_errno(path, "cannot read");
    if (first != EOF) std::ungetc(first, file.get());
    return file;
}

}  // namespace detail

NIB_API InputFile::InputFile(std::string path) : path_{std::move(path)}, file_{detail::open_for_reading(path_)} {
    errno = 0;
    if (std::fseek(file_.get(), 0, SEEK_END) != 0) detail::fail_with_errno(path_, "cannot seek");
    const long end = std::ftell(file_.get());
    if (end < 0 || end == LONG_MAX) detail::fail_with_errno(path_, "has no size");
    size_ = static_cast<std::size_t>(end);
    std::rewind(file_.get());
}

NIB_API void InputFile::seek(std::size_t position) {
    if (position == position_) return;
    errno = 0;
    if (std::fseek(file_.get(), static_cast<long>(position), SEEK_SET) != 0)
        detail::fail_with_errno(path_, "cannot seek");
    position_ = position;
}

NIB_API void InputFile::read(std::span<std::byte> bytes) {
    errno = 0;
    const std::size_t count = bytes.empty() ? 0 : std::fread(bytes.data(), 1, bytes.size(), file_.get());
    if (count != bytes.size()) {
        if (std::ferror(file_.get()) != 0) detail::fail_with_errno(path_, "cannot read");
        fail(path_ + ": byte " + std::to_string(position_) + ": expected " + std::to_string(bytes.size()) +
             " more bytes, found " + std::to_string(count));
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

NIB_API AtomicFile::AtomicFile(std::string path) : path_{std::move(path)}, target_{path_} {
    resolve_target();
    errno = 0;
    if (direct_) {
        file_ = detail::FileHandle{std::fopen(target_.c_str(), "wb")};
    } else {
        for (int attempt = 0; attempt < 1000; ++attempt) {
            temporary_ = target_ + ".tmp" + std::to_string(attempt);
            file_ = detail::FileHandle{std::fopen(temporary_.c_str(), "wbx")};
            if (file_ || errno != EEXIST) break;
        }
    }
    if (!file_) detail::fail_with_errno(path_, "cannot write");
    copy_permissions();
}

NIB_API AtomicFile::~AtomicFile() {
    file_ = detail::FileHandle{};
    if (!committed_ && !direct_) std::remove(temporary_.c_str());
}

NIB_API void AtomicFile::write(std::span<const std::byte> bytes) {
    errno = 0;
    if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size())
        detail::fail_with_errno(path_, "cannot write");
}

NIB_API void AtomicFile::commit() {
    errno = 0;
    if (std::fflush(file_.get()) != 0) detail::fail_with_errno(path_, "cannot write");
#if NIB_POSIX_FILES
    if (!direct_ && ::fsync(::fileno(file_.get())) != 0) detail::fail_with_errno(path_, "cannot write");
#endif
    if (std::fclose(file_.release()) != 0) detail::fail_with_errno(path_, "cannot write");
    if (!direct_) put_in_place();
    committed_ = true;
    if (!direct_) sync_folder();
}

NIB_API void AtomicFile::resolve_target() {
#if NIB_POSIX_FILES
    struct stat status {};
    if (::stat(target_.c_str(), &status) != 0) return;
    errno = EISDIR;
    if (S_ISDIR(status.st_mode)) detail::fail_with_errno(path_, "cannot write");
    direct_ = !S_ISREG(status.st_mode);
    if (direct_) return;
    permissions_ = status.st_mode & 07777;
    keep_permissions_ = true;
    const struct Freed {
        char* text;
        ~Freed() { std::free(text); }
    } real{::realpath(target_.c_str(), nullptr)};
    if (real.text != nullptr) target_ = real.text;
#endif
}

NIB_API void AtomicFile::copy_permissions() const {
#if NIB_POSIX_FILES
    // Best effort: on a file system without permissions the file is still written.
    if (keep_permissions_) static_cast<void>(::fchmod(::fileno(file_.get()), permissions_));
#endif
}

NIB_API void AtomicFile::put_in_place() {
    if (std::rename(temporary_.c_str(), target_.c_str()) == 0) return;
#if !NIB_POSIX_FILES
    // Where rename does not replace: the old file steps aside first, so that one of the two is always whole.
    const std::string aside = target_ + ".old";
    std::remove(aside.c_str());
    if (std::rename(target_.c_str(), aside.c_str()) == 0) {
        if (std::rename(temporary_.c_str(), target_.c_str()) == 0) {
            std::remove(aside.c_str());
            return;
        }
        std::rename(aside.c_str(), target_.c_str());
    }
#endif
    detail::fail_with_errno(path_, "cannot write");
}

NIB_API void AtomicFile::sync_folder() const {
#if NIB_POSIX_FILES
    // Best effort: the file is whole under the one name or the other, and not every folder can be opened or synced.
    const std::size_t slash = target_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : target_.substr(0, slash + 1);
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    static_cast<void>(::fsync(descriptor));
    ::close(descriptor);
#endif
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
