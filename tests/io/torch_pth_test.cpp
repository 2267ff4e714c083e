#include <nib/io/torch_pth.hpp>

#include "../support.hpp"
#include "torch_builder.hpp"

#include <nib/io/npy.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using support::stored;
using support::TorchBuilder;
using namespace support::pickle;

namespace {

nib::TensorFile parse(const std::string& bytes) {
    return nib::parse_torch(nib::ByteSource{nib::bytes_of(bytes), "m.pth"});
}

std::vector<double> numbers(nib::TensorFile& file, std::string_view name) {
    REQUIRE(file.find(name) != nullptr);
    return nib::values<double>(file, *file.find(name));
}

// The bytes of the tensor as numbers of type T.
template <class T>
std::vector<T> raw(nib::TensorFile& file, std::string_view name) {
    REQUIRE(file.find(name) != nullptr);
    const std::vector<std::byte> bytes = file.bytes(*file.find(name));
    std::vector<T> result;
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(T))
        result.push_back(nib::load_number<T>(bytes.data() + i, std::endian::little));
    return result;
}

std::vector<std::size_t> shape(const nib::TensorFile& file, std::string_view name) { return file.find(name)->shape; }

using Numbers = std::vector<double>;
using Shape = std::vector<std::size_t>;

const std::string six = stored<float>({0, 1, 2, 3, 4, 5});

}  // namespace

TEST_CASE("a state_dict that PyTorch wrote is read") {
    nib::TensorFile file = nib::open_torch(support::fixture("torch_state.pth"));
    CHECK(file.format() == "PyTorch");
    REQUIRE(file.tensors().size() == 13);
    CHECK(file.tensors()[0].name == "parameter");
    CHECK(file.tensors()[12].name == "flags");
    const Numbers quarters = {0, .25, .5, .75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75};
    CHECK(shape(file, "parameter") == Shape{3, 4});
    CHECK(numbers(file, "parameter") == quarters);
    CHECK(shape(file, "transposed") == Shape{4, 3});
    CHECK(numbers(file, "transposed") == Numbers{0, 1, 2, .25, 1.25, 2.25, .5, 1.5, 2.5, .75, 1.75, 2.75});
    CHECK(shape(file, "sliced") == Shape{2, 2});
    CHECK(numbers(file, "sliced") == Numbers{1.25, 1.75, 2.25, 2.75});
    CHECK(numbers(file, "shared") == quarters);
    CHECK(file.find("shared")->offset == file.find("transposed")->offset);
    CHECK(shape(file, "expanded") == Shape{2, 3});
    CHECK(numbers(file, "expanded") == Numbers{1.5, 1.5, 1.5, 2.5, 2.5, 2.5});
    CHECK(shape(file, "scalar") == Shape{});
    CHECK(file.find("scalar")->dtype == nib::Dtype::f64);
    CHECK(numbers(file, "scalar") == Numbers{-7.25});
    CHECK(shape(file, "empty") == Shape{0, 3});
    CHECK(numbers(file, "empty").empty());
    // 1/12 is 2^-4 * 1.0101010101 01... in binary: rounded to 10 and to 7 bits.
    CHECK(file.find("half")->dtype == nib::Dtype::f16);
    CHECK(raw<std::uint16_t>(file, "half")[1] == 0x2d55);
    CHECK(numbers(file, "half")[3] == .25);
    CHECK(file.find("bfloat")->dtype == nib::Dtype::bf16);
    CHECK(raw<std::uint16_t>(file, "bfloat")[1] == 0x3dab);
    CHECK(numbers(file, "bfloat")[3] == .25);
    CHECK(file.find("longs")->dtype == nib::Dtype::i64);
    CHECK(raw<std::int64_t>(file, "longs") == std::vector<std::int64_t>{-(std::int64_t{1} << 40), 3});
    CHECK(file.find("shorts")->dtype == nib::Dtype::i16);
    CHECK(raw<std::int16_t>(file, "shorts") == std::vector<std::int16_t>{-300, 300});
    CHECK(file.find("bytes")->dtype == nib::Dtype::u8);
    CHECK(raw<std::uint8_t>(file, "bytes") == std::vector<std::uint8_t>{0, 255});
    CHECK(file.find("flags")->dtype == nib::Dtype::boolean);
    CHECK(raw<std::uint8_t>(file, "flags") == std::vector<std::uint8_t>{1, 0, 1});
}

TEST_CASE("a checkpoint and another protocol that PyTorch wrote are read") {
    // Those called "beside" hold values of many classes beside the state_dict and in it.
    for (const char* const name :
         {"torch_checkpoint.pth", "torch_protocol4.pth", "torch_beside2.pth", "torch_beside5.pth"}) {
        CAPTURE(name);
        nib::TensorFile file = nib::open_torch(support::fixture(name));
        REQUIRE(file.tensors().size() == 2);
        CHECK(file.tensors()[0].name == "weight");
        CHECK(numbers(file, "weight") == Numbers{0, .5, 1, 1.5, 2, 2.5});
        CHECK(numbers(file, "bias") == Numbers{-1, 1});
    }
}

TEST_CASE("what PyTorch wrote and is no state_dict is refused, and it is said what to do") {
    const auto error = [](const std::string& path) {
        const std::string text = support::error_of([&] { return nib::open_torch(path); });
        CHECK(text.starts_with(path + ": "));
        return text.substr(path.size() + 2);
    };
    CHECK(error(support::fixture("torch_module.pth")) ==
          "this file pickles whole modules (global torch.nn.modules.linear.Linear): save net.state_dict() instead");
    CHECK(error(support::fixture("torch_script.pth")) ==
          "is a TorchScript archive (torch.jit.save): save net.state_dict() with torch.save instead");
    const support::TemporaryDirectory folder;
    const std::string old_format =
        "written before PyTorch 1.6, or with _use_new_zipfile_serialization=False: load and save it again with "
        "torch.save(torch.load(path), path) in PyTorch 1.6 or later";
    CHECK(error(folder.write("old.pth", "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e\x80\x02")) ==
          old_format);
    CHECK(error(folder.write("old4.pth", "\x80\x04\x95\x0d" + std::string(7, '\0') +
                                             "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e")) == old_format);
    CHECK(error(folder.write("old0.pth", "L119547037146038801333356L\n.")) == old_format);
    CHECK(error(folder.write("model.pkl", "\x80\x04\x95\x0d sklearn")) ==
          "byte 0: is a pickle, as pickle.dump and joblib write them: expected a file of torch.save, as "
          "torch.save(net.state_dict(), path) writes it");
    CHECK(error(folder.write("page.pth", "<!DOCTYPE html>\n<html>")) ==
          "byte 0: is a web page, not the file: open it to see why, and download the file itself");
    // The same from memory.
    CHECK(support::contains(support::error_of([] { return parse("version https://git-lfs.github.com/spec/v1\noid"); }),
                            "is a Git LFS pointer"));
    CHECK(error(support::fixture("int32_3.npy")) ==
          "byte 0: expected a file of torch.save, which is a zip archive and starts with 'PK', found '\x93NUMPY?"
          "?'");
    CHECK(error(support::fixture("python.zip")) ==
          "expected the archive's entries in a folder, as torch.save writes them, found none there");
}

TEST_CASE("the folder of real files: each is read bit for bit or refused") {
    const auto folder = support::real_data("torch");
    if (!folder) return;
    const auto npy = [&](const std::string& name) { return nib::load_npy<float>(*folder + "/" + name).values; };
    const std::vector<float> weight = npy("fc4_weight.npy"), bias = npy("fc4_bias.npy");
    const auto open = [&](const std::string& name) { return nib::open_torch(*folder + "/variants/" + name); };
    const auto error = [&](const std::string& name) { return support::error_of([&] { return open(name); }); };

    for (const char* const name : {"checkpoint_dict.pth", "column_major.pth"}) {
        CAPTURE(name);
        nib::TensorFile file = open(name);
        REQUIRE(file.tensors().size() == 2);
        CHECK(shape(file, "fc4.weight") == Shape{10, 64});
        CHECK(raw<float>(file, "fc4.weight") == weight);
        CHECK(raw<float>(file, "fc4.bias") == bias);
    }
    CHECK(open("column_major.pth").find("fc4.weight")->strides == Shape{1, 10});

    nib::TensorFile sliced = open("sliced_storage.pth");
    CHECK(raw<float>(sliced, "fc4.weight") == std::vector<float>(weight.begin() + 2 * 64, weight.begin() + 5 * 64));
    CHECK(raw<float>(sliced, "fc4.bias") == std::vector<float>(bias.begin() + 2, bias.begin() + 5));

    nib::TensorFile wide = open("double.pth");
    CHECK(numbers(wide, "fc4.weight") == Numbers(weight.begin(), weight.end()));
    CHECK(numbers(wide, "fc4.bias") == Numbers(bias.begin(), bias.end()));

    // Rounding to nearest leaves an error of at most half the last bit.
    const auto check_rounded = [&](const char* name, double precision) {
        CAPTURE(name);
        nib::TensorFile file = open(name);
        const Numbers read = numbers(file, "fc4.weight");
        REQUIRE(read.size() == weight.size());
        for (std::size_t i = 0; i < read.size(); ++i)
            CHECK(std::abs(read[i] - double{weight[i]}) <= precision * std::abs(double{weight[i]}) + 0x1p-25);
    };
    check_rounded("half.pth", 0x1p-11);
    check_rounded("bfloat16.pth", 0x1p-8);

    nib::TensorFile model = nib::open_torch(*folder + "/handwrite_model.pth");
    REQUIRE(model.tensors().size() == 8);
    CHECK(raw<float>(model, "fc4.weight") == weight);
    CHECK(raw<float>(model, "fc4.bias") == bias);

    CHECK(error("legacy.pth").find(": written before PyTorch 1.6, or with") != std::string::npos);
    CHECK(error("whole_module.pth")
              .ends_with("this file pickles whole modules (global torch.nn.modules.linear.Linear): "
                         "save net.state_dict() instead"));
    CHECK(error("malicious.pth")
              .ends_with("this file needs the global posix.system, which is not read: save "
                         "net.state_dict() alone"));
    CHECK(!std::filesystem::exists("pwned_by_pickle"));
}

TEST_CASE("tensors of every type are found where they lie") {
    struct Type {
        const char* storage;
        nib::Dtype dtype;
    };
    for (const Type& type : {Type{"FloatStorage", nib::Dtype::f32}, Type{"DoubleStorage", nib::Dtype::f64},
                             Type{"HalfStorage", nib::Dtype::f16}, Type{"BFloat16Storage", nib::Dtype::bf16},
                             Type{"LongStorage", nib::Dtype::i64}, Type{"IntStorage", nib::Dtype::i32},
                             Type{"ShortStorage", nib::Dtype::i16}, Type{"CharStorage", nib::Dtype::i8},
                             Type{"ByteStorage", nib::Dtype::u8}, Type{"BoolStorage", nib::Dtype::boolean}}) {
        CAPTURE(type.storage);
        const std::size_t size = nib::dtype_size(type.dtype);
        std::string bytes;
        for (std::size_t i = 0; i < 6 * size; ++i) bytes += static_cast<char>(i);
        TorchBuilder torch{dict({text("x"), tensor({.type = global("torch", type.storage),
                                                    .offset = integer(1),
                                                    .shape = integers({2, 2}),
                                                    .strides = integers({1, 3})})}),
                           {{"0", bytes}}};
        const std::string content = torch.bytes();
        nib::TensorFile file = parse(content);
        REQUIRE(file.tensors().size() == 1);
        CHECK(file.tensors()[0].dtype == type.dtype);
        const std::vector<std::byte> read = file.bytes(file.tensors()[0]);
        const std::size_t places[] = {1, 4, 2, 5};
        REQUIRE(read.size() == 4 * size);
        for (std::size_t i = 0; i < read.size(); ++i)
            CHECK(std::to_integer<std::size_t>(read[i]) == places[i / size] * size + i % size);
    }
}

TEST_CASE("tensors of PyTorch 2's untyped storages are read") {
    const auto file = [](const std::string& type, std::int64_t bytes) {
        return TorchBuilder{dict({text("x"), tensor({.type = global("torch.storage", "UntypedStorage"),
                                                     .count = integer(bytes),
                                                     .shape = integers({2}),
                                                     .strides = integers({1}),
                                                     .rest = {"\x89", ordered_dict({}), global("torch", type)},
                                                     .callee = global("torch._utils", "_rebuild_tensor_v3")})}),
                            {{"0", std::string(static_cast<std::size_t>(bytes), 'x')}}}
            .bytes();
    };
    struct Type {
        const char* name;
        nib::Dtype dtype;
    };
    for (const Type& type : {Type{"uint16", nib::Dtype::u16}, Type{"uint32", nib::Dtype::u32},
                             Type{"uint64", nib::Dtype::u64}, Type{"float8_e5m2", nib::Dtype::f8_e5m2},
                             Type{"float8_e4m3fn", nib::Dtype::f8_e4m3}, Type{"float32", nib::Dtype::f32}}) {
        const auto bytes = static_cast<std::int64_t>(2 * nib::dtype_size(type.dtype));
        const std::string content = file(type.name, bytes);
        nib::TensorFile read = parse(content);
        CHECK(read.tensors()[0].dtype == type.dtype);
        CHECK(read.bytes(read.tensors()[0]).size() == static_cast<std::size_t>(bytes));
        CHECK(support::contains(support::error_of([&] { return parse(file(type.name, bytes - 1)); }),
                                "goes beyond its storage of 1"));
    }
}

TEST_CASE("numbers of a big-endian machine are read as what they are") {
    std::string swapped;
    for (const char* const number : {"\x3f\x80\x00\x00", "\xc0\x20\x00\x00"}) swapped += std::string(number, 4);
    const auto content = [&](const char* order) {
        return TorchBuilder{
            dict({text("x"), tensor({.count = integer(2), .shape = integers({2}), .strides = integers({1})})}),
            {{"0", swapped}},
            order}
            .bytes();
    };
    const std::string big = content("big"), little = content("little");
    nib::TensorFile file = parse(big);
    CHECK(file.tensors()[0].order == std::endian::big);
    CHECK(numbers(file, "x") == Numbers{1, -2.5});
    nib::TensorFile other = parse(little);
    CHECK(raw<std::uint32_t>(other, "x")[0] == 0x0000803f);
}

TEST_CASE("tensors from another device, parameters, and arguments that say nothing are read") {
    const std::string parameter = global("torch._utils", "_rebuild_parameter");
    const std::string with_state = global("torch._utils", "_rebuild_parameter_with_state");
    const std::string content = TorchBuilder{
        ordered_dict({text("cuda"), tensor({.location = text("cuda:0")}), text("parameter"),
                      call(parameter, {tensor(), "\x88", ordered_dict({})}), text("stateful"),
                      call(with_state, {tensor(), "\x88", ordered_dict({}), dict({text("a"), "N"})}), text("plain"),
                      tensor({.rest = {"\x89", ordered_dict({}), "N"}}), text("bare"),
                      tensor({.rest = {"\x89", ordered_dict({}), "}"}})}) +
            dict({text("_metadata"), ordered_dict({text(""), dict({text("version"), integer(1)})})}) + "b",
        {{"0", six}}}.bytes();
    nib::TensorFile file = parse(content);
    REQUIRE(file.tensors().size() == 5);
    for (const nib::TensorInfo& info : file.tensors())
        CHECK(nib::values<float>(file, info) == std::vector<float>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("a tensor of another class is that tensor") {
    const std::string from_type = global("torch._tensor", "_rebuild_from_type_v2");
    const std::string parameter = global("torch._utils", "_rebuild_parameter");
    const std::string type = global("__main__", "Tensor");
    const std::string arguments = tuple({storage({}), integer(0), integers({2, 3}), integers({3, 1}), "\x89", "}"});
    const std::string plain =
        call(from_type, {global("torch._utils", "_rebuild_tensor_v2"), type, arguments, dict({text("note"), "N"})});
    const std::string of_bytes =
        tuple({storage({.type = global("torch.storage", "UntypedStorage"), .count = integer(24)}), integer(0),
               integers({2, 3}), integers({3, 1}), "\x89", "}", global("torch", "float32")});
    const std::string content = TorchBuilder{
        dict({text("plain"), plain, text("parameter"), call(parameter, {plain, "\x88", "}"}), text("of parameter"),
              call(from_type, {parameter, type, tuple({tensor(), "\x88", "}"}), "N"}), text("untyped"),
              call(from_type, {global("torch._utils", "_rebuild_tensor_v3"), type, of_bytes, "N"})}),
        {{"0", six}}}.bytes();
    nib::TensorFile file = parse(content);
    REQUIRE(file.tensors().size() == 4);
    for (const nib::TensorInfo& info : file.tensors())
        CHECK(nib::values<float>(file, info) == std::vector<float>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("what is no tensor in a state_dict is passed over, unless it holds one") {
    const std::string extra = global("m", "Options") + ")\x81" + dict({text("rate"), integer(1)}) + "b";
    const std::string content = TorchBuilder{
        dict({text("height"),
              integer(28),
              text("x"),
              tensor(),
              text("name"),
              text("a"),
              integer(5),
              "N",
              text("flag"),
              "\x88",
              text("rate"),
              "G" + std::string(8, '\0'),
              text("list"),
              "]",
              text("extra"),
              extra,
              text("evil"),
              call(global("os", "system"), {text("touch x")}),
              text("itself"),
              "]q\1h\1a",
              text("optimizer"),
              dict({text("state"), dict({integer(0), dict({text("exp_avg"), tensor()})}), text("param_groups"), "]"})}),
        {{"0", six}}}.bytes();
    nib::TensorFile file = parse(content);
    REQUIRE(file.tensors().size() == 1);
    CHECK(file.tensors()[0].name == "x");
}

TEST_CASE("a state_dict is found in a checkpoint") {
    const auto names = [](const std::string& value) {
        const std::string content = TorchBuilder{value, {{"0", six}}}.bytes();
        const nib::TensorFile file = parse(content);
        std::string list;
        for (const nib::TensorInfo& info : file.tensors()) list += info.name + " ";
        return list;
    };
    const std::string state = dict({text("x"), tensor()});
    CHECK(names(state) == "x ");
    CHECK(names(dict({})) == "");
    for (const char* const key : {"model", "state_dict", "model_state_dict"}) {
        CHECK(names(dict({text("epoch"), integer(3), text(key), state})) == "x ");
        CHECK(names(dict({text(key), state, integer(1), "N"})) == "x ");
        CHECK(names(dict({text("mean"), tensor(), text(key), state})) == "x ");
        CHECK(names(dict({text(key), tensor()})) == std::string(key) + " ");
        CHECK(names(dict({text(key), dict({})})) == "");
    }
    CHECK(names(dict({text("model"), text("resnet"), text("state_dict"), state})) == "x ");
    CHECK(names(dict({text("optimizer"), dict({text("y"), tensor()}), text("model"), state})) == "x ");
}

TEST_CASE("what many values share is looked at once") {
    std::string shared = "]";
    std::vector<std::string> pairs;
    for (int i = 0; i < 20000; ++i) pairs.insert(pairs.end(), {"K\1", "N"});
    shared += dict(pairs) + "q\1a";
    std::string items = text("x") + tensor() + text("shared") + shared + text("class") + "cm\nN\nq\2";
    // An object with this state, an object that holds it, a list that does, and it.
    for (int i = 0; i < 20000; ++i) items += "K\1h\2)Rh\1bK\1h\2(h\1tRK\1]h\1aK\1h\1";
    const std::string content = TorchBuilder{"}(" + items + "u", {{"0", six}}}.bytes();
    CHECK(parse(content).tensors().size() == 1);
    const std::string none = TorchBuilder{"}(" + items.substr((text("x") + tensor()).size()) + "u", {}}.bytes();
    CHECK(support::contains(support::error_of([&] { return parse(none); }), "found 'shared': a list"));
}

TEST_CASE("one tensor may stand under many names") {
    std::vector<std::string> items = {text("x"), tensor() + "q\7"};
    for (int i = 0; i < 1000; ++i) {
        items.push_back(text(std::to_string(i)));
        items.push_back("h\7");
    }
    const std::string content = TorchBuilder{dict(items), {{"0", six}}}.bytes();
    CHECK(parse(content).tensors().size() == 1001);
}

TEST_CASE("a file is read through a window, whatever a hundred tensors share") {
    std::vector<std::string> items;
    for (int i = 0; i < 100; ++i) {
        items.push_back(text("t" + std::to_string(i)));
        items.push_back(tensor({.count = integer(50000),
                                .offset = integer(i),
                                .shape = integers({100, 100}),
                                .strides = integers({1, 400})}));
    }
    std::vector<float> content(50000);
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<float>(i);
    const support::TemporaryDirectory folder;
    nib::TensorFile file =
        nib::open_torch(folder.write("m.pth", TorchBuilder{dict(items), {{"0", stored(content)}}}.bytes()));
    REQUIRE(file.tensors().size() == 100);
    for (std::size_t i = 0; i < 100; i += 33) {
        const std::vector<float> read = nib::values<float>(file, file.tensors()[i]);
        CHECK(read[0] == static_cast<float>(i));
        CHECK(read[57 * 100 + 31] == static_cast<float>(i + 57 + 31 * 400));
    }
}
