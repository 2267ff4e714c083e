#include <nib/model/detail/shared_columns.hpp>

#include "../../support.hpp"

#include <cstddef>

namespace detail = nib::detail;

TEST_CASE("threads share columns of wide layers whose weights are more than the batch's outputs") {
    CHECK(detail::shares_columns({784, 800}, 128, 2));
    CHECK(!detail::shares_columns({784, 800}, 128, 1));
    CHECK(!detail::shares_columns({784, 255}, 128, 2));
    CHECK(detail::shares_columns({784, 256}, 128, 2));
    CHECK(!detail::shares_columns({784, 800}, 785, 2));
    CHECK(!detail::shares_columns({784, 800}, 128, 7));
}

TEST_CASE_TEMPLATE("chunks of columns are whole blocks that follow each other to the last column", T, float, double) {
    constexpr std::size_t block = nib::kernels::column_block<T>;
    for (std::size_t parts = 1; parts <= 9; ++parts)
        for (std::size_t columns = 1; columns <= 40 * block; columns += 7) {
            std::size_t end = 0;
            for (std::size_t part = 0; part < parts; ++part) {
                const nib::Range chunk = detail::chunk_of_columns<T>(columns, part, parts);
                CHECK(chunk.first == end);
                if (columns >= parts * block) CHECK(nib::kernels::is_whole_blocks<T>(chunk, columns));
                CHECK(chunk.count < columns / parts + 2 * block);
                end += chunk.count;
            }
            CHECK(end == columns);
        }
}
