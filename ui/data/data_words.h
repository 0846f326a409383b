#pragma once

#include "core/store/labelling.h"
#include "ui/widgets/tone.h"

#include <QString>

class QPainter;
class QRect;

namespace attune::ui {

// How the Data workspace names and marks what a row is; one place, so that list, facets, chips and panels agree.

QString stateWord(LabelState state);                 ///< "To label"
QString partWord(const std::optional<Part> &part);   ///< "Train"; "No split"
QString problemWord(ProblemKind kind, std::int64_t maxLength = 0); ///< "Cut at 512", "Leak between splits"
QString problemShort(ProblemKind kind);              ///< "cut", for badges and cells
QString problemMeaning(ProblemKind kind);            ///< one sentence: what is wrong, why it matters
const char *problemIcon(ProblemKind kind);
Tone problemTone(ProblemKind kind);
/// All kinds, in the order of the ledger.
const std::vector<ProblemKind> &allProblems();

/// "1 row", "1,750 rows".
QString rowsText(qint64 rows);

/// The mark of a state, centred in `area`: an empty ring, a tick, a flag, a cross.
void drawState(QPainter *painter, const QRect &area, LabelState state);
/// The disc or square that stands for a part, in its series colour.
void drawPartMark(QPainter *painter, const QRect &area, const std::optional<Part> &part);

/// Longer than max_length: its end is not trained on. A length of 0 cuts nothing.
inline bool isCut(const ExampleSummary &row, std::int64_t maxLength)
{
    return maxLength > 0 && row.tokens && *row.tokens > maxLength;
}
/// The stored problems, and the cut.
ProblemSet problemsOf(const ExampleSummary &row, std::int64_t maxLength);

/// "Row 218, to label, train, cut by 27 tokens, no rating: Hello, I ordered ..."
QString spokenRow(const ExampleSummary &row, std::int64_t maxLength);

} // namespace attune::ui
