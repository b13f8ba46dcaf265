#include "fault_plan.hpp"

#include <SoapySDR/Types.hpp>
#include <algorithm>
#include <functional>
#include <sstream>
#include <stdexcept>

#include "counter_hash.hpp"
#include "numbers.hpp"

namespace moonecho {

namespace {

constexpr std::size_t kMostLogged = 100'000;

std::vector<Tick> parse_ticks(const std::string& text) {
    std::vector<Tick> ticks;
    std::istringstream words(text);
    for (std::string word; words >> word;) ticks.push_back(parse_integer(word));
    std::sort(ticks.begin(), ticks.end(), std::greater<>());
    return ticks;
}

}  // namespace

const char* fault_name(FaultKind kind) {
    static constexpr std::array<const char*, kFaultKinds> kNames = {
        "late_transmit", "late_receive", "overflow", "underflow",
        "drop",          "disconnect",   "timeout",  "partial_write",
    };
    return kNames[static_cast<std::size_t>(kind)];
}

FaultRule FaultRule::parse(const std::string& text) {
    FaultRule rule;
    const auto words = SoapySDR::KwargsFromString(text);
    if (words.empty()) {
        rule.count = 0;
        return rule;
    }
    rule.probability = 1.0;
    for (const auto& [key, value] : words) {
        if (key == "at") {
            rule.at = parse_ticks(value);
        } else if (key == "probability") {
            rule.probability = parse_real(value);
        } else if (key == "seed") {
            rule.seed = static_cast<std::uint64_t>(parse_integer(value));
        } else if (key == "count") {
            rule.count = parse_integer(value);
        } else if (key == "samples") {
            rule.samples = parse_integer(value);
        } else {
            throw std::invalid_argument("a fault has no \"" + key +
                                        "\"; use at, probability, seed, count, samples");
        }
    }
    if (words.count("at") != 0) {
        if (words.count("probability") != 0) {
            throw std::invalid_argument("a fault has either \"at\" or \"probability\"");
        }
        rule.probability = 0.0;
    }
    if (!(rule.probability >= 0.0 && rule.probability <= 1.0)) {
        throw std::invalid_argument("the probability of a fault is between 0 and 1");
    }
    if (rule.count < 0 || rule.samples < 0) {
        throw std::invalid_argument("count and samples of a fault are not negative");
    }
    return rule;
}

void FaultPlan::set(FaultKind kind, const std::string& text) {
    rules_[index(kind)] = FaultRule::parse(text);
    texts_[index(kind)] = text;
}

Tick FaultPlan::samples(FaultKind kind, Tick otherwise) const {
    const Tick samples = rules_[index(kind)].samples;
    return samples > 0 ? samples : otherwise;
}

std::optional<Tick> FaultPlan::due(FaultKind kind, Tick first, std::size_t count) const {
    const FaultRule& rule = rules_[index(kind)];
    if (rule.count == 0 || count == 0 || texts_[index(kind)].empty()) return std::nullopt;
    const Tick end = first + static_cast<Tick>(count);
    if (!rule.at.empty()) {
        // The list falls: from its end, the first that is not before `first`.
        const auto next = std::upper_bound(rule.at.rbegin(), rule.at.rend(), first - 1);
        if (next != rule.at.rend() && *next < end) return *next;
        return std::nullopt;
    }
    const std::uint64_t key = counter_hash(rule.seed * kFaultKinds + index(kind), first);
    if (first <= rule.last || unit_interval(key) >= rule.probability) return std::nullopt;
    return first + static_cast<Tick>(counter_hash(key, first) % count);
}

void FaultPlan::done(FaultKind kind, Tick due, Tick first, Tick samples) {
    FaultRule& rule = rules_[index(kind)];
    if (!rule.at.empty()) {
        while (!rule.at.empty() && rule.at.back() <= due) rule.at.pop_back();
        if (rule.at.empty()) rule.count = 1;  // spent: counted down to zero below
    }
    --rule.count;
    rule.last = due;
    if (log_.size() == kMostLogged) log_.pop_front();
    log_.push_back({kind, first, samples});
}

std::string FaultPlan::log() const {
    std::ostringstream lines;
    for (const InjectedFault& fault : log_) {
        lines << fault_name(fault.kind) << ' ' << fault.tick << ' ' << fault.samples << '\n';
    }
    return lines.str();
}

}  // namespace moonecho
