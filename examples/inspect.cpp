// Lists the tensors in files of PyTorch, safetensors and NumPy, and turns one such file into another.
#include "common/command_line.hpp"
#include "common/interrupt.hpp"
#include "common/paths.hpp"
#include "common/printable.hpp"

#include <nib/nib.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace {

struct Options {
    std::vector<std::string> files;
    std::string save;
};

using examples::printable;

// The width of a column; text that is longer than most stands out of it.
std::size_t column(const std::vector<std::string>& cells) {
    std::size_t width = 0;
    for (const std::string& cell : cells) width = std::max(width, std::min(cell.size(), std::size_t{60}));
    return width;
}

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

std::string count_text(std::size_t count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

void list(const nib::TensorFile& file) {
    std::vector<std::string> names, dtypes, shapes;
    std::size_t numbers = 0, bytes = 0;
    for (const nib::TensorInfo& tensor : file.tensors()) {
        names.push_back(printable(tensor.name));
        dtypes.emplace_back(nib::torch_dtype_name(tensor.dtype));
        std::string shape;
        for (const std::size_t size : tensor.shape) nib::append_to_list(shape, ", ", std::to_string(size));
        shapes.push_back("[" + shape + "]");
        numbers += tensor.count();
        bytes += tensor.byte_count();
    }
    std::printf("%s: %s, %s, %s, %s\n", printable(file.path()).c_str(), file.format().c_str(),
                count_text(names.size(), "tensor").c_str(), count_text(numbers, "number").c_str(),
                count_text(bytes, "byte").c_str());
    for (const auto& [key, value] : file.metadata())
        std::printf("  %s: %s\n", printable(key).c_str(), printable(value).c_str());
    const std::size_t name_width = column(names);
    const std::size_t dtype_width = column(dtypes);
    for (std::size_t i = 0; i < names.size(); ++i)
        std::printf("  %s  %s  %s\n", padded(names[i], name_width).c_str(), padded(dtypes[i], dtype_width).c_str(),
                    shapes[i].c_str());
}

// All tensors as they are, bit for bit. They are in memory together.
void save(nib::TensorFile file, const std::string& path) {
    file.check_counts();
    std::vector<std::vector<std::byte>> bytes;
    std::vector<nib::Tensor> tensors;
    for (const nib::TensorInfo& tensor : file.tensors()) {
        bytes.push_back(file.bytes(tensor));
        tensors.push_back({tensor.name, tensor.dtype, tensor.shape, bytes.back()});
    }
    examples::write_whole([&] { nib::save_tensors(path, tensors, file.metadata()); });
}

void inspect(const Options& options) {
    if (!options.save.empty() && options.files.size() != 1)
        throw examples::UsageError("--save: expected one FILE to turn into another, found " +
                                   std::to_string(options.files.size()));
    examples::check_outputs({{"FILE", options.files[0]}}, {{"--save", options.save}});
    // All, so that a bad one shows before anything is printed; one after the other, however many there are.
    for (const std::string& path : options.files) nib::open_tensors(path).check_bytes();
    if (!options.save.empty()) save(nib::open_tensors(options.files[0]), options.save);
    for (const std::string& path : options.files) list(nib::open_tensors(path));
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"inspect",
                               "Lists the tensors in files: name, type and shape, a line each, after a line of totals "
                               "and what the file says about itself."};
    line.arguments("FILE", "files of PyTorch (.pth), safetensors or NumPy (.npy, .npz), seen by their content",
                   options.files);
    line.option(
        "--save", "OTHER",
        "writes the tensors of one FILE to OTHER, bit for bit, in the format that its ending says: .pth or .pt, "
        ".npz, .npy; safetensors for all others",
        options.save);
    return line.run(argc, argv, [&] { inspect(options); });
}
