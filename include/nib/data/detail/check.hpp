// Whether examples and batches fit a network and a loss, and whether their numbers are finite: what training and
// evaluation ask before they begin, and what they say where something is wrong.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/data/examples.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace nib::inline NIB_ABI::detail {

// "the data", or what its name says.
template <class Data>
std::string_view label_of(const Data& data) {
    if constexpr (requires { std::string_view(data.name); })
        if (const std::string_view name{data.name}; !name.empty()) return name;
    return "the data";
}

// What the user calls example number `index`: its number in the data that these are a part of.
template <class Data>
std::size_t original_index(const Data& data, std::size_t index) {
    if constexpr (requires { data.original_index(index); })
        return data.original_index(index);
    else
        return index;
}

// Whether data can be given to a network of T and to a loss, whose targets are classes or rows of numbers; where not,
// that is the compiler's one error.
template <class Data, class T, bool WantsClasses>
constexpr bool data_suit() {
    constexpr bool suit = ExampleSource<Data, T>, classes = ClassSource<Data>;
    static_assert(suit || !ExampleSource<Data, double>, "nib: expected examples of float, found examples of double");
    static_assert(suit || !ExampleSource<Data, float>, "nib: expected examples of double, found examples of float");
    static_assert(suit || ExampleSource<Data, float> || ExampleSource<Data, double>,
                  "nib: expected data such as nib::Dataset, nib::Examples (of a Table, its examples()) or others that "
                  "data/examples.hpp tells of");
    static_assert(!suit || !WantsClasses || classes,
                  "nib: the loss expects classes, the data have rows of targets: give a loss such as nib::MseLoss{}");
    static_assert(!suit || WantsClasses || !classes,
                  "nib: the loss expects rows of targets, the data have classes: give a loss such as nib::NllLoss{}");
    return suit && WantsClasses == classes;
}
template <class Other, class Target, class T, bool WantsClasses>
constexpr void batch_suits() {
    constexpr bool same = std::is_same_v<T, Other>, classes = std::is_same_v<Target, int>;
    static_assert(same || !std::is_same_v<T, float>, "nib: expected a batch of float, found a batch of double");
    static_assert(same || !std::is_same_v<T, double>, "nib: expected a batch of double, found a batch of float");
    static_assert(!same || classes || !WantsClasses, "nib: the loss expects classes, the batch has rows of targets");
    static_assert(!same || !classes || WantsClasses, "nib: the loss expects rows of targets, the batch has classes");
}

void check_example_sizes(std::string_view label, std::size_t examples, std::size_t features, std::size_t expected);
[[noreturn]] void fail_class(std::string_view label, std::size_t example, int target, std::size_t outputs);
[[noreturn]] void fail_target_size(std::string_view label, std::size_t targets, std::size_t outputs);

[[noreturn]] void fail_weight(std::string_view label, std::size_t example, double weight);
[[noreturn]] void fail_no_weight(std::string_view label);

// Fails unless there are no weights, or all are finite and not negative, and one is above 0.
template <class Data>
void check_weights(const Data& data) {
    if (!has_weights(data)) return;
    double largest = 0;
    for (std::size_t i = 0; i < data.size(); ++i) {
        const double weight = static_cast<double>(weight_of(data, i));
        if (!is_finite(weight) || weight < 0) fail_weight(label_of(data), original_index(data, i), weight);
        largest = larger(largest, weight);
    }
    if (largest == 0) fail_no_weight(label_of(data));
}

// Fails unless there is an example and all have `features` features, and classes below `outputs` or rows of so many
// targets, and weights, if any, that can be used.
template <class Data>
void check_examples(const Data& data, std::size_t features, std::size_t outputs) {
    check_example_sizes(label_of(data), data.size(), data.input_size(), features);
    if constexpr (ClassSource<Data>) {
        for (std::size_t i = 0; i < data.size(); ++i) {
            const int target = target_of(data, i);
            if (target < 0 || static_cast<std::size_t>(target) >= outputs)
                fail_class(label_of(data), original_index(data, i), target, outputs);
        }
    } else if (target_size(data) != outputs) {
        fail_target_size(label_of(data), target_size(data), outputs);
    }
    if constexpr (WeightedSource<Data>) check_weights(data);
}

void check_batch_weights(std::size_t weights, std::size_t examples);
void check_batch_sizes(std::size_t features, std::size_t expected, std::size_t examples, std::size_t targets,
                       const char* of_targets);
void check_batch_classes(std::span<const int> classes, std::size_t outputs);

// The same of a batch, which has as many targets as inputs.
template <class T, class Target>
void check_batch(const Batch<T, Target>& batch, std::size_t features, std::size_t outputs) {
    const std::size_t found = batch.inputs.cols();
    check_batch_weights(batch.weights.size(), batch.size());
    if constexpr (std::is_same_v<Target, int>) {
        check_batch_sizes(found, features, batch.size(), batch.targets.size(), "classes");
        check_batch_classes(batch.targets, outputs);
    } else {
        check_batch_sizes(found, features, batch.size(), batch.targets.rows(), "rows of targets");
        if (batch.targets.cols() != outputs) fail_target_size("the batch", batch.targets.cols(), outputs);
    }
}

// The first number of a batch that is not finite: "NaN as feature 3" of a row. No text: all are finite.
struct NotFinite {
    std::size_t row = 0;
    std::string text;
};
template <class T, class Target>
NotFinite find_not_finite(const Batch<T, Target>& batch) {
    const auto found = [](std::size_t row, T number, const char* what, std::size_t place) {
        return NotFinite{row, std::string(not_finite_name(number)) + " as " + what + " " + std::to_string(place)};
    };
    const auto in_dense = [&](std::size_t row, std::span<const T> numbers, const char* what) {
        const std::size_t place = first_not_finite(numbers.data(), numbers.size());
        return place == numbers.size() ? NotFinite{} : found(row, numbers[place], what, place);
    };
    for (std::size_t row = 0; row < batch.size(); ++row) {
        NotFinite result;
        if (!batch.inputs.is_sparse()) {
            result = in_dense(row, batch.inputs.matrix().row(row), "feature");
        } else {
            for (const auto& [column, value] : batch.inputs.sparse().row(row))
                if (!is_finite(value)) return found(row, value, "feature", column);
        }
        if constexpr (!std::is_same_v<Target, int>)
            if (result.text.empty()) result = in_dense(row, batch.targets.row(row), "target");
        if (!result.text.empty()) return result;
    }
    return {};
}

}  // namespace nib::inline NIB_ABI::detail

#if NIB_BODIES

#include <nib/core/text.hpp>

namespace nib::inline NIB_ABI::detail {

NIB_API void check_example_sizes(std::string_view label, std::size_t examples, std::size_t features,
                                 std::size_t expected) {
    if (examples == 0) fail({label, ": expected at least one example, found none"});
    if (features != expected)
        fail({label, ": expected examples of ", expected, " features, as the network takes, found ", features});
}

NIB_API void fail_class(std::string_view label, std::size_t example, int target, std::size_t outputs) {
    fail({label, ": expected classes below ", outputs, ", the network's outputs, found ", target, " at example ",
          example});
}

NIB_API void fail_target_size(std::string_view label, std::size_t targets, std::size_t outputs) {
    fail({label, ": expected rows of ", outputs, " targets, the network's outputs, found ", targets});
}

NIB_API void fail_weight(std::string_view label, std::size_t example, double weight) {
    fail({label, ": expected weights that are finite and not negative, found ",
          is_finite(weight) ? format_shortest(weight) : not_finite_name(weight), " at example ", example});
}

NIB_API void fail_no_weight(std::string_view label) { fail({label, ": expected a weight above 0, found none"}); }

NIB_API void check_batch_weights(std::size_t weights, std::size_t examples) {
    if (weights != 0 && weights != examples) fail({"the batch has ", examples, " examples and ", weights, " weights"});
}

NIB_API void check_batch_sizes(std::size_t features, std::size_t expected, std::size_t examples, std::size_t targets,
                               const char* of_targets) {
    if (targets == 0) fail("Gradients: the batch is empty");
    if (features != expected) fail({"the network takes ", expected, " features, the batch has ", features});
    if (examples != targets) fail({"the batch has ", examples, " examples and ", targets, " ", of_targets});
}

NIB_API void check_batch_classes(std::span<const int> classes, std::size_t outputs) {
    for (std::size_t i = 0; i < classes.size(); ++i)
        if (classes[i] < 0 || static_cast<std::size_t>(classes[i]) >= outputs)
            fail({"the network has ", outputs, " outputs, example ", i, " of the batch is of class ", classes[i]});
}

}  // namespace nib::inline NIB_ABI::detail

#endif
