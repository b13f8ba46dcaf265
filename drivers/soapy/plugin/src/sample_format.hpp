// The formats of the streams: CS16 as it is, CF32 with full scale at 1.0.
#pragma once

#include <cstddef>
#include <string>

#include "sample_memory.hpp"

namespace moonecho {

enum class SampleFormat { kCs16, kCf32 };

// Throws std::invalid_argument for what is neither "CS16" nor "CF32".
SampleFormat parse_format(const std::string& name);

// Values beyond full scale are clipped, others rounded to nearest, ties to even. What is not a
// number becomes zero. 16-bit full scale (32767) passes -32768 of CS16 as it is.
void to_codes(SampleFormat format, const void* from, std::size_t first, std::size_t count,
              int full_scale, Sample* codes);

// Writes samples to a buffer of a format, from its sample `first` on.
void from_codes(SampleFormat format, const Sample* codes, std::size_t count, int full_scale,
                void* to);

// Nearest code of a value in units of codes, clipped; `clipped` counts.
std::int16_t nearest_code(double value, int full_scale, std::size_t& clipped);

}  // namespace moonecho
