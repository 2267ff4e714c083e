#include <nib/layers/dense.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/model/sequential.hpp>
#include <nib/optim/sgd.hpp>
#include <nib/train/fit.hpp>

int main() {
    nib::Rng rng{1};
    nib::Sequential<nib::Dense<2, 2>, nib::LogSoftmax> net{rng};
    nib::Sgd sgd{net};
    const nib::Dataset train, validation;
#ifdef NIB_BAD
    nib::fit(net, sgd, train, {}, rng, validation);
#else
    nib::fit(net, sgd, train, {}, rng, nib::Validation{validation});
#endif
}
