#include "ui/compare/answer_view.h"

#include "ui/theme/theme.h"
#include "ui/widgets/paint.h"

#include <QPainter>
#include <QPromise>
#include <QAbstractTextDocumentLayout>
#include <QScrollBar>
#include <QTextBlock>
#include <QTextDocumentFragment>
#include <QThreadPool>

#include <algorithm>
#include <memory>

namespace attune::ui {
namespace {

QTextCharFormat textFormat(TextStyle style, Token token)
{
    QTextCharFormat format;
    format.setFont(font(style));
    format.setForeground(color(token));
    return format;
}

QTextBlockFormat blockFormat(int above, int below)
{
    QTextBlockFormat format;
    format.setTopMargin(scaled(above));
    format.setBottomMargin(scaled(below));
    return format;
}

} // namespace

QVector<DiffPiece> judgedPieces(const AnswerDifference &difference)
{
    QVector<DiffPiece> pieces = wordDiff(difference.before, difference.after);
    // Behind the last words that both have, a text that still grows may yet get what the other has there.
    for (auto piece = pieces.end(); piece != pieces.begin();) {
        --piece;
        if (piece->kind == DiffPiece::Same)
            break;
        const bool open = piece->kind == DiffPiece::Removed ? difference.afterGrows : difference.beforeGrows;
        if (!open)
            continue;
        const bool ofBefore = piece->kind == DiffPiece::Removed;
        const bool showsBefore = !difference.showAdded;
        if (ofBefore == showsBefore)
            piece->kind = DiffPiece::Same;
        else
            piece = pieces.erase(piece);
    }
    return pieces;
}

AnswerView::AnswerView(QWidget *parent) : QTextEdit(parent)
{
    setReadOnly(true);
    setUndoRedoEnabled(false);
    setAcceptRichText(false);
    setTabChangesFocus(true);
    setFrameShape(QFrame::NoFrame);
    // Arrows scroll, as there is no caret to move; Ctrl+A and Ctrl+C work all the same.
    setTextInteractionFlags(Qt::TextSelectableByMouse);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setBackground(this, Token::Surface);
    setTextStyle(this, TextStyle::Mono);
    document()->setDocumentMargin(scaled(14));
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        document()->setDocumentMargin(scaled(14));
        render();
    });
    connect(&m_diffing, &QFutureWatcherBase::finished, this, [this] {
        if (m_mode != Mode::Difference || m_diffing.future().resultCount() == 0)
            return;
        m_pieces = m_diffing.result();
        m_compared = m_comparing;
        render();
    });
}

void AnswerView::setEarlier(const QList<QPair<QString, QString>> &turns)
{
    m_earlier = turns;
    render();
}

void AnswerView::setAnswer(const QString &answer)
{
    if (m_mode == Mode::Difference && !m_answer.isEmpty() && answer.startsWith(m_answer)) {
        append(answer.mid(m_answer.size())); // the difference so far stays until the next one is known
        return;
    }
    m_answer = answer;
    showPlain();
}

void AnswerView::append(const QString &text)
{
    m_answer += text;
    if (m_mode == Mode::Fields) {
        showPlain();
        return;
    }
    const bool follow = atEnd();
    QTextCursor end(document());
    end.movePosition(QTextCursor::End);
    end.insertText(text, textFormat(TextStyle::Mono, Token::Text));
    if (follow)
        toEnd();
}

void AnswerView::setStreaming(bool streaming)
{
    m_streaming = streaming;
    viewport()->update();
}

void AnswerView::showPlain()
{
    m_mode = Mode::Plain;
    m_pieces.clear();
    render();
}

void AnswerView::showDifference(const AnswerDifference &difference)
{
    m_mode = Mode::Difference;
    m_difference = difference;
    m_comparing = m_answer.size();
    auto promise = std::make_shared<QPromise<QVector<DiffPiece>>>();
    m_diffing.setFuture(promise->future());
    promise->start();
    QThreadPool::globalInstance()->start([promise, difference] {
        promise->addResult(judgedPieces(difference));
        promise->finish();
    });
}

void AnswerView::showFields(const QVector<FieldLine> &fields)
{
    m_mode = Mode::Fields;
    m_pieces.clear();
    m_fields = fields;
    render();
}

void AnswerView::render()
{
    const int scroll = verticalScrollBar()->value();
    const bool follow = m_streaming && atEnd();
    clear();
    QTextCursor cursor(document());
    bool first = true;
    const auto block = [&](int above, int below) {
        if (!first)
            cursor.insertBlock();
        first = false;
        cursor.setBlockFormat(blockFormat(above, below));
    };
    for (const auto &[role, text] : m_earlier) {
        block(first ? 0 : 10, 2);
        cursor.insertText(role, textFormat(TextStyle::Caption, Token::Text3));
        block(0, 0);
        cursor.insertText(text, textFormat(role == tr("User") ? TextStyle::Body : TextStyle::Mono, Token::Text2));
    }
    if (!m_earlier.isEmpty() && !m_answer.isEmpty()) {
        block(10, 2);
        cursor.insertText(tr("Assistant"), textFormat(TextStyle::Caption, Token::Text3));
    }
    block(0, 0);
    cursor.setCharFormat(textFormat(TextStyle::Mono, Token::Text));
    if (m_mode == Mode::Fields && !m_fields.isEmpty()) {
        insertFields(cursor);
    } else if (m_mode == Mode::Difference && !m_pieces.isEmpty()) {
        QTextDocument difference;
        difference.setDefaultFont(ui::font(TextStyle::Mono));
        showDiff(&difference, m_pieces, m_difference.showRemoved, m_difference.showAdded);
        cursor.insertFragment(QTextDocumentFragment(&difference));
        cursor.insertText(m_answer.mid(m_compared), textFormat(TextStyle::Mono, Token::Text));
    } else {
        cursor.insertText(m_answer, textFormat(TextStyle::Mono, Token::Text));
    }
    if (follow)
        toEnd();
    else
        verticalScrollBar()->setValue(scroll);
    if (m_mode == Mode::Fields)
        Q_EMIT fieldsMoved();
}

void AnswerView::insertFields(QTextCursor &cursor)
{
    bool first = true;
    m_firstField = cursor.blockNumber();
    m_padding.clear();
    for (const FieldLine &field : m_fields) {
        if (!first)
            cursor.insertBlock();
        first = false;
        cursor.setBlockFormat(blockFormat(0, 6));
        cursor.insertText(field.key + QStringLiteral(": "), textFormat(TextStyle::Mono, Token::Text3));
        QTextCharFormat value = textFormat(TextStyle::Mono, Token::Text);
        // A sign beside the colour: nothing is said by colour alone.
        switch (field.kind) {
        case FieldLine::Plain: break;
        case FieldLine::Equal:
            cursor.insertText(QStringLiteral("= "), textFormat(TextStyle::Mono, Token::Ok));
            break;
        case FieldLine::Differs:
            cursor.insertText(QString::fromUtf8("\u2260 "), textFormat(TextStyle::Mono, Token::Warn));
            value.setBackground(color(Token::WarnTint));
            break;
        case FieldLine::Missing: value = textFormat(TextStyle::Mono, Token::Text3); break;
        }
        cursor.insertText(field.kind == FieldLine::Missing ? tr("not there") : field.value, value);
    }
}

QVector<double> AnswerView::fieldHeights() const
{
    if (m_mode != Mode::Fields || m_fields.isEmpty())
        return {};
    const QAbstractTextDocumentLayout *layout = document()->documentLayout();
    (void)layout->blockBoundingRect(document()->lastBlock()); // lays out all of it
    QTextBlock block = document()->findBlockByNumber(m_firstField);
    QVector<double> heights{layout->blockBoundingRect(block).top() - m_padding.value(0)};
    for (int i = 0; i < m_fields.size(); ++i, block = block.next())
        heights << block.layout()->boundingRect().height();
    return heights;
}

void AnswerView::setFieldHeights(const QVector<double> &heights)
{
    const QVector<double> own = fieldHeights();
    if (own.isEmpty())
        return;
    QVector<double> padding;
    for (int i = 0; i < own.size(); ++i)
        padding << std::max(0.0, heights.value(i) - own[i]);
    if (padding == m_padding)
        return;
    m_padding = padding;
    QTextBlock block = document()->findBlockByNumber(m_firstField);
    // Of the margins between two blocks, the larger one counts.
    const double above = padding[0] > 0 ? padding[0] + block.previous().blockFormat().bottomMargin() : 0;
    for (int i = 1; i < own.size(); ++i, block = block.next()) {
        QTextBlockFormat format = block.blockFormat();
        format.setTopMargin(i == 1 ? above : 0);
        format.setBottomMargin(scaled(6) + padding[i]);
        QTextCursor(block).setBlockFormat(format);
    }
}

void AnswerView::resizeEvent(QResizeEvent *event)
{
    QTextEdit::resizeEvent(event);
    if (m_mode == Mode::Fields)
        Q_EMIT fieldsMoved();
}

bool AnswerView::atEnd() const
{
    return verticalScrollBar()->value() >= verticalScrollBar()->maximum() - 4;
}

void AnswerView::toEnd()
{
    verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

void AnswerView::paintEvent(QPaintEvent *event)
{
    QTextEdit::paintEvent(event);
    QPainter painter(viewport());
    if (hasFocus() && window()->testAttribute(Qt::WA_KeyboardFocusChange))
        drawFocusRing(&painter, viewport()->rect(), 0, false);
    if (!m_streaming)
        return;
    QTextCursor end(document());
    end.movePosition(QTextCursor::End);
    const QRect at = cursorRect(end);
    const int wide = scaled(7); // on the side where the next word comes
    const int left = end.block().textDirection() == Qt::RightToLeft ? at.left() - 1 - wide : at.left() + 1;
    painter.fillRect(QRect(left, at.top() + scaled(2), wide, at.height() - scaled(4)), color(Token::Fill));
}

} // namespace attune::ui
