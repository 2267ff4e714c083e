// Inflate: unpacks DEFLATE (RFC 1951), the compression of zip, gzip and PNG, as a stream: what comes out goes where the
// caller wants it, piece by piece, and is kept no longer than the 32 KiB that later bytes may repeat.
//
//     Inflate unpacked{"x.npz: entry 'a.npy'"};
//     const std::size_t count = unpacked.read(input, {buffer, size});  // less than size at the end alone
//
// Refused by Error, as zlib does: a block of unknown type; a stored block whose length and its complement disagree; a
// code that has too many words, or too few (but for a single word of one bit); no word for a block's end; a length or
// distance that does not exist, or reaches back beyond the start; an input that ends before the last block does.
// Memory does not depend on the input.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/io/file.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// No more bytes than this come out of one byte: 258 of two bits.
inline constexpr std::size_t most_inflated = 1032;

// Whether nib unpacks so many bytes from `stored` ones: 128 MiB, or 32 times as many where that is more. What is packed
// more tightly than that was made to fill a memory.
inline bool may_unpack(std::size_t size, std::size_t stored) {
    constexpr std::size_t always = std::size_t{1} << 27, times = 32;
    return size <= always || size / times <= stored;
}

// Where packed bytes come from.
class PackedInput {
public:
    // Fills the start of `to` and returns how many bytes that were: 0 at the end alone.
    virtual std::size_t read(std::span<std::byte> to) = 0;

protected:
    PackedInput() = default;
    PackedInput(const PackedInput&) = default;
    PackedInput& operator=(const PackedInput&) = default;
    ~PackedInput() = default;
};

namespace detail {

// Words of 1 to 15 bits, one for each symbol that has a length (RFC 1951, 3.2.2).
class HuffmanCode {
public:
    static constexpr unsigned longest = 15;
    static constexpr std::size_t most_symbols = 288;

    enum class Fit { whole, single, empty, bad };

    // lengths[symbol] is 0 for a symbol without a word. `bad`: more or fewer words than these lengths need; `single`: a
    // word of one bit alone.
    Fit build(std::span<const std::uint8_t> lengths) {
        counts_ = {};
        for (const std::uint8_t length : lengths) ++counts_[length];
        counts_[0] = 0;
        int left = 1;
        std::size_t words = 0;
        for (unsigned length = 1; length <= longest; ++length) {
            left = left * 2 - counts_[length];
            words += counts_[length];
            if (left < 0) return Fit::bad;
        }
        sort_symbols(lengths);
        fill_table(lengths);
        if (left == 0) return Fit::whole;
        return words == 0 ? Fit::empty : words == 1 && counts_[1] == 1 ? Fit::single : Fit::bad;
    }

    struct Word {
        unsigned symbol;
        unsigned length;  // 0 for no word
    };

    // The word that `bits` start with, the first bit lowest.
    Word symbol(std::uint64_t bits) const {
        const unsigned entry = table_[bits & (table_.size() - 1)];
        if (entry != 0) return {entry >> 4, entry & 15u};
        return long_symbol(bits);
    }

private:
    static constexpr unsigned table_bits = 9;

    void sort_symbols(std::span<const std::uint8_t> lengths) {
        std::array<std::uint16_t, longest + 2> places{};
        for (unsigned length = 1; length <= longest; ++length)
            places[length + 1] = static_cast<std::uint16_t>(places[length] + counts_[length]);
        for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol)
            if (lengths[symbol] != 0) symbols_[places[lengths[symbol]]++] = static_cast<std::uint16_t>(symbol);
    }

    // All that start with a short word, by which symbol that is and how long: symbol * 16 + length.
    void fill_table(std::span<const std::uint8_t> lengths) {
        table_ = {};
        std::array<unsigned, longest + 2> next{};
        for (unsigned length = 1; length <= longest; ++length) next[length + 1] = (next[length] + counts_[length]) << 1;
        for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
            const unsigned length = lengths[symbol];
            if (length == 0 || length > table_bits) continue;
            const unsigned word = next[length]++;
            unsigned reversed = 0;
            for (unsigned bit = 0; bit < length; ++bit) reversed |= (word >> bit & 1u) << (length - 1 - bit);
            for (std::size_t i = reversed; i < table_.size(); i += std::size_t{1} << length)
                table_[i] = static_cast<std::uint16_t>(symbol << 4 | length);
        }
    }

    // Words of one length are numbers that follow one another, and come after those of shorter ones.
    Word long_symbol(std::uint64_t bits) const {
        int word = 0, first = 0, place = 0;
        for (unsigned length = 1; length <= longest; ++length, bits >>= 1) {
            word = word << 1 | static_cast<int>(bits & 1u);
            const int count = counts_[length];
            if (word - first < count) return {symbols_[static_cast<std::size_t>(place + word - first)], length};
            place += count;
            first = (first + count) << 1;
        }
        return {0, 0};
    }

    std::array<std::uint16_t, longest + 1> counts_{};  // of words of each length
    std::array<std::uint16_t, most_symbols> symbols_{};
    std::array<std::uint16_t, std::size_t{1} << table_bits> table_{};
};

// RFC 1951, 3.2.5: what a symbol stands for, and how many bits follow that are added.
struct InflateRange {
    std::uint16_t base;
    std::uint8_t extra;
};

inline constexpr std::array<InflateRange, 29> inflate_lengths{
    {{3, 0},  {4, 0},  {5, 0},  {6, 0},   {7, 0},   {8, 0},   {9, 0},   {10, 0},  {11, 1}, {13, 1},
     {15, 1}, {17, 1}, {19, 2}, {23, 2},  {27, 2},  {31, 2},  {35, 3},  {43, 3},  {51, 3}, {59, 3},
     {67, 4}, {83, 4}, {99, 4}, {115, 4}, {131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0}}};
inline constexpr std::array<InflateRange, 30> inflate_distances{
    {{1, 0},     {2, 0},     {3, 0},     {4, 0},      {5, 1},      {7, 1},     {9, 2},     {13, 2},
     {17, 3},    {25, 3},    {33, 4},    {49, 4},     {65, 5},     {97, 5},    {129, 6},   {193, 6},
     {257, 7},   {385, 7},   {513, 8},   {769, 8},    {1025, 9},   {1537, 9},  {2049, 10}, {3073, 10},
     {4097, 11}, {6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13}}};

}  // namespace detail

// Moved, never copied.
class Inflate {
public:
    // `name` starts every message.
    [[gnu::cold]] explicit Inflate(std::string name)
        : name_{std::move(name)}, window_(window_size), buffer_(buffer_size) {}
    Inflate(Inflate&&) = default;
    Inflate& operator=(Inflate&&) = default;

    // How many bytes went to the start of `to`: fewer than its size at the end of the stream alone. `input` is always
    // the same.
    std::size_t read(PackedInput& input, std::span<std::byte> to) {
        std::size_t done = 0;
        while (done < to.size() && state_ != State::end) {
            if (state_ == State::header)
                read_block_header(input);
            else if (state_ == State::stored)
                done += read_stored(input, to.subspan(done));
            else
                done += read_coded(input, to.subspan(done));
        }
        return done;
    }

    // The bytes of the input that follow the stream, or that come before the first: fewer at the input's end alone.
    std::size_t read_plain(PackedInput& input, std::span<std::byte> to) {
        drop_bits(bit_count_ % 8);
        std::size_t done = 0;
        for (; done < to.size() && has_bits(input, 8); ++done) to[done] = static_cast<std::byte>(take_bits(8));
        return done;
    }

    // Another stream begins here.
    void restart() {
        state_ = State::header;
        produced_ = 0;
        last_ = false;
    }

    // Of the input, in bytes.
    std::size_t position() const { return taken_ - (buffer_end_ - buffer_begin_) - bit_count_ / 8; }

private:
    enum class State : std::uint8_t { header, stored, coded, end };

    static constexpr std::size_t window_size = 32768;
    static constexpr std::size_t buffer_size = 16384;
    static constexpr unsigned most_bits = 56;
    static constexpr unsigned end_of_block = 256;

    [[noreturn, gnu::cold]] void refuse(const char* why) const {
        fail({name_, ": byte ", position(), " of the compressed data: ", why});
    }

    [[noreturn, gnu::cold]] void refuse_end() const { refuse("ends in the middle: the file is cut short or damaged"); }

    // True where there are `count` bits, at most 56.
    bool has_bits(PackedInput& input, unsigned count) { return bit_count_ >= count || read_bits(input, count); }

    [[gnu::noinline]] bool read_bits(PackedInput& input, unsigned count) {
        while (bit_count_ < count) {
            if (buffer_end_ - buffer_begin_ >= 8) {
                bits_ |= load_number<std::uint64_t>(buffer_.data() + buffer_begin_, std::endian::little) << bit_count_;
                const unsigned bytes = (63 - bit_count_) / 8;
                buffer_begin_ += bytes;
                bit_count_ += bytes * 8;
                bits_ &= ~std::uint64_t{0} >> (64 - bit_count_);
                continue;
            }
            if (buffer_begin_ == buffer_end_) {
                buffer_begin_ = 0;
                buffer_end_ = input.read({buffer_.data(), buffer_.size()});
                taken_ += buffer_end_;
                if (buffer_end_ == 0) return false;
            }
            bits_ |= std::to_integer<std::uint64_t>(buffer_[buffer_begin_++]) << bit_count_;
            bit_count_ += 8;
        }
        return true;
    }

    void need_bits(PackedInput& input, unsigned count) {
        if (!has_bits(input, count)) refuse_end();
    }

    void drop_bits(unsigned count) {
        bits_ >>= count;
        bit_count_ -= count;
    }

    unsigned take_bits(unsigned count) {
        const auto value = static_cast<unsigned>(bits_ & ((std::uint64_t{1} << count) - 1));
        drop_bits(count);
        return value;
    }

    [[gnu::noinline]] unsigned need_and_take(PackedInput& input, unsigned count) {
        need_bits(input, count);
        return take_bits(count);
    }

    // After has_bits() of the longest word, which fails at the end of the input alone.
    unsigned take_symbol(const detail::HuffmanCode& code) {
        const auto [symbol, length] = code.symbol(bits_);
        if (length > bit_count_ || (length == 0 && bit_count_ < detail::HuffmanCode::longest)) refuse_end();
        if (length == 0) refuse("a word that its code does not have");
        drop_bits(length);
        return symbol;
    }

    [[gnu::cold]] void read_block_header(PackedInput& input) {
        if (last_) {
            state_ = State::end;
            return;
        }
        last_ = need_and_take(input, 1) == 1;
        const unsigned type = need_and_take(input, 2);
        if (type == 3) refuse("a block of a type that does not exist");
        if (type == 0) {
            drop_bits(bit_count_ % 8);
            const unsigned length = need_and_take(input, 16);
            if ((length ^ need_and_take(input, 16)) != 0xffffu)
                refuse("the length of a stored block and its complement disagree");
            stored_ = length;
            state_ = State::stored;
            return;
        }
        state_ = State::coded;
        fixed_ = type == 1;
        if (!fixed_) return read_codes(input);
        if (fixed_codes_.empty()) make_fixed_codes();
    }

    // RFC 1951, 3.2.6.
    [[gnu::cold]] void make_fixed_codes() {
        std::array<std::uint8_t, 288> lengths{};
        for (std::size_t i = 0; i < lengths.size(); ++i)
            lengths[i] = static_cast<std::uint8_t>(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
        std::array<std::uint8_t, 32> distances{};
        fill_values(distances.data(), distances.size(), std::uint8_t{5});
        fixed_codes_ = detail::List<detail::HuffmanCode>(2);
        fixed_codes_[0].build(lengths);
        fixed_codes_[1].build(distances);
    }

    // RFC 1951, 3.2.7.
    [[gnu::cold]] void read_codes(PackedInput& input) {
        using Fit = detail::HuffmanCode::Fit;
        constexpr std::array<std::uint8_t, 19> order{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
        const std::size_t literals = need_and_take(input, 5) + 257;
        const std::size_t distances = need_and_take(input, 5) + 1;
        const std::size_t words = need_and_take(input, 4) + 4;
        if (literals > 286 || distances > 30) refuse("a code of more words than there are lengths or distances");
        std::array<std::uint8_t, 19> word_lengths{};
        for (std::size_t i = 0; i < words; ++i)
            word_lengths[order[i]] = static_cast<std::uint8_t>(need_and_take(input, 3));
        if (codes_[0].build(word_lengths) != Fit::whole) refuse("the code of its codes has too many words or too few");
        std::array<std::uint8_t, 286 + 30> lengths{};
        read_lengths(input, {lengths.data(), literals + distances});
        if (lengths[end_of_block] == 0) refuse("a block without a word for its end");
        const Fit literal_fit = codes_[0].build({lengths.data(), literals});
        if (literal_fit != Fit::whole && literal_fit != Fit::single)
            refuse("the code of its literals and lengths has too many words or too few");
        if (codes_[1].build({lengths.data() + literals, distances}) == Fit::bad)
            refuse("the code of its distances has too many words or too few");
    }

    // Of all words, in the code codes_[0].
    void read_lengths(PackedInput& input, std::span<std::uint8_t> lengths) {
        for (std::size_t i = 0; i < lengths.size();) {
            static_cast<void>(has_bits(input, detail::HuffmanCode::longest));
            const unsigned symbol = take_symbol(codes_[0]);
            if (symbol < 16) {
                lengths[i++] = static_cast<std::uint8_t>(symbol);
                continue;
            }
            if (symbol == 16 && i == 0) refuse("the length of a word repeats that of none");
            const std::uint8_t repeated = symbol == 16 ? lengths[i - 1] : std::uint8_t{0};
            const std::size_t count = symbol == 16   ? 3 + need_and_take(input, 2)
                                      : symbol == 17 ? 3 + need_and_take(input, 3)
                                                     : 11 + need_and_take(input, 7);
            if (count > lengths.size() - i) refuse("the lengths of more words than there are");
            fill_values(lengths.data() + i, count, repeated);
            i += count;
        }
    }

    void put(std::byte value, std::byte* to) {
        window_[produced_++ % window_size] = value;
        *to = value;
    }

    std::size_t read_stored(PackedInput& input, std::span<std::byte> to) {
        const std::size_t count = smaller(to.size(), stored_);
        for (std::size_t i = 0; i < count; ++i) put(static_cast<std::byte>(need_and_take(input, 8)), to.data() + i);
        stored_ -= count;
        if (stored_ == 0) state_ = State::header;
        return count;
    }

    // The bytes that are still to be repeated.
    std::size_t repeat(std::span<std::byte> to) {
        const std::size_t count = smaller(to.size(), repeated_);
        for (std::size_t i = 0; i < count; ++i) put(window_[(produced_ - distance_) % window_size], to.data() + i);
        repeated_ -= count;
        return count;
    }

    std::size_t read_coded(PackedInput& input, std::span<std::byte> to) {
        const detail::HuffmanCode* const codes = fixed_ ? fixed_codes_.data() : codes_.data();
        std::size_t done = repeat(to);
        while (done < to.size()) {
            // At the end of the input there may be fewer bits than the longest words have.
            static_cast<void>(has_bits(input, detail::HuffmanCode::longest));
            const unsigned symbol = take_symbol(codes[0]);
            if (symbol < end_of_block) {
                put(static_cast<std::byte>(symbol), to.data() + done++);
                continue;
            }
            if (symbol == end_of_block) {
                state_ = State::header;
                break;
            }
            repeated_ = read_length(input, symbol - end_of_block - 1);
            distance_ = read_distance(input, codes[1]);
            done += repeat(to.subspan(done));
        }
        return done;
    }

    std::size_t read_length(PackedInput& input, std::size_t number) {
        if (number >= detail::inflate_lengths.size()) refuse("a length that does not exist");
        const detail::InflateRange range = detail::inflate_lengths[number];
        return range.base + need_and_take(input, range.extra);
    }

    std::size_t read_distance(PackedInput& input, const detail::HuffmanCode& code) {
        static_cast<void>(has_bits(input, detail::HuffmanCode::longest));
        const unsigned number = take_symbol(code);
        if (number >= detail::inflate_distances.size()) refuse("a distance that does not exist");
        const detail::InflateRange range = detail::inflate_distances[number];
        const std::size_t distance = range.base + need_and_take(input, range.extra);
        if (distance > produced_) refuse("repeats what lies before the start of the data");
        return distance;
    }

    std::string name_;
    std::vector<std::byte> window_;  // byte n of what came out is at n % window_size
    std::vector<std::byte> buffer_;  // of the input
    std::size_t buffer_begin_ = 0;
    std::size_t buffer_end_ = 0;
    std::size_t taken_ = 0;   // from the input
    std::uint64_t bits_ = 0;  // the next is the lowest
    unsigned bit_count_ = 0;
    State state_ = State::header;
    bool last_ = false;
    bool fixed_ = false;
    std::size_t produced_ = 0;
    std::size_t stored_ = 0;    // bytes of the stored block that are still to come
    std::size_t repeated_ = 0;  // bytes that are still to be repeated
    std::size_t distance_ = 0;
    std::array<detail::HuffmanCode, 2> codes_;       // of literals and lengths, and of distances
    detail::List<detail::HuffmanCode> fixed_codes_;  // the same of blocks without codes of their own
};

}  // namespace nib::inline NIB_ABI
