#include <nib/io/detail/protobuf.hpp>

#include "../../support.hpp"
#include "../protobuf_reader.hpp"

#include <cstdint>
#include <limits>

using namespace std::string_literals;

using nib::ProtobufMessage;

namespace {

template <class Add>
std::string bytes_after(Add add) {
    ProtobufMessage message;
    add(message);
    return std::string(message.bytes());
}

std::string integer_bytes(std::uint32_t field, std::int64_t value) {
    return bytes_after([&](ProtobufMessage& message) { message.add_integer(field, value); });
}

}  // namespace

// The first three are the examples of the encoding's own description.
TEST_CASE("fields have the bytes of the wire format") {
    CHECK(integer_bytes(1, 150) == "\x08\x96\x01"s);
    CHECK(bytes_after([](ProtobufMessage& message) { message.add_text(2, "testing"); }) == "\x12\x07testing"s);
    CHECK(bytes_after([](ProtobufMessage& message) {
              ProtobufMessage inner;
              inner.add_integer(1, 150);
              message.add_message(3, inner);
          }) == "\x1a\x03\x08\x96\x01"s);
    CHECK(bytes_after([](ProtobufMessage& message) { message.add_float(2, 1.0f); }) == "\x15\x00\x00\x80\x3f"s);
    CHECK(bytes_after([](ProtobufMessage& message) { message.add_length(9, 300); }) == "\x4a\xac\x02"s);
    CHECK(ProtobufMessage{}.bytes().empty());
}

TEST_CASE("integers take as many bytes as they need, negative ones ten") {
    CHECK(integer_bytes(1, 0) == "\x08\x00"s);
    CHECK(integer_bytes(1, 127) == "\x08\x7f"s);
    CHECK(integer_bytes(1, 128) == "\x08\x80\x01"s);
    CHECK(integer_bytes(1, -1) == "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s);
    // A field number above 15 takes a second byte.
    CHECK(integer_bytes(20, 2) == "\xa0\x01\x02"s);
}

TEST_CASE("what is written is read back by a reader of another hand") {
    const std::int64_t values[] = {0,
                                   1,
                                   -1,
                                   127,
                                   128,
                                   16'383,
                                   16'384,
                                   INT64_C(1) << 40,
                                   std::numeric_limits<std::int64_t>::max(),
                                   std::numeric_limits<std::int64_t>::min()};
    ProtobufMessage message, inner;
    for (const std::int64_t value : values) message.add_integer(5, value);
    message.add_float(6, -0.1f);
    message.add_text(7, "a\0b"s);
    message.add_text(7, "");
    inner.add_text(1, std::string(1000, 'x'));
    message.add_message(536'870'911, inner);

    const protobuf::Message read{message.bytes()};
    CHECK(read.integers(5) == std::vector<std::int64_t>(std::begin(values), std::end(values)));
    CHECK(read.number(6) == -0.1f);
    CHECK(read.texts(7) == std::vector{"a\0b"s, ""s});
    CHECK(read.message(536'870'911).text(1) == std::string(1000, 'x'));
    CHECK(read.fields().size() == 14);
}
