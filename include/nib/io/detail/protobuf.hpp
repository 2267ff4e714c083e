// ProtobufMessage: a message of Protocol Buffers in the making, in its wire format
// (https://protobuf.dev/programming-guides/encoding). What its fields mean, the caller knows from a schema.
//
//   nib::ProtobufMessage dimension, shape;
//   dimension.add_text(2, "N");
//   shape.add_message(1, dimension);
#pragma once

#include <nib/io/file.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

class ProtobufMessage {
public:
    std::string_view bytes() const { return bytes_; }

    // int32, int64, bool or enum; a negative number takes ten bytes.
    void add_integer(std::uint32_t field, std::int64_t value) {
        add_tag(field, WireType::varint);
        add_varint(static_cast<std::uint64_t>(value));
    }

    // float
    void add_float(std::uint32_t field, float value) {
        add_tag(field, WireType::fixed32);
        std::byte bytes[4];
        store_number(bytes, value, std::endian::little);
        bytes_.append(reinterpret_cast<const char*>(bytes), sizeof bytes);
    }

    // string (in UTF-8) or bytes
    void add_text(std::uint32_t field, std::string_view text) {
        add_length(field, text.size());
        bytes_ += text;
    }

    void add_message(std::uint32_t field, const ProtobufMessage& message) { add_text(field, message.bytes()); }

    // The start of a string, bytes or message field whose `length` bytes follow elsewhere.
    void add_length(std::uint32_t field, std::uint64_t length) {
        add_tag(field, WireType::length_delimited);
        add_varint(length);
    }

private:
    enum class WireType : std::uint32_t { varint = 0, length_delimited = 2, fixed32 = 5 };

    void add_tag(std::uint32_t field, WireType type) {
        add_varint(std::uint64_t{field} << 3 | static_cast<std::uint32_t>(type));
    }

    // Seven bits a byte, the lowest first; all bytes but the last have their highest bit set.
    void add_varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
        bytes_ += static_cast<char>(value);
    }

    std::string bytes_;
};

}  // namespace nib::inline NIB_ABI
