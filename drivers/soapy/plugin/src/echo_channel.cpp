#include "echo_channel.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstring>

#include "counter_hash.hpp"
#include "sample_format.hpp"

namespace moonecho {

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr std::size_t kTaps = 2 * static_cast<std::size_t>(EchoChannel::kHalfTaps);

// Modified Bessel function of the first kind, order zero, by its power series.
double bessel_i0(double x) {
    double term = 1.0;
    double sum = 1.0;
    for (int k = 1; term > 1e-18 * sum; ++k) {
        term *= (x / (2.0 * k)) * (x / (2.0 * k));
        sum += term;
    }
    return sum;
}

// Taps h[k], so that y[m] = sum_k h[k] x[m - whole - k + kHalfTaps - 1] is x delayed by whole +
// fraction. Kaiser-windowed sinc: with 64 taps and beta 10 the error is below -100 dB up to 0.45
// of the sample rate.
std::array<double, kTaps> fractional_taps(double fraction) {
    constexpr double kBeta = 10.0;
    constexpr double kHalf = static_cast<double>(EchoChannel::kHalfTaps);
    std::array<double, kTaps> taps{};
    for (std::size_t k = 0; k < kTaps; ++k) {
        const double lag = static_cast<double>(k) - kHalf + 1.0 - fraction;
        const double edge = lag / kHalf;
        const double window =
            std::abs(edge) < 1.0
                ? bessel_i0(kBeta * std::sqrt(1.0 - edge * edge)) / bessel_i0(kBeta)
                : 0.0;
        taps[k] = window * (lag == 0.0 ? 1.0 : std::sin(kPi * lag) / (kPi * lag));
    }
    return taps;
}

// Complex Gaussian of unit mean square magnitude (Box and Muller).
std::complex<double> unit_noise(std::uint64_t seed, Tick tick) {
    const std::uint64_t key = counter_hash(seed, tick);
    return std::polar(std::sqrt(-std::log(unit_interval(key))),
                      2.0 * kPi * unit_interval(splitmix64(key)));
}

// Unpacks sources to consecutive ticks, zeros where nothing was sent.
std::vector<std::complex<double>> unpack(const std::vector<SampleMemory::Piece>& sources,
                                         Tick first, std::size_t count) {
    std::vector<std::complex<double>> values(count);
    for (const auto& piece : sources) {
        const Sample* sample = piece.data();
        auto* value = values.data() + (piece.first - first);
        for (std::size_t k = 0; k < piece.count; ++k) {
            value[k] = {static_cast<double>(sample[k].i), static_cast<double>(sample[k].q)};
        }
    }
    return values;
}

void copy_through(const std::vector<SampleMemory::Piece>& sources, Tick first, std::size_t count,
                  Sample* codes) {
    std::size_t filled = 0;
    for (const auto& piece : sources) {
        const auto at = static_cast<std::size_t>(piece.first - first);
        std::fill(codes + filled, codes + at, Sample{0, 0});
        std::memcpy(codes + at, piece.data(), piece.count * sizeof(Sample));
        filled = at + piece.count;
    }
    std::fill(codes + filled, codes + count, Sample{0, 0});
}

}  // namespace

bool EchoChannel::transparent() const {
    return total_gain_db() == 0.0 && delay_fraction == 0.0 && !noise_dbfs &&
           dac_full_scale == adc_full_scale;
}

Tick EchoChannel::earliest_source(Tick first) const {
    return first - delay_ticks - (delay_fraction == 0.0 ? 0 : kHalfTaps);
}

Tick EchoChannel::latest_source(Tick end) const {
    return end - delay_ticks + (delay_fraction == 0.0 ? 0 : kHalfTaps - 1);
}

std::size_t EchoChannel::render(const std::vector<SampleMemory::Piece>& sources, Tick first,
                                std::size_t count, Sample* codes) const {
    const Tick source_first = earliest_source(first);
    const Tick source_end = latest_source(first + static_cast<Tick>(count));
    if (transparent()) {
        copy_through(sources, source_first, count, codes);
        return 0;
    }
    // Doubles, so that rounding to codes is the only rounding that shows.
    auto values =
        unpack(sources, source_first, static_cast<std::size_t>(source_end - source_first));
    if (delay_fraction != 0.0) {
        const auto taps = fractional_taps(delay_fraction);
        for (std::size_t m = 0; m < count; ++m) {
            std::complex<double> sum = 0.0;
            for (std::size_t k = 0; k < kTaps; ++k) sum += taps[k] * values[m + kTaps - 1 - k];
            // In place: values[m] is the oldest that m needs, and no later output needs it.
            values[m] = sum;
        }
    }
    const double gain = std::pow(10.0, total_gain_db() / 20.0) *
                        static_cast<double>(adc_full_scale) / dac_full_scale;
    const double noise = noise_dbfs ? adc_full_scale * std::pow(10.0, *noise_dbfs / 20.0) : 0.0;
    std::size_t clipped = 0;
    for (std::size_t m = 0; m < count; ++m) {
        std::complex<double> value = gain * values[m];
        if (noise_dbfs) value += noise * unit_noise(noise_seed, first + static_cast<Tick>(m));
        codes[m] = {nearest_code(value.real(), adc_full_scale, clipped),
                    nearest_code(value.imag(), adc_full_scale, clipped)};
    }
    return clipped;
}

}  // namespace moonecho
