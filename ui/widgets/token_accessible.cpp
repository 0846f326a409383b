#include "ui/widgets/token_accessible.h"

#include "ui/widgets/format.h"
#include "ui/widgets/token_strip.h"

#include <QAccessibleWidget>

namespace attune::ui {

namespace {

class TokenStripAccessible final : public QAccessibleWidget, public QAccessibleTextInterface {
public:
    explicit TokenStripAccessible(TokenStrip *strip) : QAccessibleWidget(strip, QAccessible::StaticText) {}

    void *interface_cast(QAccessible::InterfaceType type) override
    {
        if (type == QAccessible::TextInterface)
            return static_cast<QAccessibleTextInterface *>(this);
        return QAccessibleWidget::interface_cast(type);
    }
    QString text(QAccessible::Text which) const override
    {
        if (which != QAccessible::Value)
            return QAccessibleWidget::text(which);
        int trained = 0;
        int cut = 0;
        for (const ShownToken &token : strip()->tokens()) {
            cut += token.cut ? 1 : 0;
            trained += token.trained && !token.cut ? 1 : 0;
        }
        const qsizetype all = strip()->tokens().size();
        return TokenStrip::tr("%1 tokens: %2 trained, %3 masked, %4 cut")
            .arg(formatCount(all), formatCount(trained), formatCount(all - trained - cut), formatCount(cut));
    }
    QAccessible::State state() const override
    {
        QAccessible::State state = QAccessibleWidget::state();
        state.readOnly = true;
        state.multiLine = true;
        return state;
    }

    void selection(int selectionIndex, int *startOffset, int *endOffset) const override
    {
        const QString selected = strip()->selectedText();
        *startOffset = 0;
        *endOffset = 0;
        if (selectionIndex != 0 || selected.isEmpty())
            return;
        // The selection ends or begins at the cursor; its text tells which.
        const int cursor = cursorPosition();
        const QString all = strip()->accessibleText();
        const int length = static_cast<int>(selected.size());
        *startOffset =
            all.mid(cursor, length) == selected ? cursor : static_cast<int>(all.lastIndexOf(selected, cursor));
        *endOffset = *startOffset + length;
    }
    int selectionCount() const override { return strip()->selectedText().isEmpty() ? 0 : 1; }
    void addSelection(int, int) override {}
    void removeSelection(int) override {}
    void setSelection(int, int, int) override {}
    int cursorPosition() const override { return textOffsetOf(strip()->tokens(), strip()->currentToken()); }
    void setCursorPosition(int) override {}
    QString text(int startOffset, int endOffset) const override
    {
        return strip()->accessibleText().mid(startOffset, endOffset - startOffset);
    }
    int characterCount() const override { return static_cast<int>(strip()->accessibleText().size()); }
    QRect characterRect(int offset) const override
    {
        const QRect local = strip()->tokenRect(tokenAtOffset(offset));
        return local.isEmpty() ? QRect()
                               : QRect(strip()->viewport()->mapToGlobal(local.topLeft()), local.size());
    }
    int offsetAtPoint(const QPoint &point) const override
    {
        const int token = strip()->tokenAt(strip()->viewport()->mapFromGlobal(point));
        return token < 0 ? -1 : textOffsetOf(strip()->tokens(), token);
    }
    void scrollToSubstring(int startIndex, int) override { strip()->scrollToToken(tokenAtOffset(startIndex)); }
    QString attributes(int offset, int *startOffset, int *endOffset) const override
    {
        const int token = tokenAtOffset(offset);
        *startOffset = textOffsetOf(strip()->tokens(), token);
        *endOffset = *startOffset;
        if (token < 0)
            return {};
        const ShownToken &shown = strip()->tokens()[token];
        *endOffset = *startOffset + static_cast<int>(shown.text.size());
        return shown.cut       ? QStringLiteral("text-line-through-style:solid;")
               : shown.trained ? QStringLiteral("text-underline-style:solid;")
                               : QString();
    }

private:
    TokenStrip *strip() const { return static_cast<TokenStrip *>(widget()); }
    int tokenAtOffset(int offset) const
    {
        int at = 0;
        const auto &tokens = strip()->tokens();
        for (int i = 0; i < tokens.size(); ++i) {
            at += static_cast<int>(tokens[i].text.size());
            if (offset < at)
                return i;
        }
        return -1;
    }
};

QAccessibleInterface *makeInterface(const QString &className, QObject *object)
{
    if (className == QLatin1String("attune::ui::TokenStrip"))
        return new TokenStripAccessible(static_cast<TokenStrip *>(object));
    return nullptr;
}

} // namespace

void installTokenAccessibility()
{
    static const bool installed = [] {
        QAccessible::installFactory(makeInterface);
        return true;
    }();
    Q_UNUSED(installed)
}

int textOffsetOf(const QVector<ShownToken> &tokens, int token)
{
    int offset = 0;
    for (int i = 0; i < std::min(token, static_cast<int>(tokens.size())); ++i)
        offset += static_cast<int>(tokens[i].text.size());
    return offset;
}

} // namespace attune::ui
