// BatchStream: batches one after the other, each gathered while its predecessor is used, where that takes long enough
// to be worth a thread of its own.
#pragma once

#include <nib/core/executor.hpp>

#include <cstddef>
#include <exception>

namespace nib::inline NIB_ABI::detail {

template <class Range>
class BatchStream {
public:
    BatchStream(const Range& batches, Executor& pair) : batches_{batches}, pair_{pair} {}

    // For each calls use(batch), then done(batch), until that is false. What gathering throws on a thread of its own is
    // thrown here, after done(batch) of the batch before.
    template <class Use, class Done>
    bool for_each(const Use& use, const Done& done) {
        auto batch = batches_.gather(0, buffers_[0]);
        for (std::size_t i = 0; i < batches_.size(); ++i) {
            auto next = decltype(batch){};
            const auto gather_next = [&] { next = batches_.gather(i + 1, buffers_[beside() ? (i + 1) % 2 : 0]); };
            Thrown from_use, from_gather;
            pair_.parallel_for(beside() ? 2 : 1, [&](std::size_t part) {
                part == 0 ? from_use.run([&] { use(batch); }) : from_gather.run(gather_next);
            });
            from_use.rethrow();
            if (!done(batch)) return false;
            beside() ? from_gather.rethrow() : gather_next();
            batch = next;
        }
        return true;
    }

private:
    // What a part of a run, which must not throw, would throw.
    class Thrown {
    public:
        template <class F>
        void run(const F& f) {
#if defined(__cpp_exceptions)
            try {
                f();
            } catch (...) {
                thrown_ = std::current_exception();
            }
#else
            f();
#endif
        }
        void rethrow() const {
#if defined(__cpp_exceptions)
            if (thrown_) std::rethrow_exception(thrown_);
#endif
        }

    private:
        std::exception_ptr thrown_;
    };

    bool beside() const { return pair_.size() > 1; }

    const Range& batches_;
    Executor& pair_;
    typename Range::BatchBuffer buffers_[2];
};

}  // namespace nib::inline NIB_ABI::detail
