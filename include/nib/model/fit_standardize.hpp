// fit_standardize(net, data): gives the Standardize layer that a network begins with the mean and the standard
// deviation of each feature of the data. Call it before training, with the training data.
//
//   nib::Sequential<nib::Standardize, nib::Dense<8, 64>, nib::ReLU, nib::Dense<64, 1>> net{rng};
//   nib::fit_standardize(net, train);
//
// The deviation is that of all examples: the mean square of the distances from the mean, and its root. A feature that
// is the same in all of them gets the deviation 1, and so becomes 0.
//
// Throws where the network begins with another layer, where there is no example or another number of features, and
// where a number is not finite, or too large for its square to be; the network is then as it was.
#pragma once

#include <nib/core/detail/list.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/matrix.hpp>
#include <nib/data/batches.hpp>
#include <nib/data/detail/check.hpp>
#include <nib/kernels/sparse_matrix.hpp>
#include <nib/layers/standardize.hpp>
#include <nib/model/network.hpp>

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// Calls f(example, feature, number) for all numbers of the data, example by example.
template <class T, class Data, class F>
void for_each_number(const Data& data, const F& f) {
    constexpr std::size_t together = 256;
    Matrix<T> buffer(together, data.input_size());
    std::size_t example = 0;
    for (const auto& batch : batches<T>(data, together)) {
        const MatrixView<T> rows = buffer.view().middle_rows(0, batch.size());
        if (batch.inputs.is_sparse()) kernels::write_dense<T>(batch.inputs.sparse(), rows);
        const MatrixView<const T> x = batch.inputs.is_sparse() ? MatrixView<const T>{rows} : batch.inputs.matrix();
        for (std::size_t i = 0; i < x.rows(); ++i, ++example)
            for (std::size_t j = 0; j < x.cols(); ++j) f(example, j, x(i, j));
    }
}

// A feature's numbers, which are seen twice: for the mean, and for the distances from it.
struct FeatureStatistics {
    double first = 0;
    double sum = 0;
    double squares = 0;
    bool differs = false;  // whether any of its numbers is another than the first
};

[[noreturn]] void fail_to_standardize(const std::string& found);

}  // namespace detail

template <Network Net, class Data>
requires ExampleSource<Data, typename Net::scalar_type>
void fit_standardize(Net& net, const Data& data) {
    using T = typename Net::scalar_type;
    const NetworkView<T> view = net.view();
    detail::check_network(view);
    if (view.steps.front().layer != layer_id<Standardize>) detail::fail_to_standardize(net.layers().front().text);
    const std::size_t features = net.input_size();
    detail::check_example_sizes(detail::label_of(data), data.size(), data.input_size(), features);

    detail::List<detail::FeatureStatistics> statistics(features);
    detail::for_each_number<T>(data, [&](std::size_t example, std::size_t j, T number) {
        if (!is_finite(number))
            fail({detail::label_of(data), ": expected finite numbers, found ", not_finite_name(number), " as feature ",
                  j, " of example ", detail::original_index(data, example)});
        detail::FeatureStatistics& feature = statistics[j];
        const auto value = static_cast<double>(number);
        if (example == 0) feature.first = value;
        feature.differs = feature.differs || value != feature.first;
        feature.sum += value - feature.first;
    });
    const auto count = static_cast<double>(data.size());
    detail::for_each_number<T>(data, [&](std::size_t /*example*/, std::size_t j, T number) {
        detail::FeatureStatistics& feature = statistics[j];
        const double distance = (static_cast<double>(number) - feature.first) - feature.sum / count;
        feature.squares += distance * distance;
    });
    for (std::size_t j = 0; j < features; ++j)
        if (!is_finite(statistics[j].squares))
            fail({detail::label_of(data), ": feature ", j,
                  ": expected numbers whose squares are finite, found larger ones"});
    for (std::size_t j = 0; j < features; ++j) {
        const detail::FeatureStatistics& feature = statistics[j];
        const auto deviation = static_cast<T>(square_root(feature.squares / count));
        net.buffers()[j] = static_cast<T>(feature.first + feature.sum / count);
        const bool usable = feature.differs && deviation >= (std::numeric_limits<T>::min)();
        net.buffers()[features + j] = usable ? deviation : T{1};
    }
}

inline void detail::fail_to_standardize(const std::string& found) {
    fail({"fit_standardize: expected a network that begins with Standardize, found ", found});
}

}  // namespace nib::inline NIB_ABI
