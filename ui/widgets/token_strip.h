#pragma once

#include <QAbstractScrollArea>
#include <QString>
#include <QVector>

#include <memory>
#include <optional>

namespace attune::ui {

/// One token, as it is shown.
struct ShownToken {
    /// As it stands in the text; white space is made visible by the strip. A character of several tokens stands whole
    /// in the first of them, so that the texts of all make up the text.
    QString text;
    bool inside = false;  ///< goes on with a character that a token before it began
    QByteArray bytes = {}; ///< where they are others than those of `text`
    int id = 0;
    qint64 position = 0;
    bool trained = false; ///< counts in the loss: fill and underline
    bool cut = false;     ///< beyond max_length: strike and hatch
    bool special = false; ///< of the template: outlined
    std::optional<double> shift; ///< tuned minus base in points, -100 to 100: colour, and the number below
    QString detail;              ///< more lines for the tool tip
};

/// Tokens in running lines, as data-light.png shows them. Only the visible lines are painted; the layout is kept for
/// as long as width, tokens and font stay. Left, Right, Up, Down, Home and End walk the tokens (the walked one is
/// read out with its id and state), Shift selects, Ctrl+C copies, Enter opens a fold.
class TokenStrip final : public QAbstractScrollArea {
    Q_OBJECT
public:
    explicit TokenStrip(QWidget *parent = nullptr);
    ~TokenStrip() override;

    void setTokens(const QVector<ShownToken> &tokens);
    const QVector<ShownToken> &tokens() const;
    /// Masked runs of more than 60 tokens show their first and last few and "383 tokens folded" between.
    void setFoldLongRuns(bool fold);
    /// Shown instead of tokens while there are none ("Loading the tokenizer").
    void setPlaceholder(const QString &text);
    /// The token linked to the caret of an editor; -1: none. It is scrolled into view.
    void setLinkedToken(int index);
    void scrollToToken(int index); ///< opens the fold that holds it
    int currentToken() const; ///< under the keyboard's cursor; -1: none
    QString selectedText() const;
    /// All lines without scrolling: for strips that grow with their tokens inside another scroll area.
    void setGrowing(bool growing);
    int contentHeight() const; ///< of all lines, at the width of the moment
    bool hasHeightForWidth() const override;
    int heightForWidth(int width) const override;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

    /// The whole text, as the accessible interface gives it.
    QString accessibleText() const;
    /// Where a token is painted, in viewport coordinates; empty while it is folded away.
    QRect tokenRect(int index) const;
    int tokenAt(const QPoint &viewportPoint) const; ///< -1: none
    int foldCount() const;                          ///< folds that are closed

Q_SIGNALS:
    void tokenHovered(int index); ///< -1: none any more
    void tokenClicked(int index);

protected:
    bool viewportEvent(QEvent *event) override;
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    void changeEvent(QEvent *event) override;

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace attune::ui
