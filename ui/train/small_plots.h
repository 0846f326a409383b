#pragma once

#include "ui/train/run_book.h"

#include <QTimer>
#include <QWidget>

#include "ui/widgets/custom_plot.h"

class QGridLayout;
class QLabel;

namespace attune::ui {

class LossChart;
class PlotFrame;

/// Learning rate, gradient norm, tokens/s and memory of the run in front, under the loss: the same axis and
/// crosshair. A click brings one into the large frame.
class SmallPlots final : public QWidget {
    Q_OBJECT
public:
    SmallPlots(RunBook &book, LossChart &chart, QWidget *parent = nullptr);
    void setNarrow(bool narrow); ///< two by two
    void refresh();              ///< another run in front
    const QCPGraph *graph(Curve curve) const;

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    struct Cell {
        Curve curve = Curve::LearningRate;
        QWidget *widget = nullptr;
        QLabel *title = nullptr;
        QLabel *value = nullptr;
        PlotFrame *frame = nullptr;
        QCPGraph *graph = nullptr;
        QCPItemStraightLine *cross = nullptr;
        QCPItemStraightLine *limit = nullptr; // where gradients are clipped
    };
    void makeCell(Curve curve);
    void arrange();
    void restyle();
    void redraw();
    void fill(Cell &cell, const RunEntry *entry);
    void moveCross(qint64 step);

    RunBook &m_book;
    LossChart &m_chart;
    QGridLayout *m_layout;
    QVector<Cell> m_cells;
    bool m_narrow = false;
    QTimer m_redraw;
};

} // namespace attune::ui
