// What the values of a pickle are to PyTorch: tensors, modules, and all else, which nib knows by name alone.
#pragma once

#include <nib/core/text.hpp>
#include <nib/io/detail/pickle.hpp>
#include <nib/io/detail/torch_archive.hpp>
#include <nib/io/tensor.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// What makes a tensor: a function, and the first of its arguments.
struct TorchCall {
    const TorchGlobal* callee = nullptr;
    std::vector<Pickle::Index> arguments;
    std::string problem;  // why there is no such call; "" where there is one

    TorchRole role() const { return callee->role; }
};

// Of a pickle that was read with torch_global_names, and that outlives this.
class TorchValues {
public:
    using Index = Pickle::Index;

    explicit TorchValues(const Pickle& pickle) : pickle_{pickle} {}

    const Pickle& pickle() const { return pickle_; }

    bool is_text(Index value, std::string_view text) const {
        return pickle_.kind(value) == PickleKind::text && pickle_.text(value) == text;
    }

    // Null where the value is no global of torch_globals.
    const TorchGlobal* global(Index value) const {
        const bool known = pickle_.kind(value) == PickleKind::global && pickle_.global(value) < torch_globals.size();
        return known ? &torch_globals[pickle_.global(value)] : nullptr;
    }

    // The first `most` items of a container, object or reference.
    std::vector<Index> items(Index value, std::size_t most) const {
        std::vector<Index> result;
        pickle_.for_each(value, [&](Index item) {
            if (result.size() < most) result.push_back(item);
            return result.size() < most;
        });
        return result;
    }

    // What would be called to make an object.
    Index callee(Index object) const { return items(object, 1).front(); }

    bool is_tensor(Index value) const {
        if (pickle_.kind(value) != PickleKind::object) return false;
        const TorchGlobal* const made_by = global(callee(value));
        if (made_by == nullptr) return false;
        switch (made_by->role) {
            case TorchRole::tensor:
            case TorchRole::untyped_tensor:
            case TorchRole::parameter:
            case TorchRole::subclass:
            case TorchRole::other_tensor:
                return true;
            default:
                return false;
        }
    }

    // The call that makes the numbers of a tensor: a parameter is its tensor, and one of another class is what it is
    // made from.
    TorchCall tensor_call(Index tensor) const {
        TorchCall made = call(tensor);
        bool parameter = false;
        for (int level = 0; made.problem.empty() && level < deepest_class; ++level) {
            const std::vector<Index>& arguments = made.arguments;
            if (made.role() == TorchRole::subclass) {
                made = class_call(arguments);
            } else if (made.role() == TorchRole::parameter && !parameter) {
                parameter = true;
                if (arguments.empty() || !is_tensor(arguments.front())) return failed("expected a parameter's tensor");
                made = call(arguments.front());
            }
        }
        return made;
    }

    // A torch.nn.Module that is pickled whole: among the first attributes that it is given are its parameters.
    bool is_module(Index value) const {
        if (pickle_.kind(value) != PickleKind::object) return false;
        bool found = false;
        for (const Index item : items(value, most_states)) {
            std::size_t attributes = 0;
            if (pickle_.kind(item) != PickleKind::dict) continue;
            pickle_.for_each_pair(item, [&](Index key, Index) {
                found = found || is_text(key, "_parameters");
                return !found && ++attributes < most_attributes;
            });
        }
        return found;
    }

    // As Python calls it.
    std::string description(Index value) const {
        switch (pickle_.kind(value)) {
            case PickleKind::none:
                return "None";
            case PickleKind::boolean:
                return "a bool";
            case PickleKind::integer:
            case PickleKind::large_integer:
                return "an int";
            case PickleKind::real:
                return "a float";
            case PickleKind::text:
                return "a str";
            case PickleKind::bytes:
                return "bytes";
            case PickleKind::tuple:
                return "a tuple";
            case PickleKind::list:
                return "a list";
            case PickleKind::dict:
                return "a dict";
            case PickleKind::set:
                return "a set";
            case PickleKind::global:
                return "'" + global_name(value) + "'";
            case PickleKind::object:
                if (is_tensor(value)) return "a tensor";
                if (pickle_.kind(callee(value)) != PickleKind::global) return "an object";
                return "an object of '" + global_name(callee(value)) + "'";
            case PickleKind::reference:
                return "a storage";
        }
        return "nothing";
    }

    std::string global_name(Index value) const {
        if (const TorchGlobal* const known = global(value)) return std::string(known->name);
        return pickle_.global(value) == torch_globals.size() ? "collections.OrderedDict" : pickle_.global_name(value);
    }

private:
    static constexpr int deepest_class = 4;
    static constexpr std::size_t most_arguments = 9;
    // Many objects may share one state, which is not to be looked through for each.
    static constexpr std::size_t most_states = 8;
    static constexpr std::size_t most_attributes = 100;

    static TorchCall failed(const std::string& problem) { return {nullptr, {}, problem}; }

    // Of an object that is a tensor.
    TorchCall call(Index object) const {
        const std::vector<Index> parts = items(object, 3);
        if (parts.size() != 2)
            return failed("expected a tensor as it is made, found one that is given a state: save its clone");
        if (pickle_.kind(parts[1]) != PickleKind::tuple)
            return failed("expected a tuple of what makes a tensor, found " + description(parts[1]));
        return {global(parts[0]), items(parts[1], most_arguments), ""};
    }

    // A function, a class, the function's arguments, and the tensor's attributes.
    TorchCall class_call(const std::vector<Index>& arguments) const {
        if (arguments.size() < 3 || pickle_.kind(arguments[2]) != PickleKind::tuple)
            return failed("expected a function, a class and a tuple of what makes a tensor of a class, found others");
        const TorchGlobal* const function = global(arguments[0]);
        if (function == nullptr)
            return failed("expected a function that makes a tensor, found " + description(arguments[0]));
        return {function, items(arguments[2], most_arguments), ""};
    }

    const Pickle& pickle_;
};

}  // namespace detail

}  // namespace nib::inline NIB_ABI
