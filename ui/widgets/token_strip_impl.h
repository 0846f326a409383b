#pragma once

#include "ui/widgets/token_layout.h"
#include "ui/widgets/token_strip.h"

#include <utility>

class QPainter;

namespace attune::ui {

/// What a strip keeps and does behind its events: cursor, selection, folds, and the painting of one item. For the
/// token_strip files only.
struct TokenStrip::Impl {
    TokenStrip &strip;
    TokenLayout layout;
    QString placeholder;
    int cursor = -1; ///< token, or the first one of a closed fold
    int anchor = -1; ///< other end of the selection; -1: none
    int hovered = -1;
    int linked = -1;
    bool growing = false;
    bool dragging = false;

    explicit Impl(TokenStrip &owner) : strip(owner) {}

    void restyle();
    /// After any change of tokens, folds, fonts or width.
    void relayout();
    QPoint toContent(const QPoint &viewportPoint) const;
    QRect toViewport(const QRect &contentRect) const;
    const TokenLayout::Item *itemOfCursor() const;
    std::pair<int, int> selection() const;
    void scrollTo(int token);
    void moveTo(int token, bool select);
    void announce();
    void moveByItem(int step, bool select);
    void moveByLine(int step, bool select);
    void toggle(const TokenLayout::Item &item);
    QString describeItem(const TokenLayout::Item &item) const;
    QString describe(int index) const;
    void paintToken(QPainter &painter, const TokenLayout::Item &item, const QRect &rect, bool selected) const;
    void paintFold(QPainter &painter, const TokenLayout::Item &item, const QRect &rect) const;
};

} // namespace attune::ui
