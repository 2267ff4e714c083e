// InkmlTrace: the points of one <trace> of InkML, out of its text (InkML 1.0, section 3.2.1).
//
//     1125 18432, '23'43, "7"-8, 3-5, 7 -3
//
// Points are separated by commas, their values by white space, which may be left out before a sign or a prefix and
// around *, ?, T and F. A value is a decimal number or, after #, a hexadecimal one, T or F in a boolean channel. It is
// the channel's value after the prefix !, a first difference after ', a second difference after "; without a prefix it
// is what the channel's last one was, at first the value. A first difference needs a value before it, a second one a
// first. Each trace starts anew. * repeats the value or, where differences are given, the last difference; ? is a value
// that is not known.
#pragma once

#include <nib/core/detail/characters.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/ink/detail/lines.hpp>
#include <nib/ink/stroke.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace nib::inline NIB_ABI::detail {

// What the values of a point mean.
struct TraceFormat {
    static constexpr std::size_t absent = static_cast<std::size_t>(-1);

    std::size_t x = 0;
    std::size_t y = 1;
    std::size_t t = absent;
    std::size_t count = 2;     // of values that every point has
    std::size_t optional = 0;  // and of those that may follow
    double x_sign = 1;
    double y_sign = 1;
    double seconds = 1e-3;  // in a unit of t

    friend bool operator==(const TraceFormat&, const TraceFormat&) = default;
};

// A channel's value, given as itself, as its first or its second difference.
class TraceChannel {
public:
    double value() const { return value_; }

    // What numbers without a prefix are from here on: '!', '\'' or '"'.
    void set_order(char order) { order_ = order; }

    // False where nothing stands before it that it could differ from.
    bool take(double number) {
        if (order_ == '!') {
            value_ = number;
            known_ = 1;
        } else if (order_ == '\'' && known_ >= 1) {
            velocity_ = number;
            value_ += velocity_;
            known_ = 2;
        } else if (order_ == '"' && known_ >= 2) {
            acceleration_ = number;
            velocity_ += acceleration_;
            value_ += velocity_;
            known_ = 3;
        } else {
            return false;
        }
        return true;
    }

    // '*'. False where there is nothing to repeat.
    bool repeat() {
        if (order_ == '!') return known_ >= 1;
        if (order_ == '\'') return known_ >= 2 && take(velocity_);
        return known_ >= 3 && take(acceleration_);
    }

private:
    char order_ = '!';
    int known_ = 0;  // 1: the value, 2: also its velocity, 3: also its acceleration
    double value_ = 0;
    double velocity_ = 0;
    double acceleration_ = 0;
};

// Takes the text byte by byte, and hands over each point.
class InkmlTrace {
public:
    struct Sample {
        float x = 0;
        float y = 0;
        double t = 0;  // seconds
    };

    // Both must outlive it. `name` is the file's, for messages; `line` is where the text starts.
    InkmlTrace(const TraceFormat& format, const std::string& name, std::size_t line)
        : format_{format}, name_{name}, line_{line} {}

    // `c` stands in line `line`. Calls on_sample(sample) where it completes a point whose x and y are known.
    template <class OnSample>
    void take(char c, std::size_t line, OnSample&& on_sample) {
        if (c == '\n' || blanks.find(c) != std::string_view::npos) {
            if (!only_prefix()) end_word();
            return;
        }
        // An error is told where the value ends, not where the white space after it does.
        if (c != ',') line_ = line;
        const bool in_hexadecimal = word_.find('#') != std::string::npos;
        if (c == ',') {
            end_point(on_sample);
            line_ = line;
        } else if (c == '*' || c == '?' || c == 'T' || (c == 'F' && !in_hexadecimal)) {
            end_word();
            word_ = c;
            end_word();
        } else if (is_order(c)) {
            end_word();
            word_ = c;
        } else {
            const bool in_exponent = !in_hexadecimal && (word_.ends_with('e') || word_.ends_with('E'));
            if ((c == '-' || c == '+') && !only_prefix() && !in_exponent) end_word();
            if (word_.size() == 64) refuse("a number", format_quoted(word_ + "..."));
            word_ += c;
        }
    }

    // At the end of the text. Nothing after the last comma, and nothing at all, is no point.
    template <class OnSample>
    void end(OnSample&& on_sample) {
        end_word();
        if (column_ > 0) end_point(on_sample);
    }

private:
    static bool is_order(char c) { return c == '!' || c == '\'' || c == '"'; }

    // Whether the word is still without a number.
    bool only_prefix() const { return word_.find_first_not_of("!'\"+-") == std::string::npos; }

    void end_word() {
        if (!word_.empty()) take_value();
        word_.clear();
    }

    // The word is the value of the column.
    void take_value() {
        const std::size_t column = column_++;
        TraceChannel* const channel = column == format_.x   ? &x_
                                      : column == format_.y ? &y_
                                      : column == format_.t ? &t_
                                                            : nullptr;
        if (word_ == "?") {
            known_ = known_ && (channel == nullptr || channel == &t_);
        } else if (word_ == "*") {
            if (channel != nullptr && !channel->repeat())
                refuse("'*' after a value, or after a difference, of its channel", "none before it");
        } else if (channel == nullptr) {
            if (word_ != "T" && word_ != "F") number();
        } else {
            take_number(*channel);
        }
        if (channel == nullptr) return;
        const double limit = channel == &t_ ? time_limit / format_.seconds : static_cast<double>(coordinate_limit);
        // Written so that NaN fails it.
        if (!(channel->value() >= -limit && channel->value() <= limit))
            refuse(number_of(*channel), format_quoted(word_));
    }

    void take_number(TraceChannel& channel) {
        const double value = number(&channel);
        if (is_order(word_[0])) channel.set_order(word_[0]);
        if (!channel.take(value))
            refuse("a second difference after a first, a first after a value",
                   "nothing before " + format_quoted(word_));
    }

    std::string_view number_of(const TraceChannel& channel) const {
        return &channel == &t_ ? "a time (up to 1e10 seconds)" : "a number (coordinates up to 1e7)";
    }

    // That the word spells, whatever its prefix.
    double number(const TraceChannel* channel = nullptr) const {
        std::string_view digits = word_;
        if (is_order(digits.front())) digits.remove_prefix(1);
        const bool negative = digits.starts_with('-');
        if (negative || digits.starts_with('+')) digits.remove_prefix(1);
        const bool has_sign = digits.starts_with('-') || digits.starts_with('+');
        const auto value = has_sign                  ? std::optional<double>()
                           : digits.starts_with('#') ? hexadecimal(digits.substr(1))
                                                     : parse_number<double>(digits);
        // Written so that NaN, which from_chars accepts, fails it.
        if (!value || !(*value >= 0 && *value <= 1e300))
            refuse(channel != nullptr ? number_of(*channel) : "a number", format_quoted(word_));
        return negative ? -*value : *value;
    }

    static std::optional<double> hexadecimal(std::string_view digits) {
        if (digits.empty()) return std::nullopt;
        double value = 0;
        for (const char c : digits) {
            const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
            const std::size_t digit = hex_digits.find(lower);
            if (digit == std::string_view::npos) return std::nullopt;
            value = 16 * value + static_cast<double>(digit);
        }
        return value;
    }

    template <class OnSample>
    void end_point(OnSample& on_sample) {
        end_word();
        const std::size_t count = std::exchange(column_, 0);
        if (count < format_.count || count > format_.count + format_.optional) refuse_count(count);
        if (std::exchange(known_, true))
            on_sample(Sample{static_cast<float>(x_.value() * format_.x_sign),
                             static_cast<float>(y_.value() * format_.y_sign), t_.value() * format_.seconds});
    }

    [[noreturn]] void refuse_count(std::size_t count) const {
        std::string expected = "a point of " + std::to_string(format_.count);
        if (format_.optional > 0) expected += " to " + std::to_string(format_.count + format_.optional);
        refuse(expected + " values", std::to_string(count));
    }

    [[noreturn]] void refuse(std::string_view expected, std::string_view found) const {
        fail_at_line(name_, line_, expected, found);
    }

    const TraceFormat& format_;
    const std::string& name_;
    std::size_t line_;  // of the last byte so far that is no white space
    TraceChannel x_;
    TraceChannel y_;
    TraceChannel t_;
    std::string word_;
    std::size_t column_ = 0;  // of the current point
    bool known_ = true;       // x and y of the current point
};

}  // namespace nib::inline NIB_ABI::detail
