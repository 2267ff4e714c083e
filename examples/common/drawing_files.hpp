// DrawingFiles: the drawings of stroke files, and pictures, as images.  What the programs that read them share: the
// options --format, --ms and --strict, and what is said of drawings that cannot be used.
#pragma once

#include "command_line.hpp"

#include <nib/core/image.hpp>
#include <nib/ink/rasterize.hpp>
#include <nib/ink/stroke.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace examples {

struct StrokeOptions {
    std::string format;
    bool milliseconds = false;  // of the times in pointer logs
    bool strict = false;        // a drawing that cannot be used is an error
};

void add_stroke_options(CommandLine& line, StrokeOptions& options);

enum class Pictures { read, no };  // no: every file is a stroke file
enum class Passes { one, two };

// Goes through the drawings of files in their order. One that cannot be used (because it has no ink, or the file does
// not tell its strokes) is left out and counted. Anything else that is wrong with a file is an Error.
//
// With two passes, the first finds what is wrong with the files before anything is written, and the second gives the
// same images again, without having kept them: however small the file, images can be large. The strokes of what cannot
// be read again, such as a pipe, are kept.
class DrawingFiles {
public:
    DrawingFiles(std::vector<std::string> paths, StrokeOptions options, nib::RasterOptions raster, Pictures pictures,
                 Passes passes);

    // Calls on_image(image, label) for each drawing that can be used, and fails where there is none. After the first
    // pass it says on standard error how many drawings were left out of how many, and why the first was.
    using OnImage = std::function<void(const nib::Image&, const std::string& label)>;
    void for_each(const OnImage& on_image);

private:
    struct Kept {
        std::vector<nib::Drawing> drawings;
        bool filled = false;
    };

    void go_through(std::size_t file, const OnImage& on_image);
    void go_through_strokes(std::size_t file, const OnImage& on_image);
    template <class MakeImage>
    bool use(const std::string& place, const std::string& label, const MakeImage& make_image, const OnImage& on_image);

    std::vector<std::string> paths_;
    StrokeOptions options_;
    nib::RasterOptions raster_;
    Pictures pictures_;
    Passes passes_;
    std::vector<Kept> kept_;  // of each file
    nib::SkippedDrawings skipped_;
    std::size_t used_ = 0;
    bool first_pass_ = true;
};

}  // namespace examples
