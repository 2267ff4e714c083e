// Pickles written opcode by opcode: independent of the library's writer.
#pragma once

#include "zip_builder.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace support::pickle {

inline std::string text(std::string_view value) { return "X" + little_endian(value.size(), 4) + std::string(value); }
inline std::string integer(std::int64_t value) {
    if (value >= 0 && value < 256) return "K" + little_endian(static_cast<std::uint64_t>(value), 1);
    if (value >= -0x80000000ll && value <= 0x7fffffffll)
        return "J" + little_endian(static_cast<std::uint64_t>(value), 4);
    return "\x8a\x08" + little_endian(static_cast<std::uint64_t>(value), 8);
}
inline std::string global(const std::string& module, const std::string& name) {
    return "c" + module + "\n" + name + "\n";
}
inline std::string joined(const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items) text += item;
    return text;
}
inline std::string tuple(const std::vector<std::string>& items) { return "(" + joined(items) + "t"; }
inline std::string integers(const std::vector<std::int64_t>& values) {
    std::vector<std::string> items;
    for (const std::int64_t value : values) items.push_back(integer(value));
    return tuple(items);
}
inline std::string call(const std::string& callee, const std::vector<std::string>& arguments) {
    return callee + tuple(arguments) + "R";
}
// Keys and values in turn.
inline std::string dict(const std::vector<std::string>& items) { return "}(" + joined(items) + "u"; }
inline std::string ordered_dict(const std::vector<std::string>& items) {
    return global("collections", "OrderedDict") + ")R(" + joined(items) + "u";
}
inline std::string pickled(const std::string& value) { return "\x80\x02" + value + "."; }

}  // namespace support::pickle
