#include <nib/ink/detail/inkml_trace.hpp>

#include "../../support.hpp"

#include <vector>

using nib::detail::InkmlTrace;
using nib::detail::TraceFormat;

namespace {

struct Value {
    double x, y;
    friend bool operator==(const Value&, const Value&) = default;
};

std::vector<Value> values_of(std::string_view text, const TraceFormat& format = {}) {
    const std::string name = "a";
    InkmlTrace trace{format, name, 1};
    std::vector<Value> values;
    const auto keep = [&](const InkmlTrace::Sample& sample) { values.push_back({sample.x, sample.y}); };
    for (const char c : text) trace.take(c, 1, keep);
    trace.end(keep);
    return values;
}

std::string error_in(std::string_view text, const TraceFormat& format = {}) {
    return support::error_of([&] { return values_of(text, format); });
}

const TraceFormat with_two_more{0, 1, TraceFormat::absent, 2, 2, 1, 1, 1e-3};

}  // namespace

TEST_CASE("the specification's example of differences, without needless spaces") {
    // InkML 1.0, section 3.2.1: two regular channels and two intermittent ones.
    const std::vector<Value> expected{{1125, 18432}, {1148, 18475}, {1178, 18510}, {1211, 18540},
                                      {1251, 18567}, {1297, 18596}, {1349, 18633}, {1404, 18676},
                                      {1461, 18723}, {1521, 18776}, {1584, 18823}};
    CHECK(values_of("1125 18432,'23'43,\"7\"-8,3-5,7 -3,6 2,6 8,3 6 T,2 4*T,3 6,3-6 F F", with_two_more) == expected);
    CHECK(values_of("\n1125 18432 ,\t' 23 '43 , \"7 \"-8,3 -5,7-3,6+2,6 8,3 6T,2 4 *T,3 6,3-6FF", with_two_more) ==
          expected);
}

TEST_CASE("a prefix holds for its channel until another one stands there") {
    CHECK(values_of("1 2, '1 3, 2 4, !9 5, 10 6") == std::vector<Value>{{1, 2}, {2, 3}, {4, 4}, {9, 5}, {10, 6}});
    CHECK(values_of("!1!2,!3!4") == std::vector<Value>{{1, 2}, {3, 4}});
    // 10, then +1, then the difference grows by 2 and by 2 again.
    CHECK(values_of("10 0,'1 0,\"2 0,2 0") == std::vector<Value>{{10, 0}, {11, 0}, {14, 0}, {19, 0}});
    CHECK(values_of("10 0,'1 0,\"2 0,'5 0") == std::vector<Value>{{10, 0}, {11, 0}, {14, 0}, {19, 0}});
}

TEST_CASE("an asterisk repeats the value, or the last difference") {
    CHECK(values_of("1 2,* 3,4*") == std::vector<Value>{{1, 2}, {1, 3}, {4, 3}});
    CHECK(values_of("1 2,'3 2,* 2,**") == std::vector<Value>{{1, 2}, {4, 2}, {7, 2}, {10, 2}});
    CHECK(values_of("10 0,'1 0,\"2 0,* 0") == std::vector<Value>{{10, 0}, {11, 0}, {14, 0}, {19, 0}});
}

TEST_CASE("a point whose place is not known is none") {
    CHECK(values_of("1 2,? 3,4 ?,5 6") == std::vector<Value>{{1, 2}, {5, 6}});
    CHECK(values_of("1 2 ? ?,3 4 T ?", with_two_more) == std::vector<Value>{{1, 2}, {3, 4}});
    CHECK(values_of("? ?").empty());
}

TEST_CASE("numbers are decimal, with an exponent, or hexadecimal") {
    CHECK(values_of("1.5 .25,-1e1 1E+2,-.5 1e-1") == std::vector<Value>{{1.5, .25}, {-10, 100}, {-.5, 0.1f}});
    CHECK(values_of("#1A #ff,-#10 #E-1", {0, 1, TraceFormat::absent, 2, 1, 1, 1, 1e-3}) ==
          std::vector<Value>{{26, 255}, {-16, 14}});
    CHECK(values_of("#0 5,'#F '#1,1 -#2") == std::vector<Value>{{0, 5}, {15, 6}, {16, 4}});
}

TEST_CASE("nothing is no point, nor is what follows the last comma") {
    CHECK(values_of("").empty());
    CHECK(values_of(" \n\t").empty());
    CHECK(values_of("1 2,3 4,") == std::vector<Value>{{1, 2}, {3, 4}});
    CHECK(values_of("1 2,3 4 , \n") == std::vector<Value>{{1, 2}, {3, 4}});
    const std::string none = "a:1: expected a point of 2 values, found 0";
    CHECK(error_in(",") == none);
    CHECK(error_in("1 2,,3 4") == none);
    CHECK(error_in(",1 2") == none);
    CHECK(error_in("1 2,,") == none);
}

TEST_CASE("what differs from nothing, and what is no number, is refused") {
    const std::string differs =
        "a:1: expected a second difference after a first, a first after a value, found nothing before ";
    CHECK(error_in("'1 2") == differs + "''1'");
    CHECK(error_in("1 2,\"1 2") == differs + "'\"1'");
    CHECK(error_in("1 2,'1 2,!3 2,\"1 2") == differs + "'\"1'");
    const std::string repeats =
        "a:1: expected '*' after a value, or after a difference, of its channel, found none before it";
    CHECK(error_in("* 2") == repeats);
    const std::string number = "a:1: expected a number (coordinates up to 1e7), found ";
    for (const std::string word :
         {"#", "#G", "'", "!", "--1", "+-1", "1e", "nan", "-nan", "inf", "0x10", "1.2.3", "'x"})
        CHECK(error_in("1 2," + word + ",") == number + "'" + word + "'");
    CHECK(error_in("T 1") == number + "'T'");
    CHECK(error_in("1e8 1") == number + "'1e8'");
    // Sums are bounded as what is written out is.
    CHECK(error_in("9e6 1,'1e6 1,* 1") == number + "'*'");
    CHECK(error_in("1 1,'1e300 1") == number + "''1e300'");
    CHECK(error_in("1 2 x", with_two_more) == "a:1: expected a number, found 'x'");
    CHECK(error_in(std::string(65, '1')) == "a:1: expected a number, found '" + std::string(60, '1') + "...'");
}

TEST_CASE("times may be differences, and are in seconds") {
    const TraceFormat format{0, 1, 2, 3, 0, 1, -1, 1e-3};
    const std::string name = "a";
    InkmlTrace trace{format, name, 1};
    std::vector<double> times;
    const auto keep = [&](const InkmlTrace::Sample& sample) {
        times.push_back(sample.t);
        CHECK(sample.y == -2);
    };
    for (const char c : std::string("1 2 1000,1 2 '16,1 2 *,1 2 ?,1 2 8")) trace.take(c, 1, keep);
    trace.end(keep);
    REQUIRE(times.size() == 5);
    CHECK(times[1] == doctest::Approx(1.016));
    CHECK(times[2] == doctest::Approx(1.032));
    CHECK(times[3] == doctest::Approx(1.032));
    CHECK(times[4] == doctest::Approx(1.040));
}
