// The example programs as a user runs them: command lines, output, errors, exit status.
#include "../support.hpp"

#if !defined(NIB_EXAMPLES_DIR) || !__has_include(<sys/wait.h>)

TEST_CASE("the example programs run as a user runs them") {
    MESSAGE("skipped: expected a POSIX system and the examples built (NIB_BUILD_EXAMPLES)");
}

#else

#include <nib/core/random.hpp>
#include <nib/core/text.hpp>
#include <nib/data/mnist.hpp>
#include <nib/ink/rasterize.hpp>
#include <nib/ink/stroke.hpp>
#include <nib/ink/synthetic.hpp>
#include <nib/io/file.hpp>
#include <nib/io/pgm.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/tensor.hpp>
#include <nib/io/tensor_file.hpp>
#include <nib/layers/batch_norm.hpp>
#include <nib/layers/dropout.hpp>
#include <nib/layers/elementwise.hpp>
#include <nib/layers/elu.hpp>
#include <nib/layers/gelu.hpp>
#include <nib/layers/layer_norm.hpp>
#include <nib/layers/leaky_relu.hpp>
#include <nib/layers/prelu.hpp>
#include <nib/layers/residual.hpp>
#include <nib/layers/sigmoid.hpp>
#include <nib/layers/silu.hpp>
#include <nib/layers/softmax.hpp>
#include <nib/layers/softplus.hpp>
#include <nib/layers/standardize.hpp>
#include <nib/layers/tanh.hpp>
#include <nib/model/int8.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/onnx_export.hpp>
#include <nib/model/predict.hpp>
#include <nib/optim/adam.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/fit.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/wait.h>

using support::contains;
using support::TemporaryDirectory;
using namespace std::string_literals;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer);
#else
constexpr bool sanitized = false;
#endif

#if defined(__linux__)
constexpr bool can_limit_memory = !sanitized;  // the sanitizers' own maps take terabytes of addresses
#else
constexpr bool can_limit_memory = false;
#endif

using Words = std::vector<std::string>;

const Words programs_with_options{"train", "evaluate", "embed", "inspect", "rasterize", "recognize"};

struct Outcome {
    int status = -1;  // -1: ended by a signal
    std::string out;
    std::string err;
};

// How the shell starts a program.
struct Shell {
    std::string before;  // commands before it, each with what separates it from the next
    std::string out;     // a redirection of standard output; "": to Outcome::out
};

std::string quoted(const std::string& word) {
    std::string result = "'";
    for (const char c : word) result += c == '\'' ? "'\\''" : std::string(1, c);
    return result + "'";
}

Outcome run(const std::string& program, const Words& arguments, const Shell& shell = {}) {
    const TemporaryDirectory folder;
    const std::string out = folder.write("out", "");
    const std::string err = folder.write("err", "");
    std::string command = shell.before + "exec " + quoted(NIB_EXAMPLES_DIR "/" + program);
    for (const std::string& argument : arguments) command.append(" ").append(quoted(argument));
    command.append(" </dev/null 2>").append(quoted(err));
    command.append(shell.out.empty() ? ">" + quoted(out) : shell.out);
    const int result = std::system(command.c_str());
    return {WIFEXITED(result) ? WEXITSTATUS(result) : -1, nib::read_file(out), nib::read_file(err)};
}

// What a program that succeeds prints; it has nothing to say on standard error.
std::string results(const std::string& program, const Words& arguments) {
    const Outcome outcome = run(program, arguments);
    CAPTURE(program);
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    return outcome.out;
}

// What a program that fails says after its name, in one line; it prints no results.
std::string complaint(int status, const std::string& program, const Words& arguments, const Shell& shell) {
    const Outcome outcome = run(program, arguments, shell);
    const std::string prefix = program + ": ";
    CAPTURE(outcome.err);
    CHECK(outcome.status == status);
    CHECK(outcome.out == "");
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
    REQUIRE(outcome.err.starts_with(prefix));
    REQUIRE(outcome.err.ends_with('\n'));
    return outcome.err.substr(prefix.size(), outcome.err.size() - prefix.size() - 1);
}

// Of bad input.
std::string refusal(const std::string& program, const Words& arguments, const Shell& shell = {}) {
    return complaint(1, program, arguments, shell);
}

// Of wrong usage, without the hint at the end.
std::string misuse(const std::string& program, const Words& arguments) {
    const std::string message = complaint(2, program, arguments, {});
    const std::string hint = " (see " + program + " --help)";
    REQUIRE(message.ends_with(hint));
    return message.substr(0, message.size() - hint.size());
}

Words split(const std::string& text, char separator) {
    Words parts;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find(separator, start), text.size());
        parts.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return parts;
}

Words lines_of(const std::string& text) { return split(text, '\n'); }

// Between one space or several.
Words words_of(const std::string& line) {
    Words words = split(line, ' ');
    std::erase(words, "");
    return words;
}

Words without_seconds(Words lines) {
    for (std::string& line : lines) line = line.substr(0, line.find(" seconds "));
    return lines;
}

// In a form '#' stands for a digit and '*' for one or more of them.
bool has_form(std::string_view text, std::string_view form) {
    for (const char c : form) {
        const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
        const bool fits = c == '#' || c == '*' ? digits > 0 : text.starts_with(c);
        if (!fits) return false;
        text.remove_prefix(c == '*' ? digits : 1);
    }
    return text.empty();
}

double number(const std::string& text) { return nib::parse_number<double>(text).value(); }

std::string four_digits(double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.4f", value);
    return text.data();
}

std::string accuracy_line(std::size_t correct, std::size_t total) {
    return "accuracy " + four_digits(static_cast<double>(correct) / static_cast<double>(total)) + " (" +
           std::to_string(correct) + "/" + std::to_string(total) + ")";
}

// The correct answers of `total` that the last line of train and evaluate has.
std::size_t correct_of(const std::string& line, std::size_t total) {
    REQUIRE(has_form(line, "test accuracy #.#### (*/*)"));
    const std::size_t start = line.find('(') + 1;
    const auto correct = static_cast<std::size_t>(number(line.substr(start, line.find('/') - start)));
    CHECK(line == "test " + accuracy_line(correct, total));
    return correct;
}

constexpr std::size_t training_count = 600;
constexpr std::size_t test_count = 200;

// Data in MNIST's files, and a network 784-16-10 that was trained on them.
class World {
public:
    World() {
        std::filesystem::create_directory(data());
        nib::save_images(nib::synthetic_digits(training_count, 1), data() + "/train");
        nib::save_images(nib::synthetic_digits(test_count, 2), data() + "/t10k");
        REQUIRE(run("train", {"--data", data(), "--hidden", "16", "--lr", "0.01", "--save", model()}).status == 0);
    }

    std::string data() const { return folder_.path("data"); }
    std::string model() const { return folder_.path("model.safetensors"); }

private:
    TemporaryDirectory folder_;
};

const World& world() {
    static const World made;
    return made;
}

Words train_arguments(const Words& more) {
    Words arguments{"--data", world().data(), "--hidden", "8"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

std::vector<nib::Drawing> synthetic_drawings(std::size_t count) {
    nib::Rng rng{3};
    std::vector<nib::Drawing> drawings;
    for (std::size_t i = 0; i < count; ++i) drawings.push_back(nib::synthetic_digit(static_cast<int>(i % 10), rng));
    return drawings;
}

// The drawings in UNIPEN's form, one segment each; a label "" is left out.
std::string unipen(const std::vector<nib::Drawing>& drawings) {
    std::string text;
    std::size_t component = 0;
    for (const nib::Drawing& drawing : drawings) {
        text += ".SEGMENT DIGIT " + std::to_string(component) + "-" +
                std::to_string(component + drawing.strokes.size() - 1) + " ?" +
                (drawing.label.empty() ? "" : " \"" + drawing.label + "\"") + "\n";
        component += drawing.strokes.size();
        for (const nib::Stroke& stroke : drawing.strokes) {
            text += ".PEN_DOWN\n";
            for (const nib::Point& point : stroke)
                text += nib::format_fixed(1000 * static_cast<double>(point.x), 0) + " " +
                        nib::format_fixed(-1000 * static_cast<double>(point.y), 0) + "\n";
            text += ".PEN_UP\n";
        }
    }
    return text;
}

// Upright, 100 units long, at the right edge of its canvas.
constexpr std::string_view upright_line = "100 0 0\n100 50 0.01\n100 100 0.02\n";

struct Size {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    bool operator==(const Size&) const = default;
};

// From the header that every PNG file starts with.
Size png_size(const std::string& path) {
    const std::string png = nib::read_file(path);
    REQUIRE(png.size() > 24);
    CHECK(png.starts_with("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"s));
    const auto number = [&](std::size_t offset) {
        return nib::load_number<std::uint32_t>(std::as_bytes(std::span{png}).data() + offset, std::endian::big);
    };
    return {number(16), number(20)};
}

Words files_in(const std::string& folder) {
    Words names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

nib::Dataset rasterized(const TemporaryDirectory& folder, const Words& arguments) {
    Words words{"--idx", folder.path("set")};
    words.insert(words.end(), arguments.begin(), arguments.end());
    CHECK(run("rasterize", words).status == 0);
    return nib::load_images(folder.path("set-images-idx3-ubyte"), folder.path("set-labels-idx1-ubyte"));
}

// In pixels of full ink.
double ink_of(const nib::Dataset& images, std::size_t index) {
    const auto pixels = images.image(index);
    return std::accumulate(pixels.begin(), pixels.end(), 0.0) / 255;
}

// The mean column of an image's ink.
double mean_column(const nib::Dataset& images, std::size_t index) {
    double sum = 0;
    for (std::size_t i = 0; i < images.input_size(); ++i)
        sum += static_cast<double>(i % images.cols) * images.image(index)[i] / 255;
    return sum / ink_of(images, index);
}

std::string big_endian(std::uint32_t number) {
    std::array<std::byte, 4> bytes;
    nib::store_number(bytes.data(), number, std::endian::big);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string idx_header(const std::vector<std::uint32_t>& sizes) {
    std::string header = "\0\0\x08"s + static_cast<char>(sizes.size());
    for (const std::uint32_t size : sizes) header += big_endian(size);
    return header;
}

// `text` with the only `old_part` in it replaced by `new_part` of the same length.
std::string with(std::string text, const std::string& old_part, const std::string& new_part) {
    const std::size_t place = text.find(old_part);
    REQUIRE(place != std::string::npos);
    REQUIRE(old_part.size() == new_part.size());
    return text.replace(place, old_part.size(), new_part);
}

struct BadInput {
    std::string content;
    std::string message;  // after the file's name
};

}  // namespace

TEST_CASE("train prints the initial accuracy, a line an epoch and the test accuracy, and nothing else") {
    const Words lines = lines_of(results("train", train_arguments({"--epochs", "3"})));
    REQUIRE(lines.size() == 5);
    CHECK(has_form(lines[0], "initial accuracy 0.####"));
    for (std::size_t epoch = 1; epoch <= 3; ++epoch)
        CHECK(has_form(lines[epoch], "epoch " + std::to_string(epoch) + " loss *.#### accuracy #.#### seconds *.##"));
    const std::size_t correct = correct_of(lines[4], test_count);
    CHECK(correct > test_count / 5);  // chance is a tenth
    CHECK(contains(lines[3], " accuracy " + four_digits(static_cast<double>(correct) / test_count) + " "));
}

TEST_CASE("train without data draws its own digits and says so on standard error") {
    if (sanitized) {
        MESSAGE("skipped: 70,000 digits take long under a sanitizer");
        return;
    }
    const Outcome outcome = run("train", {"--epochs", "1", "--hidden", "8"});
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "no --data: training on 60000 synthetic digits, testing on 10000 others\n");
    const Words lines = lines_of(outcome.out);
    REQUIRE(lines.size() == 3);
    CHECK(correct_of(lines[2], 10'000) > 8'000);
}

TEST_CASE("train --synthetic adds digits to the data, and says how many there are without any") {
    if (sanitized) {
        MESSAGE("skipped: 10,000 digits take long under a sanitizer");
        return;
    }
    const Outcome alone = run("train", {"--synthetic", "500", "--epochs", "1", "--hidden", "8"});
    CHECK(alone.err == "no --data: training on 500 synthetic digits, testing on 10000 others\n");
    const std::string less = results("train", train_arguments({"--epochs", "1"}));
    const std::string more = results("train", train_arguments({"--epochs", "1", "--synthetic", "3000"}));
    const auto correct = [](const std::string& output) { return correct_of(lines_of(output).back(), test_count); };
    CHECK(correct(more) > correct(less));  // six times as many steps
}

TEST_CASE("train --augment gives the same for any number of threads") {
    const auto lines = [](const Words& more) {
        Words arguments = train_arguments({"--augment", "--epochs", "3", "--batch", "100"});
        arguments.insert(arguments.end(), more.begin(), more.end());
        return without_seconds(lines_of(results("train", arguments)));
    };
    const Words whole = lines({});
    CHECK(lines({"--threads", "2"}) == whole);
    CHECK(lines({"--threads", "3"}) == whole);
    CHECK(whole != without_seconds(lines_of(results("train", train_arguments({"--epochs", "3", "--batch", "100"})))));
}

TEST_CASE("evaluate prints the last line that train printed of the model that it saved") {
    const TemporaryDirectory folder;
    const std::string model = folder.path("model.safetensors");
    const Words trained = lines_of(results("train", train_arguments({"--hidden", "5,7", "--save", model})));
    CHECK(lines_of(results("evaluate", {model, "--data", world().data()})).back() == trained.back());
    const nib::Mlp net = nib::load_mlp(model);
    CHECK(std::vector<std::size_t>(net.widths().begin(), net.widths().end()) ==
          std::vector<std::size_t>{784, 5, 7, 10});
    CHECK(files_in(folder.path()) == Words{"model.safetensors"});
    // 600 images make 40 batches of 15; 4 epochs.
    CHECK(nib::open_safetensors(model).metadata().at("steps") == "160");
    CHECK(nib::open_safetensors(model).metadata().at("layers") ==
          "Linear(784, 5), ReLU, Linear(5, 7), ReLU, Linear(7, 10), LogSoftmax");
}

TEST_CASE("a model in PyTorch's format does what the same one in safetensors does") {
    const TemporaryDirectory folder;
    const std::string safe = folder.path("model.safetensors");
    const std::string torch = folder.path("model.pth");
    const Words trained = lines_of(results("train", train_arguments({"--save", torch})));
    results("train", train_arguments({"--save", safe}));
    CHECK(nib::read_file(torch).starts_with("PK"));
    for (const std::string& model : {torch, safe})
        CHECK(lines_of(results("evaluate", {model, "--data", world().data()})).back() == trained.back());
    const std::string strokes = folder.write("line.log", upright_line);
    CHECK(results("recognize", {torch, strokes}) == results("recognize", {safe, strokes}));
}

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

TEST_CASE("evaluate's precision, recall and accuracy are those of its confusion matrix") {
    const Words lines = lines_of(results("evaluate", {world().model(), "--data", world().data()}));
    REQUIRE(lines.size() == 27);
    CHECK(has_form(lines[0], "loss *.####"));
    CHECK(words_of(lines[2]) == Words{"class", "examples", "precision", "recall"});
    CHECK(words_of(lines[14]) == Words{"truth", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
    std::array<std::array<std::size_t, 10>, 10> counts{};
    for (std::size_t truth = 0; truth < 10; ++truth) {
        const Words words = words_of(lines[15 + truth]);
        REQUIRE(words.size() == 11);
        CHECK(words[0] == std::to_string(truth));
        for (std::size_t answer = 0; answer < 10; ++answer)
            counts[truth][answer] = static_cast<std::size_t>(number(words[1 + answer]));
    }
    std::size_t correct = 0;
    for (std::size_t c = 0; c < 10; ++c) {
        const std::size_t examples = std::accumulate(counts[c].begin(), counts[c].end(), std::size_t{0});
        std::size_t answers = 0;
        for (const auto& row : counts) answers += row[c];
        const auto right = static_cast<double>(counts[c][c]);
        const std::string precision = four_digits(answers == 0 ? 0 : right / static_cast<double>(answers));
        const std::string recall = four_digits(right / static_cast<double>(examples));
        CHECK(words_of(lines[3 + c]) == Words{std::to_string(c), std::to_string(examples), precision, recall});
        CHECK(examples == test_count / 10);
        correct += counts[c][c];
    }
    CHECK(lines[26] == "test " + accuracy_line(correct, test_count));
}

TEST_CASE("evaluate prints no table that is too wide to read, and works in the memory of its network") {
    const TemporaryDirectory folder;
    const std::string model = folder.path("model");
    nib::Rng rng{1};
    nib::save(nib::Mlp{{784, 100}, rng}, model);
    CHECK(lines_of(results("evaluate", {model, "--data", world().data()})).size() == 1 + 1 + 101 + 1 + 101 + 1 + 1);
    nib::save(nib::Mlp{{784, 4, 50'000}, rng}, model);  // a table of 50,000 squared would be of 20 GB
    const Shell limited{can_limit_memory ? "ulimit -v 600000 && " : "", ""};
    const Outcome outcome = run("evaluate", {model, "--data", world().data()}, limited);
    CHECK(outcome.status == 0);
    CHECK(outcome.err == model + ": has 50000 classes: tables of them are printed up to 100\n");
    const Words lines = lines_of(outcome.out);
    REQUIRE(lines.size() == 3);
    CHECK(has_form(lines[0], "loss *.####"));
    correct_of(lines[2], test_count);
}

TEST_CASE("evaluate refuses a network whose answers are not finite") {
    const TemporaryDirectory folder;
    const std::string model = folder.path("model");
    nib::Mlp net = nib::load_mlp(world().model());
    for (float& parameter : net.parameters()) parameter = parameter < 0 ? -3e38f : 3e38f;
    nib::save(net, model);
    CHECK(refusal("evaluate", {model, "--data", world().data()}) ==
          model + ": expected answers with a finite loss; the network's weights are too large to compute with");
}

TEST_CASE("evaluate --int8 compares the network in 8-bit integers with the one that was loaded") {
    const Words before = lines_of(results("evaluate", {world().model(), "--data", world().data()}));
    const Words lines = lines_of(results("evaluate", {world().model(), "--data", world().data(), "--int8"}));
    REQUIRE(lines.size() == before.size() + 4);
    CHECK(words_of(lines[14]) == Words{"truth", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
    const std::size_t float_correct = correct_of(before.back(), test_count);
    const std::size_t int8_correct = correct_of(lines.back(), test_count);
    CHECK(int8_correct + 3 > float_correct);
    CHECK(lines[26] == "float " + accuracy_line(float_correct, test_count) + " 50920 bytes");
    CHECK(lines[27] == "int8 " + accuracy_line(int8_correct, test_count) + " 12917 bytes");
    CHECK(lines[28] == "3.94 times smaller");

    // Calibrated on training images.
    const nib::Int8Mlp small =
        nib::quantize(nib::load_mlp(world().model()), nib::load_mnist(world().data(), nib::Split::train));
    const nib::Dataset test = nib::load_mnist(world().data(), nib::Split::test);
    std::size_t correct = 0;
    for (const auto& batch : nib::batches(test, 1))
        correct += nib::predict(small, batch.inputs)[0] == batch.targets[0] ? 1 : 0;
    CHECK(correct == int8_correct);
}

TEST_CASE("evaluate --int8 calibrates on synthetic digits where there are no training images, and says so") {
    const TemporaryDirectory folder;
    nib::save_images(nib::load_mnist(world().data(), nib::Split::test), folder.path("t10k"));
    const Outcome outcome = run("evaluate", {world().model(), "--data", folder.path(), "--int8"});
    CHECK(outcome.status == 0);
    CHECK(outcome.err == folder.path() + ": no training images: calibrating on synthetic digits\n");
    correct_of(lines_of(outcome.out).back(), test_count);
}

namespace {

// All of nib's layers, with numbers that no new network has.
nib::Mlp network_of_all_layers() {
    using namespace nib;
    using Activations =
        LayerList<LeakyReLU<>, PReLU, ELU<>, GELU, GELUTanh, SiLU, Sigmoid, Tanh, Softplus, ReLU,
                  Residual<Dense<8, 3>, Dropout<0.5>, Residual<Softmax>, Residual<Dropout<0.1>>, Dense<3, 8>>>;
    Rng rng{5};
    Mlp net{{6, 8, 10},
            rng,
            {.activation = Activations{},
             .norm = LayerList<BatchNorm, LayerNorm>{},
             .dropout = 0.2,
             .input = Standardize{}}};
    for (float& number : net.parameters()) number += static_cast<float>(rng.uniform(0, 0.1));
    for (float& number : net.buffers()) number += static_cast<float>(rng.uniform(0, 0.1));
    return net;
}

}  // namespace

TEST_CASE("embed's headers compile without exceptions and RTTI, and give the network's outputs") {
    const TemporaryDirectory folder;
    CHECK(results("embed", {world().model(), folder.path("float.hpp"), "--name", "digits::plain"}) ==
          "784-16-10: 50920 bytes of constants\n");
    CHECK(results("embed", {world().model(), folder.path("int8.hpp"), "--name", "little", "--int8", "--data",
                            world().data()}) == "784-16-10: 12917 bytes of constants\n");
    CHECK(files_in(folder.path()) == Words{"float.hpp", "int8.hpp"});
    const nib::Mlp all = network_of_all_layers();
    nib::save(all, folder.path("all"));
    CHECK(results("embed", {folder.path("all"), folder.path("all.hpp"), "--name", "all"}) ==
          "6-8-10: 1064 bytes of constants\n");
    CHECK(contains(nib::read_file(folder.path("all.hpp")),
                   "    nib::Residual<nib::Dense<8, 3>, nib::Residual<nib::"
                   "Softmax>, nib::Residual<nib::Dropout<0>>, nib::Dense<3, 8>>,\n"));
    // Reads examples, writes a float answer, ten outputs, and the same of the other networks.
    const std::string source = folder.write("main.cpp", R"(
#include "float.hpp"
#include "int8.hpp"
#include "all.hpp"
#include <cstdio>
static_assert(digits::plain::input_size == 784 && little::output_size == 10);
static_assert(digits::plain::parameters[0] != 0 && little::layers[1].rows == 16);
int main() {
    static float x[784];
    while (std::fread(x, sizeof x, 1, stdin) == 1) {
        const auto write = [](int answer, const auto& outputs) {
            const float number = static_cast<float>(answer);
            std::fwrite(&number, sizeof number, 1, stdout);
            std::fwrite(outputs.data(), sizeof outputs, 1, stdout);
        };
        write(digits::plain::predict(x), digits::plain::log_probabilities(x));
        write(little::predict(x), little::log_probabilities(x));
        const std::span<const float, 6> few{x + 400, 6};
        write(all::predict(few), all::log_probabilities(few));
    }
}
)");
    const std::string program = folder.path("program");
    REQUIRE(std::system((quoted(NIB_TEST_COMPILER) +
                         " -std=c++20 -O2 -DNDEBUG -fno-exceptions -fno-rtti -Wall -Wextra -Wpedantic -Wconversion "
                         "-Wshadow -Werror -I" +
                         quoted(NIB_TEST_INCLUDE) + " " + quoted(source) + " -o " + quoted(program))
                            .c_str()) == 0);

    const nib::Mlp net = nib::load_mlp(world().model());
    const nib::Int8Mlp small = nib::quantize(net, nib::load_mnist(world().data(), nib::Split::train));
    const nib::Dataset test = nib::load_mnist(world().data(), nib::Split::test);
    std::vector<float> pixels(test.pixels.size()), expected;
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(test.pixels[i]) / 255;
    for (std::size_t i = 0; i < test.size(); ++i) {
        const std::span<const float> x = std::span{pixels}.subspan(i * 784, 784);
        const auto append = [&](int answer, const std::vector<float>& outputs) {
            expected.push_back(static_cast<float>(answer));
            expected.insert(expected.end(), outputs.begin(), outputs.end());
        };
        append(nib::predict(net, x), net(x));
        append(nib::predict(small, x), small(x));
        const std::span<const float> few = x.subspan(400, 6);
        append(nib::predict(all, few), all(few));
    }
    const auto bytes = nib::bytes_of(std::span<const float>{pixels});
    folder.write("in", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    REQUIRE(std::system(
                (quoted(program) + " <" + quoted(folder.path("in")) + " >" + quoted(folder.path("out"))).c_str()) == 0);
    const std::string out = nib::read_file(folder.path("out"));
    std::vector<float> found(expected.size());
    REQUIRE(out.size() == found.size() * sizeof(float));
    std::memcpy(found.data(), out.data(), out.size());
#if defined(__OPTIMIZE__)
    constexpr float tolerance = 0;
#else
    constexpr float tolerance =
        0.1f;  // the last bits differ, and with them a calibrated range, and with that some steps
#endif
    float distance = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (tolerance > 0 && i % 11 == 0) continue;  // an answer may differ where two are almost equal
        distance = std::max(distance, std::abs(found[i] - expected[i]));
    }
    CHECK(distance <= tolerance);
}

TEST_CASE("embed writes the header whole or not at all") {
    const TemporaryDirectory folder;
    const std::string header = folder.write("header.hpp", "mine");
    const std::string model = folder.write("model", "");
    CHECK(refusal("embed", {model, header}) ==
          model + ": byte 0: expected a file of safetensors, PyTorch (.pth) or NumPy (.npy, .npz), found an empty one");
    const std::string empty = folder.path("empty");
    std::filesystem::create_directory(empty);
    CHECK(
        refusal("embed", {world().model(), header, "--int8", "--data", empty}).starts_with(empty + ": expected train"));
    CHECK(nib::read_file(header) == "mine");
    const std::string missing = folder.path("missing/header.hpp");
    CHECK(refusal("embed", {world().model(), missing}) == missing + ": cannot write: No such file or directory");
    CHECK(files_in(folder.path()) == Words{"empty", "header.hpp", "model"});
}

TEST_CASE("the same seed gives the same output and the same model, another seed others") {
    const TemporaryDirectory folder;
    const auto trained = [&](const std::string& seed, const std::string& name) {
        return without_seconds(
            lines_of(results("train", train_arguments({"--seed", seed, "--save", folder.path(name)}))));
    };
    const Words first = trained("7", "first");
    CHECK(trained("7", "second") == first);
    CHECK(trained("8", "third") != first);
    CHECK(nib::read_file(folder.path("second")) == nib::read_file(folder.path("first")));
    CHECK(nib::read_file(folder.path("third")) != nib::read_file(folder.path("first")));
}

TEST_CASE("train stops early, keeps a history, and goes on with all that shapes its learning to the same network") {
    const support::TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint"), history = folder.path("history.csv");
    const Words how{"--weight-decay", "0.1", "--dropout", "0.2",  "--schedule",   "plateau",
                    "--ema",          "0.9", "--lr",      "0.01", "--validation", "100"};
    const auto trained = [&](const Words& more, const std::string& save) {
        Words arguments = train_arguments(more);
        arguments.insert(arguments.end(), {"--history", history, "--save", folder.path(save)});
        return run("train", arguments);
    };
    const auto with = [&](Words more) {
        more.insert(more.end(), how.begin(), how.end());
        return more;
    };
    REQUIRE(trained(with({"--epochs", "4", "--patience", "9"}), "whole").status == 0);
    REQUIRE(trained(with({"--epochs", "2", "--patience", "9", "--checkpoint", checkpoint}), "half").status == 0);
    const Outcome rest = trained({"--epochs", "4", "--resume", checkpoint}, "rest");
    CHECK(rest.status == 0);
    CHECK((nib::read_file(folder.path("rest")) == nib::read_file(folder.path("whole"))));
    const Words rows = lines_of(nib::read_file(history));
    REQUIRE(rows.size() == 5);
    CHECK(rows[0] == "epoch,loss,validation_loss,validation_accuracy,learning_rate,seconds");
    CHECK(rows[1].starts_with("1,"));
    CHECK(rows[4].starts_with("4,"));

    const Outcome early = trained(with({"--epochs", "1000", "--patience", "1"}), "early");
    CHECK(early.status == 0);
    const std::size_t epochs = lines_of(early.out).size() - 2;
    CHECK(early.err == "the network is that of epoch " + std::to_string(epochs - 1) +
                           ", which was best on the images of --validation\n");
    CHECK(misuse("train", train_arguments({"--patience", "1"})) ==
          "--patience: expected images that it looks at, --validation N");
    CHECK(
        misuse("train", train_arguments({"--schedule", "slow"})) ==
        "--schedule: expected constant, step, exponential, cosine, one-cycle, plateau or warmup-cosine, found 'slow'");
    CHECK(refusal("train", train_arguments({"--validation", "100000"})) ==
          "--validation: expected fewer than the " + std::to_string(training_count) + " training images, found 100000");
}

TEST_CASE("training that goes on from a checkpoint prints and saves what it would have without a break") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint"), model = folder.path("model");
    const Words whole = without_seconds(lines_of(
        results("train", train_arguments({"--batch", "20", "--lr", "0.005", "--epochs", "3", "--save", model}))));
    const std::string expected = nib::read_file(model);
    results("train", train_arguments({"--batch", "20", "--lr", "0.005", "--epochs", "1", "--checkpoint", checkpoint}));
    // The options that are not given are those of the run.
    const Outcome rest =
        run("train", {"--data", world().data(), "--epochs", "3", "--resume", checkpoint, "--save", model});
    CHECK(rest.status == 0);
    CHECK(rest.err == checkpoint + ": from here on changed: the run had --epochs 1, not 3\n");
    const Words lines = without_seconds(lines_of(rest.out));
    REQUIRE(lines.size() == 4);
    CHECK(Words(lines.begin() + 1, lines.end()) == Words(whole.begin() + 2, whole.end()));
    CHECK((nib::read_file(model) == expected));
    const Outcome again = run("train", {"--data", world().data(), "--resume", checkpoint, "--lr", "0.25"});
    CHECK(again.err == checkpoint + ": from here on changed: the run had --lr 0.005, not 0.25\n" + checkpoint +
                           ": 1 epochs are done: --epochs 1 leaves none\n");
}

TEST_CASE("training does not go on with other options or other data than before") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint");
    results("train", train_arguments({"--epochs", "1", "--checkpoint", checkpoint}));
    const std::string before = nib::read_file(checkpoint);
    const auto refused = [&](const Words& more) {
        Words arguments{"--resume", checkpoint, "--checkpoint", checkpoint, "--epochs", "2"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Outcome outcome = run("train", arguments);
        CHECK(outcome.status == 1);
        CHECK(outcome.out == "");
        CHECK((nib::read_file(checkpoint) == before));
        return lines_of(outcome.err).back();
    };
    const std::string start = "train: " + checkpoint + ": cannot go on with other ";
    const std::string end = "; --data and --synthetic are to be given as they were";
    const std::string data = world().data();
    CHECK(refused({"--data", data, "--batch", "16", "--seed", "43"}) ==
          start + "options: the run had --batch 15, not 16, --seed 42, not 43" + end + ", and others may be left out");
    CHECK(contains(refused({"--data", data, "--augment"}), "the run had --augment no, not yes;"));
    CHECK(contains(refused({"--data", data, "--hidden", "8,8"}), "the run had --hidden 8, not 8,8;"));
    CHECK(contains(refused({"--data", data, "--synthetic", "10"}), "the run had --synthetic 0, not 10;"));
    CHECK(contains(refused({}), "the run had --data a folder, not none, --synthetic 0, not 60000;"));

    // Another folder with the same images is the same; one other label is not.
    const std::string other = folder.path("other");
    std::filesystem::copy(data, other);
    CHECK(run("train", {"--data", other, "--resume", checkpoint}).status == 0);
    std::string labels = nib::read_file(other + "/train-labels-idx1-ubyte");
    labels.back() = labels.back() == 0 ? 1 : 0;
    std::ofstream(other + "/train-labels-idx1-ubyte", std::ios::binary) << labels;
    const std::string message = refused({"--data", other});
    CHECK(message.starts_with(start + "data: the run had 600 images of 28x28 with fingerprint "));
    CHECK(contains(message, ", not 600 images of 28x28 with fingerprint "));
    CHECK(message.ends_with(end));
}

TEST_CASE("a checkpoint without a record of its run is gone on with, which is said; one that lies is refused") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint"), changed = folder.path("changed");
    results("train", train_arguments({"--epochs", "1", "--checkpoint", checkpoint}));
    const auto rewrite = [&](const auto& change) {
        nib::TensorFile file = nib::open_safetensors(checkpoint);
        std::vector<std::vector<std::byte>> bytes;
        std::vector<nib::Tensor> tensors;
        for (const nib::TensorInfo& tensor : file.tensors()) bytes.push_back(file.bytes(tensor));
        for (std::size_t i = 0; i < bytes.size(); ++i)
            tensors.push_back({file.tensors()[i].name, file.tensors()[i].dtype, file.tensors()[i].shape, bytes[i]});
        nib::StringMap metadata;
        for (const auto& [key, value] : file.metadata()) change(metadata, key, value);
        nib::save_safetensors(changed, tensors, metadata);
    };
    rewrite([](nib::StringMap& metadata, const std::string& key, const std::string& value) {
        if (!key.starts_with("run.")) metadata[key] = value;
    });
    const Outcome old = run("train", train_arguments({"--epochs", "2", "--resume", changed}));
    CHECK(old.status == 0);
    CHECK(old.err == changed +
                         ": does not say what the run had for --batch, --seed, --hidden, --augment, --data, "
                         "--synthetic, --lr, --epochs: they are to be given as they were\n");
    rewrite([](nib::StringMap& metadata, const std::string& key, const std::string& value) {
        metadata[key] = key == "run.hidden" ? "65536,65536,65536,65536" : value;
    });
    const Words arguments{"--data", world().data(), "--resume", changed};
    CHECK(refusal("train", arguments, can_limit_memory ? Shell{"ulimit -v 600000 && ", ""} : Shell{}) ==
          changed + ": is too small for a checkpoint of a network with 12937199626 parameters");
}

TEST_CASE("training that fails keeps what was there, and names the last checkpoint and how to go on from it") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint"), model = folder.path("model");
    const Words widths{"--data", world().data(), "--hidden", "64,64,64"};
    const auto with_widths = [&](const Words& more) {
        Words arguments = widths;
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    };
    results("train", with_widths({"--epochs", "1", "--checkpoint", checkpoint, "--save", model}));
    const std::string checkpoint_before = nib::read_file(checkpoint), model_before = nib::read_file(model);
    const auto failed = [&](const Words& more) {
        const Outcome outcome = run("train", with_widths(more));
        CHECK(outcome.status == 1);
        CHECK(lines_of(outcome.out).size() == 1);
        CHECK(outcome.out.starts_with("initial accuracy "));
        CHECK((nib::read_file(checkpoint) == checkpoint_before));
        CHECK((nib::read_file(model) == model_before));
        CHECK(files_in(folder.path()) == Words{"checkpoint", "model"});
        return lines_of(outcome.err).back();
    };
    const Words fast{"--lr", "1e6", "--epochs", "3", "--save", model};
    const auto too_fast = [&](Words more) {
        more.insert(more.begin(), fast.begin(), fast.end());
        const std::string message = failed(more);
        CHECK(message.starts_with("train: fit: epoch " + std::string(contains(message, "epoch 2") ? "2" : "1") + ", "));
        CHECK(contains(message, "the learning rate, 1000000, may be too high"));
        return message.substr(message.rfind("; "));
    };
    CHECK(too_fast({}) == "; there is no checkpoint to go on from (--checkpoint writes them)");
    CHECK(too_fast({"--checkpoint", folder.path("new")}) ==
          "; no epoch was done, and there is no checkpoint to go on from");
    CHECK(too_fast({"--resume", checkpoint, "--checkpoint", checkpoint}) ==
          "; " + checkpoint + " has the first 1 epoch, to go on from by: train --data " + world().data() +
              " --resume " + checkpoint + " --epochs 3 --checkpoint " + checkpoint + " --save " + model);
}

TEST_CASE("a checkpoint that cannot be written ends training, and the one before is named") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint");
    results("train", train_arguments({"--epochs", "1", "--checkpoint", checkpoint}));
    const std::string before = nib::read_file(checkpoint);
    const Outcome outcome =
        run("train", {"--data", world().data(), "--resume", checkpoint, "--epochs", "3", "--checkpoint", checkpoint},
            {"trap '' XFSZ; ulimit -f 8 && ", ""});
    CHECK(outcome.status == 1);
    CHECK(lines_of(outcome.err).back() == "train: " + checkpoint + ": cannot write: File too large; " + checkpoint +
                                              " has the first 1 epoch, to go on from by: train --data " +
                                              world().data() + " --resume " + checkpoint + " --epochs 3 --checkpoint " +
                                              checkpoint);
    CHECK((nib::read_file(checkpoint) == before));
    CHECK(files_in(folder.path()) == Words{"checkpoint"});
}

TEST_CASE("train ends in order after Ctrl-C and SIGTERM, and says how to go on") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("checkpoint"), model = folder.path("model");
    for (const int status : {130, 143}) {
        const std::string signal = status == 130 ? "INT" : "TERM";
        // The signal comes when the file is there, from a process beside; "exec" keeps the number.
        const auto interrupted = [&](const std::string& file, const Words& more) {
            const std::string beside =
                "(until [ -e " + quoted(file) + " ]; do sleep 0.05; done; kill -" + signal + " $$) & ";
            Words arguments{"--data", world().data(), "--hidden", "8", "--epochs", "1000000", "--save", model};
            arguments.insert(arguments.end(), more.begin(), more.end());
            return run("train", arguments, {beside, ""});
        };
        const Outcome outcome = interrupted(checkpoint, {"--checkpoint", checkpoint, "--lr", "0.002"});
        CHECK(outcome.status == status);
        CHECK(!contains(outcome.out, "test accuracy"));
        const nib::StringMap metadata = nib::open_safetensors(checkpoint).metadata();
        CHECK(metadata.at("run.epochs") == "1000000");
        const std::string epochs = metadata.at("epochs") == "1" ? "1 epoch" : metadata.at("epochs") + " epochs";
        const std::string command = "--data " + world().data() + " --resume " + checkpoint +
                                    " --epochs 1000000 --lr 0.002 --checkpoint " + checkpoint + " --save " + model;
        CHECK(outcome.err == "train: interrupted: " + checkpoint + " has the first " + epochs +
                                 ", to go on from by: train " + command + "\n");
        CHECK(files_in(folder.path()) == Words{"checkpoint"});
        // As it says.
        const Outcome on = run("train", {"--data", world().data(), "--resume", checkpoint, "--epochs",
                                         std::to_string(1 + std::stoi(metadata.at("epochs"))), "--lr", "0.002"});
        CHECK(on.status == 0);

        const std::string report = folder.path("report");  // made at the start
        const Outcome without = interrupted(report, {"--report", report});
        CHECK(without.status == status);
        CHECK(without.err == "train: interrupted: there is no checkpoint to go on from (--checkpoint writes them)\n");
        CHECK(files_in(folder.path()) == Words{"checkpoint", "report"});
        std::filesystem::remove(checkpoint);
        std::filesystem::remove(report);
    }
}

TEST_CASE("a batch of all images is one step of Adam, which moves no parameter by more than the learning rate") {
    const TemporaryDirectory folder;
    const auto trained = [&](const std::string& rate) {
        const std::string all = std::to_string(training_count);
        results("train", train_arguments({"--epochs", "1", "--lr", rate, "--batch", all, "--save", folder.path("m")}));
        return nib::load_mlp(folder.path("m"));
    };
    const nib::Mlp before = trained("0");
    const nib::Mlp after = trained("0.25");
    REQUIRE(before.parameter_count() == 784 * 8 + 8 + 8 * 10 + 10);
    float largest = 0;
    for (std::size_t i = 0; i < before.parameter_count(); ++i)
        largest = std::max(largest, std::abs(after.parameters()[i] - before.parameters()[i]));
    CHECK(largest == doctest::Approx(0.25).epsilon(1e-3));
}

TEST_CASE("--report writes a page, and the first test images and the mistakes as PNG files") {
    const TemporaryDirectory folder;
    const std::string report = folder.path("new/report");
    const std::string out = results("evaluate", {world().model(), "--data", world().data(), "--report", report});
    const auto mistakes = static_cast<std::uint32_t>(test_count - correct_of(lines_of(out).back(), test_count));
    REQUIRE(mistakes > 0);
    CHECK(files_in(report) == Words{"mistakes.png", "report.html", "samples.png"});
    const std::string page = nib::read_file(report + "/report.html");
    CHECK(support::contains(page, "<h1>Test of " + world().model() + "</h1>"));
    CHECK(support::contains(page, "mistakes in " + std::to_string(test_count) + " images"));
    CHECK(support::contains(page, "<b>" + std::to_string(mistakes) + "</b>"));
    CHECK(support::contains(page, "10), LogSoftmax</dd>"));
    CHECK(support::contains(page, "Weights of the first layer"));
    CHECK_FALSE(support::contains(page, "<h2>Loss</h2>"));
    // Cells: 28 pixels three times as large, or the caption "7 (is 2)" of 8 glyphs at twice their 6 x 7 pixels, and
    // gaps.
    const auto sheet = [](std::uint32_t images) {
        return Size{std::min(images, 10u) * (8 * 12 - 2 + 8) + 8, (images + 9) / 10 * (3 * 28 + 4 + 14 + 8) + 8};
    };
    CHECK(png_size(report + "/mistakes.png") == sheet(std::min(mistakes, 60u)));
    CHECK(png_size(report + "/samples.png").height == sheet(60).height);

    results("train", train_arguments({"--epochs", "2", "--report", folder.path("training")}));
    CHECK(files_in(folder.path("training")) == Words{"mistakes.png", "report.html", "samples.png"});
    const std::string training = nib::read_file(folder.path("training/report.html"));
    CHECK(support::contains(training, "<title>epoch 2, training: "));
    CHECK(support::contains(training, "<title>epoch 2, test: "));
    CHECK(support::contains(training, "<dt>options</dt><dd>--lr 0.001 --epochs 2 "));
}

TEST_CASE("recognize prints a line a drawing, and the accuracy of those with labels") {
    const TemporaryDirectory folder;
    std::vector<nib::Drawing> drawings = synthetic_drawings(40);
    for (std::size_t i = 0; i < drawings.size(); i += 4) drawings[i].label = "";
    const std::string file = folder.write("digits.unipen", unipen(drawings));
    const Words lines = lines_of(results("recognize", {world().model(), file}));
    REQUIRE(lines.size() == 41);

    const nib::Mlp net = nib::load_mlp(world().model());
    const nib::Dataset images = rasterized(folder, {file});
    std::size_t correct = 0;
    for (std::size_t i = 0; i < drawings.size(); ++i) {
        REQUIRE(has_form(lines[i], "# #.#### # 0.####"));
        const Words words = words_of(lines[i]);
        std::vector<float> inputs(images.image(i).begin(), images.image(i).end());
        for (float& input : inputs) input /= 255;
        const auto expected = nib::probabilities(net, std::span<const float>{inputs});
        std::vector<float> sorted = expected;
        std::sort(sorted.rbegin(), sorted.rend());
        for (const std::size_t place : {0u, 1u}) {
            const auto digit = static_cast<std::size_t>(number(words[2 * place]));
            CHECK(expected[digit] == doctest::Approx(sorted[place]).epsilon(1e-4));
            CHECK(number(words[2 * place + 1]) == doctest::Approx(sorted[place]).epsilon(1e-4));
        }
        correct += words[0] == drawings[i].label ? 1 : 0;
    }
    CHECK(correct > 10);  // chance is 3 of 30
    CHECK(lines.back() == accuracy_line(correct, 30));
}

TEST_CASE("recognize prints no accuracy where no drawing has a label, and takes several files") {
    const TemporaryDirectory folder;
    const std::string log = folder.write("line.log", upright_line);
    const Words lines = lines_of(results("recognize", {world().model(), log, log, "--format", "log"}));
    REQUIRE(lines.size() == 2);
    CHECK(has_form(lines[0], "# #.#### # 0.####"));
    CHECK(lines[1] == lines[0]);
}

TEST_CASE("recognize reads pictures, which answer as their drawings do") {
    const TemporaryDirectory folder;
    const std::vector<nib::Drawing> drawings = synthetic_drawings(10);
    const std::string strokes = folder.write("digits.unipen", unipen(drawings));
    results("rasterize", {strokes, "--png", folder.path("large"), "--size", "280", "--pen", "1.6"});
    Words arguments{world().model()};
    for (const std::string& name : files_in(folder.path("large"))) arguments.push_back(folder.path("large/" + name));
    nib::Image picture = nib::rasterize(drawings[3], {.size = 200});
    nib::save_pgm(picture, folder.path("three.pgm"));
    arguments.push_back(folder.path("three.pgm"));
    const Words pictures = lines_of(results("recognize", arguments));
    const Words drawn = lines_of(results("recognize", {world().model(), strokes}));
    REQUIRE(pictures.size() == 11);
    std::size_t same = 0;
    for (std::size_t i = 0; i < 10; ++i) same += pictures[i][0] == drawn[i][0] ? 1 : 0;
    CHECK(same >= 8);
    CHECK(pictures[10][0] == pictures[3][0]);
}

TEST_CASE("recognize --png writes what the network saw, and --reject leaves the unsure ones unanswered") {
    const TemporaryDirectory folder;
    const std::string file = folder.write("digits.unipen", unipen(synthetic_drawings(40)));
    const Words all = lines_of(results("recognize", {world().model(), file, "--png", folder.path("seen")}));
    CHECK(files_in(folder.path("seen")).size() == 40);
    CHECK(files_in(folder.path("seen"))[1] == "00002-1.png");

    const Words lines = lines_of(results("recognize", {world().model(), file, "--reject", "0.9"}));
    REQUIRE(lines.size() == 42);
    std::size_t answered = 0, correct = 0;
    for (std::size_t i = 0; i < 40; ++i) {
        const bool sure = number(words_of(all[i])[1]) >= 0.9;
        CHECK(lines[i][0] == (sure ? all[i][0] : '?'));
        CHECK(lines[i].substr(1) == all[i].substr(1));
        answered += sure ? 1 : 0;
        correct += sure && words_of(all[i])[0] == std::to_string(i % 10) ? 1 : 0;
    }
    REQUIRE(answered > 0);
    REQUIRE(answered < 40);
    CHECK(lines[40] == std::string("coverage ").append(accuracy_line(answered, 40).substr(9)));
    CHECK(lines[41] == accuracy_line(correct, answered));
}

TEST_CASE("recognize and rasterize read a log in milliseconds where --ms says so, and ask otherwise") {
    const TemporaryDirectory folder;
    std::string text = "x,y,t\n";
    for (int i = 0; i < 20; ++i)
        text += "50," + std::to_string(10 + 4 * i) + "," + std::to_string(1000 + 16 * i) + "\n";
    const std::string log = folder.write("ms.csv", text);
    const std::string question = refusal("recognize", {world().model(), log});
    CHECK(question.starts_with(log + ": expected times in seconds, found 19 of 19 samples 0.9 s or more after"));
    CHECK(contains(question, "are the times milliseconds? "));
    CHECK(contains(question, "--ms"));
    CHECK(contains(refusal("rasterize", {log, "--png", folder.path("no")}), "--ms"));
    const std::string seconds = folder.write("line.log", upright_line);
    CHECK(lines_of(results("recognize", {world().model(), log, "--ms"})).size() == 1);
    CHECK(results("rasterize", {log, "--png", folder.path("out"), "--ms"}) == "1 image\n");
    CHECK(results("recognize", {world().model(), log, "--ms", "--format", "log"}) ==
          results("recognize", {world().model(), log, "--ms"}));
    CHECK(misuse("recognize", {world().model(), log, "--ms", "--format", "inkml"}) ==
          "--ms: expected pointer logs, found --format inkml");
}

TEST_CASE("recognize reads pictures on nothing, bitmaps and pixmaps, and says which pictures it does not read") {
    const TemporaryDirectory folder;
    // The same 7 in all of them.
    const nib::Drawing seven{{{{20, 20, 0}, {80, 20, 0}, {40, 100, 0}}}, "7"};
    const nib::Image image = nib::rasterize(seven, {.size = 40});
    std::string bits = "P1\n40 40\n";
    std::string colours = "P6 40 40 255\n";
    for (const std::uint8_t ink : image.pixels) {
        bits += ink > 127 ? "1\n" : "0\n";
        colours += std::string(3, static_cast<char>(255 - ink));
    }
    const Words answers = lines_of(
        results("recognize", {world().model(), folder.write("7.pbm", bits), folder.write("7.ppm", colours + "\n")}));
    REQUIRE(answers.size() == 2);
    CHECK(answers[0][0] == answers[1][0]);
    const std::string gif = folder.write("7.gif", "GIF89a");
    CHECK(refusal("recognize", {world().model(), gif}) ==
          gif + ": expected a picture that is read (PNG, JPEG, BMP, PGM, PPM or PBM), found a GIF: convert it to PNG");
    const std::string two = folder.write("two.ppm", colours + colours);
    CHECK(contains(refusal("recognize", {world().model(), two}), "(a file of several images is not read)"));
    const std::string picture = folder.path("7.ppm");
    CHECK(refusal("rasterize", {picture, "--png", folder.path("out")}) ==
          picture + ": expected a stroke file, found a picture, which the program recognize reads");
}

TEST_CASE("a broken picture is named, with what is wrong") {
    const TemporaryDirectory folder;
    const std::string log = folder.write("line.log", upright_line);
    results("rasterize", {log, "--png", folder.path("out")});
    const std::string png = nib::read_file(folder.path("out/00001.png"));
    const std::string truncated = folder.write("t.png", png.substr(0, png.size() / 2));
    CHECK(refusal("recognize", {world().model(), truncated}).starts_with(truncated + ": "));
    const std::string none = folder.write("none.pgm", "P5 0 0 255 ");
    CHECK(refusal("recognize", {world().model(), none}) ==
          none + ": byte 3: expected a width from 1 to 4096, found '0 0 255 '");
    const std::string blank = folder.write("blank.pgm", std::string("P5 20 20 255 ").append(400, 'x'));
    CHECK(refusal("recognize", {world().model(), blank}) == blank + ": picture: expected ink on paper, found no ink");
    CHECK(misuse("recognize", {world().model(), log, "--reject", "1.5"}) != "");
    CHECK(misuse("recognize", {world().model(), log, "--reject", "1"}) ==
          "--reject: expected a probability below 1, found 1");
}

TEST_CASE("rasterize writes a PNG file for each drawing of all files, named after number and label") {
    const TemporaryDirectory folder;
    std::vector<nib::Drawing> drawings = synthetic_drawings(3);
    drawings[2].label = "../x";
    const std::string digits = folder.write("digits.unipen", unipen(drawings));
    const std::string log = folder.write("line.log", upright_line);
    const std::string pictures = folder.path("pictures");
    CHECK(results("rasterize", {digits, log, "--png", pictures, "--size", "40"}) == "4 images\n");
    CHECK(files_in(pictures) == Words{"00001-0.png", "00002-1.png", "00003.png", "00004.png"});
    for (const std::string& name : files_in(pictures)) CHECK(png_size(pictures + "/" + name) == Size{40, 40});
    results("rasterize", {log, "--png", pictures});
    CHECK(png_size(pictures + "/00001.png") == Size{28, 28});
}

TEST_CASE("rasterize writes an IDX pair with the drawings' labels, 255 where there is none") {
    const TemporaryDirectory folder;
    const std::string digits = folder.write("digits.unipen", unipen(synthetic_drawings(3)));
    const std::string log = folder.write("line.log", upright_line);
    const Outcome outcome = run("rasterize", {log, digits, "--idx", folder.path("set")});
    CHECK(outcome.status == 0);
    CHECK(outcome.out == "4 images\n");
    CHECK(outcome.err == "1 of 4 drawings have no label from 0 to 255: labelled 255\n");
    const nib::Dataset images = rasterized(folder, {log, digits});
    CHECK(images.labels == std::vector<int>{255, 0, 1, 2});
    CHECK(images.rows == 28);
    CHECK(images.cols == 28);
    for (std::size_t i = 1; i < 4; ++i) CHECK((ink_of(images, i) > 20 && ink_of(images, i) < 150));
}

TEST_CASE("the same drawing gives the same image from each format, named by --format or recognised") {
    struct StrokeFile {
        std::string format;
        std::string text;
    };
    const TemporaryDirectory folder;
    const std::vector<StrokeFile> files{
        {"log", std::string(upright_line)},
        {"unipen", ".PEN_DOWN\n100 0\n100 -50\n100 -100\n.PEN_UP\n"},
        {"quickdraw", "{\"drawing\":[[[100,100,100],[0,50,100]]]}\n"},
        {"inkml", "<ink><trace>100 0, 100 50, 100 100</trace></ink>\n"},
    };
    const nib::Dataset expected = rasterized(folder, {folder.write("line", files[0].text)});
    for (const StrokeFile& drawn : files) {
        CAPTURE(drawn.format);
        const std::string file = folder.write("strokes", drawn.text);
        CHECK(rasterized(folder, {file}).pixels == expected.pixels);
        CHECK(rasterized(folder, {file, "--format", drawn.format}).pixels == expected.pixels);
        for (const StrokeFile& other : files)
            if (other.format != drawn.format)
                CHECK(
                    refusal("recognize", {world().model(), file, "--format", other.format}).starts_with(file + ":1: "));
    }
}

TEST_CASE("recognize knows the labels of QuickDraw and InkML files") {
    const TemporaryDirectory folder;
    const std::string quickdraw = folder.write(
        "ndjson", "{\"word\":\"7\",\"drawing\":[[[1,2],[3,4]]]}\n{\"word\":\"cat\",\"drawing\":[[[1,2],[3,4]]]}\n");
    const std::string inkml =
        folder.write("inkml", "<ink><annotation type=\"truth\">7</annotation><trace>1 3, 2 4</trace></ink>");
    const Words lines = lines_of(results("recognize", {world().model(), quickdraw, inkml}));
    REQUIRE(lines.size() == 4);
    const bool is_seven = words_of(lines[0])[0] == "7";
    CHECK(lines[3] == accuracy_line(is_seven ? 2 : 0, 3));
    CHECK(lines[1] == lines[0]);
    CHECK(lines[2] == lines[0]);
}

TEST_CASE("a line has the ink of its length and the pen's width, whatever the image's size") {
    const TemporaryDirectory folder;
    const std::string log = folder.write("line.log", upright_line);
    // 17 of 28 pixels long, with half a disc at each end.
    const auto ink = [](double pen) { return 17 * pen + 3.14159265 * pen * pen / 4; };
    CHECK(ink_of(rasterized(folder, {log}), 0) == doctest::Approx(ink(1.6)).epsilon(0.03));
    CHECK(ink_of(rasterized(folder, {log, "--pen", "3"}), 0) == doctest::Approx(ink(3)).epsilon(0.03));
    const nib::Dataset large = rasterized(folder, {log, "--size", "84"});
    CHECK(large.rows == 84);
    CHECK(ink_of(large, 0) == doctest::Approx(9 * ink(1.6)).epsilon(0.03));
}

TEST_CASE("rasterize centres a drawing, and --raw keeps it where it was drawn") {
    const TemporaryDirectory folder;
    const std::string log = folder.write("line.log", upright_line);
    CHECK(mean_column(rasterized(folder, {log}), 0) == doctest::Approx(14).epsilon(0.03));
    CHECK(mean_column(rasterized(folder, {log, "--raw"}), 0) > 25);
}

TEST_CASE("digits trains on a folder, prints four lines and saves a model that evaluate agrees with") {
    const TemporaryDirectory folder;
    const Outcome outcome = run("digits", {world().data()}, {"cd " + quoted(folder.path()) + " && ", ""});
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    const Words lines = lines_of(outcome.out);
    REQUIRE(lines.size() == 4);
    const std::string model = folder.path("digits.safetensors");
    const std::string last = lines_of(results("evaluate", {model, "--data", world().data()})).back();
    const auto accuracy = static_cast<double>(correct_of(last, test_count)) / test_count;
    CHECK(lines[3] == "epoch 4  accuracy " + four_digits(accuracy));
}

TEST_CASE("export_onnx writes the network of a model file and prints its layers") {
    const TemporaryDirectory folder;
    const std::string file = folder.path("model.onnx"), expected = folder.path("expected.onnx");
    CHECK(results("export_onnx", {world().model(), file}) == "Linear(784, 16), ReLU, Linear(16, 10), LogSoftmax\n");
    nib::save_onnx(nib::load_mlp(world().model()), expected);
    CHECK((nib::read_file(file) == nib::read_file(expected)));
    CHECK(files_in(folder.path()) == Words{"expected.onnx", "model.onnx"});
}

namespace {

// A layer of a user.
struct Swish : nib::Elementwise<Swish> {
    template <class V>
    static V value(const V& x) {
        return x * sigmoid(x);
    }
    template <class V>
    static V derivative(const V& x) {
        return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
    }
};

}  // namespace

TEST_CASE("a model file is run with the layers that it lists, or not at all") {
    const TemporaryDirectory folder;
    const std::string model = folder.path("model.safetensors"), out = folder.path("out");
    nib::Rng rng{4};
    using nib::Dense, nib::LogSoftmax;
    nib::Sequential<Dense<784, 16>, nib::BatchNorm, nib::Tanh, nib::Dropout<0.1>, Dense<16, 10>, LogSoftmax> net{rng};
    nib::Adam adam{net};
    nib::fit(net, adam, nib::load_mnist(world().data(), nib::Split::train), {.epochs = 2, .batch_size = 20}, rng);
    nib::save(net, model);
    const double accuracy = nib::accuracy(net, nib::load_mnist(world().data(), nib::Split::test));
    const std::string last = lines_of(results("evaluate", {model, "--data", world().data()})).back();
    CHECK(last == "test " + accuracy_line(static_cast<std::size_t>(std::lround(accuracy * test_count)), test_count));
    CHECK(results("export_onnx", {model, out}) ==
          "Linear(784, 16), BatchNorm1d(16), Tanh, Dropout(p=0.1), Linear(16, 10), LogSoftmax\n");
    CHECK(results("embed", {model, out}) == "784-16-10: 51176 bytes of constants\n");
    CHECK(
        contains(nib::read_file(out), "nib::Dense<784, 16>,\n    nib::BatchNorm,\n    nib::Tanh,\n    nib::Dense<16"));
    CHECK(contains(refusal("embed", {model, out, "--int8", "--data", world().data()}), "int8: expected dense layers"));

    nib::save(nib::Sequential<Dense<784, 16>, Swish, Dense<16, 10>, LogSoftmax>{rng}, model);
    const std::string drawings = folder.write("log", "1 1 0\n2 2 0.1\n");
    const std::string expected = model + ": the file has Swish after Linear(784, 16), which load_mlp cannot build";
    CHECK(refusal("evaluate", {model, "--data", world().data()}).starts_with(expected));
    CHECK(refusal("recognize", {model, drawings}).starts_with(expected));
    CHECK(refusal("embed", {model, out}).starts_with(expected));
    CHECK(refusal("export_onnx", {model, out}).starts_with(expected));

    nib::save(nib::Sequential<Dense<784, 16>, nib::ReLU, Dense<16, 10>>{rng}, model);
    const std::string logits =
        model + ": expected a network that ends in LogSoftmax, found Linear(784, 16), ReLU, Linear(16, 10)";
    CHECK(refusal("evaluate", {model, "--data", world().data()}) == logits);
    CHECK(refusal("recognize", {model, drawings}) == logits);
}

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

TEST_CASE("a data folder that is none, or lacks a file, is named") {
    const TemporaryDirectory folder;
    const std::string missing = folder.path("missing");
    const std::string file = folder.write("file", "");
    const std::string empty = folder.path("empty");
    std::filesystem::create_directory(empty);
    const std::string none =
        ": expected train-images-idx3-ubyte or train-images.idx3-ubyte, as it is, in a folder of that name or as .gz, "
        "here "
        "or in MNIST/raw or raw; found none";
    for (const auto& arguments :
         {Words{"train", "--data"}, Words{"evaluate", world().model(), "--data"}, Words{"digits"}}) {
        const auto refused = [&](const std::string& data) {
            Words words(arguments.begin() + 1, arguments.end());
            words.push_back(data);
            return refusal(arguments[0], words);
        };
        CHECK(refused(missing) == missing + ": expected a folder, found none");
        CHECK(refused(file) == file + ": expected a folder, found a file");
        CHECK(refused(empty).ends_with("; found none"));
    }
    CHECK(refusal("train", {"--data", empty}) == empty + none);
}

TEST_CASE("a data file that is broken is named, with the place and what was expected there") {
    const TemporaryDirectory folder;
    const std::string pixels(3 * 784, '\1');
    const std::string images = idx_header({3, 28, 28}) + pixels;
    const std::string labels = idx_header({3}) + "\1\2\3";
    const std::vector<BadInput> bad_images{
        {"", "byte 0: expected an IDX file, found an empty one"},
        {images.substr(0, 3), "byte 3: expected the 4 bytes that start an IDX file, found its end"},
        {images.substr(0, 10), "byte 4: expected 3 sizes of 4 bytes each, the file holds 6 bytes"},
        {images.substr(0, images.size() - 1),
         "byte 4: header declares 3x28x28 (2352 bytes of pixels), the file holds 2351"},
        {images + "x", "byte 4: header declares 3x28x28 (2352 bytes of pixels), the file holds 2353"},
        {"x" + images, "byte 0: expected an IDX file, which starts with two zero bytes, found 120 0"},
        {"\0\0\x07\x03"s + images.substr(4), "byte 2: expected an IDX type (8, 9, 11, 12, 13 or 14), found 7"},
        {labels, "byte 2: expected images, which are u8 of rank 3, found u8 of rank 1"},
        {"\x1f\x8b\x08\xff", "byte 4 of the gzip file: has flags that do not exist"},
        {idx_header({0xffffffff, 0xffffffff, 0xffffffff}) + pixels,
         "byte 4: header declares 4294967295x4294967295x4294967295 (too many bytes of pixels), the file holds 2352"},
        {idx_header({0, 28, 28}), "byte 4: holds 0 images, but LABELS holds 3 labels"},
        {idx_header({2, 28, 28}) + pixels.substr(784), "byte 4: holds 2 images, but LABELS holds 3 labels"},
        {idx_header({3, 0, 28}), "byte 4: expected at least one image of one pixel, found 3x0x28"},
    };
    const std::vector<BadInput> bad_labels{
        {"", "byte 0: expected an IDX file, found an empty one"},
        {images, "byte 2: expected labels, which are u8 of rank 1, found u8 of rank 3"},
        {labels.substr(0, labels.size() - 1), "byte 4: header declares 3 (3 bytes of values), the file holds 2"},
        {idx_header({0xffffffff}), "byte 4: header declares 4294967295 (4294967295 bytes of values), the file holds 0"},
    };
    const std::string data = folder.path("data");
    std::filesystem::create_directory(data);
    for (const std::string& set : {"train"s, "t10k"s}) {
        const std::string labels_file = data + "/" + set + "-labels-idx1-ubyte";
        const auto check = [&](const std::string& name, const BadInput& bad) {
            for (const char* good : {"data/train", "data/t10k"}) {
                folder.write(good + "-images-idx3-ubyte"s, images);
                folder.write(good + "-labels-idx1-ubyte"s, labels);
            }
            const std::string file = folder.write("data/" + set + name, bad.content);
            std::string message = file + ": " + bad.message;
            const std::size_t place = message.find("LABELS");
            if (place != std::string::npos) message.replace(place, 6, labels_file);
            CHECK(refusal("train", {"--data", data}) == message);
            if (set == "train") CHECK(refusal("digits", {data}) == message);
            if (set == "t10k") CHECK(refusal("evaluate", {world().model(), "--data", data}) == message);
        };
        for (const BadInput& bad : bad_images) check("-images-idx3-ubyte", bad);
        for (const BadInput& bad : bad_labels) check("-labels-idx1-ubyte", bad);
    }
}

TEST_CASE("a directory where a file is expected is named") {
    const TemporaryDirectory folder;
    const std::string file = folder.path("t10k-images-idx3-ubyte");
    const std::string parent = file.substr(0, file.rfind('/'));
    std::filesystem::create_directory(file);
    std::ofstream(folder.path("t10k-labels-idx1-ubyte"));
    const std::string message = file + ": cannot read: Is a directory";
    // Of a folder of images the file inside is read, as archives of MNIST have it; this one is empty.
    CHECK(refusal("evaluate", {world().model(), "--data", parent}).starts_with(parent + ": expected t10k-images"));
    CHECK(refusal("evaluate", {file, "--data", world().data()}) == message);
    CHECK(refusal("recognize", {world().model(), file}) == message);
    CHECK(refusal("rasterize", {file, "--idx", folder.path("set")}) == message);
}

TEST_CASE("data that do not fit the network are refused before anything is printed") {
    const TemporaryDirectory folder;
    const std::string data = folder.path("data");
    std::filesystem::create_directory(data);
    const std::string images = idx_header({2, 28, 28}) + std::string(2 * 784, '\1');
    const auto write = [&](const std::string& set, const std::string& labels, const std::string& of = "") {
        folder.write("data/" + set + "-images-idx3-ubyte", of.empty() ? images : of);
        folder.write("data/" + set + "-labels-idx1-ubyte", idx_header({2}) + labels);
        return data + "/" + set + "-images-idx3-ubyte";
    };
    const std::string bad_label = ": expected classes below 10, the network's outputs, found 10 at example 1";
    write("t10k", "\1\2");
    CHECK(refusal("train", {"--data", data}).starts_with(data + ": expected train-images"));
    const std::string train_images = write("train", "\1\x0a");
    CHECK(refusal("train", {"--data", data}) == train_images + bad_label);
    write("train", "\1\2");
    const std::string test_images = write("t10k", "\1\x0a");
    CHECK(refusal("train", {"--data", data}) == test_images + bad_label);
    CHECK(refusal("evaluate", {world().model(), "--data", data}) == test_images + bad_label);

    write("t10k", "\1\2", idx_header({2, 10, 10}) + std::string(200, '\1'));
    const std::string bad_size = ": expected examples of 784 features, as the network takes, found 100";
    CHECK(refusal("train", {"--data", data}) == test_images + bad_size);
    CHECK(refusal("evaluate", {world().model(), "--data", data}) ==
          world().model() +
              ": expected a network that takes 100 features, as the test images have, found one that takes 784");

    nib::Rng rng{1};
    const std::string model = folder.path("model");
    nib::save(nib::Mlp{{784, 2}, rng}, model);
    write("t10k", "\1\2");
    CHECK(refusal("evaluate", {model, "--data", data}) ==
          test_images + ": expected classes below 2, the network's outputs, found 2 at example 1");
}

TEST_CASE("a model file that is broken or holds another network is named, with what is wrong") {
    const TemporaryDirectory folder;
    const std::string model = nib::read_file(world().model());
    const std::string nan = "\0\0\xc0\x7f"s;
    const std::string infinity = "\0\0\x80\xff"s;
    const std::string unfit = "does not fit the network: ";  // that the file's list of layers makes
    const std::size_t data = 8 + static_cast<std::size_t>(nib::load_number<std::uint64_t>(
                                     std::as_bytes(std::span{model}).data(), std::endian::little));
    const auto at = [&](const std::string& key) {
        return "byte " + std::to_string(model.find(key) + key.size()) + ": ";
    };
    const std::vector<BadInput> bad_models{
        {"", "byte 0: expected a file of safetensors, PyTorch (.pth) or NumPy (.npy, .npz), found an empty one"},
        {model.substr(0, 7), "byte 0: expected the 8 bytes of a safetensors header's length, the file holds 7"},
        {model.substr(0, 20),
         "byte 0: the header declares " + std::to_string(data - 8) + " bytes, the file holds 12 after it"},
        {model.substr(0, model.size() - 1),
         at("\"2.weight\":") + "tensor \"2.weight\": data_offsets [50280, 50920] lie outside the 50919 bytes of data"},
        {model + "x",
         "byte " + std::to_string(model.size()) + ": expected the file's end at data offset 50920, found it at 50921"},
        {"a text, not a model",
         "expected tensors in a file of safetensors, PyTorch (.pth) or NumPy (.npy, .npz), found one that starts with "
         "'a text, '"},
        {with(model, "{\"__", "[\"__"), "byte 8: expected a safetensors header that starts with '{', found '['"},
        {with(model, "F32", "I32"),
         unfit + "\"0.bias\" is int32, expected floating-point numbers (float16, bfloat16, float32 "
                 "or "
                 "float64)"},
        {with(model, "F32", "XXX"), at("\"0.bias\":") + "tensor \"0.bias\": dtype 'XXX' is not known"},
        {with(model, "0.weight", "0.weighs"),
         unfit + "missing \"0.weight\" [16, 784]; unexpected \"0.weighs\" [16, 784]"},
        {with(model, "0.weight", "1.weight"),
         unfit + "missing \"0.weight\" [16, 784]; unexpected \"1.weight\" [16, 784]"},
        {with(model, "[16,784]", "[784,16]"), unfit + "\"0.weight\": expected shape [16, 784], found [784, 16]"},
        {with(model, "[16,784]", "[16,785]"),
         at("\"0.weight\":") +
             "tensor \"0.weight\": shape [16, 785] of F32 takes 50240 bytes, data_offsets [64, 50240] hold "
             "50176"},
        {with(model, "[10,16]", "[16,10]"), unfit + "\"2.weight\": expected shape [10, 16], found [16, 10]"},
        {model.substr(0, model.size() - 4) + nan, "\"2.weight\": expected finite numbers, found NaN at index 159"},
        {model.substr(0, model.size() - 8) + infinity + model.substr(model.size() - 4),
         "\"2.weight\": expected finite numbers, found infinity at index 158"},
    };
    const std::string strokes = folder.write("line.log", upright_line);
    for (const BadInput& bad : bad_models) {
        const std::string file = folder.write("model", bad.content);
        const std::string message = file + ": " + bad.message;
        CHECK(refusal("evaluate", {file, "--data", world().data()}) == message);
        CHECK(refusal("recognize", {file, strokes}) == message);
    }
    const std::string missing = folder.path("missing");
    CHECK(refusal("evaluate", {missing}) == missing + ": cannot open: No such file or directory");
    CHECK(refusal("recognize", {missing, strokes}) == missing + ": cannot open: No such file or directory");
    CHECK(refusal("train", train_arguments({"--resume", missing})) ==
          missing + ": cannot open: No such file or directory");
    CHECK(refusal("train", train_arguments({"--resume", world().model()})).starts_with(world().model() + ": "));
}

TEST_CASE("recognize refuses a network that takes no images, or none of a size that can be drawn") {
    const TemporaryDirectory folder;
    const std::string strokes = folder.write("line.log", upright_line);
    const std::string model = folder.path("model");
    nib::Rng rng{1};
    for (const std::size_t features : {50u, 49u}) {
        nib::save(nib::Mlp{{features, 10}, rng}, model);
        CHECK(refusal("recognize", {model, strokes}) ==
              model + ": expected a network that takes square images, 8x8 to 1024x1024, found one that takes " +
                  std::to_string(features) + " features");
    }
    nib::save(nib::Mlp{{64, 10}, rng}, model);
    CHECK(lines_of(results("recognize", {model, strokes})).size() == 1);
}

TEST_CASE("a stroke file that is broken is named, with the line and what was expected there") {
    const TemporaryDirectory folder;
    const std::string either =
        "expected UNIPEN keywords ('.PEN_DOWN'), QuickDraw objects ('{...}'), InkML ('<ink>') or a pointer log ('x y "
        "t')";
    const std::string sample = "expected three numbers 'x y t' (pixels up to 1e7, seconds up to 1e10)";
    const std::vector<BadInput> bad_files{
        {"", ": no stroke found: " + either + ", found an empty file"},
        {"\n# nothing\n", ": no stroke found: " + either + ", found only blank lines and comments"},
        {"hello\n", ":1: " + either + ", found 'hello'"},
        {".VERSION 1\n", ": no stroke found: expected points after .PEN_DOWN, found none"},
        {".PEN_DOWN\n.PEN_UP\n", ": no stroke found: expected points after .PEN_DOWN, found none"},
        {".PEN_DOWN\n1 2\n3\n.PEN_UP\n", ":3: expected a point 'x y' (two numbers up to 1e7), found '3'"},
        {".PEN_DOWN\n1 2\n3 nan\n.PEN_UP\n", ":3: expected a point 'x y' (two numbers up to 1e7), found '3 nan'"},
        {".SEGMENT DIGIT 0-1 ? \"4\"\n.PEN_DOWN\n1 2\n.PEN_UP\n", ":1: expected components below 1, found 1"},
        {".SEGMENT DIGIT 0 ? \"4\n.PEN_DOWN\n1 2\n.PEN_UP\n",
         ":1: expected a label in double quotes at the end of .SEGMENT, found '.SEGMENT DIGIT 0 ? \"4'"},
        {"1 2 0\n3 4\n", ":2: " + sample + ", found '3 4'"},
        {"1 2 0\n3 4 -1\n", ":2: expected a time not before that of the sample above, found '3 4 -1'"},
        {"1 2 0\n1e9 4 1\n", ":2: " + sample + ", found '1e9 4 1'"},
        {"{\"drawing\":[[[1],[2]]]}\nwords\n", ":2: byte 0: expected an object, found 'w'"},
        {"<ink>\n<trace>1 2, 3 x</trace></ink>", ":2: expected a number (coordinates up to 1e7), found 'x'"},
    };
    const std::string good = folder.write("good.log", upright_line);
    for (const BadInput& bad : bad_files) {
        const std::string file = folder.write("strokes", bad.content);
        const std::string message = file + bad.message;
        CHECK(refusal("recognize", {world().model(), good, file}) == message);
        CHECK(refusal("rasterize", {good, file, "--idx", folder.path("set")}) == message);
    }
    CHECK(!std::filesystem::exists(folder.path("set-images-idx3-ubyte")));
    const std::string missing = folder.path("missing");
    CHECK(refusal("rasterize", {missing, "--idx", folder.path("set")}) ==
          missing + ": cannot open: No such file or directory");
    CHECK(refusal("recognize", {world().model(), good, "--format", "unipen"}) ==
          good + ":1: expected points only after .PEN_DOWN or .PEN_UP, found '100 0 0'");
}

TEST_CASE("a drawing that cannot be used is left out and counted, or refused with --strict") {
    const TemporaryDirectory folder;
    const std::string strokes = ".PEN_DOWN\n10 50\n10 10\n.PEN_UP\n.PEN_DOWN\n0 40\n30 40\n10 0\n.PEN_UP\n";
    const std::string seven = folder.write(
        "seven.unp", ".SEGMENT DIGIT ? OK \"1\"\n.SEGMENT DIGIT 1 OK \"7\"\n.SEGMENT DIGIT ? OK \"1\"\n" + strokes);
    const std::string good = folder.write("good.unp", ".SEGMENT D 0 ? \"1\"\n.SEGMENT D 1 ? \"7\"\n" + strokes);
    const std::string reason =
        seven + ":1: expected component numbers in .SEGMENT, such as 6 or 6-7, found '?', which tells none";
    const std::string said = "2 of 5 drawings cannot be used and are left out; the first: " + reason + "\n";
    const std::string png = folder.path("png");

    const Words all = lines_of(results("recognize", {world().model(), good}));
    for (const Words& more : {Words{}, Words{"--png", png}}) {
        Words arguments{world().model(), good, seven};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Outcome outcome = run("recognize", arguments);
        CHECK(outcome.status == 0);
        CHECK(outcome.err == said);
        const Words lines = lines_of(outcome.out);
        REQUIRE(lines.size() == 4);
        CHECK(lines[1] == all[1]);
        CHECK(lines[2] == all[1]);
        CHECK(lines[3].ends_with("/3)"));
    }
    CHECK(files_in(png) == Words{"00001-1.png", "00002-7.png", "00003-7.png"});

    for (const Words& output : {Words{"--png", folder.path("pictures")}, Words{"--idx", folder.path("set")}}) {
        const Outcome outcome = run("rasterize", {good, seven, output[0], output[1]});
        CHECK(outcome.status == 0);
        CHECK(outcome.err == said);
        CHECK(outcome.out == "3 images\n");
    }
    CHECK(files_in(folder.path("pictures")) == Words{"00001-1.png", "00002-7.png", "00003-7.png"});

    CHECK(refusal("recognize", {world().model(), good, seven, "--strict"}) == reason);
    CHECK(refusal("rasterize", {good, seven, "--strict", "--png", folder.path("none")}) == reason);
    CHECK(files_in(folder.path("none")).empty());
    results("rasterize", {good, "--strict", "--png", folder.path("none")});
}

TEST_CASE("a file without a drawing that can be used is refused") {
    const TemporaryDirectory folder;
    const std::string strokes = ".PEN_DOWN\n1 2\n.PEN_UP\n";
    const std::string expected =
        ":1: expected component numbers in .SEGMENT, such as 6 or 6-7, found '?', which tells none";
    const std::string one = folder.write("one.unp", ".SEGMENT DIGIT ? OK \"1\"\n" + strokes);
    const std::string two = folder.write("two.unp", ".SEGMENT DIGIT\n.SEGMENT DIGIT ? OK \"1\"\n" + strokes);
    for (const Words& program : {Words{"recognize", world().model()}, Words{"rasterize", "--png", folder.path("p")}}) {
        const Words before(program.begin() + 1, program.end());
        Words arguments = before;
        arguments.push_back(one);
        CHECK(refusal(program[0], arguments) == one + expected);
        arguments.back() = two;
        CHECK(refusal(program[0], arguments) == "none of the 2 drawings can be used; the first: " + two + expected);
    }
    const std::string blank = folder.write("blank.pgm", std::string("P5 20 20 255 ").append(400, 'x'));
    const std::string log = folder.write("line.log", upright_line);
    const Outcome outcome = run("recognize", {world().model(), blank, log});
    CHECK(outcome.status == 0);
    CHECK(lines_of(outcome.out).size() == 1);
    CHECK(outcome.err == "1 of 2 drawings cannot be used and are left out; the first: " + blank +
                             ": picture: expected ink on paper, found no ink\n");
}

TEST_CASE("pictures are written when all files are known to be good, and not before") {
    const TemporaryDirectory folder;
    const std::string good = folder.write("digits.unipen", unipen(synthetic_drawings(3)));
    const std::string broken = folder.write("broken.unp", unipen(synthetic_drawings(2)) + ".PEN_DOWN\n1 2\n3\n");
    const std::string message = broken + ":";
    CHECK(refusal("rasterize", {good, broken, "--png", folder.path("a")}).starts_with(message));
    CHECK(refusal("recognize", {world().model(), good, broken, "--png", folder.path("b")}).starts_with(message));
    CHECK(files_in(folder.path("a")).empty());
    CHECK(files_in(folder.path("b")).empty());

    // From a pipe, which can be read only once.
    const auto through_pipe = [&](const std::string& program, const Words& arguments) {
        std::string command = "cat " + quoted(good) + " | " + quoted(NIB_EXAMPLES_DIR "/" + program);
        for (const std::string& argument : arguments) command.append(" ").append(quoted(argument));
        return std::system((command + " >" + quoted(folder.path("out"))).c_str());
    };
    results("rasterize", {good, "--png", folder.path("file")});
    CHECK(through_pipe("rasterize", {"/dev/stdin", "--png", folder.path("pipe")}) == 0);
    REQUIRE(files_in(folder.path("pipe")) == files_in(folder.path("file")));
    for (const std::string& name : files_in(folder.path("pipe")))
        CHECK(nib::read_file(folder.path("pipe/" + name)) == nib::read_file(folder.path("file/" + name)));
    CHECK(through_pipe("recognize", {world().model(), "/dev/stdin", "--png", folder.path("seen")}) == 0);
    CHECK(nib::read_file(folder.path("out")) == results("recognize", {world().model(), good}));
    CHECK(files_in(folder.path("seen")) == files_in(folder.path("file")));
}

TEST_CASE("UNIPEN files that include others are refused with what to do") {
    const TemporaryDirectory folder;
    const std::string file = folder.write("a.unp", ".VERSION 1.0\n.COORD X Y\n.INCLUDE ink.unp\n");
    CHECK(refusal("recognize", {world().model(), file}) ==
          file +
              ":3: .INCLUDE 'ink.unp' is not followed, and there is no stroke beside it: put the text of that file in "
              "place of the line");
}

TEST_CASE("a network whose answers are not finite, or that is no classifier of ten digits, is refused") {
    const TemporaryDirectory folder;
    const std::string strokes = folder.write("line.log", upright_line);
    const std::string model = folder.path("model");
    const std::string header = folder.path("model.hpp");
    for (const std::uint64_t seed : {1u, 2u}) {
        nib::Rng rng{seed};
        nib::Mlp net{{784, 8, 10}, rng};
        for (float& parameter : net.parameters()) parameter = rng.uniform() < 0.5 ? 3e38f : -3e38f;
        nib::save(net, model);
        const std::string advice = "; the network's weights are too large to compute with";
        CHECK(refusal("recognize", {model, strokes}) ==
              model + ": expected an answer with finite probabilities" + advice);
        CHECK(refusal("recognize", {model, strokes, "--png", folder.path("png")}) ==
              model + ": expected an answer with finite probabilities" + advice);
        CHECK(files_in(folder.path("png")).empty());
        for (const Words& words : {Words{model}, Words{model, "--int8"}}) {
            Words arguments{"--data", world().data()};
            arguments.insert(arguments.end(), words.begin(), words.end());
            CHECK(refusal("evaluate", arguments) == model + ": expected answers with a finite loss" + advice);
            Words embedding = words;
            embedding.insert(embedding.begin() + 1, header);
            CHECK(refusal("embed", embedding) == model + ": expected finite outputs for inputs from 0 to 1" + advice);
        }
    }
    CHECK(!std::filesystem::exists(header));
    for (const std::size_t outputs : {1u, 9u, 784u}) {
        nib::Rng rng{1};
        nib::save(nib::Mlp{{784, outputs}, rng}, model);
        CHECK(refusal("recognize", {model, strokes}) ==
              model +
                  ": expected a network that takes square images, 8x8 to 1024x1024, and has 10 outputs, one for each "
                  "digit; found one of " +
                  std::to_string(outputs));
    }
}

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

TEST_CASE("sizes that a file only claims are not allocated") {
    if (!can_limit_memory) {
        MESSAGE("skipped: the memory of a program cannot be limited here");
        return;
    }
    const TemporaryDirectory folder;
    const Shell limited{"ulimit -v 600000 && ", ""};
    CHECK(run("evaluate", {world().model(), "--data", world().data()}, limited).status == 0);
    const std::string images = folder.write("t10k-images-idx3-ubyte", idx_header({4'000'000, 28, 28}) + "x");
    folder.write("t10k-labels-idx1-ubyte", idx_header({4'000'000'000}));
    CHECK(refusal("evaluate", {world().model(), "--data", images.substr(0, images.rfind('/'))}, limited) ==
          images + ": byte 4: header declares 4000000x28x28 (3136000000 bytes of pixels), the file holds 1");
    const std::string header = R"({"0.weight":{"dtype":"F32","shape":[1000000,1000],"data_offsets":[0,4000000000]}})";
    const std::string model = folder.write("model", static_cast<char>(header.size()) + "\0\0\0\0\0\0\0"s + header);
    CHECK(refusal("evaluate", {model}, limited) ==
          model + ": byte 20: tensor \"0.weight\": data_offsets [0, 4000000000] lie outside the 0 bytes of data");
    const std::string strokes =
        folder.write("strokes", ".SEGMENT DIGIT 0-4000000000 ? \"4\"\n.PEN_DOWN\n1 2\n.PEN_UP\n");
    CHECK(refusal("recognize", {world().model(), strokes}, limited) ==
          strokes + ":1: expected components below 1, found 4000000000");
}

TEST_CASE("drawings are read one by one, however many a file has") {
    if (!can_limit_memory) {
        MESSAGE("skipped: the memory of a program cannot be limited here");
        return;
    }
    const TemporaryDirectory folder;
    std::string numbers = "[1";
    for (int i = 1; i < 8000; ++i) numbers += ",1";
    const std::string drawing = "{\"drawing\":[[" + numbers + "]," + numbers + "]]]}\n";
    std::string text;
    for (int i = 0; i < 1000; ++i) text += drawing;  // 8 million points, of 12 bytes each
    const std::string strokes = folder.write("many.ndjson", text);
    const Shell limited{"ulimit -v 80000 && ", ""};
    CHECK(lines_of(run("recognize", {world().model(), strokes}, limited).out).size() == 1000);
    CHECK(run("rasterize", {strokes, "--idx", folder.path("set")}, limited).out == "1000 images\n");
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

TEST_CASE("a checkpoint may take the place of the one that is resumed, and devices are no files") {
    const TemporaryDirectory folder;
    const std::string checkpoint = folder.path("c");
    CHECK(run("train", train_arguments({"--epochs", "1", "--checkpoint", checkpoint})).status == 0);
    CHECK(run("train", train_arguments({"--epochs", "2", "--checkpoint", checkpoint, "--resume", checkpoint})).status ==
          0);
    CHECK(run("train", train_arguments({"--epochs", "1", "--checkpoint", "/dev/null", "--save", "/dev/null"})).status ==
          0);
}

TEST_CASE("pictures that are read are not replaced by those that are written") {
    const TemporaryDirectory folder;
    const std::string strokes = folder.write("digits.unipen", unipen(synthetic_drawings(3)));
    const std::string pictures = folder.path("pictures"), links = folder.path("links");
    results("rasterize", {strokes, "--png", pictures});
    const std::string second = pictures + "/00002-1.png", copy = folder.path("copy.png");
    std::filesystem::copy_file(second, copy);
    std::filesystem::create_directory(links);
    std::filesystem::create_symlink(copy, links + "/00001.png");
    CHECK(misuse("recognize", {world().model(), copy, second, "--png", pictures}) ==
          "--png '" + pictures + "' holds FILE '" + second + "', which a picture could replace: choose another folder");
    CHECK(contains(misuse("recognize", {world().model(), copy, "--png", links}), "which a picture could replace"));
    CHECK(nib::read_file(copy) == nib::read_file(second));
    CHECK(run("recognize", {world().model(), copy, second, "--png", folder.path("new")}).status == 0);
    std::filesystem::rename(strokes, pictures + "/00009.png");
    CHECK(contains(misuse("rasterize", {pictures + "/00009.png", "--png", pictures}), "which a picture could replace"));
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

TEST_CASE("a program that is killed while it writes leaves nothing that stays") {
    const TemporaryDirectory folder;
    const std::string strokes = folder.write("digits.unipen", unipen(synthetic_drawings(20)));
    const std::string prefix = folder.path("set");
    results("rasterize", {strokes, "--idx", prefix});
    const Words files = files_in(folder.path());
    const Shell killed{"ulimit -f 8 && ", ""};  // SIGXFSZ
    for (int i = 0; i < 3; ++i) CHECK(run("rasterize", {strokes, "--idx", prefix}, killed).status == -1);
    CHECK(files_in(folder.path()).size() > files.size());
    results("rasterize", {strokes, "--idx", prefix});
    CHECK(files_in(folder.path()) == files);
}

#endif
