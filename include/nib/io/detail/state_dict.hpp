// Where the state_dict is in what torch.save wrote: the dict that holds the tensors, be it the file's one value, one of
// a list or tuple of values, or, at any depth, below keys of dicts. All else beside it is passed over.
//
// A dict under "model", "state_dict" or "model_state_dict" goes before all others that stand beside it; an optimizer's
// state is none. Where several are left, one that holds weights goes before those that hold single numbers and
// integers (a loss, the state of a random generator). Where there are still several, that is an error.
#pragma once

#include <nib/core/detail/list.hpp>
#include <nib/core/text.hpp>
#include <nib/io/detail/pickle.hpp>
#include <nib/io/detail/torch_archive.hpp>
#include <nib/io/detail/torch_values.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

// For one pickle. Takes time and memory in proportion to it.
class StateDictSearch {
public:
    using Index = Pickle::Index;

    explicit StateDictSearch(const TorchValues& values) : values_{values}, pickle_{values.pickle()} {}

    // Nothing where there is none, or more than one: then problem() says why.
    std::optional<Index> find() {
        visit_all();
        choose();
        if (chosen_.size() > 1) keep_weights();
        if (chosen_.size() > 1)
            problem_ = "expected one state_dict, found several: " + list() + ": save the one that you want alone";
        if (!chosen_.empty() && !is_preferred(chosen_.front())) check_module_beside();
        if (chosen_.empty()) return find_empty();
        if (!problem_.empty()) return std::nullopt;
        return places_[chosen_.front()].dict;
    }

    const std::string& problem() const { return problem_; }

    // An optimizer's state_dict, or what it keeps for one parameter.
    bool is_optimizer(Index dict) const {
        bool found = false;
        pickle_.for_each_pair(dict, [&](Index key, Index) {
            for (const std::string_view name : {"param_groups", "exp_avg", "momentum_buffer", "square_avg"})
                found = found || values_.is_text(key, name);
            return !found;
        });
        return found;
    }

private:
    // A dict that was found below others.
    struct Place {
        Index dict = 0;              // of the first: or a list or tuple
        std::uint32_t parent = 0;    // another place, before this one; of the first: itself
        Index key = 0;               // which it stands under there
        bool has_tensors = false;    // itself
        bool is_candidate = false;   // itself or below
        bool has_preferred = false;  // a candidate under one of the usual keys
        bool is_chosen = false;      // itself or below
    };

    bool is_usual_key(Index key) const {
        for (const std::string_view name : {"model", "state_dict", "model_state_dict"})
            if (values_.is_text(key, name)) return true;
        return false;
    }

    // Breadth first, each dict once.
    void visit_all() {
        const Index root = pickle_.root();
        visited_.resize(pickle_.count());
        if (is_sequence(root))
            visit_items(root);
        else if (const std::optional<Index> dict = pickle_.as_dict(root))
            add(*dict, 0, 0);
        for (std::size_t i = is_sequence(root) ? 1 : 0; i < places_.size(); ++i) {
            if (is_optimizer(places_[i].dict)) continue;
            visit(i, true);
            visit(i, false);
        }
    }

    bool is_sequence(Index value) const {
        return pickle_.kind(value) == PickleKind::list || pickle_.kind(value) == PickleKind::tuple;
    }

    // What they stand under is no key, but the sequence.
    void visit_items(Index sequence) {
        add(sequence, 0, sequence);
        pickle_.for_each(sequence, [&](Index item) {
            const std::optional<Index> dict = pickle_.as_dict(item);
            if (dict && !visited_[*dict]) add(*dict, 0, sequence);
            return true;
        });
    }

    void visit(std::size_t place, bool usual_keys) {
        pickle_.for_each_pair(places_[place].dict, [&](Index key, Index value) {
            if (values_.is_tensor(value)) {
                places_[place].has_tensors = true;
            } else if (pickle_.kind(key) == PickleKind::text && is_usual_key(key) == usual_keys) {
                const std::optional<Index> dict = pickle_.as_dict(value);
                if (dict && !visited_[*dict]) add(*dict, place, key);
            }
            return true;
        });
    }

    void add(Index dict, std::size_t parent, Index key) {
        visited_[dict] = true;
        places_.push_back({.dict = dict, .parent = static_cast<std::uint32_t>(parent), .key = key});
    }

    void choose() {
        for (std::size_t i = places_.size(); i-- > 0;) {
            Place& place = places_[i];
            place.is_candidate = place.is_candidate || place.has_tensors;
            if (i == 0 || !place.is_candidate) continue;
            places_[place.parent].is_candidate = true;
            if (is_usual_key(place.key)) places_[place.parent].has_preferred = true;
        }
        for (std::size_t i = 0; i < places_.size(); ++i) {
            Place& place = places_[i];
            const Place& parent = places_[place.parent];
            place.is_chosen = place.is_candidate &&
                              (i == 0 || (parent.is_chosen && (!parent.has_preferred || is_usual_key(place.key))));
            if (place.is_chosen && place.has_tensors && !place.has_preferred) chosen_.push_back(i);
        }
    }

    // Of several, those that hold weights, if there are such.
    void keep_weights() {
        std::vector<std::size_t> kept;
        for (const std::size_t place : chosen_) {
            bool weights = false;
            pickle_.for_each_pair(places_[place].dict, [&](Index, Index value) {
                weights = weights || (values_.is_tensor(value) && may_be_weight(value));
                return !weights;
            });
            if (weights) kept.push_back(place);
        }
        if (!kept.empty()) chosen_ = kept;
    }

    // False for a tensor of integers, for a single number, and for tensors that are not read.
    bool may_be_weight(Index tensor) const {
        const TorchCall made = values_.tensor_call(tensor);
        if (made.problem.empty() && made.role() == TorchRole::other_tensor) return false;
        if (!made.problem.empty() || made.arguments.size() < 3) return true;
        const Index shape = made.arguments[2];
        if (pickle_.kind(shape) == PickleKind::tuple && pickle_.size(shape) == 0) return false;
        const TorchGlobal* type = nullptr;
        if (made.role() == TorchRole::untyped_tensor && made.arguments.size() > 6)
            type = values_.global(made.arguments[6]);
        if (made.role() == TorchRole::tensor && pickle_.kind(made.arguments[0]) == PickleKind::reference) {
            const Index id = values_.items(made.arguments[0], 1).front();
            if (pickle_.kind(id) == PickleKind::tuple && pickle_.size(id) > 1)
                type = values_.global(values_.items(id, 2)[1]);
        }
        return type == nullptr || (type->dtype && is_floating(*type->dtype));
    }

    // Whether it stands under one of the usual keys, or below one.
    bool is_preferred(std::size_t place) const {
        for (; place != 0; place = places_[place].parent)
            if (is_usual_key(places_[place].key)) return true;
        return false;
    }

    // Beside a whole module where the state_dict is expected, another dict of tensors is hardly what is wanted.
    void check_module_beside() {
        if (is_sequence(places_[0].dict)) return;
        pickle_.for_each_pair(places_[0].dict, [&](Index key, Index value) {
            if (is_usual_key(key) && values_.is_module(value)) problem_ = module_problem(value);
            return true;
        });
    }

    // There are no tensors at all: a state_dict may be empty.
    std::optional<Index> find_empty() {
        const bool may_be_first = !is_sequence(pickle_.root());
        for (std::size_t i = 0; i < places_.size(); ++i)
            if (pickle_.size(places_[i].dict) == 0 && (i == 0 ? may_be_first : is_usual_key(places_[i].key)))
                return places_[i].dict;
        problem_ = problem_without_tensors();
        return std::nullopt;
    }

    std::string problem_without_tensors() const {
        const Index root = pickle_.root();
        std::string found = description(root), module;
        if (values_.is_module(root)) module = module_problem(root);
        const std::optional<Index> dict = pickle_.as_dict(root);
        if (dict && !is_optimizer(*dict)) {
            found.clear();
            pickle_.for_each_pair(*dict, [&](Index key, Index value) {
                const std::string name =
                    pickle_.kind(key) == PickleKind::text ? format_quoted(pickle_.text(key)) + ": " : "";
                if (found.empty()) found = name + description(value);
                if (values_.is_module(value)) module = module_problem(value);
                return module.empty();
            });
        }
        if (!module.empty()) return module;
        return "expected a state_dict (tensors by name), or a dict that holds one, found " + found;
    }

    std::string description(Index value) const {
        const std::optional<Index> dict = pickle_.as_dict(value);
        return dict && is_optimizer(*dict) ? "an optimizer's state" : values_.description(value);
    }

    std::string module_problem(Index module) const {
        const Index of = values_.callee(module);
        const std::string name =
            pickle_.kind(of) == PickleKind::global ? " (global " + values_.global_name(of) + ")" : "";
        return "this file pickles whole modules" + name + ": save net.state_dict() instead";
    }

    // Of those that are chosen.
    std::string list() const {
        constexpr std::size_t listed = 4;
        std::string text;
        for (std::size_t i = 0; i < chosen_.size() && i < listed; ++i)
            append_to_list(text, i + 1 == chosen_.size() ? " and " : ", ", path(chosen_[i]));
        if (chosen_.size() > listed) text += " and " + std::to_string(chosen_.size() - listed) + " more";
        return text;
    }

    // 'checkpoint'.'model'
    std::string path(std::size_t place) const {
        constexpr int most = 4;
        if (place == 0) return "the outermost dict";
        std::string text;
        for (int i = 0; place != 0 && i < most; ++i, place = places_[place].parent)
            text = key_text(places_[place]) + (text.empty() ? "" : ".") + text;
        return place == 0 ? text : "..." + text;
    }

    std::string key_text(const Place& place) const {
        return pickle_.kind(place.key) == PickleKind::text ? format_quoted(pickle_.text(place.key))
                                                           : "an item of " + values_.description(place.key);
    }

    const TorchValues& values_;
    const Pickle& pickle_;
    List<Place> places_;
    std::vector<std::uint8_t> visited_;  // of the pickle's values
    std::vector<std::size_t> chosen_;    // places
    std::string problem_;
};

}  // namespace detail

}  // namespace nib::inline NIB_ABI
