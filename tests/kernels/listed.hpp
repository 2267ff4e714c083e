// A matrix with the lists of its non-zeros, and many such, for the tests of what works on these.
#pragma once

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/core/matrix.hpp>
#include <nib/kernels/detail/nonzeros.hpp>

#include <cstddef>
#include <vector>

namespace reference {

// In exactly the memory that they are promised to need.
template <class T>
struct Listed {
    explicit Listed(const nib::Matrix<T>& x)
        : lists(x.rows()),
          entries(nib::kernels::sparse_capacity(x.rows(), x.cols())),
          inputs{nib::kernels::find_nonzeros<T>(x, {lists.data(), entries.data()})} {}

    std::vector<nib::kernels::SparseRow<T>> lists;
    std::vector<nib::kernels::Nonzero<T>> entries;
    nib::kernels::InputView<T> inputs;
};

// Calls check(x, outputs) for inputs of which any part is zero, for any number of outputs, for batches and features
// that are cut into blocks (at 256 columns of floats, 1 kB apart, into smaller ones), and for rows of zeros and for -0.
template <class T, class Check>
void for_each_sparse_product(nib::Rng& rng, const Check& check) {
    for (const double zeros : {0.0, 0.3, 0.6, 0.81, 1.0})
        for (const std::size_t rows : Sizes{1, 2, 15})
            for (const std::size_t features : Sizes{1, 16, 45, 130})
                for (const std::size_t outputs : Sizes{1, 10, 64})
                    check(random_matrix<T>(rows, features, rng, zeros), outputs);
    for (std::size_t outputs = 1; outputs <= 140; ++outputs)
        for (const std::size_t rows : Sizes{1, 3})
            for (const double zeros : {0.8, 0.0}) check(random_matrix<T>(rows, 19, rng, zeros), outputs);
    for (const std::size_t rows : Sizes{64, 65, 150})
        for (const std::size_t outputs : Sizes{10, 33, 256, 300}) check(random_matrix<T>(rows, 300, rng, 0.8), outputs);
    for (const std::size_t outputs : Sizes{10, 70, 140}) check(random_matrix<T>(3, 1100, rng, 0.8), outputs);
    check(random_matrix<T>(70, 500, rng, 0.8), 140);
    nib::Matrix<T> x = random_matrix<T>(6, 50, rng, 0.9);
    for (T& value : x.row(0)) value = 0;
    for (T& value : x.row(3)) value = T{-0.0};
    for (std::size_t i = 0; i < x.rows(); ++i) x(i, 11) = T{-0.0};
    REQUIRE(Listed<T>{x}.inputs.is_sparse());
    check(x, 23);
}

}  // namespace reference
