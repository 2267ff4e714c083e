#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>

// A user's layer, or one that lacks all functions.
struct Shift {
    static constexpr int parameter_count = 1;
#ifndef NIB_BAD
    template <class T>
    static void forward(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<T>) {}
    template <class T>
    static void backward_input(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                               nib::MatrixView<const T>, nib::MatrixView<T>) {}
    template <class T>
    static void parameter_gradient(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                                   nib::ParameterGradient<T>&) {}
    template <class T>
    static void initialize(std::span<T>, nib::LayerShape, nib::Rng&) {}
#endif
};

int main() {
    nib::Rng rng{1};
    nib::Sequential<nib::Dense<2, 3>, Shift> net{rng};
    return net.parameters().size() == 10 ? 0 : 1;
}
