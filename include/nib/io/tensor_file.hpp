// TensorFile: the tensors of a file, whatever its format, by name. Opening one reads names, types and shapes; numbers
// stay in the file until they are asked for, and then pass through a window of a few pages, however large the file is.
// In an archive they are checked against their checksum before the first of them is handed over; those of a compressed
// entry are unpacked whole, one entry at a time.
//
//   open_safetensors, open_torch, open_npy and open_npz (in their headers) make one; open_tensors sees by the content
//   which.
//
//   values<T>(file, tensor)          all numbers, row-major
//   read_into(file, tensor, to, s)   into memory of any strides, rounded to its type
//   file.bytes(tensor)               as they are: little-endian, row-major
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/detail/join.hpp>
#include <nib/io/detail/byte_source.hpp>
#include <nib/io/file.hpp>
#include <nib/io/strings.hpp>
#include <nib/io/tensor.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// The bytes of a file of tensors. Fails on one that is plainly something else (a Git LFS pointer, a web page), and says
// what.
ByteSource open_tensor_source(const std::string& path);

}  // namespace detail

// A tensor of a file, and where it lies there.
struct TensorInfo {
    std::string name;
    Dtype dtype = Dtype::f32;
    std::vector<std::size_t> shape;    // [] is one number
    std::vector<std::size_t> strides;  // in elements, one for each dimension
    std::size_t offset = 0;            // of its first element, in bytes from the file's start
    std::endian order = std::endian::little;

    // Of elements. (That of a TensorFile's tensors does not overflow.)
    std::size_t count() const {
        std::size_t count = 1;
        for (const std::size_t size : shape) count *= size;
        return count;
    }

    // Of all elements.
    [[gnu::cold]] std::size_t byte_count() const;
};

// Moved, never copied. One can be read by one thread at a time.
class TensorFile {
public:
    // Fails on a tensor that does not lie within the source, on one whose size overflows, and on two of one name.
    [[gnu::cold]] TensorFile(ByteSource source, std::string format, std::vector<TensorInfo> tensors,
                             StringMap metadata = {});
    TensorFile(TensorFile&&) = default;
    TensorFile& operator=(TensorFile&&) = default;

    const std::string& path() const { return source_.path(); }
    // "safetensors", "PyTorch", "npy" or "npz".
    const std::string& format() const { return format_; }
    // In the file's order.
    const std::vector<TensorInfo>& tensors() const { return tensors_; }
    // What a safetensors file says beside its tensors.
    const StringMap& metadata() const { return metadata_; }

    // Null where there is none of that name.
    [[gnu::cold]] const TensorInfo* find(std::string_view name) const;

    // Fails where there is none of that name.
    const TensorInfo& at(std::string_view name) const;

    // The elements of a tensor of this file, row-major and little-endian; packed ones (is_packed) as they lie there.
    std::vector<std::byte> bytes(const TensorInfo& tensor);

    // Calls use(place, element) for each element of a tensor of this file, which are not packed: `place` is the sum of
    // its indices times `strides`, `element` its bytes, in the file's order. They come in the order in which they lie
    // in the file, as far as there is one.
    template <class Use>
    void visit(const TensorInfo& tensor, std::span<const std::size_t> strides, const Use& use);

    // How many elements it has; fails where they are more than a file of this size can sensibly mean (a tensor may
    // repeat its elements), so that nothing huge is allocated for a small file.
    std::size_t checked_count(const TensorInfo& tensor) const;

    // The same for all tensors together: a file may name the same numbers many times, and many tensors may lie in one
    // compressed entry, which may be unpacked for each of them. Checks the bytes of each, too: after this the file does
    // hold what it declares.
    void check_counts();

    // Reads all that has a checksum, each byte once, and fails where it is damaged. Without it, that shows when numbers
    // are read.
    void check_bytes();

    ByteSource& source() { return source_; }

private:
    static constexpr std::size_t far_apart = 4096;  // bytes

    // The part of the source that was read last.
    class Window {
    public:
        // `size` bytes at `offset`; what follows up to `ahead` may be read with them.
        const std::byte* at(ByteSource& source, std::size_t offset, std::size_t size, std::size_t ahead) {
            if (offset < begin_ || offset + size > begin_ + held_) move_to(source, offset, size, ahead);
            return bytes_.data() + (offset - begin_);
        }

    private:
        [[gnu::cold]] void move_to(ByteSource& source, std::size_t offset, std::size_t size, std::size_t ahead);

        static constexpr std::size_t length = 65536;
        std::vector<std::byte> bytes_ = std::vector<std::byte>(length);
        std::size_t begin_ = 0;
        std::size_t held_ = 0;
    };

    // Where visit is: elements that lie in one row of the dimension with the smallest stride.
    struct Visit {
        const TensorInfo& tensor;
        std::span<const std::size_t> to_strides;  // where elements go
        std::vector<std::size_t> outer{};         // the other dimensions of more than one row, largest stride first
        std::vector<std::size_t> index{};         // of the row that comes next, in `outer`
        std::size_t count = 1;                    // of elements in a row
        std::size_t stride = 0;                   // from one to the next, in bytes
        std::size_t to_stride = 0;
        std::size_t ahead = 0;  // where what may be read with an element ends
        std::size_t offset = 0;
        std::size_t place = 0;
        bool ended = false;

        // Goes to the next row; false where there is none.
        bool next();
    };

    [[gnu::cold]] Visit start_visit(const TensorInfo& tensor, std::span<const std::size_t> strides);

    [[noreturn, gnu::cold]] void refuse(const TensorInfo& tensor, std::initializer_list<detail::TextPart> why) const;
    [[gnu::cold]] void check_place(const TensorInfo& tensor) const;

    ByteSource source_;
    std::string format_;
    std::vector<TensorInfo> tensors_;
    std::vector<std::size_t> by_name_;  // tensors_, in the order of their names
    StringMap metadata_;
    Window window_;
};

template <class Use>
void TensorFile::visit(const TensorInfo& tensor, std::span<const std::size_t> strides, const Use& use) {
    Visit visit = start_visit(tensor, strides);
    const std::size_t size = dtype_size(tensor.dtype);
    while (visit.next())
        for (std::size_t i = 0; i < visit.count; ++i)
            use(visit.place + i * visit.to_stride,
                window_.at(source_, visit.offset + i * visit.stride, size, visit.ahead));
}

// What a tensor's numbers can be read as.
template <class T>
concept FloatOrDouble = std::same_as<T, float> || std::same_as<T, double>;

// Writes the element with index (i, j, …) to to[i * strides[0] + j * strides[1] + …]. Fails on other dtypes than F16,
// BF16, F32 and F64, which is told before anything is written, and on a finite number too large for T.
template <FloatOrDouble T>
void read_into(TensorFile& file, const TensorInfo& tensor, T* to, std::span<const std::size_t> strides);

// The numbers of a tensor, row-major. Fails as read_into does.
template <FloatOrDouble T>
std::vector<T> values(TensorFile& file, const TensorInfo& tensor);

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/core/error.hpp>
#include <nib/io/detail/foreign_file.hpp>
#include <nib/io/detail/tensor_checks.hpp>

#include <cstdint>
#include <limits>
#include <utility>

namespace nib::inline NIB_ABI {

NIB_API ByteSource detail::open_tensor_source(const std::string& path) {
    ByteSource source{path};
    std::string start(smaller(source.size(), foreign_file_start), '\0');
    source.read(0, {reinterpret_cast<std::byte*>(start.data()), start.size()});
    refuse_foreign_file(path, start);
    return source;
}

NIB_API std::size_t TensorInfo::byte_count() const {
    std::size_t bytes = 0;
    static_cast<void>(detail::tensor_size(dtype, count(), bytes));
    return bytes;
}

NIB_API TensorFile::TensorFile(ByteSource source, std::string format, std::vector<TensorInfo> tensors,
                               StringMap metadata)
    : source_{std::move(source)},
      format_{std::move(format)},
      tensors_{std::move(tensors)},
      by_name_(tensors_.size()),
      metadata_{std::move(metadata)} {
    for (std::size_t i = 0; i < by_name_.size(); ++i) by_name_[i] = i;
    sort_records(by_name_.data(), by_name_.size(),
                 [&](std::size_t a, std::size_t b) { return tensors_[a].name < tensors_[b].name; });
    for (std::size_t i = 1; i < by_name_.size(); ++i)
        if (tensors_[by_name_[i]].name == tensors_[by_name_[i - 1]].name)
            refuse(tensors_[by_name_[i]], {"two tensors have this name"});
    for (const TensorInfo& tensor : tensors_) check_place(tensor);
}

NIB_API const TensorInfo* TensorFile::find(std::string_view name) const {
    const std::size_t found =
        first_not(by_name_.size(), [&](std::size_t i) { return tensors_[by_name_[i]].name < name; });
    return found < by_name_.size() && tensors_[by_name_[found]].name == name ? &tensors_[by_name_[found]] : nullptr;
}

NIB_API const TensorInfo& TensorFile::at(std::string_view name) const {
    const TensorInfo* const tensor = find(name);
    if (tensor == nullptr) fail({path(), ": expected a tensor ", detail::tensor_label(name), ", found none"});
    return *tensor;
}

NIB_API std::vector<std::byte> TensorFile::bytes(const TensorInfo& tensor) {
    const std::size_t size = dtype_size(tensor.dtype);
    const std::size_t count = checked_count(tensor);
    if (count != 0) source_.check_bytes(tensor.offset);  // before anything is allocated
    std::vector<std::byte> result(tensor.byte_count());
    if (is_packed(tensor.dtype)) {
        source_.read(tensor.offset, {result.data(), result.size()});
        return result;
    }
    const std::vector<std::size_t> strides = detail::row_major_strides(tensor.shape);
    visit(tensor, {strides.data(), strides.size()}, [&](std::size_t place, const std::byte* element) {
        std::byte* const to = result.data() + place * size;
        for (std::size_t i = 0; i < size; ++i) to[i] = element[tensor.order == std::endian::little ? i : size - 1 - i];
    });
    return result;
}

NIB_API TensorFile::Visit TensorFile::start_visit(const TensorInfo& tensor, std::span<const std::size_t> strides) {
    Visit visit{tensor, strides};
    const std::size_t size = dtype_size(tensor.dtype);
    std::size_t end = tensor.offset + size;
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
        if (tensor.shape[i] == 0) {
            visit.ended = true;
            return visit;
        }
        if (tensor.shape[i] == 1) continue;
        visit.outer.push_back(i);
        end += tensor.strides[i] * (tensor.shape[i] - 1) * size;
    }
    source_.check_bytes(tensor.offset);
    sort_records(visit.outer.data(), visit.outer.size(),
                 [&](std::size_t a, std::size_t b) { return tensor.strides[a] > tensor.strides[b]; });
    if (!visit.outer.empty()) {
        const std::size_t inner = visit.outer.back();
        visit.outer.pop_back();
        visit.count = tensor.shape[inner];
        visit.stride = tensor.strides[inner] * size;
        visit.to_stride = strides[inner];
    }
    // Elements that lie far apart are read one by one, not with all that is between them.
    visit.ahead = visit.stride < far_apart ? end : 0;
    visit.index.resize(visit.outer.size());
    return visit;
}

NIB_API bool TensorFile::Visit::next() {
    if (ended) return false;
    offset = tensor.offset;
    place = 0;
    for (std::size_t i = 0; i < index.size(); ++i) {
        offset += index[i] * tensor.strides[outer[i]] * dtype_size(tensor.dtype);
        place += index[i] * to_strides[outer[i]];
    }
    std::size_t i = index.size();
    while (i > 0 && ++index[i - 1] == tensor.shape[outer[i - 1]]) index[--i] = 0;
    ended = i == 0;
    return true;
}

NIB_API std::size_t TensorFile::checked_count(const TensorInfo& tensor) const {
    if (!is_packed(tensor.dtype) && tensor.count() > source_.size())
        refuse(tensor, {"shape ", detail::shape_text(tensor.shape), " has more elements than the file has bytes"});
    return tensor.count();
}

NIB_API void TensorFile::check_counts() {
    constexpr std::size_t times = 4;
    std::size_t rest = 0;
    if (!multiply_sizes(source_.size(), times, rest)) rest = static_cast<std::size_t>(-1);
    for (const TensorInfo& tensor : tensors_) {
        const std::size_t count = checked_count(tensor);
        if (count > rest)
            refuse(tensor,
                   {"with those before it has more than ", times, " times as many elements as the file has bytes"});
        rest -= count;
    }
    constexpr std::size_t times_unpacked = 16;
    std::size_t unpacked = 0;
    if (!multiply_sizes(source_.size(), times_unpacked, unpacked)) unpacked = static_cast<std::size_t>(-1);
    for (const TensorInfo& tensor : tensors_) {
        if (tensor.count() == 0) continue;
        const std::size_t bytes = source_.unpacked_for(tensor.offset);
        if (bytes > unpacked)
            refuse(tensor, {"lies in a compressed entry with too many others: save the file without compression"});
        unpacked -= bytes;
    }
    check_bytes();
}

NIB_API void TensorFile::check_bytes() {
    for (const TensorInfo& tensor : tensors_)
        if (tensor.count() != 0) source_.check_bytes(tensor.offset);
}

NIB_API void TensorFile::Window::move_to(ByteSource& source, std::size_t offset, std::size_t size, std::size_t ahead) {
    held_ = 0;  // a read that fails leaves nothing
    const std::size_t wanted = ahead > offset ? larger(size, smaller(length, ahead - offset)) : size;
    source.read(offset, {bytes_.data(), wanted});
    begin_ = offset;
    held_ = wanted;
}

inline void TensorFile::refuse(const TensorInfo& tensor, std::initializer_list<detail::TextPart> why) const {
    fail({path(), ": tensor ", detail::tensor_label(tensor.name), ": ", detail::join(why)});
}

inline void TensorFile::check_place(const TensorInfo& tensor) const {
    const auto refuse_shape = [&](std::initializer_list<detail::TextPart> why) {
        refuse(tensor, {"shape ", detail::shape_text(tensor.shape), detail::join(why)});
    };
    if (tensor.strides.size() != tensor.shape.size())
        refuse_shape({": expected a stride for each dimension, found ", tensor.strides.size()});
    std::size_t bytes = 0;
    if (!detail::tensor_size(tensor.dtype, tensor.shape, bytes))
        refuse_shape({is_packed(tensor.dtype) ? " does not fill its last byte, or overflows" : " overflows"});
    if (bytes == 0) return;
    std::size_t last = 0;  // in elements
    bool within = true;
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
        std::size_t step = 0;
        within = within && multiply_sizes(tensor.shape[i] - 1, tensor.strides[i], step);
        within = within && (last += step) >= step;
    }
    const std::size_t size = dtype_size(tensor.dtype);
    within = within && tensor.offset <= source_.size();
    if (is_packed(tensor.dtype))
        within = within && bytes <= source_.size() - tensor.offset;
    else
        within = within && last < (source_.size() - tensor.offset) / size;
    if (!within)
        refuse_shape({" from byte ", tensor.offset, " reaches beyond the ", source_.size(), " bytes of the file"});
}

namespace detail {

// A floating-point element's number.
[[gnu::noinline]] inline double element_of_any_type(const std::byte* element, Dtype dtype, std::endian order) {
    switch (dtype) {
        case Dtype::f16:
            return static_cast<double>(float_of_half(load_number<std::uint16_t>(element, order)));
        case Dtype::bf16:
            return static_cast<double>(float_of_bfloat16(load_number<std::uint16_t>(element, order)));
        case Dtype::f32:
            return static_cast<double>(load_number<float>(element, order));
        default:
            return load_number<double>(element, order);
    }
}
inline double element_value(const std::byte* element, Dtype dtype, std::endian order) {
    if (dtype != Dtype::f32 || order != std::endian::native) return element_of_any_type(element, dtype, order);
    return static_cast<double>(load_number<float>(element, std::endian::native));
}

[[noreturn, gnu::cold]] inline void fail_too_large(const TensorFile& file, const TensorInfo& tensor) {
    fail({file.path(), ": ", tensor_label(tensor.name), ": a number is too large for the type that is to hold it"});
}

// `value`, which is an element of `tensor`, as a T. Fails where it is finite and too large for one.
template <FloatOrDouble T>
T converted(double value, const TensorFile& file, const TensorInfo& tensor) {
    const double size = magnitude(value);
    if (size > static_cast<double>((std::numeric_limits<T>::max)()) && size <= (std::numeric_limits<double>::max)())
        fail_too_large(file, tensor);
    return static_cast<T>(value);
}

}  // namespace detail

template <FloatOrDouble T>
void read_into(TensorFile& file, const TensorInfo& tensor, T* to, std::span<const std::size_t> strides) {
    if (!is_floating(tensor.dtype)) fail({file.path(), ": ", detail::not_floating(tensor.name, tensor.dtype)});
    file.visit(tensor, strides, [&](std::size_t place, const std::byte* element) {
        to[place] = detail::converted<T>(detail::element_value(element, tensor.dtype, tensor.order), file, tensor);
    });
}

template <FloatOrDouble T>
std::vector<T> values(TensorFile& file, const TensorInfo& tensor) {
    const std::size_t count = file.checked_count(tensor);
    if (count != 0) file.source().check_bytes(tensor.offset);  // before anything is allocated
    std::vector<T> result(count);
    const std::vector<std::size_t> strides = detail::row_major_strides(tensor.shape);
    read_into<T>(file, tensor, result.data(), {strides.data(), strides.size()});
    return result;
}

}  // namespace nib::inline NIB_ABI

#endif
