#include "ui/widgets/auto_text_edit.h"

#include "ui/theme/theme.h"

#include <nlohmann/json.hpp>

#include <QKeyEvent>
#include <QMimeData>
#include <QScrollBar>
#include <QTextBlock>
#include <QTextLayout>

#include <algorithm>
#include <cmath>

namespace attune::ui {

AutoTextEdit::AutoTextEdit(QWidget *parent) : QPlainTextEdit(parent)
{
    setTabChangesFocus(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    QTextOption option = document()->defaultTextOption();
    option.setTextDirection(Qt::LayoutDirectionAuto);
    document()->setDefaultTextOption(option);
    document()->setDocumentMargin(4);
    restyle();
    connect(this, &QPlainTextEdit::textChanged, this, [this] {
        alignToText();
        fit();
    });
    connect(&Theme::instance(), &Theme::changed, this, &AutoTextEdit::restyle);
}

void AutoTextEdit::setLines(int minimum, int maximum)
{
    m_minimumLines = std::max(1, minimum);
    m_maximumLines = maximum;
    fit();
}

void AutoTextEdit::setMono(bool mono)
{
    m_mono = mono;
    restyle();
}

void AutoTextEdit::setBare(bool bare)
{
    m_bare = bare;
    setFrameShape(bare ? QFrame::NoFrame : QFrame::StyledPanel);
    viewport()->setAutoFillBackground(!bare);
    document()->setDocumentMargin(bare ? 0 : 4);
    fit();
}

/// Text that runs from right to left begins at the right; the plain layout leaves that to the alignment.
void AutoTextEdit::alignToText()
{
    const Qt::Alignment wanted = document()->firstBlock().text().isRightToLeft() ? Qt::AlignRight : Qt::AlignLeft;
    QTextOption option = document()->defaultTextOption();
    if (option.alignment() == wanted)
        return;
    option.setAlignment(wanted);
    document()->setDefaultTextOption(option);
}

void AutoTextEdit::restyle()
{
    setFont(ui::font(m_mono ? TextStyle::Mono : TextStyle::Body));
    fit();
}

int AutoTextEdit::textHeight() const
{
    // Only as many blocks are laid out here as can be seen. Lines are as high as the layout makes them, which is a
    // bit more than the font says: over many lines the last one would be cut.
    int lines = 0;
    qreal height = 0;
    for (QTextBlock block = document()->begin(); block.isValid(); block = block.next()) {
        blockBoundingGeometry(block);
        if (!block.isVisible())
            continue;
        const int own = std::max(1, block.layout()->lineCount());
        const int shown = m_maximumLines > 0 ? std::min(own, m_maximumLines - lines) : own;
        height += block.layout()->boundingRect().height() * shown / own;
        lines += shown;
        if (m_maximumLines > 0 && lines >= m_maximumLines)
            break;
    }
    if (lines < m_minimumLines)
        height += (m_minimumLines - lines) * QFontMetricsF(font()).lineSpacing();
    return static_cast<int>(std::ceil(height + 2 * document()->documentMargin())) + 2 * frameWidth()
           + viewportMargins().top() + viewportMargins().bottom();
}

bool AutoTextEdit::isCut() const
{
    int lines = 0;
    for (QTextBlock block = document()->begin(); block.isValid() && lines <= m_maximumLines; block = block.next()) {
        blockBoundingGeometry(block);
        if (block.isVisible())
            lines += std::max(1, block.layout()->lineCount());
    }
    return m_maximumLines > 0 && lines > m_maximumLines;
}

void AutoTextEdit::fit()
{
    // The bar counts in whole lines, so a rounded pixel less than the text's height would show one for nothing.
    setVerticalScrollBarPolicy(isCut() ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
    const int height = textHeight();
    if (height == m_fitted)
        return;
    m_fitted = height;
    setFixedHeight(height);
    updateGeometry();
}

QSize AutoTextEdit::sizeHint() const
{
    return {QPlainTextEdit::sizeHint().width(), m_fitted > 0 ? m_fitted : textHeight()};
}

QSize AutoTextEdit::minimumSizeHint() const
{
    return {fontMetrics().averageCharWidth() * 12, sizeHint().height()};
}

void AutoTextEdit::focusInEvent(QFocusEvent *event)
{
    QPlainTextEdit::focusInEvent(event);
    Q_EMIT focusIn();
}

void AutoTextEdit::focusOutEvent(QFocusEvent *event)
{
    QPlainTextEdit::focusOutEvent(event);
    Q_EMIT focusOut();
}

void AutoTextEdit::resizeEvent(QResizeEvent *event)
{
    QPlainTextEdit::resizeEvent(event);
    fit();
}

void AutoTextEdit::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape) {
        Q_EMIT escaped();
        event->ignore(); // whoever holds the field may also want it
        return;
    }
    QPlainTextEdit::keyPressEvent(event);
}

void AutoTextEdit::changeEvent(QEvent *event)
{
    QPlainTextEdit::changeEvent(event);
    if (event->type() == QEvent::FontChange)
        fit();
}

/// An empty clipboard offers no format at all, and Qt 6.4 looks at the first.
void AutoTextEdit::insertFromMimeData(const QMimeData *source)
{
    if (source && !source->formats().isEmpty())
        QPlainTextEdit::insertFromMimeData(source);
}

void AutoTextEdit::wheelEvent(QWheelEvent *event)
{
    if (verticalScrollBar()->maximum() <= 0)
        event->ignore(); // the card's own scroll area goes on
    else
        QPlainTextEdit::wheelEvent(event);
}

// -------------------------------------------------------------------------------------------------------------------

JsonHighlighter::JsonHighlighter(QTextDocument *document) : QSyntaxHighlighter(document)
{
    connect(&Theme::instance(), &Theme::changed, this, &QSyntaxHighlighter::rehighlight);
}

void JsonHighlighter::setEnabled(bool enabled)
{
    if (enabled == m_enabled)
        return;
    m_enabled = enabled;
    rehighlight();
}

void JsonHighlighter::highlightBlock(const QString &text)
{
    if (!m_enabled)
        return;
    const int length = static_cast<int>(text.size());
    for (int i = 0; i < length;) {
        const QChar c = text[i];
        int end = i + 1;
        if (c == QLatin1Char('"')) { // a string of JSON cannot leave its line
            while (end < length && text[end] != QLatin1Char('"'))
                end += text[end] == QLatin1Char('\\') ? 2 : 1;
            end = std::min(end + 1, length);
            int after = end;
            while (after < length && text[after].isSpace())
                ++after;
            if (after < length && text[after] == QLatin1Char(':'))
                setFormat(i, end - i, color(Token::Text2));
        } else if (c.isDigit() || c == QLatin1Char('-')) {
            while (end < length && (text[end].isLetterOrNumber() || QStringView(u"+-.").contains(text[end])))
                ++end;
            setFormat(i, end - i, color(Token::Accent));
        } else if (c.isLetter()) {
            while (end < length && text[end].isLetter())
                ++end;
            const QStringView word = QStringView(text).mid(i, end - i);
            if (word == QLatin1String("true") || word == QLatin1String("false") || word == QLatin1String("null"))
                setFormat(i, end - i, color(Token::Accent));
        }
        i = end;
    }
}

JsonCheck checkJson(const QString &text)
{
    const QByteArray bytes = text.toUtf8();
    JsonCheck check;
    try {
        check.valid = !nlohmann::json::parse(bytes.begin(), bytes.end()).is_discarded();
        return check;
    } catch (const nlohmann::json::parse_error &error) {
        const auto at = static_cast<qsizetype>(std::max<std::size_t>(error.byte, 1) - 1);
        const QString before = QString::fromUtf8(bytes.left(at));
        check.line = static_cast<int>(before.count(QLatin1Char('\n'))) + 1;
        check.column = static_cast<int>(before.size() - (before.lastIndexOf(QLatin1Char('\n')) + 1)) + 1;
        const QString words = QString::fromUtf8(error.what());
        // "[json.exception.parse_error.101] parse error at line 1, column 7: syntax error ... - unexpected ..."
        check.message = words.mid(words.lastIndexOf(QLatin1String(" - ")) + 3);
        if (at >= bytes.size())
            check.message = QStringLiteral("it ends too early");
    } catch (const nlohmann::json::exception &error) {
        check.message = QString::fromUtf8(error.what());
    }
    return check;
}

bool looksLikeJson(const QString &text)
{
    for (const QChar c : text)
        if (!c.isSpace())
            return c == QLatin1Char('{') || c == QLatin1Char('[');
    return false;
}

} // namespace attune::ui
