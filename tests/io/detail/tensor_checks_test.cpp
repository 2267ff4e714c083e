#include <nib/io/detail/tensor_checks.hpp>

#include "../../support.hpp"

#include <array>
#include <string>
#include <vector>

using support::contains;
using support::error_of;

TEST_CASE("shapes and names are short in messages, however long they are") {
    CHECK(nib::detail::shape_text({}) == "[]");
    CHECK(nib::detail::shape_text({64, 784}) == "[64, 784]");
    CHECK(nib::detail::shape_text(std::vector<std::size_t>(1000, 1)) == "[1, 1, 1, 1, 1, 1, 1, 1, ...]");
    CHECK(nib::detail::tensor_label("fc1.weight") == "\"fc1.weight\"");
    CHECK(nib::detail::tensor_label("a\nb") == "\"a?b\"");
    CHECK(nib::detail::tensor_label(std::string(100000, 'x')).size() < 70);
}

TEST_CASE("sizes that overflow are noticed") {
    std::size_t count = 0;
    CHECK(nib::detail::element_count({}, count));
    CHECK(count == 1);
    CHECK(nib::detail::element_count({2, 3, 4}, count));
    CHECK(count == 24);
    constexpr std::size_t half = std::size_t{1} << 32;
    CHECK_FALSE(nib::detail::element_count({half, half}, count));
    CHECK(nib::detail::tensor_size(nib::Dtype::f32, {half, half / 8}, count));
    CHECK_FALSE(nib::detail::tensor_size(nib::Dtype::f32, {half, half / 4}, count));
    CHECK(nib::detail::row_major_strides({2, 3, 4}) == std::vector<std::size_t>{12, 4, 1});
    CHECK(nib::detail::row_major_strides({}).empty());
}

TEST_CASE("tensors that no file can hold are refused by name") {
    const std::array<std::byte, 4> data{};
    const auto error_with = [](const std::vector<nib::Tensor>& tensors) {
        return error_of([&] { return nib::detail::check_tensors_to_save("f", tensors), 0; });
    };
    CHECK(error_with({{"a", nib::Dtype::f32, {}, data}, {"b", nib::Dtype::u8, {2, 2}, data}}).empty());
    CHECK(error_with({{"a", nib::Dtype::f32, {2}, data}}) ==
          "f: tensor \"a\": expected the data of shape [2] of F32, found 4 bytes");
    CHECK(contains(error_with({{"a", nib::Dtype::u8, {4}, data}, {"a", nib::Dtype::f32, {}, data}}),
                   "tensor \"a\": two tensors have this name"));
    CHECK(contains(error_with({{"a", nib::Dtype::f32, {std::size_t{1} << 62}, {}}}), "expected the data of shape"));
}
