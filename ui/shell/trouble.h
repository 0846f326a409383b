#pragma once

#include <QApplication>
#include <QDialog>

namespace attune::ui {

/// Everything that Qt and the program say goes to `file` from now on, with the time, and to standard error where it
/// is a warning or worse. A log that has grown past 1 MB starts anew; the last one is kept beside it.
void startLog(const QString &file);
QString logFile();
/// The last lines of the log, for a report.
QString lastLogLines(int lines = 40);

/// What can't go on, in one sentence, with details to copy.
class TroubleBox final : public QDialog {
    Q_OBJECT
public:
    TroubleBox(const QString &sentence, const QString &details, QWidget *parent = nullptr);
    static QString report(const QString &sentence, const QString &details); ///< as it is copied
};

/// The program. An exception that nothing caught is shown and written down; the window stays.
class StudioApplication final : public QApplication {
    Q_OBJECT
public:
    StudioApplication(int &argc, char **argv);
    bool notify(QObject *receiver, QEvent *event) override;

private:
    void show(const QString &what);
    bool m_showing = false;
};

} // namespace attune::ui
