// OnnxOperator: one step of a computation, in the vocabulary of ONNX (https://onnx.ai/onnx/operators). A layer tells by
// a list of them how it is exported.
//
//   {{"Sigmoid", {"x"}, {"s"}}, {"Mul", {"x", "s"}, {"y"}}}                              y = x sigmoid(x)
//   {{"ReduceMean", {"x"}, {"mean"}, {{"axes", {-1}}}}, {"Sub", {"x", "mean"}, {"y"}}}   y = x - mean(x), by rows
//   {{"Constant", {}, {"c"}, {{"value_float", 1.702}}}, {"Mul", {"x", "c"}, {"y"}}}      y = 1.702 x
//
// It holds text and numbers alone: layers include it, and they reach no file.
#pragma once

#include <nib/core/config.hpp>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// {"transB", 1} is an INT, {"alpha", 0.01} a FLOAT, {"axes", {-1}} INTS, {"value_floats", {0.5, 2.0}} FLOATS,
// {"mode", "reflect"} a STRING.
struct OnnxAttribute {
    enum class Type : unsigned char { integer, number, text, integers, numbers };

    std::string name;
    Type type;
    std::vector<std::int64_t> integers{};  // one of an INT
    std::vector<double> numbers{};         // one of a FLOAT; files hold floats
    std::string text{};

    template <std::integral Integer>
    OnnxAttribute(std::string attribute, Integer value)
        : name{std::move(attribute)}, type{Type::integer}, integers(1, static_cast<std::int64_t>(value)) {}
    template <std::floating_point Number>
    OnnxAttribute(std::string attribute, Number value)
        : name{std::move(attribute)}, type{Type::number}, numbers(1, static_cast<double>(value)) {}
    OnnxAttribute(std::string attribute, const char* value)
        : name{std::move(attribute)}, type{Type::text}, text{value} {}
    template <std::integral Integer>
    OnnxAttribute(std::string attribute, std::initializer_list<Integer> values)
        : name{std::move(attribute)}, type{Type::integers}, integers(values.begin(), values.end()) {}
    template <std::floating_point Number>
    OnnxAttribute(std::string attribute, std::initializer_list<Number> values)
        : name{std::move(attribute)}, type{Type::numbers}, numbers(values.begin(), values.end()) {}
    OnnxAttribute(std::string attribute, std::vector<std::int64_t> values)
        : name{std::move(attribute)}, type{Type::integers}, integers{std::move(values)} {}
    OnnxAttribute(std::string attribute, std::vector<double> values)
        : name{std::move(attribute)}, type{Type::numbers}, numbers{std::move(values)} {}
};

struct OnnxOperator {
    std::string type;                   // "Gemm"
    std::vector<std::string> inputs{};  // names of values; "" is an optional input that is left out
    std::vector<std::string> outputs{};
    std::vector<OnnxAttribute> attributes{};
};

}  // namespace nib::inline NIB_ABI
