#include "ui/data/data_query.h"

#include <QSignalSpy>
#include <QTest>

using namespace attune;
using namespace attune::ui;

class TestDataQuery : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aClickChoosesAloneAndAgainTakesBack();
    void addingKeepsWhatIsOn();
    void facetsDoNotTouchOneAnother();
    void testRowsAreHiddenUntilTheyAreShown();
    void aSavedViewDoesNotOpenTheTestRows();
    void clearKeepsTheOrder();
    void anEqualQueryIsNoChange();
};

void TestDataQuery::aClickChoosesAloneAndAgainTakesBack()
{
    DataQuery query;
    const FacetValue flagged{Facet::State, 2};
    const FacetValue approved{Facet::State, 1};
    query.toggle(flagged, false);
    QVERIFY(query.isOn(flagged));
    query.toggle(approved, false);
    QVERIFY(query.isOn(approved) && !query.isOn(flagged));
    query.toggle(approved, false);
    QVERIFY(!query.filtered());
}

void TestDataQuery::addingKeepsWhatIsOn()
{
    DataQuery query;
    query.toggle({Facet::Rating, 5}, false);
    query.toggle({Facet::Rating, 4}, true);
    QCOMPARE(query.value().ratings, (std::vector<int>{5, 4}));
    query.toggle({Facet::Rating, 5}, true);
    QCOMPARE(query.value().ratings, (std::vector<int>{4}));
}

void TestDataQuery::facetsDoNotTouchOneAnother()
{
    DataQuery query;
    query.toggle({Facet::Tag, 0, QStringLiteral("refund")}, false);
    query.toggle({Facet::Problem, static_cast<std::int64_t>(ProblemKind::Leak)}, false);
    query.toggle({Facet::Part, -1}, false);
    QCOMPARE(query.chosen().size(), std::size_t(3));
    QCOMPARE(query.value().parts, (std::vector<std::optional<Part>>{std::nullopt}));
    query.remove({Facet::Tag, 0, QStringLiteral("refund")});
    QCOMPARE(query.chosen().size(), std::size_t(2));
}

void TestDataQuery::testRowsAreHiddenUntilTheyAreShown()
{
    DataQuery query;
    QVERIFY(!query.value().testRows);
    QVERIFY(!query.filtered()); // that alone is no filter of the user's
    query.setTestRows(true);
    query.toggle({Facet::Part, 2}, false);
    query.setTestRows(false);
    QVERIFY(query.value().parts.empty());
}

void TestDataQuery::aSavedViewDoesNotOpenTheTestRows()
{
    DataQuery query;
    query.setMaxLength(512);
    ExampleQuery view;
    view.testRows = true;
    view.maxLength = 99;
    view.tags = {"refund"};
    query.set(view);
    QVERIFY(!query.value().testRows);
    QCOMPARE(query.value().maxLength, 512);
    QCOMPARE(query.value().tags, (std::vector<std::string>{"refund"}));
}

void TestDataQuery::clearKeepsTheOrder()
{
    DataQuery query;
    query.setSort(ExampleQuery::Sort::Tokens, true);
    query.setSearch(QStringLiteral("lamp"));
    query.setTokenRange(100, 200);
    query.clear();
    QVERIFY(!query.filtered());
    QCOMPARE(query.value().sort, ExampleQuery::Sort::Tokens);
    QVERIFY(query.value().descending);
}

void TestDataQuery::anEqualQueryIsNoChange()
{
    DataQuery query;
    query.setSearch(QStringLiteral("lamp"));
    QSignalSpy changed(&query, &DataQuery::changed);
    query.setSearch(QStringLiteral("  lamp "));
    query.setSort(ExampleQuery::Sort::Number, false);
    QCOMPARE(changed.count(), 0);
    query.setAlikeTo(7);
    query.setSort(ExampleQuery::Sort::Number, false); // back from likeness
    QCOMPARE(changed.count(), 2);
}

QTEST_GUILESS_MAIN(TestDataQuery)
#include "tst_data_query.moc"
