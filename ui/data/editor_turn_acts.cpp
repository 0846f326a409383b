#include "ui/data/editor.h"

#include "ui/data/data_words.h"
#include "ui/data/editor_card.h"
#include "ui/data/editor_cards.h"
#include "ui/data/editor_draft.h"
#include "ui/data/editor_keys.h"
#include "ui/data/editor_turns.h"
#include "ui/widgets/format.h"

#include <QMenu>

#include <algorithm>

namespace attune::ui {

// What the keys and buttons of the editor do to turns.

// --- turns ---

void ExampleEditor::splitTurn()
{
    RoleCard *const card = m_cards->currentCard();
    if (!mayChange() || !card || !card->editable())
        return;
    const auto turn = static_cast<std::size_t>(card->index());
    const int at = card->caret();
    m_draft->restructure("Turn split in row " + std::to_string(m_id),
                         ui::splitTurn(m_draft->turns(), turn, card->textBefore(at), card->textAfter(at)));
    m_cards->startTyping(static_cast<int>(turn) + 1, 0);
}

void ExampleEditor::joinTurn()
{
    const RoleCard *const card = m_cards->currentCard();
    if (!mayChange() || !card || card->index() + 1 >= m_cards->count())
        return;
    const int turn = card->index();
    const int end = static_cast<int>(fromUtf8(m_draft->turns()[static_cast<std::size_t>(turn)].content).size());
    m_draft->restructure("Turns merged in row " + std::to_string(m_id),
                         joinedWithNext(m_draft->turns(), static_cast<std::size_t>(turn)));
    m_cards->startTyping(turn, end);
}

void ExampleEditor::moveTurn(int by)
{
    const RoleCard *const card = m_cards->currentCard();
    const int to = card ? card->index() + by : -1;
    if (!mayChange() || to < 0 || to >= m_cards->count())
        return;
    const int caret = card->caret();
    m_draft->restructure(
        "Turn moved in row " + std::to_string(m_id),
        moved(m_draft->turns(), static_cast<std::size_t>(card->index()), static_cast<std::size_t>(to)));
    m_cards->startTyping(to, caret);
}

void ExampleEditor::addTurn(const std::string &role)
{
    if (!mayChange())
        return;
    Turns turns = m_draft->turns();
    std::size_t at = turns.size();
    if (role == "system")
        at = 0;
    else if (m_typing && m_cards->currentTurn() >= 0)
        at = static_cast<std::size_t>(m_cards->currentTurn()) + 1;
    turns.insert(turns.begin() + static_cast<std::ptrdiff_t>(at), Message{role, {}});
    m_draft->restructure("Turn added to row " + std::to_string(m_id), std::move(turns));
    m_cards->startTyping(static_cast<int>(at), 0);
}

void ExampleEditor::removeTurn()
{
    const int turn = m_cards->currentTurn();
    if (!mayChange() || turn < 0 || turn >= m_cards->count())
        return;
    Turns turns = m_draft->turns();
    turns.erase(turns.begin() + turn);
    const bool typing = m_typing;
    m_draft->restructure("Turn deleted in row " + std::to_string(m_id), std::move(turns));
    sayDone({0, "Turn deleted in row " + std::to_string(m_id), {m_id}});
    if (typing && m_cards->count() > 0)
        m_cards->startTyping(std::min(turn, m_cards->count() - 1));
}

void ExampleEditor::setRole(const std::string &role)
{
    const int turn = m_cards->currentTurn();
    if (!mayChange() || turn < 0 || turn >= m_cards->count())
        return;
    Turns turns = m_draft->turns();
    turns[static_cast<std::size_t>(turn)].role = role;
    m_draft->restructure("Role changed in row " + std::to_string(m_id), std::move(turns));
}

void ExampleEditor::trimQuotes()
{
    if (!mayChange())
        return;
    Turns turns = withoutQuotes(m_draft->turns());
    if (turns == m_draft->turns()) {
        m_session.toast({tr("Row %1 has no quoted mail to trim").arg(m_id), Tone::Neutral});
        return;
    }
    m_draft->restructure("Quoted mail trimmed in row " + std::to_string(m_id), std::move(turns));
    sayDone({0, "Quoted mail trimmed in row " + std::to_string(m_id), {m_id}});
}

void ExampleEditor::showTurnMenu(int turn, const QPoint &global)
{
    m_cards->setCurrentTurn(turn);
    const RoleCard *const card = m_cards->card(turn);
    if (!mayChange() || !card)
        return;
    auto *menu = new QMenu(this);
    menu->setObjectName(QStringLiteral("turnMenu"));
    menu->setAttribute(Qt::WA_DeleteOnClose);
    QMenu *const roles = menu->addMenu(tr("Role"));
    for (const char *role : {"system", "user", "assistant", "tool"}) {
        QAction *const action = roles->addAction(roleWord(role));
        action->setCheckable(true);
        action->setChecked(card->role() == role);
        connect(action, &QAction::triggered, this, [this, role] { setRole(role); });
    }
    menu->addSeparator();
    for (const EditorKeys::Key key : {EditorKeys::TurnUp, EditorKeys::TurnDown, EditorKeys::SplitTurn,
                                      EditorKeys::JoinTurn, EditorKeys::RemoveTurn})
        menu->addAction((*m_keys)[key]);
    menu->popup(global);
}

void ExampleEditor::goToTurn(int turn, std::int64_t byte)
{
    if (turn < 0 || turn >= m_cards->count())
        return;
    const std::string &content = m_draft->turns()[static_cast<std::size_t>(turn)].content;
    const auto head = std::min(content.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, byte)));
    QString before = fromUtf8(std::string_view(content).substr(0, head));
    before.remove(QLatin1Char('\r')); // the field has none
    m_cards->startTyping(turn, static_cast<int>(before.size()));
}

void ExampleEditor::writeAnswer()
{
    const int answer = lastAnswerTurn(m_draft->turns());
    if (answer >= 0)
        m_cards->startTyping(answer);
    else
        addTurn("assistant");
}

// --- the system turn that rows share ---

void ExampleEditor::systemLeft()
{
    if (!m_inSystem)
        return;
    const RoleCard *const card = m_cards->card(0);
    if (card && card->role() == "system" && card->changesAll())
        changeSystemOfAll();
    m_inSystem = false;
    askShared();
}

/// The other rows with the text that this row had when its system turn was entered take the text that it has now.
void ExampleEditor::changeSystemOfAll()
{
    const Turns &turns = m_draft->turns();
    const auto now = std::ranges::find(turns, std::string("system"), &Message::role);
    if (!mayChange() || now == turns.end() || now->content == m_systemBefore)
        return;
    m_draft->keep();
    m_session.change<EditStep>(
        this,
        [before = m_systemBefore, after = now->content](Project &project) -> Result<EditStep> {
            std::vector<ExampleEdit> edits;
            ATTUNE_CHECK(project.forEachExample({}, [&](const StoredExample &row) -> Result<void> {
                std::vector<Message> messages = row.messages;
                bool changed = false;
                for (Message &message : messages) {
                    if (message.role == "system" && message.content == before) {
                        message.content = after;
                        changed = true;
                    }
                }
                if (changed)
                    edits.push_back({.id = row.id, .messages = std::move(messages)});
                return {};
            }));
            if (edits.empty())
                return EditStep();
            return Labelling(project).apply("System turn of " + std::to_string(edits.size()) + " other rows changed",
                                            edits);
        },
        [this](Result<EditStep> step) {
            if (step)
                sayDone(*step);
            else
                m_session.report(step.error());
        });
    m_systemBefore = now->content;
}

} // namespace attune::ui
