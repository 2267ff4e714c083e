// The program recognize on strokes.
#include "world.hpp"

#include <nib/core/random.hpp>
#include <nib/data/dataset.hpp>
#include <nib/ink/stroke.hpp>
#include <nib/model/mlp.hpp>
#include <nib/model/model_file.hpp>
#include <nib/model/predict.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

using namespace programs;

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
