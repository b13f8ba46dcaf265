// The hardware clock: a count of samples.
#pragma once

#include <chrono>

#include "ticks.hpp"

namespace moonecho {

using SteadyTime = std::chrono::steady_clock::time_point;

// Free-running, it counts at the sample rate on the machine's steady clock. Stepped, it stands
// still until it is told to go on, and then moves as fast as the processor.
class SampleClock {
  public:
    enum class Mode { kFreeRunning, kStepped };

    SampleClock(Mode mode, std::int64_t rate_hz);

    Mode mode() const { return mode_; }
    bool stepped() const { return mode_ == Mode::kStepped; }
    std::int64_t rate_hz() const { return rate_hz_; }

    Tick now() const;

    // When the steady clock will show that a tick has come; of no use to a stepped clock.
    SteadyTime when(Tick tick) const;

    // Moves a stepped clock on; earlier ticks leave it where it is.
    void advance_to(Tick tick);

    void set_now(Tick tick);
    void set_mode(Mode mode);

    // Keeps the time in nanoseconds and counts from there at the new rate.
    void set_rate_hz(std::int64_t rate_hz);

  private:
    Mode mode_;
    std::int64_t rate_hz_;
    Tick tick_ = 0;  // at origin_ when free-running, now when stepped
    SteadyTime origin_;
};

}  // namespace moonecho
