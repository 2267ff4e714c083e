// The example programs that each solve a task of a page: what they print, write and refuse.
#include "../support.hpp"

#if !defined(NIB_EXAMPLES_DIR) || !__has_include(<sys/wait.h>)

TEST_CASE("the examples of tasks run as a user runs them") {
    MESSAGE("skipped: expected a POSIX system and the examples built (NIB_BUILD_EXAMPLES)");
}

#else

#include <nib/core/text.hpp>
#include <nib/data/mnist.hpp>
#include <nib/ink/synthetic.hpp>
#include <nib/io/file.hpp>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <sys/wait.h>

using support::contains;
using support::TemporaryDirectory;
using namespace std::string_literals;

namespace {

struct Outcome {
    int status = -1;
    std::string out;
    std::string err;
};

Outcome run(const std::string& program_and_arguments) {
    const TemporaryDirectory folder;
    const std::string out = folder.path("out"), err = folder.path("err");
    const std::string command =
        "exec '" NIB_EXAMPLES_DIR "'/" + program_and_arguments + " </dev/null >'" + out + "' 2>'" + err + "'";
    const int result = std::system(command.c_str());
    return {WIFEXITED(result) ? WEXITSTATUS(result) : -1, nib::read_file(out), nib::read_file(err)};
}

// The number behind `name` in the last line that begins with it.
double last_number(const std::string& text, const std::string& name) {
    const std::size_t line = ("\n" + text).rfind("\n" + name + " ");
    REQUIRE(line != std::string::npos);
    const std::string rest = text.substr(line + name.size() + 1);
    return nib::parse_number<double>(rest.substr(0, rest.find_first_of(" \n"))).value();
}

// Of a PNG file of that width and height, in the four bytes of each.
bool is_png(const std::string& path, const std::string& size) {
    const std::string png = nib::read_file(path);
    return png.starts_with("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"s + size);
}

}  // namespace

TEST_CASE("every example of a task explains itself, and refuses what it does not know") {
    for (const char* const program : {"regression", "classify_csv", "autoencoder", "fine_tune"}) {
        CAPTURE(program);
        const Outcome help = run(program + " --help"s), wrong = run(program + " --colour x"s);
        CHECK(help.status == 0);
        CHECK(contains(help.out, "usage: "s + program));
        CHECK(help.err == "");
        CHECK(wrong.status == 2);
        CHECK(contains(wrong.err, "--colour"));
    }
}

TEST_CASE("regression finds the curve, and draws it") {
    const TemporaryDirectory folder;
    const Outcome fit = run("regression --epochs 60 --png " + folder.path("curve.png"));
    CHECK(fit.err == "");
    CHECK(fit.status == 0);
    CHECK(last_number(fit.out, "distance from the curve") < 0.1);
    CHECK(is_png(folder.path("curve.png"), "\0\0\x03\x20\0\0\x01\x90"s));
}

TEST_CASE("classify_csv makes a table and learns it, and says where another is wrong") {
    const TemporaryDirectory folder;
    const std::string table = folder.path("flowers.csv"), model = folder.path("flowers.safetensors");
    const Outcome made = run("classify_csv --make --epochs 60 --save " + model + " " + table);
    CHECK(made.err == "");
    CHECK(made.status == 0);
    CHECK(contains(made.out, "\n        marsh  meadow  shore\nmarsh "));
    CHECK(last_number(made.out, "validation accuracy") > 0.85);
    CHECK(contains(nib::read_file(model), "Standardize(4)"));
    // The same table, without drawing it again.
    CHECK(run("classify_csv --epochs 60 --class kind " + table).out == made.out);
    const std::string odd = folder.write("odd.csv", "a,kind\n1,x\x1b[31m\n2,y\n3,x\x1b[31m\n4,y\n");
    CHECK(contains(run("classify_csv --epochs 1 " + odd).out, "\n           x\\x1b[31m  y\nx\\x1b[31m "));
    const std::string bad = folder.write("bad.csv", "a,b,kind\n1,2,x\n3,,y\n");
    const Outcome refused = run("classify_csv " + bad);
    CHECK(refused.status == 1);
    CHECK(refused.err == "classify_csv: " + bad +
                             ":3: column 2 ('b'): expected a number, found none: fill in missing values or leave out "
                             "their lines\n");
    CHECK(run("classify_csv --save " + table + " " + table).status == 2);
}

TEST_CASE("autoencoder and fine_tune learn from digits") {
    const TemporaryDirectory folder;
    const std::string data = folder.path("data"), model = folder.path("digits.safetensors");
    std::filesystem::create_directory(data);
    nib::save_images(nib::synthetic_digits(1000, 1), data + "/train");
    nib::save_images(nib::synthetic_digits(200, 2), data + "/t10k");

    const Outcome squeezed = run("autoencoder --epochs 2 --data " + data + " --png " + folder.path("pairs.png"));
    CHECK(squeezed.err == "");
    CHECK(squeezed.status == 0);
    CHECK(last_number(squeezed.out, "epoch 2 loss") < last_number(squeezed.out, "epoch 1 loss"));
    CHECK(is_png(folder.path("pairs.png"), "\0\0\x03\x80\0\0\x01\xd8"s));

    REQUIRE(run("train --data " + data + " --epochs 8 --lr 0.002 --save " + model).status == 0);
    const Outcome tuned = run("fine_tune --data " + data + " --examples 200 --epochs 60 --save " +
                              folder.path("tuned.pth") + " " + model);
    CHECK(tuned.err == "");
    CHECK(tuned.status == 0);
    CHECK(last_number(tuned.out, "last layer") > 0.7);
    CHECK(last_number(tuned.out, "all layers") > 0.75);
    CHECK(std::filesystem::exists(folder.path("tuned.pth")));
    const Outcome refused = run("fine_tune " + data + "/t10k-labels-idx1-ubyte");
    CHECK(refused.status == 1);
}

#endif
