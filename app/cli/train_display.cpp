#include "app/cli/train_display.h"

#include "app/cli/progress.h"
#include "app/cli/text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attune::cli {

void TrainDisplay::show(const TrainEvent &event)
{
    if (const auto *step = std::get_if<StepDone>(&event)) {
        showStep(*step);
    } else if (const auto *eval = std::get_if<EvalDone>(&event)) {
        line("step " + std::to_string(eval->step) + "  validation loss " + fixed(eval->validationLoss, 4) +
             (eval->best ? "  best so far" : ""));
    } else if (const auto *log = std::get_if<TrainLog>(&event); log && log->level != "sample") {
        line((log->level == "warning" ? "warning: " : "") + log->text);
    } else if (std::holds_alternative<Ended>(event)) {
        clear();
    }
}

void TrainDisplay::clear()
{
    if (m_dirty)
        repaint({});
    m_dirty = false;
}

/// A line that stays.
void TrainDisplay::line(const std::string &text)
{
    clear();
    std::fprintf(stderr, "%s\n", text.c_str());
}

void TrainDisplay::showStep(const StepDone &step)
{
    const auto now = Clock::now();
    if (m_losses.empty()) {
        m_begin = now;
        m_firstStep = step.step;
    }
    m_losses.push_back(step.loss);
    m_tokensPerSecond =
        m_tokensPerSecond == 0 ? step.tokensPerSecond : 0.8 * m_tokensPerSecond + 0.2 * step.tokensPerSecond;
    std::string text =
        "step " + std::to_string(step.step) + "/" + std::to_string(step.steps) + "  loss " + fixed(step.loss, 4);
    std::string rest = "  " + fixed(m_tokensPerSecond, 0) + " tokens/s";
    if (step.step > m_firstStep) {
        const double each =
            std::chrono::duration<double>(now - m_begin).count() / static_cast<double>(step.step - m_firstStep);
        rest += "  " + duration(each * static_cast<double>(step.steps - step.step)) + " left";
    }
    if (!onTerminal()) {
        const bool due = m_printedStep == 0 || step.step >= m_printedStep + 10 || step.step == step.steps;
        if (!due)
            return;
        m_printedStep = step.step;
        line(text + rest);
        return;
    }
    using namespace std::chrono_literals;
    if (now - m_painted < 100ms && step.step != step.steps)
        return;
    m_painted = now;
    const std::size_t room = terminalWidth() - 1;
    const std::size_t used = characters(text) + characters(rest) + 2;
    if (room > used + 8)
        text += "  " + curve(std::min<std::size_t>(room - used, 40));
    repaint(oneLine(text + rest, room));
    m_dirty = true;
}

/// The losses so far, each cell the mean of its share of them, from the lowest to the highest.
std::string TrainDisplay::curve(std::size_t cells) const
{
    static constexpr const char *levels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    cells = std::min(cells, m_losses.size());
    std::vector<double> means;
    for (std::size_t i = 0; i < cells; ++i) {
        const std::size_t begin = i * m_losses.size() / cells;
        const std::size_t end = (i + 1) * m_losses.size() / cells;
        double sum = 0;
        for (std::size_t k = begin; k < end; ++k)
            sum += m_losses[k];
        means.push_back(sum / static_cast<double>(end - begin));
    }
    const auto [least, most] = std::minmax_element(means.begin(), means.end());
    std::string text;
    for (const double mean : means) {
        const double share = means.empty() || !(*most > *least) ? 0.0 : (mean - *least) / (*most - *least);
        text += levels[std::isfinite(share) ? static_cast<std::size_t>(std::lround(7 * share)) : 0];
    }
    return text;
}

} // namespace attune::cli
