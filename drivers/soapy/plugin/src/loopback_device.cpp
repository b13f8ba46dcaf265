#include "loopback_device.hpp"

#include <SoapySDR/Constants.h>
#include <SoapySDR/Errors.h>

#include <SoapySDR/Formats.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>

#include "numbers.hpp"

namespace moonecho {

namespace {

using std::chrono::microseconds;

constexpr double kDefaultRateHz = 1e6;

// What SoapySDR's opaque stream pointers point to.
struct LoopbackStream {
    Direction direction;
    SampleFormat format;
};

LoopbackStream& unwrap(SoapySDR::Stream* stream) {
    return *reinterpret_cast<LoopbackStream*>(stream);
}

std::string value_or(const SoapySDR::Kwargs& args, const std::string& key,
                     const std::string& otherwise) {
    const auto found = args.find(key);
    return found == args.end() ? otherwise : found->second;
}

std::int64_t whole_rate_hz(double rate) {
    if (!(rate >= kMinRateHz && rate <= kMaxRateHz)) {
        throw std::invalid_argument("a sample rate is within " + std::to_string(kMinRateHz) +
                                    " to " + std::to_string(kMaxRateHz) + " Hz, not " +
                                    to_text(rate));
    }
    return std::llround(rate);
}

void require_range(const std::string& what, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
        throw std::invalid_argument(what + " is within " + to_text(low) + " to " + to_text(high) +
                                    ", not " + to_text(value));
    }
}

void require_name(const std::string& what, const std::string& name,
                  const std::vector<std::string>& known) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
        throw std::invalid_argument("there is no " + what + " \"" + name + "\"");
    }
}

const std::vector<std::string> kSources = {"internal", "external"};

}  // namespace

LoopbackDevice::LoopbackDevice(const SoapySDR::Kwargs& args)
    : radio_(parse_mode(value_or(args, "clock", "free")),
             whole_rate_hz(parse_real(value_or(args, "rate", to_text(kDefaultRateHz)))),
             value_or(args, "serial", "0")),
      front_ends_{FrontEnd{"TX"}, FrontEnd{"RX"}},
      settings_(radio_, references_),
      serial_(value_or(args, "serial", "0")) {
    for (const auto& [key, value] : args) {
        if (settings_.has(key)) settings_.write(key, value);
    }
}

// ---- identity ---------------------------------------------------------------------------------

std::string LoopbackDevice::getDriverKey() const {
    return "moonecho_loopback";
}

std::string LoopbackDevice::getHardwareKey() const {
    return "moonecho_loopback";
}

SoapySDR::Kwargs LoopbackDevice::getHardwareInfo() const {
    return {{"serial", serial_}, {"radiates", "false"}, {"clock", settings_.read("clock")}};
}

std::size_t LoopbackDevice::getNumChannels(int) const {
    return 1;
}

bool LoopbackDevice::getFullDuplex(int, std::size_t) const {
    return true;
}

FrontEnd& LoopbackDevice::front_end(int direction, std::size_t channel) const {
    if ((direction != SOAPY_SDR_TX && direction != SOAPY_SDR_RX) || channel != 0) {
        throw std::invalid_argument("moonecho_loopback has channel 0 of each direction");
    }
    return front_ends_[direction == SOAPY_SDR_TX ? 0 : 1];
}

void LoopbackDevice::require_link() const {
    if (!radio_.linked()) throw std::runtime_error("the link to the device is lost");
}

// ---- streams ----------------------------------------------------------------------------------

std::vector<std::string> LoopbackDevice::getStreamFormats(int, std::size_t) const {
    return {SOAPY_SDR_CS16, SOAPY_SDR_CF32};
}

std::string LoopbackDevice::getNativeStreamFormat(int direction, std::size_t,
                                                  double& fullScale) const {
    const EchoChannel channel = radio_.channel();
    fullScale = direction == SOAPY_SDR_TX ? channel.dac_full_scale : channel.adc_full_scale;
    return SOAPY_SDR_CS16;
}

SoapySDR::Stream* LoopbackDevice::setupStream(int direction, const std::string& format,
                                              const std::vector<std::size_t>& channels,
                                              const SoapySDR::Kwargs&) {
    require_link();
    front_end(direction, channels.empty() ? 0 : channels.front());
    if (channels.size() > 1) throw std::invalid_argument("a stream has one channel");
    auto stream = std::make_unique<LoopbackStream>(
        LoopbackStream{direction == SOAPY_SDR_TX ? Direction::kTransmit : Direction::kReceive,
                       parse_format(format)});
    radio_.open(stream->direction);
    return reinterpret_cast<SoapySDR::Stream*>(stream.release());
}

void LoopbackDevice::closeStream(SoapySDR::Stream* stream) {
    const std::unique_ptr<LoopbackStream> owned(&unwrap(stream));
    radio_.close(owned->direction);
}

std::size_t LoopbackDevice::getStreamMTU(SoapySDR::Stream*) const {
    return Radio::kMtu;
}

int LoopbackDevice::activateStream(SoapySDR::Stream* stream, int flags, long long timeNs,
                                   std::size_t numElems) {
    if ((flags & ~(SOAPY_SDR_HAS_TIME | SOAPY_SDR_END_BURST)) != 0) return SOAPY_SDR_NOT_SUPPORTED;
    std::optional<Tick> at;
    if ((flags & SOAPY_SDR_HAS_TIME) != 0) at = tick_of(timeNs, radio_.rate_hz());
    if (unwrap(stream).direction == Direction::kReceive) {
        return radio_.activate_receive(at, numElems);
    }
    return numElems == 0 ? radio_.activate_transmit(at) : SOAPY_SDR_NOT_SUPPORTED;
}

int LoopbackDevice::deactivateStream(SoapySDR::Stream* stream, int flags, long long timeNs) {
    if ((flags & ~SOAPY_SDR_HAS_TIME) != 0) return SOAPY_SDR_NOT_SUPPORTED;
    std::optional<Tick> at;
    if ((flags & SOAPY_SDR_HAS_TIME) != 0) at = tick_of(timeNs, radio_.rate_hz());
    return radio_.deactivate(unwrap(stream).direction, at);
}

int LoopbackDevice::readStream(SoapySDR::Stream* stream, void* const* buffs, std::size_t numElems,
                               int& flags, long long& timeNs, long timeoutUs) {
    const LoopbackStream& own = unwrap(stream);
    if (own.direction != Direction::kReceive) return SOAPY_SDR_NOT_SUPPORTED;
    Tick tick = 0;
    const int result =
        radio_.read(own.format, buffs[0], numElems, flags, tick, microseconds(timeoutUs));
    timeNs = (flags & SOAPY_SDR_HAS_TIME) != 0 ? nanoseconds_of(tick, radio_.rate_hz()) : 0;
    return result;
}

int LoopbackDevice::writeStream(SoapySDR::Stream* stream, const void* const* buffs,
                                std::size_t numElems, int& flags, long long timeNs,
                                long timeoutUs) {
    const LoopbackStream& own = unwrap(stream);
    if (own.direction != Direction::kTransmit) return SOAPY_SDR_NOT_SUPPORTED;
    std::optional<Tick> at;
    if ((flags & SOAPY_SDR_HAS_TIME) != 0) at = tick_of(timeNs, radio_.rate_hz());
    return radio_.write(own.format, buffs[0], numElems, flags, at, microseconds(timeoutUs));
}

int LoopbackDevice::readStreamStatus(SoapySDR::Stream* stream, std::size_t& chanMask, int& flags,
                                     long long& timeNs, long timeoutUs) {
    // All that happens to a receiver is told by readStream, at its place among the samples.
    if (unwrap(stream).direction != Direction::kTransmit) return SOAPY_SDR_NOT_SUPPORTED;
    Tick tick = 0;
    const int result = radio_.status(flags, tick, microseconds(timeoutUs));
    chanMask = 1;
    timeNs = (flags & SOAPY_SDR_HAS_TIME) != 0 ? nanoseconds_of(tick, radio_.rate_hz()) : 0;
    return result;
}

// ---- antennas and gain ------------------------------------------------------------------------

std::vector<std::string> LoopbackDevice::listAntennas(int direction, std::size_t) const {
    return {direction == SOAPY_SDR_TX ? "TX" : "RX"};
}

void LoopbackDevice::setAntenna(int direction, std::size_t channel, const std::string& name) {
    require_name("antenna", name, listAntennas(direction, channel));
    const std::lock_guard<std::mutex> lock(mutex_);
    front_end(direction, channel).antenna = name;
}

std::string LoopbackDevice::getAntenna(int direction, std::size_t channel) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return front_end(direction, channel).antenna;
}

std::vector<std::string> LoopbackDevice::listGains(int direction, std::size_t) const {
    return {direction == SOAPY_SDR_TX ? "PA" : "LNA"};
}

void LoopbackDevice::setGain(int direction, std::size_t channel, double value) {
    front_end(direction, channel);
    require_link();
    require_range("a gain", value, kMinGainDb, kMaxGainDb);
    const double stepped = std::round(value / kGainStepDb) * kGainStepDb;
    radio_.configure([&](EchoChannel& way, auto&, auto&) {
        (direction == SOAPY_SDR_TX ? way.transmit_gain_db : way.receive_gain_db) = stepped;
    });
}

void LoopbackDevice::setGain(int direction, std::size_t channel, const std::string& name,
                             double value) {
    require_name("gain", name, listGains(direction, channel));
    setGain(direction, channel, value);
}

double LoopbackDevice::getGain(int direction, std::size_t) const {
    const EchoChannel way = radio_.channel();
    return direction == SOAPY_SDR_TX ? way.transmit_gain_db : way.receive_gain_db;
}

double LoopbackDevice::getGain(int direction, std::size_t channel, const std::string&) const {
    return getGain(direction, channel);
}

SoapySDR::Range LoopbackDevice::getGainRange(int, std::size_t) const {
    return {kMinGainDb, kMaxGainDb, kGainStepDb};
}

SoapySDR::Range LoopbackDevice::getGainRange(int direction, std::size_t channel,
                                             const std::string&) const {
    return getGainRange(direction, channel);
}

// ---- frequency, rate, bandwidth ---------------------------------------------------------------

void LoopbackDevice::setFrequency(int direction, std::size_t channel, double frequency,
                                  const SoapySDR::Kwargs&) {
    require_link();
    require_range("a frequency", frequency, 0.0, kMaxFrequencyHz);
    const std::lock_guard<std::mutex> lock(mutex_);
    front_end(direction, channel).frequency_hz = frequency;
}

void LoopbackDevice::setFrequency(int direction, std::size_t channel, const std::string& name,
                                  double frequency, const SoapySDR::Kwargs& args) {
    require_name("frequency", name, listFrequencies(direction, channel));
    setFrequency(direction, channel, frequency, args);
}

double LoopbackDevice::getFrequency(int direction, std::size_t channel) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return front_end(direction, channel).frequency_hz;
}

double LoopbackDevice::getFrequency(int direction, std::size_t channel, const std::string&) const {
    return getFrequency(direction, channel);
}

std::vector<std::string> LoopbackDevice::listFrequencies(int, std::size_t) const {
    return {"RF"};
}

SoapySDR::RangeList LoopbackDevice::getFrequencyRange(int, std::size_t) const {
    return {SoapySDR::Range(0.0, kMaxFrequencyHz)};
}

SoapySDR::RangeList LoopbackDevice::getFrequencyRange(int direction, std::size_t channel,
                                                      const std::string&) const {
    return getFrequencyRange(direction, channel);
}

void LoopbackDevice::setSampleRate(int direction, std::size_t channel, double rate) {
    front_end(direction, channel);
    require_link();
    radio_.set_rate_hz(whole_rate_hz(rate));
}

double LoopbackDevice::getSampleRate(int, std::size_t) const {
    return static_cast<double>(radio_.rate_hz());
}

std::vector<double> LoopbackDevice::listSampleRates(int, std::size_t) const {
    return {kMinRateHz, 1e6, 10e6, 50e6, 96e6, 100e6, 200e6, kMaxRateHz};
}

SoapySDR::RangeList LoopbackDevice::getSampleRateRange(int, std::size_t) const {
    return {SoapySDR::Range(kMinRateHz, kMaxRateHz, 1.0)};
}

void LoopbackDevice::setBandwidth(int direction, std::size_t channel, double bw) {
    require_range("a bandwidth", bw, 0.0, kMaxRateHz);
    const std::lock_guard<std::mutex> lock(mutex_);
    front_end(direction, channel).bandwidth_hz = bw;
}

double LoopbackDevice::getBandwidth(int direction, std::size_t channel) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    const double bandwidth = front_end(direction, channel).bandwidth_hz;
    return bandwidth == 0.0 ? static_cast<double>(radio_.rate_hz()) : bandwidth;
}

SoapySDR::RangeList LoopbackDevice::getBandwidthRange(int, std::size_t) const {
    return {SoapySDR::Range(0.0, kMaxRateHz)};
}

// ---- clock and time ---------------------------------------------------------------------------

void LoopbackDevice::setMasterClockRate(double rate) {
    radio_.set_rate_hz(whole_rate_hz(rate));
}

double LoopbackDevice::getMasterClockRate() const {
    return getSampleRate(SOAPY_SDR_RX, 0);
}

SoapySDR::RangeList LoopbackDevice::getMasterClockRates() const {
    return getSampleRateRange(SOAPY_SDR_RX, 0);
}

std::vector<std::string> LoopbackDevice::listClockSources() const {
    return kSources;
}

void LoopbackDevice::setClockSource(const std::string& source) {
    require_name("clock source", source, kSources);
    const std::lock_guard<std::mutex> lock(mutex_);
    references_.clock_source = source;
}

std::string LoopbackDevice::getClockSource() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return references_.clock_source;
}

std::vector<std::string> LoopbackDevice::listTimeSources() const {
    return kSources;
}

void LoopbackDevice::setTimeSource(const std::string& source) {
    require_name("time source", source, kSources);
    const std::lock_guard<std::mutex> lock(mutex_);
    references_.time_source = source;
}

std::string LoopbackDevice::getTimeSource() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return references_.time_source;
}

bool LoopbackDevice::hasHardwareTime(const std::string& what) const {
    return what.empty();
}

long long LoopbackDevice::getHardwareTime(const std::string&) const {
    require_link();
    return nanoseconds_of(radio_.now(), radio_.rate_hz());
}

void LoopbackDevice::setHardwareTime(long long timeNs, const std::string&) {
    require_link();
    radio_.set_now(tick_of(timeNs, radio_.rate_hz()));
}

// ---- sensors and settings ---------------------------------------------------------------------

std::vector<std::string> LoopbackDevice::listSensors() const {
    return {"ref_locked", "lo_locked", "transmitting"};
}

SoapySDR::ArgInfo LoopbackDevice::getSensorInfo(const std::string& key) const {
    require_name("sensor", key, listSensors());
    for (SoapySDR::ArgInfo info : settings_.describe()) {
        if (info.key == key) return info;
    }
    return {};
}

std::string LoopbackDevice::readSensor(const std::string& key) const {
    require_name("sensor", key, listSensors());
    return readSetting(key);
}

SoapySDR::ArgInfoList LoopbackDevice::getSettingInfo() const {
    return settings_.describe();
}

void LoopbackDevice::writeSetting(const std::string& key, const std::string& value) {
    const std::lock_guard<std::mutex> lock(mutex_);
    settings_.write(key, value);
}

std::string LoopbackDevice::readSetting(const std::string& key) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return settings_.read(key);
}

}  // namespace moonecho
