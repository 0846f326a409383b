#pragma once

#include <QList>
#include <QPen>
#include <QStringList>
#include <QWidget>

#include <functional>

class QCustomPlot;
class QLabel;
class QMenu;
class QStackedWidget;
class QTableWidget;

namespace attune::ui {

/// Pen of the index-th overlaid run: its colour, dash and a width in pixels.
QPen seriesPen(int index, double width);

/// A QCustomPlot in the colours of the theme, with what every plot needs: saving as PNG, SVG, PDF and CSV, the same
/// data as a table (Ctrl+Shift+T), a spoken summary, a focus ring. The owner adds graphs, and styles them in
/// onThemeChanged.
class PlotFrame : public QWidget {
    Q_OBJECT
public:
    explicit PlotFrame(QWidget *parent = nullptr);

    QCustomPlot *plot() const { return m_plot; }
    void setTitle(const QString &title);     ///< accessible name, name of saved files; not painted
    QString title() const { return m_title; }
    void setSummary(const QString &summary); ///< what a screen reader says of it
    /// The plotted data, first row: the column names. Asked when a table or a CSV is wanted.
    void setTable(std::function<QList<QStringList>()> rowsWithHeader);
    /// Called after axes and background have taken the theme's colours; the plot is redrawn afterwards.
    void onThemeChanged(std::function<void()> restyle);
    /// Called with true before a picture of the plot is made for a file or the clipboard, and with false afterwards:
    /// what such a picture needs and the screen has elsewhere, as a legend. It is made in the light theme's colours.
    void onPicture(std::function<void(bool begins)> prepare) { m_prepare = std::move(prepare); }
    void setTableShown(bool shown);
    bool tableShown() const;
    /// Small plots: smaller type, no ticks between, less margin.
    void setCompact(bool compact);

    /// By the name's ending: png, svg, pdf or csv. Returns what went wrong, empty: nothing. A file appears whole.
    QString save(const QString &path);
    QMenu *saveMenu(); ///< "Save as PNG…" to CSV, copy, show as table; the frame owns it
    void saveWithDialog(const QString &ending);

public Q_SLOTS:
    void applyTheme();

Q_SIGNALS:
    void tableShownChanged(bool shown);
    void saved(const QString &path);
    void saveFailed(const QString &why);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    void fillTable();
    QByteArray csv() const;
    /// In the colours of paper, with what the owner adds.
    void drawPicture(const std::function<void()> &draw);
    void takeColours();
    QString m_title;
    QStackedWidget *m_stack;
    QCustomPlot *m_plot;
    QTableWidget *m_table;
    QMenu *m_saveMenu = nullptr;
    bool m_compact = false;
    std::function<QList<QStringList>()> m_rows;
    std::function<void()> m_restyle;
    std::function<void(bool)> m_prepare;
};

} // namespace attune::ui
