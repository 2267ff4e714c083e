#include <nib/layers/dense.hpp>
#include <nib/loss/mse.hpp>
#include <nib/model/sequential.hpp>
#include <nib/train/evaluate.hpp>

#ifdef NIB_BAD
using LossOfRows = nib::NllLoss;
#else
using LossOfRows = nib::MseLoss;
#endif

int main() {
    const nib::Sequential<nib::Dense<2, 2>, nib::LogSoftmax> net;
    const nib::Matrix<float> x(2, 2);
    return nib::evaluate(net, nib::Examples{x, x}, LossOfRows{}).loss == 0 ? 0 : 1;
}
