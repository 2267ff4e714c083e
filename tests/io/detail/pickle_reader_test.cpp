#include <nib/io/detail/pickle_reader.hpp>

#include "../../support.hpp"
#include "../pickle_builder.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

using namespace support::pickle;
using Kind = nib::PickleKind;

namespace {

constexpr const char* known[] = {"torch.device", "torch.Size"};

nib::Pickle read(const std::string& bytes) { return nib::PickleReader{nib::bytes_of(bytes), "p", 100, known}.read(); }

std::string error_in(const std::string& bytes) {
    return support::error_of([&] {
        read(bytes);
        return 0;
    });
}

// A value as Python would print it.
std::string shown(const nib::Pickle& pickle, nib::Pickle::Index value);

std::string shown_items(const nib::Pickle& pickle, nib::Pickle::Index value) {
    std::string list;
    pickle.for_each(value, [&](auto item) {
        list += (list.empty() ? "" : ", ") + shown(pickle, item);
        return true;
    });
    return list;
}

std::string shown(const nib::Pickle& pickle, nib::Pickle::Index value) {
    switch (pickle.kind(value)) {
        case Kind::none:
            return "None";
        case Kind::boolean:
            return pickle.integer(value) != 0 ? "True" : "False";
        case Kind::integer:
            return std::to_string(pickle.integer(value));
        case Kind::large_integer:
            return "large";
        case Kind::real:
            return nib::format_shortest(pickle.real(value));
        case Kind::text:
            return "'" + std::string(pickle.text(value)) + "'";
        case Kind::bytes:
            return "b'" + std::string(pickle.text(value)) + "'";
        case Kind::tuple:
            return "(" + shown_items(pickle, value) + ")";
        case Kind::list:
            return "[" + shown_items(pickle, value) + "]";
        case Kind::dict:
            return "{" + shown_items(pickle, value) + "}";
        case Kind::set:
            return "set(" + shown_items(pickle, value) + ")";
        case Kind::global:
            return "global " + (pickle.global(value) > std::size(known) ? pickle.global_name(value)
                                                                        : std::to_string(pickle.global(value)));
        case Kind::object:
            return "call(" + shown_items(pickle, value) + ")";
        case Kind::reference:
            return "reference(" + shown_items(pickle, value) + ")";
    }
    return "";
}

std::string shown(const std::string& bytes) {
    const nib::Pickle pickle = read(bytes);
    return shown(pickle, pickle.root());
}

std::string zeros(std::size_t count) { return std::string(count, '\0'); }

}  // namespace

TEST_CASE("each opcode makes its value") {
    const auto value = [](const std::string& opcodes) { return shown(pickled(opcodes)); };
    CHECK(value("N") == "None");
    CHECK(value("\x88") == "True");
    CHECK(value("\x89") == "False");
    CHECK(value("K\xff") == "255");
    CHECK(value("M\xff\xff") == "65535");
    CHECK(value("J\xfe\xff\xff\xff") == "-2");
    CHECK(value("J" + zeros(3) + "\x80") == "-2147483648");
    CHECK(value("G\x3f\xf8" + zeros(6)) == "1.5");
    CHECK(value("\x8a" + zeros(1)) == "0");
    CHECK(value("\x8a\x01\xff") == "-1");
    CHECK(value("\x8a\x02\xff" + zeros(1)) == "255");
    CHECK(value("\x8a\x08" + std::string(7, '\xff') + "\x7f") == "9223372036854775807");
    CHECK(value("\x8a\x08" + zeros(7) + "\x80") == "-9223372036854775808");
    CHECK(value("\x8a\x09" + std::string(8, '\xff') + zeros(1)) == "large");
    CHECK(value("\x8b\x02" + zeros(3) + zeros(1) + "\x01") == "256");
    CHECK(value("X\x02" + zeros(3) + "ab") == "'ab'");
    CHECK(value("\x8c\x02"
                "ab") == "'ab'");
    CHECK(value("\x8d\x02" + zeros(7) + "ab") == "'ab'");
    CHECK(value("U\x02"
                "ab") == "'ab'");
    CHECK(value("C\x02"
                "ab") == "b'ab'");
    CHECK(value("B\x02" + zeros(3) + "ab") == "b'ab'");
    CHECK(value("\x8e\x02" + zeros(7) + "ab") == "b'ab'");
    CHECK(value("\x96\x02" + zeros(7) + "ab") == "b'ab'");
    CHECK(value(")") == "()");
    CHECK(value("K\1\x85") == "(1)");
    CHECK(value("K\1K\2\x86") == "(1, 2)");
    CHECK(value("K\1K\2K\3\x87") == "(1, 2, 3)");
    CHECK(value("(t") == "()");
    CHECK(value("(K\1K\2K\3K\4t") == "(1, 2, 3, 4)");
    CHECK(value("(K\1(K\2tK\3t") == "(1, (2), 3)");
    CHECK(value("]") == "[]");
    CHECK(value("]K\1a") == "[1]");
    CHECK(value("](K\1K\2e") == "[1, 2]");
    CHECK(value("}") == "{}");
    CHECK(value("}K\1K\2s") == "{1, 2}");
    CHECK(value("}(K\1K\2K\3K\4u") == "{1, 2, 3, 4}");
    CHECK(value("\x8f(K\1K\2\x90") == "set(1, 2)");
    CHECK(value("(K\1\x91") == "set(1)");
    CHECK(value("(K\7q\5h\5t") == "(7, 7)");
    CHECK(value("(K\7r\5" + zeros(3) + "j\5" + zeros(3) + "t") == "(7, 7)");
    CHECK(value("(K\7\x94K\x08\x94h\1h" + zeros(1) + "t") == "(7, 8, 8, 7)");
    CHECK(value("\x95\3" + zeros(7) + "K\7") == "7");
    CHECK(value("ctorch\nSize\n") == "global 1");
    CHECK(value("\x8c\x05torch\x8c\x06"
                "device\x93") == "global 0");
    CHECK(value("ccollections\nOrderedDict\n") == "global 2");
    CHECK(value("ctorch\nSize\n(K\1K\2tR") == "call(global 1, (1, 2))");
    CHECK(value("ctorch\nSize\n)\x81") == "call(global 1, ())");
    CHECK(value("ccollections\nOrderedDict\n)RK\1K\2s") == "{1, 2}");
    CHECK(value("ccollections\nOrderedDict\n)R}K\1K\2sb") == "{}");
    CHECK(value("K\1Q") == "reference(1)");
    CHECK(shown("\x80\5K\1.") == "1");
}

TEST_CASE("a value may hold itself, and nest as deep as it is long") {
    const nib::Pickle pickle = read(pickled("]q" + zeros(1) + "h" + zeros(1) + "a"));
    pickle.for_each(pickle.root(), [&](auto item) {
        CHECK(item == pickle.root());
        return true;
    });
    const std::size_t depth = 1'000'000;
    const nib::Pickle deep = read(pickled(std::string(depth, ']') + std::string(depth - 1, 'a')));
    CHECK(deep.size(deep.root()) == 1);
    const nib::Pickle marks = read(pickled(std::string(depth, '(') + std::string(depth, 't')));
    CHECK(marks.size(marks.root()) == 1);
}

TEST_CASE("a global outside of the list is its name, and what it would make an object; nothing is called") {
    const auto value = [](const std::string& opcodes) { return shown(pickled(opcodes)); };
    CHECK(value("cposix\nsystem\n" + text("touch x") + "\x85R") == "call(global posix.system, ('touch x'))");
    CHECK(value("\x8c\2os\x8c\4path\x93") == "global os.path");
    CHECK(value("ctorch\nSiz\n") == "global torch.Siz");
    CHECK(value("ctorch.Size\n\n") == "global torch.Size.");
    CHECK(value("c" + std::string(100, 'm') + "\nn\n") == "global " + std::string(60, 'm') + "...");
    CHECK(value("cm\nN\n)\x81") == "call(global m.N, ())");
    CHECK(value("cm\nN\n)}\x92") == "call(global m.N, (), {})");
    CHECK(value("(K\1im\nN\n") == "call(global m.N, (1))");
    CHECK(value("(cm\nN\nK\1o") == "call(global m.N, (1))");
    CHECK(value("\x82\1") == "global copyreg.extension");
    CHECK(value("\x83\1\1") == "global copyreg.extension");
    CHECK(value("\x84\1\1\1\1)R") == "call(global copyreg.extension, ())");
    // What an object makes, its arguments from an object, its states and items.
    CHECK(value("cm\nf\n)R)R") == "call(call(global m.f, ()), ())");
    CHECK(value("cm\nf\ncm\ng\n)RR") == "call(global m.f, call(global m.g, ()))");
    CHECK(value("cm\nN\n)\x81}bK\1b") == "call(global m.N, (), {}, 1)");
    CHECK(value("cm\nN\n)\x81K\1a(K\2K\3e(K\4\x90") == "call(global m.N, (), 1, 2, 3, 4)");
    CHECK(value("ctorch\nSize\n)RK\1b") == "call(global 1, (), 1)");
    CHECK(value("ccollections\nOrderedDict\n]\x85R") == "call(global 2, ([]))");
    // A tuple that holds itself is written again, in the memo.
    CHECK(value("K\1K\2"
                "0") == "1");
    CHECK(value("K\1(K\2K\3"
                "1") == "1");
    CHECK(value("K\1(0") == "1");
}

TEST_CASE("what is put into an object by key is a dict of its own") {
    const nib::Pickle pickle = read(pickled("cm\nDict\n)\x81K\1K\2s(K\3K\4u"));
    const auto dict = pickle.as_dict(pickle.root());
    REQUIRE(dict);
    CHECK(shown(pickle, *dict) == "{1, 2, 3, 4}");
    CHECK(pickle.size(*dict) == 2);
    CHECK(pickle.as_dict(*dict) == dict);
    const nib::Pickle other = read(pickled("cm\nDict\n)\x81}b"));
    CHECK_FALSE(other.as_dict(other.root()));
    const nib::Pickle number = read(pickled("K\1"));
    CHECK_FALSE(number.as_dict(number.root()));
}

TEST_CASE("it is known where a global is named") {
    const nib::Pickle pickle =
        read(pickled("N\x85"
                     "cos\npath\n)R\x86"));
    std::size_t at = 0;
    pickle.for_each(pickle.root(), [&](auto item) {
        if (pickle.kind(item) != Kind::object) return true;
        pickle.for_each(item, [&](auto part) {
            at = pickle.position(part);
            return false;
        });
        return true;
    });
    CHECK(at == 4);
}

TEST_CASE("broken pickles are refused, and it is said where") {
    const auto error = [](const std::string& opcodes) { return error_in(pickled(opcodes)); };
    const auto at = [](int byte, const std::string& message) {
        return "p: byte " + std::to_string(byte) + ": " + message;
    };
    CHECK(error_in("") == at(100, "expected a pickle, which starts with 80"));
    CHECK(error_in("K\1.") == at(100, "expected a pickle, which starts with 80"));
    CHECK(error_in("\x80") == at(100, "expected 1 more bytes, found 0"));
    CHECK(error_in("\x80\1K\1.") == at(100, "expected a pickle of protocol 2 to 5, found 1"));
    CHECK(error_in("\x80\6K\1.") == at(100, "expected a pickle of protocol 2 to 5, found 6"));
    CHECK(error_in("\x80\2") == at(102, "expected 1 more bytes, found 0"));
    CHECK(error_in("\x80\2K\1") == at(104, "expected 1 more bytes, found 0"));
    CHECK(error_in("\x80\2K") == at(102, "expected 1 more bytes, found 0"));
    CHECK(error_in("\x80\2J\1\1") == at(102, "expected 4 more bytes, found 2"));
    CHECK(error_in("\x80\2X\xff\xff\xff\xff") == at(102, "expected 4294967295 more bytes, found 0"));
    CHECK(error_in("\x80\2\x8d" + std::string(8, '\xff')) ==
          at(102, "expected 18446744073709551615 more bytes, found 0"));
    CHECK(error_in("\x80\2\x8a\xff") == at(102, "expected 255 more bytes, found 0"));
    CHECK(error_in("\x80\2\x95" + std::string(8, '\xff')) == at(102, "expected a frame that ends in the pickle"));
    CHECK(error("K\1K\2") == at(106, "expected one value at the end, found more"));
    CHECK(error("K\1(") == at(105, "expected 1 values on the stack, found fewer"));
    CHECK(error("(K\1") == at(105, "expected one value at the end, found more"));
    CHECK(error("") == at(102, "expected 1 values on the stack, found fewer"));
    CHECK(error("K\1.") == at(105, "expected the end of the pickle"));
    CHECK(error("0") == at(102, "expected 1 values on the stack, found fewer"));
    CHECK(error("1") == at(102, "expected a mark before this, found none"));
    CHECK(error("2") == at(102, "opcode 50 is none that torch.save writes"));
    CHECK(error("\xff") == at(102, "opcode 255 is none that torch.save writes"));
    CHECK(error("I1\n") == at(102, "opcode 73 is none that torch.save writes"));
    CHECK(error("t") == at(102, "expected a mark before this, found none"));
    CHECK(error("K\1K\2\x87") == at(106, "expected 3 values on the stack, found fewer"));
    CHECK(error("K\1(\x85") == at(105, "expected 1 values on the stack, found fewer"));
    CHECK(error("a") == at(102, "expected 2 values on the stack, found fewer"));
    CHECK(error("(K\1e") == at(105, "expected 2 values on the stack, found fewer"));
    CHECK(error("K\1K\1a") == at(106, "expected a list, dict or set to put this into, found another"));
    CHECK(error("]K\1K\1s") == at(107, "expected a list, dict or set to put this into, found another"));
    CHECK(error("}(K\1u") == at(106, "expected a value for each key"));
    CHECK(error("h\1") == at(102, "memo 1 was never written"));
    CHECK(error("K\1q\1h" + zeros(1)) == at(106, "memo 0 was never written"));
    CHECK(error("q\1") == at(102, "expected 1 values on the stack, found fewer"));
    CHECK(error("K\1q\xff") == at(104, "memo 255 is more than a pickle of 7 bytes needs"));
    CHECK(error("K\1r\xff\xff\xff\xff") == at(104, "memo 4294967295 is more than a pickle of 10 bytes needs"));
    CHECK(error("ctorch") == at(102, "expected the name of a class or function, and a newline"));
    CHECK(error("ctorch\nSize") == at(102, "expected the name of a class or function, and a newline"));
    CHECK(error("K\1K\1\x93") == at(106, "expected a text on the stack, found another"));
    CHECK(error("K\1)R") == at(105, "expected a class or function and a tuple of its arguments, found others"));
    CHECK(error("ctorch\nSize\nK\1R") ==
          at(116, "expected a class or function and a tuple of its arguments, found others"));
    CHECK(error("cos\npath\nK\1R") ==
          at(113, "expected a class or function and a tuple of its arguments, found others"));
    CHECK(error("(o") == at(103, "expected a class behind the mark, found none"));
    CHECK(error("(K\1o") == at(105, "expected a class or function and a tuple of its arguments, found others"));
    CHECK(error("im\nN\n") == at(102, "expected a mark before this, found none"));
    CHECK(error("cm\nN\n)\x92") == at(108, "expected 3 values on the stack, found fewer"));
    CHECK(error("cm\nN\n)\x81(K\1u") == at(112, "expected a value for each key"));
    CHECK(error("K\1}b") == at(105, "expected an object to give a state to, found another"));
    CHECK(error("ctorch\nSize\n}b") == at(115, "expected an object to give a state to, found another"));
    CHECK(error("Q") == at(102, "expected 1 values on the stack, found fewer"));
    const std::string large(nib::PickleReader::max_size + 1, '\0');
    CHECK(error_in(large) == at(100, "expected a pickle of at most 33554432 bytes, found 33554433"));
}

TEST_CASE("a pickle that would take too much memory is refused before it does") {
    struct Case {
        std::string opcodes;
        std::size_t memory;  // besides None, True, False and ()
    };
    constexpr std::size_t value = 16, item = 8, place = 4, mark = sizeof(std::size_t), constants = 4 * value;
    constexpr std::size_t name = 2 * sizeof(std::string_view);
    const auto repeated = [](const std::string& opcodes) {
        std::string text;
        for (int i = 0; i < 100; ++i) text += opcodes;
        return text;
    };
    const std::vector<Case> cases = {{repeated("N"), 100 * place},
                                     {repeated("("), 100 * mark},
                                     {repeated("]"), 100 * (value + place)},
                                     {repeated("cm\nN\n"), 100 * (value + name + place)},
                                     {"cm\nN\n" + repeated(")R"), 101 * value + name + 200 * item + place},
                                     {"cm\nN\n)R" + repeated("Nb"), 2 * value + name + 102 * item + place},
                                     {"cm\nN\n)R" + repeated("NNs"), 3 * value + name + 203 * item + place},
                                     {"]" + repeated("Na"), value + place + 100 * item},
                                     {"N" + repeated("\x94"), place + 100 * place}};
    for (const Case& c : cases) {
        CAPTURE(c.opcodes.substr(0, 4));
        const std::size_t needed = constants + c.memory;
        const auto error = [&](std::size_t most_memory) {
            const std::string bytes = pickled(c.opcodes);
            return support::error_of([&] {
                nib::PickleReader{nib::bytes_of(bytes), "p", 100, known, most_memory}.read();
            });
        };
        CHECK(support::contains(error(needed - 1), "expected a pickle that takes at most " +
                                                       std::to_string(needed - 1) + " bytes of memory"));
        CHECK(!support::contains(error(needed), "memory"));
    }
    const std::string hostile(nib::PickleReader::max_memory / (value + place) + 1, ']');
    CHECK(support::contains(error_in(pickled(hostile)), "expected a pickle that takes at most 100663296 bytes"));
}

TEST_CASE("a vocabulary of a million words is read") {
    // As Python's pickler writes it: in pieces of 1000 pairs, with a memo for each word.
    constexpr std::size_t words = 1'000'000;
    const auto number = [](std::size_t value) {
        std::string bytes;
        for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xff);
        return bytes;
    };
    std::string opcodes = "}";
    for (std::size_t i = 0; i < words; ++i) {
        const std::string word = "word" + std::to_string(i);
        if (i % 1000 == 0) opcodes += '(';
        opcodes += "X" + number(word.size()) + word + "r" + number(i) + "J" + number(i);
        if (i % 1000 == 999) opcodes += 'u';
    }
    const std::string bytes = pickled(opcodes);
    const nib::Pickle pickle = read(bytes);
    CHECK(pickle.size(pickle.root()) == words);
    std::size_t right = 0;
    pickle.for_each_pair(pickle.root(), [&](nib::Pickle::Index key, nib::Pickle::Index value) {
        if (pickle.text(key) == "word" + std::to_string(right) && pickle.integer(value) == static_cast<int>(right))
            ++right;
        return true;
    });
    CHECK(right == words);
}

TEST_CASE("a pickle that is cut or changed anywhere is read or refused") {
    const std::string good = pickled(dict({text("a"), integers({1, 300, -70000}), text("b"), "ctorch\nSize\n(K\1tR",
                                           text("c"), ordered_dict({text("d"), "](K\1q\2h\2e"})}));
    CHECK(error_in(good) == "");
    for (std::size_t size = 0; size < good.size(); ++size) CHECK(error_in(good.substr(0, size)) != "");
    for (std::size_t i = 0; i < good.size(); ++i)
        for (int value = 0; value < 256; ++value) {
            std::string bad = good;
            bad[i] = static_cast<char>(value);
            error_in(bad);
        }
}
