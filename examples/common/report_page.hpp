// report.html: what a network was trained to and how it does on test images, in one page that needs no other file, no
// network and no scripts: pictures are in it, curves are SVG, and it follows the reader's light or dark colours.
#pragma once

#include "picture.hpp"

#include <nib/train/calibration.hpp>
#include <nib/train/evaluate.hpp>
#include <nib/train/history.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace examples {

// An epoch of training, and what the test images say after it.
struct EpochResult {
    nib::EpochReport training;
    double test_loss = 0;
    double test_accuracy = 0;
};

// A small picture with a line or two below it.
struct PageImage {
    Picture picture;
    std::string caption;
    std::string note = {};
    Verdict verdict = Verdict::none;
};

// What there is none of is left out. Texts are any bytes: they are escaped.
struct ReportPage {
    std::string title;
    std::vector<std::pair<std::string, std::string>> facts;  // a name and a value each
    std::vector<EpochResult> epochs;
    nib::Evaluation evaluation;
    std::optional<double> top3_accuracy;
    nib::Calibration calibration;
    std::vector<PageImage> mistakes;
    std::vector<PageImage> samples;
    std::vector<PageImage> weights;
};

std::string html(const ReportPage& page);

// Texts in HTML: what could end them, or is not printable, is escaped.
std::string escaped(std::string_view text);

// RFC 4648, with padding.
std::string base64(std::string_view bytes);

}  // namespace examples
