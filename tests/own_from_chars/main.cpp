// nib's own reading of numbers with a point, for standard libraries without it, accepts and gives what std::from_chars
// does: compared on texts at the edges and on random ones.
#include <nib/core/random.hpp>
#include <nib/core/text.hpp>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#if defined(__cpp_lib_to_chars)

namespace {

int differences = 0;

template <class Number>
void compare(const std::string& text) {
    Number expected{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), expected);
    const bool accepted = error == decltype(error){} && end == text.data() + text.size();
    const std::optional<Number> found = nib::parse_number<Number>(text);
    bool same = accepted == found.has_value();
    if (accepted && found)
        same = std::signbit(expected) == std::signbit(*found) &&
               (std::isnan(expected) ? std::isnan(*found) : expected == *found);
    if (same || ++differences > 10) return;
    std::printf("'%s': std::from_chars %s, nib %s\n", text.c_str(),
                accepted ? nib::format_shortest(expected).c_str() : "refuses",
                found ? nib::format_shortest(*found).c_str() : "refuses");
}

void compare_both(const std::string& text) {
    compare<float>(text);
    compare<double>(text);
}

std::string random_text(nib::Rng& rng, const std::string& letters, std::uint64_t longest) {
    std::string text;
    for (std::uint64_t i = rng() % longest + 1; i > 0; --i) text += letters[rng() % letters.size()];
    return text;
}

}  // namespace

int main() {
    for (const char* text : {"",
                             "-",
                             "+1",
                             " 1",
                             "1 ",
                             ".",
                             ".5",
                             "5.",
                             "-.5",
                             "e5",
                             "1e",
                             "1e+",
                             "1e-",
                             "1e+5",
                             "1E5",
                             "0x10",
                             "inf",
                             "INF",
                             "infinity",
                             "-inf",
                             "infinit",
                             "nan",
                             "NaN",
                             "-nan",
                             "nan(",
                             "nan()",
                             "nan(12_aZ)",
                             "nan(-)",
                             "1e400",
                             "-1e400",
                             "1e-400",
                             "0e400",
                             "0e99999999999999999999",
                             "1e99999999999999999999",
                             "1e-99999999999999999999",
                             "4.9e-324",
                             "2.4e-324",
                             "2.5e-324",
                             "1e-310",
                             "1e-45",
                             "7e-46",
                             "7.1e-46",
                             "3.4028235e38",
                             "3.4028236e38",
                             "1.7976931348623159e308",
                             "1..5",
                             "--1",
                             "1e5.5",
                             "1,5",
                             "-0",
                             "00001",
                             "1e0000000000000000000005"})
        compare_both(text);
    nib::Rng rng{1};
    for (int i = 0; i < 300'000; ++i) {
        compare_both(random_text(rng, "0123456789.eE-+infatyNA ()x,", 12));
        compare_both(random_text(rng, "0123456789", 30) + "." + random_text(rng, "0123456789", 30) + "e" +
                     std::to_string(static_cast<int>(rng() % 700) - 350));
        compare_both(nib::format_shortest(std::bit_cast<float>(static_cast<std::uint32_t>(rng()))));
    }
    std::printf("%d differences\n", differences);
    return differences == 0 ? 0 : 1;
}

#else
int main() { std::puts("skipped: std::from_chars reads no numbers with a point here"); }
#endif
