#include "tests/ui/data/data_project.h"
#include "ui/data/data_words.h"
#include "ui/data/example_list_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

using namespace attune;
using namespace attune::ui;

class TestExampleListModel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void keepsTheContractOfAModel();
    void readsByPagesWhatIsAskedFor();
    void aChangeElsewhereInsertsAndRemovesRows();
    void aKeptRowStaysThoughItNoLongerMatches();
    void aDeletedRowIsNotKept();
    void onlyTheLatestQueryIsAnswered();
    void aWrongSearchKeepsTheList();
    void cellsAreEdited();
    void aCutRowIsSaidInWords();
    void likenessSortsTheMostAlikeFirst();
    void findsTheRowOfAnIdInAnyOrder();
};

namespace {

ExampleQuery inOrder(ExampleQuery::Sort sort, bool descending)
{
    ExampleQuery query;
    query.sort = sort;
    query.descending = descending;
    return query;
}

void load(ExampleListModel &model, const ExampleQuery &query)
{
    model.setQuery(query);
    QTRY_VERIFY(model.loaded() && !model.loading());
}

} // namespace

void TestExampleListModel::keepsTheContractOfAModel()
{
    DataProject project;
    project.add(plainRows(450));
    const auto session = project.session();
    ExampleListModel model(*session);
    QAbstractItemModelTester contract(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    load(model, {});
    QCOMPARE(model.rowCount(), 450);
    QTRY_VERIFY(model.summaryAt(449));
    ExampleQuery some;
    some.search = "answer";
    load(model, some);
    project.with([](Project &other) {
        QVERIFY(Labelling(other).apply("gone", std::vector<ExampleEdit>{{.id = 7, .deleted = true}}));
    });
    QTRY_COMPARE(model.rowCount(), 449);
}

void TestExampleListModel::readsByPagesWhatIsAskedFor()
{
    DataProject project;
    project.add(plainRows(1000));
    const auto session = project.session();
    ExampleListModel model(*session);
    load(model, {});
    QVERIFY(!model.summaryAt(999));
    QTRY_VERIFY(model.summaryAt(999));
    QVERIFY(model.summaryAt(800)); // came with its page
    QCOMPARE(model.index(999, ExampleListModel::Answer).data().toString(), QStringLiteral("answer 999"));
    QVERIFY(model.index(0, ExampleListModel::Prompt).data().isNull()); // nobody asked before
}

void TestExampleListModel::aChangeElsewhereInsertsAndRemovesRows()
{
    DataProject project;
    project.add(plainRows(50));
    const auto session = project.session();
    ExampleListModel model(*session);
    load(model, {});
    QPersistentModelIndex last(model.index(49, 0));
    QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
    project.with([](Project &other) {
        QVERIFY(Labelling(other).apply("gone", std::vector<ExampleEdit>{{.id = 10, .deleted = true}}));
    });
    QTRY_COMPARE(model.rowCount(), 49);
    QCOMPARE(reset.count(), 0);
    QCOMPARE(last.row(), 48); // views keep their place
    project.add(plainRows(3));
    QTRY_COMPARE(model.rowCount(), 52);
    QCOMPARE(reset.count(), 0);
}

void TestExampleListModel::aKeptRowStaysThoughItNoLongerMatches()
{
    DataProject project;
    project.add(plainRows(5));
    const auto session = project.session();
    ExampleListModel model(*session);
    ExampleQuery toLabel;
    toLabel.states = {LabelState::ToLabel};
    load(model, toLabel);
    model.keep(3);
    project.with([](Project &other) {
        QVERIFY(Labelling(other).apply("two", std::vector<ExampleEdit>{{.id = 3, .state = LabelState::Flagged},
                                                                       {.id = 4, .state = LabelState::Flagged}}));
    });
    QTRY_COMPARE(model.rowCount(), 4);
    QCOMPARE(model.ids(), (std::vector<std::int64_t>{1, 2, 3, 5}));
    model.keep(5); // the user goes on
    model.reload();
    QTRY_COMPARE(model.ids(), (std::vector<std::int64_t>{1, 2, 5}));
}

void TestExampleListModel::aDeletedRowIsNotKept()
{
    DataProject project;
    project.add(plainRows(3));
    const auto session = project.session();
    ExampleListModel model(*session);
    load(model, {});
    model.keep(2);
    project.with([](Project &other) {
        QVERIFY(Labelling(other).apply("gone", std::vector<ExampleEdit>{{.id = 2, .deleted = true}}));
    });
    QTRY_COMPARE(model.ids(), (std::vector<std::int64_t>{1, 3}));
}

void TestExampleListModel::onlyTheLatestQueryIsAnswered()
{
    DataProject project;
    project.add(plainRows(300));
    const auto session = project.session();
    ExampleListModel model(*session);
    QSignalSpy applied(&model, &ExampleListModel::applied);
    ExampleQuery query;
    for (const char *typed : {"q", "qu", "que", "question 12"}) {
        query.search = typed;
        model.setQuery(query);
    }
    QTRY_VERIFY(model.loaded() && !model.loading());
    QCOMPARE(applied.count(), 1);
    project.with([&](Project &other) { QCOMPARE(model.ids(), Labelling(other).ids(query).value()); });
}

void TestExampleListModel::aWrongSearchKeepsTheList()
{
    DataProject project;
    project.add(plainRows(4));
    const auto session = project.session();
    ExampleListModel model(*session);
    load(model, {});
    QSignalSpy failed(&model, &ExampleListModel::failed);
    ExampleQuery wrong;
    wrong.search = "tokens>many";
    model.setQuery(wrong);
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY(!model.error().isEmpty());
    QCOMPARE(model.rowCount(), 4);
}

void TestExampleListModel::cellsAreEdited()
{
    DataProject project;
    project.add(plainRows(2));
    const auto session = project.session();
    ExampleListModel model(*session);
    load(model, {});
    QTRY_VERIFY(model.summaryAt(1));
    QVERIFY(model.setData(model.index(1, ExampleListModel::State), static_cast<int>(LabelState::Approved)));
    QVERIFY(model.setData(model.index(1, ExampleListModel::Rating), 4));
    QVERIFY(model.setData(model.index(1, ExampleListModel::Tags), QStringLiteral("refund, lamp,refund")));
    QVERIFY(model.setData(model.index(1, ExampleListModel::Split), static_cast<int>(Part::Validation)));
    QVERIFY(!model.setData(model.index(1, ExampleListModel::Rating), 6));
    QVERIFY(!model.setData(model.index(1, ExampleListModel::Prompt), QStringLiteral("no")));
    QCOMPARE(model.index(1, ExampleListModel::Rating).data().toString(), QStringLiteral("4")); // at once
    QTRY_COMPARE(project.row(2).part, std::optional(Part::Validation));
    QCOMPARE(project.row(2).state, LabelState::Approved);
    QCOMPARE(project.row(2).rating, 4);
    QCOMPARE(project.row(2).tags, (std::vector<std::string>{"refund", "lamp"}));
}

void TestExampleListModel::aCutRowIsSaidInWords()
{
    ExampleSummary row;
    row.id = 218;
    row.prompt = "Hello";
    row.part = Part::Train;
    row.tokens = 539;
    QCOMPARE(spokenRow(row, 512), QStringLiteral("Row 218, to label, train, cut by 27 tokens, no rating: Hello"));
    QCOMPARE(spokenRow(row, 1024), QStringLiteral("Row 218, to label, train, 539 tokens, no rating: Hello"));
    QVERIFY(isCut(row, 538) && !isCut(row, 539) && !isCut(row, 0));
}

void TestExampleListModel::likenessSortsTheMostAlikeFirst()
{
    DataProject project;
    project.add({rowOf("the lamp is broken, please help", "a"), rowOf("invoice for our school", "b"),
                 rowOf("the lamp is broken, please send another", "c"), rowOf("where is my chair", "d")});
    const auto session = project.session();
    ExampleListModel model(*session);
    model.setQuery({}, 1);
    QTRY_COMPARE(model.rowCount(), 4);
    QCOMPARE(model.idAt(0), 1);
    QCOMPARE(model.idAt(1), 3);
    QCOMPARE(likeness("abcdefgh", "abcdefgh"), 1.0);
    QCOMPARE(likeness("abcdefgh", "stuvwxyz"), 0.0);
}

void TestExampleListModel::findsTheRowOfAnIdInAnyOrder()
{
    DataProject project;
    project.add(plainRows(200));
    const auto session = project.session();
    ExampleListModel model(*session);
    for (const auto &query : {inOrder(ExampleQuery::Sort::Number, false), inOrder(ExampleQuery::Sort::Number, true),
                              inOrder(ExampleQuery::Sort::Prompt, false)}) {
        load(model, query);
        QCOMPARE(model.rowCount(), 200);
        for (int row = 0; row < 200; ++row)
            QCOMPARE(model.rowOf(model.idAt(row)), row);
        QCOMPARE(model.rowOf(4711), -1);
    }
}

QTEST_MAIN(TestExampleListModel)
#include "tst_example_list_model.moc"
