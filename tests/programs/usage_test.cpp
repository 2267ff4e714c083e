// Command lines of all programs: help, wrong usage, outputs that are inputs, messages.
#include "world.hpp"

#include <nib/io/file.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using namespace programs;
using namespace std::string_literals;

namespace {

const Words programs_with_options{"train", "evaluate", "embed", "inspect", "rasterize", "recognize"};

}  // namespace

TEST_CASE("--help prints how a program is used") {
    for (const std::string& program : programs_with_options) {
        const std::string help = results(program, {"--help"});
        CHECK(help.starts_with("usage: " + program + " [OPTION]..."));
        CHECK(contains(help, "  --help "));
    }
    CHECK(results("export_onnx", {"--help"}).starts_with("usage: export_onnx MODEL FILE\n"));
    CHECK(results("digits", {"--help"}) == "usage: digits DIR, a folder of MNIST's four files\n");
    for (const char* option :
         {"--data DIR", "--epochs N", "--batch N", "--lr X", "--seed N", "--hidden N,N,...", "--save FILE",
          "--checkpoint FILE", "--resume FILE", "--report DIR", "--weight-decay X", "--dropout X", "--schedule WORD",
          "--ema X", "--validation N", "--patience N", "--history FILE"})
        CHECK(contains(results("train", {"--help"}), "\n  "s + option + " "));
}

TEST_CASE("wrong usage is exit status 2 and one line that says what is wrong") {
    for (const std::string& program : programs_with_options)
        CHECK(misuse(program, {"--no-such"}) == "unknown option '--no-such'");
    for (const Words& arguments : {Words{}, Words{"--no-such"}, Words{"a", "b"}}) {
        const Outcome outcome = run("digits", arguments);
        CHECK(outcome.status == 2);
        CHECK(outcome.out == "");
        CHECK(outcome.err == "usage: digits DIR, a folder of MNIST's four files\n");
    }
    CHECK(misuse("train", {"--epochs"}) == "--epochs: expected a value N, found the end of the command line");
    CHECK(misuse("train", {"--epochs", "0"}) == "--epochs: expected a whole number from 1 to 1000000, found '0'");
    CHECK(misuse("train", {"--lr", "fast"}) == "--lr: expected a number from 0 to 1e+06, found 'fast'");
    CHECK(misuse("train", {"--hidden", "64,,64"}) == "--hidden: expected a whole number from 1 to 65536, found ''");
    CHECK(misuse("train", {"--batch", "-1"}) == "--batch: expected a whole number from 1 to 1000000, found '-1'");
    CHECK(misuse("train", {"stray"}) == "unexpected argument 'stray'");
    CHECK(misuse("train", {"--save", "net.npy"}) ==
          "--save: a network goes to .safetensors, .pth, .pt or .npz, not to .npy");
    CHECK(misuse("evaluate", {}) == "missing argument MODEL");
    CHECK(misuse("evaluate", {"a", "b"}) == "unexpected argument 'b'");
    CHECK(misuse("evaluate", {"a", "--data"}) == "--data: expected a value DIR, found the end of the command line");
    CHECK(misuse("export_onnx", {"--no-such"}) == "unknown option '--no-such'");
    CHECK(misuse("export_onnx", {"a"}) == "missing argument FILE");
    CHECK(misuse("embed", {"a"}) == "missing argument HEADER");
    CHECK(misuse("embed", {"a", "b", "--data", "c"}) == "--data is for --int8");
    for (const std::string& name : {"2nd"s, "a-b"s, "a::"s, "::a"s, "a:b"s, "a b"s, "a::2"s, "gr\u00fc\u00df"s})
        CHECK(misuse("embed", {"a", "b", "--name", name}) == "--name: expected a C++ name, found '" + name + "'");
    for (const auto& [name, why] : std::vector<std::pair<std::string, std::string>>{
             {"class", ", a word of the language"},
             {"a::int", ", a word of the language"},
             {"_X", ": names that start with an underscore or hold two in a row belong to the compiler"},
             {"_x", ": names that start with an underscore or hold two in a row belong to the compiler"},
             {"a::_x", ": names that start with an underscore or hold two in a row belong to the compiler"},
             {"a__b", ": names that start with an underscore or hold two in a row belong to the compiler"},
             {"std", ": that namespace is somebody else's"},
             {"std20", ": that namespace is somebody else's"},
             {"nib::digits", ": that namespace is somebody else's"},
             {"NULL", ", which is a macro in common headers"},
             {"a::errno", ", which is a macro in common headers"},
             {"linux", ", which is a macro in common headers"},
             {"log", ", which is a function or type of C's headers"},
             {"size_t", ", which is a function or type of C's headers"}})
        CHECK(misuse("embed", {"a", "b", "--name", name}) == "--name: expected a C++ name, found '" + name + "'" + why);
    CHECK(misuse("recognize", {}) == "missing argument MODEL");
    CHECK(misuse("recognize", {"a"}) == "missing argument FILE");
    CHECK(misuse("recognize", {"a", "b", "--format", "pdf"}) ==
          "--format: expected unipen, quickdraw, inkml or log, found 'pdf'");
    CHECK(misuse("rasterize", {"--png", "a"}) == "missing argument FILE");
    CHECK(misuse("rasterize", {"a"}) == "expected either --png DIR or --idx PREFIX");
    CHECK(misuse("rasterize", {"a", "--png", "b", "--idx", "c"}) == "expected either --png DIR or --idx PREFIX");
    CHECK(misuse("rasterize", {"a", "--idx", "c", "--size", "7"}) ==
          "--size: expected a whole number from 8 to 1024, found '7'");
    CHECK(misuse("rasterize", {"a", "--idx", "c", "--pen", "nan"}) ==
          "--pen: expected a number from 0.1 to 14, found 'nan'");
    CHECK(misuse("rasterize", {"a", "--idx", "c", "--raw=yes"}) == "--raw: takes no value, found 'yes'");
}

TEST_CASE("a message is one printable line, whatever a path holds") {
    const TemporaryDirectory folder;
    const std::string odd = folder.path("a\nb\x1b[31m\x7f\xff\xc2\x9b\xe2\x80\xae\xc3\xa4");
    const std::string shown = folder.path("a\\nb\\x1b[31m\\x7f\\xff\\u009b\\u202e\xc3\xa4");
    CHECK(refusal("evaluate", {odd}) == shown + ": cannot open: No such file or directory");
    CHECK(refusal("recognize", {world().model(), odd}) == shown + ": cannot open: No such file or directory");
    CHECK(refusal("train", {"--data", odd}) == shown + ": expected a folder, found none");
    CHECK(contains(misuse("export_onnx", {world().model(), "a", odd}), "unexpected argument '"));
    std::filesystem::copy_file(world().model(), odd);
    CHECK(lines_of(results("inspect", {odd}))[0].starts_with(shown + ": safetensors, "));
    CHECK(misuse("embed", {odd, odd}) ==
          "HEADER '" + shown + "' and MODEL '" + shown + "' are the same file: choose another for HEADER");
    CHECK(contains(misuse("train", {"--\x1b[2J"}), "unknown option '"));
}

TEST_CASE("an output that is an input, or another output, is wrong usage, under any name, and nothing is done") {
    const TemporaryDirectory folder;
    const std::string model = folder.path("m.st"), other = folder.path("other.st");
    std::filesystem::copy_file(world().model(), model);
    std::filesystem::create_symlink("m.st", folder.path("soft"));
    std::filesystem::create_hard_link(model, folder.path("hard"));
    std::filesystem::create_symlink("new.st", folder.path("to_new"));
    const std::string strokes = folder.write("set-images-idx3-ubyte", unipen(synthetic_drawings(2)));
    const Words files = files_in(folder.path());

    const auto same = [](const std::string& output, const std::string& path, const std::string& input,
                         const std::string& as) {
        return output + " '" + path + "' and " + input + " '" + as + "' are the same file: choose another for " +
               output;
    };
    for (const std::string& path : {model, folder.path("./m.st"), folder.path("soft"), folder.path("hard")}) {
        CAPTURE(path);
        CHECK(misuse("export_onnx", {model, path}) == same("FILE", path, "MODEL", model));
        CHECK(misuse("embed", {model, path}) == same("HEADER", path, "MODEL", model));
        CHECK(misuse("inspect", {model, "--save", path}) == same("--save", path, "FILE", model));
        CHECK(misuse("inspect", {path, "--save", model}) == same("--save", model, "FILE", path));
        CHECK(misuse("train", train_arguments({"--save", model, "--checkpoint", path})) ==
              same("--checkpoint", path, "--save", model));
        CHECK(misuse("train", train_arguments({"--save", path, "--resume", model})) ==
              same("--save", path, "--resume", model));
    }
    const std::string fresh = folder.path("new.st");
    for (const std::string& path : {fresh, folder.path("to_new"), folder.path("./new.st")})
        CHECK(misuse("train", train_arguments({"--save", fresh, "--checkpoint", path})) ==
              same("--checkpoint", path, "--save", fresh));
    CHECK(misuse("train", train_arguments({"--report", folder.path(), "--save", folder.path("samples.png")})) ==
          same("--report", folder.path() + "/samples.png", "--save", folder.path("samples.png")));
    const std::string data = folder.path("data");
    for (const std::string name :
         {"train-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz", "raw/train-labels.idx1-ubyte",
          "MNIST/raw/t10k-images-idx3-ubyte.gz", "train-images-idx3-ubyte/train-images.idx3-ubyte"}) {
        const std::string path = data + "/" + name;
        std::filesystem::create_directories(path.substr(0, path.rfind('/')));
        CHECK(misuse("train", {"--data", data, "--save", path}) == same("--save", path, "--data", path));
        std::filesystem::remove_all(data);
    }
    CHECK(misuse("rasterize", {strokes, "--idx", folder.path("set")}) == same("--idx", strokes, "FILE", strokes));
    CHECK(files_in(folder.path()) == files);
    CHECK(nib::read_file(model) == nib::read_file(world().model()));
}
