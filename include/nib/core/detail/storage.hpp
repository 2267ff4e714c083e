// Memory whose first number starts a cache line (64 bytes), the width of the widest vector register, so that no vector
// load of a whole line ever straddles two.
//
//   AlignedVector<T>  a std::vector
//   Scratch<T>        scratch memory for numbers that are written before they are read
#pragma once

#include <nib/core/config.hpp>

#include <cstddef>
#include <new>
#include <string>
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

// `count` numbers of `each` bytes. Fails as std::allocator does where these are too many.
[[gnu::noinline]] inline void* allocate_array(std::size_t count, std::size_t each) {
    constexpr std::size_t most = static_cast<std::size_t>(-1) / 2;  // rounding up must not wrap around
    std::size_t bytes = 0;
    if (!multiply_sizes(count, each, bytes) || bytes > most)
        return std::string::allocator_type{}.allocate(static_cast<std::size_t>(-1));  // throws
    const std::size_t alignment = alignment_of_array(bytes);
    void* const data = ::operator new (bytes, std::align_val_t{alignment});
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (alignment == huge_page) static_cast<void>(::madvise(data, bytes, MADV_HUGEPAGE));
#endif
    return data;
}
inline void free_array(void* data, std::size_t bytes) noexcept {
    ::operator delete (data, std::align_val_t{alignment_of_array(bytes)});
}

// What Scratch<T> is, whatever T is.
class ScratchArray {
public:
    ScratchArray() = default;
    ScratchArray(const ScratchArray&) {}  // a copy is empty
    ScratchArray& operator=(const ScratchArray&) { return *this; }
    ScratchArray(ScratchArray&& other) noexcept
        : data_{std::exchange(other.data_, nullptr)}, bytes_{std::exchange(other.bytes_, 0)} {}
    ScratchArray& operator=(ScratchArray&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~ScratchArray() { free_array(data_, bytes_); }

protected:
    void* at_least(std::size_t count, std::size_t each) {
        if (count > bytes_ / each) grow(count, each);
        return data_;
    }

private:
    [[gnu::cold, gnu::noinline]] void grow(std::size_t count, std::size_t each) {
        free_array(std::exchange(data_, nullptr), std::exchange(bytes_, 0));
        data_ = allocate_array(count, each);
        bytes_ = count * each;
    }

    void* data_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace detail

template <class T>
struct AlignedAllocator {
    using value_type = T;

    AlignedAllocator() = default;
    template <class U>
    constexpr AlignedAllocator(const AlignedAllocator<U>&) noexcept {}

    T* allocate(std::size_t count) { return static_cast<T*>(detail::allocate_array(count, sizeof(T))); }
    void deallocate(T* data, std::size_t count) noexcept { detail::free_array(data, count * sizeof(T)); }

    friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) noexcept { return true; }
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

// It grows when more is asked for than it has, forgets what it held then, and never shrinks. Pages, small or huge
// ones, to which nothing was ever written take no memory, only addresses.
template <class T>
requires std::is_trivially_copyable_v<T>
class Scratch : detail::ScratchArray {
public:
    // The start of at least `count` numbers; the same as before unless it had to grow.
    T* buffer(std::size_t count) { return static_cast<T*>(at_least(count, sizeof(T))); }
};

}  // namespace nib::inline NIB_ABI
