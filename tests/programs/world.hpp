// What the example programs are run on: data in MNIST's files, a network, drawings.
#pragma once

#include "run_program.hpp"

#include <nib/data/dataset.hpp>
#include <nib/ink/stroke.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace programs {

inline constexpr std::size_t training_count = 600;
inline constexpr std::size_t test_count = 200;

// Synthetic digits in MNIST's files, and a network 784-16-10 that was trained on them.
class World {
public:
    World();

    std::string data() const { return folder_.path("data"); }
    std::string model() const { return folder_.path("model.safetensors"); }

private:
    TemporaryDirectory folder_;
};

// Made when it is first asked for.
const World& world();

// The world's data, a small network, and `more`.
Words train_arguments(const Words& more);

std::vector<nib::Drawing> synthetic_drawings(std::size_t count);

// The drawings in UNIPEN's form, one segment each; a label "" is left out.
std::string unipen(const std::vector<nib::Drawing>& drawings);

// Upright, 100 units long, at the right edge of its canvas.
inline constexpr std::string_view upright_line = "100 0 0\n100 50 0.01\n100 100 0.02\n";

// What rasterize makes of `arguments`.
nib::Dataset rasterized(const TemporaryDirectory& folder, const Words& arguments);

struct Size {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    bool operator==(const Size&) const = default;
};

// From the header that every PNG file starts with.
Size png_size(const std::string& path);

// What an IDX file of bytes starts with.
std::string idx_header(const std::vector<std::uint32_t>& sizes);

}  // namespace programs
