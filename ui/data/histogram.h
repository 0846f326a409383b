#pragma once

#include "ui/data/histogram_counts.h"

#include <QWidget>

#include <optional>

class QCPBars;
class QCPItemRect;
class QCPItemStraightLine;
class QCPItemText;
class QLabel;

namespace attune::ui {

class IconButton;
class PlotFrame;

/// Token lengths of all rows in grey, of the filtered ones in front, and the max_length line, which a drag moves:
/// what it would cut is counted from memory while it moves.
class Histogram final : public QWidget {
    Q_OBJECT
public:
    explicit Histogram(QWidget *parent = nullptr);

    /// `total`: rows of the project, some of which may not be counted yet.
    void setLengths(LengthCounts all, std::int64_t total);
    /// None: nothing is filtered.
    void setFiltered(std::optional<LengthCounts> filtered);
    void setMaxLength(std::int64_t tokens);
    std::int64_t maxLength() const { return m_maxLength; }
    void setFolded(bool folded); ///< to its title line
    void setWhyUncounted(const QString &why) { m_whyUncounted = why; refreshWords(); }
    QString cutText() const; ///< "14 rows cut, 4,392 tokens lost"
    const LengthCounts &lengths() const { return m_all; }
    PlotFrame *frame() const { return m_frame; }

Q_SIGNALS:
    void maxLengthMoved(qint64 tokens); ///< while it is dragged
    void maxLengthChosen(qint64 tokens);
    void rangeChosen(qint64 least, qint64 most); ///< a bar was clicked; most 0: no upper end

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void buildPlot();
    void restyle();
    void refresh();      ///< axis, bars, line
    void refreshBars();  ///< before every redraw: a bar of one row is at least 3 px
    void refreshWords();
    double lineX() const; ///< where the line stands, at the edge where it is beyond the axis
    void moveTo(double x);

    LengthCounts m_all;
    std::optional<LengthCounts> m_filtered;
    std::int64_t m_total = 0;
    std::int64_t m_maxLength = 0;
    LengthAxis m_axis;
    QString m_whyUncounted;
    bool m_dragging = false;
    bool m_folded = false;
    QLabel *m_title;
    QLabel *m_caption;
    IconButton *m_save;
    PlotFrame *m_frame;
    QCPBars *m_rest;
    QCPBars *m_front;
    QCPBars *m_frontCut;
    QCPItemStraightLine *m_line;
    QCPItemRect *m_handle;
    QCPItemText *m_lineName;
    QCPItemText *m_lineCut;
    QCPItemText *m_lineHelp;
};

} // namespace attune::ui
