#pragma once

#include <QByteArray>
#include <QString>
#include <sqlite3.h>

/// Looks at a project file with SQLite itself, past the program.
class RawProject {
public:
    explicit RawProject(const QString &path) { m_open = sqlite3_open(path.toUtf8(), &m_handle) == SQLITE_OK; }
    RawProject(const RawProject &) = delete;
    RawProject &operator=(const RawProject &) = delete;
    ~RawProject() { sqlite3_close(m_handle); }

    /// All values of all rows, one row a line; the error's text where it fails.
    QByteArray ask(const char *sql) const
    {
        QByteArray text;
        const auto take = [](void *to, int count, char **values, char **) {
            for (int i = 0; i < count; ++i)
                *static_cast<QByteArray *>(to) +=
                    QByteArray(values[i] ? values[i] : "NULL") + (i + 1 < count ? '|' : '\n');
            return 0;
        };
        char *error = nullptr;
        if (!m_open || sqlite3_exec(m_handle, sql, take, &text, &error) != SQLITE_OK)
            text = QByteArray("error: ") + (error ? error : sqlite3_errmsg(m_handle));
        sqlite3_free(error);
        return text;
    }
    bool sound() const { return ask("PRAGMA quick_check") == "ok\n"; }
    /// What the user put in or got out, without notes of the program on itself.
    QByteArray rows() const
    {
        return ask("SELECT id, messages, part, state, tags, deleted_at FROM examples ORDER BY id") +
               ask("SELECT id, name, state, snapshot FROM runs ORDER BY id") +
               ask("SELECT id, run, step FROM checkpoints ORDER BY id") + ask("SELECT count(*) FROM evaluations");
    }

private:
    sqlite3 *m_handle = nullptr;
    bool m_open = false;
};
