#include <nib/io/onnx_operator.hpp>

#include "../support.hpp"

#include <cstdint>

using nib::OnnxAttribute;
using nib::OnnxOperator;

TEST_CASE("an attribute is an INT or a FLOAT by the number that it is given") {
    const OnnxAttribute axis{"axis", -1};
    CHECK(axis.name == "axis");
    CHECK(axis.type == OnnxAttribute::Type::integer);
    CHECK(axis.integer == -1);
    CHECK(OnnxAttribute{"size", INT64_C(-9'000'000'000)}.integer == -9'000'000'000);

    const OnnxAttribute alpha{"alpha", 0.25};
    CHECK(alpha.type == OnnxAttribute::Type::number);
    CHECK(alpha.number == 0.25f);
}

TEST_CASE("operators are written as a list") {
    const std::vector<OnnxOperator> swish{{"Sigmoid", {"x"}, {"s"}}, {"Mul", {"x", "s"}, {"y"}}};
    REQUIRE(swish.size() == 2);
    CHECK(swish[1].type == "Mul");
    CHECK(swish[1].inputs == std::vector<std::string>{"x", "s"});
    CHECK(swish[1].outputs == std::vector<std::string>{"y"});
    CHECK(swish[1].attributes.empty());
}
