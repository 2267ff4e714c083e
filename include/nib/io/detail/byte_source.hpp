// ByteSource: bytes that are read from any place, someone else's memory or a file that it keeps open. A reader of an
// archive gives it parts (packed_parts.hpp), which have checksums and may be compressed: what these unpack to is read
// like everything else, at an offset behind the end of the file.
#pragma once

#include <nib/core/config.hpp>
#include <nib/io/file.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace nib::inline NIB_ABI {

class ByteSource;

namespace detail {

class PackedParts;

// The parts of a source, with functions behind pointers: what unpacks and checks them (packed_parts.hpp) is compiled
// where a source is given parts, and not in a program that reads a plain file.
struct SourceParts {
    // Bytes of a compressed part.
    void (*read)(SourceParts& parts, ByteSource& source, std::size_t offset, std::span<std::byte> to);
    void (*check_bytes)(SourceParts& parts, ByteSource& source, std::size_t offset);
    std::size_t (*unpacked_for)(SourceParts& parts, std::size_t offset);
    void (*destroy)(SourceParts* parts);
};

}  // namespace detail

// Moved, never copied.
class ByteSource {
public:
    // `path` is for messages.
    ByteSource(std::span<const std::byte> memory, std::string path);
    [[gnu::cold]] explicit ByteSource(const std::string& path);
    [[gnu::cold]] ByteSource(ByteSource&& other) noexcept;
    ByteSource& operator=(ByteSource&& other) noexcept;
    ~ByteSource();

    const std::string& path() const { return path_; }

    // Of the file, and of what its compressed parts unpack to.
    std::size_t size() const { return size_; }

    // Bytes [offset, offset + to.size()), which lie within size(), and in one part if they are compressed. Those of a
    // part have not been checked.
    void read(std::size_t offset, std::span<std::byte> to);

    // Fails where the byte at `offset` belongs to a part whose bytes are not those that its checksum was made of. Each
    // part is read once for that, at most.
    void check_bytes(std::size_t offset);

    // How many bytes at most are unpacked to read the one at `offset`: 0 where it is not compressed.
    std::size_t unpacked_for(std::size_t offset);

private:
    friend class detail::PackedParts;

    std::size_t stored_size() const;
    void read_stored(std::size_t offset, std::span<std::byte> to);

    std::string path_;
    std::span<const std::byte> memory_;  // or `file_`: one of them is empty
    InputFile file_;
    std::size_t size_ = 0;
    detail::SourceParts* parts_ = nullptr;
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>

namespace nib::inline NIB_ABI {

NIB_API ByteSource::ByteSource(std::span<const std::byte> memory, std::string path)
    : path_{std::move(path)}, memory_{memory}, size_{memory.size()} {}

NIB_API ByteSource::ByteSource(const std::string& path) : path_{path}, file_{path}, size_{file_.size()} {}

NIB_API ByteSource::ByteSource(ByteSource&& other) noexcept
    : path_{std::move(other.path_)},
      memory_{other.memory_},
      file_{std::move(other.file_)},
      size_{other.size_},
      parts_{std::exchange(other.parts_, nullptr)} {}

NIB_API ByteSource& ByteSource::operator=(ByteSource&& other) noexcept {
    path_ = std::move(other.path_);
    memory_ = other.memory_;
    file_ = std::move(other.file_);
    size_ = other.size_;
    std::swap(parts_, other.parts_);
    return *this;
}

NIB_API ByteSource::~ByteSource() {
    if (parts_ != nullptr) parts_->destroy(parts_);
}

NIB_API std::size_t ByteSource::stored_size() const { return memory_.size() + file_.size(); }

[[gnu::noinline]] NIB_API void ByteSource::read_stored(std::size_t offset, std::span<std::byte> to) {
    if (!memory_.empty()) return copy_values(memory_.data() + offset, to.size(), to.data());
    file_.seek(offset);
    file_.read(to);
}

NIB_API void ByteSource::read(std::size_t offset, std::span<std::byte> to) {
    if (offset < stored_size() || to.empty()) return read_stored(smaller(offset, stored_size()), to);
    parts_->read(*parts_, *this, offset, to);
}

NIB_API void ByteSource::check_bytes(std::size_t offset) {
    if (parts_ != nullptr) parts_->check_bytes(*parts_, *this, offset);
}

NIB_API std::size_t ByteSource::unpacked_for(std::size_t offset) {
    return parts_ != nullptr ? parts_->unpacked_for(*parts_, offset) : 0;
}

}  // namespace nib::inline NIB_ABI

#endif
