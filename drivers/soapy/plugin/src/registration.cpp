// What SoapySDR finds when it loads the module.

#include <SoapySDR/Registry.hpp>
#include <string>

#include "loopback_device.hpp"

namespace {

constexpr const char* kDriver = "moonecho_loopback";

// Answers only to its own name: a device that is not there must not be opened by one who asks for
// any.
SoapySDR::KwargsList find(const SoapySDR::Kwargs& args) {
    const auto driver = args.find("driver");
    if (driver == args.end() || driver->second != kDriver) return {};
    SoapySDR::Kwargs found;
    const auto serial = args.find("serial");
    found["serial"] = serial == args.end() ? "0" : serial->second;
    found["label"] = "moonecho loopback (software) " + found["serial"];
    return {found};
}

SoapySDR::Device* make(const SoapySDR::Kwargs& args) {
    return new moonecho::LoopbackDevice(args);
}

const SoapySDR::Registry registry(kDriver, &find, &make, SOAPY_SDR_ABI_VERSION);

}  // namespace
