// Schedules: how the learning rate changes in the course of training. A Schedule is one of these values, which are
// named after PyTorch's, and gives the factor that the optimiser's own learning rate is multiplied by at a step:
//
//   nib::FitOptions{.schedule = nib::StepLR{.step_size = 10}}
//   nib::FitOptions{.schedule = nib::CosineAnnealingLR{.eta_min = 0.01}}
//   nib::FitOptions{.schedule = nib::LinearWarmup{.part = 0.05}.then(nib::CosineAnnealingLR{})}
//   nib::FitOptions{.schedule = [](const nib::ScheduleTime& time) { return 1 - time.progress / 2; }}
//
// What are rates in PyTorch (eta_min, min_lr) are factors here. Options out of their ranges are an Error where a
// Schedule is made of them.
#pragma once

#include <nib/core/config.hpp>

#include <concepts>
#include <limits>
#include <string>

namespace nib::inline NIB_ABI {

// When a factor is asked for: at a step of training.
struct ScheduleTime {
    double progress = 0;        // the part of all steps that is done with this one, in [0, 1]
    double epochs_done = 0;     // before this step; a whole number at the first step of an epoch
    int epochs = 1;             // in all
    double plateau_factor = 1;  // PlateauState::factor
    double steps = 0;           // in all; 0 for very many
};

// gamma^n after n times step_size epochs.
struct StepLR {
    int step_size = 1;   // at least 1
    double gamma = 0.1;  // at least 0
};

// gamma^n after n epochs.
struct ExponentialLR {
    double gamma = 0.9;  // at least 0
};

// From 1 to eta_min along half a cosine (Loshchilov & Hutter 2017, "SGDR", without restarts), a little at each step.
struct CosineAnnealingLR {
    double eta_min = 0;  // at least 0
};

// Up from 1 / div_factor to 1 in the part pct_start of training, then down to 1 / (div_factor final_div_factor), both
// along half a cosine (Smith & Topin 2018, "Super-convergence"). The optimiser's learning rate is PyTorch's max_lr; its
// momentum stays as it is.
struct OneCycleLR {
    double pct_start = 0.3;  // in [0, 1]
    double div_factor = 25;  // at least 1
    double final_div_factor = 1e4;
};

// Multiplies by `factor` after each epoch that follows on more than `patience` epochs whose loss is no better than the
// best one: not below best (1 - threshold). PlateauState counts them.
struct ReduceLROnPlateau {
    double factor = 0.1;  // in [0, 1)
    int patience = 10;    // at least 0
    double threshold = 1e-4;
    int cooldown = 0;       // so many epochs after a reduction are not counted
    double min_factor = 0;  // the factor does not go below it
};

// Up from 0 in the first twentieth, then down along half a cosine to a hundredth: for longer training, of 10 epochs or
// more.
struct WarmupCosine {};

class Schedule;

// Along a line from start_factor to 1 in the first epochs, and 1 from there; training of fewer epochs ends on the way.
struct LinearWarmup {
    double start_factor = 1.0 / 3;  // at least 0
    double epochs = 5;              // at least 0
    double part = 0;                // of all steps, in [0, 1]; where it is above 0 it counts, and not `epochs`

    // Multiplies `schedule` by this. What `schedule` does in the part `progress` of training it does in what is left
    // after the warm-up; epochs still count from the start of training.
    Schedule then(const Schedule& schedule) const;
};

class Schedule {
public:
    using Function = double (*)(const ScheduleTime&);

    Schedule() : step_{} {}  // constant: 1
    Schedule(const StepLR& options) : kind_{Kind::step}, step_{options} { check_options(); }
    Schedule(const ExponentialLR& options) : kind_{Kind::exponential}, exponential_{options} { check_options(); }
    Schedule(const CosineAnnealingLR& options) : kind_{Kind::cosine}, cosine_{options} { check_options(); }
    Schedule(const OneCycleLR& options) : kind_{Kind::one_cycle}, one_cycle_{options} { check_options(); }
    Schedule(const ReduceLROnPlateau& options) : kind_{Kind::plateau}, plateau_{options} { check_options(); }
    Schedule(const WarmupCosine&) : kind_{Kind::warmup_cosine}, step_{} {}
    Schedule(const LinearWarmup& options) : warms_up_{true}, step_{}, warmup_{options} { check_options(); }
    // One of your own: a function, or a lambda without captures.
    template <std::convertible_to<Function> F>
    Schedule(F function) : kind_{Kind::function}, function_{function} {}

    // What the learning rate is multiplied by.
    double factor(const ScheduleTime& time) const;
    // Whether it is always 1.
    bool is_constant() const { return kind_ == Kind::constant && !warms_up_; }
    // The options for PlateauState; none in other schedules.
    const ReduceLROnPlateau* plateau() const { return kind_ == Kind::plateau ? &plateau_ : nullptr; }
    // "CosineAnnealingLR(eta_min=0.01)", "constant"; that of one's own is "function".
    std::string description() const;

private:
    friend struct LinearWarmup;
    enum class Kind : unsigned char {
        constant,
        step,
        exponential,
        cosine,
        one_cycle,
        plateau,
        warmup_cosine,
        function
    };

    // Fails on options out of their ranges.
    void check_options() const;
    double factor_after_warmup(const ScheduleTime& time) const;

    Kind kind_ = Kind::constant;
    bool warms_up_ = false;
    union {
        StepLR step_;
        ExponentialLR exponential_;
        CosineAnnealingLR cosine_;
        OneCycleLR one_cycle_;
        ReduceLROnPlateau plateau_;
        Function function_;
    };
    LinearWarmup warmup_ = {};
};

// The state of ReduceLROnPlateau, updated once an epoch:
//   if (state.update(schedule, validation_loss)) ...
struct PlateauState {
    double best = std::numeric_limits<double>::infinity();
    double factor = 1;
    int bad_epochs = 0;
    int cooldown = 0;  // epochs of it that are left

    // Takes the loss of an epoch, and says whether it has reduced the factor. Does nothing in other schedules.
    bool update(const Schedule& schedule, double loss);
};

}  // namespace nib::inline NIB_ABI

#if NIB_BODIES

#include <nib/core/detail/algorithm.hpp>
#include <nib/core/detail/math.hpp>
#include <nib/core/error.hpp>
#include <nib/core/text.hpp>

#include <initializer_list>
#include <string_view>

namespace nib::inline NIB_ABI {

namespace detail {

// cos(pi x) for x in [0, 1]: the Taylor series of -sin(pi (x - 1/2)), which is the same for every C library. Within
// 1e-15, and 1e-6 with powers up to 11.
constexpr double cosine_of_half_turns(double x, int powers = 23) {
    const double angle = 3.14159265358979323846 * (x - 0.5);
    const double square = angle * angle;
    double sum = 0;
    for (int n = powers; n > 1; n -= 2) sum = -(sum + 1) * square / (n * (n - 1));
    return -angle * (1 + sum);
}

// From `start` to `end` along half a cosine, at the place x in [0, 1].
constexpr double along_cosine(double start, double end, double x, int powers = 23) {
    return end + (start - end) * (1 + cosine_of_half_turns(x, powers)) / 2;
}

// What part of [0, length] lies before x.
constexpr double part_before(double x, double length) { return length > 0 ? clamped(x / length, 0.0, 1.0) : 1; }

// The same for every C library.
constexpr double whole_power(double base, double exponent) {
    double result = 1;
    for (auto left = static_cast<unsigned>(clamped(exponent, 0.0, 1e9)); left > 0; left /= 2, base *= base)
        if (left % 2 == 1) result *= base;
    return result;
}

inline void check_schedule(bool is_right, const char* name, const char* expected, double found) {
    if (!is_right)
        fail({name, ": expected ", expected, ", found ",
              is_finite(found) ? format_shortest(found) : not_finite_name(found)});
}

// A number of at least `least`, and not without bounds.
inline void check_schedule_number(double least, const char* name, const char* expected, double found) {
    check_schedule(found >= least && found < 1e30, name, expected, found);
}

struct NamedNumber {
    std::string_view name;
    double value;
};
inline std::string schedule_text(std::string_view name, std::initializer_list<NamedNumber> options) {
    std::string list;
    for (const NamedNumber& option : options)
        append_to_list(list, ", ", std::string(option.name) + "=" + format_shortest(option.value));
    return std::string(name) + "(" + list + ")";
}

}  // namespace detail

NIB_API void Schedule::check_options() const {
    const char* name = "LinearWarmup";
    const auto at_least = [&](double least, const char* expected, double found) {
        detail::check_schedule_number(least, name, expected, found);
    };
    const auto holds = [&](bool is_right, const char* expected, double found) {
        detail::check_schedule(is_right, name, expected, found);
    };
    if (warms_up_) {
        at_least(0, "a start_factor of at least 0", warmup_.start_factor);
        at_least(0, "at least 0 epochs", warmup_.epochs);
        holds(warmup_.part >= 0 && warmup_.part <= 1, "a part in [0, 1]", warmup_.part);
    }
    switch (kind_) {
        case Kind::step:
            name = "StepLR";
            at_least(1, "a step_size of at least 1", step_.step_size);
            return at_least(0, "a gamma of at least 0", step_.gamma);
        case Kind::exponential:
            name = "ExponentialLR";
            return at_least(0, "a gamma of at least 0", exponential_.gamma);
        case Kind::cosine:
            name = "CosineAnnealingLR";
            return at_least(0, "an eta_min of at least 0", cosine_.eta_min);
        case Kind::one_cycle:
            name = "OneCycleLR";
            holds(one_cycle_.pct_start >= 0 && one_cycle_.pct_start <= 1, "a pct_start in [0, 1]",
                  one_cycle_.pct_start);
            at_least(1, "a div_factor of at least 1", one_cycle_.div_factor);
            return at_least(1e-30, "a final_div_factor above 0", one_cycle_.final_div_factor);
        case Kind::plateau:
            name = "ReduceLROnPlateau";
            holds(plateau_.factor >= 0 && plateau_.factor < 1, "a factor in [0, 1)", plateau_.factor);
            at_least(0, "a patience of at least 0", plateau_.patience);
            holds(plateau_.threshold >= 0 && plateau_.threshold < 1, "a threshold in [0, 1)", plateau_.threshold);
            at_least(0, "a cooldown of at least 0", plateau_.cooldown);
            return holds(plateau_.min_factor >= 0 && plateau_.min_factor <= 1, "a min_factor in [0, 1]",
                         plateau_.min_factor);
        case Kind::constant:
        case Kind::warmup_cosine:
        case Kind::function:
            return;
    }
}

NIB_API Schedule LinearWarmup::then(const Schedule& schedule) const {
    if (schedule.warms_up_) fail("LinearWarmup: expected a schedule without a warm-up to follow");
    Schedule result = schedule;
    result.warms_up_ = true;
    result.warmup_ = Schedule{*this}.warmup_;
    return result;
}

NIB_API double Schedule::factor(const ScheduleTime& time) const {
    if (!warms_up_) return factor_after_warmup(time);
    const double part = warmup_.part > 0 ? warmup_.part : warmup_.epochs / larger(time.epochs, 1);
    const double place = detail::part_before(time.progress, part);
    ScheduleTime after = time;
    after.progress = part < 1 ? larger(time.progress - part, 0.0) / (1 - part) : 0;
    after.steps *= larger(1 - part, 0.0);
    return (warmup_.start_factor + (1 - warmup_.start_factor) * place) * factor_after_warmup(after);
}

inline double Schedule::factor_after_warmup(const ScheduleTime& time) const {
    switch (kind_) {
        case Kind::constant:
            break;
        case Kind::step:
            return detail::whole_power(step_.gamma, rounded_down(time.epochs_done / step_.step_size));
        case Kind::exponential:
            return detail::whole_power(exponential_.gamma, rounded_down(time.epochs_done));
        case Kind::cosine:
            return detail::along_cosine(1, cosine_.eta_min, clamped(time.progress, 0.0, 1.0));
        case Kind::one_cycle: {
            // PyTorch counts steps from 0 to steps - 1, and the peak is the step before pct_start of all.
            const double steps = time.steps > 0 ? time.steps : 1, first = time.steps > 0 ? 1 : 0;
            const double step = time.progress * steps - first, peak = one_cycle_.pct_start * steps - first;
            const double start = 1 / one_cycle_.div_factor, end = start / one_cycle_.final_div_factor;
            if (step < peak) return detail::along_cosine(start, 1, detail::part_before(step, peak));
            return detail::along_cosine(1, end, detail::part_before(step - peak, steps - first - peak));
        }
        case Kind::plateau:
            return time.plateau_factor;
        case Kind::warmup_cosine: {
            constexpr double warmup = 0.05, last = 0.01;
            if (time.progress < warmup) return time.progress / warmup;
            const double place = smaller((time.progress - warmup) / (1 - warmup), 1.0);
            return last + (1 - last) * (1 + detail::cosine_of_half_turns(place, 11)) / 2;
        }
        case Kind::function:
            return function_(time);
    }
    return 1;
}

NIB_API std::string Schedule::description() const {
    const auto text = [&]() -> std::string {
        switch (kind_) {
            case Kind::constant:
                break;
            case Kind::step:
                return detail::schedule_text(
                    "StepLR", {{"step_size", static_cast<double>(step_.step_size)}, {"gamma", step_.gamma}});
            case Kind::exponential:
                return detail::schedule_text("ExponentialLR", {{"gamma", exponential_.gamma}});
            case Kind::cosine:
                return detail::schedule_text("CosineAnnealingLR", {{"eta_min", cosine_.eta_min}});
            case Kind::one_cycle:
                return detail::schedule_text("OneCycleLR", {{"pct_start", one_cycle_.pct_start},
                                                            {"div_factor", one_cycle_.div_factor},
                                                            {"final_div_factor", one_cycle_.final_div_factor}});
            case Kind::plateau:
                return detail::schedule_text("ReduceLROnPlateau", {{"factor", plateau_.factor},
                                                                   {"patience", static_cast<double>(plateau_.patience)},
                                                                   {"threshold", plateau_.threshold},
                                                                   {"cooldown", static_cast<double>(plateau_.cooldown)},
                                                                   {"min_factor", plateau_.min_factor}});
            case Kind::warmup_cosine:
                return "WarmupCosine";
            case Kind::function:
                return "function";
        }
        return "constant";
    };
    if (!warms_up_) return text();
    const bool by_part = warmup_.part > 0;
    const std::string warmup =
        detail::schedule_text("LinearWarmup", {{"start_factor", warmup_.start_factor},
                                               {by_part ? "part" : "epochs", by_part ? warmup_.part : warmup_.epochs}});
    return kind_ == Kind::constant ? warmup : warmup + ", then " + text();
}

NIB_API bool PlateauState::update(const Schedule& schedule, double loss) {
    const ReduceLROnPlateau* const options = schedule.plateau();
    if (options == nullptr) return false;
    if (loss < best * (1 - options->threshold)) {
        best = loss;
        bad_epochs = 0;
    } else {
        ++bad_epochs;
    }
    if (cooldown > 0) {
        --cooldown;
        bad_epochs = 0;
    }
    if (bad_epochs <= options->patience) return false;
    cooldown = options->cooldown;
    bad_epochs = 0;
    const double before = factor;
    factor = larger(factor * options->factor, smaller(factor, options->min_factor));
    return factor < before;
}

}  // namespace nib::inline NIB_ABI

#endif
