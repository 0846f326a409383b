#pragma once

#include "core/studio/run_samples.h"
#include "ui/train/run_book.h"

#include <QTabWidget>
#include <QTimer>

class QListWidget;
class QPlainTextEdit;
class QTableWidget;

namespace attune::ui {

class SamplesView;

/// The log of a run, taken apart.
struct RunLog {
    struct Line {
        QString time;
        QString level;
        QString text;
    };
    QList<Line> lines; ///< without those that hold samples
    std::vector<SamplesOfStep> samples;
};

/// What there is of a run beside its curves: samples, problems, log, settings.
class RunTabs final : public QTabWidget {
    Q_OBJECT
public:
    RunTabs(Session &session, RunBook &book, QWidget *parent = nullptr);
    void setRun(qint64 id);
    SamplesView *samples() const { return m_samples; }
    QPlainTextEdit *log() const { return m_log; }
    QTableWidget *settingsTable() const { return m_settings; }
    void copyCommand();

Q_SIGNALS:
    void startLikeWanted();

private:
    QWidget *makeSettings();
    void readLog();
    void takeLog(const RunLog &log);
    void showSettings();
    Session &m_session;
    RunBook &m_book;
    qint64 m_run = 0;
    SamplesView *m_samples;
    QListWidget *m_problems;
    QPlainTextEdit *m_log;
    QTableWidget *m_settings;
    QTimer m_readSoon;
    qsizetype m_lines = 0; ///< of the log that are shown
};

} // namespace attune::ui
