#include "tests/core/data/imported.h"

#include <QtTest>

using namespace attune;

namespace {

bool contains(const std::string &text, const char *part)
{
    return text.find(part) != std::string::npos;
}

ImportOptions mapped(std::map<std::string, std::string> columns)
{
    ImportOptions options;
    options.columns = std::move(columns);
    return options;
}

} // namespace

class TestImportTable : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void wellKnownColumnsNeedNoMap_data();
    void wellKnownColumnsNeedNoMap();
    void quotedFieldsHoldAnything();
    void aMapChoosesColumns();
    void aMapToAMissingColumnNamesThoseThatAre();
    void aMapWithoutARoleSaysSo();
    void unknownColumnsAskForAMap();
    void anOpenQuoteNamesItsLine();
    void badRowsAreRejectedAndReadingGoesOn();
    void lineEndsOfEverySystemAreRead();
    void semicolonsAreSeenInTheHeader();
    void aRowOfSeparatorsAloneDoesNotFillTheMemory();
    void aCellOfDeepJsonIsRejected();
    void tabsSeparateInTsv();
    void theGivenFormatBeatsTheExtension();
    void aTableWithoutRowsIsRefused();
    void damagedFilesNeverCrash();
};

void TestImportTable::wellKnownColumnsNeedNoMap_data()
{
    QTest::addColumn<QString>("header");
    QTest::newRow("prompt") << "prompt,completion";
    QTest::newRow("instruction") << "instruction,output";
    QTest::newRow("question") << "Question , Answer";
    QTest::newRow("user") << "user,assistant";
}

void TestImportTable::wellKnownColumnsNeedNoMap()
{
    QFETCH(QString, header);
    const Imported all = importText("a.csv", "id," + header.toStdString() +
                                                 ",system,split,tags\n1,U,A,S,test,\"a,b\"\n" + "2,U,A,,,\n");
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.size(), std::size_t(2));
    const std::vector<Message> messages{{"system", "S"}, {"user", "U"}, {"assistant", "A"}};
    QVERIFY(all.examples[0].messages == messages);
    QVERIFY(all.examples[0].part == Part::Test);
    QCOMPARE(all.examples[0].tags, (std::vector<std::string>{"a", "b"}));
    QCOMPARE(all.examples[1].messages.size(), std::size_t(2));
    QVERIFY(!all.examples[1].part);
}

void TestImportTable::quotedFieldsHoldAnything()
{
    const Imported all =
        importText("a.csv", "prompt,completion\n\"a,\"\"b\"\"\r\nc\n\",\" A \"\nin\"side,x\n\"\",\"y\"\n");
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.size(), std::size_t(2));
    QCOMPARE(all.examples[0].messages[0].content, std::string("a,\"b\"\r\nc\n"));
    QCOMPARE(all.examples[0].messages[1].content, std::string(" A "));
    QCOMPARE(all.examples[1].messages[0].content, std::string("in\"side"));
    QCOMPARE(all.examples[0].origin.line, 2);
    QCOMPARE(all.examples[1].origin.line, 5);
    QCOMPARE(all.rejects.size(), std::size_t(1));
    QCOMPARE(all.rejects[0].field, std::string("prompt"));
}

void TestImportTable::aMapChoosesColumns()
{
    const Imported all =
        importText("a.csv", "Frage,Zusatz,prompt,completion,Art\nF,Z,no,A,S\n",
                   mapped({{"user", "frage"}, {"input", "Zusatz"}, {"assistant", "completion"}, {"system", "Art"}}));
    QVERIFY2(all.result, all.error().c_str());
    const std::vector<Message> messages{{"system", "S"}, {"user", "F\n\nZ"}, {"assistant", "A"}};
    QVERIFY(all.examples.at(0).messages == messages);
}

void TestImportTable::aMapToAMissingColumnNamesThoseThatAre()
{
    const Imported all = importText("a.csv", "q,a\nU,A\n", mapped({{"user", "question"}, {"assistant", "a"}}));
    QVERIFY(!all.result);
    QVERIFY(all.result.error().code == ErrorCode::InvalidInput);
    QVERIFY2(contains(all.error(), "no column \"question\" for user; it has \"q\", \"a\""), all.error().c_str());
    const Imported twice = importText("a.csv", "q,q,a\nU,V,A\n", mapped({{"user", "q"}, {"assistant", "a"}}));
    QVERIFY2(contains(twice.error(), "more than one column \"q\""), twice.error().c_str());
}

void TestImportTable::aMapWithoutARoleSaysSo()
{
    QVERIFY(contains(importText("a.csv", "q,a\nU,A\n", mapped({{"user", "q"}})).error(), "no column for assistant"));
    QVERIFY(contains(importText("a.csv", "q,a\nU,A\n", mapped({{"human", "q"}})).error(), "\"human\""));
}

void TestImportTable::unknownColumnsAskForAMap()
{
    const Imported all = importText("a.csv", "frage,antwort\nU,A\n");
    QVERIFY(!all.result);
    QVERIFY2(contains(all.error(), "\"frage\", \"antwort\"") && contains(all.error(), "--map"), all.error().c_str());
}

void TestImportTable::anOpenQuoteNamesItsLine()
{
    const Imported all = importText("a.csv", "prompt,completion\nU,A\n\"two\nlines\",\"open\nU,A\nU,A\n");
    QVERIFY(!all.result);
    QVERIFY2(contains(all.error(), "line 4: a quote that opens here is never closed"), all.error().c_str());
}

void TestImportTable::badRowsAreRejectedAndReadingGoesOn()
{
    const Imported all = importText("a.csv", "prompt,completion\nU\nU,A,B\n\"U\" x,A\nU,\n\xff,A\nU,A\n");
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.size(), std::size_t(1));
    QCOMPARE(all.examples[0].origin.line, 7);
    QCOMPARE(all.rejects.size(), std::size_t(5));
    const char *reasons[] = {"1 field, but the header has 2", "3 fields", "closing quote of field 1",
                             "no assistant answer", "UTF-8"};
    for (std::size_t i = 0; i < 5; ++i) {
        QCOMPARE(all.rejects[i].line, std::int64_t(i + 2));
        QVERIFY2(contains(all.rejects[i].reason, reasons[i]), all.rejects[i].reason.c_str());
    }
    QCOMPARE(all.rejects[3].field, std::string("completion"));
    QCOMPARE(all.rejects[4].field, std::string("prompt"));
}

void TestImportTable::lineEndsOfEverySystemAreRead()
{
    for (const std::string end : {"\n", "\r\n", "\r"}) {
        const Imported all = importText("a.csv", "\xef\xbb\xbf"
                                                 "prompt,completion" +
                                                     end + end + "U,A" + end + "V,B");
        QVERIFY2(all.result, all.error().c_str());
        QCOMPARE(all.examples.size(), std::size_t(2));
        QCOMPARE(all.examples[0].messages[1].content, std::string("A"));
    }
}

void TestImportTable::semicolonsAreSeenInTheHeader()
{
    for (const char *header : {"prompt;\"completion\"", "\"prompt\";\"completion\"", "\"prompt\";completion"}) {
        const Imported all = importText("a.csv", header + std::string("\nU, with comma;A\n"));
        QVERIFY2(all.result, all.error().c_str());
        QCOMPARE(all.examples.at(0).messages[0].content, std::string("U, with comma"));
    }
    const Imported tabs = importText("a.csv", "\"prompt\"\t\"completion\"\n\"U\"\t\"A\"\n");
    QVERIFY2(tabs.result, tabs.error().c_str());
    QCOMPARE(tabs.examples.at(0).messages[1].content, std::string("A"));
}

void TestImportTable::aRowOfSeparatorsAloneDoesNotFillTheMemory()
{
    const Imported all = importText("a.csv", "prompt,completion\n" + std::string(1'000'000, ',') + "\nU,A\n");
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.size(), std::size_t(1));
    QCOMPARE(all.rejects.size(), std::size_t(1));
    QVERIFY2(all.rejects[0].reason.find("65536 fields") != std::string::npos, all.rejects[0].reason.c_str());
}

void TestImportTable::aCellOfDeepJsonIsRejected()
{
    const std::string deep =
        "[{\"\"role\"\":\"\"user\"\",\"\"content\"\":[{\"\"type\"\":" + std::string(200'000, '[') +
        std::string(200'000, ']') + "}]}]";
    ImportOptions options;
    options.columns = {{"conversation", "talk"}};
    const Imported all = importText("a.csv", "id,talk\n1,\"" + deep + "\"\n", options);
    QCOMPARE(all.rejects.size(), std::size_t(1));
    QVERIFY(all.rejects[0].reason.size() < 500);
}

void TestImportTable::tabsSeparateInTsv()
{
    const Imported all = importText("a.tsv", "prompt\tcompletion\nU, V\t\"A\tB\"\n");
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.at(0).messages[0].content, std::string("U, V"));
    QCOMPARE(all.examples.at(0).messages[1].content, std::string("A\tB"));
}

void TestImportTable::theGivenFormatBeatsTheExtension()
{
    ImportOptions options;
    options.format = DataFormat::Csv;
    QVERIFY(importText("a.txt", "prompt,completion\nU,A\n", options).result);
    options.format = DataFormat::PromptCompletion;
    QVERIFY(importText("a.csv", R"({"prompt": "U", "completion": "A"})", options).result);
    for (const char *name : {"auto", "openai", "alpaca", "sharegpt", "prompt-completion", "csv", "tsv"})
        QVERIFY(parseDataFormat(name));
    QVERIFY(contains(parseDataFormat("xml").error().message, "prompt-completion, csv or tsv"));
}

void TestImportTable::aTableWithoutRowsIsRefused()
{
    QVERIFY(contains(importText("a.csv", "").error(), "header row"));
    QVERIFY(contains(importText("a.csv", "prompt,completion\n").error(), "holds no records"));
    QVERIFY(contains(importText("a.csv", "pr\xff,completion\n").error(), "UTF-8"));
}

void TestImportTable::damagedFilesNeverCrash()
{
    const std::string whole = "prompt,completion,tags\n\"a\n\"\"b\",\"c\",x\nU,\"A\r\n\",\"y\"\n";
    std::uint32_t random = 1;
    const auto next = [&] { return random = random * 1664525u + 1013904223u; };
    const Files files;
    for (int i = 0; i < 1500; ++i) {
        std::string text = whole;
        text[(next() >> 8) % text.size()] = "\",\n\r\0x;\xff"[next() >> 29];
        text.erase((next() >> 8) % text.size(), (next() >> 8) % 5);
        const Imported all = importFile(files.write("a.csv", text));
        QVERIFY(all.result || !all.error().empty());
    }
}

QTEST_APPLESS_MAIN(TestImportTable)
#include "tst_import_table.moc"
