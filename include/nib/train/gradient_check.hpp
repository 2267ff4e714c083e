// check_gradients: compares a network's gradients with central differences of its loss, for authors of a layer or a
// loss. Each parameter is moved up and down a little, and the change of the loss compared with its gradient:
//
//   nib::Rng rng{1};
//   const nib::BasicSequential<double, nib::Dense<4, 6>, MyLayer, nib::Dense<6, 3>, nib::LogSoftmax> net{rng};
//   const nib::GradientCheck check = nib::check_gradients(net, {x, classes});
//   if (!check.passed) std::puts(check.text().c_str());
//
//     largest error 0.31 at "1.slope"[4]: gradient 0.0214, central difference -0.0107; 63 of 63 parameters compared
//
// Use a network of double; float can be checked only roughly. Put a layer with parameters before yours, so that
// backward_input is called, and smooth layers behind it: where a parameter moves an input of ReLU over its kink the two
// differ though nothing is wrong (try another seed, or a smaller step). A few examples are enough. Each parameter takes
// two passes over the network, so check a small one, or a sample of its parameters.
//
// All is as in training: BatchNorm takes the batch's statistics, Dropout the mask of batch.key. Memory that layers and
// the loss must fill holds NaN before, so that what they forget to assign shows. The network, with its parameters and
// buffers (running means), stays as it is: the check works on copies.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/random.hpp>
#include <nib/loss/loss.hpp>
#include <nib/loss/nll.hpp>
#include <nib/model/network.hpp>
#include <nib/train/gradients.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace nib::inline NIB_ABI {

struct GradientCheckOptions {
    double step = 0;       // how far a parameter p is moved, times max(1, |p|); 0: 1e-5 for double, 1e-2 for float
    double tolerance = 0;  // of passed; 0: 1e-6 for double, 2e-2 for float
    std::size_t each_tensor = 0;  // check at most so many parameters of each tensor, drawn by `seed`; 0: all
    std::uint64_t seed = 1;
};

struct GradientCheck {
    bool passed = true;        // whether the largest error is below the tolerance
    double largest_error = 0;  // |gradient - central difference|, as a part of the largest of all gradients
    std::size_t checked = 0;   // parameters, of so many
    std::size_t parameters = 0;
    // Where the largest error is: tensor "0.weight", and the index in it, counted as in a model file.
    std::string tensor;
    std::size_t index = 0;
    double gradient = 0;
    double difference = 0;

    std::string text() const;
};

namespace detail {

// The loss as a function of one parameter, and back to how it was.
template <Network Net, class L>
class MovedLoss {
public:
    using T = typename Net::scalar_type;
    using Batch = typename Gradients<Net, L>::Batch;

    MovedLoss(const Net& net, const Batch& batch, const L& loss)
        : net_{net}, buffers_(net.buffers().begin(), net.buffers().end()), batch_{batch}, gradients_{net_, loss} {
        if (batch_.key == 0) batch_.key = 1;  // one mask of Dropout for all passes
        gradients_.allow_zero_parameters();
    }
    std::vector<double> gradients() {
        pass();  // fails where training would, and makes room
        spoil();
        const std::span<const T> values = pass().multiply_out();
        return {values.begin(), values.end()};
    }
    double central_difference(std::size_t parameter, double step) {
        T& value = net_.parameters()[parameter];
        const T middle = value;
        const double distance = step * larger(1.0, magnitude(static_cast<double>(middle)));
        const T ends[] = {static_cast<T>(middle + distance), static_cast<T>(middle - distance)};
        double losses[2];
        for (int i = 0; i < 2; ++i) {
            value = ends[i];
            pass();
            losses[i] = gradients_.loss();
        }
        value = middle;
        return (losses[0] - losses[1]) / (static_cast<double>(ends[0]) - static_cast<double>(ends[1]));
    }

private:
    DeferredGradient<T> pass() {
        copy_values(buffers_.data(), buffers_.size(), net_.buffers().data());
        return gradients_(net_, batch_);
    }
    // NaN where a step finds the numbers of the one before.
    void spoil() {
        const auto spoil = [](T* values, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) values[i] = std::numeric_limits<T>::quiet_NaN();
        };
        const std::size_t rows = batch_.inputs.rows();
        Workspace<T>& workspace = gradients_.workspace_;
        const detail::ArrayView<Step<T>> steps = net_.view().steps;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            const Step<T>& step = steps[i];
            const std::size_t outputs = step.shape.out, kept = rows * step.kept_per_row;
            spoil(workspace.activation(step.output, rows, outputs).data(), rows * outputs);
            spoil(workspace.gradient(step.output_gradient, rows, outputs).data(), rows * outputs);
            spoil(workspace.kept(i, kept), kept);
            spoil(workspace.scratch(rows * step.scratch_per_row), rows * step.scratch_per_row);
            const std::size_t statistics = step.statistics_offset + step.statistics;
            spoil(workspace.statistics(statistics), statistics);
        }
        const std::size_t outputs = rows * net_.output_size();
        spoil(gradients_.output_gradient_.buffer(outputs), outputs);
        spoil(gradients_.buffer_.data(), gradients_.buffer_.size());
    }

    Net net_;
    std::vector<T> buffers_;
    Batch batch_;
    Gradients<Net, L> gradients_;
};

}  // namespace detail

// The batch is one that training would take: inputs [B, F], and a class or a row of targets for each. Fails where
// training would.
template <Network Net, Loss<typename Net::scalar_type> L = NllLoss>
[[nodiscard]] GradientCheck check_gradients(const Net& net, const typename Gradients<Net, L>::Batch& batch, L loss = {},
                                            const GradientCheckOptions& options = {}) {
    constexpr bool is_double = std::is_same_v<typename Net::scalar_type, double>;
    const double step = options.step > 0 ? options.step : is_double ? 1e-5 : 1e-2;
    const double tolerance = options.tolerance > 0 ? options.tolerance : is_double ? 1e-6 : 2e-2;

    detail::MovedLoss<Net, L> moved{net, batch, loss};
    const std::vector<double> gradients = moved.gradients();
    double largest = (std::numeric_limits<double>::min)();
    for (const double gradient : gradients) largest = larger(largest, magnitude(gradient));

    GradientCheck result;
    result.parameters = gradients.size();
    Rng rng{options.seed};
    for (const LayerTensor& tensor : net.tensors()) {
        if (tensor.is_buffer) continue;
        const std::size_t size = tensor.size();
        const std::size_t count = options.each_tensor > 0 ? smaller(options.each_tensor, size) : size;
        for (std::size_t k = 0; k < count; ++k) {
            // One of each of `count` equal parts.
            const std::size_t first = size * k / count, end = size * (k + 1) / count;
            const std::size_t place = first + (count < size ? to_size(rng.below(end - first)) : 0);
            const double gradient = gradients[tensor.offset + place];
            const double difference = moved.central_difference(tensor.offset + place, step);
            const double distance = magnitude(gradient - difference);
            const double error = is_finite(distance) ? distance / largest : std::numeric_limits<double>::infinity();
            ++result.checked;
            if (result.checked > 1 && error <= result.largest_error) continue;
            result.largest_error = error;
            result.tensor = tensor.name;
            result.index = tensor.index_in_file(place);
            result.gradient = gradient;
            result.difference = difference;
        }
    }
    result.passed = result.largest_error < tolerance;
    return result;
}

inline std::string GradientCheck::text() const {
    const auto digits = [](double value) {
        char buffer[40];
        return std::string(buffer,
                           std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 4).ptr);
    };
    const std::string end = std::to_string(checked) + " of " + std::to_string(parameters) + " parameters compared";
    if (checked == 0) return end;
    return "largest error " + digits(largest_error) + " at \"" + tensor + "\"[" + std::to_string(index) +
           "]: gradient " + digits(gradient) + ", central difference " + digits(difference) + "; " + end;
}

}  // namespace nib::inline NIB_ABI
