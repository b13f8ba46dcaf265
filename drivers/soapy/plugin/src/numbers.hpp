// Numbers of settings: the whole text, or std::invalid_argument.
#pragma once

#include <cstdint>
#include <string>

namespace moonecho {

std::int64_t parse_integer(const std::string& text);
double parse_real(const std::string& text);  // finite
bool parse_switch(const std::string& text);  // "true" or "false"

// As few digits as give the same number again.
std::string to_text(double value);

}  // namespace moonecho
