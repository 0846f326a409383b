#pragma once

#include "ui/widgets/token_strip.h"

#include <QFontMetrics>
#include <QHash>
#include <QRect>
#include <QSet>

#include <vector>

namespace attune::ui {

/// Where the tokens of a strip stand: lines of items, kept for as long as width, tokens and font stay. Knows nothing
/// of painting or scrolling; x and y are those of the content.
class TokenLayout {
public:
    enum class Kind {
        Token,
        Closed,
        Opened
    }; ///< Closed: "383 tokens folded"; Opened: the link that folds them again
    struct Item {
        Kind kind = Kind::Token;
        int token = 0; ///< the token, or the first one folded
        int count = 1; ///< tokens that it stands for
        int line = 0;
        int x = 0;
        int width = 0;
        QString text; ///< of a fold
    };

    void setTokens(const QVector<ShownToken> &tokens);
    void setFold(bool fold);
    void setFonts(const QFont &token, const QFont &small); ///< and forgets all widths
    /// Opens a closed fold, closes an opened one.
    void toggle(const Item &item);
    void open(int token); ///< the fold that holds it, if any
    /// Lays out where anything changed since. Returns whether it did.
    bool ensure(int width);
    int heightFor(int width); ///< the same, for a width that is not the one laid out

    const QVector<ShownToken> &tokens() const { return m_tokens; }
    const std::vector<Item> &items() const { return m_items; }
    QString label(int token) const; ///< as painted: blanks made visible
    int lineHeight() const { return m_lineHeight; }
    int chipHeight() const { return m_chipHeight; }
    int lineCount() const { return m_lines; }
    int contentHeight() const;
    bool shifts() const { return m_shifts; } ///< a number under each token
    std::size_t firstOfLine(int line) const;
    int itemAt(const QPoint &content) const;      ///< -1: none
    int itemOf(int token) const;                  ///< the item that shows or hides it; -1: none
    QRect rectOf(const Item &item) const;         ///< of its chip
    int closedFolds() const;

    static constexpr int margin = 12;

private:
    struct Run {
        int first; ///< of what is hidden
        int count;
    };
    int widthOf(int token);
    void findRuns();
    int place(int width, std::vector<Item> *items, std::vector<std::size_t> *lines);

    QVector<ShownToken> m_tokens;
    std::vector<Run> m_runs;
    QSet<int> m_opened; ///< by first hidden token
    std::vector<Item> m_items;
    std::vector<std::size_t> m_lineStarts;
    std::vector<int> m_widths; ///< by token; 0: not measured
    QHash<QString, int> m_measured;
    QFontMetrics m_metrics{QFont()};
    QFontMetrics m_smallMetrics{QFont()};
    bool m_fold = false;
    bool m_shifts = false;
    bool m_valid = false;
    int m_width = -1;
    int m_lines = 0;
    int m_lineHeight = 22;
    int m_chipHeight = 18;
};

/// A token's text with its blanks and controls made visible: "·", "↵", "→", and a count for long runs of blanks.
QString visibleText(const QString &text);

} // namespace attune::ui
