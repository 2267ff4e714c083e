// UNIPEN's text in tests, and drawings as text.
#pragma once

#include "../support.hpp"

#include <nib/core/text.hpp>
#include <nib/ink/unipen.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace support::unipen {

inline std::vector<nib::Drawing> parse(std::string_view text) { return nib::parse_unipen(text, "a.unp"); }
inline std::string error_in(std::string_view text) {
    return error_of([&] { parse(text); });
}

// "label: x,y x,y | x,y |", the drawings with " / " between them; y upwards again.
inline std::string shape(const std::vector<nib::Drawing>& drawings) {
    std::string text;
    for (const nib::Drawing& drawing : drawings) {
        if (!text.empty()) text += " / ";
        std::string strokes;
        for (const nib::Stroke& stroke : drawing.strokes) {
            for (const nib::Point& point : stroke)
                nib::append_to_list(
                    strokes, " ",
                    std::to_string(static_cast<int>(point.x)) + "," + std::to_string(static_cast<int>(-point.y)));
            strokes += " |";
        }
        text.append(drawing.label).append(drawing.label.empty() ? "" : ": ").append(strokes);
    }
    return text;
}

}  // namespace support::unipen
