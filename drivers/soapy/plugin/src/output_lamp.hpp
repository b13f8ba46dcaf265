// A sign of transmission that others can see, and that goes out when the process dies.
#pragma once

#include <string>

namespace moonecho {

// With MOONECHO_LOOPBACK_OUTPUT_FOLDER in the environment, a device keeps a file
// PID-SERIAL-N.output there, under an exclusive flock(2) while its output is on. The kernel takes
// the lock away with the process, however it ends. Without the variable there is no file and no
// cost.
class OutputLamp {
  public:
    explicit OutputLamp(const std::string& serial);
    ~OutputLamp();
    OutputLamp(const OutputLamp&) = delete;
    OutputLamp& operator=(const OutputLamp&) = delete;

    void show(bool on);

  private:
    std::string path_;
    int file_ = -1;
    bool on_ = false;
};

}  // namespace moonecho
