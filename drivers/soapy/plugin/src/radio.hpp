// The radio itself: one clock, one transmitter, one receiver, and the channel between them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "echo_channel.hpp"
#include "fault_plan.hpp"
#include "output_lamp.hpp"
#include "receive_queue.hpp"
#include "sample_clock.hpp"
#include "sample_format.hpp"
#include "sample_memory.hpp"
#include "ticks.hpp"
#include "transmit_queue.hpp"

namespace moonecho {

// How much the radio holds, and how it tells what went wrong, in which real drivers differ.
struct RadioOptions {
    enum class LateTransmit { kStatus, kReturn };
    enum class LateReceive { kTimeError, kStreamError };
    enum class LostLink { kError, kSilence, kZero };

    std::size_t transmit_samples = 1U << 22U;  // that wait to be transmitted
    std::size_t receive_samples = 1U << 22U;   // received and not read
    std::size_t commands = 8;                  // bursts to be received
    double patience_s = 60.0;
    double watchdog_s = 1.0;
    LateTransmit late_transmit = LateTransmit::kStatus;
    LateReceive late_receive = LateReceive::kTimeError;
    LostLink lost_link = LostLink::kError;
};

enum class Direction { kTransmit, kReceive };

// Every function may be called from any thread at any time; a second reader, or writer, waits for
// the first. Codes and flags are those of SoapySDR, times are ticks.
//
// Stepped time stands still but for three causes:
//   - a reader waits for samples: up to the end of what it waits for;
//   - a writer waits for room: until there is room;
//   - one waits for the status: up to the next event that is scheduled.
// It never passes what the other side has not done yet: the end of the last sample written, or the
// first sample ordered and not read (without one, it stays). So nothing is late that was written or
// ordered in the order of its time, however threads are scheduled. A side whose stream does not
// exist or is deactivated holds nothing up, nor does one that has not called for `patience_s`. That
// is counted in turns of those who wait, so that a pause of the whole process is one turn at most.
//
// A thread watches the output, so that it goes out when its samples end even if nobody calls. In
// stepped time, where nothing ends by itself, it goes out when nothing has been written and no time
// has passed for `watchdog_s`; what waits is kept, and transmitted when time goes on.
class Radio {
  public:
    static constexpr std::size_t kMtu = 65536;

    Radio(SampleClock::Mode mode, std::int64_t rate_hz, const std::string& serial);
    ~Radio();
    Radio(const Radio&) = delete;
    Radio& operator=(const Radio&) = delete;

    // Streams
    void open(Direction direction);   // throws std::runtime_error where one is open already
    void close(Direction direction);  // silences the output
    int activate_transmit(std::optional<Tick> at);
    int activate_receive(std::optional<Tick> at, std::size_t samples);
    int deactivate(Direction direction, std::optional<Tick> at);
    int write(SampleFormat format, const void* from, std::size_t count, int flags,
              std::optional<Tick> at, std::chrono::microseconds timeout);
    int read(SampleFormat format, void* to, std::size_t count, int& flags, Tick& tick,
             std::chrono::microseconds timeout);
    int status(int& flags, Tick& tick, std::chrono::microseconds timeout);

    // Clock. Changes throw std::runtime_error while a stream is active.
    Tick now();
    void set_now(Tick tick);
    std::int64_t rate_hz();
    void set_rate_hz(std::int64_t rate_hz);
    SampleClock::Mode mode();
    void set_mode(SampleClock::Mode mode);

    // Link. While it is lost nothing is transmitted.
    bool linked();
    void set_linked(bool linked);
    bool transmitting();
    std::uint64_t clipped_values();

    EchoChannel channel();
    RadioOptions options();

    // Calls `change(channel, options, faults)` with nobody else inside.
    template <typename Change>
    auto configure(Change change) {
        const std::lock_guard<std::mutex> lock(mutex_);
        return change(channel_, options_, faults_);
    }

  private:
    using Lock = std::unique_lock<std::mutex>;
    enum class Side { kAbsent, kOpen, kReleased };

    // A stream of the client's, and for how many turns nobody has called for it.
    struct Port {
        Side side = Side::kAbsent;
        int callers = 0;
        int silent_turns = 0;
    };

    // Counts a caller in, so that one who waits inside is not taken for silent.
    class Visit {
      public:
        explicit Visit(Port& port) : port_(port) { ++port_.callers; }
        ~Visit() {
            --port_.callers;
            port_.silent_turns = 0;
        }
        Visit(const Visit&) = delete;
        Visit& operator=(const Visit&) = delete;

      private:
        Port& port_;
    };

    // What an injected overflow, drop or underflow costs when its rule does not say.
    static constexpr Tick kUsualLoss = 64;

    // In so many turns a patience ends.
    static constexpr int kPatienceTurns = 64;

    // How late the output may be seen to be off.
    static constexpr std::chrono::milliseconds kWatchPeriod{20};

    void settle();
    void forget();
    void go_to(Tick need, Tick hold);
    bool impatient(const Port& port) const;
    void take_turn();
    bool output_on() const { return transmit_.transmitting() && !dormant_; }
    void show_output();
    void stir();
    void watch();
    Tick transmit_hold() const;
    Tick receive_hold() const;
    bool wait(Lock& lock, SteadyTime deadline, Tick until);
    void require_idle(const char* what) const;
    void cut_link();
    int lost(Lock& lock, SteadyTime deadline);

    Tick strike_receive(Tick first, Tick end);
    int deliver(Lock& lock, SampleFormat format, void* to, Tick first, Tick end, int& flags);
    int late_reception(int& flags, Tick& tick);
    std::vector<SampleMemory::Piece> convert(Lock& lock, SampleFormat format, const void* from,
                                             Tick first, std::size_t count);
    void strike_underflow(const std::vector<SampleMemory::Piece>& pieces, Tick first,
                          std::size_t count);
    int refuse(Tick start, std::size_t count, bool end_burst);

    std::mutex reading_;
    std::mutex writing_;
    std::mutex mutex_;  // of all that follows
    std::condition_variable changed_;
    SampleClock clock_;
    SampleMemory memory_;
    TransmitQueue transmit_;
    ReceiveQueue receive_;
    EchoChannel channel_;
    RadioOptions options_;
    FaultPlan faults_;
    OutputLamp lamp_;
    Port transmit_port_;
    Port receive_port_;
    SteadyTime next_turn_{};
    std::condition_variable output_changed_;
    bool watching_darkness_ = false;
    bool stirred_ = false;  // since the watch looked last
    bool dormant_ = false;  // stepped time has stood still for long
    bool ending_ = false;
    bool receiving_ = false;
    bool linked_ = true;
    std::uint64_t clipped_values_ = 0;
    std::thread watcher_;  // from the first transmission on
};

}  // namespace moonecho
