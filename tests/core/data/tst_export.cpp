#include "core/data/export.h"
#include "tests/core/data/imported.h"

#include <QtTest>

using namespace attune;

namespace {

/// What is written differently in each format, and what could be lost.
std::vector<Example> rows()
{
    std::vector<Example> all;
    const auto add = [&](std::vector<Message> messages) -> Example & {
        return all.emplace_back(Example{.messages = std::move(messages), .origin = {}, .part = {}, .tags = {}});
    };
    add({{"user", "Hi"}, {"assistant", "Hello"}});
    Example &labelled =
        add({{"system", "Be \"brief\", please;"}, {"user", "a,b\r\nc\n\n"}, {"assistant", " {\"x\": 1}\t"}});
    labelled.part = Part::Validation;
    labelled.tags = {"lang:de", "two words"};
    labelled.rating = 4;
    labelled.notes = "to do; \"later\"\nand more";
    add({{"user", "=1+1"}, {"assistant", "\xF0\x9F\x98\x80 2"}}).part = Part::Test;
    add({{"user", "{\"brace\": \"{x}\"}"}, {"assistant", "\xEF\xBB\xBFodd"}}).part = Part::Train;
    add({{"system", "s"}, {"user", "1"}, {"assistant", "2"}, {"user", "3"}, {"assistant", "4"}}).tags = {"turns"};
    add({{"assistant", "Welcome"}, {"user", "1"}, {"assistant", "2"}});
    add({{"user", "1"}, {"assistant", "2"}, {"user", "3"}});
    return all;
}

bool isEqual(const Example &a, const Example &b)
{
    return a.messages == b.messages && a.part == b.part && a.tags == b.tags && a.rating == b.rating &&
           a.notes == b.notes;
}

} // namespace

class TestExport : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void importingAnExportGivesEqualRows_data()
    {
        QTest::addColumn<QString>("format");
        QTest::addColumn<int>("held"); // of the seven rows
        QTest::newRow("chat") << "chat" << 7;
        QTest::newRow("sharegpt") << "sharegpt" << 7;
        QTest::newRow("alpaca") << "alpaca" << 5;
        QTest::newRow("csv") << "csv" << 4;
    }
    void importingAnExportGivesEqualRows()
    {
        QFETCH(QString, format);
        QFETCH(int, held);
        const auto parsed = parseExportFormat(format.toStdString());
        QVERIFY(parsed);
        std::string text = exportHeader(*parsed);
        std::vector<Example> written;
        for (const Example &row : rows()) {
            const auto line = exportRow(row, *parsed);
            if (!line) {
                QVERIFY(line.error().ends_with('.'));
                continue;
            }
            text += *line;
            written.push_back(row);
        }
        QCOMPARE(written.size(), std::size_t(held));
        const Imported back = importText("rows." + std::string(fileEnding(*parsed)), text);
        QCOMPARE(back.error(), std::string());
        QVERIFY2(back.rejects.empty(), back.rejects.empty() ? "" : back.rejects[0].reason.c_str());
        QCOMPARE(back.examples.size(), written.size());
        for (std::size_t i = 0; i < written.size(); ++i)
            QVERIFY2(isEqual(back.examples[i], written[i]), text.c_str());
    }

    void whatATableCannotHoldIsSaid()
    {
        Example row{.messages = {{"user", "a"}, {"assistant", "b"}}, .origin = {}, .part = {}, .tags = {"a,b"}};
        QVERIFY(exportRow(row, ExportFormat::Csv).error().find("\"a,b\"") != std::string::npos);
        row.tags = {};
        row.messages.insert(row.messages.end(), {{"user", "c"}, {"assistant", "d"}});
        QVERIFY(exportRow(row, ExportFormat::Csv).error().find("has 2") != std::string::npos);
        row.messages = {{"system", ""}, {"user", "a"}, {"assistant", "b"}};
        QVERIFY(!exportRow(row, ExportFormat::Alpaca));
        row.messages = {{"user", "a"}, {"tool", "b"}};
        QVERIFY(exportRow(row, ExportFormat::ShareGpt).error().find("\"tool\"") != std::string::npos);
        QVERIFY(!parseExportFormat("xml"));
    }
};

QTEST_APPLESS_MAIN(TestExport)
#include "tst_export.moc"
