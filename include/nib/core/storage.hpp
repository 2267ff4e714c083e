// AlignedVector<T>: a std::vector whose first element starts a cache line (64 bytes), the width of the widest vector
// register, so that no vector load of a whole line ever straddles two.
#pragma once

#include <nib/core/config.hpp>

#include <cstddef>
#include <memory>
#include <new>
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
        if (count > static_cast<std::size_t>(-1) / sizeof(T)) return std::allocator<T>{}.allocate(count);  // throws
        return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{cache_line}));
    }
    void deallocate(T* data, std::size_t) noexcept { ::operator delete (data, std::align_val_t{cache_line}); }

    friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) noexcept { return true; }
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace nib::inline NIB_ABI
