// What torch.optim computes (tools/fixtures/optim.py), and whether an optimiser of nib's does.
#pragma once

#include "../reference.hpp"
#include "../support.hpp"

#include <nib/io/npz.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace support {

// The numbers of one array of torch_optim.npz.
inline std::vector<double> torch_optim(const std::string& name) {
    nib::TensorFile file = nib::open_npz(fixture("torch_optim.npz"));
    return nib::values<double>(file, file.at(name));
}

template <class T>
std::vector<T> rounded(const std::vector<double>& numbers) {
    std::vector<T> result;
    for (const double number : numbers) result.push_back(static_cast<T>(number));
    return result;
}

// Whether 20 steps of Optimizer<T> with these options are those of the case `name`.
template <template <class> class Optimizer, class T, class Options>
void check_like_torch(const std::string& name, const Options& options) {
    constexpr double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-10;
    const std::vector<T> start = rounded<T>(torch_optim("start")), gradients = rounded<T>(torch_optim("gradients"));
    const std::vector<double> expected = torch_optim(name);
    const std::size_t count = start.size(), steps = gradients.size() / count;
    reference::for_each_isa([&](nib::Isa) {
        std::vector<T> parameters = start;
        Optimizer<T> optimizer{count, options};
        for (std::size_t step = 0, checked = 0; step < steps; ++step) {
            optimizer.step(std::span<T>{parameters}, std::span{gradients}.subspan(step * count, count));
            if (step > 1 && step + 1 < steps) continue;
            CAPTURE(name);
            CAPTURE(step);
            for (std::size_t i = 0; i < count; ++i)
                CHECK(static_cast<double>(parameters[i]) ==
                      doctest::Approx(expected[checked * count + i]).epsilon(tolerance).scale(sizeof(T) == 4 ? 1 : 0));
            ++checked;
        }
    });
}

}  // namespace support
