#include "radio.hpp"

#include <SoapySDR/Constants.h>
#include <SoapySDR/Errors.h>

#include <algorithm>
#include <stdexcept>

namespace moonecho {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::steady_clock;

Radio::Radio(SampleClock::Mode mode, std::int64_t rate_hz, const std::string& serial)
    : clock_(mode, rate_hz), lamp_(serial) {}

Radio::~Radio() {
    {
        const Lock lock(mutex_);
        ending_ = true;
        output_changed_.notify_all();
    }
    if (watcher_.joinable()) watcher_.join();
    lamp_.show(false);
}

// ---- streams ----------------------------------------------------------------------------------

void Radio::open(Direction direction) {
    const Lock lock(mutex_);
    Port& port = direction == Direction::kTransmit ? transmit_port_ : receive_port_;
    if (port.side != Side::kAbsent) {
        throw std::runtime_error("a stream of this direction is open already; close it first");
    }
    port.side = Side::kOpen;
    port.silent_turns = 0;
}

void Radio::close(Direction direction) {
    deactivate(direction, std::nullopt);
    const Lock lock(mutex_);
    (direction == Direction::kTransmit ? transmit_port_ : receive_port_).side = Side::kAbsent;
    changed_.notify_all();
}

int Radio::activate_transmit(std::optional<Tick> at) {
    const Lock lock(mutex_);
    if (!linked_) return SOAPY_SDR_STREAM_ERROR;
    const Visit visit(transmit_port_);
    settle();
    if (at && *at < clock_.now()) return SOAPY_SDR_TIME_ERROR;
    if (!transmit_.active()) transmit_.activate(clock_.now(), at);
    if (!watcher_.joinable()) watcher_ = std::thread(&Radio::watch, this);
    transmit_port_.side = Side::kOpen;
    changed_.notify_all();
    return 0;
}

int Radio::activate_receive(std::optional<Tick> at, std::size_t samples) {
    const Lock lock(mutex_);
    if (!linked_) return SOAPY_SDR_STREAM_ERROR;
    const Visit visit(receive_port_);
    settle();
    if (receive_.continuous()) return at || samples > 0 ? SOAPY_SDR_NOT_SUPPORTED : 0;
    if (receive_.size() >= options_.commands) return SOAPY_SDR_STREAM_ERROR;
    receive_.order(clock_.now(), at, static_cast<Tick>(samples));
    receive_port_.side = Side::kOpen;
    receiving_ = true;
    changed_.notify_all();
    return 0;
}

int Radio::deactivate(Direction direction, std::optional<Tick> at) {
    const Lock lock(mutex_);
    settle();
    const Tick now = clock_.now();
    const Tick from = std::max(now, at.value_or(now));
    if (direction == Direction::kTransmit) {
        transmit_.silence(from);
        memory_.erase_from(from);
        transmit_port_.side = Side::kReleased;
    } else {
        if (at) receive_.stop(from);
        else receive_.clear();
        receiving_ = false;
        receive_port_.side = Side::kReleased;
    }
    settle();
    changed_.notify_all();
    return 0;
}

// ---- clock and link ---------------------------------------------------------------------------

Tick Radio::now() {
    const Lock lock(mutex_);
    settle();
    return clock_.now();
}

void Radio::set_now(Tick tick) {
    const Lock lock(mutex_);
    require_idle("the time");
    memory_.clear();
    transmit_ = TransmitQueue();
    receive_.clear();
    clock_.set_now(tick);
}

std::int64_t Radio::rate_hz() {
    const Lock lock(mutex_);
    return clock_.rate_hz();
}

void Radio::set_rate_hz(std::int64_t rate_hz) {
    const Lock lock(mutex_);
    if (rate_hz == clock_.rate_hz()) return;
    require_idle("the sample rate");
    memory_.clear();
    transmit_ = TransmitQueue();
    receive_.clear();
    clock_.set_rate_hz(rate_hz);
}

SampleClock::Mode Radio::mode() {
    const Lock lock(mutex_);
    return clock_.mode();
}

void Radio::set_mode(SampleClock::Mode mode) {
    const Lock lock(mutex_);
    if (mode == clock_.mode()) return;
    require_idle("the clock's mode");
    clock_.set_mode(mode);
}

bool Radio::linked() {
    const Lock lock(mutex_);
    return linked_;
}

void Radio::set_linked(bool linked) {
    const Lock lock(mutex_);
    if (!linked && linked_) cut_link();
    linked_ = linked;
    changed_.notify_all();
}

bool Radio::transmitting() {
    const Lock lock(mutex_);
    settle();
    return output_on();
}

std::uint64_t Radio::clipped_values() {
    const Lock lock(mutex_);
    return clipped_values_;
}

EchoChannel Radio::channel() {
    const Lock lock(mutex_);
    return channel_;
}

RadioOptions Radio::options() {
    const Lock lock(mutex_);
    return options_;
}

// ---- inside -----------------------------------------------------------------------------------

// Draws the consequences of the time that it is.
void Radio::settle() {
    const Tick now = clock_.now();
    transmit_.advance(now);
    receive_.overflow_beyond(now, static_cast<Tick>(options_.receive_samples));
    show_output();
    forget();
}

// Frees what has passed the receiver.
void Radio::forget() {
    const Tick now = clock_.now();
    const Tick needed = receive_.empty() ? now : std::min(now, receive_.front().next);
    memory_.erase_before(channel_.earliest_source(needed));
    if (receive_.gap() && !receive_.gap()->end) {
        memory_.erase_between(channel_.latest_source(receive_.gap()->first),
                              channel_.earliest_source(now));
    }
}

void Radio::go_to(Tick need, Tick hold) {
    const Tick before = clock_.now();
    clock_.advance_to(std::min(need, hold));
    const bool stepped_on = clock_.stepped() && clock_.now() > before;
    if (stepped_on) stir();
    settle();
    if (stepped_on) changed_.notify_all();
}

bool Radio::impatient(const Port& port) const {
    return port.callers == 0 && port.silent_turns >= kPatienceTurns;
}

// Counts a turn of those who wait against the sides that do not call, if it is time for one.
void Radio::take_turn() {
    const SteadyTime now = steady_clock::now();
    if (now < next_turn_) return;
    next_turn_ = now + duration_cast<steady_clock::duration>(
                           duration<double>(options_.patience_s / kPatienceTurns));
    for (Port* port : {&transmit_port_, &receive_port_}) {
        if (port->callers == 0 && !impatient(*port)) ++port->silent_turns;
    }
}

void Radio::show_output() {
    const bool on = output_on();
    lamp_.show(on);
    if (on && watching_darkness_) output_changed_.notify_all();
}

// Something was written, or stepped time has passed.
void Radio::stir() {
    stirred_ = true;
    dormant_ = false;
}

// Draws the consequences of time for the output while nobody calls.
void Radio::watch() {
    Lock lock(mutex_);
    duration<double> still{};
    while (!ending_) {
        settle();
        if (!output_on()) {
            watching_darkness_ = true;
            output_changed_.wait(lock, [this] { return ending_ || output_on(); });
            watching_darkness_ = false;
            still = {};
            continue;
        }
        output_changed_.wait_for(lock, kWatchPeriod);
        // Counted in periods: a pause of the whole process is one of them at most.
        still += kWatchPeriod;
        if (stirred_ || !clock_.stepped()) still = {};
        stirred_ = false;
        if (still.count() >= options_.watchdog_s) dormant_ = true;
    }
}

Tick Radio::transmit_hold() const {
    if (transmit_port_.side != Side::kOpen || impatient(transmit_port_)) return kForever;
    return transmit_.active() ? transmit_.promised() : clock_.now();
}

Tick Radio::receive_hold() const {
    if (impatient(receive_port_)) return kForever;
    if (!receive_.empty()) return receive_.front().next;
    return receive_port_.side == Side::kOpen ? clock_.now() : kForever;
}

// Waits for a change, for a tick of a free-running clock, or for the next turn of a stepped one.
// False when the deadline has passed already.
bool Radio::wait(Lock& lock, SteadyTime deadline, Tick until) {
    if (clock_.stepped()) take_turn();
    if (steady_clock::now() >= deadline) return false;
    SteadyTime next = deadline;
    if (clock_.stepped()) {
        next = std::min(next, next_turn_);
    } else if (until < kForever) {
        next = std::min(next, clock_.when(until));
    }
    changed_.wait_until(lock, next);
    return true;
}

void Radio::require_idle(const char* what) const {
    if (transmit_.active() || receiving_) {
        throw std::runtime_error(std::string("a stream is active; deactivate it before changing ") +
                                 what);
    }
}

void Radio::cut_link() {
    linked_ = false;
    receiving_ = false;
    transmit_.silence(clock_.now());
    memory_.erase_from(clock_.now());
    receive_.clear();
    show_output();
    changed_.notify_all();
}

int Radio::lost(Lock& lock, SteadyTime deadline) {
    switch (options_.lost_link) {
        case RadioOptions::LostLink::kError:
            return SOAPY_SDR_STREAM_ERROR;
        case RadioOptions::LostLink::kZero:
            return 0;
        case RadioOptions::LostLink::kSilence:
            break;
    }
    while (!linked_ && steady_clock::now() < deadline) changed_.wait_until(lock, deadline);
    return SOAPY_SDR_TIMEOUT;
}

}  // namespace moonecho
