// The option --format of the programs that read stroke files.
#pragma once

#include "command_line.hpp"

#include <nib/ink/stroke.hpp>

#include <string>

namespace examples {

inline void add_format_option(CommandLine& line, std::string& format) {
    line.option("--format", "F", "unipen, quickdraw, inkml or log; without it, recognised by the content", format,
                {"unipen", "quickdraw", "inkml", "log"});
}

inline nib::StrokeFormat stroke_format(const std::string& format) {
    return format == "unipen"      ? nib::StrokeFormat::unipen
           : format == "quickdraw" ? nib::StrokeFormat::quickdraw
           : format == "inkml"     ? nib::StrokeFormat::inkml
           : format == "log"       ? nib::StrokeFormat::log
                                   : nib::StrokeFormat::automatic;
}

}  // namespace examples
