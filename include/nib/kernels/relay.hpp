// A product with lists of non-zeros, its depth shared out: each thread reads rows of w of its own, and passes the sums
// on to the next.
//
// Threads that each take some rows of a batch all read the whole of w. That is best as long as w stays what it is. In
// training each thread then changes a part of w, and fetches the rest from the caches of the others before the next
// batch: for a first layer of 784 x 800 that took longer than the sums. Here no thread ever reads what another one
// changes, given that an optimiser shares out w's rows as relay_range does.
#pragma once

#include <nib/core/algorithm.hpp>
#include <nib/core/atomic.hpp>
#include <nib/core/executor.hpp>
#include <nib/core/matrix.hpp>
#include <nib/core/storage.hpp>
#include <nib/kernels/sparse.hpp>

#include <cstddef>
#include <vector>

namespace nib::inline NIB_ABI::kernels {

// The rows of w that part `part` of `parts` reads. Part 0, the caller's, is the last in the relay: it goes on with y.
constexpr Range relay_range(std::size_t rows, std::size_t part, std::size_t parts) {
    constexpr std::size_t whole_tiles = 24;  // of the dense kernels
    return share_of(rows, parts - 1 - part, parts, whole_tiles);
}

// Into how many pieces y [rows, cols] is cut. A relay of `parts` threads has parts - 1 rounds more, so it should be
// many times that.
template <class T>
constexpr std::size_t relay_pieces(std::size_t rows, std::size_t cols) {
    return (rows + lists_at_once - 1) / lists_at_once * larger<std::size_t>(cols / list_cols<T>, 1);
}

// What passes from thread to thread.
template <class T>
class RelayRoom {
public:
    // A thread's count of the pieces that it has done, on a cache line of its own.
    struct alignas(cache_line) Progress {
        Atomic<std::size_t> pieces{0};
    };

    // For a relay of `parts` threads over `rows` lists and `cols` columns. Only the first of its size allocates.
    void prepare(std::size_t parts, std::size_t rows, std::size_t cols) {
        rows_ = rows;
        cols_ = cols;
        sums_.room((parts - 1) * rows * cols);
        positions_.room(parts * rows);
        if (progress_.size() < parts) progress_ = std::vector<Progress>(parts);
        for (Progress& progress : progress_) progress.pieces.store_relaxed(0);
    }

    // Of the thread at `place`: the sums [rows, cols] that it leaves to the next, where it is in each list, and how far
    // it has come.
    MatrixView<T> sums(std::size_t place) { return {sums_.room(0) + place * rows_ * cols_, rows_, cols_}; }
    const Nonzero<T>** positions(std::size_t place) { return positions_.room(0) + place * rows_; }
    Atomic<std::size_t>& pieces_done(std::size_t place) { return progress_[place].pieces; }

private:
    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
    Scratch<T> sums_;
    Scratch<const Nonzero<T>*> positions_;
    std::vector<Progress> progress_;
};

// y = activation(x w + bias); as matmul, to the bit.
//
// y is cut into pieces, some lists by some columns. The first in the relay begins one after the other, the next thread
// goes on with each as soon as it is there.
template <class T>
void matmul_relay(const SparseRows<T>& x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue,
                  Executor& executor, std::size_t parts, RelayRoom<T>& room);

}  // namespace nib::inline NIB_ABI::kernels

#if NIB_BODIES

#include <cassert>

namespace nib::inline NIB_ABI::kernels {

template <class T>
void matmul_relay(const SparseRows<T>& x, MatrixView<const T> w, MatrixView<T> y, Epilogue<T> epilogue,
                  Executor& executor, std::size_t parts, RelayRoom<T>& room) {
    assert(x.cols == w.rows() && y.rows() == x.rows && y.cols() == w.cols());
    const std::size_t rows = y.rows(), cols = y.cols();
    const MatrixView<const T> bias{epilogue.bias, epilogue.bias != nullptr ? std::size_t{1} : 0, cols};
    const std::size_t blocks = larger<std::size_t>(cols / list_cols<T>, 1);
    room.prepare(parts, rows, cols);
    executor.run(parts, [&](std::size_t part) {
        const std::size_t place = parts - 1 - part;
        const bool first_thread = place == 0, last_thread = part == 0;
        const Range depth = relay_range(w.rows(), part, parts);
        const Nonzero<T>** const from = room.positions(place);
        find_column(x, depth.first, from);
        std::size_t done = 0;
        for (std::size_t first = 0; first < rows; first += lists_at_once) {
            const std::size_t count = smaller(lists_at_once, rows - first);
            const auto some = [=](auto matrix) { return matrix.middle_rows(first, count); };
            for (std::size_t block = 0; block < blocks; ++block) {
                if (!first_thread) executor.wait_for(room.pieces_done(place - 1), done + 1);
                const std::size_t column = block * list_cols<T>;
                matmul_lists<T>(x.middle_rows(first, count), from + first, w, some(last_thread ? y : room.sums(place)),
                                {.depth = depth,
                                 .cols = {column, block + 1 < blocks ? list_cols<T> : cols - column},
                                 .start = first_thread ? bias : some(MatrixView<const T>{room.sums(place - 1)}),
                                 .activation = last_thread ? epilogue.activation : Activation::none});
                room.pieces_done(place).store_release(++done);
            }
        }
    });
}

#if defined(NIB_TEMPLATE)
NIB_TEMPLATE void matmul_relay(const SparseRows<float>&, MatrixView<const float>, MatrixView<float>, Epilogue<float>,
                               Executor&, std::size_t, RelayRoom<float>&);
NIB_TEMPLATE void matmul_relay(const SparseRows<double>&, MatrixView<const double>, MatrixView<double>,
                               Epilogue<double>, Executor&, std::size_t, RelayRoom<double>&);
#endif

}  // namespace nib::inline NIB_ABI::kernels

#endif
