#include "transmit_queue.hpp"

#include <SoapySDR/Constants.h>
#include <SoapySDR/Errors.h>

#include <algorithm>

namespace moonecho {

namespace {

// A client that never asks for the status must not fill the memory with it.
constexpr std::size_t kMostEvents = 65536;

}  // namespace

void TransmitQueue::activate(Tick now, std::optional<Tick> at) {
    active_ = true;
    open_ = refusing_ = starved_ = false;
    next_ = std::max(continuation(now), at.value_or(now));
    promised_ = next_;
}

void TransmitQueue::silence(Tick from) {
    active_ = open_ = refusing_ = starved_ = false;
    while (!spans_.empty() && spans_.back().first >= from) {
        waiting_ -= static_cast<std::size_t>(spans_.back().end - spans_.back().first);
        spans_.pop_back();
    }
    if (!spans_.empty() && spans_.back().end > from) {
        waiting_ -= static_cast<std::size_t>(spans_.back().end - from);
        spans_.back().end = from;
    }
    next_ = std::min(next_, from);
    while (!scheduled_.empty() && scheduled_.back().tick > from) scheduled_.pop_back();
}

void TransmitQueue::accept(Tick first, std::size_t count, bool end_burst) {
    const Tick end = first + static_cast<Tick>(count);
    if (!spans_.empty() && spans_.back().end == first) {
        spans_.back().end = end;
    } else if (count > 0) {
        spans_.push_back({first, end});
    }
    waiting_ += count;
    next_ = end;
    promised_ = std::max(promised_, end);
    open_ = !end_burst;
    refusing_ = starved_ = false;
    if (end_burst) schedule(end, true);
}

void TransmitQueue::refuse_burst(Tick start, bool told_by_status) {
    open_ = refusing_ = true;
    starved_ = false;
    swallowed_ = start;
    if (told_by_status) tell({SOAPY_SDR_TIME_ERROR, SOAPY_SDR_HAS_TIME, start});
}

void TransmitQueue::swallow(std::size_t count, bool end_burst) {
    swallowed_ += static_cast<Tick>(count);
    promised_ = std::max(promised_, swallowed_);
    if (end_burst) open_ = refusing_ = false;
}

void TransmitQueue::advance(Tick now) {
    while (!spans_.empty() && spans_.front().first < now) {
        Span& span = spans_.front();
        const Tick gone = std::min(span.end, now);
        waiting_ -= static_cast<std::size_t>(gone - span.first);
        span.first = gone;
        if (gone < span.end) break;
        spans_.pop_front();
    }
    while (!scheduled_.empty() && scheduled_.front().tick <= now) {
        tell(scheduled_.front());
        scheduled_.pop_front();
    }
    if (now >= starvation()) {
        starved_ = true;
        tell({SOAPY_SDR_UNDERFLOW, SOAPY_SDR_HAS_TIME, next_});
    }
}

Tick TransmitQueue::when_waiting(std::size_t most) const {
    std::size_t left = waiting_;
    for (const Span& span : spans_) {
        if (left <= most) return span.first;
        const auto length = static_cast<std::size_t>(span.end - span.first);
        if (left - most <= length) return span.first + static_cast<Tick>(left - most);
        left -= length;
    }
    return next_;
}

Tick TransmitQueue::next_event() const {
    return scheduled_.empty() ? kForever : scheduled_.front().tick;
}

Tick TransmitQueue::starvation() const {
    return open_ && !starved_ && !refusing_ ? next_ + 1 : kForever;
}

std::optional<StatusEvent> TransmitQueue::take_event() {
    if (told_.empty()) return std::nullopt;
    const StatusEvent event = told_.front();
    told_.pop_front();
    return event;
}

void TransmitQueue::schedule(Tick tick, bool acknowledge) {
    const StatusEvent event = acknowledge
                                  ? StatusEvent{0, SOAPY_SDR_HAS_TIME | SOAPY_SDR_END_BURST, tick}
                                  : StatusEvent{SOAPY_SDR_UNDERFLOW, SOAPY_SDR_HAS_TIME, tick};
    scheduled_.push_back(event);
}

void TransmitQueue::tell(StatusEvent event) {
    if (told_.size() == kMostEvents) told_.pop_front();
    told_.push_back(event);
}

}  // namespace moonecho
