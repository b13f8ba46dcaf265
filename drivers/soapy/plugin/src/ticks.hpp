// Whole ticks of the sample clock, and their conversion to and from the whole nanoseconds of the
// API.
#pragma once

#include <cstdint>
#include <limits>

namespace moonecho {

using Tick = std::int64_t;

// Later than everything. Far enough from the end of the type that sums with lengths stay inside it.
constexpr Tick kForever = std::numeric_limits<Tick>::max() / 2;

// Rates are whole hertz. Up to 1 GHz a tick is at least a nanosecond, so that nearest rounding both
// ways returns the tick one began with.
constexpr std::int64_t kMinRateHz = 1'000;
constexpr std::int64_t kMaxRateHz = 1'000'000'000;

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

// The nearest whole number to value * numerator / denominator, ties upwards. Whole seconds are
// split off first, so that no product passes 1e18.
constexpr std::int64_t rescale(std::int64_t value, std::int64_t numerator,
                               std::int64_t denominator) {
    std::int64_t seconds = value / denominator;
    std::int64_t rest = value % denominator;
    if (rest < 0) {
        rest += denominator;
        --seconds;
    }
    return seconds * numerator + (rest * numerator + denominator / 2) / denominator;
}

constexpr std::int64_t nanoseconds_of(Tick tick, std::int64_t rate_hz) {
    return rescale(tick, kNanosecondsPerSecond, rate_hz);
}

constexpr Tick tick_of(std::int64_t nanoseconds, std::int64_t rate_hz) {
    return rescale(nanoseconds, rate_hz, kNanosecondsPerSecond);
}

static_assert(tick_of(nanoseconds_of(-123'456'789'012'345, 96'000'000), 96'000'000) ==
              -123'456'789'012'345);
static_assert(tick_of(nanoseconds_of(359'999'999'999'999, 999'999'937), 999'999'937) ==
              359'999'999'999'999);

}  // namespace moonecho
