#include "world.hpp"

#include <nib/core/random.hpp>
#include <nib/core/text.hpp>
#include <nib/data/mnist.hpp>
#include <nib/ink/synthetic.hpp>
#include <nib/io/file.hpp>
#include <nib/io/tensor.hpp>

#include <array>
#include <bit>
#include <filesystem>
#include <span>

using namespace std::string_literals;

namespace programs {

World::World() {
    std::filesystem::create_directory(data());
    nib::save_images(nib::synthetic_digits(training_count, 1), data() + "/train");
    nib::save_images(nib::synthetic_digits(test_count, 2), data() + "/t10k");
    REQUIRE(run("train", {"--data", data(), "--hidden", "16", "--lr", "0.01", "--save", model()}).status == 0);
}

const World& world() {
    static const World made;
    return made;
}

Words train_arguments(const Words& more) {
    Words arguments{"--data", world().data(), "--hidden", "8"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

std::vector<nib::Drawing> synthetic_drawings(std::size_t count) {
    nib::Rng rng{3};
    std::vector<nib::Drawing> drawings;
    for (std::size_t i = 0; i < count; ++i) drawings.push_back(nib::synthetic_digit(static_cast<int>(i % 10), rng));
    return drawings;
}

std::string unipen(const std::vector<nib::Drawing>& drawings) {
    std::string text;
    std::size_t component = 0;
    for (const nib::Drawing& drawing : drawings) {
        text += ".SEGMENT DIGIT " + std::to_string(component) + "-" +
                std::to_string(component + drawing.strokes.size() - 1) + " ?" +
                (drawing.label.empty() ? "" : " \"" + drawing.label + "\"") + "\n";
        component += drawing.strokes.size();
        for (const nib::Stroke& stroke : drawing.strokes) {
            text += ".PEN_DOWN\n";
            for (const nib::Point& point : stroke)
                text += nib::format_fixed(1000 * static_cast<double>(point.x), 0) + " " +
                        nib::format_fixed(-1000 * static_cast<double>(point.y), 0) + "\n";
            text += ".PEN_UP\n";
        }
    }
    return text;
}

nib::Dataset rasterized(const TemporaryDirectory& folder, const Words& arguments) {
    Words words{"--idx", folder.path("set")};
    words.insert(words.end(), arguments.begin(), arguments.end());
    CHECK(run("rasterize", words).status == 0);
    return nib::load_images(folder.path("set-images-idx3-ubyte"), folder.path("set-labels-idx1-ubyte"));
}

Size png_size(const std::string& path) {
    const std::string png = nib::read_file(path);
    REQUIRE(png.size() > 24);
    CHECK(png.starts_with("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"s));
    const auto number = [&](std::size_t offset) {
        return nib::load_number<std::uint32_t>(std::as_bytes(std::span{png}).data() + offset, std::endian::big);
    };
    return {number(16), number(20)};
}

std::string idx_header(const std::vector<std::uint32_t>& sizes) {
    std::string header = "\0\0\x08"s + static_cast<char>(sizes.size());
    for (const std::uint32_t size : sizes) {
        std::array<std::byte, 4> bytes;
        nib::store_number(bytes.data(), size, std::endian::big);
        header.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    return header;
}

}  // namespace programs
