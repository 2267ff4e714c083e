// The fixtures were written by NumPy 1.24.
#include <nib/io/npy.hpp>

#include "../support.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using support::contains;
using support::error_of;
using support::fixture;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return nib::bytes_of(text); }

template <class T>
std::string error_in(std::string_view file) {
    return error_of([&] { return nib::parse_npy<T>(bytes_of(file), "f"); });
}

// A version 1 file of bytes with this dictionary.
std::string file_of(const std::string& dict, std::size_t data_size) {
    return "\x93NUMPY" + std::string("\x01\0", 2) + static_cast<char>(dict.size()) + '\0' + dict +
           std::string(data_size, '\0');
}

using Shape = std::vector<std::size_t>;

}  // namespace

TEST_CASE("each type is read as NumPy wrote it") {
    const auto float32 = nib::load_npy<float>(fixture("float32_2x3.npy"));
    CHECK(float32.shape == Shape{2, 3});
    CHECK(float32.values == std::vector<float>{0.5f, -1.25f, 3e-8f, 1.0f / 3.0f, 1e30f, -0.0f});
    CHECK(std::signbit(float32.values[5]));

    const auto float64 = nib::load_npy<double>(fixture("float64_scalar.npy"));
    CHECK(float64.shape.empty());
    CHECK(float64.values == std::vector<double>{0.1});

    const auto int32 = nib::load_npy<std::int32_t>(fixture("int32_3.npy"));
    CHECK(int32.shape == Shape{3});
    CHECK(int32.values == std::vector<std::int32_t>{1, -2, std::numeric_limits<std::int32_t>::max()});

    const auto int64 = nib::load_npy<std::int64_t>(fixture("int64_2x1x2.npy"));
    CHECK(int64.shape == Shape{2, 1, 2});
    CHECK(int64.values == std::vector<std::int64_t>{0, -1000000000000, -2000000000000, -3000000000000});

    const auto uint8 = nib::load_npy<std::uint8_t>(fixture("uint8_0x3.npy"));
    CHECK(uint8.shape == Shape{0, 3});
    CHECK(uint8.values.empty());
}

TEST_CASE("versions 2 and 3 are read as version 1 is") {
    for (const char* name : {"uint8_version2.npy", "uint8_version3.npy"}) {
        const auto array = nib::load_npy<std::uint8_t>(fixture(name));
        CHECK(array.shape == Shape{2});
        CHECK(array.values == std::vector<std::uint8_t>{7, 255});
    }
}

TEST_CASE("another type than the file's is refused, naming both") {
    const std::string path = fixture("float32_2x3.npy");
    CHECK(error_of([&] { return nib::load_npy<double>(path); }) ==
          path + ": byte 8: expected an array of float64, found float32");
    CHECK(contains(error_of([&] { return nib::load_npy<std::int32_t>(fixture("int64_2x1x2.npy")); }),
                   "expected an array of int32, found int64"));
}

TEST_CASE("either byte order and either order of dimensions are read as NumPy reads them") {
    const auto big = nib::load_npy<float>(fixture("float32_big_endian.npy"));
    const auto expected = nib::load_npy<float>(fixture("float32_2x3.npy")).values;
    CHECK(big.shape == Shape{2, 3});
    CHECK(big.values == expected);
    const auto fortran = nib::load_npy<float>(fixture("float32_fortran.npy"));
    CHECK(fortran.shape == Shape{2, 3});
    CHECK(fortran.values == expected);
    const std::string cube = file_of("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}\n", 0) +
                             std::string("\0\6\2\10\4\12\1\7\3\11\5\13", 12);
    CHECK(nib::parse_npy<std::uint8_t>(bytes_of(cube), "f").values ==
          std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
}

TEST_CASE("an array is a TensorFile of one tensor, called as the file is") {
    nib::TensorFile file = nib::open_npy(fixture("float32_fortran.npy"));
    CHECK(file.format() == "npy");
    REQUIRE(file.tensors().size() == 1);
    const nib::TensorInfo& tensor = file.at("float32_fortran");
    CHECK(tensor.shape == Shape{2, 3});
    CHECK(tensor.strides == Shape{1, 2});
    const auto expected = nib::load_npy<float>(fixture("float32_2x3.npy")).values;
    CHECK(nib::values<float>(file, tensor) == expected);
    const std::string content = nib::read_file(fixture("int32_3.npy"));
    CHECK(nib::parse_npy(bytes_of(content), "memory").at("memory").dtype == nib::Dtype::i32);
    nib::TensorFile big = nib::open_npy(fixture("float32_big_endian.npy"));
    CHECK(nib::values<float>(big, big.tensors()[0]) == expected);
}

TEST_CASE("NumPy's half-precision numbers are read") {
    const std::string file =
        file_of("{'descr': '<f2', 'fortran_order': False, 'shape': (3,)}\n", 0) + std::string("\0\x3c\0\xc0\0\x38", 6);
    nib::TensorFile halfs = nib::parse_npy(bytes_of(file), "h");
    CHECK(halfs.at("h").dtype == nib::Dtype::f16);
    CHECK(nib::values<float>(halfs, halfs.at("h")) == std::vector<float>{1, -2, 0.5});
}

TEST_CASE("each type that NumPy shares is known by its name there, and no other") {
    const std::vector<std::pair<std::string, nib::Dtype>> known{{"|b1", nib::Dtype::boolean},
                                                                {"|u1", nib::Dtype::u8},
                                                                {"|i1", nib::Dtype::i8},
                                                                {"<i2", nib::Dtype::i16},
                                                                {">u2", nib::Dtype::u16},
                                                                {"<f2", nib::Dtype::f16},
                                                                {">i4", nib::Dtype::i32},
                                                                {"<u4", nib::Dtype::u32},
                                                                {">f4", nib::Dtype::f32},
                                                                {">f8", nib::Dtype::f64},
                                                                {"<i8", nib::Dtype::i64},
                                                                {"<u8", nib::Dtype::u64},
                                                                // What else numpy.load takes for them.
                                                                {"<b1", nib::Dtype::boolean},
                                                                {"=b1", nib::Dtype::boolean},
                                                                {">u1", nib::Dtype::u8},
                                                                {"u1", nib::Dtype::u8},
                                                                {"<i1", nib::Dtype::i8},
                                                                {"=f4", nib::Dtype::f32},
                                                                {"f4", nib::Dtype::f32},
                                                                {"|f4", nib::Dtype::f32},
                                                                {"=i8", nib::Dtype::i64},
                                                                {"|f8", nib::Dtype::f64},
                                                                {"float32", nib::Dtype::f32},
                                                                {"bool", nib::Dtype::boolean},
                                                                {"uint64", nib::Dtype::u64},
                                                                {"?", nib::Dtype::boolean},
                                                                {"<f", nib::Dtype::f32},
                                                                {"d", nib::Dtype::f64},
                                                                {">H", nib::Dtype::u16},
                                                                {"e", nib::Dtype::f16}};
    for (const auto& [descr, dtype] : known) {
        const std::string file =
            file_of("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (2,)}\n", 2 * nib::dtype_size(dtype));
        CHECK(nib::parse_npy(bytes_of(file), "f").at("f").dtype == dtype);
    }
    for (const char* descr : {"<c8", "<c16", "<f16", "<U5", "|S3", "|V2", "<M8[ns]", "<bool", "<f4 ", "b2", "<", ""}) {
        CAPTURE(descr);
        CHECK(error_in<float>(
                  file_of("{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': ()}\n", 8)) ==
              "f: byte 8: expected an array of real numbers of up to 64 bits, or of booleans, found the type '" +
                  std::string(descr) + "'");
    }
    CHECK(
        error_in<float>(file_of("{'descr': '|O', 'fortran_order': False, 'shape': ()}\n", 8)) ==
        "f: byte 8: expected an array of real numbers of up to 64 bits, or of booleans, found one of Python's objects: "
        "save it as numbers, with astype");
    CHECK(error_in<float>(file_of("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': ()}\n", 4)) ==
          "f: byte 20: expected the type of one number, as an array of records or of parts has none, found '[('x', "
          "'<f4')], 'for'");
}

TEST_CASE("arrays are written byte for byte as NumPy writes them") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("x.npy");
    for (const char* name : {"float32_2x3", "float64_scalar", "int32_3", "int64_2x1x2", "uint8_0x3"}) {
        CAPTURE(name);
        const std::string original = fixture(name + std::string(".npy"));
        nib::TensorFile file = nib::open_npy(original);
        const nib::TensorInfo& tensor = file.tensors()[0];
        const std::vector<std::byte> bytes = file.bytes(tensor);
        nib::save_npy(path, {"any", tensor.dtype, tensor.shape, bytes});
        CHECK(nib::read_file(path) == nib::read_file(original));
    }
    const std::vector<std::int32_t> numbers{1, -2, std::numeric_limits<std::int32_t>::max()};
    nib::save_npy<std::int32_t>(path, {3}, numbers);
    CHECK(nib::read_file(path) == nib::read_file(fixture("int32_3.npy")));
}

TEST_CASE("what NumPy cannot hold, or does not fit its shape, is not written") {
    const support::TemporaryDirectory folder;
    const std::string path = folder.path("x.npy");
    const std::vector<std::byte> bytes(4);
    const auto error_with = [&](nib::Dtype dtype, const Shape& shape) {
        return error_of([&] { return nib::save_npy(path, {"w", dtype, shape, bytes}), 0; });
    };
    CHECK(error_with(nib::Dtype::bf16, {2}) == path + ": tensor \"w\" is bfloat16, a type that NumPy lacks");
    CHECK(contains(error_with(nib::Dtype::f8_e5m2, {4}), "is float8_e5m2, a type that NumPy lacks"));
    CHECK(contains(error_with(nib::Dtype::f32, {2}), "expected the data of shape [2] of F32, found 4 bytes"));
    CHECK(contains(error_with(nib::Dtype::u8, Shape(30000, 1)), "found 4 bytes"));
    CHECK(contains(error_with(nib::Dtype::f32, Shape(30000, 1)), "more dimensions than an .npy file can hold"));
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("the dictionary may have its keys in any order and spaces between its parts") {
    CHECK(error_in<std::uint8_t>(file_of("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n", 6)).empty());
    CHECK(error_in<std::uint8_t>(file_of("{'shape':(2,3,),'fortran_order':False,'descr':'|u1'}\n", 6)).empty());
    CHECK(
        error_in<std::uint8_t>(file_of("{ 'descr' : '|u1' , 'shape' : ( ) , 'fortran_order' : False } \n", 1)).empty());
    CHECK(error_in<std::uint8_t>(file_of("{'descr':'|u1','fortran_order':False,'shape':(2,)}\n", 2)).empty());
    // As others than NumPy write it, and NumPy reads it.
    CHECK(error_in<std::uint8_t>(file_of("{\"descr\": \"|u1\", \"fortran_order\": False, \"shape\": (2, 3)}\n", 6)) ==
          "");
    CHECK(error_in<std::uint8_t>(file_of("{\"descr\": '|u1', 'fortran_order': False, \"shape\": (2L, 3L), }", 6)) ==
          "");
    CHECK(error_in<std::uint8_t>(file_of("{'descr': u'|u1', u'fortran_order': False, 'shape': (2L,)}\n\n", 2)) == "");
    CHECK(error_in<std::uint8_t>(file_of("\t{'descr':\n'|u1','fortran_order':\tFalse,\r\n'shape':(2 ,)}   ", 2)) == "");
}

TEST_CASE("a header is no longer than that of numbers may be") {
    std::string file = "\x93NUMPY\2" + std::string(1, '\0');
    file += std::string("\0\0\1\0", 4);
    const std::string dict = "{'descr': '|u1', 'fortran_order': False, 'shape': ()}";
    CHECK(error_in<std::uint8_t>(file + dict + std::string(65536 - dict.size(), ' ') + "x") ==
          "f: byte 8: expected a header of at most 65535 bytes, found one of 65536");
    file[8] = file[9] = '\xff';
    file[10] = '\0';
    CHECK(error_in<std::uint8_t>(file + dict + std::string(65535 - dict.size(), ' ') + "x") == "");
}

TEST_CASE("a dictionary of anything else is refused, and where is said") {
    const std::string before = "{'descr': '|u1', 'fortran_order': False, 'shape': ";
    const auto error_after = [&](const std::string& rest) { return error_in<std::uint8_t>(file_of(before + rest, 1)); };
    CHECK(error_after("(1,), }\n").empty());
    CHECK(error_after("(1), }\n") == "f: byte 62: expected ',', found '), }?'");
    for (const char* rest : {"1, }\n", "[1], }\n", "(-1,), }\n", "(1LL,), }\n", "(1.0,), }\n", "(,), }\n", "(1,,), }\n",
                             "(1 1), }\n", "(99999999999999999999,), }\n", "(1,", "(1", "("}) {
        CAPTURE(rest);
        CHECK(contains(error_after(rest), "f: byte "));
    }
    CHECK(contains(error_after("(1,), } x\n"), "expected nothing but white space behind the '}', found 'x?'"));
    CHECK(contains(error_after("(1,), 'descr': '|u1'}\n"), "each once"));
    CHECK(contains(error_after("(1,), 'x': 1}\n"),
                   "f: byte 66: expected 'descr', 'fortran_order' and 'shape', each once"));
    CHECK(contains(error_after("(1,),, }\n"), "expected a string in quotes without escapes, found ', }?'"));
    for (const char* dict :
         {"", "\n", "{}\n", "{'descr': '|u1', 'fortran_order': False}\n", "('descr', '|u1')\n",
          "{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}\n",
          "{'descr': [('x', '|u1')], 'fortran_order': False, 'shape': (1,)}\n",
          "{'descr': b'|u1', 'fortran_order': False, 'shape': (1,)}\n",
          "{'descr': '|u\\x31', 'fortran_order': False, 'shape': (1,)}\n",
          "{'descr': '|u1, 'fortran_order': False, 'shape': (1,)}\n",
          "{\"descr': '|u1', 'fortran_order': False, 'shape': (1,)}\n", "{'descr", "{'descr':", "{u"}) {
        CAPTURE(dict);
        CHECK(contains(error_in<std::uint8_t>(file_of(dict, 1)), "f: byte "));
    }
}

TEST_CASE("an escape in a string is refused, not taken as it stands") {
    CHECK(error_in<std::uint8_t>(file_of("{'descr': '|u\\x31', 'fortran_order': False, 'shape': (1,)}\n", 1)) ==
          "f: byte 20: expected a string in quotes without escapes, found ''|u\\x31', 'fortran_o'");
}

TEST_CASE("what is no .npy file is refused") {
    CHECK(error_in<float>("") == "f: byte 0: expected an .npy file, which starts with 93 'NUMPY'");
    CHECK(contains(error_in<float>("PK\x03\x04 and so on"), "expected an .npy file"));
    CHECK(error_in<float>(std::string("\x93NUMPY\x04\0\0\0\0\0", 12)) ==
          "f: byte 6: expected version 1.0, 2.0 or 3.0 of the .npy format, found 4.0");
    CHECK(contains(error_in<float>(std::string("\x93NUMPY\0\0\0\0\0\0", 12)), "found 0.0"));
    CHECK(contains(error_in<float>(std::string("\x93NUMPY\x01\x01\0\0\0\0", 12)), "found 1.1"));
    CHECK(error_in<float>(std::string("\x93NUMPY\x02\0\xff\xff\xff\xff", 12)) ==
          "f: byte 8: the header declares 4294967295 bytes, the file holds 0 after it");
}

TEST_CASE("the file holds as many bytes as the shape says, no less and no more") {
    const std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}\n";
    CHECK(error_in<float>(file_of(dict, 24)).empty());
    CHECK(error_in<float>(file_of(dict, 23)) == "f: byte 68: expected 24 bytes of data, the file holds 23");
    CHECK(error_in<float>(file_of(dict, 25)) == "f: byte 68: expected 24 bytes of data, the file holds 25");
    const auto error_with = [](const std::string& shape) {
        return error_in<float>(file_of("{'descr':'<f4','fortran_order':False,'shape':" + shape + "}\n", 0));
    };
    CHECK(error_with("(0, 18446744073709551615)").empty());
    CHECK(contains(error_with("(4611686018427387904,)"), "expected a shape whose size does not overflow"));
    CHECK(contains(error_with("(4294967296, 4294967296)"), "expected a shape whose size does not overflow"));
    CHECK(contains(error_with("(1000000000000,)"), "expected 4000000000000 bytes of data, the file holds 0"));
}

TEST_CASE("an array file cut anywhere is refused, and no changed byte leads astray") {
    for (const char* name : {"float32_2x3.npy", "uint8_version2.npy"}) {
        const std::string file = nib::read_file(fixture(name));
        const auto error_reading = [&](std::string_view content) {
            return name[0] == 'f' ? error_in<float>(content) : error_in<std::uint8_t>(content);
        };
        REQUIRE(error_reading(file).empty());
        for (std::size_t size = 0; size < file.size(); ++size) {
            CAPTURE(size);
            const std::vector<char> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
            CHECK_FALSE(error_reading(std::string_view(cut.data(), cut.size())).empty());
        }
        for (std::size_t i = 0; i < file.size(); ++i) {
            for (int change = 1; change < 256; ++change) {
                std::string changed = file;
                changed[i] = static_cast<char>(changed[i] ^ change);
                static_cast<void>(error_reading(changed));
            }
        }
    }
}

TEST_CASE("a missing array file is named") {
    CHECK(contains(error_of([] { return nib::load_npy<float>("/nowhere/x.npy"); }), "/nowhere/x.npy: cannot open"));
}

TEST_CASE("arrays of real size are read as NumPy reads them") {
    if (const auto path = support::real_data("torch/logprobs.npy")) {
        const auto array = nib::load_npy<float>(*path);
        CHECK(array.shape == Shape{256, 10});
        CHECK(array.values.front() == -0x1.9be4460000000p+3f);
        CHECK(array.values.back() == -0x1.7627680000000p+2f);
    }
    if (const auto path = support::real_data("torch/trace_batches.npy")) {
        const auto array = nib::load_npy<std::int32_t>(*path);
        CHECK(array.shape == Shape{200, 15});
        CHECK(array.values.front() == 16704);
        CHECK(array.values.back() == 5085);
    }
}
