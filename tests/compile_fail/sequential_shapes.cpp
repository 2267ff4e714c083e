#include <nib/core/random.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/log_softmax.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>

#ifdef NIB_BAD
constexpr std::size_t second_layer_inputs = 127;
#else
constexpr std::size_t second_layer_inputs = 128;
#endif

int main() {
    nib::Rng rng{1};
    nib::Sequential<nib::Dense<784, 128>, nib::ReLU, nib::Dense<second_layer_inputs, 10>, nib::LogSoftmax> net{rng};
}
