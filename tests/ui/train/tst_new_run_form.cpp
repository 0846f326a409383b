#include "train_fixture.h"

#include "core/store/labelling.h"
#include "core/studio/sample_project.h"
#include "ui/train/adapter_choice.h"
#include "ui/train/memory_section.h"
#include "ui/train/new_run_form.h"
#include "ui/train/run_book.h"
#include "ui/train/run_planner.h"
#include "ui/train/setting_field.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/inline_notice.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QStyleOptionComboBox>
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

    void theMemoryIsThatOfThePlan()
    {
        OpenToy open;
        Form f(open);
        const auto *memory = f.form.findChild<MemorySection *>();
        const auto *planner = f.form.findChild<RunPlanner *>();
        QTRY_VERIFY(planner->plan());
        QVERIFY2(*planner->plan(), planner->plan()->error().message.c_str());
        const auto shown = [&] {
            const RunPlan &plan = **planner->plan();
            const auto wanted = planRun(ToyProject::model(), f.form.draft().settings(), open.session->path());
            if (!wanted || plan.rowLength != wanted->rowLength || plan.rows != wanted->rows)
                return false;
            for (std::size_t i = 0; i < memoryParts; ++i)
                if (static_cast<attune::MemoryPart>(i) != attune::MemoryPart::Process && // of this moment
                    plan.device().plan.parts[i] != wanted->device().plan.parts[i])
                    return false;
            return memory->findChild<QLabel *>(QStringLiteral("memoryNeed"))
                ->text()
                .contains(QString::fromStdString(bytesText(plan.device().plan.total())));
        };
        QVERIFY(shown());
        // One change after another: what is shown in the end is the plan of the last.
        for (const char *rank : {"8", "64", "32", "48"})
            f.form.draft().setText(QStringLiteral("lora_r"), QString::fromLatin1(rank));
        QTRY_VERIFY(!planner->isBusy() && shown());
        open.toy.addRows(1, Part::Train, 50); // other rows, another plan
        QTRY_COMPARE((*planner->plan())->rows.value_or(0), std::size_t(11));
        QVERIFY(shown());
    }

    void aRunThatCanNotFitIsRefusedWithWhatWould()
    {
        OpenToy open;
        Form f(open);
        QTRY_VERIFY(f.start()->isEnabled());
        f.form.draft().setText(QStringLiteral("packing"), QStringLiteral("true"));
        f.form.draft().setText(QStringLiteral("max_length"), QStringLiteral("1048576"));
        f.form.draft().setText(QStringLiteral("per_device_train_batch_size"), QStringLiteral("4096"));
        QTRY_VERIFY_WITH_TIMEOUT(f.form.whyOff().startsWith(QStringLiteral("This run needs ")), 20000);
        QVERIFY(!f.start()->isEnabled());
        // The words of `attune train`.
        const auto *planner = f.form.findChild<RunPlanner *>();
        const auto refused = runTraining(f.form.request());
        QVERIFY(!refused && refused.error().code == ErrorCode::OutOfMemory);
        const QString ofTraining = QString::fromStdString(refused.error().message);
        // All but the figure: the memory that the process takes may have grown by what tips a rounding.
        const auto advice = [](const QString &text) {
            return text.section(QStringLiteral("; "), 1)
                .replace(QRegularExpression(QStringLiteral("[0-9.]+ GiB")), QStringLiteral("GiB"));
        };
        QCOMPARE(advice(f.form.whyOff()), advice(ofTraining));
        QVERIFY(advice(ofTraining).endsWith(QStringLiteral(" needs GiB.")));
        const auto *notice = f.form.findChild<InlineNotice *>(QStringLiteral("memoryNotice"));
        QCOMPARE(notice->text(), f.form.whyOff());

        QVERIFY((*planner->plan())->device().advice); // a single short row of the toy model fits anywhere
        notice->findChild<QPushButton *>()->click(); // Apply
        QTRY_VERIFY_WITH_TIMEOUT(!planner->isBusy() && f.start()->isEnabled(), 20000);
        QVERIFY((*planner->plan())->device().fit != RunFit::TooLarge);
    }

    void theWordOfAListIsNeverCut()
    {
        OpenToy open;
        Form f(open);
        QTRY_VERIFY(f.form.isReady());
        f.form.setAdvanced(true);
        for (const double scale : {1.0, 2.0}) {
            Theme::instance().setTextScale(scale);
            for (const SettingInfo &info : trainSettings()) {
                auto *list = qobject_cast<QComboBox *>(f.form.field(QString::fromLatin1(info.key))->control());
                for (int i = 0; list && i < list->count(); ++i) {
                    list->setCurrentIndex(i);
                    QStyleOptionComboBox option;
                    option.initFrom(list);
                    option.editable = false;
                    option.subControls = QStyle::SC_All;
                    const QRect room = list->style()->subControlRect(QStyle::CC_ComboBox, &option,
                                                                     QStyle::SC_ComboBoxEditField, list);
                    QVERIFY2(room.width() >= list->fontMetrics().horizontalAdvance(list->currentText()), info.key);
                }
            }
        }
        Theme::instance().setTextScale(1);
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
