#pragma once

#include "ui/data/editor_preview.h"

#include <QFrame>

class QLabel;
class QVBoxLayout;

namespace attune::ui {

class IconButton;
class InlineNotice;
class TokenLegend;

/// What the model will see of the shown row: its tokens, what is trained, masked and cut, and what that costs.
class EditorTokens final : public QFrame {
    Q_OBJECT
public:
    explicit EditorTokens(QWidget *parent = nullptr);

    void showPreview(std::shared_ptr<const ShownPreview> shown);
    /// No tokens, and why: the tokenizer loads, or can't be loaded.
    void showWhy(const QString &why, bool failed);
    const ShownPreview *shown() const { return m_shown.get(); }
    QString why() const { return m_why; } ///< empty where tokens are shown
    /// The token at a byte of a turn is marked: where the caret is.
    void link(int turn, std::int64_t byte);

    bool collapsed() const { return m_collapsed; }
    void setCollapsed(bool collapsed);
    TokenStrip *strip() const { return m_strip; }
    /// max_length that keeps all answers, in steps of 64.
    static std::int64_t raisedLength(const ExamplePreview &preview);
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void raiseAsked(std::int64_t maxLength);
    void trimAsked();
    void dropAsked();
    void answerAsked();
    void turnAsked(int turn, std::int64_t byte); ///< of its content
    void collapsedChanged(bool collapsed);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void showProblems();
    std::int64_t contentBegin(int turn) const; ///< byte of the rendered text where a turn's content stands; -1

    std::shared_ptr<const ShownPreview> m_shown;
    QString m_why;
    IconButton *m_fold;
    QLabel *m_total;
    TokenLegend *m_legend;
    TokenStrip *m_strip;
    QWidget *m_head;
    QVBoxLayout *m_layout;
    QList<InlineNotice *> m_notices;
    bool m_collapsed = false;
};

} // namespace attune::ui
