#pragma once

#include <QString>
#include <QVector>

class QTextDocument;

namespace attune::ui {

struct DiffPiece {
    enum Kind { Same, Added, Removed };
    Kind kind = Same;
    QString text;
    bool operator==(const DiffPiece &) const = default;
};

/// The shortest change of words, marks and white space that makes `after` of `before` (Myers 1986), with lone words
/// between changes joined to them so that it reads well. Same + Removed is `before`, Same + Added is `after`,
/// exactly. Texts that differ in more than 3,000 words come as one removal and one addition between what they share
/// at both ends. Any thread.
QVector<DiffPiece> wordDiff(const QString &before, const QString &after);
double changedShare(const QVector<DiffPiece> &pieces); ///< characters that are not Same, 0 to 1

/// Fills `document`: added text is underlined on its tint, removed text struck through; a kind that is not shown is
/// left out. The document keeps its default font.
void showDiff(QTextDocument *document, const QVector<DiffPiece> &pieces, bool showRemoved, bool showAdded);

} // namespace attune::ui
