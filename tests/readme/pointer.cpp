// examples/draw.md's example of a pointer: compiled, run, and compared with the page.
#include <nib/ink.hpp>
#include <nib/nib.hpp>

#include <cstdio>
#include <vector>

// What a window's pointer events do.
struct Canvas {
    nib::Drawing drawing;

    void pointer_down(float x, float y) { drawing.strokes.push_back({{x, y}}); }
    void pointer_move(float x, float y) { drawing.strokes.back().push_back({x, y}); }
    void clear() { drawing = {}; }
};

// What a device does that has samples alone: time lifts the pen.
struct Tablet {
    nib::Drawing drawing;
    double last = 0;

    void sample(float x, float y, double seconds) {
        if (drawing.strokes.empty() || seconds - last >= 0.3) drawing.strokes.push_back({});
        drawing.strokes.back().push_back({x, y});
        last = seconds;
    }
};

// The digit, or -1 where the network is not sure of one.
int answer(const nib::Mlp& net, const nib::Drawing& drawing) {
    if (drawing.strokes.empty()) return -1;
    const nib::Image image = nib::rasterize(drawing);  // scaled and centred, as MNIST's digits are
    const nib::ScoredClass<float> best = nib::top_k(net, image, 1)[0];
    return best.score >= 0.6f ? best.label : -1;
}

namespace {

constexpr double seconds_per_sample = 0.01;

// Draws a 7 with the pointer, and asks after each of its events.
int draw_seven(const nib::Mlp& net, Canvas& canvas) {
    int answered = answer(net, canvas.drawing);
    canvas.pointer_down(100, 100);
    for (int i = 1; i <= 20; ++i) {
        canvas.pointer_move(100 + 4 * static_cast<float>(i), 100);
        answered = answer(net, canvas.drawing);
    }
    for (int i = 1; i <= 20; ++i) {
        canvas.pointer_move(180 - 2.5f * static_cast<float>(i), 100 + 7 * static_cast<float>(i));
        answered = answer(net, canvas.drawing);
    }
    return answered;
}

// A 4 of two strokes, between which the pen is away for half a second.
int sample_four(const nib::Mlp& net, Tablet& tablet) {
    double time = 1;
    for (int i = 0; i <= 20; ++i, time += seconds_per_sample)
        tablet.sample(160 - 3 * static_cast<float>(i), 100 + 5 * static_cast<float>(i), time);
    for (int i = 1; i <= 20; ++i, time += seconds_per_sample) tablet.sample(100 + 5 * static_cast<float>(i), 200, time);
    time += 0.5;
    for (int i = 0; i <= 20; ++i, time += seconds_per_sample) tablet.sample(170, 150 + 6 * static_cast<float>(i), time);
    return answer(net, tablet.drawing);
}

}  // namespace

int main() {
    const nib::Dataset digits = nib::synthetic_digits(10'000, 1);
    nib::Rng rng{1};
    nib::Mlp net{{784, 64, 10}, rng};
    nib::Adam adam{net};
    nib::fit(net, adam, digits, {.epochs = 4, .batch_size = 20}, rng);

    Canvas canvas;
    const int seven = draw_seven(net, canvas);
    canvas.clear();
    const int nothing = answer(net, canvas.drawing);
    Tablet tablet;
    const int four = sample_four(net, tablet);
    std::printf("7 is read as %d, nothing as %d, 4 of %zu strokes as %d\n", seven, nothing,
                tablet.drawing.strokes.size(), four);
    return seven == 7 && nothing == -1 && four == 4 && tablet.drawing.strokes.size() == 2 ? 0 : 1;
}
