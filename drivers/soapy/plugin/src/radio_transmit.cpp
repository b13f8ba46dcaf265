// The radio's transmitter.

#include <SoapySDR/Constants.h>
#include <SoapySDR/Errors.h>

#include <algorithm>
#include <utility>

#include "radio.hpp"

namespace moonecho {

using std::chrono::microseconds;
using std::chrono::steady_clock;

int Radio::refuse(Tick start, std::size_t count, bool end_burst) {
    const bool by_status = options_.late_transmit == RadioOptions::LateTransmit::kStatus;
    transmit_.refuse_burst(start, by_status);
    transmit_.swallow(count, end_burst);
    changed_.notify_all();
    return by_status ? static_cast<int>(count) : SOAPY_SDR_TIME_ERROR;
}

std::vector<SampleMemory::Piece> Radio::convert(Lock& lock, SampleFormat format, const void* from,
                                                Tick first, std::size_t count) {
    const int full_scale = channel_.dac_full_scale;
    lock.unlock();
    auto pieces = memory_.allocate(first, count);
    std::size_t done = 0;
    for (const auto& piece : pieces) {
        to_codes(format, from, done, piece.count, full_scale, piece.block->data());
        done += piece.count;
    }
    lock.lock();
    return pieces;
}

void Radio::strike_underflow(const std::vector<SampleMemory::Piece>& pieces, Tick first,
                             std::size_t count) {
    const auto tick = faults_.due(FaultKind::kUnderflow, first, count);
    if (!tick) return;
    const Tick end = std::min(first + static_cast<Tick>(count),
                              *tick + faults_.samples(FaultKind::kUnderflow, kUsualLoss));
    faults_.done(FaultKind::kUnderflow, *tick, *tick, end - *tick);
    SampleMemory::silence(pieces, *tick, end);
    transmit_.schedule_underflow(*tick);
}

int Radio::write(SampleFormat format, const void* from, std::size_t count, int flags,
                 std::optional<Tick> at, microseconds timeout) {
    const SteadyTime deadline = steady_clock::now() + timeout;
    const std::lock_guard<std::mutex> writer(writing_);
    Lock lock(mutex_);
    const Visit visit(transmit_port_);
    const bool end_burst = (flags & SOAPY_SDR_END_BURST) != 0;
    for (;;) {
        if (!linked_) return lost(lock, deadline);
        if (!transmit_.active()) return SOAPY_SDR_STREAM_ERROR;
        settle();
        if (!at && transmit_.refusing()) {
            transmit_.swallow(count, end_burst);
            changed_.notify_all();
            return static_cast<int>(count);
        }
        const Tick start = at.value_or(transmit_.continuation(clock_.now()));
        if (at && start < transmit_.earliest_start(clock_.now())) {
            return refuse(start, count, end_burst);
        }
        const auto late = at ? faults_.due(FaultKind::kLateTransmit, start, count) : std::nullopt;
        if (late) {
            faults_.done(FaultKind::kLateTransmit, *late, start, static_cast<Tick>(count));
            return refuse(start, count, end_burst);
        }
        if (const auto tick = faults_.due(FaultKind::kDisconnect, start, count)) {
            faults_.done(FaultKind::kDisconnect, *tick, *tick, 0);
            cut_link();
            continue;
        }
        std::size_t taken = std::min({count, kMtu, options_.transmit_samples});
        const auto partial = faults_.due(FaultKind::kPartialWrite, start, count);
        if (partial) {
            const auto half = static_cast<Tick>((count + 1) / 2);
            taken = std::min(
                taken, static_cast<std::size_t>(faults_.samples(FaultKind::kPartialWrite, half)));
        }
        const std::size_t capacity = options_.transmit_samples;
        if (transmit_.waiting() + taken > capacity) {
            const Tick room_at = transmit_.when_waiting(capacity - taken);
            go_to(room_at, receive_hold());
            if (transmit_.waiting() + taken > capacity) {
                if (wait(lock, deadline, room_at)) continue;
                if (transmit_.waiting() >= capacity) return SOAPY_SDR_TIMEOUT;
                taken = capacity - transmit_.waiting();
            }
        }
        auto pieces = convert(lock, format, from, start, taken);
        // Time may have passed meanwhile, or the stream been stopped.
        if (!linked_ || !transmit_.active()) continue;
        settle();
        if (at && start < clock_.now()) continue;
        const Tick first = at ? start : transmit_.continuation(clock_.now());
        for (auto& piece : pieces) piece.first += first - start;
        if (partial) {
            faults_.done(FaultKind::kPartialWrite, *partial, first, static_cast<Tick>(taken));
        }
        strike_underflow(pieces, first, taken);
        memory_.append(std::move(pieces));
        transmit_.accept(first, taken, end_burst && taken == count);
        stir();
        show_output();
        changed_.notify_all();
        return static_cast<int>(taken);
    }
}

int Radio::status(int& flags, Tick& tick, microseconds timeout) {
    const SteadyTime deadline = steady_clock::now() + timeout;
    Lock lock(mutex_);
    flags = 0;
    for (;;) {
        if (!linked_) return lost(lock, deadline);
        settle();
        // A burst that a client left open starves once the client is taken for gone.
        const Tick due = impatient(transmit_port_)
                             ? std::min(transmit_.next_event(), transmit_.starvation())
                             : transmit_.next_event();
        if (due < kForever) go_to(due, std::min(receive_hold(), transmit_hold()));
        if (const auto event = transmit_.take_event()) {
            flags = event->flags;
            tick = event->tick;
            return event->code;
        }
        if (!wait(lock, deadline, std::min(transmit_.next_event(), transmit_.starvation()))) {
            return SOAPY_SDR_TIMEOUT;
        }
    }
}

}  // namespace moonecho
