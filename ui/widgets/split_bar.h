#pragma once

#include <QWidget>

namespace attune::ui {

/// How many rows train, validate and test: three stretches in series colours 1, 3 and 5. Left and Right walk them,
/// the tool tip of each says count and share.
class SplitBar final : public QWidget {
    Q_OBJECT
public:
    explicit SplitBar(QWidget *parent = nullptr);
    void setCounts(qint64 train, qint64 validation, qint64 test);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

Q_SIGNALS:
    void partClicked(int part); ///< 0 train, 1 validation, 2 test

protected:
    void paintEvent(QPaintEvent *event) override;
    bool event(QEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    QString describe(int part) const;
    QList<QRect> parts() const;
    int partAt(const QPoint &point) const;
    qint64 m_counts[3] = {0, 0, 0};
    int m_hovered = -1;
    int m_focused = 0;
};

} // namespace attune::ui
