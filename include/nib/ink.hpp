// From strokes and pictures to images: all of ink/.
#pragma once

#include <nib/ink/inkml.hpp>
#include <nib/ink/normalize_image.hpp>
#include <nib/ink/pointer_log.hpp>
#include <nib/ink/quickdraw.hpp>
#include <nib/ink/rasterize.hpp>
#include <nib/ink/read_drawings.hpp>
#include <nib/ink/stroke.hpp>
#include <nib/ink/synthetic.hpp>
#include <nib/ink/unipen.hpp>
#include <nib/ink/write_drawings.hpp>
