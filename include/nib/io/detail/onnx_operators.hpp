// The operators of ONNX's opset 13 that networks of plain numbers use, and what each takes: what an operator's export
// asks for is compared with them before a file is written.
//
// Left out are operators for sequences, text, control flow, random and quantised numbers, recurrent layers, and
// attributes that are tensors. A graph's shapes are not checked.
#pragma once

#include <nib/core/detail/array_view.hpp>
#include <nib/core/detail/list.hpp>
#include <nib/core/operator.hpp>
#include <nib/core/text.hpp>
#include <nib/io/detail/tensor_checks.hpp>
#include <nib/io/tensor.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nib::inline NIB_ABI::detail {

// A letter of `inputs` and `outputs` is a value's type. Values with the same letter have one type.
//
//   f, F  F32 or F64          n, N  F32, F64, I32 or I64     t  any
//   b     BOOL                i     I32 or I64               l  I64        s  F32
//   ?     behind a letter: may be left out                   *  behind a letter: any number of these, at least one
//
// `attributes` are name:type, separated by spaces; types are those of attribute_letters, a ! says that it must be
// there.
struct OnnxSignature {
    const char* names;  // of operators that have it, separated by spaces
    const char* inputs;
    const char* outputs;
    const char* attributes = "";
};

inline constexpr OnnxSignature onnx_signatures[] = {
    {"Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Exp Floor GlobalAveragePool GlobalMaxPool Log Reciprocal Relu "
     "Round Sigmoid Sin Sinh Softplus Softsign Sqrt Tan Tanh",
     "f", "f"},
    {"Abs Erf Neg Sign", "n", "n"},
    {"Add Div MatMul Mul PRelu Sub", "nn", "n"},
    {"Celu", "s", "s", "alpha:f"},
    {"Elu LeakyRelu ThresholdedRelu", "f", "f", "alpha:f"},
    {"HardSigmoid", "f", "f", "alpha:f beta:f"},
    {"Selu", "f", "f", "alpha:f gamma:f"},
    {"Shrink", "n", "n", "bias:f lambd:f"},
    {"Clip", "nn?n?", "n"},
    {"Hardmax LogSoftmax Softmax", "f", "f", "axis:i"},
    {"LpNormalization", "f", "f", "axis:i p:i"},
    {"MeanVarianceNormalization", "f", "f", "axes:I"},
    {"BatchNormalization", "fffff", "f", "epsilon:f momentum:f"},
    {"InstanceNormalization", "fff", "f", "epsilon:f"},
    {"Dropout", "fF?b?", "fb?", "seed:i"},
    {"Gemm", "nnn?", "n", "alpha:f beta:f transA:i transB:i"},
    {"Einsum", "n*", "n", "equation:s!"},
    {"Pow", "nN", "n"},
    {"Mod", "nn", "n", "fmod:i"},
    {"Max Min", "n*", "n"},
    {"Mean Sum", "f*", "f"},
    {"ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare", "n",
     "n", "axes:I keepdims:i"},
    {"ReduceSum", "nl?", "n", "keepdims:i noop_with_empty_axes:i"},
    {"CumSum", "ni", "n", "exclusive:i reverse:i"},
    {"ArgMax ArgMin", "n", "l", "axis:i keepdims:i select_last_index:i"},
    {"TopK", "nl", "nl", "axis:i largest:i sorted:i"},
    {"Conv", "fff?", "f", "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I"},
    {"ConvTranspose", "fff?", "f",
     "auto_pad:s dilations:I group:i kernel_shape:I output_padding:I output_shape:I pads:I strides:I"},
    {"AveragePool", "f", "f", "auto_pad:s ceil_mode:i count_include_pad:i kernel_shape:I! pads:I strides:I"},
    {"MaxPool", "f", "fl?", "auto_pad:s ceil_mode:i dilations:I kernel_shape:I! pads:I storage_order:i strides:I"},
    {"And Or Xor", "bb", "b"},
    {"Not", "b", "b"},
    {"Greater GreaterOrEqual Less LessOrEqual", "nn", "b"},
    {"Equal", "tt", "b"},
    {"IsInf", "f", "b", "detect_negative:i detect_positive:i"},
    {"IsNaN", "f", "b"},
    {"Where", "btt", "t"},
    {"Identity", "t", "t"},
    {"Shape Size NonZero", "t", "l"},
    {"Expand Reshape Tile Unsqueeze", "tl", "t"},
    {"Squeeze", "tl?", "t"},
    {"Flatten", "t", "t", "axis:i"},
    {"Transpose", "t", "t", "perm:I"},
    {"Concat", "t*", "t", "axis:i!"},
    {"Split", "tl?", "t*", "axis:i"},
    {"Slice", "tiii?i?", "t"},
    {"Gather", "ti", "t", "axis:i"},
    {"Pad", "tlt?", "t", "mode:s"},
    {"DepthToSpace", "t", "t", "blocksize:i! mode:s"},
    {"SpaceToDepth", "t", "t", "blocksize:i!"},
    {"Range", "nnn", "n"},
    {"ConstantOfShape", "l", "s"},
    // Of these, outputs are of the type that the attribute says.
    {"Cast", "t", "T", "to:i!"},
    {"Constant", "", "T", "value_float:f value_floats:F value_int:i value_ints:I"},
};

inline constexpr std::string_view attribute_letters = "ifsIF";  // in the order of Attribute::Type
inline constexpr std::string_view attribute_type_names[] = {"INT", "FLOAT", "STRING", "INTS", "FLOATS"};

// TensorProto.DataType, in the order of Dtype; 0 for types that this version of ONNX lacks.
inline constexpr std::int64_t onnx_types[dtype_count] = {9, 0, 0,  0,  2, 3,  0, 0,  0,  0, 0,
                                                         5, 4, 10, 16, 6, 12, 1, 14, 11, 7, 13};

inline std::int64_t onnx_type(Dtype dtype) { return onnx_types[static_cast<std::size_t>(dtype)]; }

// Takes the first word of a text of words.
inline std::string_view take_onnx_word(std::string_view& words) {
    const std::size_t space = words.find(' ');
    const std::string_view word = words.substr(0, space);
    words = space == std::string_view::npos ? "" : words.substr(space + 1);
    return word;
}

// Null where there is none.
inline const OnnxSignature* find_signature(std::string_view type) {
    for (const OnnxSignature& signature : onnx_signatures)
        for (std::string_view names = signature.names; !names.empty();)
            if (take_onnx_word(names) == type) return &signature;
    return nullptr;
}

// The letter of value number `i`, and whether it may be left out; '\0' where there is no such value.
struct ValueLetter {
    char letter = '\0';
    bool optional = false;
};
inline ValueLetter letter_of(std::string_view values, std::size_t i) {
    ValueLetter last;
    for (std::size_t k = 0; k < values.size(); ++k) {
        if (values[k] == '*') return {last.letter, true};
        if (values[k] == '?') continue;
        last = {values[k], k + 1 < values.size() && values[k + 1] == '?'};
        if (i-- == 0) return last;
    }
    return {};
}

// "1 input", "2 to 3 inputs", "at least 1 input".
inline std::string count_text(std::string_view values, std::string_view what) {
    std::size_t most = 0, fewest = 0;
    for (const char c : values) {
        most += c != '?' && c != '*' ? 1 : 0;
        fewest += c == '?' ? 0 : c != '*' ? 1 : 0;
    }
    for (const char c : values) fewest -= c == '?' ? 1 : 0;
    const bool any = values.ends_with('*');
    const std::string text = any              ? "at least " + std::to_string(fewest)
                             : fewest == most ? std::to_string(most)
                                              : std::to_string(fewest) + " to " + std::to_string(most);
    return text + " " + std::string(what) + ((any ? fewest : most) == 1 ? "" : "s");
}

// "" where `names` are as many as `values` tells, and none is left out that must be there.
inline std::string values_problem(std::string_view values, const std::vector<std::string>& names,
                                  const std::string& what) {
    const auto wrong = [&](const std::string& found) {
        return "expected " + count_text(values, what) + ", found " + found;
    };
    for (std::size_t i = 0; i < names.size(); ++i) {
        const ValueLetter value = letter_of(values, i);
        if (value.letter == '\0') return wrong(std::to_string(names.size()));
        if (names[i].empty() && (!value.optional || values.ends_with('*')))
            return wrong("no name for number " + std::to_string(i + 1));
    }
    const ValueLetter next = letter_of(values, names.size());
    if (next.letter != '\0' && (!next.optional || names.empty())) return wrong(std::to_string(names.size()));
    return "";
}

inline std::string attributes_problem(const OnnxSignature& signature, const Operator& node) {
    std::size_t found = 0;
    for (std::string_view rest = signature.attributes; !rest.empty();) {
        const std::string_view attribute = take_onnx_word(rest);
        const std::string name{attribute.substr(0, attribute.find(':'))};
        const std::size_t type = attribute_letters.find(attribute[name.size() + 1]);
        std::size_t count = 0;
        for (const Attribute& given : node.attributes) {
            if (given.name != name) continue;
            if (++count > 1) return "attribute " + name + ": it is there twice";
            if (given.integers.empty() && given.numbers.empty() && given.type != Attribute::Type::text)
                return "attribute " + name + ": expected at least one value, found none";
            if (static_cast<std::size_t>(given.type) != type)
                return "attribute " + name + ": expected " + std::string(attribute_type_names[type]) + ", found " +
                       std::string(attribute_type_names[static_cast<std::size_t>(given.type)]);
        }
        if (count == 0 && attribute.ends_with('!')) return "attribute " + name + " is missing";
        found += count;
    }
    if (node.type == "Constant" && found != 1)
        return "expected one of the attributes value_float, value_floats, value_int and value_ints, found " +
               std::to_string(found);
    if (found == node.attributes.size()) return "";
    for (const Attribute& given : node.attributes)
        if ((" " + std::string(signature.attributes)).find(" " + given.name + ":") == std::string::npos)
            return "it has no attribute " + format_quoted(given.name);
    return "";
}

// Whether a letter of a signature stands for a type.
inline bool is_of_letter(char letter, Dtype type) {
    const bool floating = type == Dtype::f32 || type == Dtype::f64, whole = type == Dtype::i32 || type == Dtype::i64;
    switch (letter) {
        case 'f':
        case 'F':
            return floating;
        case 'n':
        case 'N':
            return floating || whole;
        case 'i':
            return whole;
        case 'l':
            return type == Dtype::i64;
        case 'b':
            return type == Dtype::boolean;
        case 's':
            return type == Dtype::f32;
        default:
            return type != Dtype::bf16;
    }
}

// The type that an attribute of Cast or Constant says; 0 where it is none. `numbers` is that of FLOATs in the graph.
inline std::int64_t stated_type(const Operator& node, Dtype numbers) {
    const Attribute& attribute = node.attributes[0];
    if (node.type == "Cast") return attribute.integers[0];
    return onnx_type(attribute.integers.empty() && attribute.type != Attribute::Type::integers ? numbers : Dtype::i64);
}

// What is wrong with an operator whose inputs are of types `inputs` (of those left out, any); "" where nothing is, and
// then `outputs` are the types of what it gives.
inline std::string operator_problem(const Operator& node, Dtype numbers, ArrayView<Dtype> inputs,
                                    List<Dtype>& outputs) {
    const OnnxSignature* const signature = find_signature(node.type);
    if (signature == nullptr) return "expected an operator of ONNX's opset 13 that nib knows";
    for (const std::string& problem :
         {values_problem(signature->inputs, node.inputs, "input"),
          values_problem(signature->outputs, node.outputs, "output"), attributes_problem(*signature, node)})
        if (!problem.empty()) return problem;
    Dtype type_of[128] = {};
    bool known[128] = {};
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (node.inputs[i].empty()) continue;
        const char letter = letter_of(signature->inputs, i).letter;
        const auto place = static_cast<std::size_t>(letter);
        const std::string found = tensor_label(node.inputs[i]) + " of " + std::string(dtype_name(inputs[i]));
        if (!is_of_letter(letter, inputs[i])) return "cannot take " + found;
        if (known[place] && type_of[place] != inputs[i])
            return "takes " + found + " beside " + std::string(dtype_name(type_of[place])) + "; expected one type";
        type_of[place] = inputs[i];
        known[place] = true;
    }
    outputs.clear();
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
        const char letter = letter_of(signature->outputs, i).letter;
        const auto place = static_cast<std::size_t>(letter);
        Dtype type = known[place]    ? type_of[place]
                     : letter == 'b' ? Dtype::boolean
                     : letter == 's' ? Dtype::f32
                                     : Dtype::i64;
        if (letter == 'T') {
            const std::int64_t stated = stated_type(node, numbers);
            std::size_t k = 0;
            while (k < dtype_count && (onnx_types[k] != stated || stated == 0)) ++k;
            // Complex numbers are none that Cast makes.
            if (k == dtype_count || static_cast<Dtype>(k) == Dtype::c64)
                return "attribute to: expected the number of a type, found " + std::to_string(stated);
            type = static_cast<Dtype>(k);
        }
        outputs.push_back(type);
    }
    return "";
}

}  // namespace nib::inline NIB_ABI::detail
