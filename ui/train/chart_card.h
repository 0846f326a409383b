#pragma once

#include "ui/train/curve_marks.h"

#include <QPen>
#include <QWidget>

#include <optional>

namespace attune::ui {

/// What the crosshair reads: a head and one line for each curve. Over the plot, deaf to the mouse.
class ChartCard final : public QWidget {
    Q_OBJECT
public:
    struct Line {
        QPen pen;
        QString name;
        QString value;
    };
    explicit ChartCard(QWidget *parent);
    void setContent(const QString &head, const QString &detail, const QVector<Line> &lines);
    QString text() const; ///< for screen readers and tests
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_head;
    QString m_detail;
    QVector<Line> m_lines;
};

/// Which marks and runs the plot shows. The pointer over a run brings it out.
class ChartLegend final : public QWidget {
    Q_OBJECT
public:
    struct Entry {
        qint64 run = 0; ///< 0: a mark
        QPen pen;
        std::optional<CurveMark> mark;
        QString name;
    };
    explicit ChartLegend(QWidget *parent);
    void setEntries(const QVector<Entry> &entries);
    static int widthOf(const Entry &entry);
    static void draw(QPainter *painter, const Entry &entry, const QRect &place);
    QSize sizeHint() const override;

Q_SIGNALS:
    void hovered(qint64 run); ///< 0: none

protected:
    void paintEvent(QPaintEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;

private:
    QVector<Entry> m_entries;
    qint64 m_hovered = 0;
};

} // namespace attune::ui
