// Which tensor of a file is which of a network's: by their names or, where those differ, by the order of their layers.
//
//   1. All names are the network's, as they stand or without what all of them begin with ("module.", "model.net.").
//   2. Otherwise layers are matched (the tensors whose names are the same up to the last dot: "fc1.weight" and
//      "fc1.bias"): as many as the network has, of the same tensors and shapes, and in the same order. Names that
//      differ in nothing but numbers have an order ("2" before "10"). Others have none: each must then be the only one
//      of its shapes, and where two could be exchanged the file is refused.
//
// A batch norm's num_batches_tracked, an integer that PyTorch counts and needs for no prediction, is passed over.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/join.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>
#include <nib/layers/layer.hpp>

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

[[gnu::cold]] inline bool is_passed_over(const TensorInfo& tensor) {
    constexpr std::string_view counter = "num_batches_tracked";
    const std::string_view name = tensor.name;
    return tensor.shape.empty() && !is_floating(tensor.dtype) && name.ends_with(counter) &&
           (name.size() == counter.size() || name[name.size() - counter.size() - 1] == '.');
}

// Without those that are passed over.
[[gnu::cold]] inline std::size_t count_tensors(const TensorFile& file) {
    std::size_t count = 0;
    for (const TensorInfo& tensor : file.tensors()) count += is_passed_over(tensor) ? 0U : 1U;
    return count;
}

[[gnu::cold]] inline std::string tensor_text(std::string_view name, const std::vector<std::size_t>& shape) {
    return join({tensor_label(name), " ", shape_text(shape)});
}

// Takes a run of digits from the start of `text`; returns it without zeros before it.
[[gnu::cold]] inline std::string_view take_digits(std::string_view& text) {
    const std::size_t count = smaller(text.find_first_not_of("0123456789"), text.size());
    std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    digits.remove_prefix(smaller(digits.find_first_not_of('0'), digits.size()));
    return digits;
}

inline bool starts_with_digit(std::string_view text) { return !text.empty() && text[0] >= '0' && text[0] <= '9'; }

// As people count: "layer2" before "layer10".
[[gnu::cold]] inline bool natural_less(std::string_view a, std::string_view b) {
    while (!a.empty() && !b.empty()) {
        if (starts_with_digit(a) && starts_with_digit(b)) {
            const std::string_view x = take_digits(a), y = take_digits(b);
            if (x != y) return x.size() != y.size() ? x.size() < y.size() : x < y;
        } else {
            if (a[0] != b[0]) return a[0] < b[0];
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
    }
    return a.size() < b.size();
}

// Whether two names differ, and in nothing but their numbers.
[[gnu::cold]] inline bool numbers_order(std::string_view a, std::string_view b) {
    bool differ = false;
    while (!a.empty() && !b.empty()) {
        if (starts_with_digit(a) && starts_with_digit(b)) {
            const bool same = take_digits(a) == take_digits(b);
            differ = differ || !same;
        } else {
            if (a[0] != b[0]) return false;
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
    }
    return differ && a.empty() && b.empty();
}

// A tensor's name and shape, which somebody else keeps, and its number there.
struct NamedShape {
    std::string_view name;
    const std::vector<std::size_t>* shape = nullptr;
    std::size_t number = 0;
    std::size_t count = 0;  // of its layer's tensors, where it is the first of them

    std::size_t dot() const { return name.rfind('.'); }
    [[gnu::cold]] std::string_view layer() const {
        return dot() == std::string_view::npos ? "" : name.substr(0, dot());
    }
    [[gnu::cold]] std::string_view role() const {
        return dot() == std::string_view::npos ? name : name.substr(dot() + 1);
    }
};

// Tensors whose names are the same up to the last dot, by what follows it; those of a NamedLayers.
struct NamedLayer {
    const NamedShape* tensors;  // [size()]

    std::size_t size() const { return tensors[0].count; }
    std::string_view name() const { return tensors[0].layer(); }

    // The lowest of their numbers.
    [[gnu::cold]] std::size_t first() const {
        std::size_t first = tensors[0].number;
        for (std::size_t i = 1; i < size(); ++i) first = smaller(first, tensors[i].number);
        return first;
    }

    // Whether they have the same tensors, of the same shapes.
    [[gnu::cold]] bool is_like(const NamedLayer& other) const {
        bool same = size() == other.size();
        for (std::size_t i = 0; same && i < size(); ++i)
            same = tensors[i].role() == other.tensors[i].role() && *tensors[i].shape == *other.tensors[i].shape;
        return same;
    }

    // An order in which layers that are alike stand together, in the natural order of their names.
    [[gnu::cold]] bool comes_before(const NamedLayer& other) const {
        if (size() != other.size()) return size() < other.size();
        for (std::size_t i = 0; i < size(); ++i) {
            const NamedShape &a = tensors[i], &b = other.tensors[i];
            if (a.role() != b.role()) return a.role() < b.role();
            if (a.shape->size() != b.shape->size()) return a.shape->size() < b.shape->size();
            for (std::size_t k = 0; k < a.shape->size(); ++k)
                if ((*a.shape)[k] != (*b.shape)[k]) return (*a.shape)[k] < (*b.shape)[k];
        }
        return natural_less(name(), other.name());
    }
};

// Tensors in layers. A layer is known by the place of its first tensor.
class NamedLayers {
public:
    // Layers in the natural order of their names.
    [[gnu::cold]] explicit NamedLayers(const TensorFile& file) : tensors_(count_tensors(file)) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < file.tensors().size(); ++i) {
            const TensorInfo& tensor = file.tensors()[i];
            if (!is_passed_over(tensor)) tensors_[count++] = {tensor.name, &tensor.shape, i, 0};
        }
        find_layers();
        sort([](const NamedLayer& a, const NamedLayer& b) { return natural_less(a.name(), b.name()); });
    }
    // Layers in the order in which they run.
    [[gnu::cold]] explicit NamedLayers(const std::vector<LayerTensor>& network) : tensors_(network.size()) {
        for (std::size_t i = 0; i < network.size(); ++i) tensors_[i] = {network[i].name, &network[i].shape, i, 0};
        find_layers();
        sort([](const NamedLayer& a, const NamedLayer& b) { return a.first() < b.first(); });
    }

    std::size_t size() const { return places_.size(); }
    NamedLayer operator[](std::size_t i) const { return layer_at(places_[i]); }

    // Changes the order of the layers.
    template <class Before>
    void sort(Before before) {
        sort_records(places_.data(), places_.size(),
                     [&](std::size_t a, std::size_t b) { return before(layer_at(a), layer_at(b)); });
    }

private:
    NamedLayer layer_at(std::size_t place) const { return {tensors_.data() + place}; }

    [[gnu::cold]] void find_layers() {
        sort_records(tensors_.data(), tensors_.size(), [](const NamedShape& a, const NamedShape& b) {
            return a.layer() != b.layer() ? a.layer() < b.layer() : a.role() < b.role();
        });
        for (std::size_t i = 0; i < tensors_.size(); ++i) {
            if (i == 0 || tensors_[i].layer() != tensors_[i - 1].layer()) places_.push_back(i);
            ++tensors_[places_.back()].count;
        }
    }

    List<NamedShape> tensors_;  // those of a layer stand together
    std::vector<std::size_t> places_;
};

[[noreturn, gnu::cold]] inline void fail_without_order(const TensorFile& file, std::string_view a, std::string_view b,
                                                       std::string_view why) {
    fail({file.path(), ": cannot tell which layer comes first, ", tensor_label(a), " or ", tensor_label(b), ": ", why,
          ", and their names differ in more than numbers; expected the network's names, or numbered ones"});
}

// Fails where two layers of a file have the same shapes and no order.
[[gnu::cold]] inline void check_order(const TensorFile& file) {
    NamedLayers layers{file};
    layers.sort([](const NamedLayer& a, const NamedLayer& b) { return a.comes_before(b); });
    for (std::size_t i = 1; i < layers.size(); ++i) {
        const NamedLayer a = layers[i - 1], b = layers[i];
        if (a.is_like(b) && !numbers_order(a.name(), b.name()))
            fail_without_order(file, a.name(), b.name(), "they have the same shapes");
    }
}

// For each of the network's tensors the file's of the same place in the order of layers; all null where there are none.
[[gnu::cold]] inline List<const TensorInfo*> match_by_order(const TensorFile& file,
                                                            const std::vector<LayerTensor>& wanted) {
    List<const TensorInfo*> found(wanted.size());
    if (count_tensors(file) != wanted.size()) return found;
    const NamedLayers theirs{file}, ours{wanted};
    if (theirs.size() != ours.size()) return found;
    // place_of[i]: which of ours their layer i is. Layers alike keep their order.
    std::vector<std::size_t> place_of(theirs.size(), ours.size());
    for (std::size_t place = 0; place < ours.size(); ++place) {
        std::size_t i = 0;
        while (i < theirs.size() && (place_of[i] != ours.size() || !theirs[i].is_like(ours[place]))) ++i;
        if (i == theirs.size()) return found;
        place_of[i] = place;
    }
    for (std::size_t i = 0; i < theirs.size(); ++i)
        for (std::size_t j = i + 1; j < theirs.size(); ++j)
            if (place_of[i] > place_of[j] && numbers_order(theirs[i].name(), theirs[j].name())) return found;
    check_order(file);
    for (std::size_t i = 0; i < theirs.size(); ++i) {
        const NamedLayer their_layer = theirs[i], our_layer = ours[place_of[i]];
        for (std::size_t k = 0; k < their_layer.size(); ++k)
            found[our_layer.tensors[k].number] = &file.tensors()[their_layer.tensors[k].number];
    }
    return found;
}

// For each of the network's tensors the file's of that name, with `prefix` before it; null where there is none.
[[gnu::cold]] inline List<const TensorInfo*> match_by_name(const TensorFile& file,
                                                           const std::vector<LayerTensor>& wanted,
                                                           std::string_view prefix = "") {
    List<const TensorInfo*> found(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) found[i] = file.find(join({prefix, wanted[i].name}));
    return found;
}

[[gnu::cold]] inline std::size_t count_found(const List<const TensorInfo*>& found) {
    std::size_t count = 0;
    for (const TensorInfo* const tensor : found) count += tensor != nullptr ? 1 : 0;
    return count;
}

// What all names of the file begin with, up to the first dot behind the first `length` characters, which they share;
// "" where they differ.
[[gnu::cold]] inline std::string longer_prefix(const TensorFile& file, std::size_t length) {
    if (file.tensors().empty()) return "";
    const std::string& first = file.tensors()[0].name;
    const std::size_t dot = first.find('.', length);
    if (dot == std::string::npos) return "";
    std::string prefix = first.substr(0, dot + 1);
    for (const TensorInfo& tensor : file.tensors())
        if (!tensor.name.starts_with(prefix)) return "";
    return prefix;
}

// All that does not fit, in one error, as PyTorch's load_state_dict does. found[i] is to be wanted[i].
[[gnu::cold]] inline void check_match(const TensorFile& file, const std::vector<LayerTensor>& wanted,
                                      const List<const TensorInfo*>& found) {
    constexpr std::size_t listed = 100;
    std::string problems;
    std::size_t count = 0;
    const auto add = [&](std::initializer_list<TextPart> problem) {
        if (++count > listed) return;
        append_to_list(problems, "; ", "");
        append_parts(problems, problem);
    };
    std::vector<std::size_t> uses(file.tensors().size());  // of each of the file's tensors
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (found[i] == nullptr) {
            add({"missing ", tensor_text(wanted[i].name, wanted[i].shape)});
            continue;
        }
        ++uses[static_cast<std::size_t>(found[i] - file.tensors().data())];
        if (found[i]->shape != wanted[i].shape)
            add({tensor_label(found[i]->name), ": expected shape ", shape_text(wanted[i].shape), ", found ",
                 shape_text(found[i]->shape)});
        if (!is_floating(found[i]->dtype)) add({not_floating(found[i]->name, found[i]->dtype)});
    }
    for (std::size_t i = 0; i < uses.size(); ++i)
        if (uses[i] == 0 && !is_passed_over(file.tensors()[i]))
            add({"unexpected ", tensor_text(file.tensors()[i].name, file.tensors()[i].shape)});
    if (count > listed) append_parts(problems, {"; and ", count - listed, " more"});
    if (count > 0) fail({file.path(), ": does not fit the network: ", problems});
}

// The file's tensor for each of the network's: of its shape, and of floating-point numbers. Fails where there are none.
[[gnu::cold]] inline List<const TensorInfo*> match_tensors(const TensorFile& file,
                                                           const std::vector<LayerTensor>& wanted) {
    List<const TensorInfo*> best = match_by_name(file, wanted);
    std::string prefix;
    for (int level = 0; level < 8 && !(prefix = longer_prefix(file, prefix.size())).empty(); ++level) {
        List<const TensorInfo*> found = match_by_name(file, wanted, prefix);
        if (count_found(found) > count_found(best)) best = std::move(found);
    }
    if (count_found(best) != wanted.size() || count_tensors(file) != wanted.size()) {
        List<const TensorInfo*> found = match_by_order(file, wanted);
        if (count_found(found) == wanted.size()) best = std::move(found);
    }
    check_match(file, wanted, best);
    return best;
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI
