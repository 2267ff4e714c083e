// A matrix with the lists of its non-zeros, for the tests of what works on these.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/kernels/nonzeros.hpp>

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

    std::vector<nib::kernels::NonzeroList<T>> lists;
    std::vector<nib::kernels::Nonzero<T>> entries;
    nib::kernels::Inputs<T> inputs;
};

}  // namespace reference
