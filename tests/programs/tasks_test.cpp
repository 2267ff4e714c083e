// The example programs that each solve a task of a page: what they print, write and refuse.
#include "world.hpp"

#include <nib/core/text.hpp>
#include <nib/data/mnist.hpp>
#include <nib/ink/synthetic.hpp>
#include <nib/io/file.hpp>

#include <filesystem>
#include <string>

using namespace programs;
using namespace std::string_literals;

namespace {

// The number behind `name` in the last line that begins with it.
double last_number(const std::string& text, const std::string& name) {
    const std::size_t line = ("\n" + text).rfind("\n" + name + " ");
    REQUIRE(line != std::string::npos);
    const std::string rest = text.substr(line + name.size() + 1);
    return nib::parse_number<double>(rest.substr(0, rest.find_first_of(" \n"))).value();
}

}  // namespace

TEST_CASE("every example of a task explains itself, and refuses what it does not know") {
    for (const char* const program : {"regression", "classify_csv", "autoencoder", "fine_tune"}) {
        CAPTURE(program);
        const Outcome help = run(program, {"--help"}), wrong = run(program, {"--colour", "x"});
        CHECK(help.status == 0);
        CHECK(contains(help.out, "usage: "s + program));
        CHECK(help.err == "");
        CHECK(wrong.status == 2);
        CHECK(contains(wrong.err, "--colour"));
    }
}

TEST_CASE("regression finds the curve, and draws it") {
    const TemporaryDirectory folder;
    const Outcome fit = run("regression", {"--epochs", "60", "--png", folder.path("curve.png")});
    CHECK(fit.err == "");
    CHECK(fit.status == 0);
    CHECK(last_number(fit.out, "distance from the curve") < 0.1);
    CHECK(png_size(folder.path("curve.png")) == Size{800, 400});
}

TEST_CASE("classify_csv makes a table and learns it, and says where another is wrong") {
    const TemporaryDirectory folder;
    const std::string table = folder.path("flowers.csv"), model = folder.path("flowers.safetensors");
    const Outcome made = run("classify_csv", {"--make", "--epochs", "60", "--save", model, table});
    CHECK(made.err == "");
    CHECK(made.status == 0);
    CHECK(contains(made.out, "\n        marsh  meadow  shore\nmarsh "));
    CHECK(last_number(made.out, "validation accuracy") > 0.85);
    CHECK(contains(nib::read_file(model), "Standardize(4)"));
    // The same table, without drawing it again.
    CHECK(run("classify_csv", {"--epochs", "60", "--class", "kind", table}).out == made.out);
    const std::string odd = folder.write("odd.csv", "a,kind\n1,x\x1b[31m\n2,y\n3,x\x1b[31m\n4,y\n");
    CHECK(contains(run("classify_csv", {"--epochs", "1", odd}).out, "\n           x\\x1b[31m  y\nx\\x1b[31m "));
    const std::string bad = folder.write("bad.csv", "a,b,kind\n1,2,x\n3,,y\n");
    const Outcome refused = run("classify_csv", {bad});
    CHECK(refused.status == 1);
    CHECK(refused.err == "classify_csv: " + bad +
                             ":3: column 2 ('b'): expected a number, found none: fill in missing values or leave out "
                             "their lines\n");
    CHECK(run("classify_csv", {"--save", table, table}).status == 2);
}

TEST_CASE("a network that could not be saved is refused before the examples read anything") {
    const TemporaryDirectory folder;
    const std::string missing = folder.path("missing");
    for (const Words& line : {Words{"train", "--data", missing}, Words{"classify_csv", missing},
                              Words{"autoencoder", "--data", missing}, Words{"fine_tune", missing}}) {
        const std::string program = line[0];
        CAPTURE(program);
        const auto saving = [&](const std::string& path) {
            Words words{line.begin() + 1, line.end()};
            words.insert(words.end(), {"--save", path});
            return words;
        };
        for (const std::string ending : {".npy", ".onnx"})
            CHECK(misuse(program, saving(folder.path("net" + ending))) ==
                  "--save: a network goes to .safetensors, .pth, .pt or .npz, not to " + ending);
        CHECK(refusal(program, saving(missing + "/net")) == missing + "/net: cannot write: No such file or directory");
        CHECK(refusal(program, saving(folder.path())) == folder.path() + ": cannot write: Is a directory");
    }
    CHECK(files_in(folder.path()).empty());
}

TEST_CASE("a picture that could not be written is refused before the examples learn") {
    const TemporaryDirectory folder;
    const std::string png = folder.path("missing/a.png"), refused = png + ": cannot write: No such file or directory";
    CHECK(refusal("regression", {"--epochs", "20", "--png", png}) == refused);
    CHECK(refusal("autoencoder", {"--data", folder.path("missing"), "--png", png}) == refused);
}

TEST_CASE("autoencoder and fine_tune learn from digits") {
    const TemporaryDirectory folder;
    const std::string data = folder.path("data"), model = folder.path("digits.safetensors");
    std::filesystem::create_directory(data);
    nib::save_images(nib::synthetic_digits(1000, 1), data + "/train");
    nib::save_images(nib::synthetic_digits(200, 2), data + "/t10k");

    const Outcome squeezed = run("autoencoder", {"--epochs", "2", "--data", data, "--png", folder.path("pairs.png")});
    CHECK(squeezed.err == "");
    CHECK(squeezed.status == 0);
    CHECK(last_number(squeezed.out, "epoch 2 loss") < last_number(squeezed.out, "epoch 1 loss"));
    CHECK(png_size(folder.path("pairs.png")) == Size{896, 472});

    REQUIRE(run("train", {"--data", data, "--epochs", "8", "--lr", "0.002", "--save", model}).status == 0);
    const Outcome tuned = run("fine_tune", {"--data", data, "--examples", "200", "--epochs", "60", "--save",
                                            folder.path("tuned.pth"), model});
    CHECK(tuned.err == "");
    CHECK(tuned.status == 0);
    CHECK(last_number(tuned.out, "last layer") > 0.7);
    CHECK(last_number(tuned.out, "all layers") > 0.75);
    CHECK(std::filesystem::exists(folder.path("tuned.pth")));
    const Outcome refused = run("fine_tune", {data + "/t10k-labels-idx1-ubyte"});
    CHECK(refused.status == 1);
}
