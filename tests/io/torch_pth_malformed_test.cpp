// Pickles that torch.save does not write, of each kind: what is said of each is one line that names the file.
#include <nib/io/torch_pth.hpp>

#include "../support.hpp"
#include "malformed_torch.hpp"
#include "torch_builder.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using support::TorchBuilder;
using namespace support::malformed;

namespace {

const std::string rebuild = global("torch._utils", "_rebuild_tensor_v2");
const std::string untyped = global("torch._utils", "_rebuild_tensor_v3");
const std::string parameter = global("torch._utils", "_rebuild_parameter");
const std::string bytes = global("torch.storage", "UntypedStorage");
const std::string subclass = global("torch._tensor", "_rebuild_from_type_v2");

// One tensor of so many dimensions under so many names.
std::string many_names(std::size_t dimensions, int names) {
    const std::string ones = integers(std::vector<std::int64_t>(dimensions, 1));
    std::vector<std::string> items = {text("x"), tensor({.shape = ones, .strides = ones}) + "q\7"};
    for (int i = 0; i < names; ++i) {
        items.push_back(text(std::to_string(i)));
        items.push_back("h\7");
    }
    return dict(items);
}

std::string many_dicts(int count) {
    std::vector<std::string> items;
    for (int i = 0; i < count; ++i) {
        items.push_back(text(std::to_string(i)));
        items.push_back(state);
    }
    return dict(items);
}

std::string nested_dict(int depth, const std::string& inner) {
    return depth == 0 ? inner : dict({text("x"), nested_dict(depth - 1, inner)});
}

// What is said of a tensor where sizes have 64 bits; where they have fewer, the first number is refused.
std::string of_64_bits(const std::string& said, const std::string& number) {
    return "tensor \"x\": " + (sizeof(std::size_t) == 8 ? said : "expected a size or offset, found " + number);
}

// Arguments that make a tensor of a class of a class ...
std::string nested_class(int depth) {
    std::string value = tuple({"N"});
    for (int i = 0; i < depth; ++i) value = tuple({subclass, global("m", "T"), value, "N"});
    return subclass + value + "R";
}

}  // namespace

TEST_CASE("what is in archives of torch.save and is no state_dict") {
    check_refused({
        {"an empty pickle", zip([](auto& z) { z.entries[0].data = ""; }),
         "byte 40: expected a pickle, which starts with 80"},
        {"a pickle of protocol 0", zip([](auto& z) { z.entries[0].data = "(dp0\n."; }),
         "byte 40: expected a pickle, which starts with 80"},
        {"a pickle without its end", zip([](auto& z) { z.entries[0].data.pop_back(); }),
         "byte 182: expected 1 more bytes, found 0"},
        {"a pickle with more behind it", torch("N.N"), "byte 44: expected the end of the pickle"},
        {"an opcode that nobody writes", torch("\xff"), "byte 42: opcode 255 is none that torch.save writes"},
        {"a stack underflow", torch("}(K\1uRR"), "byte 46: expected a value for each key"},
        {"a memo that was never written", torch("h\7"), "byte 42: memo 7 was never written"},
        {"a memo of 4 billion", torch("}r\xff\xff\xff\xff"),
         "byte 43: memo 4294967295 is more than a pickle of 9 bytes needs"},
        {"a text of 4 GiB", torch("X\xff\xff\xff\xff"), "byte 42: expected 4294967295 more bytes, found 1"},
        {"a text of 2^64 - 1 bytes", torch("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"),
         "byte 42: expected 18446744073709551615 more bytes, found 1"},
        {"a key without a value", torch("}(" + text("x") + "u"), "byte 50: expected a value for each key"},
        {"os.system", torch("cos\nsystem\n" + text("touch x") + "\x85R"),
         "byte 42: this file needs the global os.system, which is not read: save net.state_dict() alone"},
        {"builtins.eval of a tensor",
         torch(dict({text("x"), tensor(), text("y"), call(global("builtins", "eval"), {tensor()})})),
         "tensor \"y\": expected a tensor, found an object of 'builtins.eval' that holds tensors"},
        {"builtins.eval alone", torch(dict({text("y"), call(global("builtins", "eval"), {text("1")})})),
         "expected a state_dict (tensors by name), or a dict that holds one, found 'y': an object of 'builtins.eval'"},
        {"a tensor's shape by builtins.eval",
         torch(dict({text("x"), tensor({.shape = call(global("builtins", "eval"), {text("(2, 3)")})})})),
         "tensor \"x\": expected a tuple of sizes, found an object of 'builtins.eval'"},
        {"a tensor's storage by builtins.eval",
         torch(dict({text("x"), call(rebuild, {call(global("builtins", "eval"), {text("f")}), integer(0), integers({}),
                                               integers({}), "\x89", "}"})})),
         "tensor \"x\": expected a storage's class, key, location and size, found others"},
        {"a tensor's type by builtins.eval",
         torch(dict({text("x"), tensor({.type = bytes,
                                        .count = integer(24),
                                        .rest = {"\x89", "}", call(global("builtins", "eval"), {text("f")})},
                                        .callee = untyped})})),
         "tensor \"x\": expected a dtype, found an object of 'builtins.eval'"},
        {"all of a tensor by builtins.eval",
         torch(dict({text("x"), rebuild + call(global("builtins", "eval"), {text("f")}) + "R"})),
         "tensor \"x\": expected a tuple of what makes a tensor, found an object of 'builtins.eval'"},
        {"a whole module", torch("c__main__\nNet\n)\x81" + dict({text("_parameters"), "}"}) + "b"),
         "this file pickles whole modules (global __main__.Net): save net.state_dict() instead"},
        {"a call of a number", torch("K\1)R"),
         "byte 45: expected a class or function and a tuple of its arguments, found others"},
        {"a state for a tensor", torch(dict({text("x"), tensor() + tuple({"N"}) + "b"})),
         "tensor \"x\": expected a tensor as it is made, found one that is given a state: save its clone"},
        {"a tensor that is called", torch(dict({text("x"), tensor() + ")R", text("y"), "N"})),
         "expected a state_dict (tensors by name), or a dict that holds one, found 'x': an object"},
        {"a whole module under a key",
         torch(dict({text("epoch"), integer(3), text("net"),
                     "c__main__\nNet\n)\x81" + dict({text("_parameters"), "}"}) + "b"})),
         "this file pickles whole modules (global __main__.Net): save net.state_dict() instead"},
        {"a whole module beside another dict of tensors",
         torch(dict({text("model"), "c__main__\nNet\n)\x81" + dict({text("_parameters"), state}) + "b",
                     text("statistics"), state})),
         "this file pickles whole modules (global __main__.Net): save net.state_dict() instead"},
        {"a module that a partial makes", torch("cfunctools\npartial\n)R)R" + dict({text("_parameters"), "}"}) + "b"),
         "this file pickles whole modules: save net.state_dict() instead"},
        {"a million nested lists", torch(std::string(1000000, ']')),
         "byte 1000042: expected one value at the end, found more"},
        {"a million marks", torch(std::string(1000000, '(')),
         "byte 1000042: expected 1 values on the stack, found fewer"},
        {"a number", torch(integer(3)),
         "expected a state_dict (tensors by name), or a dict that holds one, found an int"},
        {"a tensor alone", torch(tensor()),
         "expected a state_dict (tensors by name), or a dict that holds one, found a tensor"},
        {"a list of tensors", torch("]" + tensor() + "a"),
         "expected a state_dict (tensors by name), or a dict that holds one, found a list"},
        {"a list that holds itself", torch("]q\1h\1a"),
         "expected a state_dict (tensors by name), or a dict that holds one, found a list"},
        {"a dict that holds itself", torch("}q\1" + text("model") + "h\1s"),
         "expected a state_dict (tensors by name), or a dict that holds one, found 'model': a dict"},
        {"a dict that holds itself twice", torch("}q\1(" + text("model") + "h\1" + text("state_dict") + "h\1u"),
         "expected a state_dict (tensors by name), or a dict that holds one, found 'model': a dict"},
        {"no state_dict among others", torch(dict({text("epoch"), integer(3), text("net"), dict({})})),
         "expected a state_dict (tensors by name), or a dict that holds one, found 'epoch': an int"},
        {"nothing but an optimizer",
         torch(dict({text("optimizer"), dict({text("state"), dict({text("x"), dict({text("exp_avg"), tensor()})}),
                                              text("param_groups"), "]"})})),
         "expected a state_dict (tensors by name), or a dict that holds one, found 'optimizer': an optimizer's "
         "state"},
        {"two state_dicts", torch(dict({text("model"), state, text("state_dict"), state})),
         "expected one state_dict, found several: 'model' and 'state_dict': save the one that you want alone"},
        {"one state_dict twice", torch(dict({text("model"), state, text("model"), state})),
         "expected one state_dict, found several: 'model' and 'model': save the one that you want alone"},
        {"a dict of dicts of tensors",
         torch(dict({text("model"), dict({text("encoder"), state, text("decoder"), state})})),
         "expected one state_dict, found several: 'model'.'encoder' and 'model'.'decoder': save the one that you want "
         "alone"},
        {"a dict of tensors beside tensors", torch(dict({text("x"), tensor(), text("net"), state})),
         "expected one state_dict, found several: the outermost dict and 'net': save the one that you want alone"},
        {"dicts of tensors in a hundred places", torch(many_dicts(100)),
         "expected one state_dict, found several: '0', '1', '2', '3' and 96 more: save the one that you want alone"},
        {"dicts of tensors far down", torch(dict({text("a"), nested_dict(9, state), text("b"), state})),
         "expected one state_dict, found several: 'b' and ...'x'.'x'.'x'.'x': save the one that you want alone"},
        {"a state_dict with a list of tensors",
         torch(dict({text("model"), dict({text("x"), tensor(), text("y"), "]" + tensor() + "a"})})),
         "tensor \"y\": expected a tensor, found a list that holds tensors"},
        {"a state_dict with a tensor in an object",
         torch(dict({text("x"), tensor(), text("y"), call(global("m", "Tensor"), {integer(1), tensor()})})),
         "tensor \"y\": expected a tensor, found an object of 'm.Tensor' that holds tensors"},
        {"a state_dict with a tensor in an object's state",
         torch(dict({text("x"), tensor(), text("y"), global("m", "T") + ")\x81" + dict({text("z"), tensor()}) + "b"})),
         "tensor \"y\": expected a tensor, found an object of 'm.T' that holds tensors"},
        {"a name that is a number", torch(dict({integer(1), tensor()})),
         "expected a state_dict whose names are texts of UTF-8, found an int"},
        {"a name that is no UTF-8", torch(dict({text("\xc3"), tensor()})),
         "expected a state_dict whose names are texts of UTF-8, found a str"},
        {"a name twice", torch(dict({text("x"), tensor(), text("x"), tensor()})),
         "tensor \"x\": two tensors have this name"},
        {"a parameter of nothing", torch(dict({text("x"), call(global("torch._utils", "_rebuild_parameter"), {})})),
         "tensor \"x\": expected a parameter's tensor"},
        {"a parameter of a number",
         torch(dict({text("x"), call(global("torch._utils", "_rebuild_parameter"), {integer(1), "\x88", "}"})})),
         "tensor \"x\": expected a parameter's tensor"},
        {"a parameter of itself",
         torch(dict({text("x"), call(parameter, {call(parameter, {tensor(), "\x88", "}"}), "\x88", "}"})})),
         "tensor \"x\": expected a tensor of a storage, offset, shape and strides, found another"},
        {"a tensor of a class of itself",
         torch(dict({text("x"), call(subclass, {subclass, global("m", "T"), ")", "N"})})),
         "tensor \"x\": expected a function, a class and a tuple of what makes a tensor of a class, found others"},
        {"a tensor of a class of a class of a class", torch(dict({text("x"), nested_class(5)})),
         "tensor \"x\": expected a tensor of a storage, offset, shape and strides, found another"},
        {"a tensor of a class, of nothing", torch(dict({text("x"), call(subclass, {})})),
         "tensor \"x\": expected a function, a class and a tuple of what makes a tensor of a class, found others"},
        {"a tensor of a class, made by an unknown function",
         torch(dict({text("x"), call(subclass, {global("m", "f"), global("m", "T"), tuple({tensor()}), "N"})})),
         "tensor \"x\": expected a function that makes a tensor, found 'm.f'"},
        {"a sparse tensor",
         torch(dict({text("x"), call(global("torch._utils", "_rebuild_sparse_tensor"), {"N", tuple({tensor()})})})),
         "tensor \"x\": is made by torch._utils._rebuild_sparse_tensor, which is not read: expected a dense tensor of "
         "real numbers"},
        {"a quantized tensor's storage", torch(dict({text("x"), tensor({.type = global("torch", "QInt8Storage")})})),
         "tensor \"x\": its type 'torch.QInt8Storage' is not read: expected real numbers"},
        {"a tensor of too few arguments", torch(dict({text("x"), tensor({.rest = {"\x89"}})})),
         "tensor \"x\": expected a tensor of a storage, offset, shape and strides, found another"},
        {"a tensor of too many arguments", torch(dict({text("x"), tensor({.rest = {"\x89", "}", "N", "N"}})})),
         "tensor \"x\": expected a tensor of a storage, offset, shape and strides, found another"},
        {"a negated view", torch(dict({text("x"), tensor({.rest = {"\x89", "}", dict({text("neg"), "\x88"})}})})),
         "tensor \"x\": expected numbers as they are stored, found a view that negates or conjugates them: save its "
         "clone"},
        {"a missing storage", torch(dict({text("x"), tensor({.key = text("1")})})),
         "tensor \"x\": the file holds no storage '1', which this tensor lies in"},
        {"a storage named by a path", torch(dict({text("x"), tensor({.key = text("../data.pkl")})})),
         "tensor \"x\": the file holds no storage '../data.pkl', which this tensor lies in"},
        {"a storage's name of 1000 bytes", torch(dict({text("x"), tensor({.key = text(std::string(1000, '0'))})})),
         "tensor \"x\": the file holds no storage '000000000000000000000000000000000000000000000000000000000000...', "
         "which this tensor lies in"},
        {"a storage named by a number", torch(dict({text("x"), tensor({.key = integer(0)})})),
         "tensor \"x\": expected a storage's class, key, location and size, found others"},
        {"a storage of fewer elements", torch(dict({text("x"), tensor({.count = integer(5)})})),
         "tensor \"x\": expected a storage of 5 elements of 4 bytes, found one of 24 bytes"},
        {"a storage of more elements", torch(dict({text("x"), tensor({.count = integer(7)})})),
         "tensor \"x\": expected a storage of 7 elements of 4 bytes, found one of 24 bytes"},
        {"a storage of 2^62 elements", torch(dict({text("x"), tensor({.count = integer(std::int64_t{1} << 62)})})),
         of_64_bits("expected a storage of 4611686018427387904 elements of 4 bytes, found one of 24 bytes",
                    "4611686018427387904")},
        {"a storage of -1 elements", torch(dict({text("x"), tensor({.count = integer(-1)})})),
         "tensor \"x\": expected a size or offset, found -1"},
        {"a storage of another type", torch(dict({text("x"), tensor({.type = global("torch", "DoubleStorage")})})),
         "tensor \"x\": expected a storage of 6 elements of 8 bytes, found one of 24 bytes"},
        {"a storage of complex numbers",
         torch(dict({text("x"), tensor({.type = global("torch", "ComplexFloatStorage")})})),
         "tensor \"x\": its type 'torch.ComplexFloatStorage' is not read: expected real numbers"},
        {"a storage that is a dtype", torch(dict({text("x"), tensor({.type = global("torch", "float32")})})),
         "tensor \"x\": expected a storage of a type, found 'torch.float32'"},
        {"a storage whose class is a text", torch(dict({text("x"), tensor({.type = text("FloatStorage")})})),
         "tensor \"x\": expected a storage's class, key, location and size, found others"},
        {"a storage of no type in a typed tensor",
         torch(dict({text("x"), tensor({.type = global("torch.storage", "UntypedStorage")})})),
         "tensor \"x\": expected a storage of a type, found 'torch.storage.UntypedStorage'"},
        {"a reference to something else",
         torch(dict(
             {text("x"), call(rebuild, {text("file") + "Q", integer(0), integers({}), integers({}), "\x89", "}"})})),
         "tensor \"x\": expected a storage's class, key, location and size, found others"},
        {"a reference to nothing",
         torch(dict({text("x"), call(rebuild, {")Q", integer(0), integers({}), integers({}), "\x89", "}"})})),
         "tensor \"x\": expected a storage's class, key, location and size, found others"},
        {"a tensor of no reference",
         torch(dict({text("x"), call(rebuild, {"N", integer(0), integers({}), integers({}), "\x89", "}"})})),
         "tensor \"x\": expected a storage's class, key, location and size, found others"},
        {"an untyped tensor of a typed storage",
         torch(dict({text("x"), tensor({.rest = {"\x89", "}", global("torch", "uint16")}, .callee = untyped})})),
         "tensor \"x\": expected torch.storage.UntypedStorage, found 'torch.FloatStorage'"},
        {"an untyped tensor of no type",
         torch(dict({text("x"),
                     tensor({.type = bytes, .count = integer(24), .rest = {"\x89", "}", "N"}, .callee = untyped})})),
         "tensor \"x\": expected a dtype, found None"},
        {"an untyped tensor of complex numbers",
         torch(dict({text("x"), tensor({.type = bytes,
                                        .count = integer(24),
                                        .rest = {"\x89", "}", global("torch", "complex64")},
                                        .callee = untyped})})),
         "tensor \"x\": its type 'torch.complex64' is not read: expected real numbers"},
        {"an offset beyond the storage", torch(dict({text("x"), tensor({.offset = integer(1)})})),
         "tensor \"x\": shape [2, 3] with strides [3, 1] from element 1 goes beyond its storage of 6"},
        {"an offset of 2^63 - 1", torch(dict({text("x"), tensor({.offset = integer(0x7fffffffffffffff)})})),
         of_64_bits("shape [2, 3] with strides [3, 1] from element 9223372036854775807 goes beyond its storage of 6",
                    "9223372036854775807")},
        {"a negative offset", torch(dict({text("x"), tensor({.offset = integer(-1)})})),
         "tensor \"x\": expected a size or offset, found -1"},
        {"an offset that is a text", torch(dict({text("x"), tensor({.offset = text("0")})})),
         "tensor \"x\": expected a size or offset, found a str"},
        {"an offset of 80 bits", torch(dict({text("x"), tensor({.offset = "\x8a\x0a" + std::string(10, '\x7f')})})),
         "tensor \"x\": expected a size or offset, found an int"},
        {"a shape beyond the storage", torch(dict({text("x"), tensor({.shape = integers({3, 3})})})),
         "tensor \"x\": shape [3, 3] with strides [3, 1] from element 0 goes beyond its storage of 6"},
        {"strides beyond the storage", torch(dict({text("x"), tensor({.strides = integers({4, 1})})})),
         "tensor \"x\": shape [2, 3] with strides [4, 1] from element 0 goes beyond its storage of 6"},
        {"strides that overflow",
         torch(dict({text("x"), tensor({.strides = integers({0x7fffffffffffffff, 0x7fffffffffffffff})})})),
         of_64_bits("shape [2, 3] with strides [9223372036854775807, 9223372036854775807] from element 0 goes beyond "
                    "its storage of 6",
                    "9223372036854775807")},
        {"a shape that overflows",
         torch(dict({text("x"), tensor({.shape = integers({0x7fffffffffffffff, 0x7fffffffffffffff}),
                                        .strides = integers({0, 0})})})),
         of_64_bits("shape [9223372036854775807, 9223372036854775807] overflows", "9223372036854775807")},
        {"an empty tensor beyond the storage",
         torch(dict({text("x"), tensor({.offset = integer(7), .shape = integers({0, 3})})})),
         "tensor \"x\": shape [0, 3] with strides [3, 1] from element 7 goes beyond its storage of 6"},
        {"one number of an empty storage",
         torch(dict(
             {text("x"),
              tensor({.key = text("none"), .count = integer(0), .shape = integers({}), .strides = integers({})})})),
         "tensor \"x\": shape [] with strides [] from element 0 goes beyond its storage of 0"},
        {"a negative size", torch(dict({text("x"), tensor({.shape = integers({-2, 3})})})),
         "tensor \"x\": expected a size or offset, found -2"},
        {"a negative stride", torch(dict({text("x"), tensor({.strides = integers({-3, 1})})})),
         "tensor \"x\": expected a size or offset, found -3"},
        {"a size that is a bool", torch(dict({text("x"), tensor({.shape = tuple({"\x88", integer(3)})})})),
         "tensor \"x\": expected a size or offset, found a bool"},
        {"a shape that is a list", torch(dict({text("x"), tensor({.shape = "](K\2K\3e"})})),
         "tensor \"x\": expected a tuple of sizes, found a list"},
        {"fewer strides than dimensions", torch(dict({text("x"), tensor({.strides = integers({1})})})),
         "tensor \"x\": expected a stride for each of 2 dimensions, found 1"},
        {"a tensor of 64 dimensions under a thousand names", torch(many_names(64, 1000)),
         "tensor \"887\": the same tensor stands under too many names, with too many dimensions"},
        {"65 dimensions",
         torch(dict({text("x"), tensor({.shape = integers(std::vector<std::int64_t>(65, 1)),
                                        .strides = integers(std::vector<std::int64_t>(65, 1))})})),
         "tensor \"x\": expected at most 64 dimensions, found 65"},
    });
}

TEST_CASE("how many names a tensor may have grows with the pickle") {
    const std::string note = text(std::string(std::size_t{1} << 20, 'x'));
    const auto read = [&](int names) {
        const std::string content = torch(dict({text("note"), note, text("model"), many_names(64, names)}));
        return nib::parse_torch(nib::ByteSource{nib::bytes_of(content), "f"}).tensors().size();
    };
    CHECK(read(3000) == 3001);
    CHECK(support::contains(support::error_of([&] { read(4000); }), "the same tensor stands under too many names"));
}

TEST_CASE("a state_dict that is cut anywhere is refused, and with any byte changed refused or as it was") {
    const auto shapes = [](const std::string& content) {
        const nib::TensorFile file = nib::parse_torch(nib::ByteSource{nib::bytes_of(content), "f"});
        std::string text;
        for (const nib::TensorInfo& info : file.tensors()) {
            for (const std::size_t size : info.shape) text += std::to_string(size) + " ";
            text += ";";
        }
        return text;
    };
    const auto error = [&](const std::string& content) { return support::error_of([&] { return shapes(content); }); };
    REQUIRE(shapes(good) == "2 3 ;");
    for (std::size_t size = 0; size < good.size(); ++size) CHECK(error(good.substr(0, size)) != "");
    for (std::size_t i = 0; i < good.size(); ++i)
        for (const int flip : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
            std::string bad = good;
            bad[i] = static_cast<char>(bad[i] ^ flip);
            if (error(bad).empty()) CHECK(shapes(bad) == "2 3 ;");
        }
}

TEST_CASE("a pickle with any byte changed is refused or read, where no checksum catches it") {
    TorchBuilder torch{
        dict({text("model"),
              ordered_dict({text("x"), tensor(), text("y"),
                            tensor({.offset = integer(2), .shape = integers({2, 2}), .strides = integers({1, 2})})}),
              text("n"), integer(70000)}),
        {{"0", six}}};
    const std::string whole = torch.value;
    const int step = support::sanitized ? 3 : 1;  // each byte by other values than the one before it
    for (std::size_t i = 0; i < whole.size(); ++i)
        for (int flip = 1 + static_cast<int>(i) % step; flip < 256; flip += step) {
            torch.value = whole;
            torch.value[i] = static_cast<char>(whole[i] ^ flip);
            const std::string content = torch.bytes();
            support::error_of([&] {
                nib::TensorFile file = nib::parse_torch(nib::ByteSource{nib::bytes_of(content), "f"});
                for (const nib::TensorInfo& info : file.tensors()) file.bytes(info);
                return 0;
            });
        }
}
