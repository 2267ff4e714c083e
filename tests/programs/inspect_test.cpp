// The program inspect: what a file holds, and turning it into another.
#include "world.hpp"

#include <nib/core/config.hpp>
#include <nib/io/file.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>

#include <filesystem>
#include <string>
#include <vector>

using namespace programs;

TEST_CASE("inspect lists tensors in columns, with totals and what the file says about itself") {
    const std::string model = world().model();
    CHECK(results("inspect", {model}) == model +
                                             ": safetensors, 4 tensors, 12730 numbers, 50920 bytes\n"
                                             "  format: pt\n"
                                             "  layers: Linear(784, 16), ReLU, Linear(16, 10), LogSoftmax\n"
                                             "  nib_version: " NIB_VERSION_STRING
                                             "\n"
                                             "  steps: 160\n"
                                             "  0.bias    float32  [16]\n"
                                             "  0.weight  float32  [16, 784]\n"
                                             "  2.bias    float32  [10]\n"
                                             "  2.weight  float32  [10, 16]\n");
    const std::string mixed = support::fixture("mixed.safetensors");
    const std::string array = support::fixture("float64_scalar.npy");
    CHECK(results("inspect", {mixed, array}) == mixed +
                                                    ": safetensors, 7 tensors, 15 numbers, 61 bytes\n"
                                                    "  format: pt\n"
                                                    "  note: größe \"x\"\n"
                                                    "  steps       int64    [2]\n"
                                                    "  scale       float64  []\n"
                                                    "  fc1.bias    float32  [2]\n"
                                                    "  fc1.weight  float32  [2, 3]\n"
                                                    "  half        float16  [1]\n"
                                                    "  empty       uint8    [0, 3]\n"
                                                    "  mask        bool     [3]\n" +
                                                    array +
                                                    ": npy, 1 tensor, 1 number, 8 bytes\n"
                                                    "  float64_scalar  float64  []\n");
}

TEST_CASE("inspect prints what would steer a terminal as escapes") {
    const TemporaryDirectory folder;
    const std::string file = folder.path("f");
    const std::vector<nib::Tensor> tensors{{"a\x1b[2J\n", nib::Dtype::u8, {0}, {}}};
    nib::save_safetensors(file, tensors, {{"k\t", "v\r\n"}});
    CHECK(results("inspect", {file}) ==
          file + ": safetensors, 1 tensor, 0 numbers, 0 bytes\n  k\\t: v\\r\\n\n  a\\x1b[2J\\n  uint8  [0]\n");
}

TEST_CASE("inspect turns a file into one of another format and back, to the same bytes") {
    const TemporaryDirectory folder;
    const std::string mixed = support::fixture("mixed.safetensors");
    const std::string torch = folder.path("x.pth"), arrays = folder.path("x.npz"), safe = folder.path("x.safetensors");
    results("inspect", {mixed, "--save", safe});
    CHECK(nib::read_file(safe) == nib::read_file(mixed));
    results("inspect", {mixed, "--save", torch});
    results("inspect", {torch, "--save", arrays});
    CHECK(contains(results("inspect", {torch}), ": PyTorch, 7 tensors, 15 numbers, 61 bytes\n"));
    CHECK(contains(results("inspect", {arrays}), ": npz, 7 tensors, 15 numbers, 61 bytes\n"));
    results("inspect", {arrays, "--save", safe});
    nib::TensorFile before = nib::open_safetensors(mixed), after = nib::open_safetensors(safe);
    REQUIRE(after.tensors().size() == before.tensors().size());
    for (const nib::TensorInfo& tensor : before.tensors()) {
        const nib::TensorInfo& same = after.at(tensor.name);
        CHECK(same.dtype == tensor.dtype);
        CHECK((same.shape == tensor.shape));
        CHECK((after.bytes(same) == before.bytes(tensor)));
    }
    CHECK(misuse("inspect", {mixed, torch, "--save", safe}) ==
          "--save: expected one FILE to turn into another, found 2");
    CHECK(refusal("inspect", {mixed, "--save", folder.path("x.npy")}) ==
          folder.path("x.npy") + ": an .npy file holds one array, found 7 tensors to save");
    const std::string missing = folder.path("missing");
    CHECK(refusal("inspect", {mixed, missing}) == missing + ": cannot open: No such file or directory");
    CHECK(misuse("inspect", {}) == "missing argument FILE");
}

TEST_CASE("names of tensors that lead elsewhere go to safetensors and .pth, not into an archive of files") {
    const TemporaryDirectory folder;
    const std::string file = folder.path("f");
    nib::save_safetensors(file, std::vector<nib::Tensor>{{"../../x", nib::Dtype::u8, {0}, {}}});
    const std::string npz = folder.path("x.npz");
    CHECK(refusal("inspect", {file, "--save", npz}) ==
          npz +
              ": tensor \"../../x\": in an .npz file a name is the relative path of a file, in UTF-8 without '.', "
              "'..', backslashes and control characters: rename it, or save as .safetensors or .pth");
    CHECK(!std::filesystem::exists(npz));
    results("inspect", {file, "--save", folder.path("x.pth")});
    CHECK(contains(results("inspect", {folder.path("x.pth")}), "\n  ../../x  uint8  [0]\n"));
}
