#include <nib/layers/dropout.hpp>

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/core/threads.hpp>
#include <nib/layers/dense.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace {

using nib::Dropout;
using nib::Matrix;

template <class T, class L>
Matrix<T> masked(const Matrix<T>& x, std::uint64_t key, std::uint64_t first_row, bool training = true) {
    nib::Pass<T> pass;
    pass.training = training;
    pass.key = key;
    pass.first_row = first_row;
    Matrix<T> y(x.rows(), x.cols());
    L::forward(pass, x.view(), y.view());
    return y;
}

template <class T>
Matrix<T> ones(std::size_t rows, std::size_t cols) {
    Matrix<T> x(rows, cols);
    std::fill(x.values().begin(), x.values().end(), T{1});
    return x;
}

}  // namespace

TEST_CASE_TEMPLATE("a part P of the numbers becomes 0, the others are divided by 1 - P", T, float, double) {
    const auto y = masked<T, Dropout<0.2>>(ones<T>(400, 250), 3, 0);
    std::size_t zeros = 0;
    for (const T value : y.values()) {
        CHECK_MESSAGE((value == T{0} || value == static_cast<T>(1 / 0.8)), value);
        zeros += value == T{0} ? 1 : 0;
    }
    // 100,000 draws: within five standard deviations of 0.2.
    CHECK(std::abs(static_cast<double>(zeros) / 1e5 - 0.2) < 5 * std::sqrt(0.2 * 0.8 / 1e5));
}

TEST_CASE("rows, columns, keys and neighbours are independent of each other") {
    const auto y = masked<double, Dropout<0.5>>(ones<double>(300, 200), 3, 0);
    const auto dropped = [](const Matrix<double>& m, std::size_t i, std::size_t j) { return m(i, j) == 0; };
    const auto agreement = [&](const Matrix<double>& other, std::size_t down, std::size_t right) {
        double same = 0, all = 0;
        for (std::size_t i = 0; i + down < 300; ++i)
            for (std::size_t j = 0; j + right < 200; ++j, ++all)
                same += dropped(y, i, j) == dropped(other, i + down, j + right) ? 1 : 0;
        return std::abs(same / all - 0.5) * 2 * std::sqrt(all);  // in standard deviations
    };
    CHECK(agreement(y, 0, 1) < 5);
    CHECK(agreement(y, 1, 0) < 5);
    CHECK(agreement(y, 1, 1) < 5);
    CHECK(agreement(y, 0, 64) < 5);
    CHECK(agreement(masked<double, Dropout<0.5>>(ones<double>(300, 200), 4, 0), 0, 0) < 5);
    for (const bool by_row : {true, false})
        for (std::size_t k = 0; k < (by_row ? 300 : 200); ++k) {
            double count = 0;
            const std::size_t length = by_row ? 200 : 300;
            for (std::size_t n = 0; n < length; ++n) count += dropped(y, by_row ? k : n, by_row ? n : k) ? 1 : 0;
            CHECK(std::abs(count / static_cast<double>(length) - 0.5) < 0.2);
        }
}

TEST_CASE(
    "the mask depends on the row's number in the epoch, not on where the batch begins, and is the same on every CPU") {
    const auto expected = masked<float, Dropout<0.3>>(ones<float>(20, 77), 5, 100);
    reference::for_each_isa([&](nib::Isa) {
        CHECK(reference::same_bits(masked<float, Dropout<0.3>>(ones<float>(20, 77), 5, 100), expected));
        const auto part = masked<float, Dropout<0.3>>(ones<float>(6, 77), 5, 107);
        for (std::size_t i = 0; i < 6; ++i) CHECK(reference::same_bits<float>(part.row(i), expected.row(i + 7)));
    });
}

TEST_CASE("backward uses the mask again; without training nothing changes") {
    nib::Rng rng{2};
    const auto dy = reference::random_matrix<double>(9, 70, rng);
    nib::Pass<double> pass;
    pass.training = true;
    pass.key = 8;
    Matrix<double> dx(9, 70);
    Dropout<0.4>::backward_input(pass, {}, {}, dy.view(), dx.view());
    const auto mask = masked<double, Dropout<0.4>>(ones<double>(9, 70), 8, 0);
    for (std::size_t i = 0; i < dx.size(); ++i) CHECK(dx.values()[i] == dy.values()[i] * mask.values()[i]);
    CHECK(reference::same_bits(masked<double, Dropout<0.4>>(dy, 8, 0, false), dy));
    CHECK(reference::same_bits(masked<double, Dropout<0>>(dy, 8, 0), dy));
}

TEST_CASE("a network with dropout passes the gradient check, and gives the same bits with threads") {
    using Net =
        nib::BasicSequential<double, nib::Dense<5, 7>, Dropout<0.25>, nib::Dense<7, 6>, Dropout<0.5>, nib::Dense<6, 3>>;
    nib::Rng rng{3};
    Net net{rng};
    CHECK(reference::network_gradient_error(net, reference::random_matrix<double>(6, 5, rng), rng) < 1e-7);

    using Wide = nib::Sequential<nib::Dense<300, 256>, Dropout<0.25>, nib::Dense<256, 256>>;
    const Wide wide{rng};
    const auto x = reference::random_matrix<float>(200, 300, rng);
    nib::ThreadPool pool{3};
    nib::Workspace<float> alone, shared{&pool};
    const nib::TrainingPass training{.on = true, .key = 9, .first_row = 0};
    CHECK(reference::same_bits<float>(nib::run_forward<float>(wide.view(), x, alone, training).values(),
                                      nib::run_forward<float>(wide.view(), x, shared, training).values()));
}

TEST_CASE("Dropout is described as PyTorch does, and is no operator of ONNX") {
    CHECK(Dropout<0.2>::description() == "Dropout(p=0.2)");
    CHECK(Dropout<0>::description() == "Dropout(p=0)");
    CHECK(Dropout<0.5f>::operators().empty());
}
