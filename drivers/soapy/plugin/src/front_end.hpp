// What the front ends are set to: remembered and told, and of no effect on samples but for the
// gains.
#pragma once

#include <string>

namespace moonecho {

constexpr double kMaxFrequencyHz = 100e9;
constexpr double kMinGainDb = -100.0;
constexpr double kMaxGainDb = 100.0;
constexpr double kGainStepDb = 0.25;

struct FrontEnd {
    std::string antenna;
    double frequency_hz = 1e9;
    double bandwidth_hz = 0.0;  // zero: as wide as the sample rate
};

struct References {
    std::string clock_source = "internal";
    std::string time_source = "internal";
    bool ref_locked = true;
    bool lo_locked = true;
};

}  // namespace moonecho
