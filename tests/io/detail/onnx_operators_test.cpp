#include <nib/io/detail/onnx_operators.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <set>

using nib::Dtype;
using nib::Operator;

namespace {

// Inputs of one type, but for those that are named: b of BOOL, l of I64, s of I32, d of F64.
std::string problem_of(const Operator& node, std::vector<Dtype>* outputs = nullptr) {
    std::vector<Dtype> inputs;
    nib::detail::List<Dtype> found;
    for (const std::string& name : node.inputs)
        inputs.push_back(name == "b"   ? Dtype::boolean
                         : name == "l" ? Dtype::i64
                         : name == "s" ? Dtype::i32
                         : name == "d" ? Dtype::f64
                                       : Dtype::f32);
    const std::string problem = nib::detail::operator_problem(node, Dtype::f64, inputs, found);
    if (outputs != nullptr) *outputs = {found.begin(), found.end()};
    return problem;
}

std::vector<Dtype> types_of(const Operator& node) {
    std::vector<Dtype> outputs;
    CHECK(problem_of(node, &outputs) == "");
    return outputs;
}

}  // namespace

TEST_CASE("the table names each operator once, and its letters and attributes are well formed") {
    std::set<std::string_view> names;
    for (const auto& signature : nib::detail::onnx_signatures) {
        for (std::string_view rest = signature.names; !rest.empty();) {
            const std::string_view name = nib::detail::take_onnx_word(rest);
            CAPTURE(name);
            CHECK(names.insert(name).second);
            CHECK(nib::detail::find_signature(name) == &signature);
        }
        CHECK(std::string_view{signature.inputs}.find_first_not_of("fFnNtbils?*") == std::string_view::npos);
        for (std::string_view rest = signature.attributes; !rest.empty();) {
            const std::string_view attribute = nib::detail::take_onnx_word(rest);
            CAPTURE(attribute);
            REQUIRE(attribute.find(':') < attribute.size() - 1);
            CHECK(nib::detail::attribute_letters.find(attribute[attribute.find(':') + 1]) != std::string_view::npos);
        }
    }
    CHECK(names.size() > 100);
}

TEST_CASE("operators that nib's layers and users' need are as ONNX has them") {
    CHECK(problem_of({"Gemm", {"x", "w", "c"}, {"y"}, {{"transB", 1}, {"alpha", 0.5}}}) == "");
    CHECK(problem_of({"Gemm", {"x", "w"}, {"y"}}) == "");
    CHECK(problem_of({"BatchNormalization", {"x", "w", "c", "m", "v"}, {"y"}, {{"epsilon", 1e-5}}}) == "");
    CHECK(problem_of({"PRelu", {"x", "slope"}, {"y"}}) == "");
    CHECK(problem_of({"ReduceMean", {"x"}, {"y"}, {{"axes", {-1}}, {"keepdims", 1}}}) == "");
    CHECK(problem_of({"ReduceSum", {"x", "l"}, {"y"}}) == "");
    CHECK(problem_of({"Conv", {"x", "w", "c"}, {"y"}, {{"pads", {1, 1, 1, 1}}, {"group", 1}}}) == "");
    CHECK(problem_of({"MaxPool", {"x"}, {"y"}, {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}}}) == "");
    CHECK(problem_of({"Clip", {"x", "", "most"}, {"y"}}) == "");
    CHECK(problem_of({"Dropout", {"x"}, {"y"}}) == "");
    CHECK(problem_of({"Pad", {"x", "l"}, {"y"}, {{"mode", "reflect"}}}) == "");
    CHECK(problem_of({"Concat", {"x", "y", "z"}, {"w"}, {{"axis", 1}}}) == "");
    CHECK(problem_of({"Pow", {"x", "l"}, {"y"}}) == "");
    CHECK(problem_of({"Split", {"x"}, {"y", "z"}}) == "");
}

TEST_CASE("too few and too many inputs and outputs are refused, and empty names where one is needed") {
    CHECK(problem_of({"Relu", {}, {"y"}}) == "expected 1 input, found 0");
    CHECK(problem_of({"Relu", {"x", "x"}, {"y"}}) == "expected 1 input, found 2");
    CHECK(problem_of({"Relu", {""}, {"y"}}) == "expected 1 input, found no name for number 1");
    CHECK(problem_of({"Gemm", {"x"}, {"y"}}) == "expected 2 to 3 inputs, found 1");
    CHECK(problem_of({"Gemm", {"x", "", "c"}, {"y"}}) == "expected 2 to 3 inputs, found no name for number 2");
    CHECK(problem_of({"Gemm", {"x", "w", "c", "d"}, {"y"}}) == "expected 2 to 3 inputs, found 4");
    CHECK(problem_of({"ReduceMean", {"x", "l"}, {"y"}}) == "expected 1 input, found 2");
    CHECK(problem_of({"Concat", {}, {"y"}, {{"axis", 1}}}) == "expected at least 1 input, found 0");
    CHECK(problem_of({"Sum", {"x", ""}, {"y"}}) == "expected at least 1 input, found no name for number 2");
    CHECK(problem_of({"Relu", {"x"}, {}}) == "expected 1 output, found 0");
    CHECK(problem_of({"Relu", {"x"}, {"y", "z"}}) == "expected 1 output, found 2");
    CHECK(problem_of({"BatchNormalization", {"x", "w", "c", "m", "v"}, {"y", "m2", "v2"}}) ==
          "expected 1 output, found 3");
}

TEST_CASE("attributes that are unknown, missing, doubled or of another type are refused") {
    CHECK(problem_of({"Relu", {"x"}, {"y"}, {{"alpha", 0.1}}}) == "it has no attribute 'alpha'");
    CHECK(problem_of({"LeakyRelu", {"x"}, {"y"}, {{"alpha", 1}}}) == "attribute alpha: expected FLOAT, found INT");
    CHECK(problem_of({"ReduceMean", {"x"}, {"y"}, {{"axes", -1}}}) == "attribute axes: expected INTS, found INT");
    CHECK(problem_of({"Softmax", {"x"}, {"y"}, {{"axis", {1}}}}) == "attribute axis: expected INT, found INTS");
    CHECK(problem_of({"Pad", {"x", "l"}, {"y"}, {{"mode", 1}}}) == "attribute mode: expected STRING, found INT");
    CHECK(problem_of({"Softmax", {"x"}, {"y"}, {{"axis", 1}, {"axis", 1}}}) == "attribute axis: it is there twice");
    CHECK(problem_of({"Concat", {"x"}, {"y"}}) == "attribute axis is missing");
    CHECK(problem_of({"MaxPool", {"x"}, {"y"}}) == "attribute kernel_shape is missing");
    CHECK(problem_of({"Gelu", {"x"}, {"y"}}) == "expected an operator of ONNX's opset 13 that nib knows");
}

TEST_CASE("a Constant has one value") {
    CHECK(types_of({"Constant", {}, {"c"}, {{"value_float", 1.5}}}) == std::vector{Dtype::f64});
    CHECK(types_of({"Constant", {}, {"c"}, {{"value_floats", {1.5}}}}) == std::vector{Dtype::f64});
    CHECK(problem_of({"Constant", {}, {"c"}, {{"value_floats", std::vector<double>{}}}}) ==
          "attribute value_floats: expected at least one value, found none");
    CHECK(types_of({"Constant", {}, {"c"}, {{"value_int", 1}}}) == std::vector{Dtype::i64});
    CHECK(types_of({"Constant", {}, {"c"}, {{"value_ints", {1, 2}}}}) == std::vector{Dtype::i64});
    CHECK(problem_of({"Constant", {}, {"c"}, {{"value_ints", std::vector<std::int64_t>{}}}}) ==
          "attribute value_ints: expected at least one value, found none");
    const std::string one =
        "expected one of the attributes value_float, value_floats, value_int and value_ints, found ";
    CHECK(problem_of({"Constant", {}, {"c"}}) == one + "0");
    CHECK(problem_of({"Constant", {}, {"c"}, {{"value_int", 1}, {"value_float", 1.0}}}) == one + "2");
    CHECK(problem_of({"Constant", {}, {"c"}, {{"value", 1.0}}}) == one + "0");
}

TEST_CASE("values of a type that an operator does not take are refused") {
    CHECK(problem_of({"Add", {"x", "l"}, {"y"}}) == "takes \"l\" of I64 beside F32; expected one type");
    CHECK(problem_of({"Add", {"d", "x"}, {"y"}}) == "takes \"x\" of F32 beside F64; expected one type");
    CHECK(problem_of({"Relu", {"l"}, {"y"}}) == "cannot take \"l\" of I64");
    CHECK(problem_of({"Reshape", {"x", "y"}, {"z"}}) == "cannot take \"y\" of F32");
    CHECK(problem_of({"Not", {"x"}, {"y"}}) == "cannot take \"x\" of F32");
    CHECK(problem_of({"Celu", {"d"}, {"y"}}) == "cannot take \"d\" of F64");
}

TEST_CASE("what comes out is of the type that goes in, or of the operator's own") {
    CHECK(types_of({"Add", {"d", "d"}, {"y"}}) == std::vector{Dtype::f64});
    CHECK(types_of({"Greater", {"d", "d"}, {"y"}}) == std::vector{Dtype::boolean});
    CHECK(types_of({"Where", {"b", "d", "d"}, {"y"}}) == std::vector{Dtype::f64});
    CHECK(types_of({"Shape", {"d"}, {"y"}}) == std::vector{Dtype::i64});
    CHECK(types_of({"MaxPool", {"d"}, {"y", "i"}, {{"kernel_shape", {2}}}}) == std::vector{Dtype::f64, Dtype::i64});
    CHECK(types_of({"Pow", {"x", "l"}, {"y"}}) == std::vector{Dtype::f32});
    CHECK(types_of({"Gather", {"x", "s"}, {"y"}}) == std::vector{Dtype::f32});
    CHECK(types_of({"Cast", {"x"}, {"y"}, {{"to", 11}}}) == std::vector{Dtype::f64});
    CHECK(types_of({"Cast", {"b"}, {"y"}, {{"to", 1}}}) == std::vector{Dtype::f32});
    for (const int none : {0, 8, 14, 15, 17, -1})
        CHECK(problem_of({"Cast", {"x"}, {"y"}, {{"to", none}}}) ==
              "attribute to: expected the number of a type, found " + std::to_string(none));
}
