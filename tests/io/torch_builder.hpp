// Files such as torch.save writes, with whatever is wrong in them: independent of the library's writer.
#pragma once

#include "pickle_builder.hpp"
#include "zip_builder.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace support {

struct TorchBuilder {
    std::string value;                                          // pickled
    std::vector<std::pair<std::string, std::string>> storages;  // keys and bytes
    std::optional<std::string> byteorder{};
    std::optional<std::string> version = "3\n";

    ZipBuilder zip() const {
        ZipBuilder zip;
        zip.add("m/data.pkl", pickle::pickled(value));
        if (byteorder) zip.add("m/byteorder", *byteorder);
        for (const auto& [key, bytes] : storages) zip.add("m/data/" + key, bytes);
        if (version) zip.add("m/version", *version);
        return zip;
    }
    std::string bytes() const { return zip().bytes(); }
};

namespace pickle {

struct TensorOptions {
    std::string type = global("torch", "FloatStorage");
    std::string key = text("0");
    std::string location = text("cpu");
    std::string count = integer(6);
    std::string offset = integer(0);
    std::string shape = integers({2, 3});
    std::string strides = integers({3, 1});
    std::vector<std::string> rest = {"\x89", ordered_dict({})};
    std::string callee = global("torch._utils", "_rebuild_tensor_v2");
};

inline std::string storage(const TensorOptions& options) {
    return tuple({text("storage"), options.type, options.key, options.location, options.count}) + "Q";
}

inline std::string tensor(const TensorOptions& options = {}) {
    std::vector<std::string> arguments = {storage(options), options.offset, options.shape, options.strides};
    for (const std::string& argument : options.rest) arguments.push_back(argument);
    return call(options.callee, arguments);
}

}  // namespace pickle

// Numbers as they lie in a little-endian file.
template <class T>
std::string stored(const std::vector<T>& numbers) {
    std::string text;
    for (const T number : numbers) text.append(reinterpret_cast<const char*>(&number), sizeof number);
    return text;
}

}  // namespace support
