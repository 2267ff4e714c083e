// A reader of Protocol Buffers' wire format, for tests of what nib writes: independent of it, and strict.
#pragma once

#include <doctest/doctest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace protobuf {

struct Field {
    std::uint64_t number = 0;
    std::uint64_t wire_type = 0;
    std::uint64_t integer = 0;  // of wire types 0 and 5
    std::string bytes;          // of wire type 2
};

inline std::uint64_t take_varint(std::string_view& bytes) {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        REQUIRE(!bytes.empty());
        REQUIRE(shift < 64);
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
}

// A message's fields, in order.
class Message {
public:
    explicit Message(std::string_view bytes) {
        while (!bytes.empty()) {
            Field field;
            const std::uint64_t tag = take_varint(bytes);
            field.number = tag >> 3;
            field.wire_type = tag & 7;
            REQUIRE(field.number > 0);
            if (field.wire_type == 0) {
                field.integer = take_varint(bytes);
            } else if (field.wire_type == 2) {
                const std::uint64_t length = take_varint(bytes);
                REQUIRE(length <= bytes.size());
                field.bytes = bytes.substr(0, length);
                bytes.remove_prefix(length);
            } else {
                REQUIRE(field.wire_type == 5);
                REQUIRE(bytes.size() >= 4);
                for (std::size_t i = 4; i-- > 0;)
                    field.integer = field.integer << 8 | static_cast<unsigned char>(bytes[i]);
                bytes.remove_prefix(4);
            }
            fields_.push_back(field);
        }
    }

    const std::vector<Field>& fields() const { return fields_; }

    std::set<std::uint64_t> numbers() const {
        std::set<std::uint64_t> result;
        for (const Field& field : fields_) result.insert(field.number);
        return result;
    }

    // Those of one number.
    std::vector<Field> all(std::uint64_t number) const {
        std::vector<Field> result;
        for (const Field& field : fields_)
            if (field.number == number) result.push_back(field);
        return result;
    }
    Field one(std::uint64_t number) const {
        const std::vector<Field> found = all(number);
        CAPTURE(number);
        REQUIRE(found.size() == 1);
        return found[0];
    }

    std::int64_t integer(std::uint64_t number) const {
        REQUIRE(one(number).wire_type == 0);
        return static_cast<std::int64_t>(one(number).integer);
    }
    float number(std::uint64_t number) const {
        REQUIRE(one(number).wire_type == 5);
        return std::bit_cast<float>(static_cast<std::uint32_t>(one(number).integer));
    }
    std::string text(std::uint64_t number) const {
        REQUIRE(one(number).wire_type == 2);
        return one(number).bytes;
    }
    Message message(std::uint64_t number) const { return Message{text(number)}; }

    std::vector<std::int64_t> integers(std::uint64_t number) const {
        std::vector<std::int64_t> result;
        for (const Field& field : all(number)) {
            REQUIRE(field.wire_type == 0);
            result.push_back(static_cast<std::int64_t>(field.integer));
        }
        return result;
    }
    std::vector<std::string> texts(std::uint64_t number) const {
        std::vector<std::string> result;
        for (const Field& field : all(number)) {
            REQUIRE(field.wire_type == 2);
            result.push_back(field.bytes);
        }
        return result;
    }
    std::vector<Message> messages(std::uint64_t number) const {
        std::vector<Message> result;
        for (const std::string& bytes : texts(number)) result.emplace_back(bytes);
        return result;
    }

private:
    std::vector<Field> fields_;
};

}  // namespace protobuf
