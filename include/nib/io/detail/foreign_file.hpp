// Files that people take for a model or for data and that are something else: what they are, and what to do.
#pragma once

#include <nib/core/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace nib::inline NIB_ABI {

namespace detail {

// So many bytes from a file's start are enough to tell.
inline constexpr std::size_t foreign_file_start = 512;

struct ForeignFile {
    const char* start;
    const char* what;
};

inline constexpr ForeignFile foreign_files[] = {
    {"version https://git-lfs", "is a Git LFS pointer, not the file itself: fetch that with 'git lfs pull'"},
    {"\x1f\x8b", "is gzip-compressed: unpack it first with gunzip"},
    {"BZh", "is bzip2-compressed: unpack it first with bunzip2"},
    {"\xfd\x37zXZ", "is xz-compressed: unpack it first with unxz"},
    {"\x28\xb5\x2f\xfd", "is zstd-compressed: unpack it first with unzstd"},
    {"7z\xbc\xaf", "is a 7-Zip archive: unpack it first"},
    {"Rar!", "is a RAR archive: unpack it first"},
    {"\x89HDF", "is an HDF5 file, as Keras and MATLAB write them: save its arrays with numpy.savez, or as safetensors"},
    {"GGUF", "is a GGUF file: expected the model as safetensors or a PyTorch state_dict"},
    {"\x89PNG", "is a PNG picture"},
    {"\xff\xd8\xff", "is a JPEG picture"},
    {"%PDF", "is a PDF document"},
    {"{\"", "is JSON text, not a file of tensors"},
    {"{\n", "is JSON text, not a file of tensors"},
    {"{\r", "is JSON text, not a file of tensors"},
    {"{ ", "is JSON text, not a file of tensors"},
    {"MATLAB ", "is a MATLAB file: save its arrays with numpy.savez in Python"},
};

[[gnu::cold]] inline bool starts_with_word(std::string_view text, std::string_view lower_case) {
    if (text.size() < lower_case.size()) return false;
    for (std::size_t i = 0; i < lower_case.size(); ++i) {
        const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
        if (c != lower_case[i]) return false;
    }
    return true;
}

// After a byte order mark and spaces.
[[gnu::cold]] inline bool is_web_page(std::string_view start) {
    if (start.starts_with("\xef\xbb\xbf")) start.remove_prefix(3);
    while (!start.empty() && std::string_view(" \t\r\n").find(start[0]) != std::string_view::npos)
        start.remove_prefix(1);
    return starts_with_word(start, "<!doctype html") || starts_with_word(start, "<html") ||
           starts_with_word(start, "<head");
}

// A message of protobuf that begins as ONNX's ModelProto does: a version, then a text or the graph.
inline bool may_be_onnx(std::string_view start) {
    return start.size() > 3 && start[0] == '\x08' && start[1] > 0 && start[1] < 32 &&
           std::string_view("\x12\x1a\x22\x3a\x42").find(start[2]) != std::string_view::npos;
}

// The length of a header below 2^32, which may be the first bytes of any other format, and the header's first byte.
inline bool starts_as_safetensors(std::string_view start) {
    return start.size() > 8 && start.substr(4, 5) == std::string_view("\0\0\0\0{", 5);
}

// What a file is by its first bytes (foreign_file_start of them, or all), and what to do; "" where that is not known.
[[gnu::cold]] inline std::string_view foreign_file(std::string_view start) {
    if (starts_as_safetensors(start)) return "";
    for (const ForeignFile& file : foreign_files)
        if (start.starts_with(file.start)) return file.what;
    if (is_web_page(start)) return "is a web page, not the file: open it to see why, and download the file itself";
    if (start.size() > 262 && start.substr(257, 5) == "ustar") return "is a tar archive: unpack it first with tar -xf";
    if (start.size() > 8 && start.substr(4, 4) == "TFL3")
        return "is a TensorFlow Lite model: expected the model as safetensors or a PyTorch state_dict";
    if (may_be_onnx(start))
        return "is an ONNX model: expected the weights that it was made from, as safetensors or a PyTorch state_dict";
    return "";
}

[[gnu::cold]] inline void refuse_foreign_file(const std::string& path, std::string_view start) {
    const std::string_view what = foreign_file(start);
    if (!what.empty()) fail({path, ": byte 0: ", what});
}

}  // namespace detail

}  // namespace nib::inline NIB_ABI
