// ArrayView<T>: a view of an array of T that somebody else keeps, as std::span<const T> is; for types of nib's own that
// few functions are handed. (For each T std::span compiles a proof that T* is an iterator.)
#pragma once

#include <nib/core/config.hpp>

#include <cstddef>

namespace nib::inline NIB_ABI::detail {

template <class T>
class ArrayView {
public:
    constexpr ArrayView() = default;
    constexpr ArrayView(const T* data, std::size_t size) : data_{data}, size_{size} {}
    template <std::size_t Size>
    constexpr ArrayView(const T (&array)[Size]) : data_{array}, size_{Size} {}
    // A vector or a std::array, which must outlive the view.
    template <class Container>
    constexpr ArrayView(const Container& values) : data_{values.data()}, size_{values.size()} {}

    constexpr const T* data() const { return data_; }
    constexpr std::size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr const T& operator[](std::size_t i) const { return data_[i]; }
    constexpr const T& front() const { return data_[0]; }
    constexpr const T& back() const { return data_[size_ - 1]; }
    constexpr const T* begin() const { return data_; }
    constexpr const T* end() const { return data_ + size_; }

private:
    const T* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace nib::inline NIB_ABI::detail
