#pragma once

#include "ui/train/chart_card.h"
#include "ui/train/run_book.h"

#include <QTimer>
#include <QWidget>

class QCheckBox;
class QLabel;
class QSlider;

namespace attune::ui {

class IconButton;
class PictureLegend;
class PlotFrame;
class SegmentedControl;

/// The learning curves: of the run that is shown raw, smoothed and validation, of overlaid ones smoothed. Drawn from
/// the RunBook, at most ten times a second and only where something is new; the crosshair alone moves on a layer of
/// its own.
class LossChart final : public QWidget {
    Q_OBJECT
public:
    explicit LossChart(RunBook &book, QWidget *parent = nullptr);

    /// The run in front, 0 for none; the overlaid ones come from the book.
    void setShown(qint64 run);
    qint64 shownRun() const { return m_shown; }
    int shownSlot() const; ///< its series
    /// Which curve stands in the frame; those other than the loss have no validation.
    void setCurve(Curve curve);
    void setAxis(CurveAxis axis);
    CurveAxis axis() const { return m_axis; }
    void setSmoothing(double weight);
    void setLog(bool log);
    void setClip(bool clip);
    void resetZoom();

    PlotFrame *frame() const { return m_frame; }
    QCPRange range() const;
    /// The crosshair, at a step; -1: none.
    void setCrossStep(qint64 step);
    qint64 crossStep() const { return m_cross; }
    bool isDrawn() const { return !m_redraw.isActive(); } ///< nothing new waits for the next redraw
    const ChartCard *card() const { return m_card; }
    const PictureLegend *pictureLegend() const { return m_pictureLegend; }
    int clippedCount() const { return m_clipped; }
    /// What is drawn, as QCustomPlot holds it; null where the run is not drawn. For tests.
    const QCPGraph *rawGraph() const { return m_curves.isEmpty() ? nullptr : m_curves.first().raw; }
    const QCPGraph *smoothGraph(qint64 run) const;
    const QCPGraph *validationGraph() const { return m_curves.isEmpty() ? nullptr : m_curves.first().validation; }

Q_SIGNALS:
    void rangeChanged();            ///< of the horizontal axis
    void crossMoved(qint64 step);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    struct Drawn { // one run
        qint64 run = 0;
        int series = 0;
        bool front = false;
        QCPGraph *raw = nullptr;        // of the run in front only, as are the marks
        QCPGraph *smooth = nullptr;
        QCPGraph *validation = nullptr;
        QCPGraph *best = nullptr;
        QCPGraph *checkpoints = nullptr;
        QCPGraph *stop = nullptr;
        QCPGraph *notFinite = nullptr;
        QCPGraph *clipped = nullptr;
        QCPItemText *number = nullptr;
    };
    static constexpr int legendHeight = 28; ///< above the plot
    void makeToolBar();
    void makePlot();
    void fit();
    void fitToolBar();
    void rebuild();
    void restyle();
    void schedule();
    void redraw();
    void fill(Drawn &drawn, const RunEntry &entry);
    void fillMarks(Drawn &drawn, const RunEntry &entry);
    void placeClippedText(const QVector<QPointF> &marks);
    void fitAxes();
    double topOf(const RunEntry *front) const;
    void placeOverlays();
    void updateLegend();
    void preparePicture(bool begins);
    QVector<ChartLegend::Entry> pictureEntries() const;
    void updateCard();
    void updateSummary();
    void fade(qint64 except);
    void zoomTo(const QRect &rect, bool both);
    void wheelZoom(double pixel, double notches);
    bool keyPressed(const QKeyEvent &event);
    QVector<QPointF> mapped(const QVector<QPointF> &points, const RunHistory &history) const;
    QList<QStringList> table() const;
    QPen penOf(const Drawn &drawn, double width) const;

    RunBook &m_book;
    qint64 m_shown = 0;
    Curve m_curve = Curve::Loss;
    CurveAxis m_axis = CurveAxis::Step;
    double m_smoothing = 0.6;
    bool m_log = false;
    bool m_clip = true;
    bool m_zoomed = false;
    double m_wholeX = 1; ///< end of the axis where it is not zoomed
    bool m_inPicture = false; ///< while one is drawn to be saved
    bool m_pinned = false;
    qint64 m_cross = -1;
    qint64 m_faded = 0;
    int m_clipped = 0;
    QVector<Drawn> m_curves; ///< the one in front first

    QLabel *m_title;
    IconButton *m_back;
    QLabel *m_smoothingWord = nullptr;
    QWidget *m_bar = nullptr;
    QSlider *m_slider;
    QLabel *m_weight;
    SegmentedControl *m_axisChoice;
    QCheckBox *m_logBox;
    QCheckBox *m_clipBox;
    PlotFrame *m_frame;
    ChartCard *m_card;
    ChartLegend *m_legend;
    QCPItemStraightLine *m_crossLine = nullptr;
    QCPItemStraightLine *m_now = nullptr;
    QCPItemText *m_nowText = nullptr;
    QCPItemText *m_clippedText = nullptr;
    PictureLegend *m_pictureLegend = nullptr;
    QTimer m_redraw;
};

} // namespace attune::ui
