// The radio's receiver.

#include <SoapySDR/Constants.h>
#include <SoapySDR/Errors.h>

#include <algorithm>
#include <vector>

#include "radio.hpp"

namespace moonecho {

using std::chrono::microseconds;
using std::chrono::steady_clock;

int Radio::late_reception(int& flags, Tick& tick) {
    tick = receive_.front().start;
    flags = SOAPY_SDR_HAS_TIME;
    receive_.drop_front();
    changed_.notify_all();
    return options_.late_receive == RadioOptions::LateReceive::kTimeError ? SOAPY_SDR_TIME_ERROR
                                                                          : SOAPY_SDR_STREAM_ERROR;
}

// Lets overflows and drops strike among samples to be read; returns the end of what is left.
Tick Radio::strike_receive(Tick first, Tick end) {
    for (const FaultKind kind : {FaultKind::kOverflow, FaultKind::kDrop}) {
        const auto count = static_cast<std::size_t>(end - first);
        const auto tick = receive_.gap() ? std::nullopt : faults_.due(kind, first, count);
        if (!tick) continue;
        const Tick lost_end =
            std::min(receive_.front().end, *tick + faults_.samples(kind, kUsualLoss));
        faults_.done(kind, *tick, *tick, lost_end - *tick);
        receive_.lose({*tick, lost_end, kind == FaultKind::kDrop});
        end = *tick;
    }
    return end;
}

int Radio::read(SampleFormat format, void* to, std::size_t count, int& flags, Tick& tick,
                microseconds timeout) {
    const SteadyTime deadline = steady_clock::now() + timeout;
    const std::lock_guard<std::mutex> reader(reading_);
    Lock lock(mutex_);
    const Visit visit(receive_port_);
    flags = 0;
    const auto wanted = static_cast<Tick>(std::min(count, kMtu));
    if (wanted == 0) return 0;
    for (;;) {
        if (!linked_) return lost(lock, deadline);
        settle();
        if (receive_.empty()) {
            if (!wait(lock, deadline, kForever)) return SOAPY_SDR_TIMEOUT;
            continue;
        }
        const ReceiveQueue::Command& command = receive_.front();
        if (command.late) return late_reception(flags, tick);
        if (receive_.at_gap()) {
            const ReceiveGap gap = *receive_.gap();
            receive_.skip_gap(clock_.now());
            changed_.notify_all();
            if (gap.silent) continue;
            tick = gap.first;
            flags = SOAPY_SDR_HAS_TIME;
            return SOAPY_SDR_OVERFLOW;
        }
        const Tick first = command.next;
        Tick end = std::min(first + wanted, receive_.readable_end());
        const auto samples = static_cast<std::size_t>(end - first);
        const auto late = first == command.start
                              ? faults_.due(FaultKind::kLateReceive, first, samples)
                              : std::nullopt;
        if (late) {
            faults_.done(FaultKind::kLateReceive, *late, first, command.end - first);
            return late_reception(flags, tick);
        }
        if (const auto lost_at = faults_.due(FaultKind::kDisconnect, first, samples)) {
            faults_.done(FaultKind::kDisconnect, *lost_at, *lost_at, 0);
            cut_link();
            continue;
        }
        if (const auto when = faults_.due(FaultKind::kTimeout, first, samples)) {
            faults_.done(FaultKind::kTimeout, *when, first, 0);
            return SOAPY_SDR_TIMEOUT;
        }
        end = strike_receive(first, end);
        if (end == first) continue;
        go_to(end, transmit_hold());
        if (clock_.now() < end) {
            if (wait(lock, deadline, end)) continue;
            end = std::min(end, clock_.now());
            if (end <= first) return SOAPY_SDR_TIMEOUT;
        }
        tick = first;
        return deliver(lock, format, to, first, end, flags);
    }
}

int Radio::deliver(Lock& lock, SampleFormat format, void* to, Tick first, Tick end, int& flags) {
    const auto samples = static_cast<std::size_t>(end - first);
    flags = SOAPY_SDR_HAS_TIME;
    if (end == receive_.front().end) flags |= SOAPY_SDR_END_BURST;
    // SoapyRemote's server fills up its packets with a second read, whose time it does not look at,
    // unless the first one ends a packet.
    if (receive_.gap() && end == receive_.gap()->first) {
        flags |= receive_.gap()->silent ? SOAPY_SDR_ONE_PACKET : SOAPY_SDR_END_ABRUPT;
    }
    const EchoChannel channel = channel_;
    const auto sources = memory_.find(channel.earliest_source(first), channel.latest_source(end));
    lock.unlock();
    std::size_t clipped = 0;
    if (format == SampleFormat::kCs16) {
        clipped = channel.render(sources, first, samples, static_cast<Sample*>(to));
    } else {
        thread_local std::vector<Sample> codes;
        codes.resize(samples);
        clipped = channel.render(sources, first, samples, codes.data());
        from_codes(format, codes.data(), samples, channel.adc_full_scale, to);
    }
    lock.lock();
    clipped_values_ += clipped;
    // Meanwhile the stream may have been stopped, and even started again.
    if (!receive_.empty() && receive_.front().next == first) receive_.read_to(end);
    forget();
    changed_.notify_all();
    return static_cast<int>(samples);
}

}  // namespace moonecho
