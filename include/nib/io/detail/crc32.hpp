// crc32: the checksum of zip, gzip and PNG.
#pragma once

#include <nib/io/file.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace nib::inline NIB_ABI {

namespace detail {

using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

inline CrcTables make_crc_tables() {
    CrcTables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0xedb88320u : 0);
        tables[0][byte] = value;
    }
    for (std::size_t k = 1; k < tables.size(); ++k)
        for (std::size_t byte = 0; byte < 256; ++byte)
            tables[k][byte] = tables[k - 1][byte] >> 8 ^ tables[0][tables[k - 1][byte] & 0xff];
    return tables;
}

// crc_tables()[k][b]: what byte b does to a checksum when k more bytes follow it. Made when first asked for: as a
// constant the compiler would make them, in every file that sees nib's bodies.
inline const CrcTables& crc_tables() {
    static const CrcTables tables = make_crc_tables();
    return tables;
}

}  // namespace detail

// CRC-32 as zip, gzip and PNG have it (polynomial 0x04c11db7, reflected); of bytes that come in pieces when `before` is
// the checksum of those that came before. Eight bytes a step: Kounavis & Berry 2005, "slicing".
inline std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before = 0) {
    const detail::CrcTables& tables = detail::crc_tables();
    std::uint32_t crc = ~before;
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
        const std::uint32_t low = load_number<std::uint32_t>(bytes.data(), std::endian::little) ^ crc;
        const auto high = load_number<std::uint32_t>(bytes.data() + 4, std::endian::little);
        crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24] ^
              tables[3][high & 0xff] ^ tables[2][high >> 8 & 0xff] ^ tables[1][high >> 16 & 0xff] ^
              tables[0][high >> 24];
    }
    for (const std::byte byte : bytes) crc = crc >> 8 ^ tables[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
    return ~crc;
}

}  // namespace nib::inline NIB_ABI
