// What waits to be transmitted, and what there is to say about it.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "ticks.hpp"

namespace moonecho {

// What readStreamStatus tells: a code of SoapySDR (0 for a burst acknowledged), at a tick.
struct StatusEvent {
    int code;
    int flags;
    Tick tick;
};

// Counts only; the samples themselves are in the SampleMemory. A burst is what is written from one
// write with a time, or the first one after the end of a burst, to the next END_BURST.
class TransmitQueue {
  public:
    void activate(Tick now, std::optional<Tick> at);
    bool active() const { return active_; }

    // Ends the output at a tick; what was to leave later never does.
    void silence(Tick from);

    // Where samples without a time go, now.
    Tick continuation(Tick now) const { return next_ < now ? now : next_; }

    // A time before this one has passed, or would lie inside what was written before.
    Tick earliest_start(Tick now) const { return continuation(now); }

    // No sample before this tick will be written any more.
    Tick promised() const { return promised_; }

    // Takes in samples that follow on, or that begin a burst.
    void accept(Tick first, std::size_t count, bool end_burst);

    // Samples that leave as silence instead, for which the client did not come in time.
    void schedule_underflow(Tick tick) { schedule(tick, false); }

    // A burst that came too late: it is taken in and not transmitted, to its end.
    void refuse_burst(Tick start, bool told_by_status);
    bool refusing() const { return refusing_; }
    void swallow(std::size_t count, bool end_burst);

    // Lets time pass: samples leave, bursts are acknowledged, an open burst may starve.
    void advance(Tick now);

    std::size_t waiting() const { return waiting_; }

    // When only `most` samples wait any more.
    Tick when_waiting(std::size_t most) const;

    // Whether samples leave or a burst is open that has not starved.
    bool transmitting() const { return waiting_ > 0 || (open_ && !starved_ && !refusing_); }

    std::optional<StatusEvent> take_event();
    Tick next_event() const;  // of those that are certain to come
    Tick starvation() const;  // when an open burst will have starved

  private:
    struct Span {
        Tick first;
        Tick end;
    };

    void schedule(Tick tick, bool acknowledge);
    void tell(StatusEvent event);

    bool active_ = false;
    bool open_ = false;      // a burst has begun and not ended
    bool refusing_ = false;  // and is swallowed
    bool starved_ = false;   // and ran dry
    Tick next_ = -kForever;  // end of what was written
    Tick promised_ = 0;
    Tick swallowed_ = 0;  // end of what was refused
    std::size_t waiting_ = 0;
    std::deque<Span> spans_;
    std::deque<StatusEvent> scheduled_;  // by tick
    std::deque<StatusEvent> told_;
};

}  // namespace moonecho
