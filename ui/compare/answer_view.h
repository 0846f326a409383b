#pragma once

#include "core/text/chat.h"
#include "ui/compare/json_fields.h"
#include "ui/widgets/word_diff.h"

#include <QFutureWatcher>
#include <QTextEdit>

namespace attune::ui {

/// A column's conversation, to be read: earlier turns in grey, then the last answer plain, as a difference or field by
/// field. Follows a growing answer until the reader scrolls up.
class AnswerView final : public QTextEdit {
    Q_OBJECT
public:
    explicit AnswerView(QWidget *parent = nullptr);

    /// Turns before the last answer that are to be read here (not those that the question's card shows).
    void setEarlier(const QList<QPair<QString, QString>> &turns); ///< role, text
    void setAnswer(const QString &answer);
    void append(const QString &text);
    void setStreaming(bool streaming); ///< draws a caret after the last word
    QString answer() const { return m_answer; }

    void showPlain();
    /// The answer as a change between two texts, of which it is one; worked out beside the window's thread.
    void showDifference(const QString &before, const QString &after, bool showRemoved, bool showAdded);
    void showFields(const QVector<FieldLine> &fields);
    const QVector<DiffPiece> &pieces() const { return m_pieces; } ///< shown now; empty: plain

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    enum class Mode { Plain, Difference, Fields };
    void render();
    void insertFields(QTextCursor &cursor) const;
    bool atEnd() const;
    void toEnd();

    QList<QPair<QString, QString>> m_earlier;
    QString m_answer;
    Mode m_mode = Mode::Plain;
    QVector<DiffPiece> m_pieces;
    bool m_showRemoved = true;
    bool m_showAdded = true;
    QVector<FieldLine> m_fields;
    bool m_streaming = false;
    QFutureWatcher<QVector<DiffPiece>> m_diffing;
};

} // namespace attune::ui
