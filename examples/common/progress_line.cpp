#include "progress_line.hpp"

#include <cstdio>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

namespace examples {

namespace {

bool is_terminal(std::FILE* file) {
#if __has_include(<unistd.h>)
    return ::isatty(::fileno(file)) != 0;
#else
    return false;
#endif
}

}  // namespace

ProgressLine::ProgressLine() : on_{is_terminal(stderr)} {}

void ProgressLine::operator()(const nib::Progress& progress) {
    if (!on_ || progress.seconds < next_) return;
    std::fprintf(stderr, "\r%s\033[K", nib::progress_line(progress).c_str());
    std::fflush(stderr);
    next_ = progress.seconds + 0.1;
}

void ProgressLine::clear() const {
    if (on_) std::fputs("\r\033[K", stderr);
}

}  // namespace examples
