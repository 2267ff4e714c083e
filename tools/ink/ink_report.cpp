// How well a network recognises drawings that a person made: as they are, and scaled, moved, sampled coarsely, with
// trembling points, or as pictures of brushes of several widths; and what it gives when it may leave some unanswered.
//
//   ink-report MODEL STROKES [WORST.png]
//
// Each line has the accuracy on all drawings and on the second half of the file (the first one is for tuning).
#include "common/picture.hpp"

#include <nib/all.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

constexpr std::size_t side = 28;

struct Answer {
    std::size_t index;
    int digit;
    double probability;
    bool right;
};

Answer answer_to(const nib::Mlp& net, const nib::Image& image, std::size_t index, const std::string& label) {
    const nib::ScoredClass<float> best = nib::top_k(net, image, 1)[0];
    return {index, best.label, static_cast<double>(best.score), label == std::to_string(best.label)};
}

// The answers to what `image_of` makes of each drawing; prints their accuracy.
template <class ImageOf>
std::vector<Answer> report(const char* name, const nib::Mlp& net, const std::vector<nib::Drawing>& drawings,
                           const ImageOf& image_of) {
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < drawings.size(); ++i)
        answers.push_back(answer_to(net, image_of(drawings[i]), i, drawings[i].label));
    const auto right = [](const Answer& answer) { return answer.right; };
    const auto middle = answers.begin() + static_cast<std::ptrdiff_t>(answers.size() / 2);
    const auto share = [&](auto first, auto last) {
        return static_cast<double>(std::count_if(first, last, right)) / static_cast<double>(last - first);
    };
    std::printf("%-44s %.4f  second half %.4f\n", name, share(answers.begin(), answers.end()),
                share(middle, answers.end()));
    return answers;
}

// A copy with each point changed.
template <class Change>
nib::Drawing changed(nib::Drawing drawing, const Change& change) {
    for (nib::Stroke& stroke : drawing.strokes)
        for (nib::Point& point : stroke) change(point);
    return drawing;
}

struct Box {
    float left = 1e30f, top = 1e30f, right = -1e30f, bottom = -1e30f;

    explicit Box(const nib::Drawing& drawing) {
        for (const nib::Stroke& stroke : drawing.strokes)
            for (const nib::Point& point : stroke) {
                left = std::min(left, point.x);
                top = std::min(top, point.y);
                right = std::max(right, point.x);
                bottom = std::max(bottom, point.y);
            }
    }
    float longer_side() const { return std::max({right - left, bottom - top, 1e-3f}); }
};

nib::Drawing every_third(nib::Drawing drawing, bool and_last) {
    for (nib::Stroke& stroke : drawing.strokes) {
        nib::Stroke kept;
        for (std::size_t i = 0; i < stroke.size(); ++i)
            if (i % 3 == 0 || (and_last && i + 1 == stroke.size())) kept.push_back(stroke[i]);
        stroke = kept;
    }
    return drawing;
}

// The drawing with a brush of `width` of its height, somewhere on a canvas of 280 pixels, then
// normalised as a picture.
nib::Image as_picture(const nib::Drawing& drawing, float width, nib::Rng& rng) {
    const Box box{drawing};
    const float height = 120, scale = height / box.longer_side();
    const auto place = [&] { return static_cast<float>(rng.uniform(20, 280 - 20 - 120)); };
    const float dx = place(), dy = place();
    const nib::Drawing placed = changed(drawing, [&](nib::Point& point) {
        point = {(point.x - box.left) * scale + dx, (point.y - box.top) * scale + dy, point.t};
    });
    const nib::RasterOptions options{.size = 280,
                                     .pen_radius = width * height / 2 * 28 / 280,
                                     .raw = true,
                                     .canvas = {.left = 0, .top = 0, .side = 280}};
    return nib::normalize_image(nib::rasterize(placed, options));
}

void report_rejection(std::vector<Answer> answers) {
    std::stable_sort(answers.begin(), answers.end(),
                     [](const Answer& a, const Answer& b) { return a.probability > b.probability; });
    const std::size_t answered = answers.size() * 9 / 10;
    const auto end = answers.begin() + static_cast<std::ptrdiff_t>(answered);
    const auto right = std::count_if(answers.begin(), end, [](const Answer& answer) { return answer.right; });
    std::printf("%-44s %.4f  at --reject %.4f\n", "of the surest 90%, right",
                static_cast<double>(right) / static_cast<double>(answered), answers[answered - 1].probability);
}

// The 50 mistakes that the network was surest of.
void draw_worst(std::vector<Answer> answers, const std::vector<nib::Drawing>& drawings, const std::string& path) {
    std::erase_if(answers, [](const Answer& answer) { return answer.right; });
    std::stable_sort(answers.begin(), answers.end(),
                     [](const Answer& a, const Answer& b) { return a.probability > b.probability; });
    if (answers.size() > 50) answers.resize(50);
    std::vector<nib::Image> images;
    for (const Answer& answer : answers) images.push_back(nib::rasterize(drawings[answer.index]));
    std::vector<examples::CaptionedImage> captioned;
    for (std::size_t i = 0; i < images.size(); ++i)
        captioned.push_back({images[i].pixels,
                             std::to_string(answers[i].digit) + " not " + drawings[answers[i].index].label,
                             examples::Verdict::wrong});
    if (!captioned.empty()) examples::write_png(examples::contact_sheet(captioned, side, side, 3, 10), path);
}

void run(const std::string& model, const std::string& strokes, const std::string& worst) {
    const nib::Mlp net = nib::load_mlp(model);
    if (net.input_size() != side * side) nib::fail(model + ": expected a network that takes images of 28x28 pixels");
    const std::vector<nib::Drawing> drawings = nib::load_drawings(strokes);
    const auto drawn = [](const nib::Drawing& drawing) { return nib::rasterize(drawing); };
    nib::Rng rng{1};

    const std::vector<Answer> plain = report("as drawn", net, drawings, drawn);
    for (const float factor : {0.3f, 3.0f})
        report(factor < 1 ? "scaled by 0.3, moved anywhere" : "scaled by 3, moved anywhere", net, drawings,
               [&](const nib::Drawing& drawing) {
                   const auto dx = static_cast<float>(rng.uniform(-2000, 2000));
                   const auto dy = static_cast<float>(rng.uniform(-2000, 2000));
                   return drawn(changed(drawing, [&](nib::Point& point) {
                       point = {point.x * factor + dx, point.y * factor + dy, point.t};
                   }));
               });
    report("every third sample, and each stroke's last", net, drawings,
           [&](const nib::Drawing& drawing) { return drawn(every_third(drawing, true)); });
    report("every third sample alone", net, drawings,
           [&](const nib::Drawing& drawing) { return drawn(every_third(drawing, false)); });
    report("each sample moved, deviation 2% of the height", net, drawings, [&](const nib::Drawing& drawing) {
        const float deviation = 0.02f * Box{drawing}.longer_side();
        return drawn(changed(drawing, [&](nib::Point& point) {
            point.x += deviation * static_cast<float>(rng.normal());
            point.y += deviation * static_cast<float>(rng.normal());
        }));
    });
    for (const float width : {0.03f, 0.07f, 0.11f})
        report(
            ("picture, brush of " + nib::format_fixed(static_cast<double>(width) * 100, 0) + "% of the height").c_str(),
            net, drawings, [&](const nib::Drawing& drawing) { return as_picture(drawing, width, rng); });
    report_rejection(plain);
    if (!worst.empty()) draw_worst(plain, drawings, worst);
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 3 || argc > 4) return std::fputs("usage: ink-report MODEL STROKES [WORST.png]\n", stderr), 2;
    run(argv[1], argv[2], argc == 4 ? argv[3] : "");
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "ink-report: %s\n", error.what());
    return 1;
}
