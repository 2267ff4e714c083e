#include <nib/io/torch_pth_writer.hpp>

#include "../support.hpp"
#include "torch_builder.hpp"

#include <nib/io/detail/zip.hpp>
#include <nib/io/torch_pth.hpp>

#include <cstddef>
#include <string>
#include <vector>

using namespace support::pickle;

namespace {

std::string error_of_saving(const std::string& path, const std::vector<nib::Tensor>& tensors) {
    return support::error_of([&] {
        nib::save_torch(path, tensors);
        return 0;
    });
}

}  // namespace

TEST_CASE("save_torch writes the entries and the pickle that torch.save would") {
    const support::TemporaryDirectory folder;
    const std::string six = support::stored<float>({0, 1, 2, 3, 4, 5}), two = support::stored<std::int64_t>({7, -7}),
                      words = support::stored<std::uint16_t>({1, 2});
    const std::vector<nib::Tensor> tensors = {{"fc.weight", nib::Dtype::f32, {2, 3}, nib::bytes_of(six)},
                                              {"größe", nib::Dtype::i64, {2}, nib::bytes_of(two)},
                                              {"words", nib::Dtype::u16, {2, 1}, nib::bytes_of(words)}};
    nib::save_torch(folder.path("net.v2.pth"), tensors);

    nib::ByteSource source{folder.path("net.v2.pth")};
    const nib::ZipDirectory directory{source};
    const auto content = [&](const std::string& name) {
        REQUIRE(directory.find(name) != nullptr);
        const nib::ZipEntry& entry = *directory.find(name);
        CHECK(entry.offset % 64 == 0);
        source.check_bytes(entry.offset);
        std::string text(entry.size, '\0');
        source.read(entry.offset, {reinterpret_cast<std::byte*>(text.data()), text.size()});
        return text;
    };
    CHECK(directory.entries().size() == 6);
    CHECK(directory.entries()[0].name == "net.v2/data.pkl");
    CHECK(content("net.v2/version") == "3\n");
    CHECK(content("net.v2/byteorder") == "little");
    CHECK(content("net.v2/data/0") == six);
    CHECK(content("net.v2/data/1") == two);
    CHECK(content("net.v2/data/2") == words);
    const std::vector<std::string> rest = {"\x89", ordered_dict({})};
    const std::string none = global("collections", "OrderedDict") + ")R";
    CHECK(content("net.v2/data.pkl") ==
          pickled(ordered_dict({text("fc.weight"), tensor({.rest = {"\x89", none}}), text("größe"),
                                tensor({.type = global("torch", "LongStorage"),
                                        .key = text("1"),
                                        .count = integer(2),
                                        .shape = integers({2}),
                                        .strides = integers({1}),
                                        .rest = {"\x89", none}}),
                                text("words"),
                                tensor({.type = global("torch.storage", "UntypedStorage"),
                                        .key = text("2"),
                                        .count = integer(4),
                                        .shape = integers({2, 1}),
                                        .strides = integers({1, 1}),
                                        .rest = {"\x89", none, global("torch", "uint16")},
                                        .callee = global("torch._utils", "_rebuild_tensor_v3")})})));
}

TEST_CASE("what save_torch writes, open_torch reads, in every type") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("m.pth");
    std::vector<std::string> contents;
    std::vector<nib::Tensor> tensors;
    std::vector<nib::Dtype> dtypes;
    for (std::size_t i = 0; i < nib::detail::dtype_count; ++i) {
        const auto dtype = static_cast<nib::Dtype>(i);
        using enum nib::Dtype;
        if (dtype == f4 || dtype == f6_e2m3 || dtype == f6_e3m2 || dtype == f8_e8m0 || dtype == f8_e4m3fnuz ||
            dtype == f8_e5m2fnuz || dtype == c64)
            continue;  // see below
        dtypes.push_back(dtype);
        contents.push_back(std::string(6 * nib::dtype_size(dtype), static_cast<char>('a' + i)));
    }
    REQUIRE(dtypes.size() == 15);
    for (std::size_t i = 0; i < contents.size(); ++i)
        tensors.push_back({"t" + std::to_string(i), dtypes[i], {3, 1, 2}, nib::bytes_of(contents[i])});
    const std::string one = support::stored<float>({2.5f});
    tensors.push_back({"scalar", nib::Dtype::f32, {}, nib::bytes_of(one)});
    tensors.push_back({"empty", nib::Dtype::f32, {0, 70000}, {}});
    nib::save_torch(path, tensors);
    nib::TensorFile file = nib::open_torch(path);
    REQUIRE(file.tensors().size() == tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const nib::TensorInfo& info = file.tensors()[i];
        CHECK(info.name == tensors[i].name);
        CHECK(info.dtype == tensors[i].dtype);
        CHECK(info.shape == tensors[i].shape);
        const std::vector<std::byte> bytes = file.bytes(info);
        CHECK(std::vector<std::byte>(tensors[i].data.begin(), tensors[i].data.end()) == bytes);
    }
    nib::save_torch(path, {});
    CHECK(nib::open_torch(path).tensors().empty());
}

TEST_CASE("a type that PyTorch's files have no name for is not written") {
    const support::TemporaryDirectory folder;
    const std::vector<std::byte> zeros(16);
    const std::string path = folder.path("m.pth");
    const auto error_saving = [&](nib::Dtype dtype, std::size_t bytes) {
        const nib::Tensor tensor{"scale", dtype, {2}, std::span{zeros}.first(bytes)};
        return support::error_of([&] { return nib::save_torch(path, {&tensor, 1}), 0; });
    };
    CHECK(error_saving(nib::Dtype::f4, 1) == path +
                                                 ": tensor \"scale\" is float4_e2m1fn, which is not written to "
                                                 "PyTorch's files: a .safetensors file holds it");
    CHECK(support::contains(error_saving(nib::Dtype::c64, 16), "is complex64, which is not written"));
    CHECK(error_saving(nib::Dtype::f8_e4m3, 2) == "");
}

TEST_CASE("save_torch refuses what it cannot write, and leaves the file as it was") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.write("m.pth", "before");
    const std::string six = support::stored<float>({0, 1, 2, 3, 4, 5});
    const nib::Tensor good{"x", nib::Dtype::f32, {6}, nib::bytes_of(six)};
    CHECK(error_of_saving(path, {good, good}) == path + ": tensor \"x\": two tensors have this name");
    CHECK(error_of_saving(path, {{"x", nib::Dtype::f32, {5}, nib::bytes_of(six)}}) ==
          path + ": tensor \"x\": expected the data of shape [5] of F32, found 24 bytes");
    CHECK(error_of_saving(path, {{"\xff", nib::Dtype::f32, {6}, nib::bytes_of(six)}}) ==
          path + ": tensor \"\xff\": expected a name of UTF-8");
    CHECK(nib::read_file(path) == "before");
}
