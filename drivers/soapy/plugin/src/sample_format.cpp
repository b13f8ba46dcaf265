#include "sample_format.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace moonecho {

namespace {

constexpr int kLargestCode = 32767;

std::int16_t clip(std::int16_t code, int full_scale) {
    return static_cast<std::int16_t>(std::clamp<int>(code, -full_scale, full_scale));
}

// Adding and subtracting 1.5 * 2^23 rounds to nearest, ties to even, what is below 2^22. Unlike a
// call of nearbyint the compiler makes vector instructions of it on any processor.
constexpr float kRounding = 12582912.0F;

std::int16_t code_of(float value, float full_scale) {
    float scaled = value * full_scale;
    scaled = scaled == scaled ? scaled : 0.0F;  // not a number
    scaled = scaled < full_scale ? scaled : full_scale;
    scaled = scaled > -full_scale ? scaled : -full_scale;
    return static_cast<std::int16_t>(static_cast<std::int32_t>((scaled + kRounding) - kRounding));
}

}  // namespace

SampleFormat parse_format(const std::string& name) {
    if (name == "CS16") return SampleFormat::kCs16;
    if (name == "CF32") return SampleFormat::kCf32;
    throw std::invalid_argument("stream format " + name + " is not known; use CS16 or CF32");
}

void to_codes(SampleFormat format, const void* from, std::size_t first, std::size_t count,
              int full_scale, Sample* codes) {
    if (format == SampleFormat::kCs16) {
        const auto* samples = static_cast<const Sample*>(from) + first;
        if (full_scale == kLargestCode) {
            std::memcpy(codes, samples, count * sizeof(Sample));
            return;
        }
        for (std::size_t k = 0; k < count; ++k) {
            codes[k] = {clip(samples[k].i, full_scale), clip(samples[k].q, full_scale)};
        }
        return;
    }
    const auto* values = static_cast<const float*>(from) + 2 * first;
    const auto scale = static_cast<float>(full_scale);
    auto* parts = reinterpret_cast<std::int16_t*>(codes);
    for (std::size_t k = 0; k < 2 * count; ++k) parts[k] = code_of(values[k], scale);
}

void from_codes(SampleFormat format, const Sample* codes, std::size_t count, int full_scale,
                void* to) {
    if (format == SampleFormat::kCs16) {
        std::memcpy(to, codes, count * sizeof(Sample));
        return;
    }
    auto* values = static_cast<float*>(to);
    const float step = 1.0F / static_cast<float>(full_scale);
    const auto* parts = reinterpret_cast<const std::int16_t*>(codes);
    for (std::size_t k = 0; k < 2 * count; ++k) values[k] = static_cast<float>(parts[k]) * step;
}

std::int16_t nearest_code(double value, int full_scale, std::size_t& clipped) {
    const double code = std::nearbyint(value);
    const double limit = full_scale;
    if (std::abs(code) <= limit) return static_cast<std::int16_t>(code);
    ++clipped;
    return static_cast<std::int16_t>(code > 0.0 ? limit : -limit);
}

}  // namespace moonecho
