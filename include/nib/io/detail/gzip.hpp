// Gunzip: unpacks gzip files (RFC 1952) as a stream, in the memory that Inflate takes.
//
// Refused by Error: what Inflate refuses; a header that is not gzip's, or cut short; a checksum or length at the end of
// a member that is not that of its data; anything but further members, or zeros, behind a member.
#pragma once

#include <nib/core/error.hpp>
#include <nib/io/detail/crc32.hpp>
#include <nib/io/detail/inflate.hpp>
#include <nib/io/file.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI {

// Whether a file of this start is packed by gzip.
inline bool is_gzip(std::string_view start) { return start.starts_with("\x1f\x8b"); }

// Moved, never copied.
class Gunzip {
public:
    // `name` starts every message.
    [[gnu::cold]] explicit Gunzip(std::string name) : inflate_{name}, name_{std::move(name)} {}

    // How many bytes went to the start of `to`: fewer than its size at the end alone. `input` is always the same, from
    // its start.
    std::size_t read(PackedInput& input, std::span<std::byte> to) {
        std::size_t done = 0;
        while (done < to.size() && (in_member_ || begin_member(input))) {
            const std::span<std::byte> rest = to.subspan(done);
            const std::size_t count = inflate_.read(input, rest);
            crc_ = crc32(rest.first(count), crc_);
            size_ += static_cast<std::uint32_t>(count);
            done += count;
            if (count < rest.size()) end_member(input);
        }
        return done;
    }

private:
    [[noreturn, gnu::cold]] void refuse(const char* why) const {
        fail({name_, ": byte ", inflate_.position(), " of the gzip file: ", why});
    }

    // Of a header.
    [[gnu::cold]] std::uint8_t byte(PackedInput& input) {
        std::array<std::byte, 1> value{};
        if (inflate_.read_plain(input, value) == 0) refuse("ends in the middle: the file is cut short");
        crc_ = crc32(value, crc_);
        return std::to_integer<std::uint8_t>(value[0]);
    }

    void skip_text(PackedInput& input) {
        while (byte(input) != 0) {
        }
    }

    template <class T>
    [[gnu::cold]] T number(PackedInput& input) {
        std::array<std::byte, sizeof(T)> bytes{};
        for (std::byte& value : bytes) value = static_cast<std::byte>(byte(input));
        return load_number<T>(bytes.data(), std::endian::little);
    }

    // False at the end.
    [[gnu::cold]] bool begin_member(PackedInput& input) {
        crc_ = 0;
        std::array<std::byte, 1> first{};
        do {
            if (inflate_.read_plain(input, first) == 0) {
                if (members_ == 0) refuse("expected a gzip file, found the end");
                return false;
            }
        } while (members_ > 0 && first[0] == std::byte{0});
        crc_ = crc32(first, crc_);
        if (first[0] != std::byte{0x1f} || byte(input) != 0x8b)
            refuse(members_ == 0 ? "expected a gzip file, which starts with the bytes 31 and 139"
                                 : "expected another member or the end behind a member, found other data");
        if (byte(input) != 8) refuse("is not packed by DEFLATE, expected method 8");
        const unsigned flags = byte(input);
        if ((flags & 0xe0u) != 0) refuse("has flags that do not exist");
        for (int i = 0; i < 6; ++i) byte(input);  // time, level and system
        if ((flags & 4u) != 0)
            for (unsigned rest = number<std::uint16_t>(input); rest > 0; --rest) byte(input);
        if ((flags & 8u) != 0) skip_text(input);   // name
        if ((flags & 16u) != 0) skip_text(input);  // comment
        const std::uint32_t header = crc_ & 0xffffu;
        if ((flags & 2u) != 0 && number<std::uint16_t>(input) != header)
            refuse("its header is damaged: the checksum is another");
        crc_ = 0;
        size_ = 0;
        ++members_;
        in_member_ = true;
        inflate_.restart();
        return true;
    }

    [[gnu::cold]] void end_member(PackedInput& input) {
        const std::uint32_t found = crc_;
        if (number<std::uint32_t>(input) != found) refuse("is damaged: the checksum of its data is another");
        if (number<std::uint32_t>(input) != size_) refuse("is damaged: its data has another length");
        in_member_ = false;
    }

    Inflate inflate_;
    std::string name_;
    std::uint32_t crc_ = 0;   // of the member's data so far; in a header of that
    std::uint32_t size_ = 0;  // of the member's data so far, modulo 2^32
    std::size_t members_ = 0;
    bool in_member_ = false;
};

}  // namespace nib::inline NIB_ABI
