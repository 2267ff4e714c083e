#include <nib/io/detail/pickle.hpp>

#include "../../support.hpp"
#include "../pickle_builder.hpp"

#include <nib/io/detail/pickle_reader.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace support::pickle;
using Kind = nib::PickleKind;

TEST_CASE("Pickle gives items and pairs in order, as long as they are wanted") {
    const std::string bytes = pickled(dict({text("b"), integers({1, 2}), text("a"), "N", text("b"), "\x88"}));
    const nib::Pickle pickle = nib::PickleReader{nib::bytes_of(bytes), "p", 0, {}}.read();
    REQUIRE(pickle.kind(pickle.root()) == Kind::dict);
    CHECK(pickle.size(pickle.root()) == 3);
    std::string keys;
    std::vector<nib::Pickle::Index> values;
    pickle.for_each_pair(pickle.root(), [&](auto key, auto value) {
        keys += pickle.text(key);
        values.push_back(value);
        return true;
    });
    CHECK(keys == "bab");
    REQUIRE(pickle.kind(values[0]) == Kind::tuple);
    CHECK(pickle.size(values[0]) == 2);
    std::int64_t sum = 0;
    pickle.for_each(values[0], [&](auto item) {
        sum = sum * 10 + pickle.integer(item);
        return true;
    });
    CHECK(sum == 12);
    int seen = 0;
    pickle.for_each(values[0], [&](auto) { return ++seen < 1; });
    CHECK(seen == 1);
    pickle.for_each_pair(pickle.root(), [&](auto, auto) { return ++seen < 2; });
    CHECK(seen == 2);
    CHECK(pickle.kind(values[1]) == Kind::none);
    CHECK(pickle.kind(values[2]) == Kind::boolean);
    CHECK(pickle.integer(values[2]) == 1);
}
