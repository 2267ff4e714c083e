// Packed bytes in memory, as what unpacks them reads them.
#pragma once

#include <nib/io/detail/inflate.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace support {

// The bytes that two hexadecimal digits each stand for.
inline std::string from_hex(std::string_view digits) {
    constexpr std::string_view known = "0123456789abcdef";
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes += static_cast<char>(known.find(digits[i]) * 16 + known.find(digits[i + 1]));
    return bytes;
}

// It hands over `piece` bytes at a time.
class PackedText final : public nib::PackedInput {
public:
    PackedText(std::string_view text, std::size_t piece) : rest_{text}, piece_{piece} {}

    std::size_t read(std::span<std::byte> to) override {
        std::size_t count = to.size() < piece_ ? to.size() : piece_;
        count = rest_.size() < count ? rest_.size() : count;
        if (count > 0) std::memcpy(to.data(), rest_.data(), count);
        rest_.remove_prefix(count);
        return count;
    }

private:
    std::string_view rest_;
    std::size_t piece_;
};

}  // namespace support
