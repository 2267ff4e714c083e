// OnnxOperator: one step of a computation, in the vocabulary of ONNX (https://onnx.ai/onnx/operators). A layer tells by
// a list of them how it is exported.
//
//   {{"Sigmoid", {"x"}, {"s"}}, {"Mul", {"x", "s"}, {"y"}}}    y = x sigmoid(x)
//
// It holds text and numbers alone: layers include it, and they reach no file.
#pragma once

#include <nib/core/config.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace nib::inline NIB_ABI {

// {"transB", 1} or {"alpha", 0.01f}: a whole number is an INT, any other a FLOAT.
struct OnnxAttribute {
    enum class Type : unsigned char { integer, number };

    std::string name;
    Type type;
    std::int64_t integer = 0;
    float number = 0;

    template <std::integral Integer>
    OnnxAttribute(std::string attribute, Integer value)
        : name{std::move(attribute)}, type{Type::integer}, integer{static_cast<std::int64_t>(value)} {}
    template <std::floating_point Number>
    OnnxAttribute(std::string attribute, Number value)
        : name{std::move(attribute)}, type{Type::number}, number{static_cast<float>(value)} {}
};

struct OnnxOperator {
    std::string type;                   // "Gemm"
    std::vector<std::string> inputs{};  // names of values; "" is an optional input that is left out
    std::vector<std::string> outputs{};
    std::vector<OnnxAttribute> attributes{};
};

}  // namespace nib::inline NIB_ABI
