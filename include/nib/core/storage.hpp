// Memory whose first number starts a cache line (64 bytes), the width of the widest vector register, so that no vector
// load of a whole line ever straddles two.
//
//   AlignedVector<T>  a std::vector
//   Scratch<T>        room for numbers that are written before they are read
#pragma once

#include <nib/core/config.hpp>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

inline constexpr std::size_t cache_line = 64;

// a * b into `product`; false where that overflows.
constexpr bool multiply_sizes(std::size_t a, std::size_t b, std::size_t& product) {
    if (b != 0 && a > static_cast<std::size_t>(-1) / b) return false;
    product = a * b;
    return true;
}

template <class T>
struct AlignedAllocator {
    using value_type = T;

    AlignedAllocator() = default;
    template <class U>
    constexpr AlignedAllocator(const AlignedAllocator<U>&) noexcept {}

    T* allocate(std::size_t count) {
        if (count > static_cast<std::size_t>(-1) / sizeof(T))
            return typename std::vector<T>::allocator_type{}.allocate(count);  // throws
        return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{cache_line}));
    }
    void deallocate(T* data, std::size_t) noexcept { ::operator delete (data, std::align_val_t{cache_line}); }

    friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) noexcept { return true; }
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

// It grows when more is asked for than it has, forgets what it held then, and never shrinks. What was never written
// takes no memory, only addresses.
template <class T>
requires std::is_trivially_copyable_v<T>
class Scratch {
public:
    Scratch() = default;
    Scratch(const Scratch&) {}  // a copy has no room yet
    Scratch& operator=(const Scratch&) { return *this; }
    Scratch(Scratch&& other) noexcept
        : data_{std::exchange(other.data_, nullptr)}, size_{std::exchange(other.size_, 0)} {}
    Scratch& operator=(Scratch&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Scratch() { AlignedAllocator<T>{}.deallocate(data_, size_); }

    // The start of at least `count` numbers; the same as before unless it had to grow.
    T* room(std::size_t count) {
        if (count > size_) {
            AlignedAllocator<T>{}.deallocate(std::exchange(data_, nullptr), std::exchange(size_, 0));
            data_ = AlignedAllocator<T>{}.allocate(count);
            size_ = count;
        }
        return data_;
    }

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace nib::inline NIB_ABI
