#include <nib/io/detail/onnx_operator.hpp>

#include "../../support.hpp"

#include <cstdint>

using nib::OnnxAttribute;
using nib::OnnxOperator;

TEST_CASE("an attribute is of the type of what it is given") {
    const OnnxAttribute axis{"axis", -1};
    CHECK(axis.name == "axis");
    CHECK(axis.type == OnnxAttribute::Type::integer);
    CHECK(axis.integers == std::vector<std::int64_t>{-1});
    CHECK(OnnxAttribute{"axis", 0}.type == OnnxAttribute::Type::integer);
    CHECK(OnnxAttribute{"size", INT64_C(-9'000'000'000)}.integers[0] == -9'000'000'000);

    const OnnxAttribute alpha{"alpha", 0.25f};
    CHECK(alpha.type == OnnxAttribute::Type::number);
    CHECK(alpha.numbers == std::vector<double>{0.25});

    const OnnxAttribute mode{"mode", "reflect"};
    CHECK(mode.type == OnnxAttribute::Type::text);
    CHECK(mode.text == "reflect");

    const OnnxAttribute axes{"axes", {-1, 2}};
    CHECK(axes.type == OnnxAttribute::Type::integers);
    CHECK(axes.integers == std::vector<std::int64_t>{-1, 2});
    CHECK(OnnxAttribute{"axes", {-1}}.type == OnnxAttribute::Type::integers);
    CHECK(OnnxAttribute{"axes", std::vector<std::int64_t>{}}.type == OnnxAttribute::Type::integers);

    const OnnxAttribute values{"value_floats", {0.5, 2.0}};
    CHECK(values.type == OnnxAttribute::Type::numbers);
    CHECK(values.numbers == std::vector<double>{0.5, 2});
    CHECK(OnnxAttribute{"value_floats", std::vector<double>{1}}.type == OnnxAttribute::Type::numbers);
}

TEST_CASE("lists of attributes are lists, however many there are") {
    const OnnxOperator one{"Pad", {"x", "p"}, {"y"}, {{"mode", "edge"}}};
    REQUIRE(one.attributes.size() == 1);
    CHECK(one.attributes[0].text == "edge");
    const OnnxOperator mean{"ReduceMean", {"x"}, {"m"}, {{"axes", {-1}}, {"keepdims", 1}}};
    REQUIRE(mean.attributes.size() == 2);
    CHECK(mean.attributes[0].integers == std::vector<std::int64_t>{-1});
    CHECK(OnnxOperator{"ReduceMean", {"x"}, {"m"}, {{"axes", {-1}}}}.attributes.size() == 1);
}

TEST_CASE("operators are written as a list") {
    const std::vector<OnnxOperator> swish{{"Sigmoid", {"x"}, {"s"}}, {"Mul", {"x", "s"}, {"y"}}};
    REQUIRE(swish.size() == 2);
    CHECK(swish[1].type == "Mul");
    CHECK(swish[1].inputs == std::vector<std::string>{"x", "s"});
    CHECK(swish[1].outputs == std::vector<std::string>{"y"});
    CHECK(swish[1].attributes.empty());
}
