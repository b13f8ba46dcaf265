// Chance that depends on a seed and a tick alone, whatever came before.
#pragma once

#include <cstdint>

#include "ticks.hpp"

namespace moonecho {

// One round of splitmix64 (Steele, Lea and Flood 2014).
constexpr std::uint64_t splitmix64(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15U;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
}

constexpr std::uint64_t counter_hash(std::uint64_t seed, Tick tick) {
    return splitmix64(splitmix64(seed) ^ static_cast<std::uint64_t>(tick));
}

// Evenly in (0, 1), of the upper 53 bits.
constexpr double unit_interval(std::uint64_t bits) {
    return (static_cast<double>(bits >> 11U) + 0.5) / 9007199254740992.0;
}

}  // namespace moonecho
