#include "train_fixture.h"

#include "ui/train/run_list_model.h"

#include <QAbstractItemModelTester>

using namespace attune;
using namespace attune::ui;

class TestRunListModel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }

    void theNewestRunComesFirstWithItsState()
    {
        OpenToy open;
        open.addRun("one", 10);
        open.addRun("two", 3, RunState::Failed);
        open.addRun("three", 4, RunState::Stopped);
        RunBook book(*open.session);
        RunListModel model(book);
        QAbstractItemModelTester contract(&model);
        QTRY_COMPARE(model.rowCount(), 3);
        const auto text = [&](int row, int role) { return model.index(row).data(role).toString(); };
        QCOMPARE(text(0, RunListModel::TitleRole), QStringLiteral("3 · three"));
        QCOMPARE(text(0, RunListModel::StateRole), QStringLiteral("stopped"));
        QCOMPARE(text(1, RunListModel::StateRole), QStringLiteral("not finite at 4"));
        QCOMPARE(text(2, RunListModel::StateRole), QStringLiteral("stopped early")); // 10 of 100 steps
        QCOMPARE(text(2, RunListModel::BestRole), QStringLiteral("0.420"));
        QCOMPARE(text(0, RunListModel::BestRole), QStringLiteral("–"));
        QVERIFY(text(2, Qt::AccessibleTextRole).contains(QStringLiteral("best validation loss 0.420 at step 10")));
    }

    void theCauseOfAFailureComesBeforeItsPath()
    {
        OpenToy open;
        auto run = open.toy.project->findRun(std::to_string(open.addRun("one", 3, RunState::Failed)));
        QVERIFY(run);
        run->error =
            "/home/someone/projects/mails.attune: can't save a checkpoint: there is no space left on the disk.";
        QVERIFY(open.toy.project->updateRun(*run));
        RunBook book(*open.session);
        RunListModel model(book);
        QTRY_COMPARE(model.rowCount(), 1);
        QVERIFY(model.index(0).data(RunListModel::StateRole).toString().startsWith(
            QStringLiteral("failed: can't save a checkpoint")));
    }

    void aRunOfAnotherProcessAppearsAndGrows()
    {
        OpenToy open;
        RunBook book(*open.session);
        RunListModel model(book);
        QAbstractItemModelTester contract(&model);
        QTRY_VERIFY(book.loaded());
        QCOMPARE(model.rowCount(), 0);
        const auto id = open.addRun("live", 5);
        QTRY_COMPARE(model.rowCount(), 1);
        QTRY_COMPARE(book.entry(id)->history.lastStep(), qint64(5));
        QVERIFY(open.toy.project->removeRun(id));
        QTRY_COMPARE(model.rowCount(), 0);
    }

    void theDeltaIsToThePinnedBaseline()
    {
        OpenToy open;
        const auto first = open.addRun("one", 10);
        const auto second = open.addRun("two", 20);
        RunBook book(*open.session);
        RunListModel model(book);
        QTRY_COMPARE(model.rowCount(), 2);
        QVERIFY(model.indexOf(second).data(RunListModel::DeltaRole).toString().isEmpty());
        book.setBaseline(first);
        QCOMPARE(model.indexOf(first).data(RunListModel::DeltaRole).toString(), QStringLiteral("base"));
        QCOMPARE(model.indexOf(second).data(RunListModel::DeltaRole).toString(), QStringLiteral("-0.110"));
        QTRY_VERIFY(open.session->idle()); // it is kept by now
        RunBook other(*open.session);
        QTRY_COMPARE(other.baseline(), first);
    }

    void aBaselineWithOtherValidationRowsIsNotCompared()
    {
        OpenToy open;
        Run run;
        run.settings = TrainSettings{}.toJson();
        run.state = RunState::Finished;
        run.snapshot = *open.toy.project->takeSnapshot();
        const auto before = open.toy.project->createRun(run);
        open.toy.addRows(1, Part::Validation, 50);
        run.snapshot = *open.toy.project->takeSnapshot();
        const auto after = open.toy.project->createRun(run);
        open.addSteps(before->id, 1, 10);
        open.addSteps(after->id, 1, 10);
        RunBook book(*open.session);
        RunListModel model(book);
        QTRY_COMPARE(model.rowCount(), 2);
        book.setBaseline(before->id);
        QCOMPARE(model.indexOf(after->id).data(RunListModel::DeltaRole).toString(), QStringLiteral("n/c"));
    }

    void aSeventhOverlayIsRefusedAndAsked()
    {
        OpenToy open;
        for (int i = 0; i < 7; ++i)
            open.addRun("run" + std::to_string(i), 2);
        RunBook book(*open.session);
        RunListModel model(book);
        QTRY_COMPARE(model.rowCount(), 7);
        QSignalSpy full(&model, &RunListModel::overlaysFull);
        for (int row = 0; row < 6; ++row)
            QVERIFY(model.setData(model.index(row), Qt::Checked, Qt::CheckStateRole));
        QVERIFY(!model.setData(model.index(6), Qt::Checked, Qt::CheckStateRole));
        QCOMPARE(full.size(), 1);
        // A run keeps its colour while overlaid, and the next one takes the free one.
        const qint64 third = model.index(2).data(RunListModel::IdRole).toLongLong();
        const qint64 last = model.index(6).data(RunListModel::IdRole).toLongLong();
        const int slot = book.overlaySlot(third);
        QVERIFY(model.setData(model.index(2), Qt::Unchecked, Qt::CheckStateRole));
        QVERIFY(model.setData(model.index(6), Qt::Checked, Qt::CheckStateRole));
        QCOMPARE(book.overlaySlot(last), slot);
    }

    void aNameThatIsTakenIsRefusedWithASentence()
    {
        OpenToy open;
        open.addRun("one", 2);
        open.addRun("two", 2);
        RunBook book(*open.session);
        RunListModel model(book);
        QTRY_COMPARE(model.rowCount(), 2);
        QSignalSpy refused(&model, &RunListModel::renameRefused);
        QVERIFY(model.setData(model.index(0), QStringLiteral("one"), Qt::EditRole));
        QTRY_COMPARE(refused.size(), 1);
        QVERIFY(model.setData(model.index(0), QStringLiteral("three"), Qt::EditRole));
        QTRY_COMPARE(model.index(0).data(Qt::EditRole).toString(), QStringLiteral("three"));
        QVERIFY(open.toy.project->findRun("three"));
    }

    void aRemovedRunComesBackUntilItIsGone()
    {
        OpenToy open;
        const auto id = open.addRun("one", 2);
        RunBook book(*open.session);
        RunListModel model(book);
        QAbstractItemModelTester contract(&model);
        QTRY_COMPARE(model.rowCount(), 1);
        book.removeLater(id);
        QCOMPARE(model.rowCount(), 0);
        QVERIFY(open.toy.project->findRun("one"));
        book.restore(id);
        QCOMPARE(model.rowCount(), 1);
        book.removeLater(id);
        book.removeHidden(); // the window closes
        QTRY_VERIFY(!open.toy.project->findRun("one"));
    }

    void theFilterTakesNamesNumbersAndTags()
    {
        OpenToy open;
        open.addRun("alpha", 2);
        const auto id = open.addRun("beta", 2);
        RunBook book(*open.session);
        RunListModel model(book);
        QAbstractItemModelTester contract(&model);
        QTRY_COMPARE(model.rowCount(), 2);
        model.setFilter(QStringLiteral("ALP"));
        QCOMPARE(model.rowCount(), 1);
        model.setFilter({});
        book.setTags(id, {QStringLiteral("good"), QStringLiteral(" ")});
        QTRY_COMPARE(book.entry(id)->run.tags, std::vector<std::string>{"good"});
        model.setFilter(QStringLiteral("good"));
        QCOMPARE(model.rowCount(), 1);
    }
};

QTEST_MAIN(TestRunListModel)
#include "tst_run_list_model.moc"
