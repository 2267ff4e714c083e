#include <nib/layers/standardize.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>

#include <cstddef>

namespace {

using nib::Standardize;

}  // namespace

TEST_CASE_TEMPLATE("columns become (x - mean) / std, and gradients are divided by std", T, float, double) {
    static_assert(nib::Layer<Standardize, T> && Standardize::runs_in_place);
    nib::Rng rng{1};
    const auto x = reference::random_matrix<T>(5, 3, rng), dy = reference::random_matrix<T>(5, 3, rng);
    const T buffers[6] = {1, -2, T{0.5}, 4, T{0.25}, 1};
    nib::Matrix<T> y(5, 3), dx(5, 3);
    nib::Pass<T> pass;
    pass.buffers = buffers;
    Standardize::forward(pass, x.view(), y.view());
    Standardize::backward_input(pass, {}, {}, dy.view(), dx.view());
    for (std::size_t i = 0; i < 5; ++i)
        for (std::size_t j = 0; j < 3; ++j) {
            CHECK(y(i, j) == (x(i, j) - buffers[j]) / buffers[3 + j]);
            CHECK(dx(i, j) == dy(i, j) / buffers[3 + j]);
        }
}

TEST_CASE("in a network its numbers are buffers, which training leaves as they are; sparse inputs are standardised") {
    nib::Rng rng{2};
    using Net = nib::BasicSequential<double, Standardize, nib::Dense<4, 6>, Standardize, nib::Dense<6, 3>>;
    Net net{rng};
    const auto x = reference::random_matrix<double>(7, 4, rng, 0.8);
    for (std::size_t j = 0; j < net.buffers().size(); ++j) {
        const bool is_deviation = (j >= 4 && j < 8) || j >= 14;
        CHECK(net.buffers()[j] == (is_deviation ? 1 : 0));
        net.buffers()[j] += rng.uniform(0.1, 0.5);
    }
    CHECK(reference::network_gradient_error(net, x, rng) < 1e-7);

    nib::kernels::SparseRow<double> rows[7];
    nib::kernels::Nonzero<double> entries[nib::kernels::sparse_capacity(7, 4)];
    nib::Workspace<double> dense, sparse;
    const auto listed = nib::kernels::find_nonzeros<double>(x, {rows, entries});
    REQUIRE(listed.is_sparse());
    CHECK(reference::same_bits<double>(net.forward(x, dense).values(), net.forward(listed, sparse).values()));

    const nib::LayerInfo layer = net.layers()[0];
    CHECK(layer.text == "Standardize(4)");
    REQUIRE(layer.tensors.size() == 2);
    CHECK((layer.tensors[0].name == "0.mean" && layer.tensors[0].is_buffer && layer.tensors[0].offset == 0));
    CHECK((layer.tensors[1].name == "0.std" && layer.tensors[1].is_buffer && layer.tensors[1].offset == 4));
}

TEST_CASE_TEMPLATE("until it is told numbers it is not ready; 0 and 1, or anything else, are such", T, float, double) {
    T buffers[4];
    Standardize::initialize_buffers<T>(buffers, {2, 2});
    const auto error = [&] { return support::error_of([&] { Standardize::check_ready<T>(buffers); }); };
    CHECK(error() ==
          "the network begins with Standardize, which was told nothing: call fit_standardize(net, data) first");
    buffers[1] = 0;
    CHECK(error() == "");
    Standardize::initialize_buffers<T>(buffers, {2, 2});
    buffers[3] = 2;
    CHECK(error() == "");
}
