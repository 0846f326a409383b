#pragma once

#include <QFrame>

class QLabel;

namespace attune::ui {

class AutoTextEdit;

/// The question that all columns answer, above them.
class QuestionCard final : public QFrame {
    Q_OBJECT
public:
    explicit QuestionCard(QWidget *parent = nullptr);
    /// `caption`: where it is from; an empty text hides the card.
    void show(const QString &text, const QString &caption, qint64 tokens);
    using QFrame::show;
    QString text() const;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QLabel *m_caption;
    QLabel *m_tokens;
    AutoTextEdit *m_text;
};

} // namespace attune::ui
