#include <nib/model/mlp.hpp>

#include "../support.hpp"

#include <nib/loss/nll.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>

static_assert(nib::Network<nib::Mlp>);
static_assert(nib::Network<nib::BasicMlp<double>>);

TEST_CASE("an Mlp and the Sequential of its sizes have the same bits: parameters, outputs and gradients") {
    using Twin = nib::Sequential<nib::Dense<20, 16>, nib::ReLU, nib::Dense<16, 9>, nib::ReLU, nib::Dense<9, 10>,
                                 nib::LogSoftmax>;
    nib::Rng rng{11}, twin_rng{11};
    const nib::Mlp net{{20, 16, 9, 10}, rng};
    const Twin twin{twin_rng};
    CHECK(net.parameter_count() == Twin::parameter_count());
    CHECK(std::ranges::equal(net.parameters(), twin.parameters()));
    CHECK(rng.state() == twin_rng.state());

    nib::Matrix<float> x(6, 20);
    for (float& value : x.values()) value = rng.uniform() < 0.6 ? 0.0f : static_cast<float>(rng.uniform());
    const std::vector<int> targets{0, 9, 4, 4, 7, 2};
    nib::Workspace<float> workspace, twin_workspace;
    const auto y = net.forward(x, workspace);
    const auto twin_y = twin.forward(x, twin_workspace);
    CHECK(std::ranges::equal(y.values(), twin_y.values()));
    const auto one = net(x.row(3));
    CHECK(std::ranges::equal(one, y.row(3)));

    for (const auto from : {nib::BackwardFrom::logits, nib::BackwardFrom::outputs}) {
        nib::Matrix<float> dy(6, 10);
        if (from == nib::BackwardFrom::logits)
            nib::NllLoss::gradient_before_log_softmax<float>(y, targets, dy);
        else
            nib::NllLoss::gradient<float>(y, targets, dy);
        std::vector<float> gradients(net.parameter_count()), twin_gradients(net.parameter_count());
        net.backward(dy, from, workspace, gradients).values();
        twin.backward(dy, from, twin_workspace, twin_gradients).values();
        CHECK(gradients == twin_gradients);
        CHECK(std::ranges::any_of(gradients, [](float g) { return g != 0; }));
    }
}

TEST_CASE("an Mlp of two widths is one dense layer") {
    nib::Rng rng{12};
    const nib::Mlp net{{3, 2}, rng};
    CHECK(net.parameter_count() == 8);
    CHECK(net.tensors().size() == 2);
    CHECK(net(std::vector<float>{1, 2, 3}).size() == 2);
}

TEST_CASE("widths that make no network are refused") {
    CHECK(support::error_of([] { nib::Mlp net{{784}}; }) == "Mlp: expected at least 2 widths, found 1");
    CHECK(support::error_of([] { nib::Mlp net{{784, 0, 10}}; }) == "Mlp: expected widths of at least 1, found 0");
}

TEST_CASE("an Mlp's dense layers are numbered as in torch.nn.Sequential, or carry the names that it was given") {
    nib::Mlp net{{4, 3, 2}};
    CHECK(net.tensors()[0].name == "0.weight");
    CHECK(net.tensors()[2].name == "2.weight");
    net.set_layer_names({"fc1", "fc2"});
    CHECK(net.tensors()[3].name == "fc2.bias");
    CHECK(support::error_of([&] { net.set_layer_names({"fc1"}); }) == "Mlp: expected 2 layer names, found 1");
}
