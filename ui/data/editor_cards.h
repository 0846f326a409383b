#pragma once

#include "core/studio/preview.h"
#include "ui/data/editor_card.h"
#include "ui/data/editor_draft.h"

#include <QPointer>
#include <QScrollArea>

class QVBoxLayout;

namespace attune::ui {

class KeyButton;

/// The cards of the shown row below each other, its note above them, and what adds a turn. As high as its content, as
/// long as there is room.
class EditorCards final : public QScrollArea {
    Q_OBJECT
public:
    explicit EditorCards(EditorDraft &draft, QWidget *parent = nullptr);

    /// The turns of the draft. `fresh`: of another row.
    void showTurns(bool fresh);
    void showNotes();
    /// Tokens by turn, and what the template says of turns; null: not known.
    void showPreview(const ExamplePreview *preview);
    void setSystemShare(std::int64_t rows);
    void setReadOnly(bool readOnly);
    void setTypeScale(double scale);

    int count() const { return m_shown; }
    RoleCard *card(int turn) const; ///< null: no such turn
    int currentTurn() const;        ///< where the keyboard is, or was last; -1: nowhere yet
    RoleCard *currentCard() const { return card(currentTurn()); }
    void setCurrentTurn(int turn) { m_current = turn; }
    void startTyping(int turn, int position = -1);
    void tellCaret(); ///< by caretMoved(), where the keyboard is in a card
    void openNotes();
    AutoTextEdit *notes() const { return m_notes; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void entered(int turn);
    void left(int turn);
    void escaped();
    void stepComing();
    void undoAsked();
    void redoAsked();
    void shareChosen(bool all);
    void caretMoved(int turn, std::int64_t byte);
    void menuAsked(int turn, const QPoint &global);
    void addAsked(const std::string &role);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    RoleCard *makeCard();
    int contentHeight() const;
    void followCaret(RoleCard *card);

    EditorDraft &m_draft;
    QWidget *m_content;
    QVBoxLayout *m_layout;
    QFrame *m_noteCard = nullptr;
    AutoTextEdit *m_notes = nullptr;
    KeyButton *m_add = nullptr;
    std::vector<RoleCard *> m_cards; ///< kept for the next row
    int m_shown = 0;
    int m_current = -1;
    double m_scale = 1;
    bool m_readOnly = false;
    bool m_settingNotes = false;
};

} // namespace attune::ui
