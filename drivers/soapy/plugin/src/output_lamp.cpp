#include "output_lamp.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>

namespace moonecho {

OutputLamp::OutputLamp(const std::string& serial) {
    static std::atomic<int> made{0};
    const char* folder = std::getenv("MOONECHO_LOOPBACK_OUTPUT_FOLDER");
    if (folder == nullptr || *folder == '\0') return;
    path_ = std::string(folder) + "/" + std::to_string(getpid()) + "-" + serial + "-" +
            std::to_string(made++) + ".output";
    file_ = open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (file_ < 0) throw std::runtime_error("cannot make " + path_);
}

OutputLamp::~OutputLamp() {
    if (file_ < 0) return;
    close(file_);
    unlink(path_.c_str());
}

void OutputLamp::show(bool on) {
    if (file_ < 0 || on == on_) return;
    on_ = on;
    flock(file_, on ? LOCK_EX | LOCK_NB : LOCK_UN);
}

}  // namespace moonecho
