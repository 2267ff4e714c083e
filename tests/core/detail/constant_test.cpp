#include <nib/core/detail/constant.hpp>

#include "../../support.hpp"

#include <concepts>

namespace {

template <nib::Constant Number = 0.01>
struct Holder {
    static constexpr double number = Number.value();
};

}  // namespace

TEST_CASE("a constant is the number that a template is given, of whatever type it is written") {
    static_assert(Holder<>::number == 0.01 && Holder<0.2>::number == 0.2 && Holder<-3>::number == -3.0);
    static_assert(Holder<0.5f>::number == 0.5 && Holder<1e300>::number == 1e300);
    static_assert(std::same_as<Holder<1>, Holder<1.0>> && !std::same_as<Holder<0.1>, Holder<0.1f>>);
}
