// Numbers that are not finite, which end fit: where they are, and why, as far as can be told.
#pragma once

#include <nib/core/detail/join.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/data/batches.hpp>
#include <nib/data/detail/check.hpp>
#include <nib/model/detail/finite.hpp>
#include <nib/model/network.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace nib::inline NIB_ABI::detail {

[[noreturn]] void fail_validation(int epoch, double loss);
[[noreturn]] void fail_step(int epoch, std::size_t step, std::size_t steps, double loss, const std::string& cause);
[[noreturn]] void fail_epoch(int epoch, const std::string& problem, const std::string& cause);

// Why a batch's loss or gradients are not finite, as far as can be told: its numbers, the parameters, or the rate.
template <class Net, class Data, class Range, class Batch, class Rate>
std::string not_finite_cause(const Net& net, const Data& data, const Range& batches, const Batch& batch,
                             const Rate& rate) {
    if (const NotFinite found = find_not_finite(batch); !found.text.empty())
        return join({": example ", original_index(data, batches.example(batch.step, found.row)), " of ", label_of(data),
                     " has ", found.text});
    const std::string problem = not_finite_text<typename Net::scalar_type>(net.tensors(), net.parameters());
    return (problem.empty() ? "" : ": before this step, tensor " + problem) + rate.suspicion();
}

// What an epoch has learned: fails where a parameter or a buffer is not finite, or a number of the optimiser's state,
// which would hold its parameter where it is for ever.
template <class Net, class Optimizer, class Rate>
void check_learned(const Net& net, const Optimizer& optimizer, int epoch, const Rate& rate) {
    using T = typename Net::scalar_type;
    const auto check_numbers = [&](std::span<const T> numbers, const std::string& prefix, bool buffers = false) {
        if (first_not_finite(numbers.data(), numbers.size()) != numbers.size())
            fail_epoch(epoch, not_finite_text<T>(net.tensors(), numbers, prefix, buffers), rate.suspicion());
    };
    check_numbers(net.parameters(), "");
    check_numbers(net.buffers(), "", true);
    if constexpr (requires { optimizer.state_names(); })
        for (std::size_t i = 0; i < optimizer.state_names().size(); ++i)
            check_numbers(optimizer.state(i), std::string(optimizer.state_names()[i]) + ".");
}

inline void fail_validation(int epoch, double loss) {
    fail({"fit: epoch ", epoch, ": expected a finite loss on the validation data, found ", not_finite_name(loss)});
}

inline void fail_step(int epoch, std::size_t step, std::size_t steps, double loss, const std::string& cause) {
    fail({"fit: epoch ", epoch, ", step ", step, " of ", steps, ": expected a finite loss and finite gradients, found ",
          is_finite(loss) ? "gradients that are not finite" : std::string("a loss of ") + not_finite_name(loss), cause,
          "; this step was not taken"});
}

inline void fail_epoch(int epoch, const std::string& problem, const std::string& cause) {
    fail({"fit: epoch ", epoch, ", after its last step: tensor ", problem, cause});
}

}  // namespace nib::inline NIB_ABI::detail
