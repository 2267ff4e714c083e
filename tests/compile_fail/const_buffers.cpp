#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>
#include <nib/train/gradients.hpp>

#ifdef NIB_BAD
#define NIB_TEST_CONST const
#else
#define NIB_TEST_CONST
#endif

int main() {
    nib::Rng rng{1};
    NIB_TEST_CONST nib::Sequential<nib::Dense<2, 2>, nib::BatchNorm, nib::LogSoftmax> net{rng};
    const nib::Matrix<float> x(2, 2);
    const std::vector<int> classes(2);
    nib::Gradients gradients{net};
    static_cast<void>(gradients(net, {x, classes}));
}
