#include <nib/train/training_state.hpp>

#include "../support.hpp"

#include <vector>

TEST_CASE("a copy of a network's numbers is put back where they fit, and refused elsewhere") {
    std::vector<float> parameters{1, 2, 3}, buffers{4};
    nib::NetworkCopy<float> copy;
    CHECK(copy.empty());
    copy.take(parameters, buffers);
    CHECK(!copy.empty());
    std::vector<float> to(3), to_buffers(1), none;
    copy.put(to, to_buffers);
    CHECK(to == parameters);
    CHECK(to_buffers == buffers);
    to = {7, 8, 9};
    CHECK(support::error_of([&] { return copy.put(to, none), 0; }) ==
          "the training state is of a network with 3 parameters and 1 buffers, expected 3 and 0");
    CHECK(to == std::vector<float>{7, 8, 9});
}

TEST_CASE("a state knows how many epochs are done") {
    nib::TrainingState<> state;
    CHECK(state.epochs() == 0);
    state.history.push_back({.epoch = 7});
    CHECK(state.epochs() == 7);
}
