#include "train_fixture.h"

#include "ui/train/loss_chart.h"
#include "ui/train/new_run_form.h"
#include "ui/train/run_book.h"
#include "ui/train/run_list_model.h"
#include "ui/train/run_tabs.h"
#include "ui/train/runs_panel.h"
#include "ui/train/samples_view.h"
#include "ui/train/train_workspace.h"
#include "ui/widgets/inline_notice.h"

#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QPushButton>

#include <unistd.h>

using namespace attune;
using namespace attune::ui;

namespace {

QVector<QPointF> lossOf(Project &project, std::int64_t run)
{
    QVector<QPointF> points;
    for (const Metric &metric : project.metrics(run).value_or(std::vector<Metric>{}))
        if (metric.name == "loss")
            points.append({double(metric.step), metric.value});
    return points;
}

QVector<QPointF> drawnBy(const TrainWorkspace &train)
{
    QVector<QPointF> points;
    if (const QCPGraph *graph = train.monitor()->chart()->rawGraph())
        for (const QCPGraphData &data : *graph->data())
            points.append({data.key, data.value});
    return points;
}

struct Window {
    explicit Window(OpenToy &open) : train(*open.session)
    {
        QObject::connect(open.session.get(), &Session::toasted, &train,
                         [this](const Toast &toast) { toasts.append(toast); });
        QObject::connect(&train, &Workspace::markChanged, &train,
                         [this](const QString &mark) { marks.append(mark); });
        train.resize(1368, 800);
        train.show();
    }
    void quickSettings(std::int64_t steps)
    {
        RunDraft &draft = train.form()->draft();
        const auto set = [&](const char *key, const QString &value) { draft.setText(QLatin1String(key), value); };
        set("lora_r", QStringLiteral("4"));
        set("learning_rate", QStringLiteral("5e-3"));
        set("max_steps", QString::number(steps));
        set("max_length", QStringLiteral("64"));
        set("eval_steps", QStringLiteral("4"));
        set("early_stopping_patience", QStringLiteral("0"));
    }
    void start() { QTest::keyClick(&train, Qt::Key_Return, Qt::ControlModifier); }
    const RunEntry *entry(qint64 id) { return train.book().entry(id); }
    TrainWorkspace train;
    QList<Toast> toasts;
    QStringList marks;
};

} // namespace

class TestTrainWorkspace : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }

    void aRunIsStartedWatchedAndComparedFromTheWindow()
    {
        OpenToy open;
        Window w(open);
        QTRY_VERIFY(w.train.form()->isVisible()); // no runs yet: the form is open
        QTRY_COMPARE(w.train.form()->whyOff(), QString());
        w.quickSettings(12);
        w.train.findChild<QAction *>(QStringLiteral("startRun"))->trigger();
        QTRY_VERIFY(w.entry(1) && w.entry(1)->phase == RunPhase::Finished);
        QTRY_COMPARE(w.entry(1)->history.lastStep(), qint64(12));
        QTRY_COMPARE(w.train.runsPanel()->current(), qint64(1));
        QTRY_COMPARE(drawnBy(w.train), lossOf(*open.toy.project, 1));
        QVERIFY(!drawnBy(w.train).isEmpty());
        QTRY_COMPARE(w.train.monitor()->tabs()->samples()->samples().size(), std::size_t(4)); // steps 0 4 8 12
        QVERIFY(w.train.monitor()->tabs()->log()->toPlainText().contains(QStringLiteral("10 rows to train on")));
        QVERIFY(w.marks.contains(QStringLiteral("dot")));
        QTRY_VERIFY(!w.toasts.isEmpty() && w.toasts.last().action == QLatin1String("Compare now"));
        QVERIFY(w.toasts.last().text.startsWith(QStringLiteral("Run 1 finished: validation ")));
        QSignalSpy gone(&w.train, &Workspace::goTo);
        w.toasts.last().act();
        QCOMPARE(gone.size(), 1);
        QCOMPARE(gone[0][0].toString(), QStringLiteral("compare"));
        QCOMPARE(gone[0][1].toMap().value(QStringLiteral("run")).toLongLong(), 1);
        QCOMPARE(gone[0][1].toMap().value(QStringLiteral("checkpoint")).toString(), QStringLiteral("best"));
    }

    void aRunIsStoppedAndGoesOn()
    {
        OpenToy open;
        Window w(open);
        QTRY_COMPARE(w.train.form()->whyOff(), QString());
        w.quickSettings(4000);
        w.train.form()->draft().setText(QStringLiteral("eval_steps"), QStringLiteral("2000"));
        w.train.form()->start();
        QTRY_VERIFY(w.train.job().step() > 2);
        QVERIFY(w.train.busyText().startsWith(QStringLiteral("Run 1 is training (")));
        QVERIFY(!w.train.form()->whyOff().isEmpty()); // one at a time
        auto *stop = w.train.findChild<QAction *>(QStringLiteral("stopRun"));
        QVERIFY(stop->isEnabled());
        stop->trigger();
        QTRY_VERIFY(w.entry(1) && w.entry(1)->phase == RunPhase::Stopped);
        const qint64 stoppedAt = w.entry(1)->history.lastStep();
        QTRY_COMPARE(w.entry(1)->resumeStep(), std::optional<qint64>(stoppedAt));
        QVERIFY(w.train.busyText().isEmpty());
        QTRY_COMPARE(w.train.monitor()->stateText(), QStringLiteral("stopped"));

        auto *resume = w.train.findChild<QAction *>(QStringLiteral("resumeRun"));
        QTRY_VERIFY(resume->isEnabled());
        resume->trigger();
        QTRY_VERIFY(w.train.job().step() > stoppedAt);
        bool closed = false;
        w.train.stopForClose([&] { closed = true; });
        QTRY_VERIFY(closed);
        QCOMPARE(open.toy.project->findRun("1")->state, RunState::Stopped);
        QTRY_COMPARE(drawnBy(w.train), lossOf(*open.toy.project, 1)); // without a gap and without a step twice
    }

    void aPausedRunSaysSoAndGoesOn()
    {
        OpenToy open;
        Window w(open);
        QTRY_COMPARE(w.train.form()->whyOff(), QString());
        w.quickSettings(4000);
        w.train.form()->draft().setText(QStringLiteral("eval_steps"), QStringLiteral("2000"));
        w.train.form()->start();
        auto *pause = w.train.findChild<QPushButton *>(QStringLiteral("pauseButton"));
        auto *resume = w.train.findChild<QPushButton *>(QStringLiteral("resumeButton"));
        QTRY_VERIFY(w.train.job().step() > 1);
        QTRY_VERIFY(pause->isVisible() && !resume->isVisible());
        pause->click();
        QTRY_COMPARE(w.train.monitor()->stateText(), QStringLiteral("paused"));
        QVERIFY(!pause->isVisible() && resume->isVisible());
        const qint64 pausedAt = w.entry(1)->history.lastStep();
        QTRY_VERIFY(resume->isEnabled());
        resume->click();
        QTRY_VERIFY(w.train.job().step() > pausedAt);
        w.train.findChild<QAction *>(QStringLiteral("stopRun"))->trigger();
        QTRY_COMPARE(w.train.monitor()->stateText(), QStringLiteral("stopped")); // that was no pause
    }

    void everySettingIsReachedByAnAction()
    {
        OpenToy open;
        Window w(open);
        QTRY_COMPARE(w.train.form()->whyOff(), QString());
        w.train.shown();
        w.train.findChild<QAction *>(QStringLiteral("allSettings"))->trigger();
        auto *search = w.train.findChild<QLineEdit *>(QStringLiteral("settingSearch"));
        QTRY_VERIFY(search->isVisible());
        QVERIFY(w.train.focusWidget() == search);
        QTest::keyClicks(search, QStringLiteral("max_steps"));
        QTest::keyClick(search, Qt::Key_Tab);
        QTest::keyClicks(w.train.focusWidget(), QStringLiteral("24"));
        QCOMPARE(w.train.form()->draft().settings().max_steps, std::int64_t(24));
    }

    void theCurveIsTheSameAfterClosingAndOpening()
    {
        OpenToy open;
        QVector<QPointF> before;
        {
            Window w(open);
            QTRY_COMPARE(w.train.form()->whyOff(), QString());
            w.quickSettings(8);
            w.train.form()->start();
            QTRY_VERIFY(w.entry(1) && w.entry(1)->phase == RunPhase::Finished);
            QTRY_COMPARE(drawnBy(w.train).size(), 8);
            before = drawnBy(w.train);
        }
        open.close();
        open.open();
        Window w(open);
        QTRY_COMPARE(drawnBy(w.train), before);
        QVERIFY(!w.train.form()->isVisible());
    }

    void aRunThatWasCutOffIsOfferedAndGoesOn()
    {
        OpenToy open;
        TrainRequest request = open.toy.request("killed");
        QVERIFY(runTraining(request));
        auto run = *open.toy.project->findRun("killed"); // as a kill would leave it, before its last steps
        run.state = RunState::Running;
        run.pid = 1 << 30;
        run.heartbeat = 0;
        QVERIFY(open.toy.project->updateRun(run));
        open.close();
        open.open();
        Window w(open);
        auto *notice = w.train.findChild<QWidget *>(QStringLiteral("cutOffNotice"));
        QTRY_VERIFY(notice->isVisible());
        QTRY_VERIFY(!w.toasts.isEmpty());
        QVERIFY(w.toasts.last().text.contains(QStringLiteral("cut off")));
        QCOMPARE(w.train.runsPanel()->model()->index(0).data(RunListModel::StateRole).toString(),
                 QStringLiteral("cut off"));
        w.toasts.last().act();
        QTRY_VERIFY(w.entry(1)->phase == RunPhase::Finished);
        QVERIFY(!notice->isVisible());
    }

    void aRunThatFailsSaysWhyAndMarksTheRail()
    {
        OpenToy open;
        Window w(open);
        QTRY_COMPARE(w.train.form()->whyOff(), QString());
        w.train.hide(); // another page is shown
        w.quickSettings(8);
        TrainRequest request = w.train.form()->request();
        request.settings.quantization = "nf4";
        request.model = "no-such-model";
        Q_EMIT w.train.form()->startWanted(request);
        QTRY_VERIFY(w.marks.contains(QStringLiteral("!")));
        QVERIFY(!w.toasts.isEmpty());
        QVERIFY(open.toy.project->runs()->empty());
        // The form says it, and goes on saying it until something is changed.
        auto *reason = w.train.form()->findChild<QLabel *>(QStringLiteral("whyOff"));
        w.train.show();
        QTRY_VERIFY(!w.train.job().isBusy() && w.train.form()->whyOff().isEmpty());
        w.train.book().refresh();
        QTest::qWait(50);
        QVERIFY(reason->isVisible());
        QVERIFY(reason->text().contains(QStringLiteral("no-such-model")));
        w.train.form()->draft().setText(QStringLiteral("lora_r"), QStringLiteral("2"));
        QVERIFY(!reason->isVisible());
    }

    /// As on a full disk.
    void aRunThatCouldNotWriteItsEndCanGoOn()
    {
        OpenToy open;
        const auto id = open.addRun("one", 10, RunState::Running);
        auto run = open.toy.project->findRun(std::to_string(id));
        QVERIFY(run);
        run->pid = ::getpid();
        QVERIFY(open.toy.project->updateRun(*run));
        RunBook book(*open.session);
        book.setOwnRun(id);
        QTRY_VERIFY(book.entry(id));
        QCOMPARE(book.entry(id)->phase, RunPhase::Running);
        book.ownRunEnded();
        QTRY_COMPARE(book.entry(id)->phase, RunPhase::CutOff);
        QVERIFY(book.entry(id)->canResume());
    }

    void aRunThatCannotGoOnSaysWhy()
    {
        OpenToy open;
        Run run;
        run.name = "one";
        run.settings = TrainSettings{}.toJson();
        run.modelPath = run.model = "/no/such/model";
        auto made = open.toy.project->createRun(run);
        QVERIFY(made);
        open.addSteps(made->id, 1, 10);
        made->state = RunState::Stopped;
        QVERIFY(open.toy.project->updateRun(*made));
        Window w(open);
        QTRY_COMPARE(w.train.runsPanel()->current(), qint64(1));
        w.train.findChild<QAction *>(QStringLiteral("resumeRun"))->trigger();
        QTRY_VERIFY(!w.train.job().isBusy());
        const auto notices = w.train.monitor()->findChildren<InlineNotice *>();
        QTRY_VERIFY(std::any_of(notices.begin(), notices.end(), [](const InlineNotice *notice) {
            return notice->isVisible() && notice->text().contains(QStringLiteral("/no/such/model"));
        }));
        QTRY_COMPARE(w.train.monitor()->stateText(), QStringLiteral("stopped"));
    }

    void keysOfTheListOverlayRenameAndDelete()
    {
        OpenToy open;
        const auto first = open.addRun("one", 10);
        open.addRun("two", 10);
        Window w(open);
        QTRY_COMPARE(w.train.runsPanel()->current(), qint64(2));
        QListView *list = w.train.runsPanel()->list();
        w.train.activateWindow();
        list->setFocus();
        QTRY_VERIFY(list->hasFocus());
        QTest::keyClick(list, Qt::Key_Down);
        QCOMPARE(w.train.monitor()->run(), first);
        QTest::keyClick(list, Qt::Key_O);
        QVERIFY(w.train.book().overlaySlot(first) >= 0);
        QTest::keyClick(list, Qt::Key_O);
        QCOMPARE(w.train.book().overlaySlot(first), -1);
        QTest::keyClick(list, Qt::Key_Delete);
        QVERIFY(!w.entry(first));
        QVERIFY(!w.toasts.isEmpty());
        QCOMPARE(w.toasts.last().action, QStringLiteral("Undo"));
        w.toasts.last().act();
        QVERIFY(w.entry(first));
    }

    void everyControlHasANameAndEveryActionToo()
    {
        OpenToy open;
        open.addRun("one", 10);
        Window w(open);
        QTRY_COMPARE(w.train.runsPanel()->current(), qint64(1));
        w.train.open({{QStringLiteral("new"), true}});
        const QList<QWidget *> widgets = w.train.findChildren<QWidget *>();
        for (const QWidget *widget : widgets) {
            // A label's text is its name; the popups of lists are Qt's own.
            if (widget->focusPolicy() == Qt::NoFocus || qobject_cast<const QLabel *>(widget) ||
                widget->window() != &w.train || widget->objectName().startsWith(QLatin1String("qt_")))
                continue;
            const auto *button = qobject_cast<const QAbstractButton *>(widget);
            const bool named = !widget->accessibleName().isEmpty() || (button && !button->text().isEmpty());
            QVERIFY2(named,
                     qPrintable(QStringLiteral("%1 %2 in %3")
                                    .arg(QLatin1String(widget->metaObject()->className()), widget->objectName(),
                                         QLatin1String(widget->parentWidget()->metaObject()->className()))));
        }
        for (const WorkspaceAction &action : w.train.workspaceActions()) {
            QVERIFY(!action.action->objectName().isEmpty());
            QVERIFY(!action.action->text().isEmpty());
        }
    }

    void aNarrowWindowKeepsEverythingInReach()
    {
        OpenToy open;
        open.addRun("one", 10);
        Window w(open);
        QTRY_COMPARE(w.train.runsPanel()->current(), qint64(1));
        w.train.resize(952, 620);
        QCOMPARE(w.train.monitor()->tabs()->count(), 5); // differences came there
        w.train.open({{QStringLiteral("new"), true}});
        QVERIFY(w.train.form()->isVisible());
        w.train.resize(1368, 800);
        QCOMPARE(w.train.monitor()->tabs()->count(), 4);
        QVERIFY(w.train.form()->isVisible());
    }
};

QTEST_MAIN(TestTrainWorkspace)
#include "tst_train_workspace.moc"
