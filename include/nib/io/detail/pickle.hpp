// Pickle: the values that a pickle of Python's describes, as plain data. Nothing is executed: a class or function is
// its name, and what it would be called with is kept beside it, whether or not nib knows that name. (PickleReader, in
// its header, makes one.)
//
// The values are nodes in one array, which name each other by index, as a list may hold itself; so may a value stand in
// many places. Who follows them must therefore not go deeper than it knows to go.
#pragma once

#include <nib/core/detail/list.hpp>
#include <nib/core/text.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

// An object is what calling a global would make: its items are the global (or an object that would be called) and the
// tuple of arguments; then come the states that it is given, and what is put into it. A reference stands for what is
// not in the pickle; its item says for what.
enum class PickleKind : std::uint8_t {
    none,
    boolean,
    integer,
    large_integer,  // more than 64 bits: its value is not kept
    real,
    text,
    bytes,
    tuple,
    list,
    dict,  // its items are a key, its value, the next key, ...
    set,
    global,
    object,
    reference
};

// The values of a pickle. Texts are views of its bytes, which outlive this.
class Pickle {
public:
    using Index = std::uint32_t;

    Index root() const { return root_; }
    // All values have an index below this.
    std::size_t count() const { return nodes_.size(); }

    PickleKind kind(Index value) const { return static_cast<PickleKind>(nodes_[value].kind); }
    // How many items it has; of a dict: how many pairs.
    std::size_t size(Index value) const { return length(value) / (kind(value) == PickleKind::dict ? 2u : 1u); }
    std::int64_t integer(Index value) const { return static_cast<std::int64_t>(number(value)); }  // also of a boolean
    double real(Index value) const { return std::bit_cast<double>(number(value)); }
    // Of a text, which need not be UTF-8, or of bytes.
    std::string_view text(Index value) const { return bytes_.substr(nodes_[value].first, length(value)); }
    // A global's place in the list that the pickle was read with; the list's size for collections.OrderedDict, more for
    // those that are not in the list.
    std::size_t global(Index value) const { return nodes_[value].other; }
    // Of a global that is not in the list: "os.system", short and printable.
    std::string global_name(Index value) const {
        const Name& name = names_[global(value) - known_globals_];
        const std::string text =
            format_quoted(std::string(name.module.substr(0, 60)) + "." + std::string(name.name.substr(0, 60)));
        return text.substr(1, text.size() - 2);
    }
    // Where a global is named, in bytes from the pickle's start.
    std::size_t position(Index global) const { return nodes_[global].first; }

    // The dict that a value is, or that an object is as far as is known: what is put into it by key, as into one of a
    // class that Python derives from dict.
    std::optional<Index> as_dict(Index value) const {
        if (kind(value) == PickleKind::dict) return value;
        if (kind(value) != PickleKind::object || nodes_[value].other == 0) return std::nullopt;
        return nodes_[value].other;
    }

    // Calls use(item) for each item until it returns false.
    template <class Use>
    void for_each(Index value, const Use& use) const {
        for (Index link = nodes_[value].first; link != no_link && use(links_[link].item); link = links_[link].next) {
        }
    }
    // Calls use(key, value) for each pair of a dict, in the order in which they were put in, until it returns false.
    template <class Use>
    void for_each_pair(Index dict, const Use& use) const {
        Index link = nodes_[dict].first;
        while (link != no_link) {
            const Link& value = links_[links_[link].next];
            if (!use(links_[link].item, value.item)) return;
            link = value.next;
        }
    }

private:
    friend class PickleReader;

    static constexpr Index no_link = 0xffffffff;

    struct Name {
        std::string_view module;
        std::string_view name;
    };
    // A byte of the file may make one, so they are small. A number's halves are `first` and `last`.
    struct Node {
        Index kind : 4;
        Index count : 28;  // of its links; of a text: bytes
        Index first;       // of its links; of a text or global: where it starts in the pickle
        Index last;
        Index other;  // of an object: its as_dict(), or 0; of a global: global()
    };
    static_assert(sizeof(Node) == 16);
    struct Link {
        Index item;
        Index next;
    };

    std::size_t length(Index value) const { return std::size_t{nodes_[value].count}; }
    std::uint64_t number(Index value) const { return std::uint64_t{nodes_[value].last} << 32 | nodes_[value].first; }

    Index add(Node node) {
        nodes_.push_back(node);
        return static_cast<Index>(nodes_.size() - 1);
    }
    Index add(PickleKind kind) { return add({static_cast<Index>(kind) & 15u, 0, no_link, no_link, 0}); }
    Index add_number(PickleKind kind, std::uint64_t number) {
        return add({static_cast<Index>(kind) & 15u, 0, static_cast<Index>(number & 0xffffffffu),
                    static_cast<Index>(number >> 32), 0});
    }
    Index add_text(PickleKind kind, std::size_t begin, std::size_t size) {
        return add({static_cast<Index>(kind) & 15u, static_cast<Index>(size) & 0xfffffffu, static_cast<Index>(begin),
                    no_link, 0});
    }
    Index add_global(std::size_t number, std::size_t position) {
        return add({static_cast<Index>(PickleKind::global) & 15u, 0, static_cast<Index>(position), no_link,
                    static_cast<Index>(number)});
    }
    void add_item(Index container, Index item) {
        const auto link = static_cast<Index>(links_.size());
        links_.push_back({item, no_link});
        Node& node = nodes_[container];
        (node.count == 0 ? node.first : links_[node.last].next) = link;
        node.last = link;
        ++node.count;
    }

    std::string_view bytes_;
    detail::List<Name> names_;       // of globals that are not in the list
    std::size_t known_globals_ = 0;  // in the list, with collections.OrderedDict
    detail::List<Node> nodes_;
    detail::List<Link> links_;
    Index root_ = 0;
};

}  // namespace nib::inline NIB_ABI
