#include "ui/train/run_tabs.h"

#include "core/studio/run_settings.h"
#include "ui/theme/theme.h"
#include "ui/train/run_draft.h"
#include "ui/train/samples_view.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QTabBar>
#include <QTableWidget>
#include <QVBoxLayout>

namespace attune::ui {
namespace {

/// "time level text".
RunLog::Line parse(const std::string &line)
{
    const QString all = fromUtf8(line);
    return {all.section(QLatin1Char(' '), 0, 0), all.section(QLatin1Char(' '), 1, 1),
            all.section(QLatin1Char(' '), 2)};
}

} // namespace

RunTabs::RunTabs(Session &session, RunBook &book, QWidget *parent)
    : QTabWidget(parent), m_session(session), m_book(book), m_samples(new SamplesView), m_problems(new QListWidget),
      m_log(new QPlainTextEdit), m_settings(new QTableWidget)
{
    setObjectName(QStringLiteral("runTabs"));
    setDocumentMode(true);
    setAccessibleName(tr("About the run"));
    tabBar()->setAccessibleName(tr("About the run"));
    m_problems->setAccessibleName(tr("Problems"));
    m_problems->setFrameShape(QFrame::NoFrame);
    m_problems->setWordWrap(true);
    m_log->setAccessibleName(tr("Log"));
    m_log->setObjectName(QStringLiteral("runLog"));
    m_log->setReadOnly(true);
    m_log->setFrameShape(QFrame::NoFrame);
    setTextStyle(m_log, TextStyle::MonoSmall);
    m_log->setLineWrapMode(QPlainTextEdit::WidgetWidth);
    addTab(m_samples, tr("Samples"));
    addTab(m_problems, tr("Problems 0"));
    addTab(m_log, tr("Log"));
    addTab(makeSettings(), tr("Settings"));
    setTabToolTip(0, tr("Fixed prompts of the validation part, answered greedily before the first step and at each "
                        "validation"));

    m_readSoon.setSingleShot(true);
    m_readSoon.setInterval(500);
    connect(&m_readSoon, &QTimer::timeout, this, &RunTabs::readLog);
    const auto soon = [this] {
        if (m_run > 0 && !m_readSoon.isActive())
            m_readSoon.start();
    };
    connect(&book, &RunBook::changed, this, soon);
    connect(&Theme::instance(), &Theme::changed, this, &RunTabs::showSettings); // its fonts and rows keep their size
    connect(&book, &RunBook::historyChanged, this, [this, soon](qint64 id) {
        if (id == m_run)
            soon();
    });
}

QWidget *RunTabs::makeSettings()
{
    auto *page = new QWidget;
    m_settings->setObjectName(QStringLiteral("frozenSettings"));
    m_settings->setAccessibleName(tr("Settings of the run"));
    m_settings->setColumnCount(3);
    m_settings->setHorizontalHeaderLabels({tr("Setting"), tr("Value"), tr("Default")});
    m_settings->setFrameShape(QFrame::NoFrame);
    m_settings->setShowGrid(false);
    m_settings->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_settings->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_settings->verticalHeader()->hide();
    m_settings->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_settings->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_settings->setTabKeyNavigation(false);
    auto *copy = new KeyButton(tr("Copy as command"), KeyButton::Plain, "copy");
    auto *like = new KeyButton(tr("Start like this"), KeyButton::Plain, "duplicate");
    connect(copy, &QPushButton::clicked, this, &RunTabs::copyCommand);
    connect(like, &QPushButton::clicked, this, &RunTabs::startLikeWanted);
    auto *buttons = new QHBoxLayout;
    buttons->setContentsMargins(scaled(8), scaled(8), scaled(8), scaled(4));
    buttons->setSpacing(scaled(8));
    buttons->addWidget(copy);
    buttons->addWidget(like);
    buttons->addStretch();
    auto *layout = new QVBoxLayout(page);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(buttons);
    layout->addWidget(m_settings, 1);
    return page;
}

void RunTabs::setRun(qint64 id)
{
    if (id == m_run)
        return;
    m_run = id;
    m_lines = 0;
    m_log->clear();
    m_problems->clear();
    m_samples->setSamples({}, QString());
    setTabText(1, tr("Problems 0"));
    showSettings();
    if (id > 0)
        readLog();
}

void RunTabs::readLog()
{
    const qint64 run = m_run;
    m_session.ask<RunLog>(
        this, QStringLiteral("log"),
        [run](Project &project) -> Result<RunLog> {
            ATTUNE_TRY(const auto lines, project.log(run));
            RunLog log;
            log.samples = samplesIn(lines);
            for (const std::string &line : lines)
                if (!isSampleLine(line))
                    log.lines.append(parse(line));
            return log;
        },
        [this, run](const Result<RunLog> &log) {
            if (log && run == m_run)
                takeLog(*log);
        });
}

void RunTabs::takeLog(const RunLog &log)
{
    for (; m_lines < log.lines.size(); ++m_lines) {
        const RunLog::Line &line = log.lines[m_lines];
        m_log->appendPlainText(QStringLiteral("%1  %2  %3").arg(line.time, line.level.leftJustified(7), line.text));
        if (line.level != QLatin1String("warning") && line.level != QLatin1String("error"))
            continue;
        const bool error = line.level == QLatin1String("error");
        auto *item = new QListWidgetItem(icon(error ? "forbidden" : "warning", error ? Token::Bad : Token::Warn),
                                         line.text, m_problems);
        item->setData(Qt::AccessibleTextRole, line.level + QStringLiteral(": ") + line.text);
    }
    setTabText(1, tr("Problems %1").arg(m_problems->count()));
    const RunEntry *entry = m_book.entry(m_run);
    const bool running = entry && entry->phase == RunPhase::Running;
    const bool ended = entry && entry->history.lastStep() == 0;
    m_samples->setSamples(log.samples, running ? tr("The first samples come before the first step.")
                                   : ended ? tr("This run ended before its first samples.")
                                           : tr("This run has no samples: they are taken at each validation, so it "
                                                "needs validation rows."));
}

void RunTabs::showSettings()
{
    const RunEntry *entry = m_book.entry(m_run);
    const auto settings = entry ? settingsOf(entry->run) : Result<TrainSettings>(TrainSettings{});
    m_settings->setRowCount(0);
    m_settings->verticalHeader()->setMinimumSectionSize(scaled(20)); // its own is of the text before
    m_settings->verticalHeader()->setDefaultSectionSize(scaled(26));
    if (!entry || !settings)
        return;
    const TrainSettings defaults;
    for (const SettingInfo &info : trainSettings()) {
        const int row = m_settings->rowCount();
        m_settings->insertRow(row);
        const std::string value = settings->get(info.key);
        const std::string usual = defaults.get(info.key);
        int column = 0;
        for (const QString &text : {QString::fromLatin1(info.key), fromUtf8(value), fromUtf8(usual)}) {
            auto *item = new QTableWidgetItem(text);
            QFont face = ui::font(TextStyle::Mono);
            face.setBold(column == 1 && value != usual);
            item->setFont(face);
            item->setToolTip(tr(info.help));
            m_settings->setItem(row, column++, item);
        }
    }
}

void RunTabs::copyCommand()
{
    const RunEntry *entry = m_book.entry(m_run);
    const auto settings = entry ? settingsOf(entry->run) : Result<TrainSettings>(TrainSettings{});
    if (!entry || !settings)
        return;
    QGuiApplication::clipboard()->setText(trainCommand(QString::fromStdString(m_session.path().string()),
                                                       fromUtf8(entry->run.model), {}, *settings,
                                                       fromUtf8(initAdapterOf(entry->run))));
    m_session.toast({tr("Command copied"), Tone::Ok, {}});
}

} // namespace attune::ui
