// Faults on purpose: which, when, and what was done.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "ticks.hpp"

namespace moonecho {

enum class FaultKind : std::size_t {
    kLateTransmit,
    kLateReceive,
    kOverflow,
    kUnderflow,
    kDrop,
    kDisconnect,
    kTimeout,
    kPartialWrite,
};
constexpr std::size_t kFaultKinds = 8;

const char* fault_name(FaultKind kind);

// When a kind of fault happens. As text: "at=5000 7000" (ticks), or "probability=0.01, seed=3",
// each with "count=2" (at most so many) and "samples=100" (how many are concerned); empty for
// never. Chance depends on seed, kind and tick alone, so that the order of calls does not matter.
struct FaultRule {
    std::vector<Tick> at;  // in falling order: the next one is last
    double probability = 0.0;
    std::uint64_t seed = 0;
    std::int64_t count = std::numeric_limits<std::int64_t>::max();
    Tick samples = 0;       // zero: the kind's own choice
    Tick last = -kForever;  // where the last one was due; no other before it

    // Throws std::invalid_argument for what it does not understand.
    static FaultRule parse(const std::string& text);
};

struct InjectedFault {
    FaultKind kind;
    Tick tick;
    Tick samples;
};

class FaultPlan {
  public:
    void set(FaultKind kind, const std::string& text);
    const std::string& text(FaultKind kind) const { return texts_[index(kind)]; }
    Tick samples(FaultKind kind, Tick otherwise) const;

    // First tick of [first, first + count) at which a fault is due. Asking changes nothing.
    std::optional<Tick> due(FaultKind kind, Tick first, std::size_t count) const;

    // Notes that the one that was due at a tick was done, to samples from `first` on.
    void done(FaultKind kind, Tick due, Tick first, Tick samples);

    // Lines "kind tick samples" in the order in which they were done; the latest 100000 at most.
    std::string log() const;
    void clear_log() { log_.clear(); }

  private:
    static std::size_t index(FaultKind kind) { return static_cast<std::size_t>(kind); }

    std::array<FaultRule, kFaultKinds> rules_;
    std::array<std::string, kFaultKinds> texts_;
    std::deque<InjectedFault> log_;
};

}  // namespace moonecho
