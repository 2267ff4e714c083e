#include <nib/core/matrix.hpp>

#include "../support.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

TEST_CASE("a view is row-major") {
    std::array<float, 6> numbers{0, 1, 2, 3, 4, 5};
    const nib::MatrixView<float> view{numbers.data(), 2, 3};
    CHECK(view.rows() == 2);
    CHECK(view.cols() == 3);
    CHECK(view.size() == 6);
    CHECK(view(0, 2) == 2.0f);
    CHECK(view(1, 0) == 3.0f);
    CHECK(view.row(1).data() == numbers.data() + 3);
    CHECK(view.row(1).size() == 3);
    CHECK(view.values().data() == numbers.data());
    CHECK(view.values().size() == 6);
}

TEST_CASE("a view writes to the memory that it shows") {
    std::array<int, 4> numbers{};
    const nib::MatrixView<int> view{numbers.data(), 2, 2};
    view(1, 0) = 7;
    view.row(0)[1] = 5;
    CHECK(numbers == std::array<int, 4>{0, 5, 7, 0});
}

TEST_CASE("middle_rows shows some of the rows") {
    std::array<int, 8> numbers{0, 1, 2, 3, 4, 5, 6, 7};
    const nib::MatrixView<const int> middle = nib::MatrixView<const int>{numbers.data(), 4, 2}.middle_rows(1, 2);
    CHECK(middle.rows() == 2);
    CHECK(middle.cols() == 2);
    CHECK(middle(0, 0) == 2);
    CHECK(middle(1, 1) == 5);
    CHECK(middle.middle_rows(2, 0).empty());
}

TEST_CASE("a view that writes becomes one that reads, and not the other way round") {
    using Writing = nib::MatrixView<float>;
    using Reading = nib::MatrixView<const float>;
    static_assert(std::is_convertible_v<Writing, Reading>);
    static_assert(!std::is_convertible_v<Reading, Writing>);
    static_assert(!std::is_convertible_v<nib::MatrixView<double>, Reading>);
    static_assert(std::is_convertible_v<nib::Matrix<float>&, Writing>);
    static_assert(std::is_convertible_v<nib::Matrix<float>&, Reading>);
    static_assert(std::is_convertible_v<const nib::Matrix<float>&, Reading>);
    static_assert(!std::is_convertible_v<const nib::Matrix<float>&, Writing>);
    static_assert(std::is_same_v<Reading::value_type, float>);
    // Else a call that takes a matrix or a span would be ambiguous.
    static_assert(!std::is_convertible_v<Writing, std::span<float>>);
    static_assert(!std::is_convertible_v<nib::Matrix<float>&, std::span<float>>);
    static_assert(!std::is_convertible_v<const nib::Matrix<float>&, std::span<const float>>);
    static_assert(!std::is_convertible_v<nib::Matrix<float>, std::span<const float>>);
}

TEST_CASE("a view made without arguments is empty") {
    const nib::MatrixView<float> view;
    CHECK(view.empty());
    CHECK(view.data() == nullptr);
    CHECK(view.values().empty());
}

TEST_CASE("a view works in constant expressions") {
    static constexpr std::array<int, 4> numbers{1, 2, 3, 4};
    static_assert(nib::MatrixView<const int>{numbers.data(), 2, 2}(1, 0) == 3);
}

TEST_CASE("a matrix owns zeros that start a cache line") {
    nib::Matrix<float> matrix{3, 5};
    CHECK(matrix.rows() == 3);
    CHECK(matrix.cols() == 5);
    CHECK(matrix.size() == 15);
    CHECK(reinterpret_cast<std::uintptr_t>(matrix.data()) % 64 == 0);
    for (const float value : matrix.values()) CHECK(value == 0.0f);
    matrix(2, 1) = 4.0f;
    CHECK(matrix.values()[11] == 4.0f);
    CHECK(matrix.row(2)[1] == 4.0f);
    CHECK(matrix.view()(2, 1) == 4.0f);
}

TEST_CASE("a copied matrix has numbers of its own") {
    nib::Matrix<int> matrix{1, 2};
    nib::Matrix<int> copy = matrix;
    copy(0, 0) = 1;
    CHECK(matrix(0, 0) == 0);
    CHECK(copy.cols() == 2);
}

TEST_CASE("a matrix that was moved from is empty, and one too large for memory's places is refused") {
    nib::Matrix<float> a(2, 3);
    a(1, 2) = 5;
    nib::Matrix<float> b = std::move(a);
    CHECK(b(1, 2) == 5);
    CHECK(a.rows() == 0);
    CHECK(a.view().empty());
    a = std::move(b);
    CHECK(a(1, 2) == 5);
    CHECK(b.cols() == 0);
    constexpr std::size_t half = std::size_t{1} << (sizeof(std::size_t) * 4 + 1);
    CHECK(support::contains(support::error_of([&] { nib::Matrix<float>(half, half); }), "are too many"));
}

TEST_CASE("a matrix takes over values, as many as it has") {
    nib::AlignedVector<float> values{1, 2, 3, 4, 5, 6};
    const float* const data = values.data();
    const nib::Matrix<float> matrix{std::move(values), 3, 2};
    CHECK(matrix.data() == data);
    CHECK(matrix(2, 1) == 6);
    CHECK(support::error_of([] {
              return nib::Matrix<float>{nib::AlignedVector<float>(5), 3, 2};
          }) == "Matrix: expected 3 x 2 numbers, found 5");
}
