#pragma once

#include "core/studio/training_run.h"

#include <chrono>

namespace attune::cli {

/// Training as it goes, on standard error: on a terminal one line that is painted over, with a curve of the loss;
/// else a line every ten steps or so. Validations and notes stay.
class TrainDisplay {
public:
    TrainDisplay() = default;
    TrainDisplay(const TrainDisplay &) = delete;
    TrainDisplay &operator=(const TrainDisplay &) = delete;
    ~TrainDisplay() { clear(); }

    void show(const TrainEvent &event);
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    void showStep(const StepDone &step);
    void line(const std::string &text);
    std::string curve(std::size_t cells) const;

    std::vector<double> m_losses;
    Clock::time_point m_begin;
    Clock::time_point m_painted;
    std::int64_t m_firstStep = 0;
    std::int64_t m_printedStep = 0;
    double m_tokensPerSecond = 0; // running mean
    bool m_dirty = false;
};

} // namespace attune::cli
