#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>

// A user's layer; a count that takes no shape would be taken for none.
struct Shift {
#ifdef NIB_BAD
    static constexpr std::size_t parameter_count() { return 1; }
#else
    static constexpr std::size_t parameter_count(nib::LayerShape) { return 1; }
#endif
    template <class T>
    static void initialize(std::span<T>, nib::LayerShape, nib::Rng&) {}
    template <class T>
    static void forward(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<T>) {}
    template <class T>
    static void backward_input(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                               nib::MatrixView<const T>, nib::MatrixView<T>) {}
    template <class T>
    static void parameter_gradient(const nib::Pass<T>&, nib::MatrixView<const T>, nib::MatrixView<const T>,
                                   nib::ParameterGradient<T>&) {}
};

int main() {
    nib::Rng rng{1};
    nib::Sequential<nib::Dense<2, 3>, Shift> net{rng};
    return net.parameters().size() == 10 ? 0 : 1;
}
