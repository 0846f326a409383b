#pragma once

#include <QPlainTextEdit>
#include <QSyntaxHighlighter>

namespace attune::ui {

/// A plain text field as high as its text, between minimumLines and maximumLines (then it scrolls). Ctrl+Tab and
/// Tab leave it; right-to-left paragraphs run their own way.
class AutoTextEdit final : public QPlainTextEdit {
    Q_OBJECT
public:
    explicit AutoTextEdit(QWidget *parent = nullptr);
    void setLines(int minimum, int maximum); ///< 1 and 0 (no end) by default
    void setMono(bool mono);
    /// Without frame and background, for cards that draw their own.
    void setBare(bool bare);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void focusIn();
    void focusOut();
    void escaped(); ///< Esc: out one level

protected:
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void changeEvent(QEvent *event) override;
    void wheelEvent(QWheelEvent *event) override;
    void insertFromMimeData(const QMimeData *source) override;

private:
    void fit();
    void restyle();
    void alignToText();
    bool isCut() const; ///< has more lines than may be shown
    int textHeight() const;
    int m_minimumLines = 1;
    int m_maximumLines = 0;
    int m_fitted = -1;
    bool m_mono = false;
    bool m_bare = false;
};

/// Colours JSON by the theme: keys, strings, numbers, words. Off, it leaves plain text alone.
class JsonHighlighter final : public QSyntaxHighlighter {
    Q_OBJECT
public:
    explicit JsonHighlighter(QTextDocument *document);
    void setEnabled(bool enabled);
    bool isEnabled() const { return m_enabled; }

protected:
    void highlightBlock(const QString &text) override;

private:
    bool m_enabled = true;
};

/// Where the first error of a JSON text is; `valid` text has none. Empty text is not valid.
struct JsonCheck {
    bool valid = false;
    int line = 0;   ///< from 1
    int column = 0; ///< from 1
    QString message;
};
JsonCheck checkJson(const QString &text);
/// Does the text look as if it were meant to be JSON (starts with a brace or bracket)?
bool looksLikeJson(const QString &text);

} // namespace attune::ui
