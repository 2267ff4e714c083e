// What a program without exceptions and files has of nib: core, kernels, layers and inference.
#include <nib/model/mlp.hpp>
#include <nib/model/predict.hpp>

int main() {
    nib::Rng rng{1};
    const nib::Mlp net{{4, 8, 3}, rng};
    const float x[4] = {0.5f, -1.0f, 0.25f, 2.0f};
    const int predicted = nib::predict(net, x);
    return predicted >= 0 && predicted < 3 ? 0 : 1;
}
