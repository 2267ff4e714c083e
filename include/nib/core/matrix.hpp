// MatrixView<T>: a non-owning view of rows x cols numbers, row-major and contiguous.  Matrix<T>: the same, owned.
//
// A batch of B examples with F features is a matrix [B, F]: one example a row. MatrixView<const T> only reads.
#pragma once

#include <nib/core/detail/storage.hpp>
#include <nib/core/error.hpp>

#include <cassert>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace nib::inline NIB_ABI {

template <class T>
class MatrixView {
public:
    using value_type = std::remove_const_t<T>;

    constexpr MatrixView() = default;
    constexpr MatrixView(T* data, std::size_t rows, std::size_t cols) : data_{data}, rows_{rows}, cols_{cols} {}
    template <class U>
    requires(std::is_same_v<T, const U>) constexpr MatrixView(MatrixView<U> other)
        : MatrixView{other.data(), other.rows(), other.cols()} {}

    constexpr T* data() const { return data_; }
    constexpr std::size_t rows() const { return rows_; }
    constexpr std::size_t cols() const { return cols_; }
    constexpr std::size_t size() const { return rows_ * cols_; }
    constexpr bool empty() const { return size() == 0; }

    constexpr T& operator()(std::size_t row, std::size_t col) const {
        assert(row < rows_ && col < cols_);
        return data_[row * cols_ + col];
    }
    constexpr std::span<T> row(std::size_t index) const {
        assert(index < rows_);
        return {data_ + index * cols_, cols_};
    }
    // Rows first, first + 1, …, first + count - 1.
    constexpr MatrixView middle_rows(std::size_t first, std::size_t count) const {
        assert(first + count <= rows_);
        return {data_ + first * cols_, count, cols_};
    }
    constexpr std::span<T> values() const { return {data_, size()}; }

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 15000
    // That libc++ makes a span of whatever it finds data and size for, and a call that takes either would be ambiguous.
    friend void data(const MatrixView&) = delete;
#endif

private:
    T* data_ = nullptr;
    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
};

// Zero-filled when made; empty when moved from.
template <class T>
class Matrix {
public:
    using value_type = T;

    Matrix() = default;
    // Fails where rows * cols overflows.
    Matrix(std::size_t rows, std::size_t cols) : values_(checked_size(rows, cols)), rows_{rows}, cols_{cols} {}
    // Of values that are there, which it takes over. Fails unless there are rows * cols of them.
    Matrix(AlignedVector<T>&& values, std::size_t rows, std::size_t cols)
        : values_{std::move(values)}, rows_{rows}, cols_{cols} {
        if (values_.size() != checked_size(rows, cols))
            fail({"Matrix: expected ", rows, " x ", cols, " numbers, found ", values_.size()});
    }
    Matrix(const Matrix&) = default;
    Matrix(Matrix&& other) noexcept
        : values_{std::move(other.values_)},
          rows_{std::exchange(other.rows_, 0)},
          cols_{std::exchange(other.cols_, 0)} {}
    Matrix& operator=(Matrix other) noexcept {
        values_.swap(other.values_);
        rows_ = other.rows_;
        cols_ = other.cols_;
        return *this;
    }

    std::size_t rows() const { return rows_; }
    std::size_t cols() const { return cols_; }
    std::size_t size() const { return values_.size(); }
    T* data() { return values_.data(); }
    const T* data() const { return values_.data(); }

    T& operator()(std::size_t row, std::size_t col) { return view()(row, col); }
    const T& operator()(std::size_t row, std::size_t col) const { return view()(row, col); }
    std::span<T> row(std::size_t index) { return view().row(index); }
    std::span<const T> row(std::size_t index) const { return view().row(index); }
    std::span<T> values() { return values_; }
    std::span<const T> values() const { return values_; }

    MatrixView<T> view() { return {data(), rows_, cols_}; }
    MatrixView<const T> view() const { return {data(), rows_, cols_}; }
    operator MatrixView<T>() { return view(); }
    operator MatrixView<const T>() const { return view(); }

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 15000
    friend void data(const Matrix&) = delete;  // as above
#endif

private:
    static std::size_t checked_size(std::size_t rows, std::size_t cols) {
        std::size_t size = 0;
        if (!multiply_sizes(rows, cols, size)) fail({"Matrix: ", rows, " x ", cols, " numbers are too many"});
        return size;
    }

    AlignedVector<T> values_;
    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
};

}  // namespace nib::inline NIB_ABI
