// nib's dense products against OpenBLAS's sgemm, in one process and in turns.
//
//   products [ROUNDS]
//
// Squares, the three products of the layers of 784-64-64-64-10: forward (y = x w), weights (dw = x^T dy), inputs
// (dx = dy w^T), and some of wide layers, whose rows lie a power of two apart; without bias and activation, which sgemm
// has not. One thread (OPENBLAS_NUM_THREADS=1), and its CPU time; no number is zero. Prints a table of medians:
// GFLOP/s, how many times as fast nib is, and nib's part of what multiply-adds in registers reach. Fails where the two
// results differ.
#include "fma_peak.hpp"

#include <nib/core/matrix.hpp>
#include <nib/core/random.hpp>
#include <nib/kernels/matmul.hpp>

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using Matrix = nib::Matrix<float>;

enum class Pass { forward, weights, inputs };

// c = a b, as a layer with `in` and `out` features computes it for `batch` examples.
struct Case {
    Pass pass;
    std::size_t batch, in, out;
    Matrix a, b, c;
    std::vector<double> nib_seconds = {}, openblas_seconds = {};

    std::string name() const {
        const char* const passes[] = {"forward", "weights", "inputs"};
        return std::to_string(batch) + " x " + std::to_string(in) + " x " + std::to_string(out) + " " +
               passes[static_cast<int>(pass)];
    }
    double flops() const { return 2.0 * static_cast<double>(batch * in * out); }
};

Matrix random_matrix(std::size_t rows, std::size_t cols) {
    nib::Rng rng{rows * 10000 + cols};
    Matrix matrix(rows, cols);
    for (float& value : matrix.values()) value = static_cast<float>(rng.uniform(0.1, 1.0));
    return matrix;
}

Case make_case(Pass pass, std::size_t batch, std::size_t in, std::size_t out) {
    const auto x = [&] { return random_matrix(batch, in); };
    const auto w = [&] { return random_matrix(in, out); };
    const auto y = [&] { return random_matrix(batch, out); };
    switch (pass) {
        case Pass::forward:
            return {pass, batch, in, out, x(), w(), Matrix(batch, out)};
        case Pass::weights:
            return {pass, batch, in, out, x(), y(), Matrix(in, out)};
        default:
            return {pass, batch, in, out, y(), w(), Matrix(batch, in)};
    }
}

void run_nib(Case& p) {
    switch (p.pass) {
        case Pass::forward:
            return nib::kernels::matmul<float>(p.a.view(), p.b.view(), p.c.view());
        case Pass::weights:
            return nib::kernels::matmul_at_b<float>(p.a.view(), p.b.view(), p.c.view());
        default:
            return nib::kernels::matmul_a_bt<float>(p.a.view(), p.b.view(), p.c.view());
    }
}

void run_openblas(Case& p) {
    const auto size = [](std::size_t n) { return static_cast<blasint>(n); };
    const auto a_transposed = p.pass == Pass::weights ? CblasTrans : CblasNoTrans;
    const auto b_transposed = p.pass == Pass::inputs ? CblasTrans : CblasNoTrans;
    const std::size_t depth = p.pass == Pass::weights ? p.a.rows() : p.a.cols();
    cblas_sgemm(CblasRowMajor, a_transposed, b_transposed, size(p.c.rows()), size(p.c.cols()), size(depth), 1,
                p.a.data(), size(p.a.cols()), p.b.data(), size(p.b.cols()), 0, p.c.data(), size(p.c.cols()));
}

double largest_difference(Case& p) {
    run_nib(p);
    const Matrix expected = p.c;
    run_openblas(p);
    double largest = 0;
    for (std::size_t i = 0; i < p.c.size(); ++i) {
        const double value = expected.values()[i];
        largest = std::max(largest, std::abs(value - p.c.values()[i]) / std::abs(value));
    }
    return largest;
}

// Seconds of one run, over enough of them that a millisecond passes.
double time_runs(Case& p, void (*run)(Case&)) {
    const int runs = 1 + static_cast<int>(1e8 / p.flops());
    run(p);
    const double start = bench::cpu_seconds();
    for (int i = 0; i < runs; ++i) run(p);
    return (bench::cpu_seconds() - start) / runs;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (const std::size_t n : {512u, 1024u}) cases.push_back(make_case(Pass::forward, n, n, n));
    for (const std::size_t batch : {15u, 128u}) {
        for (const Pass pass : {Pass::forward, Pass::weights, Pass::inputs}) {
            cases.push_back(make_case(pass, batch, 784, 64));
            cases.push_back(make_case(pass, batch, 64, 64));
            cases.push_back(make_case(pass, batch, 64, 10));
        }
    }
    cases.push_back(make_case(Pass::forward, 10000, 784, 64));
    cases.push_back(make_case(Pass::forward, 10000, 64, 64));
    cases.push_back(make_case(Pass::forward, 10000, 64, 10));
    for (const std::size_t n : {1024u, 2048u}) cases.push_back(make_case(Pass::forward, 4, n, n));
    for (const std::size_t batch : {64u, 128u}) cases.push_back(make_case(Pass::forward, batch, 784, 512));
    return cases;
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 21;
    if (rounds < 1) return 2;
    std::vector<Case> cases = all_cases();
    for (Case& p : cases) {
        if (const double difference = largest_difference(p); !(difference < 1e-4)) {
            std::fprintf(stderr, "%s: results differ by %g of their size\n", p.name().c_str(), difference);
            return 1;
        }
    }
    std::vector<double> peaks;
    for (int round = 0; round < rounds; ++round) {
        peaks.push_back(bench::measure_fma_rate<float>());
        for (Case& p : cases) {
            p.nib_seconds.push_back(time_runs(p, run_nib));
            p.openblas_seconds.push_back(time_runs(p, run_openblas));
        }
    }
    const double peak = median(peaks);
    std::printf("OpenBLAS kernels for %s; multiply-adds in registers: %.0f GFLOP/s\n\n", openblas_get_corename(), peak);
    std::printf("| batch x in x out          | nib GFLOP/s | OpenBLAS GFLOP/s | nib / OpenBLAS | nib / peak |\n");
    std::printf("|---------------------------|-------------|------------------|----------------|------------|\n");
    for (const Case& p : cases) {
        const double own = p.flops() / median(p.nib_seconds) * 1e-9;
        const double other = p.flops() / median(p.openblas_seconds) * 1e-9;
        std::printf("| %-25s | %11.1f | %16.1f | %14.2f | %10.2f |\n", p.name().c_str(), own, other, own / other,
                    own / peak);
    }
}
