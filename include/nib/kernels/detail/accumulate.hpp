// Sums of a matrix's rows, and of two arrays.
#pragma once

#include <nib/core/matrix.hpp>

#include <cassert>
#include <cstddef>
#include <span>

namespace nib::inline NIB_ABI::kernels {

// sums[j] = a(0, j) + a(1, j) + …, added up in this order; 0 where a has no rows. sums: [a.cols()].
template <class T>
void column_sums(MatrixView<const T> a, T* sums);

// to[i] += from[i]. Both have the same size, and do not overlap.
template <class T>
void add(std::span<const T> from, std::span<T> to);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <nib/kernels/vector.hpp>

namespace nib::inline NIB_ABI::kernels {

template <class T>
void column_sums(MatrixView<const T> a, T* sums) {
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using V = Vector<decltype(level), T>;
        constexpr std::size_t width = lanes<decltype(level), T>;
        std::size_t j = 0;
        for (; j + width <= a.cols(); j += width) {
            V sum = {};
            for (std::size_t i = 0; i < a.rows(); ++i) {
                V row;
                load(row, a.data() + i * a.cols() + j);
                sum += row;
            }
            store(sums + j, sum);
        }
        if (j == a.cols()) return;
        T rest[width] = {};
        const std::size_t count = a.cols() - j;
        for (std::size_t i = 0; i < a.rows(); ++i)
            for (std::size_t k = 0; k < count; ++k) rest[k] += a.data()[i * a.cols() + j + k];
        for (std::size_t k = 0; k < count; ++k) sums[j + k] = rest[k];
    });
}

template <class T>
void add(std::span<const T> from, std::span<T> to) {
    assert(from.size() == to.size());
    dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        for (std::size_t i = 0; i < to.size(); i += lanes<decltype(level), T>) {
            Vector<decltype(level), T> sum, term;
            load_at_most(sum, to.data() + i, to.size() - i);
            load_at_most(term, from.data() + i, to.size() - i);
            sum += term;
            store_at_most(to.data() + i, sum, to.size() - i);
        }
    });
}

}  // namespace nib::inline NIB_ABI::kernels

#endif
