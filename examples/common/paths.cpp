#include "paths.hpp"

#include "command_line.hpp"

#include <nib/io/atomic_file.hpp>
#include <nib/io/file_identity.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace examples {

namespace {

struct Known {
    NamedPath named;
    nib::FileIdentity identity;
};

void add_known(std::vector<Known>& known, const NamedPath& named) {
    if (named.path.empty()) return;
    if (std::optional<nib::FileIdentity> identity = nib::file_identity(named.path))
        known.push_back({named, std::move(*identity)});
}

std::string text_of(const NamedPath& named) { return named.name + " '" + named.path + "'"; }

// Whether png_name may have made it: five digits or more, and perhaps a label.
bool is_png_name(std::string_view name) {
    if (!name.ends_with(".png")) return false;
    const std::size_t digits = name.find_first_not_of("0123456789");
    return digits >= 5 && (name[digits] == '-' || name.substr(digits) == ".png");
}

}  // namespace

void check_outputs(const std::vector<NamedPath>& inputs, const std::vector<NamedPath>& outputs) {
    std::vector<Known> known;
    for (const NamedPath& input : inputs) add_known(known, input);
    for (const NamedPath& output : outputs) {
        std::vector<Known> own;
        add_known(own, output);
        if (own.empty()) continue;
        for (const Known& other : known)
            if (other.identity == own[0].identity)
                throw UsageError(text_of(output) + " and " + text_of(other.named) +
                                 " are the same file: choose another for " + output.name);
        known.push_back(std::move(own[0]));
    }
}

void check_png_folder(const std::vector<std::string>& inputs, const std::string& folder) {
    if (folder.empty()) return;
    std::vector<Known> known;
    for (const std::string& input : inputs) add_known(known, {"FILE", input});
    std::error_code ignored;
    for (std::filesystem::directory_iterator entry{folder, ignored}, end; entry != end; entry.increment(ignored)) {
        if (!is_png_name(entry->path().filename().string())) continue;
        const std::optional<nib::FileIdentity> picture = nib::file_identity(entry->path().string());
        for (const Known& input : known)
            if (picture && *picture == input.identity)
                throw UsageError("--png '" + folder + "' holds " + text_of(input.named) +
                                 ", which a picture could replace: choose another folder");
    }
}

void check_idx_pair(const std::vector<std::string>& inputs, const std::string& prefix) {
    if (prefix.empty()) return;
    std::vector<NamedPath> files;
    for (const std::string& input : inputs) files.push_back({"FILE", input});
    check_outputs(files, {{"--idx", prefix + "-images-idx3-ubyte"}, {"--idx", prefix + "-labels-idx1-ubyte"}});
}

std::vector<NamedPath> data_files(const std::string& folder) {
    std::vector<NamedPath> files;
    if (folder.empty()) return files;
    const auto add = [&](const std::string& path) { files.push_back({"--data", path}); };
    for (const char* const place : {"/", "/MNIST/raw/", "/raw/"})
        for (const char* const set : {"train-", "t10k-"})
            for (const std::string kind : {"images", "labels"}) {
                const std::string suffix = kind == "images" ? "idx3-ubyte" : "idx1-ubyte";
                const std::string dashed = set + kind + "-" + suffix, dotted = set + kind + "." + suffix;
                for (const std::string& name : {dashed, dotted}) {
                    const std::string path = folder + place + name;
                    add(path);
                    add(path + ".gz");
                    add(path + "/" + dashed);  // some archives have folders
                    add(path + "/" + dotted);
                }
            }
    return files;
}

std::vector<NamedPath> report_files(const std::string& report) {
    if (report.empty()) return {};
    return {{"--report", report + "/samples.png"},
            {"--report", report + "/mistakes.png"},
            {"--report", report + "/report.html"}};
}

void check_run_files(const std::string& data, const std::string& resume, const std::string& save,
                     const std::string& checkpoint, const std::string& history, const std::string& report) {
    std::vector<NamedPath> inputs = data_files(data), outputs = report_files(report);
    outputs.insert(outputs.begin(), {{"--save", save}, {"--checkpoint", checkpoint}, {"--history", history}});
    check_outputs(inputs, outputs);
    outputs[1].path.clear();
    inputs.push_back({"--resume", resume});
    check_outputs(inputs, outputs);
}

void check_save(const std::string& save) {
    for (const char* const ending : {".npy", ".onnx"})
        if (save.ends_with(ending))
            throw UsageError(std::string("--save: a network goes to .safetensors, .pth, .pt or .npz, not to ") +
                             ending);
    if (!save.empty()) nib::check_writable(save);
}

}  // namespace examples
