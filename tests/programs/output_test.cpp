// Output that cannot be written, in all programs.
#include "world.hpp"

#include <nib/io/file.hpp>

#include <filesystem>
#include <fstream>
#include <string>

using namespace programs;

TEST_CASE("output that cannot be written is refused before any work, and named") {
    const TemporaryDirectory folder;
    const std::string missing = folder.path("missing/file");
    const std::string directory = folder.path("directory");
    std::filesystem::create_directory(directory);
    const std::string file = folder.write("file", "mine");
    const std::string strokes = folder.write("line.log", upright_line);
    const std::string no_folder = ": cannot write: No such file or directory";
    const std::string not_a_folder = ": cannot make a folder: Not a directory";
    CHECK(refusal("train", train_arguments({"--save", missing})) == missing + no_folder);
    CHECK(refusal("train", train_arguments({"--checkpoint", missing})) == missing + no_folder);
    CHECK(refusal("train", train_arguments({"--save", directory})) == directory + ": cannot write: Is a directory");
    CHECK(refusal("train", train_arguments({"--report", file})) == file + not_a_folder);
    CHECK(refusal("evaluate", {world().model(), "--data", world().data(), "--report", file}) == file + not_a_folder);
    CHECK(refusal("export_onnx", {world().model(), missing}) == missing + no_folder);
    CHECK(refusal("export_onnx", {file, folder.path("out.onnx")}).starts_with(file + ": "));
    CHECK(refusal("rasterize", {strokes, "--png", file}) == file + not_a_folder);
    CHECK(refusal("rasterize", {strokes, "--png", file + "/below"}) == file + "/below" + not_a_folder);
    CHECK(refusal("rasterize", {file, "--idx", missing}) == missing + "-images-idx3-ubyte" + no_folder);
    CHECK(nib::read_file(file) == "mine");
    CHECK(files_in(directory).empty());
}

TEST_CASE("results that cannot be written to standard output are exit status 1") {
    const TemporaryDirectory folder;
    const std::string strokes = folder.write("line.log", upright_line);
    const std::string cannot_write = "standard output: cannot write: ";
    for (const Words& words :
         {Words{"train", "--data", world().data(), "--hidden", "1", "--epochs", "2"},
          Words{"evaluate", world().model(), "--data", world().data()}, Words{"recognize", world().model(), strokes},
          Words{"export_onnx", world().model(), folder.path("model.onnx")},
          Words{"rasterize", strokes, "--png", folder.path("png")}, Words{"train", "--help"}}) {
        const Words arguments(words.begin() + 1, words.end());
        CHECK(refusal(words[0], arguments, {"", ">&-"}) == cannot_write + "Bad file descriptor");
        if (std::ifstream("/dev/full"))
            CHECK(refusal(words[0], arguments, {"", ">/dev/full"}) == cannot_write + "No space left on device");
    }
}

TEST_CASE("a program whose standard output is dead ends at once, and leaves what was there") {
    const TemporaryDirectory folder;
    const std::string model = folder.write("model", "mine"), data = world().data();
    const Words forever{"--data", data, "--hidden", "8", "--epochs", "1000000", "--save", model};
    const Outcome piped = run("train", forever, {"", "| true"});
    CHECK(nib::read_file(model) == "mine");
    if (std::ifstream("/dev/full")) {
        CHECK(refusal("train", forever, {"", ">/dev/full"}) ==
              "standard output: cannot write: No space left on device");
        const Outcome digits = run("digits", {data}, {"cd " + quoted(folder.path()) + " && ", ">/dev/full"});
        CHECK(digits.status == 1);
        CHECK(digits.err == "digits: cannot write to standard output\n");
    }
    CHECK(run("digits", {data}, {"cd " + quoted(folder.path()) + " && ", ">&-"}).status == 1);
    // What is printed never lands in a file that takes a closed descriptor's place.
    const std::string checkpoint = folder.path("checkpoint");
    const Outcome closed =
        run("train", train_arguments({"--epochs", "1", "--synthetic", "10", "--checkpoint", checkpoint}),
            {"exec 2>&-; ", ">&-"});
    CHECK(closed.status == 1);
    CHECK(files_in(folder.path()) == Words{"model"});
    CHECK(nib::read_file(model) == "mine");
}

TEST_CASE("a model or an IDX pair that was there stays whole when a later one cannot be written to its end") {
    const TemporaryDirectory folder;
    const Shell limited{"trap '' XFSZ; ulimit -f 8 && ", ""};  // blocks of 512 or 1024 bytes
    const std::string strokes = folder.write("digits.unipen", unipen(synthetic_drawings(20)));
    const std::string model = folder.path("model");
    std::filesystem::copy_file(world().model(), model);
    const std::string prefix = folder.path("set");
    results("rasterize", {strokes, "--idx", prefix});
    const std::string old_images = nib::read_file(prefix + "-images-idx3-ubyte");
    const Words files = files_in(folder.path());

    const Outcome training = run("train", train_arguments({"--hidden", "16", "--save", model}), limited);
    CHECK(training.status == 1);
    CHECK(training.err == "train: " + model + ": cannot write: File too large\n");
    CHECK(!contains(training.out, "test accuracy"));
    CHECK(refusal("rasterize", {strokes, "--idx", prefix, "--raw"}, limited) ==
          prefix + "-images-idx3-ubyte: cannot write: File too large");
    CHECK(nib::read_file(model) == nib::read_file(world().model()));
    CHECK(nib::read_file(prefix + "-images-idx3-ubyte") == old_images);
    CHECK(files_in(folder.path()) == files);  // no temporary file is left
}
