// What products read: a dense matrix, or a sparse matrix (CSR, except that its rows need not be contiguous). All are
// non-owning views.
#pragma once

#include <nib/core/detail/array_view.hpp>
#include <nib/core/matrix.hpp>

#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace nib::inline NIB_ABI::kernels {

template <class T>
struct Nonzero {
    std::uint32_t column;
    T value;
};

// The non-zeros of a row, in ascending order of their columns, of which none comes twice.
template <class T>
using SparseRow = nib::detail::ArrayView<Nonzero<T>>;

// A matrix [rows, cols].
template <class T>
struct SparseMatrixView {
    std::size_t rows = 0;
    std::size_t cols = 0;
    const SparseRow<T>* lists = nullptr;  // [rows]

    SparseRow<T> row(std::size_t i) const {
        assert(i < rows);
        return lists[i];
    }
    // Rows first, first + 1, …, first + count - 1.
    SparseMatrixView middle_rows(std::size_t first, std::size_t count) const {
        assert(first + count <= rows);
        return {count, cols, lists + first};
    }
    // How many there are in all rows.
    std::size_t nonzeros() const {
        std::size_t count = 0;
        for (std::size_t i = 0; i < rows; ++i) count += lists[i].size();
        return count;
    }
};

// Zeros, and the listed values. `to` has a's shape.
template <class T>
void write_dense(const SparseMatrixView<T>& a, MatrixView<T> to) {
    assert(a.rows == to.rows() && a.cols == to.cols());
    if (!to.empty()) std::memset(to.data(), 0, to.size() * sizeof(T));
    for (std::size_t i = 0; i < a.rows; ++i)
        for (const auto& [column, value] : a.row(i)) to.data()[i * a.cols + column] = value;
}

// Either a dense or a sparse matrix [rows, cols].
template <class T>
class InputView {
    template <class M>
    static constexpr bool is_dense = std::convertible_to<const M&, MatrixView<const T>>;

public:
    InputView() = default;
    InputView(const SparseMatrixView<T>& matrix)
        : lists_{matrix.lists}, rows_{matrix.rows}, cols_{matrix.cols}, is_sparse_{true} {}
    template <class M>
    requires is_dense<M> InputView(const M& matrix) : InputView{MatrixView<const T>{matrix}, 0} {}
    // A matrix of another scalar type is an error that names both.
    template <class M>
    requires(!is_dense<M> && requires(const M& m) {
        typename M::value_type;
        m.rows() + m.cols(), m.data();
    }) InputView(const M&) {
        using Given = std::remove_cvref_t<typename M::value_type>;
        static_assert(!std::is_same_v<Given, double>, "nib: expected a matrix of float, found a matrix of double");
        static_assert(!std::is_same_v<Given, float>, "nib: expected a matrix of double, found a matrix of float");
        static_assert(std::is_same_v<Given, float> || std::is_same_v<Given, double>,
                      "nib: expected a matrix of float or double");
    }

    std::size_t rows() const { return rows_; }
    std::size_t cols() const { return cols_; }
    bool empty() const { return rows_ * cols_ == 0; }
    bool is_sparse() const { return is_sparse_; }

    MatrixView<const T> matrix() const {
        assert(!is_sparse_);
        return {values_, rows_, cols_};
    }
    SparseMatrixView<T> sparse() const {
        assert(is_sparse_);
        return {rows_, cols_, lists_};
    }
    InputView middle_rows(std::size_t first, std::size_t count) const {
        if (is_sparse_) return sparse().middle_rows(first, count);
        return matrix().middle_rows(first, count);
    }
    // On average; in a dense matrix all numbers count.
    double nonzeros_per_row() const {
        if (!is_sparse_ || rows_ == 0) return static_cast<double>(cols_);
        return static_cast<double>(sparse().nonzeros()) / static_cast<double>(rows_);
    }

private:
    InputView(MatrixView<const T> matrix, int) : values_{matrix.data()}, rows_{matrix.rows()}, cols_{matrix.cols()} {}

    const T* values_ = nullptr;
    const SparseRow<T>* lists_ = nullptr;
    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
    bool is_sparse_ = false;
};

}  // namespace nib::inline NIB_ABI::kernels
