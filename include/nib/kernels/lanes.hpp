// Lanes: one vector register of numbers, and what the rules of activations and optimisers are written with.
//
//   + - * / += -= *= /= and unary -   lane by lane; a scalar on either side counts for every lane
//   < <= > >= == !=                   make a mask: & | ! of masks, where(mask, a, b), and x * mask, which is x or 0
//   fma(a, b, c)                      a b + c, rounded once where the instruction set can, so with AVX2 and AVX-512
//   polynomial(x, c3, c2, c1, c0)     ((c3 x + c2) x + c1) x + c0 by fma
//   sqrt(x)                           correctly rounded
//   over_root(a, x, b)                a / (sqrt(x) + b); for rules of optimisers (optim/optimizer.hpp)
//   abs(x), copysign(x, y)            by the bits: |x|, and |x| with the sign of y
//   larger(a, b), smaller(a, b)       a where either is NaN
//   exp, expm1, log, log1p, tanh,     in double the C library's, lane by lane; in float polynomials:
//   erf, sigmoid(x)
//
//                    relative error below   and else
//   exp              1.2e-7                 0 below -87, infinity above 88.7
//   expm1            3e-7                   exp(x) - 1
//   log              1.2e-7                 log(0) = -infinity; NaN below 0
//   log1p            3e-7                   log(1 + x)
//   tanh             2e-7                   ±1 from ±9.1 on
//   erf              2e-7                   ±1 from ±4 on
//   sigmoid          3e-7                   1 / (1 + exp(-x)); 0 below -88.7
//
// NaN gives NaN (not under -ffast-math, which says that there is none), infinity the limit. Results of exp to sigmoid
// have the same bits on every instruction set with fused multiply-add. So has a sum a * b + c only where it is written
// as fma(a, b, c): the compiler may round it once or twice.
//
// A function of Lanes needs no attributes. Where it is not inlined it is compiled for the build's own instruction set,
// slower and with the same results; so Lanes are passed in memory, as their copy constructor demands.
#pragma once

#include <nib/kernels/vector.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>

namespace nib::inline NIB_ABI::kernels {

namespace detail {

// Function::run(arguments…) with the instructions of a level; a call, where they are not the caller's. In a loop,
// Function::run<V>(arguments…), all that is called is inlined, where the compiler can: rules, which have no attributes.
#if defined(__clang__)
#define NIB_NO_CLONE
#else
#define NIB_NO_CLONE [[gnu::noclone]]  // GCC's clones are not inlined by flatten, nor into its functions
#endif
#define NIB_ON_LEVEL(Level, target)                                                                \
    template <class Function, class... Arguments>                                                  \
    target NIB_NO_CLONE inline void on_level(Level, Arguments&... arguments) {                     \
        Function::run(arguments...);                                                               \
    }                                                                                              \
    template <class Function, class V, class... Arguments>                                         \
    target NIB_NO_CLONE [[gnu::flatten, gnu::noinline]] void loop(Level, Arguments... arguments) { \
        Function::template run<V>(arguments...);                                                   \
    }
NIB_ON_LEVEL(Baseline, )
#if NIB_X86_DISPATCH
NIB_ON_LEVEL(Avx2, NIB_TARGET_AVX2)
NIB_ON_LEVEL(Avx512, NIB_TARGET_AVX512)
#endif
#undef NIB_ON_LEVEL
#undef NIB_NO_CLONE

struct Fma;
struct SquareRoot;
struct OverRoot;
struct Exponential;
struct ExponentialMinusOne;
struct Logarithm;
struct LogarithmOfOnePlus;
struct HyperbolicTangent;
struct Erf;

}  // namespace detail

template <class Level, class T, std::size_t Bytes = Level::vector_bytes>
struct Lanes {
    using level = Level;
    using value_type = T;
    using Vector = typename VectorOf<T, Bytes>::type;
    using Integers = decltype(Vector{} < Vector{});
    using Integer = std::remove_cvref_t<decltype(Integers{}[0])>;
    static constexpr std::size_t size = Bytes / sizeof(T);

    struct Mask {
        NIB_ALWAYS_INLINE explicit Mask(const Integers& all) : bits{all} {}
        NIB_ALWAYS_INLINE Mask(const Mask& other) : bits{other.bits} {}
        NIB_ALWAYS_INLINE Mask& operator=(const Mask& other) { return bits = other.bits, *this; }
        NIB_ALWAYS_INLINE friend Mask operator&(const Mask& a, const Mask& b) { return Mask{a.bits & b.bits}; }
        NIB_ALWAYS_INLINE friend Mask operator|(const Mask& a, const Mask& b) { return Mask{a.bits | b.bits}; }
        NIB_ALWAYS_INLINE friend Mask operator!(const Mask& a) { return Mask{~a.bits}; }
        Integers bits;  // all of them in a lane where it is true
    };

    NIB_ALWAYS_INLINE Lanes() {}
    NIB_ALWAYS_INLINE explicit Lanes(const Vector& all) : vector{all} {}
    template <class Scalar>
    requires std::is_arithmetic_v<Scalar> NIB_ALWAYS_INLINE Lanes(Scalar x) {
        // GCC would fill a member with a floating-point number one lane at a time.
        const Integers all = std::bit_cast<Integer>(static_cast<T>(x)) - Integers{};
        vector = reinterpret_cast<Vector>(all);
    }
    NIB_ALWAYS_INLINE Lanes(const Lanes& other) : vector{other.vector} {}
    NIB_ALWAYS_INLINE Lanes& operator=(const Lanes& other) { return vector = other.vector, *this; }

#define NIB_LANES_OPERATOR(op)                                                                                         \
    NIB_ALWAYS_INLINE friend Lanes operator op(const Lanes& a, const Lanes& b) { return Lanes{a.vector op b.vector}; } \
    NIB_ALWAYS_INLINE Lanes& operator op##=(const Lanes& b) { return vector = vector op b.vector, *this; }
#define NIB_LANES_COMPARISON(op) \
    NIB_ALWAYS_INLINE friend Mask operator op(const Lanes& a, const Lanes& b) { return Mask{a.vector op b.vector}; }
    NIB_LANES_OPERATOR(+)
    NIB_LANES_OPERATOR(-)
    NIB_LANES_OPERATOR(*)
    NIB_LANES_OPERATOR(/)
    NIB_LANES_COMPARISON(<)
    NIB_LANES_COMPARISON(<=)
    NIB_LANES_COMPARISON(>)
    NIB_LANES_COMPARISON(>=)
    NIB_LANES_COMPARISON(==)
    NIB_LANES_COMPARISON(!=)
#undef NIB_LANES_OPERATOR
#undef NIB_LANES_COMPARISON
    NIB_ALWAYS_INLINE friend Lanes operator-(const Lanes& a) { return Lanes{-a.vector}; }
    NIB_ALWAYS_INLINE friend Lanes operator*(const Lanes& a, const Mask& mask) { return where(mask, a, 0); }

    NIB_ALWAYS_INLINE friend Lanes where(const Mask& mask, const Lanes& a, const Lanes& b) {
        return Lanes{mask.bits ? a.vector : b.vector};
    }
    NIB_ALWAYS_INLINE friend Lanes larger(const Lanes& a, const Lanes& b) { return where(a < b, b, a); }
    NIB_ALWAYS_INLINE friend Lanes smaller(const Lanes& a, const Lanes& b) { return where(b < a, b, a); }
    NIB_ALWAYS_INLINE friend Lanes magnitude(const Lanes& x) {
        return of_bits(reinterpret_cast<Integers>(x.vector) & (std::numeric_limits<Integer>::max)());
    }
    // In brackets, since C libraries of small machines have a macro of that name, because of which nib's own rules call
    // magnitude.
    NIB_ALWAYS_INLINE friend Lanes(abs)(const Lanes& x) { return magnitude(x); }
    NIB_ALWAYS_INLINE friend Lanes copysign(const Lanes& x, const Lanes& y) {
        const auto sign = reinterpret_cast<Integers>(y.vector) & (std::numeric_limits<Integer>::min)();
        return of_bits(reinterpret_cast<Integers>(magnitude(x).vector) | sign);
    }
    NIB_ALWAYS_INLINE friend Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
        return Lanes{c}.by<detail::Fma>(a, b);
    }
    template <class Highest, class... Lower>
    NIB_ALWAYS_INLINE friend Lanes polynomial(const Lanes& x, Highest highest, Lower... lower) {
        Lanes sum = highest;
        ((sum = fma(sum, x, lower)), ...);
        return sum;
    }
    NIB_ALWAYS_INLINE friend Lanes sqrt(const Lanes& x) { return Lanes{x}.by<detail::SquareRoot>(); }
    NIB_ALWAYS_INLINE friend Lanes over_root(const Lanes& a, const Lanes& x, const Lanes& b) {
        return Lanes{x}.by<detail::OverRoot>(a, b);
    }
    NIB_ALWAYS_INLINE friend Lanes exp(const Lanes& x) { return Lanes{x}.by<detail::Exponential>(); }
    NIB_ALWAYS_INLINE friend Lanes expm1(const Lanes& x) { return Lanes{x}.by<detail::ExponentialMinusOne>(); }
    NIB_ALWAYS_INLINE friend Lanes log(const Lanes& x) { return Lanes{x}.by<detail::Logarithm>(); }
    NIB_ALWAYS_INLINE friend Lanes log1p(const Lanes& x) { return Lanes{x}.by<detail::LogarithmOfOnePlus>(); }
    NIB_ALWAYS_INLINE friend Lanes tanh(const Lanes& x) { return Lanes{x}.by<detail::HyperbolicTangent>(); }
    NIB_ALWAYS_INLINE friend Lanes erf(const Lanes& x) { return Lanes{x}.by<detail::Erf>(); }
    NIB_ALWAYS_INLINE friend Lanes sigmoid(const Lanes& x) { return 1 / (1 + exp(-x)); }

    // The first `count` lanes, or all where there are no more; the others are 0, and are not stored.
    NIB_ALWAYS_INLINE static Lanes load(const T* values, std::size_t count = size) {
        Lanes lanes;
        load_at_most(lanes.vector, values, count);
        return lanes;
    }
    NIB_ALWAYS_INLINE void store(T* values, std::size_t count = size) const { store_at_most(values, vector, count); }
    NIB_ALWAYS_INLINE static Lanes of_bits(const Integers& bits) { return Lanes{reinterpret_cast<Vector>(bits)}; }
    template <class Function, class... V>
    NIB_ALWAYS_INLINE Lanes& by(const V&... others) {
        detail::on_level<Function>(Level{}, *this, others...);
        return *this;
    }

    Vector vector;
};

namespace detail {

struct Fma {
    template <class V>
    NIB_ALWAYS_INLINE static void run(V& sum, const V& a, const V& b) {
        multiply_add<typename V::level>(sum.vector, a.vector, b.vector);
    }
};

struct SquareRoot {
    template <class V>
    NIB_ALWAYS_INLINE static void run(V& x) {
        V root;
        square_root<typename V::level, typename V::value_type>(root.vector, x.vector);
        x = root;
    }
};

struct OverRoot {
    template <class V>
    NIB_ALWAYS_INLINE static void run(V& x, const V& a, const V& b) {
        SquareRoot::run(x);
        divide<typename V::level, typename V::value_type>(x.vector, a.vector, (x + b).vector);
    }
};

// In double: x = f(x), lane by lane.
template <class V, class F>
NIB_ALWAYS_INLINE void each_lane(V& x, const F& f) {
    for (std::size_t i = 0; i < V::size; ++i) x.vector[i] = f(x.vector[i]);
}
template <class V>
inline constexpr bool single = std::same_as<typename V::value_type, float>;

// x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial in r (the coefficients of Cephes' expf).
struct Exponential {
    template <class V>
    NIB_ALWAYS_INLINE static void run(V& x) {
        if constexpr (!single<V>) {
            each_lane(x, [](double value) NIB_LAMBDA_ALWAYS_INLINE { return exponential(value); });
        } else {
            const V inside = smaller(larger(x, -87.0f), 89.0f);
            // Rounded to an integer by the conversion, which no flag can take away.
            const V turns = fma(1.44269504f, inside, where(inside < 0, -0.5f, 0.5f));
            const auto exponent = __builtin_convertvector(turns.vector, typename V::Integers);
            const V n{__builtin_convertvector(exponent, typename V::Vector)};
            const V r = fma(2.12194440e-4f, n, fma(-0.693359375f, n, inside));  // the first part is exact
            const V p = polynomial(r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                                   1.6666665459e-1f, 5.0000001201e-1f, 1.0f, 1.0f);
            // p 2^n in two factors: 2^128, which n = 128 would need, is no float.
            const auto half = exponent >> 1;
            const auto powers = [](const auto& e) NIB_LAMBDA_ALWAYS_INLINE { return V::of_bits((e + 127) << 23); };
            x = where(x < -87.0f, 0, p * powers(half) * powers(exponent - half));
        }
    }
};

// x = 2^n (1 + r) with 1 + r in [sqrt(1/2), sqrt(2)), and a polynomial in r (the coefficients of Cephes' logf).
struct Logarithm {
    template <class V>
    NIB_ALWAYS_INLINE static void run(V& x) {
        if constexpr (!single<V>) {
            each_lane(x, [](double value) NIB_LAMBDA_ALWAYS_INLINE { return logarithm(value); });
        } else {
            using Limits = std::numeric_limits<float>;
            const auto subnormal = x < (Limits::min)();
            const auto bits = reinterpret_cast<typename V::Integers>(where(subnormal, x * 0x1p23f, x).vector);
            const auto exponent = (bits - 0x3f3504f3) >> 23;
            const V n = V{__builtin_convertvector(exponent, typename V::Vector)} - where(subnormal, 23, 0);
            const V r = V::of_bits(bits - (exponent << 23)) - 1;
            const V square = r * r;
            const V p =
                polynomial(r, 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f,
                           1.4249322787e-1f, -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f);
            const V rest = fma(-0.5f, square, fma(-2.12194440e-4f, n, p * r * square));
            // GCC 12 takes masks that are joined by & apart, lane by lane.
            const V positive = where(x < Limits::infinity(), fma(0.693359375f, n, r + rest), x);
            x = where(x > 0, positive, where(x == 0, -Limits::infinity(), where(x < 0, Limits::quiet_NaN(), x)));
        }
    }
};

// The polynomial of Exponential where n is 0.
struct ExponentialMinusOne {
    template <class V>
    NIB_ALWAYS_INLINE static void run(V& x) {
        if constexpr (!single<V>) {
            each_lane(x, [](double value) NIB_LAMBDA_ALWAYS_INLINE { return __builtin_expm1(value); });
        } else {
            V power = x;
            Exponential::run(power);
            const V p = polynomial(x, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                                   1.6666665459e-1f, 5.0000001201e-1f);
            x = where(magnitude(x) < 0.34f, copysign(fma(p * x, x, x), x), power - 1);
        }
    }
};

// The polynomial of Logarithm where n is 0.
struct LogarithmOfOnePlus {
    template <class V>
    NIB_ALWAYS_INLINE static void run(V& x) {
        if constexpr (!single<V>) {
            each_lane(x, [](double value) NIB_LAMBDA_ALWAYS_INLINE { return __builtin_log1p(value); });
        } else {
            V distant_value = 1 + x;
            Logarithm::run(distant_value);
            const V square = x * x;
            const V p =
                polynomial(x, 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f,
                           1.4249322787e-1f, -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f);
            const V close_value = copysign(x + fma(-0.5f, square, p * x * square), x);
            x = where(magnitude(x - 0.06f) < 0.35f, close_value, distant_value);
        }
    }
};

// A polynomial of the odd powers (the coefficients of Cephes' tanhf) up to 0.625, 1 - 2 / (exp(2 |x|) + 1) from there.
struct HyperbolicTangent {
    template <class V>
    NIB_ALWAYS_INLINE static void run(V& x) {
        if constexpr (!single<V>) {
            each_lane(x, [](double value) NIB_LAMBDA_ALWAYS_INLINE { return __builtin_tanh(value); });
        } else {
            const V size = magnitude(x), square = x * x;
            V power = size + size;
            Exponential::run(power);
            const V p = polynomial(square, -5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f,
                                   -3.33332819422e-1f);
            x = copysign(where(size < 0.625f, fma(p * square, size, size), 1 - 2 / (power + 1)), x);
        }
    }
};

// A polynomial of the odd powers up to 0.92; from there 1 - exp(-q), with a polynomial q fitted to -log(erfc(x)).
struct Erf {
    template <class V>
    NIB_ALWAYS_INLINE static void run(V& x) {
        if constexpr (!single<V>) {
            each_lane(x, [](double value) NIB_LAMBDA_ALWAYS_INLINE { return __builtin_erf(value); });
        } else {
            const V size = smaller(magnitude(x), 4), square = x * x;
            const V q = polynomial(size, -2.1385432e-4f, 3.2139791e-3f, -2.2887187e-2f, 1.0525811e-1f, 6.3572067e-1f,
                                   1.2851381e-1f);
            V power = -fma(q, size, size);
            Exponential::run(power);
            const V p = polynomial(square, -5.9994062e-4f, 4.9948304e-3f, -2.6767720e-2f, 1.1281846e-1f, -3.7612496e-1f,
                                   1.2837915e-1f);
            x = copysign(where(size < 0.92f, fma(p, size, size), 1 - power), x);
        }
    }
};

}  // namespace detail

// Kernel::run<V>(arguments…) on the active level, where V are its Lanes. The arguments are passed by value: pointers
// and sizes, which no store can change.
template <class Kernel, class T, class... Arguments>
void run_lanes(Arguments... arguments) {
    dispatch([=](auto level)
                 NIB_LAMBDA_ALWAYS_INLINE { detail::loop<Kernel, Lanes<decltype(level), T>>(level, arguments...); });
}

// Calls f(i, count) for vectors of numbers i, i + 1, …, of which the last may have fewer; `Together` at once, where f
// is short.
template <class V, std::size_t Together = 4, class F>
NIB_ALWAYS_INLINE void for_each_vector(std::size_t size, const F& f) {
    std::size_t i = 0;
    for (; Together > 1 && i + Together * V::size <= size; i += Together * V::size) {
        NIB_UNROLL
        for (std::size_t k = 0; k < Together; ++k) f(i + k * V::size, V::size);
    }
    for (; i + V::size <= size; i += V::size) f(i, V::size);
    if (i < size) f(i, size % V::size);
}

}  // namespace nib::inline NIB_ABI::kernels
