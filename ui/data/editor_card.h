#pragma once

#include "core/text/chat.h"
#include "ui/data/editor_widgets.h"

#include <QFrame>

#include <optional>

class QHBoxLayout;
class QLabel;
class QSyntaxHighlighter;

namespace attune::ui {

class AutoTextEdit;
class Badge;
class IconButton;
class InlineNotice;
class JsonHighlighter;
class KeyButton;
class OneLine;

/// One turn of a conversation: role, text to edit in place, tokens, and what is wrong with it.
///
/// Long texts are folded until they are worked on; a system turn that other rows share is one line. The field keeps
/// no undo of its own: Ctrl+Z goes to the project's list, so that one order of steps holds for everything.
class RoleCard final : public QFrame {
    Q_OBJECT
public:
    explicit RoleCard(QWidget *parent = nullptr);

    /// `fresh`: of another row, so folded again; else the caret stays where it is as far as the text allows.
    void setTurn(int index, int count, const Message &turn, bool fresh);
    int index() const { return m_index; }
    const std::string &role() const { return m_role; }
    AutoTextEdit *edit() const { return m_edit; }
    int caret() const;
    std::string textBefore(int position) const; ///< UTF-8, line ends as in the file
    std::string textAfter(int position) const;
    bool editable() const;
    void setReadOnly(bool readOnly);
    void setTokens(std::optional<std::int64_t> tokens);
    void setShare(std::int64_t rows); ///< of a system turn: rows with the same text, this one included
    bool changesAll() const;          ///< the person chose that all rows sharing the text change; until it is left
    void setRefused(const QString &why); ///< the template's words about this turn; empty: fine
    void setTypeScale(double scale);
    /// Opens what is folded and takes the keyboard; position -1: the end.
    void startTyping(int position = -1);
    void selectFirst(const QString &text);
    void selectAt(int line, int column); ///< both from 1
    void insertText(const QString &text);

Q_SIGNALS:
    void typed(int index, const std::string &content);
    void entered(int index);
    void left(int index);
    void escaped();
    void stepComing(); ///< Ctrl+Z or its like was pressed: what is typed must be kept first
    void undoAsked();  ///< and nobody else has taken the key
    void redoAsked();
    void shareChosen(bool all);
    void menuAsked(int index, const QPoint &global);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void paintEvent(QPaintEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void enterEvent(QEnterEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void build();
    void showText();
    void replaceText(const QString &text);
    std::string content() const;
    std::string contentOf(QString raw) const;
    void unfold();
    void refold();
    void refresh();
    void refreshBadges();
    void refreshType();
    void setFace(bool mono);
    int visualLines() const;
    bool wantsFold() const;

    QHBoxLayout *m_head = nullptr;
    QLabel *m_roleLabel = nullptr;
    OneLine *m_line = nullptr;
    Badge *m_json = nullptr;
    Badge *m_encoding = nullptr;
    Badge *m_size = nullptr;
    IconButton *m_menu = nullptr;
    QLabel *m_count = nullptr;
    ShareChoice *m_share = nullptr;
    AutoTextEdit *m_edit = nullptr;
    KeyButton *m_more = nullptr;
    InlineNotice *m_refused = nullptr;
    JsonHighlighter *m_jsonColours = nullptr;
    QSyntaxHighlighter *m_quoteColours = nullptr;

    QString m_text; ///< whole, as in the file
    std::string m_role;
    int m_index = 0;
    int m_turns = 1;
    int m_jsonLine = 0;
    int m_jsonColumn = 0;
    std::int64_t m_rows = 1; ///< that share it
    std::optional<std::int64_t> m_tokens;
    double m_scale = 1;
    bool m_folded = false;
    bool m_partial = false;  ///< the field holds only the head of the text
    bool m_tooLong = false;
    bool m_readOnly = false;
    bool m_setting = false;
    bool m_windowsLines = false;
    bool m_inside = false;   ///< the keyboard is in it
};

/// Words of a role for a person: "User".
QString roleWord(const std::string &role);

} // namespace attune::ui
