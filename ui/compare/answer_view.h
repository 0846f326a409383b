#pragma once

#include "core/text/chat.h"
#include "ui/compare/json_fields.h"
#include "ui/widgets/word_diff.h"

#include <QFutureWatcher>
#include <QTextEdit>

namespace attune::ui {

/// The answer as a change between two texts, of which it is one.
struct AnswerDifference {
    QString before;
    QString after;
    bool showRemoved = true;
    bool showAdded = true;
    bool beforeGrows = false; ///< more of it may come: what follows its end in the other text is not judged yet
    bool afterGrows = false;
};
/// The pieces that can be told so far.
QVector<DiffPiece> judgedPieces(const AnswerDifference &difference);

/// A column's conversation, to be read: earlier turns in grey, then the last answer plain, as a difference or field
/// by field. Follows a growing answer until the reader scrolls up.
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
    /// Worked out beside the window's thread; until then, and for what is appended meanwhile, the view stays as it
    /// is.
    void showDifference(const AnswerDifference &difference);
    void showFields(const QVector<FieldLine> &fields);
    /// Where fields are shown: the top of the first one and the height of each, without what setFieldHeights() added.
    QVector<double> fieldHeights() const;
    /// So that the same field stands at the same height in every column.
    void setFieldHeights(const QVector<double> &heights);
    const QVector<DiffPiece> &pieces() const { return m_pieces; } ///< shown now; empty: plain

Q_SIGNALS:
    void fieldsMoved(); ///< they take other heights than before

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    enum class Mode { Plain, Difference, Fields };
    void render();
    void insertFields(QTextCursor &cursor);
    bool atEnd() const;
    void toEnd();

    QList<QPair<QString, QString>> m_earlier;
    QString m_answer;
    Mode m_mode = Mode::Plain;
    QVector<DiffPiece> m_pieces;
    AnswerDifference m_difference;
    qsizetype m_compared = 0; ///< characters of the answer that the pieces cover
    qsizetype m_comparing = 0;
    QVector<FieldLine> m_fields;
    int m_firstField = 0; ///< number of its block
    QVector<double> m_padding; ///< below each field, after that above the first
    bool m_streaming = false;
    QFutureWatcher<QVector<DiffPiece>> m_diffing;
};

} // namespace attune::ui
