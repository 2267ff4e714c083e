// Operator: one elementary operation on named values. A list of them says what a layer computes (layers/layer.hpp), for
// programs other than nib: model/onnx_export.hpp writes them to a file.
//
//   {{"Sigmoid", {"x"}, {"s"}}, {"Mul", {"x", "s"}, {"y"}}}                              y = x sigmoid(x)
//   {{"ReduceMean", {"x"}, {"mean"}, {{"axes", {-1}}}}, {"Sub", {"x", "mean"}, {"y"}}}   y = x - mean(x), by rows
//   {{"Constant", {}, {"c"}, {{"value_float", 1.702}}}, {"Mul", {"x", "c"}, {"y"}}}      y = 1.702 x
//
// Which operations there are, and what each takes and gives, is defined by version 13 of ONNX's operator set
// (https://onnx.ai/onnx/operators).
#pragma once

#include <nib/core/config.hpp>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// A constant of an operation: {"transB", 1} is an integer, {"alpha", 0.01} a number, {"mode", "reflect"} a text,
// {"axes", {-1}} a list of integers, {"value_floats", {0.5, 2.0}} a list of numbers.
struct Attribute {
    enum class Type : unsigned char { integer, number, text, integers, numbers };

    std::string name;
    Type type;
    std::vector<std::int64_t> integers{};  // one of Type::integer
    std::vector<double> numbers{};         // one of Type::number
    std::string text{};

    template <std::integral Integer>
    Attribute(std::string attribute, Integer value)
        : name{std::move(attribute)}, type{Type::integer}, integers(1, static_cast<std::int64_t>(value)) {}
    template <std::floating_point Number>
    Attribute(std::string attribute, Number value)
        : name{std::move(attribute)}, type{Type::number}, numbers(1, static_cast<double>(value)) {}
    Attribute(std::string attribute, const char* value) : name{std::move(attribute)}, type{Type::text}, text{value} {}
    template <std::integral Integer>
    Attribute(std::string attribute, std::initializer_list<Integer> values)
        : name{std::move(attribute)}, type{Type::integers}, integers(values.begin(), values.end()) {}
    template <std::floating_point Number>
    Attribute(std::string attribute, std::initializer_list<Number> values)
        : name{std::move(attribute)}, type{Type::numbers}, numbers(values.begin(), values.end()) {}
    Attribute(std::string attribute, std::vector<std::int64_t> values)
        : name{std::move(attribute)}, type{Type::integers}, integers{std::move(values)} {}
    Attribute(std::string attribute, std::vector<double> values)
        : name{std::move(attribute)}, type{Type::numbers}, numbers{std::move(values)} {}
};

struct Operator {
    std::string type;                   // "Gemm"
    std::vector<std::string> inputs{};  // names of values; "" is an optional input that is left out
    std::vector<std::string> outputs{};
    std::vector<Attribute> attributes{};
};

}  // namespace nib::inline NIB_ABI
