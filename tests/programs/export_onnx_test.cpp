// The program export_onnx.
#include "world.hpp"

#include <nib/io/file.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/onnx_export.hpp>

#include <string>

using namespace programs;

TEST_CASE("export_onnx writes the network of a model file and prints its layers") {
    const TemporaryDirectory folder;
    const std::string file = folder.path("model.onnx"), expected = folder.path("expected.onnx");
    CHECK(results("export_onnx", {world().model(), file}) == "Linear(784, 16), ReLU, Linear(16, 10), LogSoftmax\n");
    nib::save_onnx(nib::load_mlp(world().model()), expected);
    CHECK((nib::read_file(file) == nib::read_file(expected)));
    CHECK(files_in(folder.path()) == Words{"expected.onnx", "model.onnx"});
}
