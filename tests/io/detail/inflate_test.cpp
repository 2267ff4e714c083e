// What zlib 1.2.13 wrote, through Python, and streams written bit by bit.
#include <nib/io/detail/inflate.hpp>

#include "../../support.hpp"
#include "../packed_text.hpp"

#include <nib/io/file.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using support::contains;
using support::error_of;
using support::from_hex;
using support::PackedText;

namespace {

// clang-format off
const std::string level0 =
    "01ff0100fe6c696e652030206f66206120746578742074686174207265706561747320697473656c662c206c696e65203120"
    "6f66206120746578742074686174207265706561747320697473656c662c206c696e652032206f6620612074657874207468"
    "6174207265706561747320697473656c662c206c696e652033206f6620612074657874207468617420726570656174732069"
    "7473656c662c206c696e652034206f66206120746578742074686174207265706561747320697473656c662c206c696e6520"
    "35206f66206120746578742074686174207265706561747320697473656c662c206c696e652036206f662061207465787420"
    "74686174207265706561747320697473656c662c206c696e652030206f662061207465787420746861742072657065617473"
    "20697473656c662c206c696e652031206f66206120746578742074686174207265706561747320697473656c662c206c696e"
    "652032206f66206120746578742074686174207265706561747320697473656c662c206c696e652033206f66206120746578"
    "742074686174207265706561747320697473656c662c206c696e652034206f66206120746578742074686174207265706561"
    "747320697473656c662c2000050a0f14191e23282d32373c41464b50555a5f64696e73787d82878c91969ba0a5aaafb4b9be"
    "c3c8cdd2d7dce1e6ebf0f5faff656e64";
const std::string fixed =
    "cbc9cc4b553050c84f5348542849ad285128c9482c51284a2d484d2c2956c82c294ecd49d351c801a932244a951151aa8c89"
    "526542942a53a2549911a56ac88604032b17bf88a49cb286ae91b98da39b774068547c4a665e71456d537bcfc469b3172c5d"
    "b57ecbce7d874f9cbd74fdcec367af3f7cfdf53f352f0500";
const std::string level1 =
    "3591d111c0300842ff9dc209dc4974ff19fa30d75e2f3111018daaa7bb155ef8d5d15bdde1c366a7b69b3309ce40d84117f9"
    "e15ec339bbbd05372275844d993495c7a880d54c2e9f9a215e4b64cf80477d9484f741fbefcab03a6856dbe85a595069054b"
    "d505bf0577824d235c729f03c04935c474380a0aed41b364226755477f95672cdb4d2a70209a7087ca741e2d4c14f70999bc"
    "9a18a2057580372f4e9edbe15f6f37039090175473e9626a309cbbba97f0548a496269d63d3ed2c0692eba509a03ff66a75c"
    "17aeab91785abed2804a3c32623ff1f17c";
const std::string level9 =
    "3591db11c5400842ffadc20aec09b4ff1a2eb0b9339964d7c7010d070b80e5971ea27003942fd7681e3049e8ae12a67a945f"
    "c5b9ba37e04f2942a502c4b967a74364896a92db777675be4aebaeeacb84de345a8eff2fbbac7ef1641b98a305d956b0d4e4"
    "f0b7e049ce59b99d874bef592beee567599b718e7bca54ef71824f678c353c244b0ea888f1ec765e5a32318ab760f4db6081"
    "6e630edfbe7423bffa375b76a04ac147a84d7ae8f533ee267fc25b196d72dcea191fb4e4b4afb21e33e4ff69c9a88fe76e49"
    "7c7b5488abaaaefc0483c3f901";
const std::string huffman_only =
    "05c1310100300c03a0bf2aaa609e48e35fc320cf218390187d4c48d7a63c12521164dec4797261b9304e32cf4149ee6d6264"
    "4653847b77a94e5877ce70d93be00978921d8feae311afb16415c7537061c8a82ce903f451568498cb1ca9e65a66af798fc8"
    "92b0d69bc8ec48e24276b3708d37b231c986507ab1202117095c7320855aef655d82970c89f03270e7cdf3b81e6fc198dd8e"
    "a09606928986be8cd4018ddcb2931883850f";
// clang-format on

// What level0 and fixed unpack to.
std::string lines() {
    std::string text;
    for (int i = 0; i < 12; ++i) text += "line " + std::to_string(i % 7) + " of a text that repeats itself, ";
    for (int byte = 0; byte < 256; byte += 5) text += static_cast<char>(byte);
    return text + "end";
}

std::uint32_t next_number(std::uint32_t number) { return (number * 1103515245u + 12345u) & 0x7fffffffu; }

// What level1, level9 and huffman_only unpack to.
std::string letters() {
    std::string text;
    std::uint32_t number = 1;
    for (int i = 0; i < 500; ++i) {
        number = next_number(number);
        text += "aaaaaaabbbcd\n. "[(number >> 16) % 15];
    }
    return text;
}

// What deflate_long.bin unpacks to: it repeats itself at distances up to the largest.
std::string long_text() {
    std::string text;
    std::uint32_t number = 1;
    for (std::size_t i = 0; i < 120000; ++i) {
        number = next_number(number);
        if (i < 300 || i % 9973 == 0)
            text += static_cast<char>(number >> 16 & 0xff);
        else if (i >= 32768 && i % 3000 < 1000)
            text += text[i - 32768];
        else
            text += text[i - 300 + i / 7000];
    }
    return text;
}

// `piece` bytes are asked for at a time; the input comes in pieces of `input_piece`.
std::string unpacked(std::string_view packed, std::size_t piece = 1000, std::size_t input_piece = 1000) {
    PackedText input{packed, input_piece};
    nib::Inflate inflate{"f"};
    std::string text, buffer(piece, '\0');
    for (;;) {
        const std::size_t count = inflate.read(input, {reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
        text.append(buffer, 0, count);
        if (count < piece) break;
    }
    CHECK(inflate.position() == packed.size());
    return text;
}

std::string error_in(std::string_view packed) {
    return error_of([&] { return unpacked(packed); });
}

// Numbers of given lengths, the lowest bit first.
class Bits {
public:
    Bits& number(unsigned value, unsigned length) {
        for (unsigned i = 0; i < length; ++i) bit(value >> i & 1u);
        return *this;
    }
    // Words of a code: the highest bit first.
    Bits& word(unsigned value, unsigned length) {
        for (unsigned i = length; i-- > 0;) bit(value >> i & 1u);
        return *this;
    }
    const std::string& bytes() const { return bytes_; }

private:
    void bit(unsigned value) {
        if (count_++ % 8 == 0) bytes_ += '\0';
        bytes_.back() = static_cast<char>(static_cast<unsigned char>(bytes_.back()) | value << ((count_ - 1) % 8));
    }

    std::string bytes_;
    std::size_t count_ = 0;
};

// The start of a last block with codes of its own: so many literals and lengths, distances, and lengths of the code
// that the lengths are in, in the order of the format (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1,
// 15).
Bits block(unsigned literals, unsigned distances, const std::vector<unsigned>& lengths) {
    Bits bits;
    bits.number(1, 1).number(2, 2).number(literals - 257, 5).number(distances - 1, 5);
    bits.number(static_cast<unsigned>(lengths.size()) - 4, 4);
    for (const unsigned length : lengths) bits.number(length, 3);
    return bits;
}

// Its lengths are in a code of two bits for each of 18, 0, 1 and 2: 0 is 00, 1 is 01, 2 is 10 and 18 is 11.
Bits simple_block(unsigned literals, unsigned distances) {
    return block(literals, distances, {0, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2});
}

Bits& zeros(Bits& bits, unsigned count) {
    while (count > 0) {
        const unsigned some = count > 138 ? 138 : count;
        if (some < 11) {
            bits.word(0, 2);
            --count;
        } else {
            bits.word(3, 2).number(some - 11, 7);
            count -= some;
        }
    }
    return bits;
}

}  // namespace

TEST_CASE("what zlib packs is unpacked, in pieces of any size") {
    CHECK(unpacked(from_hex(level0)) == lines());
    CHECK(unpacked(from_hex(fixed)) == lines());
    CHECK(unpacked(from_hex(level1)) == letters());
    CHECK(unpacked(from_hex(level9)) == letters());
    CHECK(unpacked(from_hex(huffman_only)) == letters());
    for (const std::size_t piece : {1u, 2u, 7u, 499u, 500u, 501u})
        for (const std::size_t input_piece : {1u, 3u, 8u, 1000u}) {
            CHECK(unpacked(from_hex(level0), piece, input_piece) == lines());
            CHECK(unpacked(from_hex(fixed), piece, input_piece) == lines());
            CHECK(unpacked(from_hex(level9), piece, input_piece) == letters());
        }
}

TEST_CASE("data far longer than the window is unpacked") {
    const std::string packed = nib::read_file(support::fixture("deflate_long.bin"));
    const std::string text = long_text();
    CHECK(unpacked(packed) == text);
    CHECK(unpacked(packed, 32768, 5) == text);
    CHECK(unpacked(packed, 100000, 100000) == text);
}

TEST_CASE("the shortest streams, and the longest repetition") {
    CHECK(unpacked("\x03" + std::string(1, '\0')).empty());     // zlib's, of nothing
    CHECK(unpacked(std::string("\1\0\0\xff\xff", 5)).empty());  // a stored block of nothing
    CHECK(unpacked(std::string("\0\0\0\xff\xff\1\1\0\xfe\xff"
                               "a",
                               11)) == "a");  // two stored blocks
    // 'a', then 258 bytes at distance 1, again and again: each byte is 1032.
    Bits bits = simple_block(286, 1);
    zeros(bits, 97).word(2, 2);   // 'a' is 10
    zeros(bits, 158).word(2, 2);  // the end is 11
    zeros(bits, 28).word(1, 2);   // the length of 258 is 0
    bits.word(1, 2);              // the one distance is 0, and 1 is no word
    Bits good = bits;
    good.word(2, 2).word(0, 1).word(0, 1).word(0, 1).word(0, 1).word(3, 2);
    CHECK(unpacked(good.bytes()) == std::string(1 + 2 * 258, 'a'));
    Bits bad = bits;
    bad.word(2, 2).word(0, 1).word(1, 1).number(0, 32);
    CHECK(contains(error_in(bad.bytes()), "a word that its code does not have"));
    Bits early = bits;
    early.word(0, 1).word(0, 1).word(3, 2).number(0, 32);
    CHECK(contains(error_in(early.bytes()), "repeats what lies before the start of the data"));
}

TEST_CASE("what the format forbids is refused, as zlib refuses it") {
    CHECK(error_in("\x07") == "f: byte 1 of the compressed data: a block of a type that does not exist");
    CHECK(contains(error_in(std::string("\1\1\0\xff\xff"
                                        "a",
                                        6)),
                   "its complement disagree"));
    const auto refused = [](const Bits& bits, std::string_view why) {
        Bits more = bits;
        CHECK(contains(error_in(more.number(0, 32).number(0, 32).number(0, 32).bytes()), why));
    };
    refused(block(287, 1, {2, 2, 2, 2}), "a code of more words than there are");
    refused(block(257, 31, {2, 2, 2, 2}), "a code of more words than there are");
    refused(block(257, 1, {1, 1, 1, 0}), "the code of its codes has too many words or too few");
    refused(block(257, 1, {2, 2, 2, 0}), "the code of its codes has too many words or too few");
    refused(block(257, 1, {0, 0, 0, 1}), "the code of its codes has too many words or too few");
    refused(block(257, 1, {0, 0, 0, 0}), "the code of its codes has too many words or too few");
    refused(block(257, 1, {2, 2, 2, 2}).word(1, 2), "the length of a word repeats that of none");
    refused(block(257, 1, {2, 2, 2, 2}).word(3, 2).number(127, 7).word(3, 2).number(127, 7),
            "the lengths of more words than there are");
    Bits without_end = simple_block(257, 1);
    zeros(without_end.word(1, 2).word(1, 2), 255).word(1, 2);
    refused(without_end, "a block without a word for its end");
    Bits over = simple_block(257, 1);
    zeros(over.word(1, 2).word(1, 2), 254).word(1, 2).word(1, 2);
    refused(over, "the code of its literals and lengths has too many words or too few");
    Bits under = simple_block(257, 1);
    zeros(under.word(2, 2), 255).word(1, 2).word(1, 2);
    refused(under, "the code of its literals and lengths has too many words or too few");
    Bits distances = simple_block(257, 3);
    zeros(distances.word(1, 2), 255).word(1, 2).word(1, 2).word(1, 2).word(1, 2);
    refused(distances, "the code of its distances has too many words or too few");
    Bits distance = simple_block(257, 2);
    zeros(distance.word(1, 2), 255).word(1, 2).word(2, 2).word(0, 2);
    refused(distance, "the code of its distances has too many words or too few");
    // Words of the fixed codes that mean nothing: the lengths 286 and 287, the distances 30 and 31.
    refused(Bits{}.number(1, 1).number(1, 2).word(0xc6, 8), "a length that does not exist");
    refused(Bits{}.number(1, 1).number(1, 2).word(0xc7, 8), "a length that does not exist");
    refused(Bits{}.number(1, 1).number(1, 2).word(1, 7).word(30, 5), "a distance that does not exist");
    refused(Bits{}.number(1, 1).number(1, 2).word(0x30, 8).word(1, 7).word(1, 5),
            "repeats what lies before the start of the data");
}

TEST_CASE("a code of one word for the end, and no distances, is one as zlib has it") {
    Bits bits = simple_block(257, 1);
    zeros(bits, 256).word(1, 2).word(0, 2).word(0, 1);
    CHECK(unpacked(bits.bytes()).empty());
}

TEST_CASE("a stream that is cut anywhere is refused, and no changed byte leads astray") {
    for (const std::string& packed : {from_hex(level0), from_hex(fixed), from_hex(level9), from_hex(huffman_only)}) {
        for (std::size_t size = 0; size < packed.size(); ++size)
            CHECK(contains(error_in(std::string_view(packed).substr(0, size)), "ends in the middle"));
        for (std::size_t i = 0; i < packed.size(); ++i)
            for (const int change : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
                std::string changed = packed;
                changed[i] = static_cast<char>(changed[i] ^ change);
                static_cast<void>(error_of([&] {
                    PackedText input{changed, 100};
                    nib::Inflate inflate{"f"};
                    std::vector<std::byte> buffer(1000);
                    return inflate.read(input, {buffer.data(), buffer.size()});
                }));
            }
    }
}

TEST_CASE("what follows a stream is left for others") {
    const std::string packed = from_hex(fixed) + "rest" + from_hex(level9);
    PackedText input{packed, 1000};
    nib::Inflate inflate{"f"};
    std::vector<std::byte> buffer(1000);
    CHECK(inflate.read(input, {buffer.data(), buffer.size()}) == lines().size());
    CHECK(inflate.position() == from_hex(fixed).size());
    CHECK(inflate.read(input, {buffer.data(), buffer.size()}) == 0);
    std::string rest(4, '\0');
    CHECK(inflate.read_plain(input, {reinterpret_cast<std::byte*>(rest.data()), 4}) == 4);
    CHECK(rest == "rest");
    inflate.restart();
    CHECK(inflate.read(input, {buffer.data(), buffer.size()}) == letters().size());
    CHECK(inflate.read_plain(input, {buffer.data(), 1}) == 0);
    CHECK(inflate.position() == packed.size());
}

TEST_CASE("so much may be unpacked") {
    CHECK(nib::may_unpack(0, 0));
    CHECK(nib::may_unpack(std::size_t{1} << 27, 0));
    CHECK_FALSE(nib::may_unpack((std::size_t{1} << 27) + 32, std::size_t{1} << 22));
    CHECK(nib::may_unpack(std::size_t{1} << 28, std::size_t{1} << 23));
}
