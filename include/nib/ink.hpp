// From strokes and pictures to images: all of ink/.
#pragma once

#include <nib/ink/digit_templates.hpp>
#include <nib/ink/distances.hpp>
#include <nib/ink/inkml.hpp>
#include <nib/ink/inkml_trace.hpp>
#include <nib/ink/inkml_views.hpp>
#include <nib/ink/lines.hpp>
#include <nib/ink/normalize_image.hpp>
#include <nib/ink/paper.hpp>
#include <nib/ink/pointer_log.hpp>
#include <nib/ink/quickdraw.hpp>
#include <nib/ink/rasterize.hpp>
#include <nib/ink/read_drawings.hpp>
#include <nib/ink/stroke.hpp>
#include <nib/ink/synthetic.hpp>
#include <nib/ink/unipen.hpp>
#include <nib/ink/unipen_segment.hpp>
#include <nib/ink/unipen_set.hpp>
#include <nib/ink/write_drawings.hpp>
#include <nib/ink/xml_scanner.hpp>
