#include <nib/model/mlp.hpp>
#include <nib/train/gradients.hpp>

#include <utility>

int main() {
    nib::Rng rng{1};
    nib::Mlp net{{2, 2}, rng};
#ifdef NIB_BAD
    nib::Gradients gradients{std::move(net)};
#else
    nib::Gradients gradients{net};
#endif
    return gradients.loss() == 0 ? 0 : 1;
}
