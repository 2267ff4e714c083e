// The drawing page's engine: nib's readers, rasteriser and networks, as functions that a page calls (recognizer.js).
//
//   input(size)              memory for the bytes that the next call reads
//   load_model(name_size)    the network of the file whose name and bytes these are
//   recognize()              strokes; leaves the answer
//   write(format)            strokes; leaves a file of them, a drawing for each digit: 0 is QuickDraw ndjson, 1 UNIPEN
//   read(name_size)          name and bytes of a stroke file; leaves how many drawings it has (u32), and the strokes of
//                            the first ten, side by side
//   output(), output_size()  what the call before left
//
// Strokes: how many they are, the number of points of each (u32), and then x, y and t of each point (f32), in pixels,
// y downwards, and seconds.
//
// An answer: how many digits there are, and the rows of their images (u32); then for each digit, from left to right,
// its class, whether that is sure (u32), left, top, right and bottom of its strokes, and the probability of each class
// (f32); then the images, a byte a pixel.
//
// What fails calls the page's fail(text, size), which does not return: the page starts another instance.
#include "../../examples/common/digit_network.hpp"
#include "digits.hpp"

#include <nib/core/error.hpp>
#include <nib/ink/rasterize.hpp>
#include <nib/ink/read_drawings.hpp>
#include <nib/ink/write_drawings.hpp>
#include <nib/io/tensor_formats.hpp>
#include <nib/model/predict.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#define NIB_PAGE_FUNCTION(name) extern "C" __attribute__((export_name(#name)))

extern "C" __attribute__((import_module("page"), import_name("fail"))) void page_fail(const char* text,
                                                                                      std::size_t size);

namespace {

// A less probable answer is wrong about as often as it is right.
constexpr float sure_from = 0.6f;

constexpr std::size_t most_drawings = 10;  // of a file

struct Engine {
    std::vector<std::byte> input;
    std::vector<std::byte> output;
    std::string model_name;
    std::optional<nib::Mlp> net;

    Engine() {
        nib::set_fail_handler([](std::string_view text) { page_fail(text.data(), text.size()); });
        std::set_new_handler([] { nib::fail("there is not enough memory"); });
    }
};

Engine engine;

// What stands in the input, from its start to its end.
class Input {
public:
    template <class Number>
    Number next() {
        Number number;
        std::memcpy(&number, take(sizeof number).data(), sizeof number);
        return number;
    }

    std::string text(std::size_t size) {
        const std::span<const std::byte> bytes = take(size);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    std::span<const std::byte> rest() { return take(engine.input.size() - place_); }

    nib::Drawing drawing() {
        nib::Drawing drawing;
        const std::size_t strokes = next<std::uint32_t>();
        if (strokes > rest_size() / 4) nib::fail("the input ends before its strokes");
        drawing.strokes.resize(strokes);
        for (nib::Stroke& stroke : drawing.strokes) {
            const std::size_t points = next<std::uint32_t>();
            if (points == 0 || points > rest_size() / 12) nib::fail("the input ends before its points");
            stroke.resize(points);
        }
        for (nib::Stroke& stroke : drawing.strokes)
            for (nib::Point& point : stroke) {
                point.x = next<float>();
                point.y = next<float>();
                point.t = next<float>();
            }
        return drawing;
    }

private:
    std::size_t rest_size() const { return engine.input.size() - place_; }

    std::span<const std::byte> take(std::size_t size) {
        if (size > rest_size()) nib::fail("the input is too short");
        const std::span<const std::byte> bytes{engine.input.data() + place_, size};
        place_ += size;
        return bytes;
    }

    std::size_t place_ = 0;
};

void append(std::span<const std::byte> bytes) { engine.output.insert(engine.output.end(), bytes.begin(), bytes.end()); }

template <class Number>
void append_number(Number number) {
    append(std::as_bytes(std::span{&number, 1}));
}

void append_size(std::size_t size) { append_number(static_cast<std::uint32_t>(size)); }

void append_box(const draw::Box& box) {
    for (const float side : {box.left, box.top, box.right, box.bottom}) append_number(side);
}

// The answer without its image.
void append_answer(const nib::Mlp& net, const nib::Image& image, const draw::Box& box) {
    const std::vector<nib::ScoredClass<float>> best = nib::top_k(net, image, examples::digit_classes);
    if (!nib::is_finite(best[0].score)) examples::fail_without_answer(engine.model_name);
    float probabilities[examples::digit_classes];
    for (const auto& [label, probability] : best) probabilities[label] = probability;
    append_size(static_cast<std::size_t>(best[0].label));
    append_size(best[0].score >= sure_from ? 1 : 0);
    append_box(box);
    append(std::as_bytes(std::span{probabilities}));
}

}  // namespace

NIB_PAGE_FUNCTION(input) std::byte* input(std::size_t size) {
    engine.input.resize(size);
    return engine.input.data();
}

NIB_PAGE_FUNCTION(output) const std::byte* output() { return engine.output.data(); }

NIB_PAGE_FUNCTION(output_size) std::size_t output_size() { return engine.output.size(); }

NIB_PAGE_FUNCTION(load_model) void load_model(std::size_t name_size) {
    Input input;
    engine.model_name = input.text(name_size);
    nib::TensorFile file = nib::parse_tensors(input.rest(), engine.model_name);
    engine.net = examples::load_digit_network(file);
}

NIB_PAGE_FUNCTION(recognize) void recognize() {
    if (!engine.net) nib::fail("expected a model, found none");
    const nib::Mlp& net = *engine.net;
    const nib::Drawing drawing = Input{}.drawing();
    const std::vector<draw::Digit> digits = draw::split_digits(drawing);
    const std::size_t side = examples::image_side(net.input_size());
    engine.output.clear();
    append_size(digits.size());
    append_size(side);
    std::vector<nib::Image> images;
    for (const draw::Digit& digit : digits) {
        images.push_back(nib::rasterize(draw::drawing_of(digit, drawing), {.size = side}));
        append_answer(net, images.back(), digit.box);
    }
    for (const nib::Image& image : images) append(std::as_bytes(std::span{image.pixels}));
}

NIB_PAGE_FUNCTION(write) void write(std::uint32_t format) {
    const nib::Drawing drawing = Input{}.drawing();
    const std::vector<nib::Drawing> drawings = draw::drawings_of_digits(drawing);
    const std::string text =
        nib::format_drawings(drawings, format == 0 ? nib::StrokeFormat::quickdraw : nib::StrokeFormat::unipen);
    engine.output.clear();
    append(nib::bytes_of(text));
}

NIB_PAGE_FUNCTION(read) void read(std::size_t name_size) {
    Input input;
    const std::string name = input.text(name_size);
    const std::span<const std::byte> bytes = input.rest();
    const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    nib::SkippedDrawings skipped;
    std::vector<nib::Drawing> drawings = nib::parse_drawings(text, name, nib::StrokeFormat::automatic, &skipped);
    if (drawings.empty()) nib::fail(skipped.first);
    const std::size_t count = drawings.size();
    drawings.resize(std::min(count, most_drawings));
    const nib::Drawing all = draw::side_by_side(std::move(drawings));
    engine.output.clear();
    append_size(count);
    append_size(all.strokes.size());
    for (const nib::Stroke& stroke : all.strokes) append_size(stroke.size());
    for (const nib::Stroke& stroke : all.strokes)
        for (const nib::Point& point : stroke) {
            append_number(point.x);
            append_number(point.y);
            append_number(point.t);
        }
}
