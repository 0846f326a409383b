#include "app/cli/progress.h"

#include "app/cli/text.h"

#include <algorithm>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

namespace attune::cli {
namespace {

using namespace std::chrono_literals;

std::string bar(double share, std::size_t cells)
{
    static constexpr const char *parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const auto eighths = static_cast<std::size_t>(share * 8.0 * static_cast<double>(cells) + 0.5);
    std::string text;
    for (std::size_t i = 0; i < eighths / 8; ++i)
        text += "█";
    text += parts[eighths % 8];
    return text + std::string(cells - characters(text), ' ');
}

} // namespace

bool onTerminal()
{
    static const bool terminal = isatty(STDERR_FILENO) == 1;
    return terminal;
}

std::size_t terminalWidth()
{
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

void repaint(const std::string &line)
{
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    std::fflush(stderr);
}

void ProgressBar::update(std::string_view stage, double share)
{
    const auto now = Clock::now();
    share = std::clamp(share, 0.0, 1.0);
    if (stage != m_stage) {
        clear();
        m_stage = stage;
        m_begin = now;
        m_shown = now; // a stage that takes no time says nothing
        return;
    }
    if (now - m_shown < (onTerminal() ? std::chrono::milliseconds(100) : 5000ms))
        return;
    m_shown = now;
    const double spent = std::chrono::duration<double>(now - m_begin).count();
    std::string text = m_stage + " ";
    if (onTerminal())
        text += bar(share, 24) + " ";
    text += fixed(100 * share, 0) + " %";
    if (share > 0.02)
        text += ", " + duration(spent * (1 - share) / share) + " left";
    if (onTerminal()) {
        repaint(oneLine(text, terminalWidth() - 1));
        m_painted = true;
    } else {
        std::fprintf(stderr, "%s\n", text.c_str());
    }
}

void ProgressBar::clear()
{
    if (m_painted)
        repaint({});
    m_painted = false;
}

Progress ProgressBar::callback()
{
    return [this](std::string_view stage, double share) { update(stage, share); };
}

} // namespace attune::cli
