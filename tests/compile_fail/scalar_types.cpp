// A matrix of double where a network of float reads one: the message names both.
#include <nib/kernels/sparse_matrix.hpp>

int main() {
#if defined(NIB_BAD)
    const nib::Matrix<double> x(1, 2);
#else
    const nib::Matrix<float> x(1, 2);
#endif
    const nib::kernels::InputView<float> input = x;
    return static_cast<int>(input.rows() - 1);
}
