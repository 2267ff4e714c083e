#include "report_page.hpp"

#include "printable.hpp"

#include <nib/core/text.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace examples {

namespace {

constexpr const char* style = R"css(
:root { --paper: #fff; --ink: #1b2027; --soft: #5b6470; --line: #d7dbe0; --card: #f5f6f8;
  --heat: 8, 48, 107; --on-heat: #fff; --c1: #0072b2; --c2: #c2540a; --c3: #00805c; --wrong: #a8230f; --right: #006b3c; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #e6e9ed; --soft: #9aa4b0; --line: #343b44; --card: #1d2229;
    --heat: 107, 174, 214; --on-heat: #0b0e11; --c1: #56b4e9; --c2: #f0954d; --c3: #2fc69b; --wrong: #ff8d78;
    --right: #5fd39a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px; max-width: 1120px; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 24px; line-height: 1.2; margin: 8px 0 12px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 32px 0 8px; }
p { margin: 4px 0 12px; color: var(--soft); max-width: 70ch; }
dl { margin: 0; display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.cards, .pair, .images { display: grid; gap: 12px; }
.cards { grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); margin: 16px 0; padding: 0; list-style: none; }
.cards li { background: var(--card); border-radius: 8px; padding: 10px 14px; }
.cards b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; }
.cards span { color: var(--soft); font-size: 13px; }
.pair { grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 0 32px; align-items: start; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 10px; text-align: right; }
th { font-weight: 600; color: var(--soft); }
.scores { width: 100%; max-width: 520px; }
.scores td, .scores th { border-bottom: 1px solid var(--line); }
.scores tfoot { font-weight: 600; }
.heat td, .heat th { padding: 0 2px; min-width: 30px; height: 30px; text-align: center; font-size: 12px; }
.heat td { background: rgba(var(--heat), var(--a)); border: 1px solid var(--paper); }
.heat .full { color: var(--on-heat); } .heat .none { color: var(--soft); }
svg { width: 100%; height: auto; max-width: 560px; display: block; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
.grid { stroke: var(--line); } .bar { fill: var(--c1); opacity: 0.6; } .ideal { stroke: var(--ink); stroke-dasharray: 4 4; }
.s1 { stroke: var(--c1); fill: var(--c1); } .s2 { stroke: var(--c2); fill: var(--c2); }
.s3 { stroke: var(--c3); fill: var(--c3); }
.curve { fill: none; stroke-width: 2; } .s2.curve { stroke-dasharray: 7 4; } .s3.curve { stroke-dasharray: 2 4; }
.images { grid-template-columns: repeat(auto-fill, minmax(84px, 1fr)); gap: 10px 8px; }
figure { margin: 0; text-align: center; font-size: 13px; line-height: 1.3; font-variant-numeric: tabular-nums; }
figure img { width: 84px; image-rendering: pixelated; border: 1px solid var(--line); display: block; margin: 0 auto 3px; }
figcaption span { display: block; color: var(--soft); }
@media (max-width: 520px) { .scores td, .scores th { padding: 4px; } svg text { font-size: 15px; } }
@media (min-width: 1000px) { .heat td, .heat th { min-width: 40px; height: 36px; font-size: 13px; } }
.wrong { color: var(--wrong); } .right { color: var(--right); }
)css";

std::string percent(double part) { return nib::format_fixed(100 * part, 2) + "%"; }
std::string score(double value) { return nib::format_fixed(value, 4); }
std::string at(double pixels) { return nib::format_fixed(pixels, 1); }

std::string card(const std::string& value, const std::string& name) {
    return "<li><b>" + value + "</b><span>" + name + "</span></li>\n";
}

std::string heading(const std::string& text, const std::string& explanation = {}) {
    return "<h2>" + text + "</h2>\n" + (explanation.empty() ? std::string() : "<p>" + explanation + "</p>\n");
}

// A plot of 480 x 260, with room for the numbers at its axes.
struct Plot {
    double left = 48, right = 464, top = 10, bottom = 224;
    double first_x, last_x, first_y, last_y;

    double x(double value) const { return left + (value - first_x) / (last_x - first_x) * (right - left); }
    double y(double value) const { return bottom - (value - first_y) / (last_y - first_y) * (bottom - top); }
};

// 1, 2 or 5 times a power of ten, so that it fits into `range` up to about six times.
double tick_step(double range) {
    const double power = std::pow(10.0, std::floor(std::log10(range / 5)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (range / (factor * power) <= 6) return factor * power;
    return 10 * power;
}

std::string text_at(double x, double y, const char* anchor, const std::string& text) {
    return "<text x=\"" + at(x) + "\" y=\"" + at(y) + "\" text-anchor=\"" + anchor + "\">" + text + "</text>\n";
}

std::string line_at(const char* name, double x1, double y1, double x2, double y2) {
    return "<line class=\"" + std::string(name) + "\" x1=\"" + at(x1) + "\" y1=\"" + at(y1) + "\" x2=\"" + at(x2) +
           "\" y2=\"" + at(y2) + "\"/>\n";
}

std::string axes(const Plot& plot, double x_step, double y_step, const std::string& x_name) {
    const auto digits = [](double step) { return std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9))); };
    std::string svg;
    const auto each = [](double first, double last, double step, const auto& f) {
        for (int i = static_cast<int>(std::ceil(first / step - 1e-9)); i * step <= last + step * 1e-6; ++i) f(i * step);
    };
    each(plot.first_y, plot.last_y, y_step, [&](double tick) {
        svg += line_at("grid", plot.left, plot.y(tick), plot.right, plot.y(tick));
        svg += text_at(plot.left - 6, plot.y(tick) + 4, "end", nib::format_fixed(tick, digits(y_step)));
    });
    each(plot.first_x, plot.last_x, x_step, [&](double tick) {
        svg += text_at(plot.x(tick), plot.bottom + 17, "middle", nib::format_fixed(tick, digits(x_step)));
    });
    return svg + text_at((plot.left + plot.right) / 2, plot.bottom + 34, "middle", x_name);
}

std::string svg_of(const std::string& label, int height, const std::string& content) {
    return "<svg viewBox=\"0 0 480 " + std::to_string(height) + "\" role=\"img\" aria-label=\"" + label + "\">\n" +
           content + "</svg>\n";
}

struct Curve {
    std::string name;
    std::vector<double> values;  // one each epoch, or none at all
};

// One of a plot's curves, of the kind s1, s2 or s3, with a dot for each epoch where those are few.
std::string drawn(const Plot& plot, const std::string& kind, const Curve& curve,
                  const std::vector<EpochResult>& epochs) {
    std::string points, dots;
    for (std::size_t i = 0; i < curve.values.size(); ++i) {
        if (!std::isfinite(curve.values[i])) continue;
        const int epoch = epochs[i].training.epoch;
        const std::string x = at(plot.x(epoch)), y = at(plot.y(curve.values[i]));
        points += x + "," + y + " ";
        if (curve.values.size() <= 50)
            dots += "<circle class=\"" + kind + "\" cx=\"" + x + "\" cy=\"" + y + "\" r=\"3\"><title>epoch " +
                    std::to_string(epoch) + ", " + curve.name + ": " + score(curve.values[i]) + "</title></circle>\n";
    }
    return "<polyline class=\"" + kind + " curve\" points=\"" + points + "\"/>\n" + dots;
}

std::string curves(const std::string& name, const std::vector<EpochResult>& epochs, const std::vector<Curve>& series,
                   double most) {
    double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
    for (const Curve& curve : series)
        for (const double value : curve.values) {
            if (!std::isfinite(value)) continue;
            lowest = std::min(lowest, value);
            highest = std::max(highest, value);
        }
    if (lowest > highest) return "";
    const double y_step = tick_step(std::max(highest - lowest, 1e-3 * std::max(1.0, highest)));
    const int first = epochs.front().training.epoch, last = epochs.back().training.epoch;
    Plot plot{.first_x = static_cast<double>(first),
              .last_x = static_cast<double>(std::max(last, first + 1)),
              .first_y = std::floor(lowest / y_step) * y_step,
              .last_y = std::min(std::ceil(highest / y_step) * y_step, most)};
    if (plot.last_y <= plot.first_y) plot.first_y = plot.last_y - y_step;
    const double x_step = std::max(1.0, std::ceil(tick_step(plot.last_x - plot.first_x)));
    std::string svg = axes(plot, x_step, y_step, "epoch");
    double legend = plot.left;
    for (std::size_t i = 0; i < series.size(); ++i) {
        if (series[i].values.empty()) continue;
        const std::string kind = std::string("s").append(std::to_string(i + 1));
        svg += drawn(plot, kind, series[i], epochs);
        svg += line_at((kind + " curve").c_str(), legend, 272, legend + 32, 272);
        svg += text_at(legend + 38, 276, "start", series[i].name);
        legend += 60 + 8.0 * static_cast<double>(series[i].name.size());
    }
    return "<div>" + heading(name) + svg_of(name + " by epoch", 284, svg) + "</div>\n";
}

std::string training(const std::vector<EpochResult>& epochs) {
    if (epochs.empty()) return "";
    Curve loss{"training", {}}, test_loss{"test", {}}, validation_loss{"validation", {}};
    Curve none{"", {}}, test{"test", {}}, validation{"validation", {}};
    for (const EpochResult& epoch : epochs) {
        loss.values.push_back(epoch.training.loss);
        test_loss.values.push_back(epoch.test_loss);
        test.values.push_back(epoch.test_accuracy);
        if (epoch.training.validation_loss) validation_loss.values.push_back(*epoch.training.validation_loss);
        if (epoch.training.validation_accuracy) validation.values.push_back(*epoch.training.validation_accuracy);
    }
    const double no_bound = std::numeric_limits<double>::infinity();
    return "<div class=\"pair\">\n" + curves("Loss", epochs, {loss, test_loss, validation_loss}, no_bound) +
           curves("Accuracy", epochs, {none, test, validation}, 1) + "</div>\n";
}

std::string scores(const nib::ConfusionMatrix& confusion) {
    const auto row = [](const std::string& name, std::size_t examples, double precision, double recall, double f1) {
        return "<tr><th>" + name + "</th><td>" + std::to_string(examples) + "</td><td>" + score(precision) +
               "</td><td>" + score(recall) + "</td><td>" + score(f1) + "</td></tr>\n";
    };
    std::string text =
        "<div>" +
        heading("Classes",
                "Precision: the part of a class's answers that is right. Recall: the part of its "
                "images that is recognised. F1: their harmonic mean.") +
        "<div class=\"wide\"><table class=\"scores\">\n<thead><tr><th>class</th><th>images</th><th>precision</th>"
        "<th>recall</th><th>F1</th></tr></thead>\n<tbody>\n";
    for (int c = 0; c < static_cast<int>(confusion.classes()); ++c)
        text +=
            row(std::to_string(c), confusion.of_class(c), confusion.precision(c), confusion.recall(c), confusion.f1(c));
    text += "</tbody>\n<tfoot>\n";
    for (const auto& [name, average] : {std::pair{"mean", nib::Average::macro}, {"weighted", nib::Average::weighted}})
        text += row(name, confusion.total(), confusion.precision(average), confusion.recall(average),
                    confusion.f1(average));
    return text + "</tfoot>\n</table></div></div>\n";
}

// The root of a cell's part of its row, so that a mistake in a hundred can be seen.
std::string heat_map(const nib::ConfusionMatrix& confusion) {
    const int count = static_cast<int>(confusion.classes());
    std::string text = "<div>" +
                       heading("Confusion matrix",
                               "Rows are the truth, columns the answers; the stronger the colour, the larger the part "
                               "of the row.") +
                       "<div class=\"wide\"><table class=\"heat\">\n<tr><th></th>";
    for (int answer = 0; answer < count; ++answer) text += "<th>" + std::to_string(answer) + "</th>";
    text += "</tr>\n";
    for (int truth = 0; truth < count; ++truth) {
        text += "<tr><th>" + std::to_string(truth) + "</th>";
        const double row = static_cast<double>(std::max<std::size_t>(confusion.of_class(truth), 1));
        for (int answer = 0; answer < count; ++answer) {
            const std::size_t found = confusion.count(truth, answer);
            const double heat = std::sqrt(static_cast<double>(found) / row);
            const char* const kind = found == 0 ? "none" : heat > 0.7 ? "full" : "some";
            text += "<td class=\"" + std::string(kind) + "\" style=\"--a:" + nib::format_fixed(heat, 2) + "\">" +
                    std::to_string(found) + "</td>";
        }
        text += "</tr>\n";
    }
    return text + "</table></div></div>\n";
}

std::string reliability(const nib::Calibration& calibration) {
    if (calibration.total() == 0) return "";
    const Plot plot{.first_x = 0, .last_x = 1, .first_y = 0, .last_y = 1};
    std::string svg = axes(plot, 0.2, 0.2, "probability that the network gave its answer");
    const double width = 1 / static_cast<double>(calibration.bins());
    for (std::size_t i = 0; i < calibration.bins(); ++i) {
        const nib::CalibrationBin bin = calibration.bin(i);
        if (bin.count == 0) continue;
        const double first = static_cast<double>(i) * width;
        const double left = plot.x(first) + 1, top = plot.y(bin.accuracy);
        svg += "<rect class=\"bar\" x=\"" + at(left) + "\" y=\"" + at(top) + "\" width=\"" +
               at(plot.x(first + width) - 1 - left) + "\" height=\"" + at(plot.bottom - top) + "\"><title>" +
               nib::format_fixed(first, 2) + " to " + nib::format_fixed(first + width, 2) + ": " +
               std::to_string(bin.count) + " answers, " + percent(bin.accuracy) + " right</title></rect>\n";
    }
    svg += line_at("ideal", plot.x(0), plot.y(0), plot.x(1), plot.y(1));
    return "<div>" +
           heading("Reliability",
                   "Of the answers given with a probability, the part that is right. On the dashed line "
                   "the network is right as often as it says.") +
           svg_of("accuracy by probability", 264, svg) + "</div>\n";
}

std::string gallery(const std::string& name, const std::string& explanation, const std::vector<PageImage>& images) {
    if (images.empty()) return "";
    std::string text = heading(name, explanation) + "<div class=\"images\">\n";
    for (const PageImage& image : images) {
        const std::string caption = escaped(image.caption), note = escaped(image.note);
        const char* const kind = image.verdict == Verdict::wrong   ? " class=\"wrong\""
                                 : image.verdict == Verdict::right ? " class=\"right\""
                                                                   : "";
        text += "<figure><img alt=\"\" src=\"data:image/png;base64," + base64(png_bytes(image.picture)) +
                "\"/><figcaption><b" + kind + ">" + caption + "</b>" +
                (note.empty() ? std::string() : "<span>" + note + "</span>") + "</figcaption></figure>\n";
    }
    return text + "</div>\n";
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : printable(text)) switch (c) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            case '\'':
                result += "&#39;";
                break;
            default:
                result += c;
        }
    return result;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t word = 0;
        for (std::size_t k = 0; k < 3; ++k)
            word = word << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k) text += i + k > bytes.size() ? '=' : digits[word >> (18 - 6 * k) & 63];
    }
    return text;
}

std::string html(const ReportPage& page) {
    const nib::Evaluation& evaluation = page.evaluation;
    const std::string title = escaped(page.title);
    std::string text =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>" +
        title + "</title>\n<style>" + style + "</style>\n</head>\n<body>\n<h1>" + title + "</h1>\n<dl>\n";
    for (const auto& [name, value] : page.facts)
        text += "<dt>" + escaped(name) + "</dt><dd>" + escaped(value) + "</dd>\n";
    text += "</dl>\n<ul class=\"cards\">\n" + card(percent(evaluation.accuracy()), "accuracy");
    if (page.top3_accuracy) text += card(percent(*page.top3_accuracy), "top-3 accuracy");
    text += card(std::to_string(evaluation.total() - evaluation.correct()),
                 "mistakes in " + std::to_string(evaluation.total()) + " images");
    text += card(std::isfinite(evaluation.loss) ? score(evaluation.loss) : "not finite", "loss");
    if (page.calibration.total() > 0) text += card(percent(page.calibration.error()), "calibration error (ECE)");
    text += "</ul>\n" + training(page.epochs);
    constexpr std::size_t most_classes = 100;  // a table of more is too wide to read
    if (evaluation.has_confusion() && evaluation.classes() <= most_classes)
        text +=
            "<div class=\"pair\">\n" + heat_map(evaluation.confusion()) + scores(evaluation.confusion()) + "</div>\n";
    text += reliability(page.calibration);
    text += gallery("Worst mistakes",
                    "Those that the network was surest of: its answer, the truth, and the probability it gave.",
                    page.mistakes);
    text += gallery("The first images", "", page.samples);
    text += gallery("Weights of the first layer",
                    "What each unit looks for: blue where ink speaks for it, orange where ink speaks against it.",
                    page.weights);
    return text + "</body>\n</html>\n";
}

}  // namespace examples
