// The SoapySDR device: SoapySDR's calls in terms of the radio.
#pragma once

#include <SoapySDR/Device.hpp>
#include <array>
#include <mutex>
#include <string>
#include <vector>

#include "front_end.hpp"
#include "radio.hpp"
#include "settings.hpp"

namespace moonecho {

class LoopbackDevice : public SoapySDR::Device {
  public:
    // Any key of a setting may be among the arguments, and `rate` (Hz) and `serial`.
    explicit LoopbackDevice(const SoapySDR::Kwargs& args);

    // Identity
    std::string getDriverKey() const override;
    std::string getHardwareKey() const override;
    SoapySDR::Kwargs getHardwareInfo() const override;
    std::size_t getNumChannels(int direction) const override;
    bool getFullDuplex(int direction, std::size_t channel) const override;

    // Streams
    std::vector<std::string> getStreamFormats(int direction, std::size_t channel) const override;
    std::string getNativeStreamFormat(int direction, std::size_t channel,
                                      double& fullScale) const override;
    SoapySDR::Stream* setupStream(int direction, const std::string& format,
                                  const std::vector<std::size_t>& channels,
                                  const SoapySDR::Kwargs& args) override;
    void closeStream(SoapySDR::Stream* stream) override;
    std::size_t getStreamMTU(SoapySDR::Stream* stream) const override;
    int activateStream(SoapySDR::Stream* stream, int flags, long long timeNs,
                       std::size_t numElems) override;
    int deactivateStream(SoapySDR::Stream* stream, int flags, long long timeNs) override;
    int readStream(SoapySDR::Stream* stream, void* const* buffs, std::size_t numElems, int& flags,
                   long long& timeNs, long timeoutUs) override;
    int writeStream(SoapySDR::Stream* stream, const void* const* buffs, std::size_t numElems,
                    int& flags, long long timeNs, long timeoutUs) override;
    int readStreamStatus(SoapySDR::Stream* stream, std::size_t& chanMask, int& flags,
                         long long& timeNs, long timeoutUs) override;

    // Antennas
    std::vector<std::string> listAntennas(int direction, std::size_t channel) const override;
    void setAntenna(int direction, std::size_t channel, const std::string& name) override;
    std::string getAntenna(int direction, std::size_t channel) const override;

    // Gain
    std::vector<std::string> listGains(int direction, std::size_t channel) const override;
    void setGain(int direction, std::size_t channel, double value) override;
    void setGain(int direction, std::size_t channel, const std::string& name,
                 double value) override;
    double getGain(int direction, std::size_t channel) const override;
    double getGain(int direction, std::size_t channel, const std::string& name) const override;
    SoapySDR::Range getGainRange(int direction, std::size_t channel) const override;
    SoapySDR::Range getGainRange(int direction, std::size_t channel,
                                 const std::string& name) const override;

    // Frequency
    void setFrequency(int direction, std::size_t channel, double frequency,
                      const SoapySDR::Kwargs& args) override;
    void setFrequency(int direction, std::size_t channel, const std::string& name, double frequency,
                      const SoapySDR::Kwargs& args) override;
    double getFrequency(int direction, std::size_t channel) const override;
    double getFrequency(int direction, std::size_t channel, const std::string& name) const override;
    std::vector<std::string> listFrequencies(int direction, std::size_t channel) const override;
    SoapySDR::RangeList getFrequencyRange(int direction, std::size_t channel) const override;
    SoapySDR::RangeList getFrequencyRange(int direction, std::size_t channel,
                                          const std::string& name) const override;

    // Rate and bandwidth
    void setSampleRate(int direction, std::size_t channel, double rate) override;
    double getSampleRate(int direction, std::size_t channel) const override;
    std::vector<double> listSampleRates(int direction, std::size_t channel) const override;
    SoapySDR::RangeList getSampleRateRange(int direction, std::size_t channel) const override;
    void setBandwidth(int direction, std::size_t channel, double bw) override;
    double getBandwidth(int direction, std::size_t channel) const override;
    SoapySDR::RangeList getBandwidthRange(int direction, std::size_t channel) const override;

    // Clock and time
    void setMasterClockRate(double rate) override;
    double getMasterClockRate() const override;
    SoapySDR::RangeList getMasterClockRates() const override;
    std::vector<std::string> listClockSources() const override;
    void setClockSource(const std::string& source) override;
    std::string getClockSource() const override;
    std::vector<std::string> listTimeSources() const override;
    void setTimeSource(const std::string& source) override;
    std::string getTimeSource() const override;
    bool hasHardwareTime(const std::string& what) const override;
    long long getHardwareTime(const std::string& what) const override;
    void setHardwareTime(long long timeNs, const std::string& what) override;

    // Sensors and settings
    std::vector<std::string> listSensors() const override;
    SoapySDR::ArgInfo getSensorInfo(const std::string& key) const override;
    std::string readSensor(const std::string& key) const override;
    SoapySDR::ArgInfoList getSettingInfo() const override;
    void writeSetting(const std::string& key, const std::string& value) override;
    std::string readSetting(const std::string& key) const override;

  private:
    FrontEnd& front_end(int direction, std::size_t channel) const;
    void require_link() const;

    mutable Radio radio_;       // its functions lock, and asking for the time lets time pass
    mutable std::mutex mutex_;  // of all that follows
    mutable std::array<FrontEnd, 2> front_ends_;
    References references_;
    Settings settings_;
    std::string serial_;
};

}  // namespace moonecho
