// Selects some of a network's parameters, for Optimizer::add_group and Optimizer::freeze.
//
//   parameters_named(net, "bias")   the tensors that model files call "bias" or "….bias"
//   layer_parameters(net, "0")      those of the layer called "0", and of layers within it
//
// Both fail where the network has none of that name.
#pragma once

#include <nib/core/detail/list.hpp>
#include <nib/core/executor.hpp>
#include <nib/layers/layer.hpp>
#include <nib/model/network.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

std::vector<Range> find_parameters(const std::vector<LayerTensor>& tensors, std::string_view name, bool layer);

// Parameters in order, in pieces that belong to one group each and are frozen or not. Without groups there are none.
class ParameterPieces {
public:
    struct Piece {
        std::size_t first;
        std::size_t end;
        std::size_t group;
        bool is_frozen;
    };

    bool empty() const { return pieces_.empty(); }

    // Puts some of `size` parameters into a group. Fails, and changes nothing, where they are in one but group 0.
    void add(const char* optimizer, std::size_t size, std::span<const Range> parameters, std::size_t group);
    void freeze(const char* optimizer, std::size_t size, std::span<const Range> parameters, bool is_frozen);

    // Whether any of the parameters in [first, end) moves.
    [[gnu::cold]] bool any_moves(std::size_t first, std::size_t end) const {
        bool any = empty();
        for_each(first, end, [&](std::size_t, std::size_t, std::size_t) { any = true; });
        return any;
    }
    // The piece that holds all of them, or null.
    [[gnu::cold]] const Piece* only(std::size_t first, std::size_t end) const {
        for (const Piece& piece : pieces_)
            if (piece.first <= first && end <= piece.end) return &piece;
        return nullptr;
    }
    // Calls f(first, end, group) for those that are not frozen.
    template <class F>
    void for_each(std::size_t first, std::size_t end, const F& f) const {
        for (const Piece& piece : pieces_)
            if (!piece.is_frozen && piece.first < end && first < piece.end)
                f(larger(first, piece.first), smaller(end, piece.end), piece.group);
    }

private:
    void split(const char* optimizer, std::size_t size, std::span<const Range> parameters);
    void split(std::size_t place);

    List<Piece> pieces_;
};

}  // namespace detail

template <Network Net>
std::vector<Range> parameters_named(const Net& net, std::string_view name) {
    return detail::find_parameters(net.tensors(), name, false);
}

template <Network Net>
std::vector<Range> layer_parameters(const Net& net, std::string_view layer) {
    return detail::find_parameters(net.tensors(), layer, true);
}

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>

#include <string>

namespace nib::inline NIB_ABI::detail {

NIB_API std::vector<Range> find_parameters(const std::vector<LayerTensor>& tensors, std::string_view name, bool layer) {
    std::vector<Range> found;
    for (const LayerTensor& tensor : tensors) {
        const std::string_view whole = tensor.name;
        const std::size_t rest = whole.size() - smaller(whole.size(), name.size());
        const bool is_it = layer ? rest > 0 && whole.starts_with(name) && whole[name.size()] == '.'
                                 : whole.ends_with(name) && (rest == 0 || whole[rest - 1] == '.');
        if (is_it && !tensor.is_buffer) found.push_back({tensor.offset, tensor.size()});
    }
    if (found.empty())
        fail({layer ? "layer_parameters: the network has no layer with parameters that is called "
                    : "parameters_named: the network has no parameters that are called ",
              format_quoted(name)});
    return found;
}

NIB_API void ParameterPieces::add(const char* optimizer, std::size_t size, std::span<const Range> parameters,
                                  std::size_t group) {
    split(optimizer, size, parameters);
    const auto for_pieces = [&](const auto& f) {
        for (const Range range : parameters)
            for (Piece& piece : pieces_)
                if (range.first <= piece.first && piece.end <= range.first + range.count) f(piece);
    };
    for_pieces([&](const Piece& piece) {
        if (piece.group != 0)
            fail({optimizer, ": expected parameters that are in no group yet, found parameter ", piece.first,
                  " in group ", piece.group});
    });
    for_pieces([&](Piece& piece) { piece.group = group; });
}

NIB_API void ParameterPieces::freeze(const char* optimizer, std::size_t size, std::span<const Range> parameters,
                                     bool is_frozen) {
    split(optimizer, size, parameters);
    for (const Range range : parameters)
        for (Piece& piece : pieces_)
            if (range.first <= piece.first && piece.end <= range.first + range.count) piece.is_frozen = is_frozen;
}

inline void ParameterPieces::split(const char* optimizer, std::size_t size, std::span<const Range> parameters) {
    for (const Range range : parameters)
        if (range.first > size || range.count > size - range.first)
            fail({optimizer, ": made for ", size, " parameters, found a group of ", range.count, " from number ",
                  range.first, " on"});
    if (pieces_.empty()) pieces_.push_back({0, size, 0, false});
    for (const Range range : parameters) {
        if (range.count == 0) continue;
        split(range.first);
        split(range.first + range.count);
    }
}

inline void ParameterPieces::split(std::size_t place) {
    std::size_t i = 0;
    while (i < pieces_.size() && pieces_[i].end <= place) ++i;
    if (i == pieces_.size() || pieces_[i].first == place) return;
    pieces_.push_back(pieces_.back());
    for (std::size_t k = pieces_.size() - 1; k > i; --k) pieces_[k] = pieces_[k - 1];
    pieces_[i].end = pieces_[i + 1].first = place;
}

}  // namespace nib::inline NIB_ABI::detail

#endif
