#include <nib/io/detail/foreign_file.hpp>

#include "../../support.hpp"

#include <nib/data/idx.hpp>
#include <nib/io/npy.hpp>
#include <nib/io/npz.hpp>
#include <nib/io/safetensors.hpp>
#include <nib/io/torch_pth.hpp>

#include <string>
#include <string_view>

using namespace std::string_literals;
using nib::detail::foreign_file;

TEST_CASE("what is no file of nib's is told by its start") {
    CHECK(foreign_file("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n") ==
          "is a Git LFS pointer, not the file itself: fetch that with 'git lfs pull'");
    CHECK(foreign_file("\x1f\x8b\x08\0\0\0\0\0\0\x03"s) == "is gzip-compressed: unpack it first with gunzip");
    CHECK(foreign_file("BZh91AY&SY").starts_with("is bzip2-compressed"));
    CHECK(foreign_file("\xfd\x37zXZ\0"s).starts_with("is xz-compressed"));
    CHECK(foreign_file("\x28\xb5\x2f\xfd$").starts_with("is zstd-compressed"));
    CHECK(foreign_file("7z\xbc\xaf\x27\x1c").starts_with("is a 7-Zip archive"));
    CHECK(foreign_file("\x89HDF\r\n\x1a\n").starts_with("is an HDF5 file"));
    CHECK(foreign_file("GGUF\3").starts_with("is a GGUF file"));
    CHECK(foreign_file("\x89PNG\r\n\x1a\n") == "is a PNG picture");
    for (const char* const page :
         {"<!DOCTYPE html>", "<!doctype HTML>", "\xef\xbb\xbf\n\n  <html lang=\"en\">", "<HEAD>"})
        CHECK(foreign_file(page).starts_with("is a web page, not the file"));
    CHECK(foreign_file("{\n  \"weight_map\": {}}") == "is JSON text, not a file of tensors");
    CHECK(foreign_file("{\"a\":1}") == "is JSON text, not a file of tensors");
    std::string tar(512, '\0');
    tar.replace(0, 7, "net.pth");
    tar.replace(257, 5, "ustar");
    CHECK(foreign_file(tar) == "is a tar archive: unpack it first with tar -xf");
    CHECK(foreign_file("\x1c\0\0\0TFL3\x14"s).starts_with("is a TensorFlow Lite model"));
    CHECK(foreign_file("\x08\x07\x12\x07pytorch").starts_with("is an ONNX model"));
    CHECK(foreign_file("\x08\x0a:\x9d\x04").starts_with("is an ONNX model"));
}

TEST_CASE("all else is not known") {
    for (const std::string_view start :
         {"", "P", "PK\3\4", "\x93NUMPY", "<ink>", "<", "hello", "\x1f", "BZ", "version 1"})
        CHECK(foreign_file(start) == "");
    // A safetensors file whose header has 0x88b1f bytes.
    CHECK(foreign_file("\x1f\x8b\x08\0\0\0\0\0{\"a\""s) == "");
    CHECK(foreign_file("\x08\x07\x12\0\0\0\0\0{\"a\""s) == "");
}

TEST_CASE("every reader of files says so") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.write("f", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n");
    const std::string expected =
        path + ": byte 0: is a Git LFS pointer, not the file itself: fetch that with 'git lfs pull'";
    CHECK(support::error_of([&] { return nib::open_safetensors(path); }) == expected);
    CHECK(support::error_of([&] { return nib::open_torch(path); }) == expected);
    CHECK(support::error_of([&] { return nib::open_npy(path); }) == expected);
    CHECK(support::error_of([&] { return nib::open_npz(path); }) == expected);
    CHECK(support::error_of([&] { return nib::load_idx(path); }) == expected);
    const std::string page = "<html>";
    CHECK(support::contains(support::error_of([&] { return nib::parse_idx(nib::bytes_of(page), "f"); }),
                            "is a web page"));
    const std::string large = "<html><head>";
    CHECK(support::contains(support::error_of([&] { return nib::parse_safetensors(nib::bytes_of(large), "f"); }),
                            "f: byte 0: is a web page"));
}
