#include <nib/model/int8_view.hpp>

#include <nib/model/int8.hpp>

#include "../reference.hpp"

namespace {

// What `embed` writes: constants, here 3-2-2 with pairs of inputs side by side.
constexpr std::int8_t weights0[] = {1, 2, -3, 4, 5, 0, 6, 0};  // outputs (1, 2, 5) and (-3, 4, 6)
constexpr std::int32_t biases0[] = {10, -20};
constexpr float scales0[] = {0.5f, 0.25f};
constexpr std::int8_t weights1[] = {1, -1, 2, 3};  // outputs (1, -1) and (2, 3)
constexpr std::int32_t biases1[] = {0, 7};
constexpr float scales1[] = {0.125f, 1.0f};
constexpr nib::kernels::Int8Matrix layers[] = {{3, 2, weights0, biases0, scales0}, {2, 2, weights1, biases1, scales1}};
constexpr nib::Int8View<3, 2, 3> view{{10.0f, 5}, layers};

}  // namespace

TEST_CASE("a view of constants computes what is written by hand") {
    // Steps 10, -5 (cut off at the zero point), 20; sums 10 + 10 - 10 + 100 = 110 and -20 - 30 - 20 + 120 = 50; steps
    // 55 and 12.5, rounded 13; sums 55 - 13 = 42 and 7 + 110 + 39 = 156.
    const std::array<float, 3> x{1.0f, -3.0f, 2.0f};
    reference::for_each_isa([&](nib::Isa) {
        CHECK(view.logits(x) == std::array<float, 2>{5.25f, 156.0f});
        const std::array<float, 2> outputs = view(x);
        CHECK(outputs[0] == doctest::Approx(5.25 - 156.0));
        CHECK(outputs[1] == 0);
    });
    CHECK(view.input_size() == 3);
    CHECK(view.output_size() == 2);
}

TEST_CASE("a view of a network's layers is the network") {
    nib::Rng rng{5};
    const nib::Mlp net{{7, 12, 5, 3}, rng};
    nib::Matrix<float> x = reference::random_matrix<float>(20, 7, rng);
    const std::vector<int> classes(20);
    const nib::Int8Mlp small = nib::quantize(net, nib::Examples{x, classes});
    const nib::kernels::Int8Matrix kernel_layers[] = {small.kernel_layer(0), small.kernel_layer(1),
                                                      small.kernel_layer(2)};
    const nib::Int8View<7, 3, 12> of_network{small.input_range(), kernel_layers};
    CHECK(small.widest() == 12);
    for (std::size_t i = 0; i < x.rows(); ++i) {
        const std::span<const float, 7> row{x.row(i).data(), 7};
        const auto logits = of_network.logits(row);
        CHECK(reference::same_bits(std::span<const float>{logits}, std::span<const float>{small.logits(row)}));
        const auto outputs = of_network(row);
        CHECK(reference::same_bits(std::span<const float>{outputs}, std::span<const float>{small(row)}));
    }
}
