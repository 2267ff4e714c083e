#include <nib/io/detail/crc32.hpp>

#include "../../support.hpp"

#include <nib/io/file.hpp>

#include <cstdint>
#include <string>

TEST_CASE("crc32 is zip's, in one piece or in several") {
    const std::string check = "123456789";  // the check value of the algorithm's usual description
    CHECK(nib::crc32(nib::bytes_of(check)) == 0xcbf43926u);
    CHECK(nib::crc32({}) == 0);
    const std::string text = "The quick brown fox jumps over the lazy dog";
    CHECK(nib::crc32(nib::bytes_of(text)) == 0x414fa339u);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        const std::uint32_t first = nib::crc32(nib::bytes_of(text).first(cut));
        CHECK(nib::crc32(nib::bytes_of(text).subspan(cut), first) == 0x414fa339u);
    }
}
