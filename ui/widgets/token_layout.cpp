#include "ui/widgets/token_layout.h"

#include "ui/theme/theme.h"
#include "ui/widgets/format.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace attune::ui {

namespace {

constexpr int padding = 1; ///< at both sides of a token's text
constexpr int specialPadding = 4;
constexpr int gap = 2;
constexpr int longRun = 60; ///< masked tokens in a row that are still shown whole
constexpr int headOfRun = 24;
constexpr int tailOfRun = 8;

bool plainMasked(const ShownToken &token)
{
    return !token.trained && !token.cut && !token.special && !token.shift;
}

} // namespace

QString visibleText(const QString &text)
{
    if (text.isEmpty())
        return QStringLiteral("∅");
    // A token of many blanks (code, tables) says how many instead.
    if (text.size() > 6 && std::all_of(text.begin(), text.end(), [&text](QChar c) { return c == text.front(); })
        && text.front().isSpace())
        return visibleText(text.left(1)) + QStringLiteral("×%1").arg(text.size());
    QString shown;
    shown.reserve(text.size());
    for (const QChar c : text) {
        switch (c.unicode()) {
        case ' ': shown += QChar(0x00b7); continue;
        case '\n': shown += QChar(0x21b5); continue;
        case '\t': shown += QChar(0x2192); continue;
        case 0x7f: shown += QChar(0x2421); continue;
        default: break;
        }
        if (c.unicode() < 0x20)
            shown += QChar(0x2400 + c.unicode()); // the pictures of control characters
        else if (c.category() == QChar::Other_Format || c.category() == QChar::Other_Control)
            shown += QStringLiteral("‹%1›").arg(c.unicode(), 4, 16, QLatin1Char('0'));
        else
            shown += c;
    }
    return shown;
}

void TokenLayout::setTokens(const QVector<ShownToken> &tokens)
{
    m_tokens = tokens;
    m_widths.assign(static_cast<std::size_t>(tokens.size()), 0);
    m_shifts =
        std::any_of(tokens.begin(), tokens.end(), [](const ShownToken &token) { return token.shift.has_value(); });
    findRuns();
    m_valid = false;
}

void TokenLayout::setFold(bool fold)
{
    m_fold = fold;
    findRuns();
    m_valid = false;
}

void TokenLayout::setFonts(const QFont &token, const QFont &small)
{
    m_metrics = QFontMetrics(token);
    m_smallMetrics = QFontMetrics(small);
    m_measured.clear();
    m_widths.assign(static_cast<std::size_t>(m_tokens.size()), 0);
    m_valid = false;
}

void TokenLayout::findRuns()
{
    m_runs.clear();
    if (!m_fold)
        return;
    const int size = static_cast<int>(m_tokens.size());
    for (int first = 0; first < size;) {
        int end = first;
        while (end < size && plainMasked(m_tokens[end]))
            ++end;
        if (end - first > longRun)
            m_runs.push_back({first + headOfRun, end - first - headOfRun - tailOfRun});
        first = end + 1;
    }
}

void TokenLayout::toggle(const Item &item)
{
    if (item.kind == Kind::Closed)
        m_opened.insert(item.token);
    else if (item.kind == Kind::Opened)
        m_opened.remove(item.token);
    m_valid = false;
}

void TokenLayout::open(int token)
{
    for (const Run &run : m_runs)
        if (token >= run.first && token < run.first + run.count && !m_opened.contains(run.first)) {
            m_opened.insert(run.first);
            m_valid = false;
        }
}

QString TokenLayout::label(int token) const
{
    const ShownToken &shown = m_tokens[token];
    if (shown.inside)
        return QStringLiteral("…") + (shown.text.isEmpty() ? QString() : visibleText(shown.text));
    return shown.special ? shown.text : visibleText(shown.text);
}

int TokenLayout::widthOf(int token)
{
    int &width = m_widths[static_cast<std::size_t>(token)];
    if (width)
        return width;
    const QString text = label(token);
    auto known = m_measured.constFind(text);
    if (known == m_measured.constEnd())
        known = m_measured.insert(text, m_metrics.horizontalAdvance(text));
    width = *known + 2 * (m_tokens[token].special ? specialPadding : padding);
    if (m_tokens[token].shift) // room for the figure below
        width = std::max(width, m_smallMetrics.horizontalAdvance(formatSigned(*m_tokens[token].shift, 0)) + 4);
    return width;
}

/// Puts all items on lines of `width`; returns the number of lines.
int TokenLayout::place(int width, std::vector<Item> *items, std::vector<std::size_t> *lines)
{
    const int room = std::max(40, width - 2 * margin);
    int line = 0;
    int x = 0;
    std::size_t count = 0;
    if (lines)
        lines->assign(1, 0);
    const auto add = [&](Item item) {
        item.width = std::min(item.width, room);
        if (x > 0 && x + item.width > room) {
            ++line;
            x = 0;
            if (lines)
                lines->push_back(count);
        }
        item.line = line;
        item.x = margin + x;
        x += item.width + gap;
        ++count;
        if (items)
            items->push_back(std::move(item));
    };
    const auto link = [&](Kind kind, const Run &run) {
        Item item{kind, run.first, run.count, 0, 0, 0, QString()};
        item.text = kind == Kind::Closed
                        ? QCoreApplication::translate("TokenStrip", "%1 tokens folded").arg(formatCount(run.count))
                        : QCoreApplication::translate("TokenStrip", "fold %1").arg(formatCount(run.count));
        item.width = m_smallMetrics.horizontalAdvance(item.text) + scaled(12) + 10;
        add(std::move(item));
    };
    const int size = static_cast<int>(m_tokens.size());
    std::size_t run = 0;
    for (int i = 0; i < size; ++i) {
        if (run < m_runs.size() && m_runs[run].first == i) {
            const Run &folded = m_runs[run++];
            const bool opened = m_opened.contains(folded.first);
            link(opened ? Kind::Opened : Kind::Closed, folded);
            if (!opened) {
                i += folded.count - 1;
                continue;
            }
        }
        add({Kind::Token, i, 1, 0, 0, widthOf(i), QString()});
    }
    return count ? line + 1 : 0;
}

bool TokenLayout::ensure(int width)
{
    if (m_valid && width == m_width)
        return false;
    m_chipHeight = m_metrics.height() + 2;
    m_lineHeight = m_chipHeight + std::max(4, scaled(5)) + (m_shifts ? m_smallMetrics.height() + 2 : 0);
    m_items.clear();
    m_items.reserve(static_cast<std::size_t>(m_tokens.size()));
    m_lines = place(width, &m_items, &m_lineStarts);
    m_width = width;
    m_valid = true;
    return true;
}

int TokenLayout::heightFor(int width)
{
    if (m_valid && width == m_width)
        return contentHeight();
    const int chip = m_metrics.height() + 2;
    const int lineHeight = chip + std::max(4, scaled(5)) + (m_shifts ? m_smallMetrics.height() + 2 : 0);
    return place(width, nullptr, nullptr) * lineHeight + 2 * margin;
}

int TokenLayout::contentHeight() const
{
    return m_lines * m_lineHeight + 2 * margin;
}

std::size_t TokenLayout::firstOfLine(int line) const
{
    if (line < 0 || m_lineStarts.empty())
        return 0;
    return line < static_cast<int>(m_lineStarts.size()) && m_lines > 0 ? m_lineStarts[static_cast<std::size_t>(line)]
                                                                       : m_items.size();
}

int TokenLayout::itemAt(const QPoint &content) const
{
    const int line = static_cast<int>(std::floor((content.y() - margin) / double(m_lineHeight)));
    if (line < 0 || line >= m_lines)
        return -1;
    for (std::size_t i = firstOfLine(line); i < firstOfLine(line + 1); ++i)
        if (content.x() >= m_items[i].x - 1 && content.x() < m_items[i].x + m_items[i].width + 1)
            return static_cast<int>(i);
    return -1;
}

int TokenLayout::itemOf(int token) const
{
    // By first token; a link that folds again stands before the token of the same number.
    auto after = std::upper_bound(m_items.begin(), m_items.end(), token,
                                  [](int wanted, const Item &item) { return wanted < item.token; });
    if (after == m_items.begin())
        return -1;
    --after;
    return token < after->token + after->count || after->kind != Kind::Token
               ? static_cast<int>(after - m_items.begin())
               : -1;
}

QRect TokenLayout::rectOf(const Item &item) const
{
    return {item.x, margin + item.line * m_lineHeight, item.width, m_chipHeight};
}

int TokenLayout::closedFolds() const
{
    int closed = 0;
    for (const Run &run : m_runs)
        closed += m_opened.contains(run.first) ? 0 : 1;
    return closed;
}

} // namespace attune::ui
