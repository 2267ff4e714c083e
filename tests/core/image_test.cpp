#include <nib/core/image.hpp>

#include "../support.hpp"

TEST_CASE("an image is empty until it is given sizes and pixels") {
    const nib::Image image;
    CHECK(image.rows == 0);
    CHECK(image.cols == 0);
    CHECK(image.pixels.empty());
    const nib::Image other{1, 2, {3, 4}};
    CHECK(other.pixels[1] == 4);
}
