#include "ui/data/editor_cards.h"

#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <QVBoxLayout>

namespace attune::ui {

namespace {

constexpr int Margin = 16;
constexpr int Gap = 8;

class NoteCard final : public QFrame {
public:
    using QFrame::QFrame;

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        drawPanel(&painter, rect(), 8, Token::Sunken, Token::Line);
    }
};

} // namespace

EditorCards::EditorCards(EditorDraft &draft, QWidget *parent)
    : QScrollArea(parent), m_draft(draft), m_content(new QWidget), m_layout(new QVBoxLayout(m_content))
{
    setObjectName(QStringLiteral("cards"));
    setAccessibleName(tr("Turns of the row"));
    setWidgetResizable(true);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFocusPolicy(Qt::NoFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Maximum);
    setBackground(viewport(), Token::Surface);
    setBackground(m_content, Token::Surface);
    m_layout->setContentsMargins(Margin, 12, Margin, 0);
    m_layout->setSpacing(Gap);

    m_noteCard = new NoteCard;
    m_noteCard->setObjectName(QStringLiteral("noteCard"));
    auto *note = new QHBoxLayout(m_noteCard);
    note->setContentsMargins(11, 6, 11, 6);
    note->setSpacing(8);
    note->addWidget(new CardTitle(tr("Note")), 0, Qt::AlignTop);
    m_notes = new AutoTextEdit;
    m_notes->setObjectName(QStringLiteral("notes"));
    m_notes->setAccessibleName(tr("Note on this row; it is not trained on"));
    m_notes->setPlaceholderText(tr("For people: a note is not trained on"));
    m_notes->setBare(true);
    m_notes->setUndoRedoEnabled(false);
    m_notes->document()->setDocumentMargin(0);
    m_notes->installEventFilter(this);
    note->addWidget(m_notes, 1);
    m_layout->addWidget(m_noteCard);
    m_noteCard->hide();

    m_add = new KeyButton(tr("Add a turn"), KeyButton::Link, "plus");
    m_add->setObjectName(QStringLiteral("addTurn"));
    m_layout->addWidget(m_add, 0, Qt::AlignLeft);
    m_layout->addStretch();
    setWidget(m_content);
    m_content->installEventFilter(this);

    connect(m_add, &QPushButton::clicked, this, [this] { Q_EMIT addAsked(nextRole(m_draft.turns())); });
    connect(m_notes, &AutoTextEdit::textChanged, this, [this] {
        if (!m_settingNotes)
            m_draft.typeNotes(toUtf8(m_notes->toPlainText()));
    });
    connect(m_notes, &AutoTextEdit::focusOut, this, [this] {
        m_draft.keep();
        m_noteCard->setVisible(m_notes->hasFocus() || !m_draft.notes().empty());
    });
    connect(m_notes, &AutoTextEdit::escaped, this, &EditorCards::escaped);
}

RoleCard *EditorCards::makeCard()
{
    auto *made = new RoleCard;
    m_layout->insertWidget(m_layout->indexOf(m_add), made);
    made->setReadOnly(m_readOnly);
    made->setTypeScale(m_scale);
    connect(made, &RoleCard::typed, this, [this](int turn, const std::string &content) {
        m_draft.type(static_cast<std::size_t>(turn), content);
    });
    connect(made, &RoleCard::entered, this, [this, made](int turn) {
        m_current = turn;
        followCaret(made);
        Q_EMIT entered(turn);
    });
    connect(made, &RoleCard::left, this, [this](int turn) {
        m_draft.keep();
        Q_EMIT left(turn);
    });
    connect(made->edit(), &QPlainTextEdit::cursorPositionChanged, this, [this, made] { followCaret(made); });
    connect(made, &RoleCard::escaped, this, &EditorCards::escaped);
    connect(made, &RoleCard::stepComing, this, &EditorCards::stepComing);
    connect(made, &RoleCard::undoAsked, this, &EditorCards::undoAsked);
    connect(made, &RoleCard::redoAsked, this, &EditorCards::redoAsked);
    connect(made, &RoleCard::shareChosen, this, &EditorCards::shareChosen);
    connect(made, &RoleCard::menuAsked, this, &EditorCards::menuAsked);
    return made;
}

void EditorCards::showTurns(bool fresh)
{
    const Turns &turns = m_draft.turns();
    const int count = static_cast<int>(turns.size());
    while (static_cast<int>(m_cards.size()) < count)
        m_cards.push_back(makeCard());
    for (int i = 0; i < static_cast<int>(m_cards.size()); ++i) {
        RoleCard *const one = m_cards[static_cast<std::size_t>(i)];
        if (i < count)
            one->setTurn(i, count, turns[static_cast<std::size_t>(i)], fresh || i >= m_shown);
        one->setVisible(i < count);
    }
    m_shown = count;
    if (fresh) {
        m_current = -1;
        verticalScrollBar()->setValue(0);
        showNotes();
    }
    m_current = std::min(m_current, count - 1);
    m_add->setText(nextRole(turns) == "user" ? tr("Add a user turn") : tr("Add an answer"));
    m_add->setVisible(!m_readOnly && m_draft.id() != 0);
    updateGeometry();
}

void EditorCards::showNotes()
{
    const QString text = fromUtf8(m_draft.notes());
    m_settingNotes = true;
    if (m_notes->toPlainText() != text)
        m_notes->setPlainText(text);
    m_settingNotes = false;
    m_noteCard->setVisible(!text.isEmpty() || m_notes->hasFocus());
}

void EditorCards::showPreview(const ExamplePreview *preview)
{
    for (int i = 0; i < m_shown; ++i) {
        const auto turn = static_cast<std::size_t>(i);
        RoleCard *const one = m_cards[turn];
        const bool known = preview && turn < preview->messageTokens.size() && !preview->tokens.empty();
        one->setTokens(known ? std::optional(preview->messageTokens[turn]) : std::nullopt);
        QString refused;
        if (preview) {
            for (const PreviewProblem &problem : preview->problems) {
                const bool here = problem.message ? *problem.message == turn
                                                  : problem.kind == ProblemKind::RoleOrder &&
                                                        firstOddTurn(m_draft.turns()) == i;
                const bool ofTurn = problem.kind == ProblemKind::RoleOrder || problem.kind == ProblemKind::DropsTurn;
                if (here && ofTurn)
                    refused = fromUtf8(problem.sentence);
            }
        }
        one->setRefused(refused);
    }
}

void EditorCards::setSystemShare(std::int64_t rows)
{
    for (int i = 0; i < m_shown; ++i) {
        RoleCard *const one = m_cards[static_cast<std::size_t>(i)];
        one->setShare(one->role() == "system" ? rows : 1);
    }
}

void EditorCards::setReadOnly(bool readOnly)
{
    m_readOnly = readOnly;
    m_notes->setReadOnly(readOnly);
    m_add->setVisible(!readOnly);
    for (RoleCard *const one : m_cards)
        one->setReadOnly(readOnly);
}

void EditorCards::setTypeScale(double scale)
{
    m_scale = scale;
    for (RoleCard *const one : m_cards)
        one->setTypeScale(scale);
}

RoleCard *EditorCards::card(int turn) const
{
    return turn >= 0 && turn < m_shown ? m_cards[static_cast<std::size_t>(turn)] : nullptr;
}

int EditorCards::currentTurn() const
{
    return m_current;
}

void EditorCards::startTyping(int turn, int position)
{
    if (RoleCard *const one = card(turn))
        one->startTyping(position);
}

void EditorCards::openNotes()
{
    m_noteCard->show();
    verticalScrollBar()->setValue(0);
    m_notes->setFocus(Qt::ShortcutFocusReason);
    m_notes->moveCursor(QTextCursor::End);
}

void EditorCards::tellCaret()
{
    const RoleCard *const one = currentCard();
    if (one && one->edit()->hasFocus())
        Q_EMIT caretMoved(m_current, static_cast<std::int64_t>(one->textBefore(one->caret()).size()));
}

/// The caret stays in sight while a card grows under it.
void EditorCards::followCaret(RoleCard *card)
{
    if (!card->edit()->hasFocus())
        return;
    tellCaret();
    QMetaObject::invokeMethod(
        this,
        [this, card] {
            const QRect caret = card->edit()->cursorRect();
            const QPoint at = card->edit()->viewport()->mapTo(m_content, caret.center());
            ensureVisible(at.x(), at.y(), 0, caret.height() * 2);
        },
        Qt::QueuedConnection);
}

// --- size ---

int EditorCards::contentHeight() const
{
    const int wide = std::max(1, viewport()->width());
    return m_layout->hasHeightForWidth() ? m_layout->totalHeightForWidth(wide) : m_layout->totalSizeHint().height();
}

QSize EditorCards::sizeHint() const
{
    return {scaled(480), contentHeight()};
}

QSize EditorCards::minimumSizeHint() const
{
    return {0, std::min(contentHeight(), scaled(120))};
}

bool EditorCards::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_content && event->type() == QEvent::LayoutRequest)
        updateGeometry();
    if (watched == m_notes && event->type() == QEvent::ShortcutOverride) {
        auto *key = static_cast<QKeyEvent *>(event);
        if (key->matches(QKeySequence::Undo) || key->matches(QKeySequence::Redo)) {
            Q_EMIT stepComing();
            event->ignore();
            return true;
        }
    }
    return QScrollArea::eventFilter(watched, event);
}

void EditorCards::resizeEvent(QResizeEvent *event)
{
    QScrollArea::resizeEvent(event);
    if (event->oldSize().width() != event->size().width())
        updateGeometry();
}

} // namespace attune::ui
