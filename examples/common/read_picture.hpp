// Pictures from PNG, JPEG, BMP, PGM, PPM and PBM files, as grey images.
#pragma once

#include <nib/core/image.hpp>

#include <string>
#include <string_view>

namespace examples {

// Whether the file at `path` starts as a picture does, also one of a kind that is not read. What is no regular file is
// not looked into: a pipe's start could not be read again.
bool is_picture_file(const std::string& path);

// Fails on what is no picture of those kinds, broken, or larger than 4096x4096 pixels, before memory is taken for it.
// Colours become grey. Where a picture is drawn on nothing, what is not transparent is dark ink on white paper,
// whatever its colour; where it has paper of its own, white shows through what is transparent.
nib::Image read_picture(const std::string& path);

// `path` is for messages.
nib::Image parse_picture(std::string_view content, const std::string& path);

}  // namespace examples
