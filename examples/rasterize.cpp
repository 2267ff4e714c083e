// Turns stroke files into images: PNG files, or an IDX pair that any MNIST reader loads.
#include "common/command_line.hpp"
#include "common/drawing_files.hpp"
#include "common/interrupt.hpp"
#include "common/paths.hpp"
#include "common/picture.hpp"
#include "common/report.hpp"

#include <nib/ink.hpp>
#include <nib/io/atomic_file.hpp>
#include <nib/nib.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace {

struct Options {
    std::vector<std::string> files;
    std::string png;
    std::string idx;
    examples::StrokeOptions strokes;
    double pen = 1.6;
    nib::RasterOptions raster;
};

void write_picture(const nib::Image& image, const std::string& path) {
    const int side = static_cast<int>(image.rows);
    examples::Picture picture{side, side, examples::PixelFormat::grey, examples::white};
    examples::draw_image(picture, 0, 0, image.pixels, side, side, 1);
    examples::write_png(picture, path);
}

// What an IDX label file can hold: 0 to 255. A drawing without such a label gets 255.
std::uint8_t idx_label(const std::string& label, std::size_t& unlabelled) {
    const std::optional<int> number = nib::parse_number<int>(label);
    if (number && *number >= 0 && *number <= 255) return static_cast<std::uint8_t>(*number);
    ++unlabelled;
    return 255;
}

// Both return the number of images.
std::size_t write_pictures(const Options& options) {
    examples::DrawingFiles files{options.files, options.strokes, options.raster, examples::Pictures::no,
                                 examples::Passes::two};
    files.for_each([](const nib::Image&, const std::string&) {});  // nothing is written before all are known to be good
    std::size_t count = 0;
    files.for_each([&](const nib::Image& image, const std::string& label) {
        write_picture(image, options.png + "/" + examples::png_name(++count, label));
    });
    return count;
}

std::size_t write_idx(const Options& options) {
    examples::DrawingFiles files{options.files, options.strokes, options.raster, examples::Pictures::no,
                                 examples::Passes::one};
    nib::Dataset images;
    images.rows = images.cols = options.raster.size;
    std::size_t unlabelled = 0;
    files.for_each([&](const nib::Image& image, const std::string& label) {
        images.pixels.insert(images.pixels.end(), image.pixels.begin(), image.pixels.end());
        images.labels.push_back(idx_label(label, unlabelled));
    });
    examples::write_whole([&] { nib::save_images(images, options.idx); });
    if (unlabelled > 0)
        std::fprintf(stderr, "%zu of %zu drawings have no label from 0 to 255: labelled 255\n", unlabelled,
                     images.labels.size());
    return images.labels.size();
}

void rasterize(Options options) {
    if (options.png.empty() == options.idx.empty())
        throw examples::UsageError("expected either --png DIR or --idx PREFIX");
    examples::check_idx_pair(options.files, options.idx);
    examples::check_png_folder(options.files, options.png);
    options.raster.pen_radius = static_cast<float>(options.pen / 2);
    if (!options.png.empty()) examples::make_folder(options.png);
    if (!options.idx.empty())
        for (const char* const kind : {"-images-idx3-ubyte", "-labels-idx1-ubyte"})
            nib::check_writable(options.idx + kind);

    const std::size_t count = options.png.empty() ? write_idx(options) : write_pictures(options);
    std::printf("%zu image%s\n", count, count == 1 ? "" : "s");
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    examples::CommandLine line{"rasterize", "Turns stroke files into images, normalised as MNIST's digits are."};
    line.arguments("FILE", "stroke files", options.files);
    line.option("--png", "DIR", "writes 00001-LABEL.png, ...: dark ink on white", options.png);
    line.option("--idx", "PREFIX", "writes PREFIX-images-idx3-ubyte and PREFIX-labels-idx1-ubyte", options.idx);
    examples::add_stroke_options(line, options.strokes);
    line.option("--size", "N", "rows and columns of an image", options.raster.size, 8, 1024);
    line.option("--pen", "WIDTH", "the pen's width, in 28ths of the image's side", options.pen, 0.1, 14);
    line.flag("--raw", "keeps the drawing where it was drawn", options.raster.raw);
    return line.run(argc, argv, [&] { rasterize(options); });
}
