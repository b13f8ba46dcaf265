// What is to be received: commands in the order of their times, and how far they have been read.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "ticks.hpp"

namespace moonecho {

// Samples that the client will not get: told as an overflow, or not at all.
struct ReceiveGap {
    Tick first;
    std::optional<Tick> end;  // none: until the reader comes to it
    bool silent;
};

class ReceiveQueue {
  public:
    struct Command {
        Tick start;
        Tick next;  // first sample that has not been read
        Tick end;
        bool late;
    };

    // Orders reception of [start, end); without a start, from now on or after what was ordered.
    void order(Tick now, std::optional<Tick> start, Tick samples);

    // Ends reception at a tick.
    void stop(Tick at);
    void clear();

    bool empty() const { return commands_.empty(); }
    std::size_t size() const { return commands_.size(); }
    bool continuous() const { return !empty() && commands_.back().end == kForever; }
    const Command& front() const { return commands_.front(); }
    void drop_front();
    void mark_late() { commands_.front().late = true; }

    // End of the samples that one read can give: of the command, or at a gap.
    Tick readable_end() const;
    void read_to(Tick tick);

    const std::optional<ReceiveGap>& gap() const { return gap_; }
    void lose(ReceiveGap gap) { gap_ = gap; }
    bool at_gap() const { return gap_ && !empty() && front().next >= gap_->first; }
    void skip_gap(Tick now);

    // What came before now and was not read; if it is more than fits, the rest is lost.
    void overflow_beyond(Tick now, Tick samples);

  private:
    std::deque<Command> commands_;
    std::optional<ReceiveGap> gap_;
};

}  // namespace moonecho
