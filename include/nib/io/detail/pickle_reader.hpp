// PickleReader: reads a pickle of Python's protocols 2 to 5, executing nothing.
//
// Read are the opcodes that torch.save writes in any protocol, and all globals (classes and functions) as names: what
// one would make is an object that nobody looks into, unless the global is of a list.
// Refused by Error, with the byte's offset: all other opcodes; what lacks something on the stack, in the memo or in the
// bytes; a pickle of more than 32 MiB, or that takes more than 96 MiB of memory. Time and memory are proportional to
// its size; no depth of nesting recurses.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/array_view.hpp>
#include <nib/core/error.hpp>
#include <nib/io/detail/pickle.hpp>
#include <nib/io/file.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// For one pickle.
class PickleReader {
public:
    static constexpr std::size_t max_size = std::size_t{1} << 25;
    // A value may take a single byte in the file, and 20 here: but a text and a number of a vocabulary take a few times
    // what they take in the file.
    static constexpr std::size_t max_memory = std::size_t{96} << 20;

    // `bytes` stand at `offset` in the file `path`, for messages. Known are the globals of `globals`
    // ("torch.FloatStorage") and collections.OrderedDict, calling which without arguments makes a dict.
    PickleReader(std::span<const std::byte> bytes, const std::string& path, std::size_t offset,
                 detail::ArrayView<const char*> globals, std::size_t most_memory = max_memory)
        : bytes_{bytes}, path_{path}, offset_{offset}, globals_{globals}, most_memory_{most_memory} {}

    Pickle read() {
        if (bytes_.size() > max_size)
            refuse("expected a pickle of at most " + std::to_string(max_size) + " bytes, found " +
                   std::to_string(bytes_.size()));
        pickle_.known_globals_ = globals_.size() + 1;
        pickle_.bytes_ = {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
        none_ = pickle_.add(PickleKind::none);
        false_ = pickle_.add_number(PickleKind::boolean, 0);
        true_ = pickle_.add_number(PickleKind::boolean, 1);
        empty_tuple_ = pickle_.add(PickleKind::tuple);
        read_protocol();
        while (step()) {
            if (memory() > most_memory_)
                refuse("expected a pickle that takes at most " + std::to_string(most_memory_) +
                       " bytes of memory: save the state_dict alone");
            at_ = position_;
        }
        if (position_ != bytes_.size()) {
            at_ = position_;
            refuse("expected the end of the pickle");
        }
        return std::move(pickle_);
    }

private:
    using Index = Pickle::Index;
    using Name = Pickle::Name;

    std::size_t memory() const {
        return pickle_.nodes_.size() * sizeof(Pickle::Node) + pickle_.links_.size() * sizeof(Pickle::Link) +
               (stack_.size() + memo_.size()) * sizeof(Index) + marks_.size() * sizeof(std::size_t) +
               pickle_.names_.size() * sizeof(Name);
    }

    void read_protocol() {
        if (bytes_.empty() || take<std::uint8_t>() != 0x80) refuse("expected a pickle, which starts with 80");
        const int protocol = take<std::uint8_t>();
        if (protocol < 2 || protocol > 5)
            refuse("expected a pickle of protocol 2 to 5, found " + std::to_string(protocol));
        at_ = position_;
    }

    // One opcode; false after the last.
    bool step() {
        const int opcode = take<std::uint8_t>();
        if (opcode == '.') {
            pickle_.root_ = pop();
            if (!stack_.empty() || !marks_.empty()) refuse("expected one value at the end, found more");
            return false;
        }
        if (!constant(opcode) && !text(opcode) && !container(opcode) && !memory(opcode) && !object(opcode))
            refuse("opcode " + std::to_string(opcode) + " is none that torch.save writes");
        return true;
    }

    bool constant(int opcode) {
        switch (opcode) {
            case 'N':
                return push(none_);
            case 0x88:
                return push(true_);
            case 0x89:
                return push(false_);
            case 'K':
                return push_integer(take<std::uint8_t>());
            case 'M':
                return push_integer(take<std::uint16_t>());
            case 'J':
                return push_integer(take<std::int32_t>());
            case 0x8a:
                return push_long(take<std::uint8_t>());
            case 0x8b:
                return push_long(take<std::uint32_t>());
            case 'G':
                return push(pickle_.add_number(PickleKind::real, take<std::uint64_t>(std::endian::big)));
            default:
                return false;
        }
    }

    bool text(int opcode) {
        switch (opcode) {
            case 0x8c:
            case 'U':  // bytes to Python 3, which torch.load has decoded
                return push_text(PickleKind::text, take<std::uint8_t>());
            case 'T':
            case 'X':
                return push_text(PickleKind::text, take<std::uint32_t>());
            case 0x8d:
                return push_text(PickleKind::text, take<std::uint64_t>());
            case 'C':
                return push_text(PickleKind::bytes, take<std::uint8_t>());
            case 'B':
                return push_text(PickleKind::bytes, take<std::uint32_t>());
            case 0x8e:
            case 0x96:
                return push_text(PickleKind::bytes, take<std::uint64_t>());
            default:
                return false;
        }
    }

    bool container(int opcode) {
        switch (opcode) {
            case '(':
                marks_.push_back(stack_.size());
                return true;
            case ')':
                return push(empty_tuple_);
            case 0x85:
            case 0x86:
            case 0x87:
                return push_all(PickleKind::tuple, static_cast<std::size_t>(opcode - 0x84));
            case 't':
                return push_all(PickleKind::tuple, pop_mark());
            case 0x91:
                return push_all(PickleKind::set, pop_mark());
            case ']':
                return push(pickle_.add(PickleKind::list));
            case '}':
                return push(pickle_.add(PickleKind::dict));
            case 0x8f:
                return push(pickle_.add(PickleKind::set));
            case 'a':
                return put_in(PickleKind::list, 1);
            case 'e':
                return put_in(PickleKind::list, pop_mark());
            case 's':
                return put_in(PickleKind::dict, 2);
            case 'u':
                return put_in(PickleKind::dict, pop_mark());
            case 0x90:
                return put_in(PickleKind::set, pop_mark());
            default:
                return false;
        }
    }

    bool memory(int opcode) {
        switch (opcode) {
            case '0':
                return drop();
            case '1':
                stack_.resize(stack_.size() - pop_mark());
                return true;
            case 'q':
                return memorize(take<std::uint8_t>());
            case 'r':
                return memorize(take<std::uint32_t>());
            case 0x94:
                return memorize(memo_.size());
            case 'h':
                return push(remembered(take<std::uint8_t>()));
            case 'j':
                return push(remembered(take<std::uint32_t>()));
            case 0x95: {
                const auto frame = take<std::uint64_t>();
                if (frame > bytes_.size() - position_) refuse("expected a frame that ends in the pickle");
                return true;
            }
            default:
                return false;
        }
    }

    bool object(int opcode) {
        switch (opcode) {
            case 'c': {
                const std::string_view module = line();
                return push_global({module, line()});
            }
            case 0x93: {
                const std::string_view name = pop_text();
                return push_global({pop_text(), name});
            }
            case 'i': {
                const std::size_t count = pop_mark();
                const std::string_view module = line();
                const Name name{module, line()};
                push_all(PickleKind::tuple, count);
                const Index arguments = pop();
                push_global(name);
                push(arguments);
                return call(2);
            }
            case 'o': {
                const std::size_t count = pop_mark();
                if (count == 0) refuse("expected a class behind the mark, found none");
                push_all(PickleKind::tuple, count - 1);
                return call(2);
            }
            case 'R':
            case 0x81:
                return call(2);
            case 0x92:
                return call(3);
            case 0x82:
                return push_extension(take<std::uint8_t>());
            case 0x83:
                return push_extension(take<std::uint16_t>());
            case 0x84:
                return push_extension(take<std::uint32_t>());
            case 'b':
                return build();
            case 'Q':
                return push_all(PickleKind::reference, 1);
            default:
                return false;
        }
    }

    bool push(Index value) {
        stack_.push_back(value);
        return true;
    }

    bool push_integer(std::int64_t value) {
        return push(pickle_.add_number(PickleKind::integer, static_cast<std::uint64_t>(value)));
    }

    // Little-endian, two's complement.
    bool push_long(std::size_t size) {
        const std::span<const std::byte> bytes = take_bytes(size);
        if (size > 8) return push(pickle_.add(PickleKind::large_integer));
        std::uint64_t value = size > 0 && (bytes.back() & std::byte{0x80}) != std::byte{} ? ~std::uint64_t{0} : 0;
        for (std::size_t i = size; i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
        return push_integer(static_cast<std::int64_t>(value));
    }

    bool push_text(PickleKind kind, std::uint64_t size) {
        const std::size_t begin = position_;
        return push(pickle_.add_text(kind, begin, take_bytes(size).size()));
    }

    // A container of the stack's top values, in their place.
    bool push_all(PickleKind kind, std::size_t count) {
        const Index value = pickle_.add(kind);
        move_items(value, count);
        return push(value);
    }

    // Into a container, or into an object of a class that may be derived from one.
    bool put_in(PickleKind kind, std::size_t count) {
        need(count + 1);
        const Index container = stack_[stack_.size() - count - 1];
        const bool into_object = pickle_.kind(container) == PickleKind::object;
        if (!into_object && pickle_.kind(container) != kind)
            refuse("expected a list, dict or set to put this into, found another");
        if (kind == PickleKind::dict && count % 2 != 0) refuse("expected a value for each key");
        move_items(into_object && kind == PickleKind::dict ? dict_of(container) : container, count);
        return true;
    }

    // What is put into an object by key.
    Index dict_of(Index object) {
        if (const std::optional<Index> dict = pickle_.as_dict(object)) return *dict;
        const Index dict = pickle_.add(PickleKind::dict);
        pickle_.nodes_[object].other = dict;
        pickle_.add_item(object, dict);
        return dict;
    }

    void move_items(Index container, std::size_t count) {
        need(count);
        for (std::size_t i = stack_.size() - count; i < stack_.size(); ++i) pickle_.add_item(container, stack_[i]);
        stack_.resize(stack_.size() - count);
    }

    // A pickler counts from 0, and each value takes a byte or more.
    bool memorize(std::size_t place) {
        need(1);
        if (place >= bytes_.size())
            refuse("memo " + std::to_string(place) + " is more than a pickle of " + std::to_string(bytes_.size()) +
                   " bytes needs");
        while (place >= memo_.size()) memo_.push_back(Pickle::no_link);
        memo_[place] = stack_.back();
        return true;
    }

    Index remembered(std::size_t place) const {
        if (place >= memo_.size() || memo_[place] == Pickle::no_link)
            refuse("memo " + std::to_string(place) + " was never written");
        return memo_[place];
    }

    bool push_global(Name name) {
        const auto is = [&](std::string_view known) {
            return known.size() == name.module.size() + 1 + name.name.size() && known.starts_with(name.module) &&
                   known[name.module.size()] == '.' && known.ends_with(name.name);
        };
        std::size_t number = 0;
        while (number < globals_.size() && !is(globals_[number])) ++number;
        if (number == globals_.size() && !is("collections.OrderedDict")) {
            number = pickle_.known_globals_ + pickle_.names_.size();
            pickle_.names_.push_back(name);
        }
        return push(pickle_.add_global(number, at_));
    }

    // A global that Python looks up by a number.
    bool push_extension(std::uint32_t) { return push_global({"copyreg", "extension"}); }

    // An object from a global, its arguments, and those that have a name.
    bool call(std::size_t count) {
        need(count);
        const Index callee = stack_[stack_.size() - count];
        const Index arguments = stack_[stack_.size() - count + 1];
        if (!may_be(callee, PickleKind::global) || !may_be(arguments, PickleKind::tuple))
            refuse("expected a class or function and a tuple of its arguments, found others");
        const bool ordered_dict =
            pickle_.kind(callee) == PickleKind::global && pickle_.global(callee) == globals_.size();
        if (!ordered_dict || count != 2 || pickle_.kind(arguments) != PickleKind::tuple || pickle_.size(arguments) != 0)
            return push_all(PickleKind::object, count);
        stack_.resize(stack_.size() - count);
        return push(pickle_.add(PickleKind::dict));
    }

    // Of this kind, as far as is known: an object may be anything.
    bool may_be(Index value, PickleKind kind) const {
        return pickle_.kind(value) == kind || pickle_.kind(value) == PickleKind::object;
    }

    // Of a dict, this sets attributes, such as a state_dict's _metadata: they are no items of it.
    bool build() {
        const Index state = pop();
        need(1);
        const Index target = stack_.back();
        if (pickle_.kind(target) == PickleKind::dict) return true;
        if (pickle_.kind(target) != PickleKind::object) refuse("expected an object to give a state to, found another");
        pickle_.add_item(target, state);
        return true;
    }

    // A pickler drops what it has written of a tuple that turns out to hold itself.
    bool drop() {
        if (!marks_.empty() && marks_.back() == stack_.size())
            marks_.pop_back();
        else
            pop();
        return true;
    }

    void need(std::size_t count) const {
        if (stack_.size() - (marks_.empty() ? 0 : marks_.back()) < count)
            refuse("expected " + std::to_string(count) + " values on the stack, found fewer");
    }

    Index pop() {
        need(1);
        const Index value = stack_.back();
        stack_.pop_back();
        return value;
    }

    std::string_view pop_text() {
        const Index value = pop();
        if (pickle_.kind(value) != PickleKind::text) refuse("expected a text on the stack, found another");
        return pickle_.text(value);
    }

    // How many values lie above the last mark.
    std::size_t pop_mark() {
        if (marks_.empty()) refuse("expected a mark before this, found none");
        const std::size_t count = stack_.size() - marks_.back();
        marks_.pop_back();
        return count;
    }

    std::span<const std::byte> take_bytes(std::uint64_t count) {
        if (count > bytes_.size() - position_)
            refuse("expected " + std::to_string(count) + " more bytes, found " +
                   std::to_string(bytes_.size() - position_));
        const auto size = to_size(count);
        position_ += size;
        return bytes_.subspan(position_ - size, size);
    }

    template <class T>
    T take(std::endian order = std::endian::little) {
        return load_number<T>(take_bytes(sizeof(T)).data(), order);
    }

    std::string_view line() {
        const std::size_t end = pickle_.bytes_.find('\n', position_);
        if (end == std::string_view::npos) refuse("expected the name of a class or function, and a newline");
        const std::string_view text = pickle_.bytes_.substr(position_, end - position_);
        position_ = end + 1;
        return text;
    }

    [[noreturn]] void refuse(const std::string& message) const {
        fail(path_ + ": byte " + std::to_string(offset_ + at_) + ": " + message);
    }

    std::span<const std::byte> bytes_;
    const std::string& path_;
    std::size_t offset_;
    detail::ArrayView<const char*> globals_;
    std::size_t most_memory_;
    Pickle pickle_;
    Index none_ = 0, false_ = 0, true_ = 0, empty_tuple_ = 0;
    std::size_t position_ = 0;
    std::size_t at_ = 0;  // of the opcode, for messages
    std::vector<Index> stack_;
    std::vector<std::size_t> marks_;  // sizes of stack_
    std::vector<Index> memo_;
};

}  // namespace nib::inline NIB_ABI
