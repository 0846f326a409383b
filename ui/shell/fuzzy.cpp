#include "ui/shell/fuzzy.h"

#include <algorithm>
#include <vector>

namespace attune::ui {

namespace {

constexpr int Found = 1;
constexpr int WordBegin = 8;
constexpr int InARow = 6;
constexpr int Nowhere = -1;

bool beginsWord(const QString &text, qsizetype at)
{
    return at == 0 || !text[at - 1].isLetterOrNumber();
}

} // namespace

std::optional<int> fuzzyScore(const QString &typed, const QString &text)
{
    QString wanted = typed.toCaseFolded();
    wanted.remove(' ');
    const QString within = text.toCaseFolded();
    if (wanted.isEmpty())
        return 0;
    if (wanted.size() > within.size() || within.size() != text.size())
        return within.contains(wanted) ? std::optional(Found) : std::nullopt;
    // best[i]: of the letters so far, with the last one at i. Short texts: the square of their length is nothing.
    const auto length = static_cast<std::size_t>(within.size());
    std::vector<int> best(length, Nowhere);
    for (qsizetype letter = 0; letter < wanted.size(); ++letter) {
        std::vector<int> next(length, Nowhere);
        int before = letter == 0 ? 0 : Nowhere; // best of all places before the last one
        for (std::size_t i = 0; i < length; ++i) {
            const auto at = static_cast<qsizetype>(i);
            if (within[at] == wanted[letter]) {
                const int here = Found + (beginsWord(within, at) ? WordBegin : 0);
                const int row = letter > 0 && i > 0 && best[i - 1] != Nowhere ? best[i - 1] + InARow : Nowhere;
                const int far = std::max(before, row);
                if (far != Nowhere)
                    next[i] = far + here;
            }
            if (letter > 0)
                before = std::max(before, best[i]);
        }
        best = std::move(next);
    }
    const int score = *std::max_element(best.begin(), best.end());
    if (score == Nowhere)
        return std::nullopt;
    // Of two that match alike, the shorter one was meant.
    return score * 100 - static_cast<int>(std::min<qsizetype>(text.size(), 99));
}

} // namespace attune::ui
