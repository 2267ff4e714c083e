#include <nib/kernels/relay.hpp>

#include "../reference.hpp"
#include "../support.hpp"
#include "listed.hpp"

#include <nib/core/threads.hpp>

#include <cstddef>

namespace {

namespace kernels = nib::kernels;
using kernels::Activation;
using nib::Matrix;
using reference::Guarded;
using reference::Listed;
using reference::same_bits;

template <class T>
void check_equal_to_matmul(const Matrix<T>& x, std::size_t outputs, nib::Executor& executor,
                           kernels::RelayRoom<T>& room, nib::Rng& rng) {
    const Matrix<T> w = reference::random_matrix<T>(x.cols(), outputs, rng);
    const Matrix<T> bias = reference::random_matrix<T>(1, outputs, rng);
    const Listed<T> listed{x};
    REQUIRE(listed.inputs.is_sparse());
    const kernels::Epilogue<T> epilogues[] = {
        {}, {.bias = bias.data()}, {.bias = bias.data(), .activation = Activation::relu}};
    reference::for_each_isa([&](nib::Isa) {
        for (const auto& epilogue : epilogues) {
            Matrix<T> expected(x.rows(), outputs);
            kernels::matmul<T>(x.view(), w, expected, epilogue);
            for (const std::size_t parts : reference::Sizes{1, 2, 3, 5}) {
                CAPTURE(parts);
                Guarded<T> y(x.rows(), outputs);
                kernels::matmul_relay<T>(listed.inputs.sparse(), w, y.view(), epilogue, executor, parts, room);
                CHECK(same_bits(y, expected));
                CHECK(y.margins_untouched());
            }
        }
    });
}

}  // namespace

TEST_CASE_TEMPLATE("a relay's product equals the dense one to the bit, however many threads take part", T, float,
                   double) {
    nib::Rng rng{5};
    nib::ThreadPool pool{5};
    kernels::RelayRoom<T> room;  // the same for all shapes, as a workspace's is
    for (const std::size_t rows : reference::Sizes{1, 63, 64, 65, 150})
        for (const std::size_t features : reference::Sizes{1, 30, 200}) {
            Matrix<T> x = reference::random_matrix<T>(rows, features, rng, 0.8);
            for (T& value : x.row(rows / 2)) value = 0;
            if (features == 1)
                for (T& value : x.values()) value = 0;
            for (const std::size_t outputs : reference::Sizes{1, 10, 64, 128, 130, 257, 400}) {
                CAPTURE(rows);
                CAPTURE(features);
                CAPTURE(outputs);
                check_equal_to_matmul(x, outputs, pool, room, rng);
            }
        }
}

TEST_CASE("the threads of a relay own each row of the weights once, the caller the last ones") {
    for (std::size_t rows = 1; rows < 300; rows += 7)
        for (std::size_t parts = 1; parts < 6; ++parts) {
            std::size_t end = rows;
            for (std::size_t part = 0; part < parts; ++part) {
                const nib::Range range = kernels::relay_range(rows, part, parts);
                if (range.count > 0) CHECK(range.first + range.count == end);
                end -= range.count;
            }
            CHECK(end == 0);
        }
}

TEST_CASE("a relay's pieces are as many as its groups of lists times its blocks of columns") {
    CHECK(kernels::relay_pieces<float>(1, 1) == 1);
    CHECK(kernels::relay_pieces<float>(64, 255) == 1);
    CHECK(kernels::relay_pieces<float>(128, 800) == 12);
    CHECK(kernels::relay_pieces<double>(65, 128) == 4);
}
