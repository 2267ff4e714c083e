#include <nib/model/onnx_export.hpp>

#include <span>
#include <vector>

struct Identity {
    static constexpr std::size_t parameter_count = 0;

    template <class T>
    static void forward(std::span<const T>, nib::MatrixView<const T>, nib::MatrixView<T>) {}
    template <class T>
    static void backward(std::span<const T>, nib::MatrixView<const T>, nib::MatrixView<const T>,
                         nib::MatrixView<const T>, nib::MatrixView<T>, std::span<T>) {}
#ifndef NIB_BAD
    static std::vector<nib::OnnxOperator> operators() { return {}; }
#endif
};

int main() { nib::save_onnx(nib::Sequential<nib::Dense<3, 2>, Identity>{}, "net.onnx"); }
