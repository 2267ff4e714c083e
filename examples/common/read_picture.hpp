// Pictures from PGM and PNG files, as grey images.
#pragma once

#include <nib/core/image.hpp>

#include <string>
#include <string_view>

namespace examples {

// Whether the file at `path` starts as PGM and PNG files do. What is no regular file is not looked into: a pipe's start
// could not be read again.
bool is_picture_file(const std::string& path);

// Fails on what is neither PGM nor PNG, broken, or larger than 4096x4096 pixels, before memory is taken for it. Colours
// become grey; where a PNG image is transparent, white paper shows.
nib::Image read_picture(const std::string& path);

// `path` is for messages.
nib::Image parse_picture(std::string_view content, const std::string& path);

}  // namespace examples
