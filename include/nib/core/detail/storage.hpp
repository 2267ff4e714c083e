// Memory whose first number starts a cache line (64 bytes), the width of the widest vector register, so that no vector
// load of a whole line ever straddles two.
//
//   AlignedVector<T>  a std::vector
//   Scratch<T>        scratch memory for numbers that are written before they are read
#pragma once

#include <nib/core/config.hpp>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace nib::inline NIB_ABI {

inline constexpr std::size_t cache_line = 64;

// a * b into `product`; false where that overflows.
constexpr bool multiply_sizes(std::size_t a, std::size_t b, std::size_t& product) {
    if (b != 0 && a > static_cast<std::size_t>(-1) / b) return false;
    product = a * b;
    return true;
}

namespace detail {

// Arrays of megabytes start at a huge page, and ask the system for such pages: in a random order of examples each image
// lies in another small page, and looking up its address takes as long as reading it. Where the system has no huge
// pages, nothing changes.
inline constexpr std::size_t huge_page = std::size_t{1} << 21;
constexpr std::size_t alignment_of_array(std::size_t bytes) { return bytes < 2 * huge_page ? cache_line : huge_page; }

inline void* allocate_array(std::size_t bytes) {
    const std::size_t alignment = alignment_of_array(bytes);
    void* const data = ::operator new (bytes, std::align_val_t{alignment});
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (alignment == huge_page) static_cast<void>(::madvise(data, bytes, MADV_HUGEPAGE));
#endif
    return data;
}

}  // namespace detail

template <class T>
struct AlignedAllocator {
    using value_type = T;

    AlignedAllocator() = default;
    template <class U>
    constexpr AlignedAllocator(const AlignedAllocator<U>&) noexcept {}

    T* allocate(std::size_t count) {
        constexpr std::size_t most = static_cast<std::size_t>(-1) / 2 / sizeof(T);  // rounding up must not wrap around
        if (count > most) return typename std::vector<T>::allocator_type{}.allocate(count);  // throws
        return static_cast<T*>(detail::allocate_array(count * sizeof(T)));
    }
    void deallocate(T* data, std::size_t count) noexcept {
        ::operator delete (data, std::align_val_t{detail::alignment_of_array(count * sizeof(T))});
    }

    friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) noexcept { return true; }
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

// It grows when more is asked for than it has, forgets what it held then, and never shrinks. Pages, small or huge
// ones, to which nothing was ever written take no memory, only addresses.
template <class T>
requires std::is_trivially_copyable_v<T>
class Scratch {
public:
    Scratch() = default;
    Scratch(const Scratch&) {}  // a copy is empty
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
    T* buffer(std::size_t count) {
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
