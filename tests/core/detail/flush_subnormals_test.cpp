#include <nib/core/detail/flush_subnormals.hpp>

#include "../../support.hpp"

#include <cfenv>
#include <limits>

namespace {

// Half of the smallest normal number, and a subnormal number times 2^24, which is a normal one; at run time.
template <class T>
T made_subnormal() {
    volatile T smallest = std::numeric_limits<T>::min();
    return smallest / 2;
}
template <class T>
T taken_subnormal() {
    volatile T subnormal = std::numeric_limits<T>::denorm_min();
    volatile T factor = T{1 << 24};
    volatile T next = subnormal * factor;
    return next * factor;
}

#if defined(__x86_64__) || defined(__aarch64__)
constexpr bool flushes = true;
#else
constexpr bool flushes = false;
#endif

}  // namespace

TEST_CASE_TEMPLATE("within the scope subnormal numbers are 0, and after it they are not", T, float, double) {
    CHECK(made_subnormal<T>() > 0);
    CHECK(taken_subnormal<T>() > 0);
    {
        const nib::ScopedFlushSubnormals scope;
        CHECK((made_subnormal<T>() == 0) == flushes);
        CHECK((taken_subnormal<T>() == 0) == flushes);
        {
            const nib::ScopedFlushSubnormals inner;
            CHECK((made_subnormal<T>() == 0) == flushes);
        }
        CHECK((made_subnormal<T>() == 0) == flushes);
    }
    CHECK(made_subnormal<T>() > 0);
    CHECK(taken_subnormal<T>() > 0);
}

TEST_CASE("a scope that an exception leaves is restored too") {
    CHECK(support::error_of([]() -> int {
              const nib::ScopedFlushSubnormals scope;
              nib::fail("left");
          }) == "left");
    CHECK(made_subnormal<float>() > 0);
}

#if defined(FE_UPWARD) && defined(FE_DIVBYZERO)
TEST_CASE("the rounding mode and the exceptions raised within the scope stay") {
    std::feclearexcept(FE_ALL_EXCEPT);
    std::fesetround(FE_UPWARD);
    {
        const nib::ScopedFlushSubnormals scope;
        volatile double zero = 0;
        volatile double infinite = 1 / zero;
        static_cast<void>(infinite);
        CHECK(std::fegetround() == FE_UPWARD);
    }
    CHECK(std::fegetround() == FE_UPWARD);
    CHECK(std::fetestexcept(FE_DIVBYZERO) != 0);
    std::fesetround(FE_TONEAREST);
    std::feclearexcept(FE_ALL_EXCEPT);
}
#endif
