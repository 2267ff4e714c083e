#include <nib/model/model_formats.hpp>

#include "../support.hpp"

#include <nib/io/tensor_formats.hpp>
#include <nib/layers/dense.hpp>
#include <nib/layers/relu.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/sequential.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

namespace {

using Net = nib::Sequential<nib::Dense<3, 4>, nib::ReLU, nib::Dense<4, 2>>;

Net some_net() {
    nib::Rng rng{7};
    return Net{rng};
}

std::string format_of(const std::string& path) { return nib::open_tensors(path).format(); }

void check_loads(const std::string& path, const Net& net) {
    Net again;
    nib::load(again, path);
    CHECK(std::ranges::equal(again.parameters(), net.parameters()));
}

}  // namespace

TEST_CASE("each function writes its format, whatever the path's ending") {
    const support::TemporaryDirectory folder;
    const Net net = some_net();
    nib::save_torch(net, folder.path("torch"));
    CHECK(format_of(folder.path("torch")) == "PyTorch");
    check_loads(folder.path("torch"), net);
    nib::save_npz(net, folder.path("numpy"));
    CHECK(format_of(folder.path("numpy")) == "npz");
    check_loads(folder.path("numpy"), net);
}

TEST_CASE("save_as goes by the ending") {
    const support::TemporaryDirectory folder;
    const Net net = some_net();
    for (const auto& [name, format] :
         {std::pair{"m.pth", "PyTorch"}, {"m.pt", "PyTorch"}, {"m.npz", "npz"}, {"m.bin", "safetensors"}}) {
        nib::save_as(net, folder.path(name), {.steps = 12});
        CHECK(format_of(folder.path(name)) == format);
        check_loads(folder.path(name), net);
    }
    CHECK(nib::open_tensors(folder.path("m.bin")).metadata().at("steps") == "12");
    const std::string text = ": save_as(net, path) writes files of safetensors, PyTorch and NumPy (.npz): ";
    for (const auto& [name, writer] : {std::pair{"m.npy", "save_npz(net, path) writes NumPy's files, .npz"},
                                       {"m.onnx", "save_onnx(net, path) writes ONNX files"}}) {
        const std::string path = folder.path(name);
        CHECK(support::error_of([&] { nib::save_as(net, path); }) == path + text + writer);
        CHECK_FALSE(std::filesystem::exists(path));
    }
}

TEST_CASE("save writes safetensors, and names the function that writes what the path ends in") {
    const support::TemporaryDirectory folder;
    const Net net = some_net();
    const auto refusal = [&](const std::string& name) {
        const std::string error = support::error_of([&] { nib::save(net, folder.path(name)); });
        CHECK_FALSE(std::filesystem::exists(folder.path(name)));
        return error.substr(folder.path(name).size());
    };
    const std::string text = ": save(net, path) writes safetensors files: ";
    CHECK(refusal("m.pth") == text + "save_torch(net, path) writes PyTorch's files");
    CHECK(refusal("m.pt") == text + "save_torch(net, path) writes PyTorch's files");
    CHECK(refusal("m.npz") == text + "save_npz(net, path) writes NumPy's files");
    CHECK(refusal("m.npy") == text + "save_npz(net, path) writes NumPy's files, .npz");
    CHECK(refusal("m.onnx") == text + "save_onnx(net, path) writes ONNX files");
    nib::save(net, folder.path("m.st"));
    CHECK(format_of(folder.path("m.st")) == "safetensors");
}
