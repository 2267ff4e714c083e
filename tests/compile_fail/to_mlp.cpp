#include <nib/model/to_mlp.hpp>

#ifdef NIB_BAD
using Net = nib::Sequential<nib::Dense<4, 3>, nib::Dense<3, 2>, nib::LogSoftmax>;
#else
using Net = nib::Sequential<nib::Dense<4, 3>, nib::ReLU, nib::Dense<3, 2>, nib::LogSoftmax>;
#endif

int main() { return nib::to_mlp(Net{}).widths().size() == 3 ? 0 : 1; }
