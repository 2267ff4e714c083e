// All readers of files, on bytes that libFuzzer makes: an Error or a result, and never more memory than these bytes
// account for.
//
//   clang++ -std=c++20 -O1 -g1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Iinclude
//       tools/fuzz/readers.cpp -o build/fuzz-readers
//   tools/fuzz/corpus.sh tests/data build/corpus; tools/fuzz/corpus.sh tests/cases/files build/corpus
//   build/fuzz-readers build/corpus -max_total_time=600 -rss_limit_mb=1024
//
// The first byte of an input says which reader gets the others; for what unpacks, the second says in which pieces.
#include <nib/all.hpp>
#include <nib/core/detail/algorithm.hpp>
#include <nib/io/detail/byte_source.hpp>
#include <nib/io/detail/gzip.hpp>
#include <nib/io/detail/inflate.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace {

// What a program does with the tensors of a file: it reads them all.
void read_all(nib::TensorFile file) {
    for (const nib::TensorInfo& tensor : file.tensors()) {
        if (nib::is_floating(tensor.dtype)) static_cast<void>(nib::values<float>(file, tensor));
        static_cast<void>(file.bytes(tensor));
    }
    file.check_counts();
}

// Packed bytes in memory.
class Packed final : public nib::PackedInput {
public:
    explicit Packed(std::span<const std::byte> bytes) : rest_{bytes} {}

    std::size_t read(std::span<std::byte> to) override {
        const std::size_t count = nib::smaller(to.size(), rest_.size());
        nib::copy_values(rest_.data(), count, to.data());
        rest_ = rest_.subspan(count);
        return count;
    }

private:
    std::span<const std::byte> rest_;
};

// In pieces of a size that the input chooses; nothing is kept.
template <class Unpacker>
void unpack_all(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    std::vector<std::byte> piece(1 + std::to_integer<std::size_t>(bytes[0]) * 97);
    Packed input{bytes.subspan(1)};
    Unpacker unpacker{"f"};
    for (std::size_t all = 0; all < std::size_t{1} << 26;) {
        const std::size_t count = unpacker.read(input, {piece.data(), piece.size()});
        if (count < piece.size()) return;
        all += count;
    }
}

// With a class in the last column, targets in the first, both or neither, as the text's length has it.
void read_csv(std::string_view text) {
    nib::CsvOptions options;
    if (text.size() % 2 == 1) options.class_column = -1;
    if (text.size() % 4 >= 2) options.target_columns = {0};
    static_cast<void>(nib::parse_csv(text, "f", options));
}

void read(int reader, std::span<const std::byte> bytes) {
    const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    switch (reader) {
        case 0:
            return read_all(nib::parse_safetensors(bytes, "f"));
        case 1:
            return read_all(nib::parse_torch(nib::ByteSource{bytes, "f"}));
        case 2:
            return read_all(nib::parse_npy(bytes, "f"));
        case 3:
            return read_all(nib::parse_npz(bytes, "f"));
        case 4:
            return static_cast<void>(nib::parse_idx(bytes, "f"));
        case 5:
            return static_cast<void>(nib::parse_pgm(text, "f"));
        case 6:
            return static_cast<void>(nib::parse_drawings(text, "f"));
        case 7:
            return unpack_all<nib::Inflate>(bytes);
        case 8:
            return unpack_all<nib::Gunzip>(bytes);
        default:
            return read_csv(text);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    try {
        read(data[0] % 10, {reinterpret_cast<const std::byte*>(data) + 1, size - 1});
    } catch (const nib::Error&) {
        // What a reader should do with most of this.
    }
    return 0;
}
