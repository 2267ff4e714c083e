#include <nib/layers/dense.hpp>
#include <nib/model/onnx_export.hpp>

#include <vector>

struct Identity {
    template <class T>
    static void forward(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<T>) {}
    template <class T>
    static void backward_input(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                               nib::MatrixView<const T>, nib::MatrixView<T>) {}
#ifndef NIB_BAD
    static std::vector<nib::Operator> operators() { return {}; }
#endif
};

int main() { nib::save_onnx(nib::Sequential<nib::Dense<3, 2>, Identity>{}, "net.onnx"); }
