#pragma once

#include "core/infer/generator.h"

#include <QWidget>

class QDoubleSpinBox;
class QMenu;
class QSpinBox;

namespace attune::ui {

class AutoTextEdit;
class KeyButton;

enum class SystemPrompt { Rows, None, Own };

/// The width, in units of the text size, at which the rows above and below the answers are whole.
constexpr int leastCentre = 640;

/// Where the question is typed that all columns answer, with what holds for all of them.
class PromptBox final : public QWidget {
    Q_OBJECT
public:
    explicit PromptBox(QWidget *parent = nullptr);

    QString text() const;
    void setText(const QString &text);
    AutoTextEdit *field() const { return m_text; }
    void focusText();

    /// The system turn that most rows begin with; empty: they have none.
    void setRowsSystem(const QString &text);
    SystemPrompt systemPrompt() const { return m_system; }
    QString systemText() const; ///< what a typed question gets
    void setSystem(SystemPrompt which, const QString &own);
    QString ownSystem() const;

    /// Without the seed, which stands in the tool bar.
    GenerationOptions options() const;
    void setOptions(const GenerationOptions &options);

    /// `columns`: that would answer.
    void setState(bool busy, bool askable, int columns);

Q_SIGNALS:
    void askAsked();
    void stopAsked();
    void edited();

protected:
    void resizeEvent(QResizeEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    void showSystem();
    AutoTextEdit *m_text;
    AutoTextEdit *m_ownSystem;
    KeyButton *m_systemButton;
    QMenu *m_systemMenu;
    QString m_rowsSystem;
    SystemPrompt m_system = SystemPrompt::Rows;
    QDoubleSpinBox *m_temperature;
    QSpinBox *m_most;
    QDoubleSpinBox *m_topP;
    QDoubleSpinBox *m_penalty;
    QWidget *m_newLine;
    KeyButton *m_ask;
    bool m_busy = false;
};

} // namespace attune::ui
