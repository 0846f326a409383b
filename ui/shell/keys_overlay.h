#pragma once

#include <QFrame>
#include <QPointer>

namespace attune::ui {

class ActionBook;

/// F1: the keys of the page that is shown, over it. Any key or click closes it.
class KeysOverlay final : public QFrame {
    Q_OBJECT
public:
    KeysOverlay(const ActionBook &book, QWidget *window);
    void open(const QString &workspace); ///< its title; empty: no project is open

protected:
    void paintEvent(QPaintEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    int pages() const; ///< more than one where the text is large or the window small
    struct Line {
        QString text; ///< of a heading, where `key` is empty
        QString key;
    };
    void place();
    void close();
    const ActionBook &m_book;
    QList<Line> m_lines;
    int m_columns = 1;
    int m_perPage = 1; ///< lines
    int m_page = 0;
    QString m_title;
    QPointer<QWidget> m_before;
};

} // namespace attune::ui
