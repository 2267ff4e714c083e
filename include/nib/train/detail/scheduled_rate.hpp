// The learning rate of fit's steps.
#pragma once

#include <nib/core/error.hpp>
#include <nib/core/text.hpp>
#include <nib/optim/schedule.hpp>

#include <string>

namespace nib::inline NIB_ABI::detail {

// Sets an optimiser's learning rate by a schedule, and restores it at the end of the scope: by scale_learning_rate, or,
// in an optimiser without that, in options().learning_rate. A constant schedule changes nothing. An optimiser without
// either can only be trained with that.
template <class Optimizer>
class ScheduledRate {
public:
    ScheduledRate(Optimizer& optimizer, const Schedule& schedule) : optimizer_{optimizer}, schedule_{schedule} {
        if constexpr (has_rate)
            rate_ = optimizer.options().learning_rate;
        else if (is_scheduled())
            fail("fit: the optimiser has no options().learning_rate for a schedule to set");
    }
    ScheduledRate(const ScheduledRate&) = delete;
    ScheduledRate& operator=(const ScheduledRate&) = delete;
    ~ScheduledRate() { set_factor(1); }
    void set(const ScheduleTime& time) {
        if (is_scheduled()) set_factor(schedule_.factor(time));
    }

    // As it is now; 0 where the optimiser tells of none.
    double now() const {
        if constexpr (has_rate)
            return static_cast<double>(optimizer_.options().learning_rate) * factor_;
        else
            return 0;
    }

    // What to say where training goes astray: ", the learning rate of 1000 may be too high".
    std::string suspicion() const {
        if constexpr (has_rate)
            return ": the learning rate, " + format_shortest(now()) + ", may be too high";
        else
            return "";
    }

private:
    static constexpr bool has_rate = requires(Optimizer optimizer) { optimizer.options().learning_rate = 0.0; };
    bool is_scheduled() const { return !schedule_.is_constant(); }
    void set_factor(double factor) {
        if (!is_scheduled()) return;
        if constexpr (requires { optimizer_.scale_learning_rate(factor); })
            optimizer_.scale_learning_rate(factor_ = factor);
        else if constexpr (has_rate)
            optimizer_.options().learning_rate = rate_ * factor;
    }

    Optimizer& optimizer_;
    Schedule schedule_;
    double rate_ = 0;
    double factor_ = 1;  // of options().learning_rate
};

}  // namespace nib::inline NIB_ABI::detail
