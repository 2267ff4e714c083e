// The program rasterize: PNG files and IDX pairs.
#include "world.hpp"

#include <nib/data/dataset.hpp>
#include <nib/ink/stroke.hpp>

#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

using namespace programs;

namespace {

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

}  // namespace

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
