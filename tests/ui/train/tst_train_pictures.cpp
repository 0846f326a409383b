#include "train_fixture.h"

#include "core/studio/run_samples.h"
#include "ui/train/loss_chart.h"
#include "ui/train/new_run_form.h"
#include "ui/train/run_book.h"
#include "ui/train/run_tabs.h"
#include "ui/train/runs_panel.h"
#include "ui/train/samples_view.h"
#include "ui/train/train_workspace.h"

#include <QDateTime>

#include <cmath>
#include <set>

using namespace attune;
using namespace attune::ui;

namespace {

/// A curve as a real run has it: falling, with noise, validated every `every` steps.
void addCurve(Project &project, std::int64_t run, int steps, int total, double floor, int every)
{
    std::vector<Metric> metrics = {{0, "total_steps", double(total)}, {0, "steps_per_epoch", 128}};
    unsigned noise = 12345;
    for (int step = 1; step <= steps; ++step) {
        noise = noise * 1103515245U + 12345U;
        const double wobble = (double((noise >> 16) % 1000) / 1000 - 0.5) * 0.22;
        const double fall = std::exp(-step / 80.0);
        metrics.push_back({step, "loss", floor + (2.5 - floor) * fall + wobble});
        metrics.push_back(
            {step, "learning_rate", 2e-4 * (step < 20 ? step / 20.0 : 0.5 + 0.5 * std::cos(3.1416 * step / total))});
        metrics.push_back({step, "grad_norm", 0.5 + 1.5 * fall + std::abs(wobble)});
        metrics.push_back({step, "tokens_per_second", 860 + 200 * wobble});
        metrics.push_back({step, "memory_gib", 1.2 + 0.3 * (1 - fall)});
        metrics.push_back({step, "seconds", 1.1});
        if (step % every == 0)
            metrics.push_back({step, "validation_loss", floor + 0.12 + (2.2 - floor) * fall + 0.0002 * step});
    }
    QVERIFY(project.addMetrics(run, metrics));
}

std::int64_t addRun(Project &project, const std::string &name, int rank, RunState state,
                    const std::string &error = {})
{
    TrainSettings settings;
    settings.lora_r = rank;
    settings.lora_alpha = 2.0 * rank;
    settings.max_length = 512;
    Run run;
    run.name = name;
    run.settings = settings.toJson();
    run.model = "smollm2-135m-instruct";
    auto made = project.createRun(run);
    if (!made)
        qFatal("%s", made.error().message.c_str());
    made->state = state;
    made->error = error;
    made->pid = 1;
    made->heartbeat = double(QDateTime::currentSecsSinceEpoch()) + 1e6; // alive as long as the pictures take
    if (!project.updateRun(*made))
        qFatal("no run");
    return made->id;
}

void fillProject(Project &project)
{
    const auto first = addRun(project, "first try", 8, RunState::Finished);
    addCurve(project, first, 300, 300, 0.75, 50);
    const auto second = addRun(project, "r16 attention", 16, RunState::Finished);
    addCurve(project, second, 640, 640, 0.55, 64);
    const auto third = addRun(project, "lr 2e-3", 16, RunState::Failed,
                              "The loss is not a finite number at step 38 (rows 204, 911); the state before it is "
                              "kept: lower learning_rate or max_grad_norm, or look at these rows.");
    addCurve(project, third, 37, 640, 1.9, 64);
    const auto live = addRun(project, "r32 all linear", 32, RunState::Running);
    addCurve(project, live, 412, 640, 0.45, 32);
    for (const std::int64_t step : {352, 384}) {
        CheckpointInfo checkpoint;
        checkpoint.run = live;
        checkpoint.step = step;
        checkpoint.best = step == 352;
        checkpoint.validationLoss = 0.614;
        QVERIFY(project.saveCheckpoint(checkpoint, {"adapter", step == 384 ? "state" : ""}));
    }
    for (const std::int64_t step : {0, 128, 384}) {
        SamplesOfStep samples;
        samples.step = step;
        for (int row = 0; row < 4; ++row)
            samples.answers.push_back(
                {row + 1, "My lamp arrived with a cracked hinge and I would like my money back, order A-10482.",
                 "{\"intent\": \"refund_or_replace\", \"order\": \"A-10482\"}",
                 step == 0 ? "I am sorry to hear that your lamp arrived with a cracked hinge. Please tell me more"
                           : "{\"intent\": \"refund_or_replace\", \"order\": \"A-10482\"}",
                 step != 0, step == 384});
        const TrainLog log = toLog(samples);
        QVERIFY(project.addLog(live, log.level, log.text));
    }
    QVERIFY(project.addLog(live, "warning", "12 rows of the train part cut at max_length 512: 3548 tokens lost."));
    QVERIFY(project.setSetting("train.baseline", std::to_string(second)));
}

} // namespace

class TestTrainPictures : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }
    void eachStateIsDrawn_data()
    {
        QTest::addColumn<bool>("dark");
        QTest::addColumn<QSize>("size");
        QTest::newRow("light") << false << QSize(1368, 828); // the window less top bar, rail and status line
        QTest::newRow("dark") << true << QSize(1368, 828);
        QTest::newRow("light-small") << false << QSize(952, 628);
        QTest::newRow("dark-small") << true << QSize(952, 628);
    }
    void eachStateIsDrawn()
    {
        QFETCH(bool, dark);
        QFETCH(QSize, size);
        const QString folder = qEnvironmentVariable("ATTUNE_SHOTS");
        Theme::instance().setChoice(dark ? ThemeChoice::Dark : ThemeChoice::Light);
        OpenToy open;
        TrainWorkspace train(*open.session);
        train.resize(size);
        train.show();
        const auto shoot = [&](const char *name) {
            QTest::qWait(250);
            const QImage image = train.grab().toImage();
            std::set<QRgb> colours;
            for (int y = 0; y < image.height(); y += 5)
                for (int x = 0; x < image.width(); x += 5)
                    colours.insert(image.pixel(x, y));
            QVERIFY2(colours.size() > 8, name);
            if (!folder.isEmpty())
                QVERIFY(image.save(QStringLiteral("%1/train-%2-%3.png")
                                       .arg(folder, QLatin1String(name), QLatin1String(QTest::currentDataTag()))));
        };
        QTRY_COMPARE(train.form()->whyOff(), QString());
        shoot("empty");
        fillProject(*open.toy.project);
        QTRY_COMPARE(train.book().ids().size(), 4);
        train.runsPanel()->setCurrent(4);
        train.open({{QStringLiteral("run"), 4}});
        for (const qint64 run : {4, 2, 1})
            QVERIFY(train.book().setOverlay(run, true));
        QTRY_COMPARE(train.monitor()->tabs()->samples()->samples().size(), std::size_t(3));
        train.form()->setVisible(false);
        Q_EMIT train.form()->closeWanted();
        train.monitor()->chart()->setCrossStep(352);
        shoot("monitor");
        train.monitor()->tabs()->setCurrentIndex(3);
        shoot("settings");
        train.monitor()->tabs()->setCurrentIndex(0);
        train.runsPanel()->setCurrent(3);
        shoot("failed");
        train.runsPanel()->setCurrent(4);
        train.open({{QStringLiteral("new"), true}});
        train.form()->draft().setText(QStringLiteral("lora_r"), QStringLiteral("32"));
        shoot("form");
        train.form()->setAdvanced(true);
        train.form()->draft().setText(QStringLiteral("lora_dropout"), QStringLiteral("2"));
        train.form()->draft().setText(QStringLiteral("learning_rate"), QStringLiteral("2e-3"));
        shoot("advanced");
    }
};

QTEST_MAIN(TestTrainPictures)
#include "tst_train_pictures.moc"
