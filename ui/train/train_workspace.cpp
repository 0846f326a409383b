#include "ui/train/train_workspace.h"

#include "core/model/registry.h"
#include "core/studio/sample_project.h"
#include "ui/theme/theme.h"
#include "ui/train/differences_panel.h"
#include "ui/train/loss_chart.h"
#include "ui/train/new_run_form.h"
#include "ui/train/run_book.h"
#include "ui/train/run_list_model.h"
#include "ui/train/run_tabs.h"
#include "ui/train/runs_panel.h"
#include "ui/train/samples_view.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/plot_frame.h"

#include <QApplication>
#include <QEvent>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QSplitter>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace attune::ui {
namespace {

// Widths of the workspace, which is the window less the rail.
constexpr int narrowBelow = 1228;      // the right panel becomes a tab, the form a panel over the monitor
constexpr int veryNarrowBelow = 1028;  // no sparklines, small plots two by two
constexpr int tinyBelow = 800;         // the list of runs becomes a strip that opens it
constexpr int lowBelow = 500;          // of its height: the small plots become a tab
constexpr int stripWidth = 40;
constexpr int leastWidth = 560;
constexpr int leastHeight = 370;
constexpr int rightWidth = 396;
constexpr int runsWidth = 300;

} // namespace

TrainWorkspace::TrainWorkspace(Session &session, QWidget *parent)
    : Workspace(parent), m_session(session), m_book(new RunBook(session, this)), m_job(new TrainingJob(this)),
      m_runs(new RunsPanel(*m_book)), m_monitor(new MonitorPanel(session, *m_book, *m_job)),
      m_differences(new DifferencesPanel(*m_book)), m_form(new NewRunForm(session, *m_book)),
      m_notice(new InlineNotice(Tone::Warn)), m_splitter(new QSplitter(Qt::Horizontal)), m_right(new QStackedWidget)
{
    setObjectName(QStringLiteral("trainWorkspace"));
    setProperty("leastSize", QSize(leastWidth, leastHeight)); // for the window, which scrolls below it
    m_notice->setObjectName(QStringLiteral("cutOffNotice"));
    m_notice->hide();
    m_right->addWidget(m_differences);
    m_right->addWidget(m_form);
    m_splitter->addWidget(m_runs);
    m_splitter->addWidget(m_monitor);
    m_splitter->addWidget(m_right);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setHandleWidth(1);
    makeStrip();
    fit();
    m_splitter->setSizes({scaled(runsWidth), scaled(660), scaled(rightWidth)});
    m_form->setAutoFillBackground(true);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->setSizeConstraint(QLayout::SetNoConstraint); // minimumSizeHint() says it
    auto *row = new QHBoxLayout;
    row->setSpacing(0);
    row->addWidget(m_strip);
    row->addWidget(m_splitter, 1);
    layout->addWidget(m_notice);
    layout->addLayout(row, 1);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        fit();
        arrange();
        updateGeometry();
    });
    makeActions();
    fillMenus();
    connectPanels();
    connectJob();
    updateEmpty();
    updateActions();
}

QSize TrainWorkspace::minimumSizeHint() const
{
    return {scaled(leastWidth), scaled(leastHeight)};
}

/// Sizes in the text size of now.
void TrainWorkspace::fit()
{
    m_strip->setFixedWidth(scaled(stripWidth));
    m_runs->setMinimumWidth(scaled(240));
    m_runs->setMaximumWidth(scaled(360));
    m_monitor->setMinimumWidth(scaled(480));
    m_right->setMinimumWidth(scaled(372)); // the form is never cut
}

void TrainWorkspace::makeStrip()
{
    m_strip = new QWidget;
    m_strip->setObjectName(QStringLiteral("runsStrip"));
    setBackground(m_strip, Token::Sunken);
    auto *open = new IconButton("list", tr("Runs"));
    auto *add = new IconButton("plus", tr("New run"));
    connect(open, &QToolButton::clicked, this, [this] { showRuns(m_runs->isHidden()); });
    connect(add, &QToolButton::clicked, this, [this] { m_actions[NewRun]->trigger(); });
    auto *strip = new QVBoxLayout(m_strip);
    strip->setContentsMargins(scaled(6), scaled(8), scaled(6), scaled(8));
    strip->addWidget(open);
    strip->addWidget(add);
    strip->addStretch(1);
    m_strip->hide();
}

void TrainWorkspace::showRuns(bool shown)
{
    if (shown && m_tiny && formShown())
        showForm(false); // both would lie over the monitor
    m_runs->setVisible(shown || !m_tiny);
    arrange();
    if (shown)
        m_runs->list()->setFocus(Qt::OtherFocusReason);
}

TrainWorkspace::~TrainWorkspace()
{
    disconnect(m_job, nullptr, this, nullptr); // it is asked to stop below, when nobody looks any more
}

void TrainWorkspace::connectPanels()
{
    connect(m_book, &RunBook::changed, this, [this] {
        if (m_followOwn && m_job->run() > 0 && m_book->entry(m_job->run())) {
            m_followOwn = false;
            selectRun(m_job->run());
        } else if (current() == 0 && !m_book->ids().isEmpty() && !m_job->isBusy()) {
            selectRun(m_book->ids().first());
        }
        updateEmpty();
        updateActions();
        updateMark();
        offerCutOffRuns();
    });
    connect(m_book, &RunBook::overlaysChanged, this, &TrainWorkspace::updateActions);
    connect(m_runs, &RunsPanel::currentChanged, this, [this](qint64 id) {
        m_monitor->setRun(id);
        m_differences->setRun(id);
        updateActions();
    });
    connect(m_runs, &RunsPanel::newRunWanted, m_actions[NewRun], &QAction::trigger);
    connect(m_runs, &RunsPanel::exportWanted, this, [this] {
        m_monitor->chart()->frame()->saveWithDialog(QStringLiteral("csv"));
    });
    connect(m_runs, &RunsPanel::menuWanted, this, &TrainWorkspace::updateActions);
    connect(m_monitor, &MonitorPanel::menuWanted, this, &TrainWorkspace::updateActions);
    connect(m_monitor, &MonitorPanel::stopWanted, this, &TrainWorkspace::stopRun);
    connect(m_monitor, &MonitorPanel::resumeWanted, this, &TrainWorkspace::resumeRun);
    connect(m_monitor, &MonitorPanel::compareWanted, this,
            [this](qint64 run) { compareRun(run, QStringLiteral("best")); });
    connect(m_monitor, &MonitorPanel::startLikeWanted, m_actions[StartLike], &QAction::trigger);
    connect(m_monitor, &MonitorPanel::showRowsWanted, this, [this](const QString &search) {
        Q_EMIT goTo(QStringLiteral("data"), {{QStringLiteral("search"), search}});
    });
    connect(m_differences, &DifferencesPanel::compareWanted, this, &TrainWorkspace::compareRun);
    connect(m_differences, &DifferencesPanel::resumeWanted, this, &TrainWorkspace::resumeRun);
    connect(m_differences, &DifferencesPanel::exportWanted, this, &TrainWorkspace::exportRun);
    connect(m_form, &NewRunForm::startWanted, this, &TrainWorkspace::startRun);
    connect(m_form, &NewRunForm::closeWanted, this, [this] { showForm(false); });
    connect(m_form, &NewRunForm::goTo, this, &TrainWorkspace::goTo);
    const PlotFrame *frame = m_monitor->chart()->frame();
    connect(frame, &PlotFrame::saved, this, [this](const QString &path) {
        m_session.toast({tr("Saved %1").arg(path), Tone::Ok, {}});
    });
    connect(frame, &PlotFrame::saveFailed, this, [this](const QString &why) {
        m_session.report({ErrorCode::Io, toUtf8(why), {}});
    });
    m_form->installEventFilter(this);
    m_runs->list()->installEventFilter(this);
    connect(m_runs->list(), &QListView::clicked, this, [this] {
        if (m_tiny) // chosen: what it lies over is wanted
            showRuns(false);
    });
}

// --- where things stand ---

void TrainWorkspace::showForm(bool shown)
{
    m_wantsForm = shown;
    if (shown && m_tiny)
        m_runs->hide();
    arrange();
    updateActions();
    if (shown && m_visible)
        m_form->firstField()->setFocus(Qt::ShortcutFocusReason); // which selects what a search field holds
}

bool TrainWorkspace::formShown() const
{
    return m_wantsForm.value_or(m_book->loaded() && m_book->ids().isEmpty());
}

void TrainWorkspace::arrange()
{
    const bool narrow = width() < scaled(narrowBelow);
    const bool veryNarrow = width() < scaled(veryNarrowBelow);
    const bool tiny = width() < scaled(tinyBelow);
    m_runs->setNarrow(veryNarrow);
    m_monitor->setNarrow(veryNarrow);
    m_monitor->setShort(height() < scaled(lowBelow));
    if (tiny != m_tiny) {
        m_tiny = tiny;
        m_strip->setVisible(tiny);
        if (tiny) {
            m_runs->setParent(this); // over the monitor, when asked for
            m_runs->hide();
        } else {
            m_splitter->insertWidget(0, m_runs);
            m_runs->show();
            m_splitter->setSizes({scaled(runsWidth), scaled(660), scaled(rightWidth)});
        }
    }
    if (tiny && !m_runs->isHidden()) {
        m_runs->setGeometry(m_strip->width(), 0, std::min(scaled(runsWidth), width() - m_strip->width()), height());
        m_runs->raise();
    }
    const bool wasNarrow = m_narrow;
    if (narrow != m_narrow) {
        m_narrow = narrow;
        if (narrow) {
            m_monitor->tabs()->addTab(m_differences, tr("Differences"));
            m_form->setParent(this);
        } else {
            m_right->insertWidget(0, m_differences);
            m_right->addWidget(m_form);
        }
    }
    m_right->setVisible(!narrow);
    // When the text shrinks the list may be left with more than it can take, and the monitor with the rest.
    if (!tiny && m_splitter->sizes().value(0) > m_runs->maximumWidth()) {
        const int right = narrow ? 0 : scaled(rightWidth);
        m_splitter->setSizes({scaled(runsWidth), width() - scaled(runsWidth) - right, right});
    }
    const int wide = std::min(scaled(rightWidth), width());
    // Its sentence stands beside the form that lies over it.
    m_monitor->emptyState()->setContentsMargins(0, 0, narrow && formShown() ? wide : 0, 0);
    if (!narrow) {
        if (wasNarrow) // it had no room of its own
            m_splitter->setSizes({scaled(runsWidth), width() - scaled(runsWidth + rightWidth), scaled(rightWidth)});
        m_right->setCurrentWidget(formShown() ? static_cast<QWidget *>(m_form) : m_differences);
        return;
    }
    m_form->setVisible(formShown());
    m_form->setGeometry(width() - wide, 0, wide, height());
    m_form->raise();
}

void TrainWorkspace::resizeEvent(QResizeEvent *event)
{
    Workspace::resizeEvent(event);
    arrange();
}

bool TrainWorkspace::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_form && event->type() == QEvent::KeyPress &&
        static_cast<QKeyEvent *>(event)->key() == Qt::Key_Escape) {
        showForm(false);
        m_runs->list()->setFocus();
        return true;
    }
    if (watched == m_runs->list() && m_tiny && event->type() == QEvent::KeyPress &&
        static_cast<QKeyEvent *>(event)->key() == Qt::Key_Escape) {
        showRuns(false);
        m_monitor->chart()->frame()->setFocus(Qt::OtherFocusReason);
        return true;
    }
    return Workspace::eventFilter(watched, event);
}

void TrainWorkspace::updateEmpty()
{
    const bool none = m_book->loaded() && m_book->ids().isEmpty();
    const bool starting = m_job->isBusy();
    m_monitor->setEmpty(none && !starting);
    EmptyState *middle = m_monitor->emptyState();
    EmptyState *list = m_runs->emptyState();
    middle->setText(tr("No runs yet. Set the next run at the right, then watch it learn here."));
    list->setText(starting ? tr("The first run begins.") : tr("No runs yet."));
    arrange();
}

QWidget *TrainWorkspace::searchField()
{
    showRuns(true);
    m_runs->showSearch();
    return m_runs->searchField();
}

QList<QWidget *> TrainWorkspace::regions()
{
    QList<QWidget *> all = {m_monitor->chart()->frame()};
    if (!m_runs->isHidden())
        all.prepend(m_runs->list());
    all.append(formShown() ? m_form->firstField() : static_cast<QWidget *>(m_differences->table()));
    return all;
}

void TrainWorkspace::shown()
{
    m_visible = true;
    if (m_mark == QLatin1String("tick") || m_mark == QLatin1String("!")) {
        m_mark.clear();
        Q_EMIT markChanged(m_mark);
    }
    if (formShown() && m_book->ids().isEmpty())
        m_form->firstField()->setFocus();
    else if (m_runs->isHidden())
        m_monitor->chart()->frame()->setFocus();
    else
        m_runs->list()->setFocus();
}

void TrainWorkspace::open(const QVariantMap &with)
{
    const qint64 run = with.value(QStringLiteral("run")).toLongLong();
    if (run > 0) {
        selectRun(run);
        if (m_narrow)
            showForm(false);
    }
    if (with.value(QStringLiteral("new")).toBool())
        showForm(true);
    if (with.value(QStringLiteral("stop")).toBool())
        stopRun(MonitorPanel::Stop::AfterStep);
    if (with.value(QStringLiteral("resume")).toBool() && run > 0)
        resumeRun(run);
}

qint64 TrainWorkspace::current() const
{
    return m_runs->current();
}

void TrainWorkspace::selectRun(qint64 id)
{
    m_runs->setCurrent(id);
}

} // namespace attune::ui
