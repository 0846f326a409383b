#pragma once

#include "ui/compare/answer_view.h"
#include "ui/compare/compare_words.h"

#include <QFrame>

#include <optional>

class QLabel;
class QMenu;
class QStackedWidget;

namespace attune::ui {

class Badge;
class EmptyState;
class IconButton;
class InlineNotice;
class ModelPicker;

enum class ShowAnswers { Text, Difference, Fields };

/// What a column is shown against.
struct ColumnContext {
    ShowAnswers show = ShowAnswers::Text;
    QString reference;           ///< of the row; empty: none
    bool toReference = false;    ///< differences to the reference instead of column 1
    QStringList answers;         ///< of all columns
    QVector<bool> growing;       ///< which of them are not complete yet
};

/// One column: who answers, the answer, what it is worth. A view: the workspace asks and stops.
class CompareColumnView final : public QFrame {
    Q_OBJECT
public:
    explicit CompareColumnView(int index, QWidget *parent = nullptr);

    void setModel(const std::optional<Answerer> &answerer, const AnswererChoices &choices, int series,
                  const std::string &fingerprint);
    /// Everything anew.
    void refresh(const CompareColumn &column, const ColumnContext &context);
    /// More of the answer that is being made.
    void append(const QString &text, const CompareColumn &column);
    /// The difference anew, while answers grow.
    void updateDifference(const ColumnContext &context);
    void setLoading(double share); ///< of the model; below 0: not
    void setHint(const QString &sentence);
    /// Nobody can answer here yet.
    void setNobody(const QString &sentence, const QString &link, std::function<void()> act);

    ModelPicker *picker() const { return m_picker; }
    AnswerView *answerView() const { return m_answer; }
    QString stateText() const;

Q_SIGNALS:
    void stopAsked();
    void addToDataAsked();
    void copyAsked();
    void focused();

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    void showHead(const CompareColumn &column);
    void showFoot(const CompareColumn &column, const ColumnContext &context);
    void showBody(const CompareColumn &column, const ColumnContext &context);
    std::optional<AnswerDifference> differenceIn(const ColumnContext &context) const;

    int m_index;
    ModelPicker *m_picker;
    Badge *m_state;
    IconButton *m_stop;
    QMenu *m_menu;
    InlineNotice *m_notice;
    QStackedWidget *m_body;
    AnswerView *m_answer;
    EmptyState *m_empty;
    QLabel *m_hint;
    QWidget *m_foot;
    Badge *m_json;
    Badge *m_fields;
    QLabel *m_figures;
};

} // namespace attune::ui
