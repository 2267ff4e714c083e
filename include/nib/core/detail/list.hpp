// List<T>: an array that grows, with the few of std::vector's functions that readers of files need. What they make for
// programs is in vectors; for a type of a reader's own, of which std::vector would be compiled anew, a List is a small
// part of that. (Nor are std::swap and std::exchange used here, which prove for each T how its pointers are moved.)
#pragma once

#include <nib/core/config.hpp>

#include <cstddef>
#include <utility>

namespace nib::inline NIB_ABI::detail {

// T has a default value. Moved from, a List is empty.
template <class T>
class List {
public:
    List() = default;
    explicit List(std::size_t size) : data_{new T[size]{}}, size_{size}, capacity_{size} {}
    List(const List& other) : List(other.size_) {
        for (std::size_t i = 0; i < size_; ++i) data_[i] = other.data_[i];
    }
    List(List&& other) noexcept : data_{other.data_}, size_{other.size_}, capacity_{other.capacity_} {
        other.data_ = nullptr;
        other.size_ = other.capacity_ = 0;
    }
    List& operator=(List other) noexcept {
        T* const old = data_;
        data_ = other.data_;
        size_ = other.size_;
        capacity_ = other.capacity_;
        other.data_ = old;
        return *this;
    }
    ~List() { delete[] data_; }

    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T& operator[](std::size_t i) { return data_[i]; }
    const T& operator[](std::size_t i) const { return data_[i]; }
    T& back() { return data_[size_ - 1]; }
    T* begin() { return data_; }
    T* end() { return data_ + size_; }
    const T* begin() const { return data_; }
    const T* end() const { return data_ + size_; }

    void push_back(T value) {
        if (size_ == capacity_) grow();
        data_[size_++] = std::move(value);
    }
    void pop_back() { data_[--size_] = T{}; }
    void clear() { erase(0, size_); }
    // Removes `count` elements from number `first` on.
    void erase(std::size_t first, std::size_t count) {
        for (std::size_t i = first + count; count > 0 && i < size_; ++i) data_[i - count] = std::move(data_[i]);
        for (; count > 0; --count) pop_back();
    }

private:
    [[gnu::cold]] void grow() {
        List grown{2 * capacity_ + 4};
        for (std::size_t i = 0; i < size_; ++i) grown.data_[i] = std::move(data_[i]);
        grown.size_ = size_;
        *this = std::move(grown);
    }

    T* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace nib::inline NIB_ABI::detail
