// The way from the output to the input: delay, gain, noise, and the receiver's full scale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sample_memory.hpp"
#include "ticks.hpp"

namespace moonecho {

// What the channel does. A value: one is copied for each read, so that settings may change
// meanwhile.
struct EchoChannel {
    // Half the taps of the filter for fractions of a tick. A filter answers no sooner than this.
    static constexpr Tick kHalfTaps = 32;

    Tick delay_ticks = 0;
    double delay_fraction = 0.0;  // of a tick, 0 <= fraction < 1
    double gain_db = 0.0;         // of the way itself
    double transmit_gain_db = 0.0;
    double receive_gain_db = 0.0;
    std::optional<double> noise_dbfs;  // rms of the complex noise against full scale of the ADC
    std::uint64_t noise_seed = 0;
    int dac_full_scale = 32767;
    int adc_full_scale = 32767;

    double total_gain_db() const { return gain_db + transmit_gain_db + receive_gain_db; }

    // Whether codes arrive as the codes that they left as.
    bool transparent() const;

    // Ticks [first, end) of transmission that reach receive ticks [first, end) given.
    Tick earliest_source(Tick first) const;
    Tick latest_source(Tick end) const;

    // Fills `codes` with what arrives at receive ticks from `first` on. Returns how many values of
    // I and Q were clipped. The pieces are those of the sources of these ticks.
    std::size_t render(const std::vector<SampleMemory::Piece>& sources, Tick first,
                       std::size_t count, Sample* codes) const;
};

}  // namespace moonecho
