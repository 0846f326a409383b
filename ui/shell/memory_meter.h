#pragma once

#include <QTimer>
#include <QWidget>

namespace attune::ui {

/// What this process and the machine hold in memory.
struct MemoryUse {
    qint64 process = 0; ///< resident
    qint64 used = 0;    ///< by all
    qint64 total = 0;
};
MemoryUse memoryUse(); ///< all zero where the system does not say

/// Memory at the right of the status line: a bar and "2.9 / 12.0 GiB"; the rest is in its tool tip.
class MemoryMeter final : public QWidget {
    Q_OBJECT
public:
    explicit MemoryMeter(QWidget *parent = nullptr);
    void show(const MemoryUse &use);
    using QWidget::show;
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    bool event(QEvent *event) override;

private:
    QString figures() const;
    MemoryUse m_use;
    QTimer m_timer;
};

} // namespace attune::ui
