#include <nib/core/detail/storage.hpp>

#include "../../support.hpp"

#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>

namespace {

template <class T>
bool starts_a_cache_line(const nib::AlignedVector<T>& values) {
    return reinterpret_cast<std::uintptr_t>(values.data()) % 64 == 0;
}

}  // namespace

TEST_CASE_TEMPLATE("an AlignedVector starts a cache line, whatever its size", T, std::uint8_t, float, double) {
    for (std::size_t size = 1; size < 200; ++size) CHECK(starts_a_cache_line(nib::AlignedVector<T>(size)));
}

TEST_CASE("an AlignedVector starts a cache line after it has grown, was copied and was moved") {
    nib::AlignedVector<float> values;
    for (int i = 0; i < 1000; ++i) {
        values.push_back(static_cast<float>(i));
        REQUIRE(starts_a_cache_line(values));
    }
    const nib::AlignedVector<float> copy = values;
    CHECK(starts_a_cache_line(copy));
    const float* data = values.data();
    const nib::AlignedVector<float> moved = std::move(values);
    CHECK(moved.data() == data);
    CHECK(moved == copy);
}

TEST_CASE("an AlignedVector is zero-filled when made") {
    for (const float value : nib::AlignedVector<float>(100)) CHECK(value == 0.0f);
}

TEST_CASE("an array of megabytes starts a huge page, and is an array like any other") {
    const auto start_of = [](const nib::AlignedVector<float>& array) {
        return reinterpret_cast<std::uintptr_t>(array.data());
    };
    constexpr std::size_t megabyte = 1024 * 1024 / sizeof(float);
    nib::AlignedVector<float> array(megabyte, 1.0f);
    CHECK(start_of(array) % nib::cache_line == 0);
    array.resize(8 * megabyte, 2.0f);
    CHECK(start_of(array) % (2 * 1024 * 1024) == 0);
    CHECK(array[megabyte - 1] == 1);
    CHECK(array.back() == 2);
    array.resize(3);
    array.shrink_to_fit();
    CHECK(array == nib::AlignedVector<float>{1, 1, 1});
}

TEST_CASE("an allocation whose size overflows throws instead of wrapping around") {
    nib::AlignedAllocator<double> allocator;
    CHECK_THROWS_AS(static_cast<void>(allocator.allocate(static_cast<std::size_t>(-1) / 4)), std::bad_alloc);
    // So large that it wraps around when it is rounded up to whole pages.
    nib::Scratch<char> scratch;
    CHECK_THROWS_AS(static_cast<void>(scratch.buffer(static_cast<std::size_t>(-1) - 1000)), std::bad_alloc);
}

TEST_CASE("scratch memory starts a cache line and stays where it is until it must grow") {
    nib::Scratch<float> scratch;
    float* const first = scratch.buffer(10);
    CHECK(reinterpret_cast<std::uintptr_t>(first) % 64 == 0);
    first[9] = 4;
    CHECK(scratch.buffer(3) == first);
    CHECK(scratch.buffer(10) == first);
    CHECK(first[9] == 4);
    float* const grown = scratch.buffer(1000);
    CHECK(reinterpret_cast<std::uintptr_t>(grown) % 64 == 0);
    grown[999] = 5;
    const nib::Scratch<float> copy = scratch;
    nib::Scratch<float> moved = std::move(scratch);
    CHECK(moved.buffer(1000) == grown);
    CHECK(grown[999] == 5);
}

TEST_CASE("multiply_sizes multiplies, and says where that overflows") {
    constexpr std::size_t largest = std::numeric_limits<std::size_t>::max();
    std::size_t product = 0;
    CHECK(nib::multiply_sizes(60000, 784, product));
    CHECK(product == 47040000);
    CHECK(nib::multiply_sizes(largest, 0, product));
    CHECK(product == 0);
    CHECK(nib::multiply_sizes(0, largest, product));
    CHECK(nib::multiply_sizes(largest, 1, product));
    CHECK(product == largest);
    CHECK(nib::multiply_sizes(largest / 2, 2, product));
    CHECK_FALSE(nib::multiply_sizes(largest / 2 + 1, 2, product));
    CHECK_FALSE(nib::multiply_sizes(2, largest / 2 + 1, product));
    CHECK_FALSE(nib::multiply_sizes(largest, largest, product));
}
