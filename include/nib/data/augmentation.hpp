// Augmentation: grey images turned, scaled, slanted, shifted, bent, made thicker or thinner, brighter or darker at
// random, so that a network learns what does not matter.
//
//   const nib::Augmented training{nib::load_mnist("data/mnist", nib::Split::train)};
//   for (const auto& batch : nib::batches(training, 128, rng)) …  // other images in each epoch
//
// All arithmetic is on integers: the same generator gives the same images on every machine.
#pragma once

#include <nib/core/random.hpp>
#include <nib/data/batches.hpp>
#include <nib/data/dataset.hpp>
#include <nib/kernels/detail/nonzeros.hpp>
#include <nib/kernels/detail/scale_bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nib::inline NIB_ABI {

// How far each change goes at most; each is drawn evenly from [-most, most] unless said otherwise. 0: never.
struct AugmentationOptions {
    double probability = 0.8;  // of changing an image at all, in [0, 1]
    double rotation = 15;      // degrees, up to 45
    double scale = 0.12;       // logarithm of the factor, up to 0.5
    double aspect = 0.2;       // logarithm of width by height, up to 0.5
    double shear = 0.4;        // columns a row, up to 1
    double shift = 2;          // pixels, up to 8
    double elastic = 2.5;      // pixels by which a smooth random field moves ink (Simard et al. 2003), up to 4
    double thickness = 0.7;    // how far towards the 3 x 3 dilation or erosion, or a blur, up to 1
    double contrast = 0.3;     // logarithm of the factor by which ink is multiplied, up to 1
};

// Images of one size. Any number of threads may use one.
class Augmentation {
public:
    // Images are [rows, cols], 2 to 1024 each. Fails on options out of range.
    Augmentation(std::size_t rows, std::size_t cols, const AugmentationOptions& options = {});

    std::size_t rows() const { return rows_; }
    std::size_t cols() const { return cols_; }

    // Scratch memory of a call, in bytes. Its content between calls does not matter.
    std::size_t scratch_size() const { return 2 * padded_size(); }

    // A changed copy of `from`. `to` and the scratch_size() bytes at `scratch` do not overlap it, or each other.
    void operator()(std::span<const std::uint8_t> from, Rng& rng, std::span<std::uint8_t> to,
                    std::uint8_t* scratch) const;

private:
    static constexpr std::size_t margin = 2;      // of zeros: what is read outside of the image
    static constexpr std::int32_t one = 1 << 16;  // fixed-point numbers have 16 binary places
    static constexpr std::size_t knots = 5;       // of the elastic field, along each side
    static constexpr int weight_bits = 12;

    using Weights = std::vector<std::int32_t>;  // [knots, length]

    std::size_t stride() const { return cols_ + 2 * margin; }
    std::size_t padded_size() const { return stride() * (rows_ + 2 * margin); }

    static void expect(const char* what, double value, double low, double high);

    // The weight of each knot at each pixel: cubic B-splines, whose knots lie evenly from one end to the other.
    static Weights weights(std::size_t length);

    // [-most, most] in fixed point.
    static std::int32_t drawn(double most, Rng& rng);
    static std::int32_t product(std::int32_t a, std::int32_t b);
    static std::int32_t quotient(std::int32_t a, std::int32_t b);
    // exp(x): the (1, 1) Padé approximant, whose reciprocal is that of -x.
    static std::int32_t exponential(std::int32_t x);

    struct Matrix2 {
        std::int32_t xx, xy, yx, yy;
    };

    // From places in the new image to places in the old one, relative to the centre.
    Matrix2 drawn_matrix(Rng& rng) const;

    // The elastic field's value at each knot, in fixed point.
    struct Field {
        std::int32_t x[knots * knots];
        std::int32_t y[knots * knots];
    };

    Field drawn_field(Rng& rng) const;

    void warp(const std::uint8_t* source, Rng& rng, std::span<std::uint8_t> to) const;

    // Bilinear, with eighths of bits: weights of 1/256.
    static std::uint8_t sample(const std::uint8_t* source, std::size_t stride, std::int32_t x, std::int32_t y);

    // A third each: towards the dilation, the erosion, a blur.
    void change_thickness(std::uint8_t* image, std::uint8_t* spare, Rng& rng) const;

    // Towards what `combine` makes of three neighbours, along the rows and then along the columns.
    template <class Combine>
    void blend_towards(std::uint8_t* image, std::uint8_t* spare, std::int32_t blend, const Combine& combine) const;

    // Makes the pixels next to the image zero again: what thickness spread there would be all that is read outside.
    void clear_around(std::uint8_t* image) const;

    void change_contrast(Rng& rng, std::span<std::uint8_t> image) const;

    std::size_t rows_;
    std::size_t cols_;
    AugmentationOptions options_;
    Weights row_weights_;
    Weights col_weights_;
};

// The images of a data set, each changed at random whenever it is used. Non-owning view.
class Augmented {
public:
    explicit Augmented(const Dataset& data, const AugmentationOptions& options = {})
        : name{data.name}, data_{&data}, augmentation_{data.rows, data.cols, options} {}
    explicit Augmented(Dataset&&, const AugmentationOptions& = {}) = delete;  // it would be gone

    std::size_t size() const { return data_->size(); }
    std::size_t input_size() const { return data_->input_size(); }
    const Dataset& data() const { return *data_; }
    const Augmentation& augmentation() const { return augmentation_; }

    std::string name;  // the data's, for messages

private:
    const Dataset* data_;
    Augmentation augmentation_;
};

namespace detail {

inline std::span<const std::uint8_t> changed_image(const Augmented& data, std::size_t index, Rng& rng,
                                                   std::uint8_t* scratch) {
    const std::span<std::uint8_t> image{scratch, data.input_size()};
    data.augmentation()(data.data().image(index), rng, image, scratch + image.size());
    return image;
}

}  // namespace detail

// What makes it a RandomExampleSource.
inline std::size_t example_scratch_size(const Augmented& data) {
    return data.input_size() + data.augmentation().scratch_size();
}
template <class T>
void copy_example(const Augmented& data, std::size_t index, Rng& rng, std::uint8_t* scratch, std::span<T> to) {
    kernels::scale_bytes<T>(detail::changed_image(data, index, rng, scratch), to);
}

template <class T>
std::size_t append_nonzeros_of(const Augmented& data, std::size_t index, Rng& rng, std::uint8_t* scratch,
                               kernels::Nonzero<T>* entries) {
    return kernels::append_nonzeros(detail::changed_image(data, index, rng, scratch), entries);
}

inline void prefetch_example(const Augmented& data, std::size_t index) { prefetch_example(data.data(), index); }
inline int target_of(const Augmented& data, std::size_t index) { return target_of(data.data(), index); }

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>

#include <cassert>

namespace nib::inline NIB_ABI {

NIB_API Augmentation::Augmentation(std::size_t rows, std::size_t cols, const AugmentationOptions& options)
    : rows_{rows}, cols_{cols}, options_{options} {
    expect("rows", static_cast<double>(rows), 2, 1024);
    expect("columns", static_cast<double>(cols), 2, 1024);
    expect("probability", options.probability, 0, 1);
    expect("rotation", options.rotation, 0, 45);
    expect("scale", options.scale, 0, 0.5);
    expect("aspect", options.aspect, 0, 0.5);
    expect("shear", options.shear, 0, 1);
    expect("shift", options.shift, 0, 8);
    expect("elastic", options.elastic, 0, 4);
    expect("thickness", options.thickness, 0, 1);
    expect("contrast", options.contrast, 0, 1);
    row_weights_ = weights(rows);
    col_weights_ = weights(cols);
}

NIB_API void Augmentation::operator()(std::span<const std::uint8_t> from, Rng& rng, std::span<std::uint8_t> to,
                                      std::uint8_t* scratch) const {
    assert(from.size() == rows_ * cols_ && to.size() == from.size());
    if (rng.uniform() >= options_.probability) {
        copy_values(from.data(), from.size(), to.data());
        return;
    }
    std::uint8_t* const source = scratch;
    fill_values(source, padded_size(), std::uint8_t{0});
    for (std::size_t y = 0; y < rows_; ++y)
        copy_values(from.data() + y * cols_, cols_, source + (y + margin) * stride() + margin);
    change_thickness(source, source + padded_size(), rng);
    clear_around(source);
    warp(source, rng, to);
    change_contrast(rng, to);
}

inline void Augmentation::expect(const char* what, double value, double low, double high) {
    if (value >= low && value <= high) return;
    fail("Augmentation: expected " + std::string(what) + " from " + format_shortest(low) + " to " +
         format_shortest(high) + ", found " + format_shortest(value));
}

inline Augmentation::Weights Augmentation::weights(std::size_t length) {
    Weights result(knots * length);
    for (std::size_t i = 0; i < length; ++i) {
        const double place = static_cast<double>(i) * (knots - 1) / static_cast<double>(length - 1);
        for (std::size_t k = 0; k < knots; ++k) {
            const double difference = place - static_cast<double>(k);
            const double d = difference < 0 ? -difference : difference;
            const double to_far = 2 - d, to_near = 1 - d;
            const double value = d >= 2   ? 0
                                 : d >= 1 ? to_far * to_far * to_far / 6
                                          : (to_far * to_far * to_far - 4 * to_near * to_near * to_near) / 6;
            result[k * length + i] = static_cast<std::int32_t>(value * (1 << weight_bits) + 0.5);
        }
    }
    return result;
}

inline std::int32_t Augmentation::drawn(double most, Rng& rng) {
    const auto range = static_cast<std::int64_t>(most * one);
    return static_cast<std::int32_t>(static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(2 * range + 1))) -
                                     range);
}

inline std::int32_t Augmentation::product(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>((static_cast<std::int64_t>(a) * b) >> 16);
}

inline std::int32_t Augmentation::quotient(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>((static_cast<std::int64_t>(a) << 16) / b);
}

inline std::int32_t Augmentation::exponential(std::int32_t x) { return quotient(one + x / 2, one - x / 2); }

inline Augmentation::Matrix2 Augmentation::drawn_matrix(Rng& rng) const {
    constexpr double degree = 3.14159265358979323846 / 180;
    const std::int32_t half = drawn(options_.rotation * degree / 2, rng);  // about the tangent of half the angle
    const std::int32_t square = product(half, half);
    const std::int32_t cosine = quotient(one - square, one + square);
    const std::int32_t sine = quotient(2 * half, one + square);
    const std::int32_t scale = exponential(drawn(options_.scale, rng));
    const std::int32_t aspect = exponential(drawn(options_.aspect, rng) / 2);
    const std::int32_t shear = drawn(options_.shear, rng);
    const std::int32_t x = product(scale, aspect), y = quotient(scale, aspect);
    // rotation * [x, shear y; 0, y]
    const std::int32_t slanted = product(shear, y);
    return {product(cosine, x), product(cosine, slanted) - product(sine, y), product(sine, x),
            product(sine, slanted) + product(cosine, y)};
}

inline Augmentation::Field Augmentation::drawn_field(Rng& rng) const {
    Field field;
    // A B-spline between independent knots keeps about half of their deviation.
    const std::int32_t amplitude =
        (drawn(options_.elastic, rng) + static_cast<std::int32_t>(options_.elastic * one)) / 2;
    for (std::size_t i = 0; i < knots * knots; ++i) {
        const std::uint64_t bits = rng();
        const auto signed_half = [](std::uint64_t word) {  // the sum of two even ones: [-2, 2]
            return static_cast<std::int32_t>((word & 0xffff) + (word >> 16 & 0xffff)) * 2 - 2 * one;
        };
        field.x[i] = product(amplitude, signed_half(bits));
        field.y[i] = product(amplitude, signed_half(bits >> 32));
    }
    return field;
}

inline void Augmentation::warp(const std::uint8_t* source, Rng& rng, std::span<std::uint8_t> to) const {
    const Matrix2 matrix = drawn_matrix(rng);
    const std::int32_t shift_x = drawn(options_.shift, rng), shift_y = drawn(options_.shift, rng);
    const Field field = drawn_field(rng);
    const auto half = [](std::size_t length) { return static_cast<std::int32_t>(length - 1) * (one / 2); };
    const auto limit = [](std::size_t length) { return static_cast<std::int32_t>(length) * one; };
    const std::int32_t last_x = limit(cols_), last_y = limit(rows_);
    for (std::size_t row = 0; row < rows_; ++row) {
        std::int32_t knots_x[knots] = {}, knots_y[knots] = {};
        for (std::size_t i = 0; i < knots; ++i) {
            const std::int32_t weight = row_weights_[i * rows_ + row];
            for (std::size_t k = 0; k < knots; ++k) {
                knots_x[k] += (weight * (field.x[i * knots + k] >> 6)) >> 6;
                knots_y[k] += (weight * (field.y[i * knots + k] >> 6)) >> 6;
            }
        }
        const std::int32_t v = static_cast<std::int32_t>(row) * one - half(rows_);
        const std::int32_t left = -half(cols_);
        std::int32_t x = product(matrix.xx, left) + product(matrix.xy, v) + half(cols_) + shift_x;
        std::int32_t y = product(matrix.yx, left) + product(matrix.yy, v) + half(rows_) + shift_y;
        std::uint8_t* const line = to.data() + row * cols_;
        for (std::size_t col = 0; col < cols_; ++col) {
            std::int32_t bend_x = 0, bend_y = 0;
            for (std::size_t k = 0; k < knots; ++k) {
                const std::int32_t weight = col_weights_[k * cols_ + col];
                bend_x += weight * (knots_x[k] >> 6);
                bend_y += weight * (knots_y[k] >> 6);
            }
            const std::int32_t from_x = clamped(x + (bend_x >> 6), -one, last_x);
            const std::int32_t from_y = clamped(y + (bend_y >> 6), -one, last_y);
            line[col] = sample(source, stride(), from_x, from_y);
            x += matrix.xx;
            y += matrix.yx;
        }
    }
}

inline std::uint8_t Augmentation::sample(const std::uint8_t* source, std::size_t stride, std::int32_t x,
                                         std::int32_t y) {
    const std::int32_t right = (x >> 8) & 255, lower = (y >> 8) & 255;
    const std::uint8_t* const p = source + static_cast<std::size_t>((y >> 16) + std::int32_t{margin}) * stride +
                                  static_cast<std::size_t>((x >> 16) + std::int32_t{margin});
    const std::int32_t above = p[0] * (256 - right) + p[1] * right;
    const std::int32_t below = p[stride] * (256 - right) + p[stride + 1] * right;
    return static_cast<std::uint8_t>((above * (256 - lower) + below * lower + (1 << 15)) >> 16);
}

inline void Augmentation::change_thickness(std::uint8_t* image, std::uint8_t* spare, Rng& rng) const {
    const std::uint64_t kind = rng.below(3);
    const auto most = static_cast<std::int32_t>(options_.thickness * one);
    const std::int32_t blend = (drawn(options_.thickness, rng) + most) >> 9;  // of 256
    if (kind == 0) blend_towards(image, spare, blend, [](auto a, auto b, auto c) { return larger(larger(a, b), c); });
    if (kind == 1) blend_towards(image, spare, blend, [](auto a, auto b, auto c) { return smaller(smaller(a, b), c); });
    if (kind == 2) blend_towards(image, spare, blend, [](auto a, auto b, auto c) { return (a + 2 * b + c) >> 2; });
}

template <class Combine>
void Augmentation::blend_towards(std::uint8_t* image, std::uint8_t* spare, std::int32_t blend,
                                 const Combine& combine) const {
    const auto of_three = [&](const std::uint8_t* middle, std::size_t step) {
        return combine(std::int32_t{*(middle - step)}, std::int32_t{*middle}, std::int32_t{middle[step]});
    };
    const std::size_t end = padded_size();
    for (std::size_t i = 1; i + 1 < end; ++i) spare[i] = static_cast<std::uint8_t>(of_three(image + i, 1));
    for (std::size_t i = stride() + 1; i + stride() + 1 < end; ++i) {
        const std::int32_t difference = of_three(spare + i, stride()) - image[i];
        image[i] = static_cast<std::uint8_t>(image[i] + ((difference * blend) >> 8));
    }
}

inline void Augmentation::clear_around(std::uint8_t* image) const {
    std::uint8_t* const first = image + (margin - 1) * stride() + margin - 1;
    std::uint8_t* const last = first + (rows_ + 1) * stride();
    fill_values(first, cols_ + 2, std::uint8_t{0});
    for (std::uint8_t* line = first + stride(); line != last; line += stride()) line[0] = line[cols_ + 1] = 0;
    fill_values(last, cols_ + 2, std::uint8_t{0});
}

inline void Augmentation::change_contrast(Rng& rng, std::span<std::uint8_t> image) const {
    const std::int32_t factor = exponential(drawn(options_.contrast, rng)) >> 8;
    for (std::uint8_t& pixel : image) pixel = static_cast<std::uint8_t>(smaller((pixel * factor) >> 8, 255));
}

}  // namespace nib::inline NIB_ABI

#endif
