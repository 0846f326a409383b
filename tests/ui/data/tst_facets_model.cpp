#include "ui/data/facets_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

#include <algorithm>

using namespace attune;
using namespace attune::ui;

class TestFacetsModel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void keepsTheContractOfAModel();
    void zeroesStay();
    void newFiguresDoNotResetTheView();
    void manyTagsFold();
    void aTagThatIsOnStaysWhenNoRowHasIt();
    void testRowsCarryALock();
    void aFileIsShownByItsNameWhereThatIsOne();
};

namespace {

FacetCounts someCounts(int tags)
{
    FacetCounts counts;
    counts.rows = 14;
    counts.all = 1750;
    counts.parts = {10, 2, 2, 0};
    counts.states = {4, 8, 2, 0};
    counts.problems[static_cast<std::size_t>(ProblemKind::Cut)] = 14;
    for (int i = 0; i < tags; ++i)
        counts.tags.push_back({"tag" + std::to_string(i), 100 - i});
    return counts;
}

const FacetLine *lineOf(const FacetsModel &model, const FacetValue &value)
{
    for (int row = 0; row < model.rowCount(); ++row)
        if (model.line(row).kind == FacetLine::Value && model.line(row).value == value)
            return &model.line(row);
    return nullptr;
}

} // namespace

void TestFacetsModel::keepsTheContractOfAModel()
{
    DataQuery query;
    FacetsModel model(query);
    QAbstractItemModelTester contract(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setCounts(someCounts(12));
    query.toggle({Facet::State, 1}, false);
    model.setExpanded(Facet::Tag, true);
    query.setTestRows(true);
    query.clear();
}

void TestFacetsModel::zeroesStay()
{
    DataQuery query;
    FacetsModel model(query);
    model.setCounts({});
    for (int state = 0; state < 4; ++state)
        QVERIFY(lineOf(model, {Facet::State, state}));
    for (int rating = 0; rating <= 5; ++rating)
        QVERIFY(lineOf(model, {Facet::Rating, rating}));
    QVERIFY(lineOf(model, {Facet::Problem, static_cast<std::int64_t>(ProblemKind::Leak)}));
}

void TestFacetsModel::newFiguresDoNotResetTheView()
{
    DataQuery query;
    FacetsModel model(query);
    model.setCounts(someCounts(3));
    QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
    FacetCounts next = someCounts(3);
    next.states[1] = 7;
    model.setCounts(next);
    query.toggle({Facet::State, 1}, false);
    QCOMPARE(reset.count(), 0);
    QCOMPARE(lineOf(model, {Facet::State, 1})->rows, 7);
    QVERIFY(lineOf(model, {Facet::State, 1})->on);
}

void TestFacetsModel::manyTagsFold()
{
    DataQuery query;
    FacetsModel model(query);
    model.setCounts(someCounts(20));
    const FacetLine head = model.line(model.rowOfHead(Facet::Tag));
    QVERIFY(head.more);
    QCOMPARE(head.note, QStringLiteral("14 more"));
    QVERIFY(!lineOf(model, {Facet::Tag, 0, QStringLiteral("tag15")}));
    model.setExpanded(Facet::Tag, true);
    QVERIFY(lineOf(model, {Facet::Tag, 0, QStringLiteral("tag15")}));
}

void TestFacetsModel::aTagThatIsOnStaysWhenNoRowHasIt()
{
    DataQuery query;
    FacetsModel model(query);
    query.toggle({Facet::Tag, 0, QStringLiteral("gone")}, false);
    model.setCounts(someCounts(2));
    const FacetLine *line = lineOf(model, {Facet::Tag, 0, QStringLiteral("gone")});
    QVERIFY(line && line->on && line->rows == 0);
}

void TestFacetsModel::testRowsCarryALock()
{
    DataQuery query;
    FacetsModel model(query);
    model.setCounts(someCounts(0));
    QVERIFY(lineOf(model, {Facet::Part, 2})->locked);
    query.setTestRows(true);
    QVERIFY(!lineOf(model, {Facet::Part, 2})->locked);
}

void TestFacetsModel::aFileIsShownByItsNameWhereThatIsOne()
{
    DataQuery query;
    FacetsModel model(query);
    FacetCounts counts;
    counts.files = {
        {"/home/ann/mails/march.jsonl", 9}, {"/home/ann/a/rows.csv", 5}, {"/home/ann/b/rows.csv", 4}, {"", 2}};
    model.setCounts(counts);
    const auto words = [&](const char *file) { return lineOf(model, {Facet::File, 0, file})->words; };
    QCOMPARE(words("/home/ann/mails/march.jsonl"), QStringLiteral("march.jsonl")); // an elided path would hide it
    QCOMPARE(words("/home/ann/a/rows.csv"), QStringLiteral("/home/ann/a/rows.csv"));
    QCOMPARE(words("/home/ann/b/rows.csv"), QStringLiteral("/home/ann/b/rows.csv"));
    QCOMPARE(words(""), QStringLiteral("made here"));
}

QTEST_GUILESS_MAIN(TestFacetsModel)
#include "tst_facets_model.moc"
