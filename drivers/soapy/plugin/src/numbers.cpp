#include "numbers.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace moonecho {

namespace {

template <typename Number>
Number parse(const std::string& text, const char* kind) {
    Number number{};
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    if (result.ec != std::errc() || result.ptr != end) {
        throw std::invalid_argument("\"" + text + "\" is not " + kind);
    }
    return number;
}

}  // namespace

std::int64_t parse_integer(const std::string& text) {
    return parse<std::int64_t>(text, "a whole number");
}

double parse_real(const std::string& text) {
    const auto number = parse<double>(text, "a number");
    if (!std::isfinite(number)) throw std::invalid_argument("\"" + text + "\" is not finite");
    return number;
}

bool parse_switch(const std::string& text) {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
    throw std::invalid_argument("\"" + text + "\" is neither true nor false");
}

std::string to_text(double value) {
    std::array<char, 32> text{};
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), result.ptr};
}

}  // namespace moonecho
