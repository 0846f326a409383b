#include "train_fixture.h"

#include "core/store/labelling.h"
#include "core/studio/sample_project.h"
#include "ui/train/adapter_choice.h"
#include "ui/train/new_run_form.h"
#include "ui/train/run_book.h"
#include "ui/train/setting_field.h"
#include "ui/widgets/chip.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTemporaryDir>

using namespace attune;
using namespace attune::ui;

namespace {

struct Form {
    explicit Form(OpenToy &open) : book(*open.session), form(*open.session, book)
    {
        form.resize(396, 800);
        form.show();
    }
    QPushButton *start() { return form.findChild<QPushButton *>(QStringLiteral("startButton")); }
    RunBook book;
    NewRunForm form;
};

} // namespace

class TestNewRunForm : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }

    void everySettingOfTheTableHasAFieldWithItsDefault()
    {
        OpenToy open;
        Form f(open);
        QTRY_VERIFY(f.form.isReady());
        for (const SettingInfo &info : trainSettings()) {
            const SettingField *field = f.form.field(QString::fromLatin1(info.key));
            QVERIFY2(field, info.key);
            QCOMPARE(field->control()->accessibleName(), QString::fromLatin1(info.key));
            QVERIFY(!field->control()->toolTip().isEmpty());
            const QString value = QString::fromStdString(f.form.draft().settings().get(info.key));
            if (const auto *line = qobject_cast<QLineEdit *>(field->control()))
                QCOMPARE(line->text(), value);
            else if (const auto *list = qobject_cast<QComboBox *>(field->control()))
                QCOMPARE(list->currentText(), value);
            else
                QCOMPARE(qobject_cast<QCheckBox *>(field->control())->isChecked(), value == QLatin1String("true"));
        }
    }

    void whatIsTypedInAFieldIsInTheRequest()
    {
        OpenToy open;
        Form f(open);
        QTRY_VERIFY(f.form.isReady());
        f.form.setAdvanced(true);
        auto *rank = qobject_cast<QLineEdit *>(f.form.field(QStringLiteral("lora_r"))->control());
        rank->selectAll();
        QTest::keyClicks(rank, QStringLiteral("4"));
        auto *half = qobject_cast<QCheckBox *>(f.form.field(QStringLiteral("shuffle"))->control());
        half->toggle();
        auto *list = qobject_cast<QComboBox *>(f.form.field(QStringLiteral("quantization"))->control());
        list->setCurrentText(QStringLiteral("none"));
        const TrainRequest request = f.form.request();
        QCOMPARE(request.settings.lora_r, std::int64_t(4));
        QCOMPARE(request.settings.shuffle, false);
        QCOMPARE(request.settings.quantization, std::string("none"));
        QCOMPARE(request.model, ToyProject::model().string());
        QCOMPARE(f.form.draft().changedKeys().size(), 3);
    }

    void aRunCanStartFromAnAdapterFolder()
    {
        OpenToy open;
        Form f(open);
        QTRY_VERIFY(f.form.isReady());
        Adapter adapter;
        adapter.config.r = 2;
        adapter.config.alpha = 6;
        adapter.config.targets = *TargetModules::parse("q_proj");
        adapter.config.rslora = true;
        adapter.pairs[{0, Projection::Q}] = {4, 4, std::vector<float>(8, 0.5F), std::vector<float>(8, 0.5F), {}};
        const QTemporaryDir folder;
        QVERIFY(writePeftAdapter(folder.path().toStdString(), adapter));
        auto *choice = f.form.findChild<AdapterChoice *>(QStringLiteral("adapterChoice"));
        auto *chip = f.form.findChild<Chip *>(QStringLiteral("adapter"));
        QVERIFY(choice && chip && !chip->isVisible());
        choice->choose(folder.path());
        QTRY_VERIFY(chip->isVisible());
        TrainRequest request = f.form.request();
        QCOMPARE(request.initAdapter, std::filesystem::path(folder.path().toStdString()));
        QCOMPARE(request.settings.lora_r, std::int64_t(2));
        QCOMPARE(request.settings.lora_alpha, 6.0);
        QCOMPARE(request.settings.target_modules, std::string("q_proj"));
        QVERIFY(request.settings.use_rslora);

        // What is no adapter is refused in place, and what was chosen stays.
        const QTemporaryDir none;
        choice->choose(none.path());
        auto *refusal = f.form.findChild<QLabel *>(QStringLiteral("adapterRefusal"));
        QTRY_VERIFY(refusal->isVisible() && !refusal->text().isEmpty());
        QVERIFY(!f.form.request().initAdapter.empty());

        QTest::keyClick(chip, Qt::Key_Delete);
        QVERIFY(f.form.request().initAdapter.empty());
        QCOMPARE(f.form.request().settings.lora_r, TrainSettings{}.lora_r);
        QVERIFY(f.form.draft().changedKeys().isEmpty());
    }

    void aValueOutOfRangeIsSaidUnderItsFieldAndKeepsStartOff()
    {
        OpenToy open;
        Form f(open);
        QTRY_VERIFY(f.start()->isEnabled());
        f.form.setAdvanced(true);
        const SettingField *field = f.form.field(QStringLiteral("lora_dropout"));
        auto *line = qobject_cast<QLineEdit *>(field->control());
        line->selectAll();
        QTest::keyClicks(line, QStringLiteral("2"));
        QCOMPARE(field->message(), QStringLiteral("lora_dropout: a number, 0 to 0.95"));
        QVERIFY(!f.start()->isEnabled());
        QVERIFY(f.start()->toolTip().contains(QStringLiteral("lora_dropout")));
        QSignalSpy wanted(&f.form, &NewRunForm::startWanted);
        f.form.start();
        QCOMPARE(wanted.size(), 0);
        line->selectAll();
        QTest::keyClicks(line, QStringLiteral("0.1"));
        QVERIFY(field->message().isEmpty());
        QVERIFY(f.start()->isEnabled());
        f.form.start();
        QCOMPARE(wanted.size(), 1);
    }

    void whyThereIsNothingToTrainOnIsSaid()
    {
        OpenToy none(false);
        Form empty(none);
        QTRY_VERIFY(empty.form.whyOff().contains(QStringLiteral("Import some first")));
        OpenToy test(false);
        test.toy.addRows(3, Part::Test);
        Form tests(test);
        QTRY_VERIFY(tests.form.whyOff().contains(QStringLiteral("all 3 are validation or test rows")));
        OpenToy rejected(false);
        rejected.toy.addRows(3, Part::Train);
        const std::vector<ExampleEdit> edits = {{.id = 1, .state = LabelState::Rejected},
                                                {.id = 2, .state = LabelState::Rejected},
                                                {.id = 3, .state = LabelState::Rejected}};
        QVERIFY(Labelling(*rejected.toy.project).apply("Reject", edits));
        Form left(rejected);
        QTRY_VERIFY(left.form.whyOff().contains(QStringLiteral("3 are rejected")));
    }

    void bothViewsShowOneDraft()
    {
        OpenToy open;
        Form f(open);
        QTRY_VERIFY(f.form.isReady());
        auto *simple = f.form.findChild<SettingField *>(QStringLiteral("simple_learning_rate"));
        auto *line = qobject_cast<QLineEdit *>(simple->control());
        line->selectAll();
        QTest::keyClicks(line, QStringLiteral("2e-3"));
        QCOMPARE(qobject_cast<QLineEdit *>(f.form.field(QStringLiteral("learning_rate"))->control())->text(),
                 QStringLiteral("2e-3"));
        QVERIFY(simple->message().contains(QStringLiteral("10 times"))); // odd, and legal
        QTRY_VERIFY(f.start()->isEnabled());
    }

    void theSearchLeavesWhatItFinds()
    {
        OpenToy open;
        Form f(open);
        QTRY_VERIFY(f.form.isReady());
        f.form.setAdvanced(true);
        auto *search = f.form.findChild<QLineEdit *>(QStringLiteral("settingSearch"));
        QTest::keyClicks(search, QStringLiteral("warmup"));
        QVERIFY(f.form.field(QStringLiteral("warmup_ratio"))->isVisible());
        QVERIFY(!f.form.field(QStringLiteral("lora_r"))->isVisible());
    }

    void theLongestRowIsTheOneOfTheSession()
    {
        OpenToy open;
        Form f(open);
        QTRY_VERIFY(f.form.isReady());
        open.session->setMaxLength(96);
        QTRY_COMPARE(f.form.draft().settings().max_length, std::int64_t(96));
        f.form.draft().setText(QStringLiteral("max_length"), QStringLiteral("128"));
        QTRY_COMPARE(open.session->maxLength(), std::int64_t(128));
    }

    void withoutRowsStartIsOffAndSaysWhy()
    {
        OpenToy open(false);
        Form f(open);
        QTRY_VERIFY(f.form.isReady());
        QTRY_VERIFY(f.form.whyOff().contains(QStringLiteral("no rows to train on")));
        QVERIFY(!f.start()->isEnabled());
        open.toy.addRows(3, Part::Train);
        QTRY_VERIFY(f.start()->isEnabled());
    }

    void aModelThatIsNotThereKeepsStartOff()
    {
        OpenToy open;
        open.session->setBaseModel(QStringLiteral("no-such-model"));
        Form f(open);
        QTRY_VERIFY(!open.session->encoderError().isEmpty());
        QTRY_COMPARE(f.form.whyOff(), open.session->encoderError());
    }

    void theSampleProjectStartsWithItsOwnSettings()
    {
        OpenToy open;
        QVERIFY(open.toy.project->setSetting("sample", "1"));
        open.close();
        open.open();
        Form f(open);
        QTRY_VERIFY(f.form.isReady());
        const TrainSettings demo = demoSettings();
        QCOMPARE(f.form.draft().settings().learning_rate, demo.learning_rate);
        QVERIFY(f.form.draft().changedKeys().isEmpty());
    }

    void anEarlierRunCanBeTheStart()
    {
        OpenToy open;
        Run run;
        TrainSettings settings;
        settings.lora_r = 7;
        run.settings = settings.toJson();
        run.model = ToyProject::model().string();
        run.state = RunState::Finished;
        const auto made = open.toy.project->createRun(run);
        QVERIFY(made);
        Form f(open);
        QTRY_VERIFY(f.book.entry(made->id));
        QTRY_VERIFY(f.form.isReady());
        f.form.startLike(*f.book.entry(made->id));
        QCOMPARE(f.form.draft().settings().lora_r, std::int64_t(7));
        QVERIFY(f.form.draft().changedKeys().isEmpty());
    }
};

QTEST_MAIN(TestNewRunForm)
#include "tst_new_run_form.moc"
