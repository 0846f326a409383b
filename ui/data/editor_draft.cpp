#include "ui/data/editor_draft.h"

#include <algorithm>

namespace attune::ui {

namespace {

constexpr int PauseMs = 300;
constexpr int LongestMs = 700;
/// Who typed this short a while ago is at work on the text: it must not change under the caret.
constexpr qint64 AtWorkMs = 5000;
constexpr std::size_t Remembered = 64;

std::string rowName(std::int64_t id)
{
    return "Row " + std::to_string(id);
}

} // namespace

EditorDraft::EditorDraft(Session &session, QObject *parent) : QObject(parent), m_session(session)
{
    for (QTimer *timer : {&m_pause, &m_longest}) {
        timer->setSingleShot(true);
        connect(timer, &QTimer::timeout, this, &EditorDraft::writeTyped);
    }
    m_pause.setInterval(PauseMs);
    m_longest.setInterval(LongestMs);
}

EditorDraft::~EditorDraft()
{
    tryAgain();
}

void EditorDraft::show(std::int64_t id, Turns turns, std::string notes)
{
    keep();
    ++m_visit;
    m_id = id;
    m_turns = std::move(turns);
    m_base = m_turns;
    m_notes = std::move(notes);
    m_baseNotes = m_notes;
    m_past.clear();
    remember(m_base);
    m_lastTyped.invalidate();
    m_expected = false;
    m_pending = 0; // answers to writes of the row before are not waited for
    takeBack(id);
}

/// What could not be written of this row before is typed here again, on top of what the file has.
void EditorDraft::takeBack(std::int64_t id)
{
    for (const Write &write : m_unwritten)
        if (write.id == id)
            m_turns = mergedTurns(write.base, write.mine, m_turns).turns;
    std::erase_if(m_unwritten, [id](const Write &write) { return write.id == id; });
    if (const auto notes = m_unwrittenNotes.extract(id))
        m_notes = notes.mapped();
    if (m_turns != m_base || m_notes != m_baseNotes)
        scheduleKeeping();
}

void EditorDraft::type(std::size_t turn, std::string content)
{
    if (turn >= m_turns.size() || m_turns[turn].content == content)
        return;
    if (m_typedTurn != static_cast<int>(turn) && m_turns != m_base)
        keep();
    m_typedTurn = static_cast<int>(turn);
    m_turns[turn].content = std::move(content);
    m_expected = false;
    m_lastTyped.start();
    scheduleKeeping();
    Q_EMIT typedOn();
}

void EditorDraft::typeNotes(std::string notes)
{
    if (m_notes == notes)
        return;
    m_notes = std::move(notes);
    scheduleKeeping();
}

void EditorDraft::scheduleKeeping()
{
    m_pause.start();
    if (!m_longest.isActive())
        m_longest.start();
}

void EditorDraft::restructure(const std::string &what, Turns turns)
{
    keep();
    if (m_id == 0 || turns == m_turns)
        return;
    m_turns = std::move(turns);
    writeTurns(what, {});
    Q_EMIT turnsChanged();
}

void EditorDraft::keep()
{
    writeTyped();
    ++m_stretch;
}

void EditorDraft::writeTyped()
{
    m_pause.stop();
    m_longest.stop();
    if (m_id != 0 && m_turns != m_base)
        writeTurns(rowName(m_id) + " edited", "row-" + std::to_string(m_id) + "-turn-" + std::to_string(m_typedTurn) +
                                                  "-" + std::to_string(m_stretch));
    if (m_id != 0 && m_notes != m_baseNotes)
        writeNotes();
}

void EditorDraft::writeTurns(std::string what, std::string merge)
{
    ++m_pending;
    Turns base = std::exchange(m_base, m_turns);
    remember(m_base);
    send({m_id, m_visit, std::move(base), m_turns, std::move(what), std::move(merge)});
}

void EditorDraft::send(Write write)
{
    ++m_writes;
    m_session.change<Written>(
        this,
        [write](Project &project) -> Result<Written> {
            ATTUNE_TRY(const auto row, project.example(write.id));
            if (!row)
                return fail(ErrorCode::NotFound,
                            rowName(write.id) + " was deleted elsewhere; undo that, then try again.");
            MergedTurns merged = mergedTurns(write.base, write.mine, row->messages);
            if (merged.turns != row->messages) {
                const ExampleEdit edit{.id = write.id, .messages = merged.turns};
                ATTUNE_CHECK(Labelling(project).apply(write.what, std::span(&edit, 1), write.merge));
            }
            return Written{std::move(merged.turns), row->messages, merged.clash};
        },
        [this, write](Result<Written> result) { written(write, std::move(result)); });
}

void EditorDraft::written(Write write, Result<Written> result)
{
    const bool shown = write.visit == m_visit;
    if (shown)
        --m_pending;
    if (!result) {
        if (!shown) {
            write.mayPass = result.error().code == ErrorCode::Io;
            const auto id = write.id;
            // The texts of a later try from the same base hold those of an earlier one.
            std::erase_if(m_unwritten,
                          [&](const Write &other) { return other.id == id && other.base == write.base; });
            m_unwritten.push_back(std::move(write));
            if (id == m_id && m_pending == 0) { // back at its row already
                takeBack(id);
                Q_EMIT turnsChanged();
            }
        } else if (m_pending == 0) {
            m_base = std::move(write.base); // so that keep() writes it again
        }
        Q_EMIT failed(result.error());
        return;
    }
    sendWaiting(false); // the file takes changes again
    if (!shown)
        return;
    if (result->clash)
        Q_EMIT clashed(result->theirs);
    if (m_pending == 0)
        rebase(result->turns);
    if (kept())
        Q_EMIT keptNow();
}

void EditorDraft::tryAgain()
{
    sendWaiting(true);
    keep();
}

void EditorDraft::sendWaiting(bool all)
{
    for (Write &write : std::exchange(m_unwritten, {})) {
        if (all || write.mayPass)
            send(std::move(write));
        else
            m_unwritten.push_back(std::move(write));
    }
    for (const auto &[id, notes] : std::exchange(m_unwrittenNotes, {}))
        sendNotes(id, 0, notes, {}, {});
}

void EditorDraft::writeNotes()
{
    ++m_pending;
    std::string before = std::exchange(m_baseNotes, m_notes);
    sendNotes(m_id, m_visit, m_notes, std::move(before),
              "row-" + std::to_string(m_id) + "-notes-" + std::to_string(m_stretch));
}

/// `visit`: of the row while it is shown; 0: it is not, and nothing here waits for the answer.
void EditorDraft::sendNotes(std::int64_t id, int visit, const std::string &notes, std::string before,
                            std::string merge)
{
    ++m_writes;
    const ExampleEdit edit{.id = id, .notes = notes};
    m_session.change<EditStep>(
        this,
        [edit, merge = std::move(merge)](Project &project) {
            return Labelling(project).apply(rowName(edit.id) + " noted", std::span(&edit, 1), merge);
        },
        [this, edit, visit, before = std::move(before)](Result<EditStep> step) {
            const bool shown = visit == m_visit;
            if (shown)
                --m_pending;
            if (step) {
                sendWaiting(false);
                if (kept())
                    Q_EMIT keptNow();
                return;
            }
            if (!shown && step.error().code == ErrorCode::Io)
                m_unwrittenNotes[edit.id] = *edit.notes;
            else if (shown && m_pending == 0)
                m_baseNotes = before; // so that keep() writes them again
            Q_EMIT failed(step.error());
        });
}

/// The file has `stored`, which holds all that was handed to it: what was typed since goes on top.
void EditorDraft::rebase(const Turns &stored)
{
    MergedTurns merged = mergedTurns(m_base, m_turns, stored);
    m_base = stored;
    remember(m_base);
    if (merged.turns == m_turns)
        return;
    m_turns = std::move(merged.turns);
    Q_EMIT turnsChanged();
}

void EditorDraft::follow(const Turns &stored, const std::string &notes)
{
    if (m_pending > 0)
        return;
    if (notes != m_baseNotes) {
        const bool mine = m_notes != m_baseNotes;
        m_baseNotes = notes;
        if (!mine && m_notes != notes) {
            m_notes = notes;
            Q_EMIT notesChanged();
        }
    }
    if (stored == m_base)
        return;
    const bool atWork = m_lastTyped.isValid() && m_lastTyped.elapsed() < AtWorkMs;
    const bool own = m_expected || wasMine(stored);
    m_expected = false;
    const auto typedTurn = static_cast<std::size_t>(m_typedTurn);
    const bool underTheCaret = typedTurn >= m_turns.size() || typedTurn >= stored.size() ||
                               stored[typedTurn] != m_turns[typedTurn];
    if (atWork && !own && underTheCaret && stored != m_turns) {
        // Mine stays under the caret; it is written when the person says so, types on or leaves the row.
        m_base = stored;
        if (std::ranges::equal(stored, m_turns, {}, &Message::role, &Message::role) && typedTurn < m_turns.size()) {
            Message mine = std::move(m_turns[typedTurn]);
            m_turns = stored;
            m_turns[typedTurn] = std::move(mine);
            Q_EMIT turnsChanged();
        }
        Q_EMIT clashed(stored);
        return;
    }
    if (own)
        m_base = m_turns; // undo takes what is not kept along: keep() went before it
    rebase(stored);
}

void EditorDraft::takeTheirs(const Turns &theirs)
{
    m_pause.stop();
    m_longest.stop();
    m_lastTyped.invalidate();
    m_turns = theirs;
    if (m_turns != m_base)
        writeTurns(rowName(m_id) + " taken as changed elsewhere", {});
    Q_EMIT turnsChanged();
}

void EditorDraft::remember(const Turns &turns)
{
    std::string hash = contentHash(turns);
    if (!m_past.empty() && m_past.back() == hash)
        return;
    m_past.push_back(std::move(hash));
    if (m_past.size() > Remembered)
        m_past.pop_front();
}

bool EditorDraft::wasMine(const Turns &turns) const
{
    return std::ranges::find(m_past, contentHash(turns)) != m_past.end();
}

} // namespace attune::ui
