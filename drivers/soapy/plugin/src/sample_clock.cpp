#include "sample_clock.hpp"

#include <algorithm>

namespace moonecho {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

SampleClock::SampleClock(Mode mode, std::int64_t rate_hz)
    : mode_(mode), rate_hz_(rate_hz), origin_(steady_clock::now()) {}

Tick SampleClock::now() const {
    if (stepped()) return tick_;
    const auto passed = std::chrono::duration_cast<nanoseconds>(steady_clock::now() - origin_);
    return tick_ + tick_of(passed.count(), rate_hz_);
}

SteadyTime SampleClock::when(Tick tick) const {
    // One nanosecond more than nearest rounding: not before the tick has come.
    return origin_ + nanoseconds(nanoseconds_of(tick - tick_, rate_hz_) + 1);
}

void SampleClock::advance_to(Tick tick) {
    if (stepped()) tick_ = std::max(tick_, tick);
}

void SampleClock::set_now(Tick tick) {
    tick_ = tick;
    origin_ = steady_clock::now();
}

void SampleClock::set_mode(Mode mode) {
    set_now(now());
    mode_ = mode;
}

void SampleClock::set_rate_hz(std::int64_t rate_hz) {
    const Tick same_time = tick_of(nanoseconds_of(now(), rate_hz_), rate_hz);
    rate_hz_ = rate_hz;
    set_now(same_time);
}

}  // namespace moonecho
