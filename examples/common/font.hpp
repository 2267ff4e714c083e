// A font of 5x7 pixels for captions: digits, letters and the punctuation that numbers and file names need.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace examples {

inline constexpr int glyph_width = 5;
inline constexpr int glyph_height = 7;

// Glyphs side by side, as they look, one column apart.
struct GlyphBand {
    std::string_view characters;
    std::array<std::string_view, glyph_height> rows;
};

// clang-format off
inline constexpr std::array<GlyphBand, 7> glyph_bands{{
    {"0123456789", {
        " ###    #    ###  #####    #  #####  ##   #####  ###   ### ",
        "#   #  ##   #   #    #    ##  #      #        # #   # #   #",
        "#  ##   #       #   #    # #  ####  #        #  #   # #   #",
        "# # #   #      #     #  #  #      # ####    #    ###   ####",
        "##  #   #     #       # #####     # #   #  #    #   #     #",
        "#   #   #    #    #   #    #  #   # #   #  #    #   #    # ",
        " ###   ###  #####  ###     #   ###   ###   #     ###   ##  ",
    }},
    {"ABCDEFGHIJKLM", {
        " ###  ####   ###  ####  ##### #####  ###  #   #  ###    ### #   # #     #   #",
        "#   # #   # #   # #   # #     #     #   # #   #   #      #  #  #  #     ## ##",
        "#   # #   # #     #   # #     #     #     #   #   #      #  # #   #     # # #",
        "##### ####  #     #   # ####  ####  #  ## #####   #      #  ##    #     # # #",
        "#   # #   # #     #   # #     #     #   # #   #   #      #  # #   #     #   #",
        "#   # #   # #   # #   # #     #     #   # #   #   #   #  #  #  #  #     #   #",
        "#   # ####   ###  ####  ##### #      ###  #   #  ###   ##   #   # ##### #   #",
    }},
    {"NOPQRSTUVWXYZ", {
        "#   #  ###  ####   ###  ####   #### ##### #   # #   # #   # #   # #   # #####",
        "##  # #   # #   # #   # #   # #       #   #   # #   # #   # #   # #   #     #",
        "##  # #   # #   # #   # #   # #       #   #   # #   # #   #  # #   # #     # ",
        "# # # #   # ####  #   # ####   ###    #   #   # #   # # # #   #     #     #  ",
        "#  ## #   # #     # # # # #       #   #   #   # #   # # # #  # #    #    #   ",
        "#  ## #   # #     #  #  #  #      #   #   #   #  # #  ## ## #   #   #   #    ",
        "#   #  ###  #      ## # #   # ####    #    ###    #   #   # #   #   #   #####",
    }},
    {"abcdefghijklm", {
        "      #               #         ##        #       #      #  #      ##        ",
        "      #               #        #          #                 #       #        ",
        " ###  ####   ####  ####  ###  ####   #### ####   ##     ##  #  #    #   ## # ",
        "    # #   # #     #   # #   #  #    #   # #   #   #      #  # #     #   # # #",
        " #### #   # #     #   # #####  #     #### #   #   #      #  ##      #   # # #",
        "#   # #   # #     #   # #      #        # #   #   #   #  #  # #     #   # # #",
        " #### ####   ####  ####  ###   #     ###  #   #  ###   ##   #  #   ###  # # #",
    }},
    {"nopqrstuvwxyz", {
        "                                     #                                       ",
        "                                     #                                       ",
        "####   ###  ####   #### # ##   #### ####  #   # #   # #   # #   # #   # #####",
        "#   # #   # #   # #   # ##    #      #    #   # #   # #   #  # #  #   #    # ",
        "#   # #   # ####   #### #      ###   #    #   # #   # # # #   #    ####   #  ",
        "#   # #   # #         # #         #  #    #   #  # #  # # #  # #      #  #   ",
        "#   #  ###  #         # #     ####    ##   ####   #    # #  #   #  ###  #####",
    }},
    {" .,:;!?'\"()[]", {
        "                                #    ###    #    # #     #   #     ###   ### ",
        "                   ##    ##     #   #   #   #    # #    #     #    #       # ",
        "                   ##    ##     #       #  #           #       #   #       # ",
        "                                #      #               #       #   #       # ",
        "             ##    ##    ##     #     #                #       #   #       # ",
        "       ##     #    ##     #                             #     #    #       # ",
        "       ##    #           #      #     #                  #   #     ###   ### ",
    }},
    {"+-*/=%<>_#&@|", {
        "                      #       ##  #    #   #           # #   ##    ###    #  ",
        "  #         # # #     #       ##  #   #     #          # #  #  #  #   #   #  ",
        "  #          ###     #  #####    #   #       #        ##### # #   # ###   #  ",
        "#####  ###  #####   #           #   #         #        # #   #    # # #   #  ",
        "  #          ###   #    #####  #     #       #        ##### # # # # ###   #  ",
        "  #         # # # #           #  ##   #     #          # #  #  #  #       #  ",
        "                  #           #  ##    #   #    #####  # #   ## #  ####   #  ",
    }},
}};
// clang-format on

// True where the glyph of `character` has ink. A character without a glyph is a full block.
constexpr bool glyph_has_ink(char character, int column, int row) {
    for (const GlyphBand& band : glyph_bands) {
        const std::size_t index = band.characters.find(character);
        if (index == std::string_view::npos) continue;
        const std::size_t left = index * (glyph_width + 1);
        return band.rows[static_cast<std::size_t>(row)][left + static_cast<std::size_t>(column)] == '#';
    }
    return true;
}

}  // namespace examples
