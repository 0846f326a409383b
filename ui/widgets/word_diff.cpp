#include "ui/widgets/word_diff.h"

#include "ui/theme/theme.h"

#include <QStringView>
#include <QTextCharFormat>
#include <QTextCursor>
#include <QTextDocument>

#include <algorithm>
#include <vector>

namespace attune::ui {

namespace {

using Words = std::vector<QStringView>;

/// A word is a run of letters and digits, a run of white space, or one mark. The line break stands alone, so that
/// a change does not run over it.
Words wordsOf(const QString &text)
{
    Words words;
    const QStringView view(text);
    const auto kind = [](QChar c) {
        return c.isLetterOrNumber() || c == QLatin1Char('_') || c.isMark() || c.isSurrogate() ? 1
               : c == QLatin1Char('\n')                                                      ? 3
               : c.isSpace()                                                                 ? 2
                                                                                             : 0;
    };
    for (qsizetype i = 0; i < view.size();) {
        qsizetype end = i + 1;
        const int own = kind(view[i]);
        if (own == 1 || own == 2)
            while (end < view.size() && kind(view[end]) == own)
                ++end;
        words.push_back(view.mid(i, end - i));
        i = end;
    }
    return words;
}

/// Beyond this many changed words the trace of the search would take more than some 40 MB.
constexpr int mostChanges = 3000;

void put(QVector<DiffPiece> &pieces, DiffPiece::Kind kind, QStringView text)
{
    if (text.isEmpty())
        return;
    if (!pieces.isEmpty() && pieces.last().kind == kind)
        pieces.last().text += text;
    else
        pieces.append({kind, text.toString()});
}

/// Myers 1986, "An O(ND) difference algorithm": the furthest point on each diagonal for each number of changes, kept,
/// then walked back. Returns false where there are too many changes.
bool shortestEdit(const Words &a, const Words &b, std::vector<DiffPiece::Kind> &script)
{
    const int n = static_cast<int>(a.size());
    const int m = static_cast<int>(b.size());
    const int most = std::min(n + m, mostChanges);
    std::vector<std::vector<int>> trace;
    std::vector<int> furthest(2 * static_cast<std::size_t>(most) + 3, 0);
    const auto at = [most](int k) { return static_cast<std::size_t>(k + most + 1); };
    int changes = -1;
    for (int d = 0; d <= most && changes < 0; ++d) {
        for (int k = -d; k <= d; k += 2) {
            int x = k == -d || (k != d && furthest[at(k - 1)] < furthest[at(k + 1)]) ? furthest[at(k + 1)]
                                                                                    : furthest[at(k - 1)] + 1;
            int y = x - k;
            while (x < n && y < m && a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(y)]) {
                ++x;
                ++y;
            }
            furthest[at(k)] = x;
            if (x >= n && y >= m) {
                changes = d;
                break;
            }
        }
        trace.emplace_back(furthest.begin() + static_cast<std::ptrdiff_t>(at(-d)),
                           furthest.begin() + static_cast<std::ptrdiff_t>(at(d)) + 1);
    }
    if (changes < 0)
        return false;

    int x = n;
    int y = m;
    for (int d = changes; d > 0; --d) {
        const std::vector<int> &before = trace[static_cast<std::size_t>(d) - 1];
        const auto reached = [&before, d](int k) {
            return k < -(d - 1) || k > d - 1 ? -1 : before[static_cast<std::size_t>(k + d - 1)];
        };
        const int k = x - y;
        const bool down = k == -d || (k != d && reached(k - 1) < reached(k + 1));
        const int fromX = down ? reached(k + 1) : reached(k - 1);
        const int fromY = fromX - (down ? k + 1 : k - 1);
        const int stepX = down ? fromX : fromX + 1;
        while (x > stepX) {
            script.push_back(DiffPiece::Same);
            --x;
        }
        script.push_back(down ? DiffPiece::Added : DiffPiece::Removed);
        x = fromX;
        y = fromY;
    }
    for (; x > 0; --x)
        script.push_back(DiffPiece::Same);
    std::reverse(script.begin(), script.end());
    return true;
}

/// Kept words so small that reading jumps over them: a blank or a mark between two changes.
bool negligible(const QString &text)
{
    return text.size() <= 3 && !text.contains(QLatin1Char('\n'))
           && std::none_of(text.begin(), text.end(), [](QChar c) { return c.isLetterOrNumber(); });
}

} // namespace

QVector<DiffPiece> wordDiff(const QString &before, const QString &after)
{
    Words a = wordsOf(before);
    Words b = wordsOf(after);
    std::size_t head = 0;
    while (head < a.size() && head < b.size() && a[head] == b[head])
        ++head;
    std::size_t tail = 0;
    while (tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
        ++tail;
    const Words innerA(a.begin() + static_cast<std::ptrdiff_t>(head), a.end() - static_cast<std::ptrdiff_t>(tail));
    const Words innerB(b.begin() + static_cast<std::ptrdiff_t>(head), b.end() - static_cast<std::ptrdiff_t>(tail));

    QVector<DiffPiece> raw;
    for (std::size_t i = 0; i < head; ++i)
        put(raw, DiffPiece::Same, a[i]);
    std::vector<DiffPiece::Kind> script;
    if (shortestEdit(innerA, innerB, script)) {
        std::size_t x = 0;
        std::size_t y = 0;
        for (const DiffPiece::Kind kind : script) {
            put(raw, kind, kind == DiffPiece::Added ? innerB[y] : innerA[x]);
            x += kind != DiffPiece::Added ? 1U : 0U;
            y += kind != DiffPiece::Removed ? 1U : 0U;
        }
    } else {
        for (const QStringView word : innerA)
            put(raw, DiffPiece::Removed, word);
        for (const QStringView word : innerB)
            put(raw, DiffPiece::Added, word);
    }
    for (std::size_t i = a.size() - tail; i < a.size(); ++i)
        put(raw, DiffPiece::Same, a[i]);

    // Each stretch of changes becomes one removal and one addition, over what is negligible between them.
    QVector<DiffPiece> pieces;
    QString removed;
    QString added;
    const auto finish = [&] {
        put(pieces, DiffPiece::Removed, removed);
        put(pieces, DiffPiece::Added, added);
        removed.clear();
        added.clear();
    };
    for (qsizetype i = 0; i < raw.size(); ++i) {
        const DiffPiece &piece = raw[i];
        if (piece.kind == DiffPiece::Removed) {
            removed += piece.text;
        } else if (piece.kind == DiffPiece::Added) {
            added += piece.text;
        } else if (i > 0 && i + 1 < raw.size() && !removed.isEmpty() && !added.isEmpty() && negligible(piece.text)) {
            removed += piece.text;
            added += piece.text;
        } else {
            finish();
            put(pieces, DiffPiece::Same, piece.text);
        }
    }
    finish();
    return pieces;
}

double changedShare(const QVector<DiffPiece> &pieces)
{
    qsizetype all = 0;
    qsizetype changed = 0;
    for (const DiffPiece &piece : pieces) {
        all += piece.text.size();
        changed += piece.kind == DiffPiece::Same ? 0 : piece.text.size();
    }
    return all ? double(changed) / double(all) : 0;
}

void showDiff(QTextDocument *document, const QVector<DiffPiece> &pieces, bool showRemoved, bool showAdded)
{
    document->clear();
    QTextCursor cursor(document);
    cursor.beginEditBlock();
    QTextCharFormat same;
    same.setForeground(color(Token::Text));
    QTextCharFormat added;
    added.setForeground(color(Token::Ok));
    added.setBackground(color(Token::OkTint));
    added.setFontUnderline(true);
    QTextCharFormat removed;
    removed.setForeground(color(Token::Bad));
    removed.setBackground(color(Token::BadTint));
    removed.setFontStrikeOut(true);
    for (const DiffPiece &piece : pieces) {
        if ((piece.kind == DiffPiece::Removed && !showRemoved) || (piece.kind == DiffPiece::Added && !showAdded))
            continue;
        cursor.insertText(piece.text, piece.kind == DiffPiece::Same    ? same
                                      : piece.kind == DiffPiece::Added ? added
                                                                       : removed);
    }
    cursor.endEditBlock();
}

} // namespace attune::ui
