// ProgressLine: how far training is, on one line of a terminal.
#pragma once

#include <nib/train/progress.hpp>

namespace examples {

// Rewrites the line on standard error, ten times a second; nothing where that is no terminal.
class ProgressLine {
public:
    ProgressLine();

    void operator()(const nib::Progress& progress);
    void clear() const;

private:
    bool on_;
    double next_ = 0;  // seconds of training
};

}  // namespace examples
