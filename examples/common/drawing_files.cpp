#include "drawing_files.hpp"

#include "read_picture.hpp"

#include <nib/core/error.hpp>
#include <nib/ink/normalize_image.hpp>
#include <nib/ink/read_drawings.hpp>

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace examples {

namespace {

// Throws UsageError for --ms with the format of other files than logs.
nib::StrokeFormat stroke_format(const StrokeOptions& options) {
    const std::string& format = options.format;
    if (options.milliseconds && !format.empty() && format != "log")
        throw UsageError("--ms: expected pointer logs, found --format " + format);
    return options.milliseconds    ? nib::StrokeFormat::log_ms
           : format == "unipen"    ? nib::StrokeFormat::unipen
           : format == "quickdraw" ? nib::StrokeFormat::quickdraw
           : format == "inkml"     ? nib::StrokeFormat::inkml
           : format == "log"       ? nib::StrokeFormat::log
                                   : nib::StrokeFormat::automatic;
}

bool can_be_read_again(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

}  // namespace

void add_stroke_options(CommandLine& line, StrokeOptions& options) {
    line.option("--format", "F", "unipen, quickdraw, inkml or log; without it, recognised by the content",
                options.format, {"unipen", "quickdraw", "inkml", "log"});
    line.flag("--ms", "the stroke files are pointer logs whose times are milliseconds", options.milliseconds);
    line.flag("--strict", "a drawing that cannot be used is an error; without it, it is left out and counted",
              options.strict);
}

DrawingFiles::DrawingFiles(std::vector<std::string> paths, StrokeOptions options, nib::RasterOptions raster,
                           Pictures pictures, Passes passes)
    : paths_{std::move(paths)},
      options_{std::move(options)},
      raster_{raster},
      pictures_{pictures},
      passes_{passes},
      kept_(paths_.size()) {}

void DrawingFiles::for_each(const OnImage& on_image) {
    used_ = 0;
    skipped_ = {};
    for (std::size_t file = 0; file < paths_.size(); ++file) go_through(file, on_image);
    if (used_ == 0 && skipped_.count > 1)
        nib::fail("none of the " + std::to_string(skipped_.count) +
                  " drawings can be used; the first: " + skipped_.first);
    if (used_ == 0) nib::fail(skipped_.count == 1 ? skipped_.first : "no drawing found");
    if (std::exchange(first_pass_, false) && skipped_.count > 0)
        std::fprintf(stderr, "%zu of %zu drawings cannot be used and are left out; the first: %s\n", skipped_.count,
                     used_ + skipped_.count, skipped_.first.c_str());
}

void DrawingFiles::go_through(std::size_t file, const OnImage& on_image) {
    const std::string& path = paths_[file];
    if (is_picture_file(path)) {
        if (pictures_ == Pictures::no)
            nib::fail(path + ": expected a stroke file, found a picture, which the program recognize reads");
        const nib::Image picture = read_picture(path);
        use(
            path, "", [&] { return nib::normalize_image(picture, {.size = raster_.size}); }, on_image);
    } else {
        go_through_strokes(file, on_image);
    }
}

void DrawingFiles::go_through_strokes(std::size_t file, const OnImage& on_image) {
    const std::string& path = paths_[file];
    Kept& kept = kept_[file];
    const bool keep = passes_ == Passes::two && first_pass_ && !can_be_read_again(path);
    std::size_t number = 0;
    const auto use_drawing = [&](const nib::Drawing& drawing) {
        ++number;
        return use(
            path + ": drawing " + std::to_string(number), drawing.label,
            [&] { return nib::rasterize(drawing, raster_); }, on_image);
    };
    if (kept.filled) {
        for (const nib::Drawing& drawing : kept.drawings) use_drawing(drawing);
        return;
    }
    nib::for_each_drawing(
        path, stroke_format(options_),
        [&](nib::Drawing&& drawing) {
            if (use_drawing(drawing) && keep) kept.drawings.push_back(std::move(drawing));
        },
        options_.strict ? nullptr : &skipped_);
    kept.filled = keep;
}

// Whether the image can be made. `place` is what messages start with.
template <class MakeImage>
bool DrawingFiles::use(const std::string& place, const std::string& label, const MakeImage& make_image,
                       const OnImage& on_image) {
    nib::Image image;
    try {
        image = make_image();
    } catch (const nib::Error& error) {
        std::string reason = place + ": " + error.what();
        if (options_.strict) nib::fail(reason);
        if (skipped_.count++ == 0) skipped_.first = std::move(reason);
        return false;
    }
    ++used_;
    on_image(image, label);
    return true;
}

}  // namespace examples
