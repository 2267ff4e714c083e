#include <nib/layers/dense.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/model/sequential.hpp>

#ifdef NIB_BAD
using Noise = nib::DropoutOfAnyRate;
#else
using Noise = nib::Dropout<0.5>;
#endif

int main() { return nib::Sequential<nib::Dense<4, 3>, Noise>{}.input_size() == 4 ? 0 : 1; }
