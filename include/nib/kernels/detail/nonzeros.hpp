// Finds the non-zeros of a dense matrix, or of bytes, and makes a sparse matrix of them where that pays.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/kernels/sparse_matrix.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace nib::inline NIB_ABI::kernels {

// The caller's memory for a sparse matrix of at most `rows` rows: `lists` has `rows` elements, `entries`
// sparse_capacity(rows, cols).
template <class T>
struct SparseStorage {
    SparseRow<T>* lists = nullptr;
    Nonzero<T>* entries = nullptr;
};

// Enough for the non-zeros of a matrix that is at most half full and one further row: list_rows gives up only after the
// row that exceeds the half.
constexpr std::size_t sparse_capacity(std::size_t rows, std::size_t cols) { return rows * cols / 2 + cols; }

// Writes the non-zeros of one row to `entries`, which has at least x.size() elements, and returns how many there are.
// Stored is T, or a byte that means byte / 255.
template <class T, class Stored>
std::size_t append_nonzeros(std::span<const Stored> x, Nonzero<T>* entries);

// Whether over half of a sample of a row is non-zero. The sample is every eighth cache line from the first on, on every
// instruction set.
template <class T>
bool looks_dense(std::span<const T> x);

// Fills `storage` row by row: list(i, entries) writes row i's non-zeros and returns how many there are. Gives up, and
// returns false, once over half of the numbers so far are non-zero.
template <class T, class List>
bool list_rows(std::size_t rows, std::size_t cols, const SparseStorage<T>& storage, const List& list) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < rows; ++i) {
        Nonzero<T>* const entries = storage.entries + count;
        storage.lists[i] = {entries, list(i, entries)};
        count += storage.lists[i].size();
        if (count > (i + 1) * cols / 2) return false;
    }
    return true;
}

// x as a sparse matrix in `storage`; x itself where list_rows gives up, or where a single row looks_dense.
template <class T>
InputView<T> find_nonzeros(MatrixView<const T> x, const SparseStorage<T>& storage);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/kernels/detail/scale_bytes.hpp>
#include <nib/kernels/vector.hpp>

#include <array>
#include <bit>
#include <type_traits>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// The value of a stored number: itself, or byte / 255.
template <class T>
NIB_ALWAYS_INLINE T value_of(const T& stored) {
    return stored;
}
template <class T>
requires(!std::is_same_v<T, std::uint8_t>) NIB_ALWAYS_INLINE T value_of(const std::uint8_t& stored) {
    return scaled_bytes<T>[stored];
}

// Whether a stored number is neither 0 nor -0.
template <class Stored>
NIB_ALWAYS_INLINE bool is_nonzero(const Stored& stored) {
    if constexpr (std::is_same_v<Stored, float>)
        return std::bit_cast<std::uint32_t>(stored) << 1 != 0;
    else if constexpr (std::is_same_v<Stored, double>)
        return std::bit_cast<std::uint64_t>(stored) << 1 != 0;
    else
        return stored != Stored{0};
}

// Branch-free, because branches on the data are often mispredicted. First lists the chunks of x that are not all zero
// bits, then writes each number of these as an entry; a zero is overwritten by the next number.
template <class T, class Stored>
std::size_t append_nonzeros_from(std::span<const Stored> x, std::size_t j, Nonzero<T>* entries) {
    constexpr std::size_t chunk = (sizeof(Stored) == 1 ? 8 : 16) / sizeof(Stored);
    constexpr std::size_t most_chunks = 128;
    std::uint32_t used[most_chunks];
    std::size_t count = 0;
    const auto visit = [&](std::size_t i) {
        entries[count] = {static_cast<std::uint32_t>(i), value_of<T>(x[i])};
        count += is_nonzero(x[i]) ? std::size_t{1} : std::size_t{0};
    };
    while (j + chunk <= x.size()) {
        std::size_t used_count = 0;
        for (std::size_t end = j + most_chunks * chunk; j + chunk <= x.size() && j < end; j += chunk) {
            std::uint64_t words[chunk * sizeof(Stored) / 8];
            std::memcpy(words, x.data() + j, sizeof words);
            used[used_count] = static_cast<std::uint32_t>(j);
            std::uint64_t bits = 0;
            for (const std::uint64_t word : words) bits |= word;
            used_count += bits != 0 ? 1 : 0;
        }
        for (std::size_t n = 0; n < used_count; ++n) {
            NIB_UNROLL
            for (std::size_t i = 0; i < chunk; ++i) visit(used[n] + i);
        }
    }
    for (; j < x.size(); ++j) visit(j);
    return count;
}

// Prefetches what lies as far from x[j] as x is long. Examples are often rows of one matrix, predicted one after the
// other, and each comes from memory; to fetch all of the next one at once would hold up what else is to be loaded.
template <class T>
NIB_ALWAYS_INLINE void prefetch_next_row(std::span<const T> x, std::size_t j) {
    prefetch(reinterpret_cast<std::uintptr_t>(x.data()) + (x.size() + j) * sizeof(T));
}

NIB_ALWAYS_INLINE void prefetch_lines(std::uintptr_t first, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; i += cache_line) prefetch(first + i);
}

#if NIB_X86_DISPATCH
// Bytes are listed in two steps, because most pixels of a drawing are zeros: each non-zero byte is packed into a word
// with its column, relative to the piece's first one, and only these words are divided by 255 and made entries.
inline constexpr std::size_t bytes_of_piece = 1024;

// Calls append_piece(bytes, first, entries), which returns how many entries it has made, for pieces of whole vectors,
// whose first column is `first`.
template <class Append>
std::size_t append_by_pieces(std::span<const std::uint8_t> x, Nonzero<float>* entries, const Append& append_piece) {
    constexpr std::size_t vector = 16;
    const std::size_t whole = x.size() / vector * vector;
    std::size_t count = 0;
    for (std::size_t j = 0; j < whole; j += bytes_of_piece)
        count += append_piece(x.subspan(j, smaller(bytes_of_piece, whole - j)), j, entries + count);
    return count + append_nonzeros_from<float>(x, whole, entries + count);
}

// Makes an entry of each of `count` words, and of what follows them up to a whole vector, whatever that is: the next
// entries overwrite it, and there is room, since each vector of words was as many bytes.
template <class Integers>
NIB_ALWAYS_INLINE void list_words(const int* words, std::size_t count, std::size_t first, Nonzero<float>* entries) {
    constexpr std::size_t width = sizeof(Integers) / sizeof(int);
    for (std::size_t n = 0; n < count; n += width) {
        Integers columns, values, entry[2];
        load(columns, words + n);
        // 1 / 255 in two parts. The product with the first is exact, and the error of the other's far below the
        // distance of any byte / 255 from the middle of two numbers: so the sum is correctly rounded.
        const auto bytes = __builtin_convertvector(columns & 255, typename VectorOf<float, sizeof columns>::type);
        const auto quotients = bytes * 0x1.01p-8f + bytes * 0x1.01010101p-24f;
        std::memcpy(&values, &quotients, sizeof values);
        columns = (columns >> 8) + static_cast<int>(first);
        zip(columns, values, entry[0], entry[1]);
        std::memcpy(entries + n, entry, sizeof entry);
    }
}

// The lanes that are not 0, of 16 integers.
[[gnu::target("avx2,fma,avx512f")]] NIB_ALWAYS_INLINE std::uint16_t nonzero_lanes(const Vector<Avx512, int>& bits) {
    constexpr int not_equal = 4;
    constexpr auto all = static_cast<std::uint16_t>(-1);
    return __builtin_ia32_cmpd512_mask(bits, Vector<Avx512, int>{}, not_equal, all);
}

// With AVX-512 its compress instruction packs these lanes of numbers, and of their columns.
[[gnu::target("avx2,fma,avx512f")]] inline std::size_t append_piece_avx512(std::span<const std::uint8_t> bytes,
                                                                           std::size_t first, Nonzero<float>* entries) {
    using Integers = Vector<Avx512, int>;
    constexpr std::size_t width = 16;
    Integers columns = Integers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} << 8;
    int words[bytes_of_piece + width];
    std::size_t count = 0;
    for (std::size_t j = 0; j < bytes.size(); j += width) {
        Integers some;
        load_bytes(some, bytes.data() + j);
        const std::uint16_t mask = nonzero_lanes(some);
        store(words + count, __builtin_ia32_compresssi512_mask(columns | some, Integers{}, mask));
        count += static_cast<std::size_t>(std::popcount(mask));
        columns += static_cast<int>(width << 8);
    }
    list_words<Integers>(words, count, first, entries);
    return count;
}

[[gnu::target("avx2,fma,avx512f")]] inline std::size_t append_nonzeros_avx512(std::span<const float> x,
                                                                              Nonzero<float>* entries) {
    using Integers = Vector<Avx512, int>;
    constexpr std::size_t width = 16;
    Integers columns = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    std::size_t count = 0;
    std::size_t j = 0;
    for (; j + width <= x.size(); j += width) {
        Integers values;
        load(values, reinterpret_cast<const int*>(x.data() + j));
        prefetch_next_row(x, j);
        const std::uint16_t mask = nonzero_lanes(values << 1);
        const Integers packed_columns = __builtin_ia32_compresssi512_mask(columns, Integers{}, mask);
        const Integers packed_values = __builtin_ia32_compresssi512_mask(values, Integers{}, mask);
        Integers packed[2];
        zip(packed_columns, packed_values, packed[0], packed[1]);
        std::memcpy(entries + count, packed, sizeof packed);
        count += static_cast<std::size_t>(std::popcount(mask));
        columns += static_cast<int>(width);
    }
    return count + append_nonzeros_from<float>(x, j, entries + count);
}

// For each mask of eight lanes: the indices of the lanes that are set, one behind the other.
inline constexpr auto packed_lanes = [] {
    std::array<std::array<unsigned char, 8>, 256> all = {};
    for (unsigned mask = 0; mask < 256; ++mask)
        for (unsigned lane = 0, count = 0; lane < 8; ++lane)
            if ((mask >> lane & 1) != 0) all[mask][count++] = static_cast<unsigned char>(lane);
    return all;
}();

// The lanes that are not 0, of eight integers, looked up by their mask. Returns how many there are.
[[gnu::target("avx2,fma")]] NIB_ALWAYS_INLINE std::size_t find_lanes(const Vector<Avx2, int>& bits,
                                                                     Vector<Avx2, int>& lanes) {
    typename VectorOf<float, sizeof bits>::type signs;
    const Vector<Avx2, int> used = bits != Vector<Avx2, int>{};
    std::memcpy(&signs, &used, sizeof signs);
    const auto mask = static_cast<unsigned>(__builtin_ia32_movmskps256(signs));
    load_bytes(lanes, packed_lanes[mask].data());
    return static_cast<std::size_t>(std::popcount(mask));
}

[[gnu::target("avx2,fma")]] inline std::size_t append_piece_avx2(std::span<const std::uint8_t> bytes, std::size_t first,
                                                                 Nonzero<float>* entries) {
    using Integers = Vector<Avx2, int>;
    constexpr std::size_t width = 8;
    Integers columns = Integers{0, 1, 2, 3, 4, 5, 6, 7} << 8;
    int words[bytes_of_piece + width];
    std::size_t count = 0;
    for (std::size_t j = 0; j < bytes.size(); j += width) {
        Integers some, lanes;
        load_bytes(some, bytes.data() + j);
        const std::size_t found = find_lanes(some, lanes);
        store(words + count, __builtin_ia32_permvarsi256(columns | some, lanes));
        count += found;
        columns += static_cast<int>(width << 8);
    }
    list_words<Integers>(words, count, first, entries);
    return count;
}

[[gnu::target("avx2,fma")]] inline std::size_t append_nonzeros_avx2(std::span<const float> x, Nonzero<float>* entries) {
    using Integers = Vector<Avx2, int>;
    constexpr std::size_t width = 8;
    std::size_t count = 0;
    std::size_t j = 0;
    for (; j + width <= x.size(); j += width) {
        Integers values, lanes;
        load(values, reinterpret_cast<const int*>(x.data() + j));
        prefetch_next_row(x, j);
        const std::size_t found = find_lanes(values << 1, lanes);
        const Integers packed_columns = lanes + static_cast<int>(j);
        const Integers packed_values = __builtin_ia32_permvarsi256(values, lanes);
        Integers packed[2];
        zip(packed_columns, packed_values, packed[0], packed[1]);
        std::memcpy(entries + count, packed, sizeof packed);
        count += found;
    }
    return count + append_nonzeros_from<float>(x, j, entries + count);
}

inline std::size_t append_nonzeros_avx512(std::span<const std::uint8_t> x, Nonzero<float>* entries) {
    return append_by_pieces(x, entries, append_piece_avx512);
}
inline std::size_t append_nonzeros_avx2(std::span<const std::uint8_t> x, Nonzero<float>* entries) {
    return append_by_pieces(x, entries, append_piece_avx2);
}
#endif

}  // namespace detail

template <class T, class Stored>
std::size_t append_nonzeros(std::span<const Stored> x, Nonzero<T>* entries) {
#if NIB_X86_DISPATCH && !defined(__FAST_MATH__)  // which would multiply by 1 / 255
    if constexpr (std::is_same_v<T, float>) {
        const Isa isa = active_isa();
        if (isa == Isa::avx512) return detail::append_nonzeros_avx512(x, entries);
        if constexpr (detail::build_isa < Isa::avx512) {
            if (isa == Isa::avx2) return detail::append_nonzeros_avx2(x, entries);
        }
    }
#endif
    return detail::append_nonzeros_from(x, 0, entries);
}

template <class T>
bool looks_dense(std::span<const T> x) {
    bool dense = false;
    bool* const result = &dense;
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using V = Vector<decltype(level), T>;
        constexpr std::size_t width = lanes<decltype(level), T>;
        constexpr std::size_t line = cache_line / sizeof(T);
        using Counts = decltype(V{} != V{});  // in each lane 0 or -1
        const V zero = {};
        Counts counts = {};
        std::size_t numbers = 0;
        for (std::size_t i = 0; i < x.size(); i += 8 * line) {
            const std::size_t end = smaller(i + line, x.size());
            numbers += end - i;
            for (std::size_t j = i; j < end; j += width) {
                V values;
                load_at_most(values, x.data() + j, end - j);
                counts -= values != zero;
            }
        }
        std::size_t nonzeros = 0;
        for (std::size_t lane = 0; lane < width; ++lane) nonzeros += static_cast<std::size_t>(counts[lane]);
        *result = 2 * nonzeros > numbers;
    });
    return dense;
}

template <class T>
InputView<T> find_nonzeros(MatrixView<const T> x, const SparseStorage<T>& storage) {
    // Sampling a single row pays: writing a list that is then given up takes as long as using it. All of the row is
    // prefetched, because a caller's next example often comes from memory.
    if (x.rows() == 1) {
        detail::prefetch_lines(reinterpret_cast<std::uintptr_t>(x.data()), x.cols() * sizeof(T));
        if (looks_dense(x.values())) return x;
    }
    const auto list = [&](std::size_t i, Nonzero<T>* entries) { return append_nonzeros(x.row(i), entries); };
    if (!list_rows(x.rows(), x.cols(), storage, list)) return x;
    return SparseMatrixView<T>{x.rows(), x.cols(), storage.lists};
}

}  // namespace nib::inline NIB_ABI::kernels

#endif
