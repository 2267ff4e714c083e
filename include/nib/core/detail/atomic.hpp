// Atomic<T>: an integer that threads share, as std::atomic is, by the compiler's own functions: <atomic> takes a
// compiler a fifth of what all of <string> and <vector> take.
#pragma once

#include <nib/core/config.hpp>

#include <type_traits>

namespace nib::inline NIB_ABI {

template <class T>
requires std::is_integral_v<T>
class Atomic {
public:
    constexpr explicit Atomic(T value) : value_{value} {}
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    // In one order that all threads agree on.
    T load() const { return __atomic_load_n(&value_, __ATOMIC_SEQ_CST); }
    void add(T value) { __atomic_fetch_add(&value_, value, __ATOMIC_SEQ_CST); }
    T fetch_add(T value) { return __atomic_fetch_add(&value_, value, __ATOMIC_SEQ_CST); }  // what it was before

    // What was written before a release is seen after the acquire that reads it.
    T load_acquire() const { return __atomic_load_n(&value_, __ATOMIC_ACQUIRE); }
    void store_release(T value) { __atomic_store_n(&value_, value, __ATOMIC_RELEASE); }
    void subtract_release(T value) { __atomic_fetch_sub(&value_, value, __ATOMIC_RELEASE); }

    // The value alone: no order with anything else.
    T load_relaxed() const { return __atomic_load_n(&value_, __ATOMIC_RELAXED); }
    void store_relaxed(T value) { __atomic_store_n(&value_, value, __ATOMIC_RELAXED); }

private:
    T value_;
};

}  // namespace nib::inline NIB_ABI
