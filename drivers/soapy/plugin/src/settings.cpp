#include "settings.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "numbers.hpp"

namespace moonecho {

namespace {

using SoapySDR::ArgInfo;

// The longest delay: 2.7 s at the highest rate, and as much again.
constexpr double kMaxDelayTicks = 5.4 * static_cast<double>(kMaxRateHz);
constexpr int kSmallestFullScale = 1;
constexpr int kLargestFullScale = 32767;
constexpr std::size_t kMaxSamples = std::size_t{1} << 30U;

ArgInfo describe_one(const std::string& key, ArgInfo::Type type, const std::string& units,
                     const std::string& description) {
    ArgInfo info;
    info.key = key;
    info.type = type;
    info.units = units;
    info.description = description;
    return info;
}

ArgInfo number(const std::string& key, const std::string& units, double low, double high,
               const std::string& description) {
    ArgInfo info = describe_one(key, ArgInfo::FLOAT, units, description);
    info.range = SoapySDR::Range(low, high);
    return info;
}

ArgInfo whole(const std::string& key, const std::string& units, double low, double high,
              const std::string& description) {
    ArgInfo info = number(key, units, low, high, description);
    info.type = ArgInfo::INT;
    return info;
}

ArgInfo choice(const std::string& key, std::vector<std::string> options,
               const std::string& description) {
    ArgInfo info = describe_one(key, ArgInfo::STRING, "", description);
    info.options = std::move(options);
    return info;
}

std::size_t option_index(const ArgInfo& info, const std::string& value) {
    const auto found = std::find(info.options.begin(), info.options.end(), value);
    if (found == info.options.end()) {
        std::string known;
        for (const auto& option : info.options) known += (known.empty() ? "" : ", ") + option;
        throw std::invalid_argument(info.key + " is one of " + known + ", not \"" + value + "\"");
    }
    return static_cast<std::size_t>(found - info.options.begin());
}

double parse_within(const ArgInfo& info, const std::string& value) {
    const double parsed =
        info.type == ArgInfo::INT ? static_cast<double>(parse_integer(value)) : parse_real(value);
    if (!(parsed >= info.range.minimum() && parsed <= info.range.maximum())) {
        throw std::invalid_argument(info.key + " = " + value + " is not within " +
                                    to_text(info.range.minimum()) + " to " +
                                    to_text(info.range.maximum()));
    }
    return parsed;
}

std::string switch_text(bool on) {
    return on ? "true" : "false";
}

// Exact where a double is not: whole ticks and a fraction are kept apart.
std::string delay_text(const EchoChannel& channel) {
    if (channel.delay_fraction == 0.0) return std::to_string(channel.delay_ticks);
    return to_text(static_cast<double>(channel.delay_ticks) + channel.delay_fraction);
}

void set_delay(EchoChannel& channel, double ticks) {
    const double whole_ticks = std::floor(ticks);
    const double fraction = ticks - whole_ticks;
    if (fraction != 0.0 && whole_ticks < static_cast<double>(EchoChannel::kHalfTaps)) {
        throw std::invalid_argument("a delay with a fraction of a tick has at least " +
                                    std::to_string(EchoChannel::kHalfTaps) +
                                    " ticks, those of the filter that makes it");
    }
    channel.delay_ticks = static_cast<Tick>(whole_ticks);
    channel.delay_fraction = fraction;
}

}  // namespace

SampleClock::Mode parse_mode(const std::string& text) {
    if (text == "stepped") return SampleClock::Mode::kStepped;
    if (text == "free") return SampleClock::Mode::kFreeRunning;
    throw std::invalid_argument("clock is one of free, stepped, not \"" + text + "\"");
}

Settings::Settings(Radio& radio, References& references) {
    add_channel(radio);
    add_limits(radio);
    add_manners(radio);
    add_faults(radio);
    add_state(radio, references);
}

void Settings::add(ArgInfo info, std::function<std::string()> read,
                   std::function<void(const std::string&)> write) {
    info.name = info.key;
    info.value = read();
    settings_.push_back({std::move(info), std::move(read), std::move(write)});
}

void Settings::add_channel(Radio& radio) {
    using Change = std::function<void(EchoChannel&, double)>;
    const auto add_number = [&](const ArgInfo& info, std::function<std::string()> read,
                                const Change& change) {
        add(info, std::move(read), [&radio, info, change](const std::string& value) {
            const double parsed = parse_within(info, value);
            radio.configure([&](EchoChannel& channel, auto&, auto&) { change(channel, parsed); });
        });
    };
    add_number(
        number("delay_ticks", "ticks", 0.0, kMaxDelayTicks,
               "Delay from the output to the input; a fraction needs 32 ticks at least"),
        [&radio] { return delay_text(radio.channel()); }, set_delay);
    add_number(
        number("gain_db", "dB", -200.0, 200.0, "Gain from the output to the input"),
        [&radio] { return to_text(radio.channel().gain_db); },
        [](EchoChannel& channel, double value) { channel.gain_db = value; });
    add_number(
        whole("noise_seed", "", 0.0, 9e15, "Seed of the noise"),
        [&radio] { return std::to_string(radio.channel().noise_seed); },
        [](EchoChannel& channel, double value) {
            channel.noise_seed = static_cast<std::uint64_t>(value);
        });
    add_number(
        whole("dac_full_scale", "codes", kSmallestFullScale, kLargestFullScale,
              "Largest code of the transmitter; larger ones are clipped"),
        [&radio] { return std::to_string(radio.channel().dac_full_scale); },
        [](EchoChannel& channel, double value) {
            channel.dac_full_scale = static_cast<int>(value);
        });
    add_number(
        whole("adc_full_scale", "codes", kSmallestFullScale, kLargestFullScale,
              "Largest code of the receiver; larger ones are clipped"),
        [&radio] { return std::to_string(radio.channel().adc_full_scale); },
        [](EchoChannel& channel, double value) {
            channel.adc_full_scale = static_cast<int>(value);
        });
    const ArgInfo noise = number("noise_dbfs", "dB", -200.0, 40.0, "");
    add(
        describe_one("noise_dbfs", ArgInfo::STRING, "dB",
                     "Rms of the complex noise against full scale of the receiver, or off"),
        [&radio] {
            const auto level = radio.channel().noise_dbfs;
            return level ? to_text(*level) : std::string("off");
        },
        [&radio, noise](const std::string& value) {
            std::optional<double> level;
            if (value != "off") level = parse_within(noise, value);
            radio.configure(
                [&](EchoChannel& channel, auto&, auto&) { channel.noise_dbfs = level; });
        });
}

void Settings::add_limits(Radio& radio) {
    const auto add_count = [&](const std::string& key, double low,
                               std::size_t RadioOptions::* field, const std::string& units,
                               const std::string& description) {
        const ArgInfo info = whole(key, units, low, static_cast<double>(kMaxSamples), description);
        add(
            info, [&radio, field] { return std::to_string(radio.options().*field); },
            [&radio, info, field](const std::string& value) {
                const auto count = static_cast<std::size_t>(parse_within(info, value));
                radio.configure(
                    [&](auto&, RadioOptions& options, auto&) { options.*field = count; });
            });
    };
    // Two packets, so that a reader and a writer of whole packets cannot wait for each other.
    const auto two_packets = static_cast<double>(2 * Radio::kMtu);
    add_count("transmit_buffer", two_packets, &RadioOptions::transmit_samples, "samples",
              "Samples that may wait to be transmitted");
    add_count("receive_buffer", 1.0, &RadioOptions::receive_samples, "samples",
              "Samples that may wait to be read; one more is an overflow");
    add_count("command_queue", 1.0, &RadioOptions::commands, "commands",
              "Bursts that may be ordered for reception; one more is refused");
    const auto add_seconds = [&](const std::string& key, double RadioOptions::* field,
                                 const std::string& description) {
        const ArgInfo info = number(key, "s", 0.0, 1e6, description);
        add(
            info, [&radio, field] { return to_text(radio.options().*field); },
            [&radio, info, field](const std::string& value) {
                const double seconds = parse_within(info, value);
                radio.configure(
                    [&](auto&, RadioOptions& options, auto&) { options.*field = seconds; });
            });
    };
    add_seconds("patience_s", &RadioOptions::patience_s,
                "Stepped time waits so long for a side that does not call");
    add_seconds("watchdog_s", &RadioOptions::watchdog_s,
                "Stepped time that stands still for so long puts the output out");
}

void Settings::add_manners(Radio& radio) {
    const auto add_choice = [&](const ArgInfo& info, std::function<std::size_t(RadioOptions)> read,
                                std::function<void(RadioOptions&, std::size_t)> write) {
        add(
            info, [&radio, info, read] { return info.options[read(radio.options())]; },
            [&radio, info, write](const std::string& value) {
                const std::size_t index = option_index(info, value);
                radio.configure(
                    [&](auto&, RadioOptions& options, auto&) { write(options, index); });
            });
    };
    add_choice(
        choice("late_transmit", {"status", "return"},
               "Where a late burst is told: by readStreamStatus or by writeStream"),
        [](const RadioOptions& o) { return static_cast<std::size_t>(o.late_transmit); },
        [](RadioOptions& o, std::size_t index) {
            o.late_transmit = static_cast<RadioOptions::LateTransmit>(index);
        });
    add_choice(
        choice("late_receive", {"time_error", "stream_error"},
               "What readStream returns for a late command"),
        [](const RadioOptions& o) { return static_cast<std::size_t>(o.late_receive); },
        [](RadioOptions& o, std::size_t index) {
            o.late_receive = static_cast<RadioOptions::LateReceive>(index);
        });
    add_choice(
        choice("link_lost", {"error", "silence", "zero"},
               "How a lost link shows: STREAM_ERROR, TIMEOUT, or 0 samples for ever"),
        [](const RadioOptions& o) { return static_cast<std::size_t>(o.lost_link); },
        [](RadioOptions& o, std::size_t index) {
            o.lost_link = static_cast<RadioOptions::LostLink>(index);
        });
}

void Settings::add_faults(Radio& radio) {
    for (std::size_t index = 0; index < kFaultKinds; ++index) {
        const auto kind = static_cast<FaultKind>(index);
        add(
            describe_one(std::string("fault_") + fault_name(kind), ArgInfo::STRING, "",
                         "When: \"at=TICK TICK...\" or \"probability=P, seed=N\", each with "
                         "\"count=N, samples=N\"; empty for never"),
            [&radio, kind] {
                return radio.configure(
                    [&](auto&, auto&, FaultPlan& faults) { return faults.text(kind); });
            },
            [&radio, kind](const std::string& value) {
                radio.configure([&](auto&, auto&, FaultPlan& faults) { faults.set(kind, value); });
            });
    }
    add(
        describe_one(
            "fault_log", ArgInfo::STRING, "",
            "Faults that were injected, a line \"KIND TICK SAMPLES\" each; writing clears"),
        [&radio] {
            return radio.configure([](auto&, auto&, FaultPlan& faults) { return faults.log(); });
        },
        [&radio](const std::string&) {
            radio.configure([](auto&, auto&, FaultPlan& faults) { faults.clear_log(); });
        });
}

void Settings::add_state(Radio& radio, References& references) {
    const auto read_only = [](const std::string&) {
        throw std::invalid_argument("this setting can be read only");
    };
    add(
        choice("clock", {"free", "stepped"},
               "Whether time passes at the sample rate, or as the client reads and writes"),
        [&radio] {
            return radio.mode() == SampleClock::Mode::kStepped ? std::string("stepped")
                                                               : std::string("free");
        },
        [&radio](const std::string& value) { radio.set_mode(parse_mode(value)); });
    const ArgInfo link = choice("link", {"down", "up"}, "The link to the device");
    add(
        link, [&radio] { return std::string(radio.linked() ? "up" : "down"); },
        [&radio, link](const std::string& value) {
            radio.set_linked(option_index(link, value) == 1);
        });
    add(
        describe_one("tick", ArgInfo::INT, "ticks", "The clock's count, exactly; read only"),
        [&radio] { return std::to_string(radio.now()); }, read_only);
    add(
        describe_one("transmitting", ArgInfo::BOOL, "", "Whether the output is on; read only"),
        [&radio] { return switch_text(radio.transmitting()); }, read_only);
    add(
        describe_one("clipped_values", ArgInfo::INT, "",
                     "Values of I and Q that the receiver clipped so far; read only"),
        [&radio] { return std::to_string(radio.clipped_values()); }, read_only);
    add(
        describe_one("ref_locked", ArgInfo::BOOL, "", "What the sensor ref_locked shows"),
        [&references] { return switch_text(references.ref_locked); },
        [&references](const std::string& value) { references.ref_locked = parse_switch(value); });
    add(
        describe_one("lo_locked", ArgInfo::BOOL, "", "What the sensor lo_locked shows"),
        [&references] { return switch_text(references.lo_locked); },
        [&references](const std::string& value) { references.lo_locked = parse_switch(value); });
}

SoapySDR::ArgInfoList Settings::describe() const {
    SoapySDR::ArgInfoList list;
    for (const Setting& setting : settings_) list.push_back(setting.info);
    return list;
}

bool Settings::has(const std::string& key) const {
    return std::any_of(settings_.begin(), settings_.end(),
                       [&](const Setting& setting) { return setting.info.key == key; });
}

const Settings::Setting& Settings::find(const std::string& key) const {
    for (const Setting& setting : settings_) {
        if (setting.info.key == key) return setting;
    }
    throw std::invalid_argument("moonecho_loopback has no setting \"" + key +
                                "\"; getSettingInfo lists those that it has");
}

std::string Settings::read(const std::string& key) const {
    return find(key).read();
}

void Settings::write(const std::string& key, const std::string& value) {
    find(key).write(value);
}

}  // namespace moonecho
