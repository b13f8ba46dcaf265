#include "receive_queue.hpp"

#include <algorithm>

namespace moonecho {

void ReceiveQueue::order(Tick now, std::optional<Tick> start, Tick samples) {
    const Tick earliest = empty() ? now : std::max(now, commands_.back().end);
    const Tick first = start.value_or(earliest);
    const Tick end = samples == 0 ? kForever : first + samples;
    commands_.push_back({first, first, end, first < earliest});
}

void ReceiveQueue::stop(Tick at) {
    while (!empty() && commands_.back().next >= at) commands_.pop_back();
    if (!empty()) commands_.back().end = std::min(commands_.back().end, at);
    if (gap_ && (empty() || gap_->first >= commands_.back().end)) gap_.reset();
}

void ReceiveQueue::clear() {
    commands_.clear();
    gap_.reset();
}

void ReceiveQueue::drop_front() {
    commands_.pop_front();
    if (gap_ && gap_->end && (empty() || *gap_->end <= front().next)) gap_.reset();
}

Tick ReceiveQueue::readable_end() const {
    return gap_ ? std::min(front().end, gap_->first) : front().end;
}

void ReceiveQueue::read_to(Tick tick) {
    commands_.front().next = tick;
    if (tick == commands_.front().end) commands_.pop_front();
}

void ReceiveQueue::skip_gap(Tick now) {
    const Tick end = gap_->end.value_or(now);
    gap_.reset();
    while (!empty() && front().end <= end) commands_.pop_front();
    if (!empty()) commands_.front().next = std::max(front().next, end);
}

void ReceiveQueue::overflow_beyond(Tick now, Tick samples) {
    if (gap_) return;
    Tick room = samples;
    for (const Command& command : commands_) {
        if (command.late || command.next >= now) continue;
        const Tick unread = std::min(command.end, now) - command.next;
        if (unread > room) {
            gap_ = ReceiveGap{command.next + room, std::nullopt, false};
            return;
        }
        room -= unread;
    }
}

}  // namespace moonecho
