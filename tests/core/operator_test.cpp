#include <nib/core/operator.hpp>

#include "../support.hpp"

#include <cstdint>

using nib::Attribute;
using nib::Operator;

TEST_CASE("an attribute is of the type of what it is given") {
    const Attribute axis{"axis", -1};
    CHECK(axis.name == "axis");
    CHECK(axis.type == Attribute::Type::integer);
    CHECK(axis.integers == std::vector<std::int64_t>{-1});
    CHECK(Attribute{"axis", 0}.type == Attribute::Type::integer);
    CHECK(Attribute{"size", INT64_C(-9'000'000'000)}.integers[0] == -9'000'000'000);

    const Attribute alpha{"alpha", 0.25f};
    CHECK(alpha.type == Attribute::Type::number);
    CHECK(alpha.numbers == std::vector<double>{0.25});

    const Attribute mode{"mode", "reflect"};
    CHECK(mode.type == Attribute::Type::text);
    CHECK(mode.text == "reflect");

    const Attribute axes{"axes", {-1, 2}};
    CHECK(axes.type == Attribute::Type::integers);
    CHECK(axes.integers == std::vector<std::int64_t>{-1, 2});
    CHECK(Attribute{"axes", {-1}}.type == Attribute::Type::integers);
    CHECK(Attribute{"axes", std::vector<std::int64_t>{}}.type == Attribute::Type::integers);

    const Attribute values{"value_floats", {0.5, 2.0}};
    CHECK(values.type == Attribute::Type::numbers);
    CHECK(values.numbers == std::vector<double>{0.5, 2});
    CHECK(Attribute{"value_floats", std::vector<double>{1}}.type == Attribute::Type::numbers);
}

TEST_CASE("lists of attributes are lists, however many there are") {
    const Operator one{"Pad", {"x", "p"}, {"y"}, {{"mode", "edge"}}};
    REQUIRE(one.attributes.size() == 1);
    CHECK(one.attributes[0].text == "edge");
    const Operator mean{"ReduceMean", {"x"}, {"m"}, {{"axes", {-1}}, {"keepdims", 1}}};
    REQUIRE(mean.attributes.size() == 2);
    CHECK(mean.attributes[0].integers == std::vector<std::int64_t>{-1});
    CHECK(Operator{"ReduceMean", {"x"}, {"m"}, {{"axes", {-1}}}}.attributes.size() == 1);
}

TEST_CASE("operators are written as a list") {
    const std::vector<Operator> swish{{"Sigmoid", {"x"}, {"s"}}, {"Mul", {"x", "s"}, {"y"}}};
    REQUIRE(swish.size() == 2);
    CHECK(swish[1].type == "Mul");
    CHECK(swish[1].inputs == std::vector<std::string>{"x", "s"});
    CHECK(swish[1].outputs == std::vector<std::string>{"y"});
    CHECK(swish[1].attributes.empty());
}
