// A small task, and a network that learns it.
#pragma once

#include <nib/core/matrix.hpp>
#include <nib/core/random.hpp>
#include <nib/data/examples.hpp>
#include <nib/model/mlp.hpp>
#include <nib/optim/adam.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace support {

// Two classes that a line cannot part: inside and outside of a circle.
struct Circle {
    nib::Matrix<float> x{500, 2};
    std::vector<int> classes = std::vector<int>(500);

    Circle() {
        nib::Rng rng{51};
        for (std::size_t i = 0; i < classes.size(); ++i) {
            x(i, 0) = static_cast<float>(rng.uniform(-1, 1));
            x(i, 1) = static_cast<float>(rng.uniform(-1, 1));
            classes[i] = x(i, 0) * x(i, 0) + x(i, 1) * x(i, 1) < 0.5f ? 1 : 0;
        }
    }
    nib::Examples<float> examples() const { return {x, classes}; }
};

// Random examples, on a thread of their own where there are two.
struct RandomPoints {
    const nib::Examples<float>* points;

    std::size_t size() const { return points->size(); }
    std::size_t input_size() const { return points->input_size(); }
    friend int target_of(const RandomPoints& data, std::size_t index) { return target_of(*data.points, index); }
    friend std::size_t example_scratch_size(const RandomPoints&) { return 1; }
    std::size_t refused = static_cast<std::size_t>(-1);  // the example that cannot be made

    friend void copy_example(const RandomPoints& data, std::size_t index, nib::Rng&, std::uint8_t*,
                             std::span<float> to) {
        if (index == data.refused) nib::fail("no such example");
        copy_example(*data.points, index, to);
    }
};

// Parameters, moments, learning rate.
struct Learner {
    nib::Rng rng{61};
    nib::Mlp net{{2, 8, 2}, rng};
    nib::Adam<float> adam{net, {.learning_rate = 1e-2}};

    bool operator==(const Learner& other) const {
        return std::ranges::equal(net.parameters(), other.net.parameters()) &&
               std::ranges::equal(adam.state(0), other.adam.state(0)) &&
               std::ranges::equal(adam.state(1), other.adam.state(1)) && adam.steps() == other.adam.steps() &&
               adam.options().learning_rate == other.adam.options().learning_rate;
    }
};

}  // namespace support
