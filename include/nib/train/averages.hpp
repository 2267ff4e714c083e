// Averages that training may take: of gradients, over several batches before one step, and of parameters, over steps.
//
//   nib::GradientAverage<float> average;
//   nib::ParameterAverage<float> smooth;
//   for (const auto& batch : nib::batches(train, 32, rng)) {
//       average.add(gradients(net, batch), batch.size());
//       if (average.batches() < 4) continue;
//       adam.step(net, average.take());
//       smooth.update(net.parameters(), 0.999);
//   }
#pragma once

#include <nib/core/config.hpp>
#include <nib/core/detail/storage.hpp>
#include <nib/model/gradient.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace nib::inline NIB_ABI {

// The gradients of several batches, averaged by their numbers of examples: of a loss that is a mean over the batch,
// what one batch of all their examples has, but for rounding. (Layers that mix the rows of a batch, as BatchNorm, still
// see each batch alone; and where a loss has weights of examples or of classes, whose sums differ from batch to batch,
// a batch counts by its examples still.)
template <class T>
class GradientAverage {
public:
    // A batch of so many examples, at least one. All have as many gradients as the first.
    void add(const DeferredGradient<T>& gradient, std::size_t examples);

    // How many were added since take().
    std::size_t batches() const { return batches_; }
    // One number for each parameter, in their order; they may be changed, as clipping does.
    std::span<T> values() { return {values_.data(), values_.size()}; }
    // All of them, for an optimiser's step; valid until the next add(), which begins anew.
    DeferredGradient<T> take();

private:
    AlignedVector<T> values_;
    std::size_t batches_ = 0;
    std::size_t examples_ = 0;
    ListPositions<T> positions_;
};

// An exponential moving average of parameters, as torch.optim.swa_utils.AveragedModel keeps with ema_avg_fn: the first
// update copies them, later ones are
//   average = d average + (1 - d) parameters     d = min(decay, (1 + t) / (10 + t)) for t updates before
// With the smaller decays at first, the parameters that training began with are soon forgotten.
template <class T>
class ParameterAverage {
public:
    // decay: in [0, 1). All updates have as many parameters as the first.
    void update(std::span<const T> parameters, double decay);

    // How many updates there were.
    std::uint64_t updates() const { return updates_; }
    // Empty before the first.
    std::span<const T> values() const { return {values_.data(), values_.size()}; }
    // Goes on where another one's updates() and values() were taken.
    void restore(std::uint64_t updates, std::span<const T> values);

private:
    AlignedVector<T> values_;
    std::uint64_t updates_ = 0;
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/kernels/detail/update.hpp>

#include <string>

namespace nib::inline NIB_ABI {

namespace detail {

// to = keep to + factor from.
template <class T>
struct BlendRule {
    static constexpr std::size_t state_count = 0;
    T keep, factor;

    template <class V>
    void operator()(V& to, const V& from, V*) const {
        to = fma(factor, from, keep * to);
    }
};

template <class T>
void blend(double keep, double factor, std::span<const T> from, T* to) {
    T* const no_states[1] = {};
    kernels::update<BlendRule<T>, T>({static_cast<T>(keep), static_cast<T>(factor)}, from.size(), to, from.data(),
                                     no_states);
}

inline void check_average_size(std::size_t expected, std::size_t found) {
    if (expected != found) fail({"an average of ", expected, " parameters was given ", found});
}

}  // namespace detail

template <class T>
void GradientAverage<T>::add(const DeferredGradient<T>& gradient, std::size_t examples) {
    if (values_.empty()) values_.resize(gradient.size());
    detail::check_average_size(values_.size(), gradient.size());
    if (batches_ == 0) examples_ = 0;
    examples_ += examples;
    const double factor = static_cast<double>(examples) / static_cast<double>(examples_);
    gradient.for_each_block([&](std::size_t offset, std::span<const T> block) {
        if (batches_ == 0)
            copy_values(block.data(), block.size(), values_.data() + offset);
        else
            detail::blend(1 - factor, factor, block, values_.data() + offset);
    });
    ++batches_;
}

template <class T>
DeferredGradient<T> GradientAverage<T>::take() {
    batches_ = 0;
    return {values(), {}, positions_};
}

template <class T>
void ParameterAverage<T>::update(std::span<const T> parameters, double decay) {
    if (values_.empty()) values_.resize(parameters.size());
    detail::check_average_size(values_.size(), parameters.size());
    const auto t = static_cast<double>(updates_);
    const double keep = updates_ == 0 ? 0 : smaller(decay, (1 + t) / (10 + t));
    detail::blend(keep, 1 - keep, parameters, values_.data());
    ++updates_;
}

template <class T>
void ParameterAverage<T>::restore(std::uint64_t updates, std::span<const T> values) {
    values_.resize(values.size());
    copy_values(values.data(), values.size(), values_.data());
    updates_ = updates;
}

}  // namespace nib::inline NIB_ABI

#endif
