// The program recognize on pictures.
#include "world.hpp"

#include <nib/core/image.hpp>
#include <nib/ink/rasterize.hpp>
#include <nib/ink/stroke.hpp>
#include <nib/io/file.hpp>
#include <nib/io/pgm.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

using namespace programs;

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
