#pragma once

#include "core/store/labelling.h"
#include "ui/data/editor_turns.h"
#include "ui/session/session.h"

#include <QElapsedTimer>
#include <QTimer>

#include <deque>
#include <map>

namespace attune::ui {

/// The texts of the shown row while a person works on them.
///
/// What is typed goes to the file after a pause of 300 ms, or 700 ms after the first key at the latest, so that a
/// killed program loses less than a second. The steps of one turn have one merge key, which makes typing one step to
/// undo. Before each write the row is read: what others changed in other turns stays, and where both changed one turn
/// mine is written and theirs is handed out by clashed(); it is in the row's history too.
class EditorDraft final : public QObject {
    Q_OBJECT
public:
    explicit EditorDraft(Session &session, QObject *parent = nullptr);
    ~EditorDraft() override; ///< keeps what is typed

    /// Another row, or none (0); what was typed before is kept first.
    void show(std::int64_t id, Turns turns, std::string notes);
    std::int64_t id() const { return m_id; }
    const Turns &turns() const { return m_turns; }
    const std::string &notes() const { return m_notes; }

    void type(std::size_t turn, std::string content);
    void typeNotes(std::string notes);
    /// A change that is a step of its own, written at once: turns moved, split, removed.
    void restructure(const std::string &what, Turns turns);
    /// Writes what is typed now; the next key begins another step.
    void keep();
    bool kept() const { return m_turns == m_base && m_notes == m_baseNotes && m_pending == 0; }

    /// Counts what was handed to the file. An answer that was asked for at an earlier count says nothing about now.
    int writes() const { return m_writes; }
    bool writing() const { return m_pending > 0; }
    /// The row as it is in the file, read while nothing was being written.
    void follow(const Turns &stored, const std::string &notes);
    /// The next change from the file is this window's own: undo, restored.
    void expectChange() { m_expected = true; }
    /// Theirs instead of mine, as a step of its own.
    void takeTheirs(const Turns &theirs);
    /// Writes again what failed() told of, also where its row is shown no more.
    void tryAgain();
    /// Texts of other rows wait for a file that can be written: they are written with the next one that is, and are
    /// there again when their row is shown.
    bool waits() const { return !m_unwritten.empty() || !m_unwrittenNotes.empty(); }

Q_SIGNALS:
    void turnsChanged();  ///< other texts than were typed here
    void notesChanged();
    void typedOn();       ///< by the person, through type()
    void clashed(const std::vector<attune::Message> &theirs);
    void keptNow();       ///< everything typed is in the file
    void failed(const attune::Error &error); ///< what was typed is here still: tryAgain()

private:
    struct Write {
        std::int64_t id = 0;
        int visit = 0;
        Turns base;
        Turns mine;
        std::string what;
        std::string merge;
        bool mayPass = false; ///< what kept it from the file: a full disk does, a deleted row does not
    };
    struct Written {
        Turns turns;
        Turns theirs;
        bool clash = false;
    };
    void scheduleKeeping();
    void writeTyped();
    void writeTurns(std::string what, std::string merge);
    void send(Write write);
    void written(Write write, Result<Written> result);
    void writeNotes();
    void takeBack(std::int64_t id);
    void sendNotes(std::int64_t id, int visit, const std::string &notes, std::string before, std::string merge);
    void sendWaiting(bool all);
    void rebase(const Turns &stored);
    void remember(const Turns &turns);
    bool wasMine(const Turns &turns) const;

    Session &m_session;
    QTimer m_pause;
    QTimer m_longest;
    QElapsedTimer m_lastTyped;
    std::int64_t m_id = 0;
    Turns m_turns; ///< as shown
    Turns m_base;  ///< as last handed to the file, or read from it
    std::string m_notes;
    std::string m_baseNotes;
    std::deque<std::string> m_past; ///< hashes of this row's texts while it is shown: undo goes back to one of these
    std::vector<Write> m_unwritten; ///< of rows that are shown no more, refused by the file
    std::map<std::int64_t, std::string> m_unwrittenNotes; ///< likewise, by row
    int m_visit = 0;                ///< counts show()
    int m_typedTurn = -1;
    int m_stretch = 0; ///< of typing; part of the merge key
    int m_writes = 0;
    int m_pending = 0;
    bool m_expected = false;
};

} // namespace attune::ui
