#include "ui/data/editor.h"

#include "ui/data/editor_action_bar.h"
#include "ui/data/editor_cards.h"
#include "ui/data/editor_draft.h"
#include "ui/data/editor_keys.h"
#include "ui/data/editor_snippets.h"
#include "ui/data/editor_tokens.h"
#include "ui/data/editor_versions.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"

#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QTextEdit>

#include <algorithm>

// Of ExampleEditor: typing or keys, what stands beside the cards, and what is said above them.

namespace attune::ui {

namespace {

constexpr double FocusScale = 1.25;
constexpr int SideWidth = 280;

bool isTextField(const QWidget *widget)
{
    if (const auto *field = qobject_cast<const QPlainTextEdit *>(widget))
        return !field->isReadOnly();
    if (const auto *field = qobject_cast<const QTextEdit *>(widget))
        return !field->isReadOnly();
    return qobject_cast<const QLineEdit *>(widget) != nullptr;
}

} // namespace

// --- shared system turns ---

void ExampleEditor::askShared()
{
    using Counts = std::vector<CountOf>;
    m_session.ask<Counts>(
        this, QStringLiteral("system turns"), [](Project &project) { return Labelling(project).systemTurns(); },
        [this](Result<Counts> counts) {
            m_sharedKnown = true;
            if (!counts)
                return; // the card is then as one that no other row shares
            m_shared.clear();
            for (CountOf &one : *counts)
                m_shared.emplace(std::move(one.value), one.rows);
            showShared();
        });
}

void ExampleEditor::showShared()
{
    if (m_inSystem)
        return; // the text is being changed: what it was shared with is asked about in the card
    std::int64_t rows = 1;
    for (const Message &turn : m_draft->turns()) {
        if (turn.role != "system")
            continue;
        const auto found = m_shared.find(turn.content);
        rows = found == m_shared.end() ? 1 : found->second;
        break;
    }
    m_cards->setSystemShare(rows);
}

// --- the keyboard ---

void ExampleEditor::focusMoved(QWidget *now)
{
    if (now) // none: another window is in front, and typing goes on when this one is again
        setTyping(isAncestorOf(now) && isTextField(now));
}

void ExampleEditor::setTyping(bool typing)
{
    if (m_typing == typing)
        return;
    m_typing = typing;
    m_bar->setTyping(typing);
    Q_EMIT typingChanged(typing);
}

/// Out one level: out of the text, then out of the side panel, then out of the focus mode.
void ExampleEditor::done()
{
    m_draft->keep();
    if (m_typing)
        setFocus(Qt::OtherFocusReason);
    else if (!m_versions->isHidden() || !m_snippetPanel->isHidden())
        closeSide();
    else if (m_focusMode)
        setFocusMode(false);
}

void ExampleEditor::startTyping()
{
    if (!m_row)
        return;
    writeAnswer();
}

void ExampleEditor::startFirstTurn()
{
    if (!m_row)
        return;
    const Turns &turns = m_draft->turns();
    const auto empty =
        std::find_if(turns.begin(), turns.end(), [](const auto &turn) { return turn.content.empty(); });
    if (empty == turns.end())
        writeAnswer();
    else
        m_cards->startTyping(static_cast<int>(empty - turns.begin()));
}

void ExampleEditor::setFocusMode(bool on)
{
    (*m_keys)[EditorKeys::FocusMode]->setChecked(on);
    if (m_focusMode == on)
        return;
    m_focusMode = on;
    m_cards->setTypeScale(on ? FocusScale : 1);
    if (on) // else what had the keyboard hands it to the first button here as it is hidden
        setFocus(Qt::OtherFocusReason);
    Q_EMIT focusModeRequested(on);
}

// --- bars and side panels ---

void ExampleEditor::openSide(QWidget *panel)
{
    if (!m_row)
        return;
    m_versions->setVisible(panel == m_versions);
    m_snippetPanel->setVisible(panel == m_snippetPanel);
    if (panel == m_versions) {
        m_versions->showRow(m_id);
        m_versions->list()->setFocus(Qt::OtherFocusReason);
    }
    resizeEvent(nullptr);
    if (panel == m_snippetPanel)
        m_snippetPanel->begin();
}

void ExampleEditor::closeSide()
{
    m_snippetPanel->keep();
    m_versions->hide();
    m_snippetPanel->hide();
    resizeEvent(nullptr);
    setFocus(Qt::OtherFocusReason);
}

/// A panel beside the cards asks for more, but steps into their place as soon as there is less.
QSize ExampleEditor::minimumSizeHint() const
{
    const QSize all = QWidget::minimumSizeHint();
    return {std::min(all.width(), scaled(480)), all.height()};
}

/// Where both don't fit side by side, the panel takes the place of the cards.
void ExampleEditor::resizeEvent(QResizeEvent *event)
{
    if (event)
        QWidget::resizeEvent(event);
    const bool open = !m_versions->isHidden() || !m_snippetPanel->isHidden();
    const bool narrow = open && width() < scaled(SideWidth + 320);
    m_cards->setVisible(!narrow);
    m_tokens->setVisible(!narrow);
    for (QWidget *side : std::initializer_list<QWidget *>{m_versions, m_snippetPanel}) {
        side->setMinimumWidth(scaled(narrow ? 240 : SideWidth));
        side->setMaximumWidth(narrow ? QWIDGETSIZE_MAX : scaled(SideWidth));
    }
}

void ExampleEditor::showClash(const std::vector<Message> &theirs)
{
    const auto hide = [this] { m_clash->hide(); };
    m_clash->show(Tone::Warn, tr("This row was changed elsewhere while you typed."),
                  {{tr("Mine"),
                    [this, hide] {
                        m_draft->keep();
                        hide();
                    }},
                   {tr("Theirs"),
                    [this, hide, theirs] {
                        m_draft->takeTheirs(theirs);
                        hide();
                    }},
                   {tr("Diff"), [this, theirs] {
                        openSide(m_versions);
                        m_versions->compare(theirs, m_draft->turns());
                    }}});
}

void ExampleEditor::showFailure(const Error &error)
{
    qWarning("%s %s", error.message.c_str(), error.detail.c_str());
    m_failure->show(Tone::Bad, fromUtf8(error.message), {{tr("Try again"), [this] {
                                                              m_failure->hide();
                                                              m_draft->tryAgain();
                                                              reload();
                                                          }}});
}

} // namespace attune::ui
