#include "core/model/target_modules.h"

#include <QtTest>

using namespace attune;

class TestTargetModules : public QObject {
    Q_OBJECT

    /// "0:q_proj,v_proj 1:" of the selection, or the error.
    static QString selected(const std::string &modules, const std::string &layers = {}, std::int64_t count = 2)
    {
        const auto targets = TargetModules::parse(modules, layers);
        if (!targets)
            return QString::fromStdString(targets.error().message);
        const auto selection = targets->select(count);
        if (!selection)
            return QString::fromStdString(selection.error().message);
        QStringList all;
        for (std::size_t i = 0; i < selection->size(); ++i) {
            QStringList names;
            for (const Projection p : (*selection)[i])
                names << QString::fromUtf8(shortName(p).data(), static_cast<int>(shortName(p).size()));
            all << QString::number(i) + ":" + names.join(',');
        }
        return all.join(' ');
    }

private Q_SLOTS:
    void names_patterns_and_layers_select_what_peft_selects_data()
    {
        QTest::addColumn<QString>("modules");
        QTest::addColumn<QString>("layers");
        QTest::addColumn<QString>("expected");
        const QString seven = "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj";
        QTest::newRow("all-linear") << "all-linear" << "" << "0:" + seven + " 1:" + seven;
        QTest::newRow("in another order") << "v_proj,q_proj" << "" << "0:q_proj,v_proj 1:q_proj,v_proj";
        QTest::newRow("a longer name") << "mlp.up_proj" << "" << "0:up_proj 1:up_proj";
        QTest::newRow("one layer's") << "layers.1.mlp.up_proj,q_proj" << "" << "0:q_proj 1:q_proj,up_proj";
        QTest::newRow("layers") << "q_proj" << "1" << "0: 1:q_proj";
        QTest::newRow("a range") << "all-linear" << "0-0" << "0:" + seven + " 1:";
        QTest::newRow("a pattern") << R"(.*\.1\.self_attn\.(q|v)_proj)" << "" << "0: 1:q_proj,v_proj";
        QTest::newRow("a pattern takes whole names") << "q_proj$|.*down_proj" << "" << "0:down_proj 1:down_proj";
    }
    void names_patterns_and_layers_select_what_peft_selects()
    {
        QFETCH(QString, modules);
        QFETCH(QString, layers);
        QTEST(selected(modules.toStdString(), layers.toStdString()), "expected");
    }

    void what_selects_nothing_or_makes_no_sense_is_named_data()
    {
        QTest::addColumn<QString>("modules");
        QTest::addColumn<QString>("layers");
        QTest::addColumn<QString>("named");
        QTest::newRow("empty") << "" << "" << "\"\"";
        QTest::newRow("a trailing comma") << "q_proj," << "" << "\"\"";
        QTest::newRow("another module") << "q_proj,lm_head" << "" << "lm_head";
        QTest::newRow("capitals") << "Q_PROJ" << "" << "Q_PROJ";
        QTest::newRow("part of a name") << "proj" << "" << "\"proj\"";
        QTest::newRow("an open bracket") << "(q_proj" << "" << "at character";
        QTest::newRow("a pattern for nothing") << "lm_head.*" << "" << "matches no module";
        QTest::newRow("one name of two for nothing")
            << "q_proj,layers.9.mlp.up_proj" << "" << "\"layers.9.mlp.up_proj\" matches no module";
        QTest::newRow("no layer") << "q_proj" << "one" << "\"one\"";
        QTest::newRow("a range backwards") << "q_proj" << "3-1" << "\"3-1\"";
        QTest::newRow("beyond the last") << "q_proj" << "0,2" << "layer 2";
        QTest::newRow("a pattern and layers") << ".*q_proj" << "1" << "layers_to_transform";
    }
    void what_selects_nothing_or_makes_no_sense_is_named()
    {
        QFETCH(QString, modules);
        QFETCH(QString, layers);
        QFETCH(QString, named);
        const QString why = selected(modules.toStdString(), layers.toStdString());
        QVERIFY2(why.contains(named) && why.endsWith('.'), qPrintable(why));
    }

    void the_seven_in_any_order_are_all_linear()
    {
        QCOMPARE(TargetModules::parse("down_proj,q_proj,k_proj,v_proj,up_proj,o_proj,gate_proj")->modules(),
                 std::string("all-linear"));
        QCOMPARE(TargetModules::parse("all-linear")->names().size(), std::size_t{projectionCount});
        QVERIFY(TargetModules::parse("q_proj", "0-2,5")->layerNumbers() == (std::vector<std::int64_t>{0, 1, 2, 5}));
    }
};

QTEST_GUILESS_MAIN(TestTargetModules)
#include "tst_target_modules.moc"
