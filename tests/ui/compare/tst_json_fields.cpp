#include "ui/compare/json_fields.h"

#include <QTest>

using namespace attune::ui;

class TestJsonFields : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void keysComeInTheOrderOfTheTexts()
    {
        QCOMPARE(fieldOrder({QStringLiteral("{\"b\": 1, \"a\": 2}"), QStringLiteral("no JSON"),
                             QStringLiteral("{\"c\": 0, \"a\": 1}")}),
                 QStringList({QStringLiteral("b"), QStringLiteral("a"), QStringLiteral("c")}));
    }

    void fieldsAreJudgedAsTheScorerDoes()
    {
        const QStringList order{QStringLiteral("intent"), QStringLiteral("order"), QStringLiteral("more")};
        const auto lines = fieldLines(QStringLiteral("{\"order\": 7, \"intent\": \"late \"}"),
                                      QStringLiteral("{\"intent\": \"late\", \"order\": 8, \"more\": null}"), order);
        QCOMPARE(lines.size(), 3);
        QCOMPARE(lines[0], (FieldLine{QStringLiteral("intent"), QStringLiteral("\"late \""), FieldLine::Equal}));
        QCOMPARE(lines[1], (FieldLine{QStringLiteral("order"), QStringLiteral("7"), FieldLine::Differs}));
        QCOMPARE(lines[2], (FieldLine{QStringLiteral("more"), QString(), FieldLine::Missing}));
        QVERIFY(fieldLines(QStringLiteral("[1]"), QString(), order).isEmpty());
        QCOMPARE(fieldLines(QStringLiteral("{\"order\": 7}"), QString(), {QStringLiteral("order")}).front().kind,
                 FieldLine::Plain);
    }
};

QTEST_GUILESS_MAIN(TestJsonFields)
#include "tst_json_fields.moc"
