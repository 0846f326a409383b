#include "ui/shell/trouble.h"

#include "ui/theme/theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"

#include <QClipboard>
#include <QDateTime>
#include <QFile>
#include <QFileInfo>
#include <QDir>
#include <QLabel>
#include <QMutex>
#include <QPlainTextEdit>
#include <QSysInfo>
#include <QThread>
#include <QVBoxLayout>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <execinfo.h>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace attune::ui {

namespace {

constexpr qint64 LongestLog = 1 << 20;

struct Log {
    QMutex mutex;
    QString path;
    int descriptor = -1; // for the signal handler, which may do little more than write()
};

Log &theLog()
{
    static Log log;
    return log;
}

void writeAll(int descriptor, const char *text, std::size_t length)
{
    while (length > 0) {
        const auto written = ::write(descriptor, text, length);
        if (written <= 0)
            return;
        text += written;
        length -= static_cast<std::size_t>(written);
    }
}

const char *wordOf(QtMsgType type)
{
    switch (type) {
    case QtDebugMsg:
        return "debug";
    case QtInfoMsg:
        return "info";
    case QtWarningMsg:
        return "warning";
    case QtCriticalMsg:
        return "error";
    case QtFatalMsg:
        return "fatal";
    }
    return "";
}

void takeMessage(QtMsgType type, const QMessageLogContext &, const QString &text)
{
    const QByteArray line =
        (QDateTime::currentDateTime().toString(Qt::ISODateWithMs) + ' ' + wordOf(type) + ' ' + text + '\n').toUtf8();
    {
        const QMutexLocker lock(&theLog().mutex);
        if (theLog().descriptor >= 0)
            writeAll(theLog().descriptor, line.constData(), static_cast<std::size_t>(line.size()));
    }
    if (type == QtWarningMsg || type == QtCriticalMsg || type == QtFatalMsg)
        writeAll(STDERR_FILENO, line.constData(), static_cast<std::size_t>(line.size()));
    if (type != QtFatalMsg)
        return;
    // Qt ends the program after this. Where a window can still be shown, the user learns why.
    const bool main = qApp && QThread::currentThread() == qApp->thread();
    static bool shown = false;
    if (main && !std::exchange(shown, true)) {
        TroubleBox box(StudioApplication::tr("Attune has to close. What you did is kept in the project."), text);
        box.exec();
    }
}

/// Only what a signal handler may do: a line and the addresses, then the usual end.
void onCrash(int signal)
{
    const int to = theLog().descriptor >= 0 ? theLog().descriptor : STDERR_FILENO;
    constexpr char Said[] = "crash: the program ended by a signal; where:\n";
    writeAll(to, Said, sizeof Said - 1);
    void *frames[48];
    ::backtrace_symbols_fd(frames, ::backtrace(frames, 48), to);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

[[noreturn]] void onTerminate()
{
    QString what = QStringLiteral("an exception of unknown kind");
    if (const auto current = std::current_exception()) {
        try {
            std::rethrow_exception(current);
        } catch (const std::exception &error) {
            what = QString::fromUtf8(error.what());
        } catch (...) {
        }
    }
    qCritical("Nothing caught: %s", qUtf8Printable(what));
    std::abort();
}

} // namespace

void startLog(const QString &file)
{
    QDir().mkpath(QFileInfo(file).absolutePath());
    if (QFileInfo(file).size() > LongestLog) {
        QFile::remove(file + ".1");
        QFile::rename(file, file + ".1");
    }
    {
        const QMutexLocker lock(&theLog().mutex);
        if (theLog().descriptor >= 0)
            ::close(theLog().descriptor);
        theLog().path = file;
        theLog().descriptor =
            ::open(QFile::encodeName(file).constData(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    }
    void *frame[1];
    ::backtrace(frame, 1); // loads what it needs now, as a signal handler may not
    qInstallMessageHandler(takeMessage);
    std::set_terminate(onTerminate);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL})
        std::signal(signal, onCrash);
    qInfo("Attune %s on %s", ATTUNE_VERSION, qUtf8Printable(QSysInfo::prettyProductName()));
}

QString logFile()
{
    const QMutexLocker lock(&theLog().mutex);
    return theLog().path;
}

QString lastLogLines(int lines)
{
    QFile file(logFile());
    if (!file.open(QIODevice::ReadOnly))
        return {};
    file.seek(qMax<qint64>(0, file.size() - 32768));
    const QStringList all = QString::fromUtf8(file.readAll()).split('\n', Qt::SkipEmptyParts);
    return QStringList(all.mid(qMax<qsizetype>(0, all.size() - lines))).join('\n');
}

QString TroubleBox::report(const QString &sentence, const QString &details)
{
    return tr("Attune %1, Qt %2, %3\n%4\n%5\n\nLast lines of %6:\n%7")
        .arg(ATTUNE_VERSION, QString::fromLatin1(qVersion()), QSysInfo::prettyProductName(), sentence, details,
             logFile(), lastLogLines());
}

TroubleBox::TroubleBox(const QString &sentence, const QString &details, QWidget *parent) : QDialog(parent)
{
    setObjectName("troubleBox");
    setWindowTitle(tr("Something went wrong"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(20, 20, 20, 16);
    layout->setSpacing(12);
    auto *said = new QLabel(sentence);
    said->setWordWrap(true);
    said->setAccessibleName(sentence);
    auto *field = new QPlainTextEdit(report(sentence, details));
    field->setObjectName("troubleDetails");
    field->setReadOnly(true);
    field->setProperty("mono", true);
    field->setAccessibleName(tr("Details"));
    field->setTabChangesFocus(true);
    auto *buttons = new QHBoxLayout;
    auto *copy = new KeyButton(tr("Copy the details"), KeyButton::Plain, "copy");
    auto *close = new KeyButton(tr("Close"), KeyButton::Primary);
    copy->setObjectName("copyTrouble");
    copy->setAccessibleName(copy->text());
    close->setAccessibleName(close->text());
    close->setDefault(true);
    buttons->addStretch(1);
    buttons->addWidget(copy);
    buttons->addWidget(close);
    layout->addWidget(said);
    layout->addWidget(field, 1);
    layout->addLayout(buttons);
    connect(copy, &QAbstractButton::clicked, this,
            [field] { QApplication::clipboard()->setText(field->toPlainText()); });
    connect(close, &QAbstractButton::clicked, this, &QDialog::accept);
    resize(scaled(620), scaled(360));
}

StudioApplication::StudioApplication(int &argc, char **argv) : QApplication(argc, argv)
{
    setApplicationName("attune-studio");
    setApplicationDisplayName("Attune");
    setApplicationVersion(ATTUNE_VERSION);
    setDesktopFileName("attune");
}

bool StudioApplication::notify(QObject *receiver, QEvent *event)
{
    try {
        return QApplication::notify(receiver, event);
    } catch (const std::exception &error) {
        show(QString::fromUtf8(error.what()));
    } catch (...) {
        show(tr("an exception of unknown kind"));
    }
    return false;
}

void StudioApplication::show(const QString &what)
{
    qCritical("Not caught: %s", qUtf8Printable(what));
    if (std::exchange(m_showing, true))
        return; // one box at a time: the next one is in the log
    TroubleBox box(
        tr("Something went wrong that should not. What you did is kept in the project; the window goes on."), what,
        activeWindow());
    box.exec();
    m_showing = false;
}

} // namespace attune::ui
