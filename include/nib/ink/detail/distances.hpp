// squared_distances: for each pixel of a mask how far the nearest marked pixel is.
#pragma once

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// The square of the distance from each pixel's centre to that of the nearest pixel whose mask is not 0; exact.
// (Felzenszwalb & Huttenlocher 2012, Distance Transforms of Sampled Functions.) Fails on a mask without such a pixel,
// or with more than 16384 rows or columns.
// mask: [rows, cols], result: [rows, cols]. O(rows cols).
[[nodiscard]] std::vector<std::int32_t> squared_distances(std::span<const std::uint8_t> mask, std::size_t rows,
                                                          std::size_t cols);

namespace detail {

// min over q of (p - q)^2 + heights[q], for each p, as the lower envelope of parabolas.
class ParabolaEnvelope {
public:
    explicit ParabolaEnvelope(std::size_t size) : lowest_(size), from_(size), heights_(size) {}

    // heights: [size], in place.
    void apply(std::int32_t* heights) {
        // Parabola i of the envelope has its lowest point at lowest_[i] and is the nearest from from_[i] on.
        std::size_t count = 0;
        copy_values(heights, heights_.size(), heights_.data());
        for (std::size_t q = 0; q < heights_.size(); ++q) {
            double crossing = 0;
            while (count > 0) {
                crossing = crossing_of(lowest_[count - 1], q);
                if (crossing > from_[count - 1]) break;
                --count;
            }
            lowest_[count] = q;
            from_[count] = count == 0 ? -1 : crossing;
            ++count;
        }
        std::size_t nearest = 0;
        for (std::size_t p = 0; p < heights_.size(); ++p) {
            while (nearest + 1 < count && from_[nearest + 1] < static_cast<double>(p)) ++nearest;
            const auto apart = static_cast<std::int32_t>(p) - static_cast<std::int32_t>(lowest_[nearest]);
            heights[p] = apart * apart + heights_[lowest_[nearest]];
        }
    }

private:
    // Where the parabola of a later `q` comes below that of p.
    double crossing_of(std::size_t p, std::size_t q) const {
        const auto a = static_cast<double>(p);
        const auto b = static_cast<double>(q);
        return (b * b + heights_[q] - a * a - heights_[p]) / (2 * (b - a));
    }

    std::vector<std::size_t> lowest_;
    std::vector<double> from_;
    std::vector<std::int32_t> heights_;
};

}  // namespace detail

inline std::vector<std::int32_t> squared_distances(std::span<const std::uint8_t> mask, std::size_t rows,
                                                   std::size_t cols) {
    constexpr std::size_t longest = 16384;  // twice its square is below 2^31
    if (rows > longest || cols > longest || mask.size() != rows * cols)
        fail("squared_distances: expected a mask of at most 16384x16384, found " + std::to_string(mask.size()) +
             " values for " + std::to_string(rows) + "x" + std::to_string(cols));
    // Down and up the columns first: how many rows away the nearest pixel of the column is.
    const auto none = static_cast<std::int32_t>(rows + cols);
    std::vector<std::int32_t> distances(mask.size());
    bool empty = true;
    for (std::size_t i = 0; i < mask.size(); ++i) {
        const std::int32_t above = i < cols ? none : distances[i - cols];
        distances[i] = mask[i] != 0 ? 0 : smaller(above + 1, none);
        empty = empty && mask[i] == 0;
    }
    if (empty) fail("squared_distances: expected a mask with a pixel, found none");
    for (std::size_t i = mask.size() - cols; i > 0; --i)
        distances[i - 1] = smaller(distances[i - 1], distances[i - 1 + cols] + 1);

    detail::ParabolaEnvelope envelope{cols};
    for (std::size_t row = 0; row < rows; ++row) {
        std::int32_t* const line = distances.data() + row * cols;
        for (std::size_t col = 0; col < cols; ++col) line[col] *= line[col];
        envelope.apply(line);
    }
    return distances;
}

}  // namespace nib::inline NIB_ABI
