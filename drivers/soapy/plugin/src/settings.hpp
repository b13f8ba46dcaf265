// The device's settings: keys, what they mean, and texts of their values.
#pragma once

#include <SoapySDR/Types.hpp>
#include <functional>
#include <string>
#include <vector>

#include "front_end.hpp"
#include "radio.hpp"

namespace moonecho {

// Texts in and out. Unknown keys and bad values throw std::invalid_argument, and change nothing.
class Settings {
  public:
    Settings(Radio& radio, References& references);

    SoapySDR::ArgInfoList describe() const;
    bool has(const std::string& key) const;
    std::string read(const std::string& key) const;
    void write(const std::string& key, const std::string& value);

  private:
    struct Setting {
        SoapySDR::ArgInfo info;
        std::function<std::string()> read;
        std::function<void(const std::string&)> write;
    };

    void add(SoapySDR::ArgInfo info, std::function<std::string()> read,
             std::function<void(const std::string&)> write);
    void add_channel(Radio& radio);
    void add_limits(Radio& radio);
    void add_manners(Radio& radio);
    void add_faults(Radio& radio);
    void add_state(Radio& radio, References& references);
    const Setting& find(const std::string& key) const;

    std::vector<Setting> settings_;
};

// "stepped" or "free".
SampleClock::Mode parse_mode(const std::string& text);

}  // namespace moonecho
