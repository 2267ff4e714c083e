#include <nib/data/csv.hpp>
#include <nib/data/split.hpp>

int main() {
    const nib::Table<float> table = nib::parse_csv("1,a\n2,b\n", "table", {.class_column = -1});
    nib::Rng rng{1};
#ifdef NIB_BAD
    const auto parts = nib::split(table, 0.5, rng);
#else
    const auto parts = nib::split(table.examples(), 0.5, rng);
#endif
    return static_cast<int>(parts.train.size()) - 1;
}
