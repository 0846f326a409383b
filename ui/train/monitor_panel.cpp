#include "ui/train/monitor_panel.h"

#include "ui/theme/theme.h"
#include "ui/train/loss_chart.h"
#include "ui/train/run_list_model.h"
#include "ui/train/run_tabs.h"
#include "ui/train/small_plots.h"
#include "ui/train/training_job.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/panel_header.h"

#include <QLabel>
#include <QMenu>
#include <QProgressBar>
#include <QRegularExpression>
#include <QSplitter>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

namespace attune::ui {

MonitorPanel::MonitorPanel(Session &session, RunBook &book, TrainingJob &job, QWidget *parent)
    : QWidget(parent), m_session(session), m_book(book), m_job(job), m_head(new PanelHeader), m_badge(new Badge),
      m_bar(new QProgressBar), m_step(new QLabel), m_left(new ElidedLabel),
      m_resume(new KeyButton(tr("Resume"), KeyButton::Plain, "play")),
      m_compare(new KeyButton(tr("Compare"), KeyButton::Plain, "compare")),
      m_pause(new KeyButton(tr("Pause"), KeyButton::Plain, "pause")),
      m_stop(new KeyButton(tr("Stop"), KeyButton::Plain, "stop")), m_menu(new QMenu(this)),
      m_failure(new InlineNotice(Tone::Bad)), m_stack(new QStackedWidget), m_empty(new EmptyState("train")),
      m_chart(new LossChart(book)), m_small(new SmallPlots(book, *m_chart)), m_tabs(new RunTabs(session, book))
{
    makeHead();
    m_failure->hide();
    m_curves = new QWidget;
    auto *curvesLayout = new QVBoxLayout(m_curves);
    curvesLayout->setContentsMargins(0, 0, 0, 0);
    curvesLayout->setSpacing(0);
    curvesLayout->addWidget(m_failure);
    curvesLayout->addWidget(m_chart, 1);
    curvesLayout->addWidget(m_small);
    m_parts = new QSplitter(Qt::Vertical);
    m_parts->addWidget(m_curves);
    m_parts->addWidget(m_tabs);
    m_parts->setStretchFactor(0, 3);
    m_parts->setStretchFactor(1, 1);
    m_parts->setSizes({scaled(560), scaled(260)});
    m_parts->setChildrenCollapsible(false);
    m_stack->addWidget(m_empty);
    m_stack->addWidget(m_parts);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_head);
    layout->addWidget(m_stack, 1);

    connect(&book, &RunBook::changed, this, &MonitorPanel::update);
    connect(&book, &RunBook::historyChanged, this, [this](qint64 id) {
        if (id == m_run)
            update();
    });
    connect(&book, &RunBook::overlaysChanged, this, [this] { m_small->refresh(); });
    connect(&job, &TrainingJob::stateChanged, this, &MonitorPanel::update);
    connect(&job, &TrainingJob::progressed, this, [this] {
        if (m_job.state() == TrainingJob::State::Preparing)
            update();
    });
    connect(m_tabs, &RunTabs::startLikeWanted, this, [this] { Q_EMIT startLikeWanted(m_run); });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        fit();
        QTimer::singleShot(0, this, &MonitorPanel::fitHead); // once its parts have the text size of now
    });
    fit();
    update();
}

void MonitorPanel::makeHead()
{
    m_bar->setTextVisible(false);
    m_bar->setAccessibleName(tr("Steps done"));
    m_step->setProperty("mono", true);
    m_step->setObjectName(QStringLiteral("stepOfRun"));
    m_left->setProperty("caption", true);
    m_left->setObjectName(QStringLiteral("timeLeft"));
    m_head->addLeft(m_badge);
    m_head->addLeft(m_bar);
    m_head->addLeft(m_step);
    m_head->addLeft(m_left);
    m_resume->setObjectName(QStringLiteral("resumeButton"));
    m_pause->setObjectName(QStringLiteral("pauseButton"));
    m_pause->setToolTip(
        tr("Frees the processor and the model's memory, and keeps a checkpoint; Resume goes on from this "
           "step."));
    connect(m_pause, &QPushButton::clicked, this, [this] { Q_EMIT stopWanted(Stop::Pause); });
    m_stop->setObjectName(QStringLiteral("stopButton"));
    m_compare->setObjectName(QStringLiteral("compareButton"));
    auto *stops = new QMenu(m_stop);
    stops->addAction(tr("After this step, keep a checkpoint"), this, [this] { Q_EMIT stopWanted(Stop::AfterStep); });
    stops->addAction(tr("At the next validation"), this, [this] { Q_EMIT stopWanted(Stop::AtValidation); });
    stops->addSeparator();
    stops->addAction(tr("Stop and discard…"), this, [this] { Q_EMIT stopWanted(Stop::Discard); });
    m_stop->setMenu(stops);
    auto *more = new IconButton("more", tr("More for this run"));
    connect(more, &QToolButton::clicked, this, [this, more] {
        Q_EMIT menuWanted();
        m_menu->popup(more->mapToGlobal(QPoint(0, more->height())));
    });
    connect(m_resume, &QPushButton::clicked, this, [this] { Q_EMIT resumeWanted(m_run); });
    connect(m_compare, &QPushButton::clicked, this, [this] { Q_EMIT compareWanted(m_run); });
    for (KeyButton *button : {m_resume, m_pause, m_stop, m_compare})
        button->setAccessibleName(button->text()); // which it does not show everywhere
    m_head->addWidget(m_resume);
    m_head->addWidget(m_pause);
    m_head->addWidget(m_stop);
    m_head->addWidget(m_compare);
    m_head->addWidget(more);
}

void MonitorPanel::setRun(qint64 id)
{
    m_run = id;
    m_chart->setShown(id);
    m_tabs->setRun(id);
    m_small->refresh();
    update();
}

void MonitorPanel::setEmpty(bool empty)
{
    m_stack->setCurrentIndex(empty ? 0 : 1);
    update();
}

void MonitorPanel::showTrouble(qint64 run, const QString &why)
{
    m_troubled = run;
    m_trouble = why;
    update();
}

void MonitorPanel::setNarrow(bool narrow)
{
    if (narrow == m_narrow)
        return;
    m_narrow = narrow;
    m_small->setNarrow(narrow);
    m_parts->setSizes(narrow ? QList<int>{scaled(430), scaled(150)} : QList<int>{scaled(560), scaled(260)});
}

void MonitorPanel::setShort(bool low)
{
    if (low == m_short)
        return;
    m_short = low;
    if (low) {
        m_tabs->addTab(m_small, tr("Curves"));
    } else {
        m_curves->layout()->addWidget(m_small);
        m_small->show();
    }
    fit();
}

/// Sizes in the text size of now.
void MonitorPanel::fit()
{
    m_bar->setFixedSize(scaled(92), scaled(5));
    m_tabs->setMinimumHeight(scaled(m_short ? 100 : 120));
    m_curves->setMinimumHeight(scaled(m_short ? 170 : 260));
}

/// Where the head is narrow, what the run list or an icon says too goes first.
void MonitorPanel::fitHead()
{
    const QList<QPair<KeyButton *, QString>> buttons = {
        {m_resume, tr("Resume")}, {m_pause, tr("Pause")}, {m_stop, tr("Stop")}, {m_compare, tr("Compare")}};
    // A step changes nothing of it, so that it costs nothing.
    QString state = QStringLiteral("%1 %2 %3 %4 %5 %6")
                        .arg(width())
                        .arg(Theme::instance().textScale())
                        .arg(m_barWanted)
                        .arg(m_head->title(), m_badge->text())
                        .arg(m_step->text().size());
    for (const auto &[button, words] : buttons)
        state += button->isHidden() ? QLatin1Char('-') : QLatin1Char('+');
    if (state == m_fitted)
        return;
    m_fitted = state;
    for (const auto &[button, words] : buttons)
        button->setText(words);
    m_bar->setVisible(m_barWanted);
    m_step->setVisible(!m_step->text().isEmpty());
    const auto fits = [this] { return m_head->minimumSizeHint().width() <= width(); };
    if (!fits())
        m_bar->hide();
    if (!fits())
        for (const auto &[button, words] : buttons)
            button->setText({});
    if (!fits())
        m_step->hide();
}

void MonitorPanel::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    fitHead();
}

QString MonitorPanel::stateText() const
{
    return m_badge->text();
}

/// The run of this window before it exists in the project, or before it goes on.
void MonitorPanel::updatePreparing()
{
    const RunEntry *entry = m_book.entry(m_run);
    m_head->setTitle(entry ? entry->label() : tr("New run"));
    m_head->setCaption({});
    const bool stopping = m_job.state() == TrainingJob::State::Stopping;
    m_badge->set(stopping ? tr("stopping") : tr("starting"), Tone::Accent);
    m_bar->setRange(0, 100);
    m_bar->setValue(static_cast<int>(m_job.stageShare() * 100));
    m_step->setText({});
    m_left->setText(m_job.stage());
    m_badge->show();
    m_barWanted = true;
    m_left->show();
    m_stop->show();
    m_stop->setEnabled(!stopping);
    m_pause->hide();
    m_resume->hide();
    m_compare->hide();
    m_failure->hide();
    fitHead();
}

void MonitorPanel::update()
{
    const RunEntry *entry = m_book.entry(m_run);
    const bool own = m_job.isBusy() && m_job.run() == m_run;
    const bool preparing = m_job.isBusy() && m_job.step() == 0 &&
                           (m_job.state() == TrainingJob::State::Preparing || m_job.run() == 0) &&
                           (m_run == 0 || own || m_book.ownRun() == m_run);
    if (preparing) {
        updatePreparing();
        return;
    }
    if (!entry) {
        for (QWidget *widget : {static_cast<QWidget *>(m_badge), static_cast<QWidget *>(m_bar),
                                static_cast<QWidget *>(m_step), static_cast<QWidget *>(m_left),
                                static_cast<QWidget *>(m_resume), static_cast<QWidget *>(m_pause),
                                static_cast<QWidget *>(m_stop),
                                static_cast<QWidget *>(m_compare)})
            widget->hide();
        m_head->setTitle(tr("Monitor"));
        m_head->setCaption({});
        m_failure->hide();
        m_barWanted = false;
        m_fitted.clear(); // its parts are hidden
        return;
    }
    const RunHistory &history = entry->history;
    const RunStateText state = attune::ui::stateText(*entry, false);
    const bool running = entry->phase == RunPhase::Running;
    const bool stopping = own && m_job.state() == TrainingJob::State::Stopping;
    m_head->setTitle(entry->label());
    m_head->setCaption(entry->title() == entry->label() ? QString() : entry->name());
    const bool failed = entry->phase == RunPhase::Failed;
    m_badge->set(stopping ? tr("saving checkpoint") : failed ? tr("failed") : state.state, state.tone, state.icon);
    m_badge->setToolTip(failed ? fromUtf8(entry->run.error) : QString());
    const qint64 total = history.totalSteps();
    // What is shown already is not hidden and shown again at each step: the whole head would be laid out anew.
    m_badge->show();
    m_left->show();
    m_barWanted = running && total > 0;
    m_bar->setRange(0, static_cast<int>(std::max<qint64>(1, total)));
    m_bar->setValue(static_cast<int>(history.lastStep()));
    m_step->setText(total > 0 ? QStringLiteral("%1/%2").arg(history.lastStep()).arg(total)
                              : QString::number(history.lastStep()));
    m_step->setAccessibleName(tr("Step %1 of %2").arg(history.lastStep()).arg(total));
    const auto left = history.secondsLeft();
    const bool first = running && history.lastStep() == 0;
    if (first)
        m_step->setText({});
    const bool last = running && total > 0 && history.lastStep() >= total;
    m_left->setText(first             ? tr("answering the samples, then the first step")
                    : last            ? tr("the last validation")
                    : running && left ? tr("%1 left").arg(formatDuration(*left))
                    : !running && history.seconds() > 0 ? formatDuration(history.seconds())
                                                        : QString());
    m_pause->setVisible(running && own);
    m_pause->setEnabled(!stopping);
    m_stop->setVisible(running);
    m_stop->setEnabled(own && !stopping);
    m_stop->setToolTip(own ? QString() : tr("Another program trains this run; stop it there."));
    m_resume->setVisible(entry->canResume());
    m_resume->setEnabled(!m_job.isBusy() && !m_session.readOnly());
    m_resume->setToolTip(m_job.isBusy() ? tr("Another run trains now.") : QString());
    m_compare->setVisible(!running);
    m_compare->setEnabled(!entry->checkpoints.empty());
    fitHead();
    updateFailure(*entry);
}

void MonitorPanel::updateFailure(const RunEntry &entry)
{
    const bool troubled = m_troubled == entry.id() && !m_trouble.isEmpty();
    if (entry.phase != RunPhase::Failed || entry.run.error.empty()) {
        m_failure->show(Tone::Bad, troubled ? m_trouble : QString());
        return;
    }
    const QString error = fromUtf8(entry.run.error);
    InlineNotice::Links links = {{tr("Start like this"), [this] { Q_EMIT startLikeWanted(m_run); }}};
    // "(rows 204, 911)" leads to these rows.
    static const QRegularExpression rows(QStringLiteral("\\(rows ([0-9, ]+)"));
    const auto match = rows.match(error);
    if (match.hasMatch()) {
        QStringList words;
        for (const QString &number : match.captured(1).split(QLatin1Char(','), Qt::SkipEmptyParts))
            words << QLatin1Char('#') + number.trimmed();
        links.append({tr("Show row %1").arg(words.first()), [this, first = words.first()] {
                          Q_EMIT showRowsWanted(first);
                      }});
    }
    m_failure->show(Tone::Bad, error, links);
}

} // namespace attune::ui
