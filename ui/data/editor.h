#pragma once

#include "core/store/labelling.h"
#include "ui/session/session.h"
#include "ui/session/workspace.h"

#include <QTimer>

#include <map>
#include <vector>

class QBoxLayout;

namespace attune::ui {

class EditorActionBar;
class EditorCards;
class EditorDraft;
class EditorHeader;
class EditorKeys;
class EditorTokens;
class EmptyState;
class InlineNotice;
class PreviewWorker;
class SnippetPanel;
class SnippetStore;
class VersionPanel;
struct ShownPreview;

/// One row of the project, to read, fix and judge: header, role cards, what the model will see, and the bar of keys.
///
/// What is typed is kept by itself, within a second; every other act is one step that Session::undo() takes back. The
/// row is read anew whenever the project changes, so undo and other programs show at once.
class ExampleEditor final : public QWidget {
    Q_OBJECT
public:
    explicit ExampleEditor(Session &session, QWidget *parent = nullptr);
    ~ExampleEditor() override;

    /// 0: no row. What was typed into the row before is kept first.
    void showExample(std::int64_t id);
    std::int64_t shownExample() const { return m_id; }
    /// Keys that label then act on all of these as one step; with none or one of them on the shown row alone.
    void setSelection(std::vector<std::int64_t> ids);
    /// Keeps what is typed and not kept yet; the window is about to close.
    void keepTyped();
    bool loaded() const; ///< the shown row and its tokens are there (or why not)
    bool typing() const { return m_typing; }
    bool focusMode() const { return m_focusMode; }
    void setFocusMode(bool on);
    /// The keyboard goes into the last answer, at its end, as `e` does.
    void startTyping();
    /// It goes into the first turn that has no text yet, where a new row is begun.
    void startFirstTurn();

    QList<WorkspaceAction> actions();
    QList<QWidget *> regions(); ///< cards, tokens, action bar

Q_SIGNALS:
    void nextRequested();
    void previousRequested();
    void focusModeRequested(bool on);
    void typingChanged(bool typing);
    /// That row should be selected and shown: a duplicate just made, the other row of a pair, what undo changed.
    void exampleRequested(std::int64_t id);

protected:
    QSize minimumSizeHint() const override;
    void resizeEvent(QResizeEvent *event) override;

private:
    struct Row {
        StoredExample example;
        std::vector<StoredProblem> problems;
        int versions = 0;
    };
    using EditOf = std::function<std::optional<ExampleEdit>(const StoredExample &)>; ///< none: stays as it is

    void build();
    QWidget *buildBody();
    void buildMenu();
    void connectParts();
    void connectKeys();

    // --- showing ---
    void reload();
    void showRow(Row row);
    void showNothing(const QString &why);
    void showHeader();
    void askPreview();
    void takePreview(const std::shared_ptr<const ShownPreview> &shown);
    void askShared();
    void showShared();
    void focusMoved(QWidget *now);
    void setTyping(bool typing);
    void done();
    void openSide(QWidget *panel);
    void closeSide();
    void showClash(const std::vector<Message> &theirs);
    void showFailure(const Error &error);
    QString whyNoTokens() const;

    // --- acting (editor_acts.cpp) ---
    void label(LabelState state, bool next);
    void toggleFlag();
    void rate(int rating);
    void choosePart();
    void setPart(Part part);
    void addTag(const QString &tag);
    void removeTag(const QString &tag);
    void completeTags();
    /// One step over the rows that keys act on; the edits are made from the rows as the file has them then.
    void apply(const QString &what, EditOf edit);
    void duplicate();
    void systemLeft();
    void changeSystemOfAll();
    void splitTurn();
    void joinTurn();
    void moveTurn(int by);
    void addTurn(const std::string &role);
    void removeTurn();
    void setRole(const std::string &role);
    void trimQuotes();
    void showTurnMenu(int turn, const QPoint &global);
    void goToTurn(int turn, std::int64_t byte);
    void writeAnswer();
    void undo(bool back);
    void explain(ProblemKind kind);
    void moveToSplitOf(std::int64_t other);
    void restoreVersion(std::int64_t version);
    void chooseSnippet();
    void raiseMaxLength(std::int64_t tokens);
    void sayDone(const EditStep &step);
    std::vector<std::int64_t> targets() const;
    QString inWords(const std::vector<std::int64_t> &ids) const; ///< "Row 217", "12 rows"
    bool mayChange() const;

    Session &m_session;
    EditorDraft *m_draft;
    EditorKeys *m_keys;
    PreviewWorker *m_preview;
    SnippetStore *m_snippets;
    EditorHeader *m_header;
    InlineNotice *m_clash;
    InlineNotice *m_failure;
    InlineNotice *m_explanation;
    EditorCards *m_cards;
    EditorTokens *m_tokens;
    EditorActionBar *m_bar;
    VersionPanel *m_versions;
    SnippetPanel *m_snippetPanel;
    EmptyState *m_empty;
    QWidget *m_body = nullptr;
    QBoxLayout *m_column = nullptr; ///< cards above tokens

    std::optional<Row> m_row; ///< as the file has it; none while it loads
    std::int64_t m_id = 0;
    std::vector<std::int64_t> m_selection;
    std::map<std::string, std::int64_t> m_shared; ///< system turns, and how many rows have each
    QTimer m_sharedSoon;
    std::string m_systemBefore; ///< of the system turn that is being edited
    std::int64_t m_systemRows = 1;
    bool m_inSystem = false;
    bool m_sharedKnown = false;
    bool m_typing = false;
    bool m_focusMode = false;
};

} // namespace attune::ui
