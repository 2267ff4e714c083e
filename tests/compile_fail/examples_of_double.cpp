#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>
#include <nib/train/evaluate.hpp>

#ifdef NIB_BAD
using Number = double;
#else
using Number = float;
#endif

int main() {
    const nib::Sequential<nib::Dense<2, 2>, nib::LogSoftmax> net;
    const nib::Matrix<Number> x(2, 2);
    const std::vector<int> classes(2);
    return nib::evaluate(net, nib::Examples{x, classes}).total() == 2 ? 0 : 1;
}
