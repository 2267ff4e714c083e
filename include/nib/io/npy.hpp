// Arrays in NumPy's .npy files: format versions 1, 2 and 3; float, double, int32, int64 and uint8, little-endian, in C
// order. T is the type in the file: nothing is converted.
//
// Refused by Error: another type (both are named), Fortran order, a header that is not exactly the dictionary of
// 'descr', 'fortran_order' and 'shape' that NumPy writes, and data of another size than the shape's.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/storage.hpp>
#include <nib/core/text.hpp>
#include <nib/io/file.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

template <class T>
struct NpyArray {
    std::vector<std::size_t> shape;  // [] is one number
    std::vector<T> values;           // row-major
};

namespace detail {

template <class T>
constexpr std::string_view npy_descr() {
    if constexpr (std::same_as<T, float>) return "<f4";
    if constexpr (std::same_as<T, double>) return "<f8";
    if constexpr (std::same_as<T, std::int32_t>) return "<i4";
    if constexpr (std::same_as<T, std::int64_t>) return "<i8";
    if constexpr (std::same_as<T, std::uint8_t>) return "|u1";
    return "";
}

struct NpyHeader {
    std::string descr;
    bool fortran_order = false;
    std::vector<std::size_t> shape;
    std::size_t size = 0;  // bytes before the data
};

// The Python dictionary in the header, and nothing else that Python allows.
class NpyDictReader {
public:
    NpyDictReader(std::string_view text, const std::string& path, std::size_t offset)
        : text_{text}, path_{path}, offset_{offset} {}

    NpyHeader read() {
        std::optional<std::string> descr;
        std::optional<bool> fortran_order;
        std::optional<std::vector<std::size_t>> shape;
        expect('{');
        while (!accept('}')) {
            skip_spaces();
            const std::size_t key_position = position_;
            const std::string key = string();
            expect(':');
            if (key == "descr" && !descr) {
                descr = string();
            } else if (key == "fortran_order" && !fortran_order) {
                fortran_order = boolean();
            } else if (key == "shape" && !shape) {
                shape = tuple();
            } else {
                position_ = key_position;
                fail_expected("'descr', 'fortran_order' and 'shape', each once");
            }
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        skip_spaces();
        if (text_.substr(position_) != "\n") fail_expected("spaces and a newline");
        if (!descr || !fortran_order || !shape) fail_expected("'descr', 'fortran_order' and 'shape' before this");
        return {*descr, *fortran_order, *shape, offset_ + text_.size()};
    }

private:
    void skip_spaces() {
        while (position_ < text_.size() && text_[position_] == ' ') ++position_;
    }

    bool accept(std::string_view word) {
        skip_spaces();
        if (text_.substr(position_, word.size()) != word) return false;
        position_ += word.size();
        return true;
    }
    bool accept(char c) { return accept(std::string_view(&c, 1)); }

    void expect(char c) {
        if (!accept(c)) fail_expected(in_quotes(std::string_view(&c, 1)));
    }

    std::string string() {
        expect('\'');
        const std::size_t end = text_.find('\'', position_);
        const std::string_view content = text_.substr(position_, end - position_);
        if (end == std::string_view::npos || content.find('\\') != std::string_view::npos)
            fail_expected("a string in single quotes");
        position_ = end + 1;
        return std::string(content);
    }

    bool boolean() {
        if (accept("True")) return true;
        if (accept("False")) return false;
        fail_expected("True or False");
    }

    std::size_t size() {
        skip_spaces();
        const std::size_t end = smaller(text_.find_first_not_of("0123456789", position_), text_.size());
        const auto value = parse_number<std::size_t>(text_.substr(position_, end - position_));
        if (!value) fail_expected("a size");
        position_ = end;
        return *value;
    }

    // (), (3,), (2, 3) or (2, 3,).
    std::vector<std::size_t> tuple() {
        std::vector<std::size_t> sizes;
        expect('(');
        while (!accept(')')) {
            sizes.push_back(size());
            if (accept(',')) continue;
            if (sizes.size() == 1) fail_expected("','");  // (3) is no tuple
            expect(')');
            break;
        }
        return sizes;
    }

    [[noreturn]] void fail_expected(const std::string& what) const {
        const std::string_view rest = text_.substr(position_);
        fail(path_ + ": byte " + std::to_string(offset_ + position_) + ": expected " + what + ", found " +
             (rest.empty() ? "the header's end" : in_quotes(rest.substr(0, 20))));
    }

    std::string_view text_;
    const std::string& path_;
    std::size_t offset_;
    std::size_t position_ = 0;
};

inline NpyHeader read_npy_header(std::span<const std::byte> bytes, const std::string& path) {
    const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    if (!text.starts_with("\x93NUMPY")) fail(path + ": byte 0: expected an .npy file, which starts with 93 'NUMPY'");
    if (text.size() < 12) fail(path + ": byte " + std::to_string(text.size()) + ": expected a header, found the end");
    const int major = static_cast<unsigned char>(text[6]);
    const int minor = static_cast<unsigned char>(text[7]);
    if (major < 1 || major > 3 || minor != 0)
        fail(path + ": byte 6: expected version 1.0, 2.0 or 3.0 of the .npy format, found " + std::to_string(major) +
             "." + std::to_string(minor));
    const std::size_t dict_begin = major == 1 ? 10 : 12;
    const std::size_t length = major == 1 ? load_number<std::uint16_t>(bytes.data() + 8, std::endian::little)
                                          : load_number<std::uint32_t>(bytes.data() + 8, std::endian::little);
    if (length > text.size() - dict_begin)
        fail(path + ": byte 8: the header declares " + std::to_string(length) + " bytes, the file holds " +
             std::to_string(text.size() - dict_begin) + " after it");
    return NpyDictReader{text.substr(dict_begin, length), path, dict_begin}.read();
}

// The number of values, after checking that they are what follows the header.
inline std::size_t npy_count(const NpyHeader& header, std::size_t item_size, std::size_t file_size,
                             const std::string& path) {
    std::size_t count = 1;
    std::size_t bytes = 0;
    bool fits = true;
    for (const std::size_t size : header.shape) fits = fits && multiply_sizes(count, size, count);
    fits = fits && multiply_sizes(count, item_size, bytes);
    const std::size_t held = file_size - header.size;
    if (!fits || bytes != held)
        fail(path + ": byte " + std::to_string(header.size) + ": expected " +
             (fits ? std::to_string(bytes) + " bytes of data" : "a shape whose size does not overflow") +
             ", the file holds " + std::to_string(held));
    return count;
}

}  // namespace detail

// `path` is for messages.
template <class T>
NpyArray<T> parse_npy(std::span<const std::byte> bytes, const std::string& path) {
    constexpr std::string_view descr = detail::npy_descr<T>();
    static_assert(!descr.empty(), "parse_npy: T is float, double, int32_t, int64_t or uint8_t");
    detail::NpyHeader header = detail::read_npy_header(bytes, path);
    if (header.descr != descr)
        fail(path + ": byte 8: expected a header that says " + in_quotes(descr) + ", found " + in_quotes(header.descr));
    if (header.fortran_order)
        fail(path + ": byte 8: expected C order, found fortran_order: save numpy.ascontiguousarray of the array");
    NpyArray<T> array;
    array.values.resize(detail::npy_count(header, sizeof(T), bytes.size(), path));
    array.shape = std::move(header.shape);
    const std::byte* data = bytes.data() + header.size;
    for (std::size_t i = 0; i < array.values.size(); ++i)
        array.values[i] = load_number<T>(data + i * sizeof(T), std::endian::little);
    return array;
}

template <class T>
NpyArray<T> load_npy(const std::string& path) {
    const std::string content = read_file(path);
    return parse_npy<T>(bytes_of(content), path);
}

}  // namespace nib::inline NIB_ABI
