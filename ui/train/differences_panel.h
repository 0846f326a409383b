#pragma once

#include "ui/train/run_book.h"

#include <QWidget>

class QLabel;
class QTableWidget;

namespace attune::ui {

class EmptyState;
class PanelHeader;
class SegmentedControl;

/// What the overlaid runs differ in, what came of it, and the checkpoints of the run in front.
class DifferencesPanel final : public QWidget {
    Q_OBJECT
public:
    explicit DifferencesPanel(RunBook &book, QWidget *parent = nullptr);
    void setRun(qint64 id);
    QTableWidget *table() const { return m_table; }
    QTableWidget *checkpoints() const { return m_checkpoints; }
    QString markdown() const; ///< the table, for a report
    QString csv() const;

Q_SIGNALS:
    void compareWanted(qint64 run, const QString &checkpoint);
    void resumeWanted(qint64 run);
    void exportWanted(qint64 run, const QString &checkpoint);

private:
    struct Row {
        QString name;
        QStringList values;
        QList<bool> bold; ///< differs from the baseline
        QList<int> tones; ///< a Tone each; empty: none
        bool mono = true;
    };
    void update();
    QList<const RunEntry *> runs() const;
    QList<Row> settingRows(const QList<const RunEntry *> &runs) const;
    QList<Row> resultRows(const QList<const RunEntry *> &runs) const;
    void fillTable(const QList<const RunEntry *> &runs);
    void fillCheckpoints();

    RunBook &m_book;
    qint64 m_run = 0;
    PanelHeader *m_header;
    SegmentedControl *m_which;
    EmptyState *m_empty;
    QWidget *m_content;
    QTableWidget *m_table;
    QLabel *m_checkpointsTitle;
    QTableWidget *m_checkpoints;
    QString m_shown; ///< what is in the tables, so that a step that changes none of it costs nothing
};

} // namespace attune::ui
