#include "ui/data/editor_action_bar.h"

#include "ui/data/editor_widgets.h"
#include "ui/theme/theme.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>

namespace attune::ui {

EditorActionBar::EditorActionBar(const EditorKeys &keys, QWidget *parent) : QStackedWidget(parent), m_keys(keys)
{
    setObjectName(QStringLiteral("actionBar"));
    setAccessibleName(tr("Keys"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setBackground(this, Token::Surface);

    auto *judging = new QWidget;
    auto *row = new QHBoxLayout(judging);
    row->setContentsMargins(16, 1, 8, 0);
    row->setSpacing(4);
    m_approve = button(judging, EditorKeys::Approve, tr("Approve"), KeyButton::Ok, "check", QStringLiteral("a"));
    m_reject = button(judging, EditorKeys::Reject, tr("Reject"), KeyButton::Bad, "x", QStringLiteral("x"));
    m_flag = button(judging, EditorKeys::Flag, tr("Flag"), KeyButton::Warn, "flag", QStringLiteral("f"));
    m_stars = new StarsButton;
    connect(m_stars, &StarsButton::rated, this, &EditorActionBar::rated);
    row->addWidget(m_stars);
    row->addStretch();
    m_edit = button(judging, EditorKeys::Edit, tr("Edit"), KeyButton::Flat, nullptr, QStringLiteral("e"));
    m_undo = button(judging, EditorKeys::Undo, tr("Undo"), KeyButton::Flat, nullptr, QStringLiteral("u"));
    m_previous = button(judging, EditorKeys::Previous, {}, KeyButton::Flat, "chevron-up", QStringLiteral("k"));
    m_next = button(judging, EditorKeys::Next, {}, KeyButton::Flat, "chevron-down", QStringLiteral("j"));
    addWidget(judging);

    auto *typing = new QWidget;
    auto *other = new QHBoxLayout(typing);
    other->setContentsMargins(16, 1, 12, 0);
    other->setSpacing(4);
    button(typing, EditorKeys::ApproveNext, tr("Approve, next"), KeyButton::Ok, "check", QStringLiteral("Ctrl ↵"));
    button(typing, EditorKeys::Done, tr("Done"), KeyButton::Plain, nullptr, QStringLiteral("Esc"));
    button(typing, EditorKeys::Snippet, tr("Snippet"), KeyButton::Flat, nullptr, QStringLiteral("Ctrl J"));
    other->addStretch();
    m_waiting = new OneLine;
    m_waiting->setAlignment(Qt::AlignRight);
    m_waiting->setProperty("small", true);
    setForeground(m_waiting, Token::Text3);
    other->addWidget(m_waiting, 1);
    addWidget(typing);

    showLabels(LabelState::ToLabel, 0);
}

KeyButton *EditorActionBar::button(QWidget *page, EditorKeys::Key key, const QString &text, int kind,
                                   const char *icon, const QString &cap)
{
    QAction *const action = m_keys[key];
    auto *made = new KeyButton(text, static_cast<KeyButton::Kind>(kind), icon, cap);
    made->setObjectName(action->objectName() + QStringLiteral(".button"));
    made->setAccessibleName(text.isEmpty() ? action->text() : text);
    made->setAccessibleDescription(tr("Key %1").arg(cap));
    made->setToolTip(action->text());
    made->setDense(true);
    followTheme(made, [made] { made->setMinimumHeight(scaled(32)); });
    // A click on a button must not take the keyboard out of the text before its action has run.
    made->setFocusPolicy(Qt::TabFocus);
    connect(made, &QPushButton::clicked, action, &QAction::trigger);
    page->layout()->addWidget(made);
    return made;
}

void EditorActionBar::setTyping(bool typing)
{
    setCurrentIndex(typing ? 1 : 0);
}

void EditorActionBar::showLabels(LabelState state, int rating, std::int64_t rows)
{
    // The words stay what they are, as a bar that changes its width with each row is no bar to hit; what the row is
    // stands in the header, and here for those who hear it.
    const auto say = [&](KeyButton *one, QString &word, LabelState own, const QString &act, const QString &is) {
        word = rows > 1 ? tr("%1 %2").arg(act, formatCount(rows)) : act;
        one->setAccessibleName(rows == 1 && state == own ? is : word);
    };
    say(m_approve, m_approveWord, LabelState::Approved, tr("Approve"), tr("Approved"));
    say(m_reject, m_rejectWord, LabelState::Rejected, tr("Reject"), tr("Rejected"));
    say(m_flag, m_flagWord, LabelState::Flagged, tr("Flag"), tr("Flagged"));
    m_stars->setRating(rating);
    fit();
}

void EditorActionBar::setLabelsEnabled(bool enabled, const QString &why)
{
    for (QAbstractButton *one :
         std::initializer_list<QAbstractButton *>{m_approve, m_reject, m_flag, m_stars, m_edit, m_undo}) {
        one->setEnabled(enabled);
        if (!enabled)
            one->setToolTip(why);
    }
}

/// Words give way to icons where the room ends; the key caps stay. Last the two that only move on, which the menu and
/// the keys have too.
void EditorActionBar::fit()
{
    const auto set = [](KeyButton *one, const QString &text, const char *iconWithoutText) {
        one->setText(text);
        one->setIconName(text.isEmpty() ? iconWithoutText : nullptr);
    };
    for (int step = 0; step < 5; ++step) {
        set(m_edit, step < 1 ? tr("Edit") : QString(), "edit");
        set(m_undo, step < 1 ? tr("Undo") : QString(), "undo");
        m_stars->setCompact(step >= 2);
        m_approve->setText(step < 3 ? m_approveWord : QString());
        m_reject->setText(step < 3 ? m_rejectWord : QString());
        m_flag->setText(step < 3 ? m_flagWord : QString());
        m_previous->setVisible(step < 4);
        m_next->setVisible(step < 4);
        widget(0)->layout()->invalidate();
        if (widget(0)->layout()->minimumSize().width() <= width())
            break;
    }
    // Whole or shorter, but never the beginning of a sentence.
    const int others = widget(1)->layout()->minimumSize().width() - m_waiting->minimumSizeHint().width();
    for (const QString &words :
         {tr("typing: the keys a x f 1–5 wait until Esc"), tr("letters wait until Esc"), QString()}) {
        m_waiting->setText(words);
        if (others + m_waiting->fontMetrics().horizontalAdvance(words) + 4 <= width())
            break;
    }
}

QSize EditorActionBar::sizeHint() const
{
    return {scaled(480), scaled(52)};
}

QSize EditorActionBar::minimumSizeHint() const
{
    return {0, scaled(52)};
}

void EditorActionBar::resizeEvent(QResizeEvent *event)
{
    QStackedWidget::resizeEvent(event);
    fit();
}

void EditorActionBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawLine(&painter, QPoint(0, 0), QPoint(width(), 0));
}

} // namespace attune::ui
