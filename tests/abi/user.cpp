// Uses enough of nib that its object file holds symbols of every folder.
#include <nib/all.hpp>

int main() {
    nib::Rng rng{1};
    nib::Sequential<nib::Dense<4, 8>, nib::ReLU, nib::Dense<8, 3>, nib::LogSoftmax> net{rng};
    nib::Adam adam{net};
    const nib::Matrix<float> x(8, 4);
    const std::vector<int> classes(8);
    nib::fit(net, adam, nib::Examples{x, classes}, {}, rng);
    nib::save(net, "net.safetensors");
    nib::ThreadPool pool{1};
    return static_cast<int>(nib::load_mlp("net.safetensors").input_size());
}
