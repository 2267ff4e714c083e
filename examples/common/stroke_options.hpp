// The options --format and --ms of the programs that read stroke files.
#pragma once

#include "command_line.hpp"

#include <nib/ink/stroke.hpp>

#include <string>

namespace examples {

struct StrokeOptions {
    std::string format;
    bool milliseconds = false;
};

inline void add_format_option(CommandLine& line, StrokeOptions& options) {
    line.option("--format", "F", "unipen, quickdraw, inkml or log; without it, recognised by the content",
                options.format, {"unipen", "quickdraw", "inkml", "log"});
    line.flag("--ms", "the stroke files are pointer logs whose times are milliseconds", options.milliseconds);
}

// Throws UsageError for --ms with the format of other files than logs.
inline nib::StrokeFormat stroke_format(const StrokeOptions& options) {
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

}  // namespace examples
