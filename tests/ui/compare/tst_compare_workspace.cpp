#include "compare_scene.h"

#include "ui/compare/answer_view.h"
#include "ui/compare/model_picker.h"
#include "ui/compare/picker_popup.h"
#include "ui/compare/prompt_box.h"
#include "ui/compare/prompt_panel.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/segmented_control.h"

#include <QAbstractSpinBox>
#include <QAction>
#include <QClipboard>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>

#include <future>

using namespace attune;
using namespace attune::ui;

class TestCompareWorkspace : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aComparisonIsDrivenByKeysAlone()
    {
        CompareScene scene;
        const auto &columns = scene.workspace->comparison().columns();
        QCOMPARE(columns.size(), std::size_t(2));
        QVERIFY(columns[0].answerer && columns[0].answerer->run == 0);
        QVERIFY(columns[1].answerer && columns[1].answerer->run == 1);
        auto *box = scene.find<PromptBox>("promptBox");
        scene.find<QSpinBox>("maxNew")->setValue(16);

        // The prompt box has the focus: type and ask.
        scene.type(QStringLiteral("Where is order #104? j k e"));
        QCOMPARE(box->text(), QStringLiteral("Where is order #104? j k e")); // letters are text while typing
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(scene.workspace->comparison().busy());
        QVERIFY(scene.answered());
        QVERIFY(box->text().isEmpty());
        auto *first = scene.inColumn<AnswerView>(0, "answer");
        auto *second = scene.inColumn<AnswerView>(1, "answer");
        QCOMPARE(first->answer(), QString::fromStdString(columns[0].lastAnswer()));
        QCOMPARE(second->toPlainText(), QString::fromStdString(columns[1].lastAnswer()));
        QVERIFY(first->answer() != second->answer());
        QVERIFY(scene.inColumn<QLabel>(1, "figures")->text().contains(QStringLiteral("16 tok")));

        // Word diff on: what only the base says is struck, what only the run says is marked.
        scene.key(Qt::Key_D, Qt::ControlModifier);
        QTRY_VERIFY(!first->pieces().isEmpty() && !second->pieces().isEmpty());
        QString same;
        QString before;
        QString after;
        for (const DiffPiece &piece : second->pieces()) {
            before += piece.kind != DiffPiece::Added ? piece.text : QString();
            after += piece.kind != DiffPiece::Removed ? piece.text : QString();
        }
        QCOMPARE(before, first->answer());
        QCOMPARE(after, second->answer());
        QCOMPARE(second->toPlainText(), second->answer()); // removed words stand in column 1
        scene.key(Qt::Key_D, Qt::ControlModifier);
        QVERIFY(second->pieces().isEmpty());

        // A second question goes on with the conversation.
        scene.key(Qt::Key_E);
        QVERIFY(scene.find<AutoTextEdit>("promptField")->hasFocus());
        scene.type(QStringLiteral("And #105?"));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(scene.answered());
        QCOMPARE(columns[1].conversation.size(), std::size_t(4));
        QVERIFY(second->toPlainText().contains(QStringLiteral("And #105?")));

        // Columns by number, and a new conversation.
        scene.key(Qt::Key_2, Qt::AltModifier);
        QVERIFY(second->hasFocus());
        scene.key(Qt::Key_N, Qt::ControlModifier);
        QVERIFY(columns[0].conversation.empty());
        QVERIFY(scene.find<QWidget>("questionCard")->isHidden());
    }

    void aFullStopStopsAll()
    {
        CompareScene scene;
        scene.find<QSpinBox>("maxNew")->setValue(200);
        scene.type(QStringLiteral("Tell me everything"));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        const auto &columns = scene.workspace->comparison().columns();
        QVERIFY(QTest::qWaitFor([&] { return columns[0].state == AnswerState::Streaming || !columns[0].busy(); },
                                5000 * Patience));
        scene.key(Qt::Key_Period);
        QVERIFY(scene.answered());
        for (const CompareColumn &column : columns)
            QVERIFY(column.state == AnswerState::Stopped || column.figures.finish == "eos");
    }

    void aRowIsAskedAndJudgedByItsReference()
    {
        CompareScene scene;
        scene.find<QSpinBox>("maxNew")->setValue(8);
        scene.key(Qt::Key_Escape); // out of the prompt box, to the prompts
        auto *list = scene.find<QListView>("promptList");
        QVERIFY(list->hasFocus());
        QCOMPARE(list->model()->rowCount(), 5);
        scene.key(Qt::Key_J);
        scene.key(Qt::Key_J);
        scene.key(Qt::Key_K);
        QCOMPARE(list->currentIndex().row(), 0);
        QVERIFY(list->selectionModel()->hasSelection());
        auto *text = scene.find<AutoTextEdit>("questionText");
        QTRY_COMPARE(text->toPlainText(), QStringLiteral("validation order #100"));
        QVERIFY(scene.find<QLabel>("questionCaption")->text().startsWith(QStringLiteral("prompt 1 of 5")));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(scene.answered());
        auto *fields = scene.inColumn<Badge>(1, "fieldsBadge");
        QVERIFY(fields->isVisible());
        QCOMPARE(fields->text(), QStringLiteral("0 of 2 fields"));
        QCOMPARE(scene.inColumn<Badge>(1, "jsonBadge")->text(), QStringLiteral("not valid JSON"));
        QVERIFY(!scene.workspace->comparison().columns()[0].lastAnswer().empty());

        // Held against the reference, the difference is that to the reference.
        scene.key(Qt::Key_D, Qt::ControlModifier);
        auto *against = scene.find<QComboBox>("against");
        QVERIFY(against->isVisible());
        against->setCurrentIndex(1);
        Q_EMIT against->activated(1);
        auto *answer = scene.inColumn<AnswerView>(1, "answer");
        const auto beforeText = [&] {
            QString before;
            for (const DiffPiece &piece : answer->pieces())
                before += piece.kind != DiffPiece::Added ? piece.text : QString();
            return before;
        };
        QTRY_COMPARE(beforeText(), QStringLiteral("{\"intent\": \"late\", \"order\": 100}"));

        // The list knows that the answers differ, and a later look at the prompt shows them again.
        auto *panel = scene.find<PromptPanel>("prompts");
        QTRY_COMPARE(panel->model()->differing(), qint64(1));
        const QString was = answer->answer();
        scene.key(Qt::Key_J);
        QTRY_COMPARE(text->toPlainText(), QStringLiteral("validation order #101"));
        QVERIFY(scene.workspace->comparison().columns()[1].conversation.empty());
        scene.key(Qt::Key_K);
        QTRY_COMPARE(answer->answer(), was);
        scene.find<SegmentedControl>("promptFilter")->setCurrent(1);
        QCOMPARE(list->model()->rowCount(), 1);
    }

    /// The lock promises it: what the dice give is the seed's alone.
    void equalSeedsGiveEqualAnswers()
    {
        CompareScene scene;
        scene.find<QSpinBox>("maxNew")->setValue(24);
        scene.find<QDoubleSpinBox>("temperature")->setValue(1.5);
        const auto ask = [&](const char *seed) {
            scene.find<QLineEdit>("seed")->setText(QString::fromLatin1(seed));
            scene.key(Qt::Key_N, Qt::ControlModifier);
            scene.key(Qt::Key_E);
            scene.type(QStringLiteral("Say anything"));
            scene.key(Qt::Key_Return, Qt::ControlModifier);
            std::vector<std::string> answers;
            if (scene.answered())
                for (const CompareColumn &column : scene.workspace->comparison().columns())
                    answers.push_back(column.lastAnswer());
            return answers;
        };
        const auto first = ask("7");
        QVERIFY(first.size() == 2 && !first[0].empty() && !first[1].empty());
        const auto other = ask("8");
        QVERIFY(other.size() == 2 && other[0] != first[0] && other[1] != first[1]);
        QCOMPARE(ask("7"), first);
    }

    void transcriptsAreReopened()
    {
        CompareScene scene;
        scene.find<QSpinBox>("maxNew")->setValue(6);
        scene.find<QLineEdit>("seed")->setText(QStringLiteral("7"));
        scene.type(QStringLiteral("First question"));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(scene.answered());
        const std::string first = scene.workspace->comparison().columns()[1].lastAnswer();
        scene.key(Qt::Key_E);
        scene.type(QStringLiteral("Going on"));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(scene.answered());
        const auto kept = scene.workspace->comparison().columns()[1].conversation;
        QTRY_COMPARE(scene.toy.project->transcripts()->size(), std::size_t(1)); // one conversation, one transcript

        scene.open(); // as after a restart
        QCOMPARE(scene.find<QSpinBox>("maxNew")->value(), 6);
        scene.key(Qt::Key_H, Qt::ControlModifier);
        auto *popup = scene.find<PickerPopup>("transcripts");
        QTRY_VERIFY(popup->isVisible());
        QTRY_COMPARE(popup->count(), 1);
        QCOMPARE(popup->list()->model()->index(0, 0).data().toString(), QStringLiteral("First question"));
        QTest::keyClick(popup->list(), Qt::Key_Return);
        const auto &columns = scene.workspace->comparison().columns();
        QTRY_COMPARE(columns[1].conversation, kept);
        QCOMPARE(columns[1].conversation[1].content, first);
        QCOMPARE(scene.find<QLineEdit>("seed")->text(), QStringLiteral("7"));
        QCOMPARE(scene.inColumn<AnswerView>(1, "answer")->answer(), QString::fromStdString(kept.back().content));
    }

    void theListOfTranscriptsIsFilledWhereItWasOpenedTooSoon()
    {
        CompareScene scene;
        scene.type(QStringLiteral("A question"));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(scene.answered());
        QTRY_COMPARE(scene.toy.project->transcripts()->size(), std::size_t(1));

        CompareWorkspace early(*scene.session); // nothing is read before the loop of events turns
        early.show();
        auto *popup = early.findChild<PickerPopup *>(QStringLiteral("transcripts"));
        early.findChild<QAction *>(QStringLiteral("compare.transcripts"))->trigger();
        QCOMPARE(popup->count(), 0);
        QTRY_COMPARE(popup->count(), 1);
    }

    void anAnswerBeforeTheLastIsKeptIsOfTheSameTranscript()
    {
        CompareScene scene;
        std::promise<void> goOn;
        scene.session->change<bool>(
            scene.workspace.get(),
            [wait = goOn.get_future().share()](Project &) -> Result<bool> {
                wait.wait();
                return true;
            },
            [](const Result<bool> &) {});
        scene.type(QStringLiteral("First question"));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        const bool first = scene.answered();
        scene.key(Qt::Key_E);
        scene.type(QStringLiteral("Going on"));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        const bool second = scene.answered();
        goOn.set_value();
        QVERIFY(first && second);
        QTRY_VERIFY(scene.session->idle());
        QCOMPARE(scene.toy.project->transcripts()->size(), std::size_t(1));
        scene.find<QAction>("compare.transcripts")->trigger();
        QCOMPARE(scene.find<PickerPopup>("transcripts")->count(), 1);
    }

    void compareNowOpensBaseAndRun()
    {
        CompareScene scene;
        scene.train("run-2");
        scene.workspace->open({{QStringLiteral("run"), 2}, {QStringLiteral("checkpoint"), QStringLiteral("best")}});
        const auto &columns = scene.workspace->comparison().columns();
        QTRY_VERIFY(columns[1].answerer && columns[1].answerer->run == 2);
        QCOMPARE(columns[0].answerer->run, std::int64_t(0));
        QVERIFY(
            scene.inColumn<ModelPicker>(1, "modelPicker2")->accessibleName().contains(QStringLiteral("Run 2 best")));

        // Another checkpoint by the picker, with keys.
        auto *picker = scene.inColumn<ModelPicker>(1, "modelPicker2");
        picker->openPopup();
        QTest::keyClicks(picker->popup()->field(), QStringLiteral("run 1"));
        QVERIFY(picker->popup()->count() >= 1);
        QTest::keyClick(picker->popup()->field(), Qt::Key_Return);
        QCOMPARE(columns[1].answerer->run, std::int64_t(1));
    }

    void withoutARunTheBaseAnswersAlone()
    {
        CompareScene scene(false);
        const auto &columns = scene.workspace->comparison().columns();
        QVERIFY(columns[0].answerer && !columns[1].answerer);
        QSignalSpy going(scene.workspace.get(), &Workspace::goTo);
        auto buttons = scene.find<QWidget>("column2")->findChildren<QPushButton *>();
        const auto train = std::find_if(buttons.begin(), buttons.end(),
                                        [](QPushButton *b) { return b->text() == QStringLiteral("New run"); });
        QVERIFY(train != buttons.end());
        (*train)->click();
        QCOMPARE(going.count(), 1);
        scene.find<QSpinBox>("maxNew")->setValue(4);
        scene.find<PromptBox>("promptBox")->focusText();
        scene.type(QStringLiteral("Hello"));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(scene.answered());
        QCOMPARE(columns[0].state, AnswerState::Done);
        QCOMPARE(columns[1].state, AnswerState::Idle);
    }

    void whatIsTooLongIsSaidAndComesBack()
    {
        CompareScene scene;
        QString text;
        for (int i = 0; i < 300; ++i)
            text += QStringLiteral("order %1 ").arg(i);
        scene.find<PromptBox>("promptBox")->setText(text.trimmed());
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(scene.answered());
        auto *notice = scene.inColumn<InlineNotice>(0, "columnNotice");
        QTRY_VERIFY(notice->isVisible());
        QVERIFY(notice->text().contains(QStringLiteral("nothing was cut, nothing was sent")));
        QCOMPARE(scene.find<PromptBox>("promptBox")->text(), text.trimmed());
        QVERIFY(scene.toy.project->transcripts()->empty());
    }

    void anAnswerBecomesARowToLabel()
    {
        CompareScene scene;
        scene.find<QSpinBox>("maxNew")->setValue(6);
        scene.type(QStringLiteral("A new case"));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(scene.answered());
        scene.key(Qt::Key_2, Qt::AltModifier);
        scene.key(Qt::Key_A, Qt::ControlModifier | Qt::ShiftModifier);
        QTRY_COMPARE(scene.toy.project->exampleCount().value_or(0), std::int64_t(17));
        const auto row = scene.toy.project->example(17);
        QVERIFY(row && *row);
        QCOMPARE((*row)->state, LabelState::ToLabel);
        QCOMPARE((*row)->messages, scene.workspace->comparison().columns()[1].conversation);

        scene.key(Qt::Key_C, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(QGuiApplication::clipboard()->text().contains(QStringLiteral("A new case")));
    }

    void testRowsAreBehindAPadlockAndLooksAreCounted()
    {
        CompareScene scene;
        auto *panel = scene.find<PromptPanel>("prompts");
        panel->setSource(PromptSource::Test);
        QVERIFY(!panel->list()->isVisible());
        const auto buttons = panel->findChildren<QPushButton *>();
        const auto open = std::find_if(buttons.begin(), buttons.end(), [](QPushButton *b) {
            return b->text() == QStringLiteral("Show test rows");
        });
        QVERIFY(open != buttons.end());
        (*open)->click();
        QTRY_COMPARE(panel->model()->rowCount(), 3);
        QTRY_COMPARE(scene.toy.project->setting("test_looks")->value_or(""), std::string("1"));
    }

    void ownPromptsAreKept()
    {
        CompareScene scene;
        auto *panel = scene.find<PromptPanel>("prompts");
        panel->addOwn(
            {OwnPrompt{Message{"system", "Short."}, Message{"user", "Mine"}}, OwnPrompt{Message{"user", "Another"}}});
        panel->setSource(PromptSource::Own);
        QCOMPARE(panel->model()->rowCount(), 2);
        QTRY_VERIFY(scene.toy.project->setting("compare_prompts")->has_value());
        scene.open();
        panel = scene.find<PromptPanel>("prompts");
        panel->setSource(PromptSource::Own);
        QTRY_COMPARE(panel->model()->rowCount(), 2);
        panel->step(1);
        QCOMPARE(scene.find<AutoTextEdit>("questionText")->toPlainText(), QStringLiteral("Mine"));
        QTest::keyClick(panel->list(), Qt::Key_Delete);
        QCOMPARE(panel->model()->rowCount(), 1);
    }

    void allPromptsAreAnsweredOneAfterTheOther()
    {
        CompareScene scene;
        scene.find<QSpinBox>("maxNew")->setValue(3);
        scene.find<QPushButton>("answerAll")->click();
        auto *model = scene.find<PromptPanel>("prompts")->model();
        QTRY_COMPARE_WITH_TIMEOUT(model->answered(), qint64(5), 30000);
        QTRY_COMPARE(scene.toy.project->transcripts()->size(), std::size_t(5));
    }

    void aModelThatNobodyAsksIsFreed()
    {
        CompareScene scene;
        scene.find<QSpinBox>("maxNew")->setValue(3);
        scene.workspace->keepModelFor(1);
        auto *status = scene.find<QLabel>("compareStatus");
        scene.type(QStringLiteral("First"));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(scene.answered());
        QVERIFY(status->text().startsWith(QStringLiteral("One base in memory: ")));
        scene.workspace->hide();
        QTRY_COMPARE(status->text(), QStringLiteral("The model is loaded with the first question"));
        // It comes back with the next question.
        scene.workspace->show();
        QVERIFY(QTest::qWaitForWindowActive(scene.workspace.get()));
        scene.key(Qt::Key_E);
        scene.type(QStringLiteral("Second"));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(scene.answered());
        QVERIFY(status->text().startsWith(QStringLiteral("One base in memory: ")));
        QCOMPARE(scene.workspace->comparison().columns()[1].conversation.size(), std::size_t(4));
    }

    void answersAreComparedWhileTheyGrow()
    {
        CompareScene scene;
        scene.find<SegmentedControl>("showAnswers")->setCurrent(1);
        scene.find<QSpinBox>("maxNew")->setValue(3000); // as many as the toy's context holds
        scene.type(QStringLiteral("Tell me everything"));
        scene.key(Qt::Key_Return, Qt::ControlModifier);
        auto *second = scene.inColumn<AnswerView>(1, "answer");
        const auto &columns = scene.workspace->comparison().columns();
        bool whileBusy = false;
        QVERIFY(QTest::qWaitFor(
            [&] {
                whileBusy = whileBusy || (columns[1].busy() && !second->pieces().isEmpty());
                return !scene.workspace->comparison().busy();
            },
            30000 * Patience));
        // Of an answer that is over before the window has drawn twice there is nothing to see.
        QVERIFY(whileBusy || columns[1].figures.tokens < 20 || columns[1].figures.seconds() < 0.1);
        QTRY_VERIFY(!second->pieces().isEmpty());
        QCOMPARE(second->toPlainText(), second->answer());
        QCOMPARE(second->answer(), QString::fromStdString(columns[1].lastAnswer()));
    }

    void columnsThatDoNotFitBecomeTabs()
    {
        CompareScene scene;
        scene.find<SegmentedControl>("columnCount")->setCurrent(2);
        QCOMPARE(scene.workspace->comparison().columns().size(), std::size_t(4));
        scene.workspace->resize(1024, 700);
        QCoreApplication::processEvents();
        QVERIFY(scene.find<QWidget>("columnTabs")->isVisible());
        QVERIFY(scene.find<QWidget>("column1")->isVisible());
        QVERIFY(!scene.find<QWidget>("column4")->isVisible());
        scene.key(Qt::Key_4, Qt::AltModifier);
        QVERIFY(scene.find<QWidget>("column4")->isVisible());
        for (int i = 1; i <= 4; ++i)
            if (auto *column = scene.find<QWidget>(("column" + std::to_string(i)).c_str()); column->isVisible())
                QVERIFY(column->width() >= 280);
    }

    void everythingHasAName()
    {
        CompareScene scene;
        for (const QWidget *widget : scene.workspace->findChildren<QWidget *>()) {
            if (!widget->isVisible() || widget->focusPolicy() == Qt::NoFocus ||
                widget->objectName().startsWith(QStringLiteral("qt_")))
                continue;
            const bool named = !widget->accessibleName().isEmpty() || !widget->property("text").toString().isEmpty();
            QVERIFY2(named, qPrintable(QString::fromLatin1(widget->metaObject()->className()) + QLatin1Char(' ') +
                                       widget->objectName()));
        }
        for (const WorkspaceAction &action : scene.workspace->workspaceActions()) {
            QVERIFY(!action.action->objectName().isEmpty());
            QVERIFY(!action.action->text().isEmpty());
        }
    }
};

QTEST_MAIN(TestCompareWorkspace)
#include "tst_compare_workspace.moc"
