#pragma once

#include "ui/session/session.h"

#include <QWidget>

class QLineEdit;
class QListWidget;
class QTimer;

namespace attune::ui {

class AutoTextEdit;
class KeyButton;

struct Snippet {
    QString name;
    QString text;
    bool operator==(const Snippet &) const = default;
};

/// The texts that a person types again and again; kept in the project's settings.
class SnippetStore final : public QObject {
    Q_OBJECT
public:
    explicit SnippetStore(Session &session, QObject *parent = nullptr);
    const QList<Snippet> &all() const { return m_snippets; }
    bool loaded() const { return m_loaded; }
    void replace(const QList<Snippet> &snippets); ///< and writes them
    void read();

Q_SIGNALS:
    void changed();

private:
    Session &m_session;
    QList<Snippet> m_snippets;
    int m_writes = 0;
    bool m_loaded = false;
};

/// The list of snippets beside the row: name, text, add, delete. What is typed is kept by itself.
class SnippetPanel final : public QWidget {
    Q_OBJECT
public:
    explicit SnippetPanel(SnippetStore &store, QWidget *parent = nullptr);
    void add(const Snippet &snippet); ///< and its name is selected
    void begin(); ///< puts the keyboard where it begins
    void keep();

Q_SIGNALS:
    void closed();

private:
    void refresh();
    void showCurrent();

    SnippetStore &m_store;
    QList<Snippet> m_snippets;
    QListWidget *m_list;
    QLineEdit *m_name;
    AutoTextEdit *m_text;
    KeyButton *m_delete;
    QTimer *m_keeping;
    bool m_setting = false;
};

} // namespace attune::ui
