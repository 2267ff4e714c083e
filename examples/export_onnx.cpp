// Writes a trained network as an ONNX file, which onnxruntime and many others run.
#include "common/command_line.hpp"
#include "common/interrupt.hpp"
#include "common/paths.hpp"

#include <nib/model/onnx_export.hpp>
#include <nib/nib.hpp>

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
    std::string model, file;
    examples::CommandLine line{"export_onnx", "Writes a trained network as an ONNX file."};
    line.argument("MODEL", "a dense network (safetensors, PyTorch's .pth or NumPy's .npz)", model);
    line.argument(
        "FILE",
        "where to write, FILE.onnx: \"input\" [N, features] to \"output\", what the network gives (log-probabilities)",
        file);
    return line.run(argc, argv, [&] {
        examples::check_outputs({{"MODEL", model}}, {{"FILE", file}});
        const nib::Mlp net = nib::load_mlp(model);
        examples::write_whole([&] { nib::save_onnx(net, file); });
        std::printf("%s\n", nib::layers_text(net.layers()).c_str());
    });
}
