// Dropout<P>: in training each number becomes 0 with probability P, and the others are divided by 1 - P; else it does
// nothing. torch.nn.Dropout (Srivastava et al. 2014).  x, y: [B, F] for any F.
//
//   nib::Sequential<nib::Dense<784, 64>, nib::ReLU, nib::Dropout<0.2>, nib::Dense<64, 10>, nib::LogSoftmax>
//
// DropoutOfAnyRate is the same of a probability that is known when the program runs, for an Mlp.
//
// No random number is drawn: which numbers become 0 is a hash of the pass's key (of epoch, step and layer), the row in
// the epoch and the column, so that threads give the same bits, and so does a run of
// shuffled batches that goes on from a checkpoint.
#pragma once

#include <nib/core/detail/constant.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/layers/layer.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace nib::inline NIB_ABI {

namespace detail {

void probability_out_of_range();  // not constexpr: a constant that calls it does not compile

// 0 <= p < 1 as a template argument.
struct DropProbability : Constant {
    template <class P>
    requires std::is_arithmetic_v<P>
    consteval DropProbability(P p) : Constant{p} {
        if (!(p >= 0 && p < 1)) probability_out_of_range();
    }
};

// to = 0 where the mask says so, else from / (1 - probability).
template <class T>
void drop(const Pass<T>& pass, double probability, MatrixView<const T> from, MatrixView<T> to);

inline std::string dropout_description(double probability) { return "Dropout(p=" + format_shortest(probability) + ")"; }
// Fails on a probability that is not in [0, 1).
inline void check_drop_probability(double probability) {
    if (!is_finite(probability) || probability < 0 || probability >= 1)
        fail({"Dropout: expected a probability of at least 0 and below 1, found ", format_shortest(probability)});
}

struct DropoutTraits {
    static constexpr bool backward_reads_input = false;
    static constexpr bool backward_reads_output = false;
    static constexpr bool runs_in_place = true;
    static constexpr bool only_in_training = true;

    template <class List = std::vector<Operator>>
    static List operators() {
        return {};
    }
};

}  // namespace detail

template <detail::DropProbability P>
struct Dropout : detail::DropoutTraits {
    template <class T>
    static void forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y) {
        detail::drop(pass, P.value(), x, y);
    }
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T> /*x*/, MatrixView<const T> /*y*/,
                               MatrixView<const T> dy, MatrixView<T> dx) {
        detail::drop(pass, P.value(), dy, dx);
    }

    static std::string description() { return detail::dropout_description(P.value()); }
};

struct DropoutOfAnyRate : detail::DropoutTraits {
    double setting;  // the probability

    // Throws unless 0 <= p < 1.
    explicit DropoutOfAnyRate(double p = 0.5) : setting{p} { detail::check_drop_probability(p); }

    template <class T>
    static void forward(const Pass<T>& pass, MatrixView<const T> x, MatrixView<T> y) {
        detail::drop(pass, pass.setting, x, y);
    }
    template <class T>
    static void backward_input(const Pass<T>& pass, MatrixView<const T> /*x*/, MatrixView<const T> /*y*/,
                               MatrixView<const T> dy, MatrixView<T> dx) {
        detail::drop(pass, pass.setting, dy, dx);
    }

    static std::string description(LayerShape /*shape*/, double p) { return detail::dropout_description(p); }
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/kernels/vector.hpp>

namespace nib::inline NIB_ABI::detail {

// The finalisers of MurmurHash3 (Appleby 2011), of one number and of a vector.
constexpr std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53;
    return x ^ (x >> 33);
}
template <class Numbers>
NIB_ALWAYS_INLINE void mix(Numbers& x) {
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    x ^= x >> 16;
}

template <class T>
void drop(const Pass<T>& pass, double probability, MatrixView<const T> from, MatrixView<T> to) {
    if (!pass.training) {
        if (from.data() != to.data()) copy_values(from.data(), from.size(), to.data());
        return;
    }
    const auto threshold = static_cast<std::uint32_t>(probability * 4294967296.0);
    const auto scale = static_cast<T>(1 / (1 - probability));
    const std::uint64_t key = pass.key, first_row = pass.first_row;
    kernels::dispatch([=](auto level) NIB_LAMBDA_ALWAYS_INLINE {
        using Level = decltype(level);
        using Numbers = kernels::Vector<Level, std::uint32_t>;
        constexpr std::size_t width = kernels::lanes<Level, std::uint32_t>, piece = 64;
        Numbers steps;
        for (std::size_t k = 0; k < width; ++k) steps[k] = static_cast<std::uint32_t>(k);
        for (std::size_t i = 0; i < from.rows(); ++i) {
            const std::uint64_t row_key = mixed(key ^ (first_row + i) * 0x9e3779b97f4a7c15);
            const auto low = static_cast<std::uint32_t>(row_key), high = static_cast<std::uint32_t>(row_key >> 32);
            const T* const x = from.data() + i * from.cols();
            T* const y = to.data() + i * to.cols();
            for (std::size_t j = 0; j < from.cols(); j += piece) {
                T factors[piece];
                for (std::size_t k = 0; k < piece; k += width) {
                    Numbers numbers = ((steps + static_cast<std::uint32_t>(j + k)) * 0x9e3779b9u) ^ low;
                    mix(numbers);
                    numbers += high;
                    mix(numbers);
                    const auto dropped = numbers < threshold;  // -1 where it is
                    if constexpr (sizeof(T) == sizeof(std::uint32_t))
                        kernels::store(factors + k,
                                       scale + scale * __builtin_convertvector(dropped, kernels::Vector<Level, T>));
                    else  // GCC 12 fails on a conversion to wider vectors
                        for (std::size_t lane = 0; lane < width; ++lane)
                            factors[k + lane] = dropped[lane] != 0 ? T{0} : scale;
                }
                const std::size_t end = smaller(piece, from.cols() - j);
                for (std::size_t k = 0; k < end; k += kernels::lanes<Level, T>) {
                    kernels::Vector<Level, T> value, factor;
                    kernels::load_at_most(value, x + j + k, end - k);
                    kernels::load(factor, factors + k);
                    value *= factor;
                    kernels::store_at_most(y + j + k, value, end - k);
                }
            }
        }
    });
}

}  // namespace nib::inline NIB_ABI::detail

#endif
