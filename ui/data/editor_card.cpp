#include "ui/data/editor_card.h"

#include "ui/data/editor_turns.h"
#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QApplication>
#include <QContextMenuEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPlainTextDocumentLayout>
#include <QScrollBar>
#include <QTextBlock>
#include <QTimer>
#include <QVBoxLayout>
#include <QWheelEvent>

namespace attune::ui {

namespace {

/// A field holds its whole text in memory and lays out whole paragraphs: beyond this it would be slow.
constexpr std::size_t LongestEditable = std::size_t(1) << 20;
constexpr int LongestFolded = 64 << 10; ///< above it, a folded card holds only the head of its text
constexpr int HeadLength = 4000;
/// Of an answer more is shown, since it is what is judged.
struct Fold {
    int from; ///< lines above which it folds
    int to;
};

Fold foldOf(const std::string &role, bool alone)
{
    return role == "assistant" ? Fold{40, 24} : alone ? Fold{18, 15} : Fold{12, 7};
}

class QuoteColours final : public QSyntaxHighlighter {
public:
    using QSyntaxHighlighter::QSyntaxHighlighter;

protected:
    void highlightBlock(const QString &text) override
    {
        if (isQuoted(text.left(16).toStdString()))
            setFormat(0, static_cast<int>(text.size()), color(Token::Text3));
    }
};

QString rawText(const QTextDocument *document)
{
    // Not toPlainText(), which makes plain spaces of no-break spaces: the file would be changed by a look at it.
    QString text = document->toRawText();
    text.replace(QChar::ParagraphSeparator, QLatin1Char('\n'));
    return text;
}

} // namespace

QString roleWord(const std::string &role)
{
    if (role == "system")
        return RoleCard::tr("System");
    if (role == "user")
        return RoleCard::tr("User");
    if (role == "assistant")
        return RoleCard::tr("Assistant");
    return role == "tool" ? RoleCard::tr("Tool") : role.empty() ? RoleCard::tr("No role") : fromUtf8(role);
}

RoleCard::RoleCard(QWidget *parent) : QFrame(parent)
{
    build();
    connect(m_edit, &AutoTextEdit::textChanged, this, [this] {
        if (m_setting || m_partial || m_tooLong)
            return;
        m_text = rawText(m_edit->document());
        refreshBadges();
        Q_EMIT typed(m_index, content());
    });
    connect(m_edit, &AutoTextEdit::focusIn, this, [this] {
        unfold();
        if (!std::exchange(m_inside, true))
            refresh();
        Q_EMIT entered(m_index); // also where it was left and is back before the loop turned
    });
    connect(m_edit, &AutoTextEdit::focusOut, this, [this] {
        // Where the focus went is known a turn of the loop later; a menu or another window does not end the typing.
        QTimer::singleShot(0, this, [this] {
            QWidget *now = QApplication::focusWidget();
            if (!m_inside || !now || now == m_edit || (m_share && m_share->isAncestorOf(now)))
                return;
            m_inside = false;
            refresh();
            Q_EMIT left(m_index);
            m_share->reset();
        });
    });
    connect(m_edit, &AutoTextEdit::escaped, this, &RoleCard::escaped);
    connect(m_more, &QPushButton::clicked, this, [this] { startTyping(0); });
    connect(m_menu, &QToolButton::clicked, this,
            [this] { Q_EMIT menuAsked(m_index, m_menu->mapToGlobal(QPoint(0, m_menu->height()))); });
    connect(m_json, &Badge::clicked, this, [this] { selectAt(m_jsonLine, m_jsonColumn); });
    connect(m_encoding, &Badge::clicked, this, [this] { selectFirst(QString(QChar::ReplacementCharacter)); });
    connect(m_share, &ShareChoice::chosen, this, &RoleCard::shareChosen);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        refreshType();
        m_quoteColours->rehighlight();
        update();
    });
}

void RoleCard::build()
{
    setObjectName(QStringLiteral("roleCard"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(11, 4, 8, 8);
    layout->setSpacing(0);

    m_head = new QHBoxLayout;
    m_head->setSpacing(8);
    m_roleLabel = new CardTitle;
    m_line = new OneLine;
    setForeground(m_line, Token::Text2);
    m_json = new Badge;
    m_json->setObjectName(QStringLiteral("jsonBadge"));
    m_encoding = new Badge(tr("lost characters"), Tone::Warn, "warning");
    m_encoding->setObjectName(QStringLiteral("encodingBadge"));
    m_encoding->setClickable(true);
    m_encoding->setToolTip(tr("Bytes that were no valid UTF-8 stand as U+FFFD here; a click goes to the first"));
    m_size = new Badge({}, Tone::Warn, "lock");
    m_size->setObjectName(QStringLiteral("sizeBadge"));
    m_menu = new IconButton("more", tr("Turn"));
    followTheme(this, [this] { m_menu->setFixedSize(scaled(24), scaled(24)); });
    QSizePolicy keepsRoom = m_menu->sizePolicy();
    keepsRoom.setRetainSizeWhenHidden(true);
    m_menu->setSizePolicy(keepsRoom);
    m_count = new QLabel;
    m_count->setObjectName(QStringLiteral("tokenCount"));
    setForeground(m_count, Token::Text3);
    m_head->addWidget(m_roleLabel);
    m_head->addWidget(m_json);
    m_head->addWidget(m_encoding);
    m_head->addWidget(m_size);
    m_head->addWidget(m_line, 1);
    m_head->addStretch();
    m_head->addWidget(m_menu);
    m_head->addWidget(m_count);
    layout->addLayout(m_head);

    m_share = new ShareChoice;
    layout->addWidget(m_share);

    m_edit = new AutoTextEdit;
    m_edit->setObjectName(QStringLiteral("turnText"));
    m_edit->setBare(true);
    m_edit->setUndoRedoEnabled(false);
    m_edit->document()->setDocumentMargin(0);
    m_edit->setPlaceholderText(tr("Empty: write here"));
    m_edit->installEventFilter(this);
    m_edit->viewport()->installEventFilter(this);
    m_jsonColours = new JsonHighlighter(m_edit->document());
    m_jsonColours->setDocument(nullptr);
    m_quoteColours = new QuoteColours(m_edit->document());
    layout->addWidget(m_edit);

    m_more = new KeyButton({}, KeyButton::Link);
    m_more->setObjectName(QStringLiteral("showMore"));
    auto *more = new QHBoxLayout;
    more->setContentsMargins(-2, 0, 0, 0); // a link keeps room for its ring; its words stand under the text
    more->addWidget(m_more);
    more->addStretch();
    layout->addLayout(more);
    m_refused = new InlineNotice(Tone::Warn);
    m_refused->setObjectName(QStringLiteral("refused"));
    layout->addWidget(m_refused);
    m_share->hide();
    m_json->hide();
    m_encoding->hide();
    m_size->hide();
    m_more->hide();
    m_refused->hide();
    refreshType();
}

// --- the text ---

void RoleCard::setTurn(int index, int count, const Message &turn, bool fresh)
{
    const bool sameTurn = !fresh && m_role == turn.role && m_index == index && turn.content == content();
    m_index = index;
    m_turns = count;
    m_role = turn.role;
    if (!sameTurn) {
        m_tooLong = turn.content.size() > LongestEditable;
        m_windowsLines = turn.content.find("\r\n") != std::string::npos;
        m_text = fromUtf8(m_tooLong ? std::string_view(turn.content).substr(0, HeadLength) : turn.content);
        if (m_windowsLines)
            m_text.replace(QLatin1String("\r\n"), QLatin1String("\n"));
        if (m_tooLong)
            m_size->set(tr("%1: only its head is shown, and not to edit, so that the window stays quick")
                            .arg(formatBytes(static_cast<qint64>(turn.content.size()))),
                        Tone::Warn, "lock");
        if (fresh) {
            m_folded = true;
            m_refused->hide();
            m_share->reset();
            m_rows = 1;
            m_tokens.reset();
        }
        showText();
        if (fresh)
            m_edit->moveCursor(QTextCursor::Start);
    }
    refresh();
}

void RoleCard::showText()
{
    m_partial = m_folded && !m_inside && m_text.size() > LongestFolded;
    replaceText(m_partial ? m_text.left(HeadLength) : m_text);
    refreshBadges();
    refold();
}

/// Changes only what differs, so that the caret keeps its place in what stays.
void RoleCard::replaceText(const QString &text)
{
    m_setting = true;
    const QString now = rawText(m_edit->document());
    if (now.isEmpty() || text.isEmpty() || !m_inside) {
        if (now != text)
            m_edit->setPlainText(text);
    } else if (now != text) {
        qsizetype head = 0;
        const qsizetype shorter = std::min(now.size(), text.size());
        while (head < shorter && now[head] == text[head])
            ++head;
        qsizetype tail = 0;
        while (tail < shorter - head && now[now.size() - 1 - tail] == text[text.size() - 1 - tail])
            ++tail;
        QTextCursor cursor(m_edit->document());
        cursor.setPosition(static_cast<int>(head));
        cursor.setPosition(static_cast<int>(now.size() - tail), QTextCursor::KeepAnchor);
        cursor.insertText(text.mid(head, text.size() - head - tail));
    }
    m_setting = false;
}

std::string RoleCard::contentOf(QString raw) const
{
    raw.replace(QChar::ParagraphSeparator, QLatin1Char('\n'));
    if (m_windowsLines)
        raw.replace(QLatin1Char('\n'), QLatin1String("\r\n"));
    return toUtf8(raw);
}

std::string RoleCard::content() const
{
    return contentOf(m_text);
}

int RoleCard::caret() const
{
    return m_edit->textCursor().position();
}

std::string RoleCard::textBefore(int position) const
{
    return contentOf(m_text.left(position));
}

std::string RoleCard::textAfter(int position) const
{
    return contentOf(m_text.mid(position));
}

bool RoleCard::editable() const
{
    return !m_tooLong && !m_readOnly;
}

void RoleCard::setReadOnly(bool readOnly)
{
    m_readOnly = readOnly;
    refresh();
}

// --- folding ---

int RoleCard::visualLines() const
{
    if (m_partial)
        return std::max(static_cast<int>(m_text.count(QLatin1Char('\n'))) + 1, static_cast<int>(m_text.size() / 90));
    int lines = 0;
    const QAbstractTextDocumentLayout *layout = m_edit->document()->documentLayout();
    for (QTextBlock block = m_edit->document()->begin(); block.isValid(); block = block.next()) {
        layout->blockBoundingRect(block); // lays it out
        lines += std::max(1, block.layout()->lineCount());
    }
    return lines;
}

bool RoleCard::wantsFold() const
{
    return m_folded && !m_inside;
}

void RoleCard::refold()
{
    if (m_edit->isHidden())
        return;
    const Fold fold = foldOf(m_role, m_scale > 1);
    const int lines = wantsFold() ? visualLines() : 0;
    const bool folded = wantsFold() && (lines > fold.from || m_partial);
    m_edit->setLines(1, folded ? fold.to : 0);
    m_edit->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    if (folded)
        m_edit->verticalScrollBar()->setValue(0);
    m_more->setVisible(folded);
    m_more->setText(tr("show %1 more lines").arg(formatCount(std::max(1, lines - fold.to))));
    m_more->setAccessibleName(tr("Show %1 more lines of the %2 turn").arg(lines - fold.to).arg(roleWord(m_role)));
}

void RoleCard::unfold()
{
    if (!m_folded)
        return;
    m_folded = false;
    if (std::exchange(m_partial, false)) {
        m_setting = true;
        m_edit->setPlainText(m_text);
        m_setting = false;
    }
    refold();
}

void RoleCard::resizeEvent(QResizeEvent *event)
{
    QFrame::resizeEvent(event);
    if (event->oldSize().width() != event->size().width())
        QTimer::singleShot(0, this, &RoleCard::refold); // the field takes its width first
}

// --- how it looks ---

void RoleCard::setTokens(std::optional<std::int64_t> tokens)
{
    m_tokens = tokens;
    refresh();
}

void RoleCard::setShare(std::int64_t rows)
{
    m_rows = rows;
    refresh();
}

bool RoleCard::changesAll() const
{
    return m_role == "system" && m_share->all();
}

void RoleCard::setRefused(const QString &why)
{
    m_refused->show(Tone::Warn, why);
}

void RoleCard::setTypeScale(double scale)
{
    m_scale = scale;
    refreshType();
}

void RoleCard::refresh()
{
    const QString name = roleWord(m_role);
    const bool shared = m_role == "system" && m_rows > 1;
    const bool oneLineOnly = shared && !m_inside && !m_tooLong;
    m_roleLabel->setText(name);
    m_line->setVisible(oneLineOnly);
    layout()->setContentsMargins(11, oneLineOnly ? 2 : 4, 8, oneLineOnly ? 3 : 8);
    if (oneLineOnly)
        m_line->setText(oneLine(m_text, 1000));
    const bool wasHidden = m_edit->isHidden();
    m_edit->setVisible(!oneLineOnly);
    if (oneLineOnly)
        m_more->hide();
    else if (wasHidden)
        refold();
    m_share->setVisible(shared && m_inside && editable());
    m_share->setRows(m_rows);
    m_menu->setVisible(m_inside || underMouse());
    setFocusPolicy(oneLineOnly ? Qt::StrongFocus : Qt::NoFocus);
    if (oneLineOnly)
        m_count->setText(tr("shared by %1 rows").arg(formatCount(m_rows)));
    else
        m_count->setText(!m_tokens         ? QString()
                         : *m_tokens == 1  ? tr("1 token")
                                           : tr("%1 tokens").arg(formatCount(*m_tokens)));
    m_count->setFont(ui::font(oneLineOnly ? TextStyle::Caption : TextStyle::MonoSmall));
    m_size->setVisible(m_tooLong);
    m_edit->setReadOnly(!editable());
    const QString place = tr("%1, turn %2 of %3").arg(name).arg(m_index + 1).arg(m_turns);
    m_edit->setAccessibleName(place);
    m_menu->setName(tr("Turn menu: %1").arg(place));
    setAccessibleName(
        oneLineOnly ? tr("%1, shared by %2 rows: %3").arg(place, formatCount(m_rows), oneLine(m_text, 200)) : place);
    update();
}

void RoleCard::refreshBadges()
{
    const bool json = m_role == "assistant" && looksLikeJson(m_text) && !m_tooLong;
    m_json->setVisible(json);
    if (json) {
        const JsonCheck check = checkJson(m_text);
        m_jsonLine = check.line;
        m_jsonColumn = check.column;
        m_json->set(check.valid ? tr("valid JSON") : tr("JSON: line %1, column %2").arg(check.line).arg(check.column),
                    check.valid ? Tone::Ok : Tone::Bad, check.valid ? "check" : "x");
        m_json->setToolTip(check.valid ? QString() : tr("%1; a click goes there").arg(check.message));
        m_json->setClickable(!check.valid);
    }
    m_encoding->setVisible(m_text.contains(QChar::ReplacementCharacter));
    setFace(json);
    // One of them at a time: each takes away what the other has coloured.
    QTextDocument *document = m_text.size() > LongestFolded ? nullptr : m_edit->document();
    const QSignalBlocker quiet(m_edit); // taking colours away edits the document, which would bring us back here
    const auto attach = [](QSyntaxHighlighter *colours, QTextDocument *to) {
        if (colours->document() != to)
            colours->setDocument(to);
    };
    attach(json ? m_quoteColours : static_cast<QSyntaxHighlighter *>(m_jsonColours), nullptr);
    attach(json ? static_cast<QSyntaxHighlighter *>(m_jsonColours) : m_quoteColours, document);
}

void RoleCard::refreshType()
{
    m_line->setFont(ui::font(TextStyle::Body));
    m_count->setFont(ui::font(m_line->isHidden() ? TextStyle::MonoSmall : TextStyle::Caption));
    setFace(m_json && !m_json->isHidden());
    refold();
}

void RoleCard::setFace(bool mono)
{
    m_edit->setMono(mono);
    if (m_scale == 1)
        return;
    QFont larger = ui::font(mono ? TextStyle::Mono : TextStyle::Body);
    larger.setPixelSize(qRound(larger.pixelSize() * m_scale));
    m_edit->setFont(larger);
}

void RoleCard::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawPanel(&painter, rect(), 8, Token::Surface, Token::Line);
    if (m_inside || hasFocus())
        drawFocusRing(&painter, rect(), 8, false);
}

} // namespace attune::ui
