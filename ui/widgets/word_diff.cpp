#include "ui/widgets/word_diff.h"

#include "ui/theme/theme.h"

#include <QStringView>
#include <QTextBlock>
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

namespace {

constexpr int KindProperty = QTextFormat::UserProperty + 1; // of a stretch of text that showDiff() wrote

QTextCharFormat formatOf(DiffPiece::Kind kind)
{
    QTextCharFormat format;
    format.setProperty(KindProperty, static_cast<int>(kind));
    switch (kind) {
    case DiffPiece::Same:
        format.setForeground(color(Token::Text));
        break;
    case DiffPiece::Added:
        format.setForeground(color(Token::Ok));
        format.setBackground(color(Token::OkTint));
        format.setFontUnderline(true);
        break;
    case DiffPiece::Removed:
        format.setForeground(color(Token::Bad));
        format.setBackground(color(Token::BadTint));
        format.setFontStrikeOut(true);
        break;
    }
    return format;
}

/// A document keeps the colours that it was written with: in another theme they would be those of the old one.
void recolour(QTextDocument *document)
{
    struct Stretch {
        int begin;
        int end;
        DiffPiece::Kind kind;
    };
    QVector<Stretch> stretches;
    for (QTextBlock block = document->begin(); block.isValid(); block = block.next())
        for (auto it = block.begin(); !it.atEnd(); ++it)
            if (const QTextFragment part = it.fragment(); part.charFormat().hasProperty(KindProperty))
                stretches.append({part.position(), part.position() + part.length(),
                                  static_cast<DiffPiece::Kind>(part.charFormat().intProperty(KindProperty))});
    QTextCursor cursor(document);
    cursor.beginEditBlock();
    for (const Stretch &stretch : stretches) {
        cursor.setPosition(stretch.begin);
        cursor.setPosition(stretch.end, QTextCursor::KeepAnchor);
        cursor.mergeCharFormat(formatOf(stretch.kind));
    }
    cursor.endEditBlock();
}

} // namespace

void showDiff(QTextDocument *document, const QVector<DiffPiece> &pieces, bool showRemoved, bool showAdded)
{
    document->clear();
    QTextCursor cursor(document);
    cursor.beginEditBlock();
    for (const DiffPiece &piece : pieces) {
        if ((piece.kind == DiffPiece::Removed && !showRemoved) || (piece.kind == DiffPiece::Added && !showAdded))
            continue;
        cursor.insertText(piece.text, formatOf(piece.kind));
    }
    cursor.endEditBlock();
    constexpr auto Follows = "attuneFollowsTheme";
    if (document->property(Follows).toBool())
        return;
    document->setProperty(Follows, true);
    QObject::connect(&Theme::instance(), &Theme::changed, document, [document] { recolour(document); });
}

} // namespace attune::ui
