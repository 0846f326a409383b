#include "core/data/import_preview.h"
#include "core/data/parquet_lines.h"
#include "tests/core/data/imported.h"

#include <QtTest>

using namespace attune;

/// Parquet files that pyarrow wrote (tests/data/parquet).
class TestParquet : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init();
    void chatsComeWithSplitTagsAndRating();
    void badRowsAreNamedByTheirNumber();
    void everyFormatOfJsonIsOneOfParquet_data();
    void everyFormatOfJsonIsOneOfParquet();
    void columnsCanBeMapped();
    void aPreviewShowsItsColumns();
    void theEndingDoesNotMatter();
    void progressEndsWithTheFile();
    void damagedFilesAreRefused_data();
    void damagedFilesAreRefused();
    void aFileWithoutRowsHoldsNoRecords();
    void withoutTheLibrariesASentenceNamesTheCommand();

private:
    static std::filesystem::path file(const std::string &name) { return ATTUNE_TEST_DATA "/parquet/" + name; }
};

void TestParquet::init()
{
    const bool needsNone = std::string_view(QTest::currentTestFunction()).starts_with("without");
    if (!ParquetLines::isBuiltIn() && !needsNone)
        QSKIP("built without Parquet: installer/setup --with-parquet fetches its libraries");
}

void TestParquet::chatsComeWithSplitTagsAndRating()
{
    const Imported all = importFile(file("chats.parquet"));
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.size(), std::size_t(4));
    const Example &first = all.examples[0];
    QCOMPARE(first.messages.back().content, std::string("On its way.\nThanks!"));
    QCOMPARE(first.part, std::optional(Part::Train));
    QCOMPARE(first.rating, 5);
    QCOMPARE(first.tags, (std::vector<std::string>{"mail", "late"}));
    QCOMPARE(all.examples[1].messages.front().role, std::string("system"));
    QCOMPARE(all.examples[1].messages.back().content, std::string("Hello, \"you\" \\ café 東京 🙂"));
    QCOMPARE(all.examples[2].messages.size(), std::size_t(4));
    QCOMPARE(all.examples[2].origin.line, std::int64_t(4));
    QCOMPARE(all.examples[3].messages.back().content, std::string("\x01 yes"));
}

void TestParquet::badRowsAreNamedByTheirNumber()
{
    const Imported all = importFile(file("chats.parquet"));
    QCOMPARE(all.rejects.size(), std::size_t(2));
    QCOMPARE(all.rejects[0].line, std::int64_t(3));
    QCOMPARE(all.rejects[0].field, std::string("messages"));
    QCOMPARE(all.rejects[1].line, std::int64_t(5));
}

void TestParquet::everyFormatOfJsonIsOneOfParquet_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QStringList>("turns");
    QTest::addColumn<int>("rejects");
    QTest::newRow("sharegpt") << "sharegpt.parquet" << QStringList{"S", "Q", "A"} << 0;
    QTest::newRow("instructions") << "instructions.parquet" << QStringList{"Add\n\n1 and 2", "3"} << 0;
    QTest::newRow("prompts") << "prompts.parquet" << QStringList{"P1", "C1"} << 1;
}

void TestParquet::everyFormatOfJsonIsOneOfParquet()
{
    QFETCH(QString, name);
    QFETCH(QStringList, turns);
    QFETCH(int, rejects);
    const Imported all = importFile(file(name.toStdString()));
    QVERIFY2(all.result, all.error().c_str());
    QStringList read;
    for (const Message &message : all.examples.front().messages)
        read.append(QString::fromStdString(message.content));
    QCOMPARE(read, turns);
    QCOMPARE(static_cast<int>(all.rejects.size()), rejects);
}

void TestParquet::columnsCanBeMapped()
{
    ImportOptions options;
    options.columns = {{"user", "frage"}, {"assistant", "antwort"}, {"tags", "id"}};
    const Imported all = importFile(file("questions.parquet"), options);
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.size(), std::size_t(2));
    QCOMPARE(all.examples[1].messages[0].content, std::string("Was?"));
    QCOMPARE(all.examples[1].tags, std::vector<std::string>{"2"});
    options.columns["user"] = "question";
    QVERIFY(importFile(file("questions.parquet"), options).error().find("\"frage\"") != std::string::npos);
}

void TestParquet::aPreviewShowsItsColumns()
{
    const auto preview = previewImport(file("questions.parquet"), {});
    QVERIFY2(preview, preview ? "" : preview.error().message.c_str());
    QVERIFY(preview->guess.sentence.starts_with("A Parquet file with 3 fields"));
    QCOMPARE(preview->columns[0].name, std::string("frage"));
    QCOMPARE(preview->columns[0].samples, (std::vector<std::string>{"Wo?", "Was?"}));
    const auto chats = previewImport(file("chats.parquet"), {});
    QVERIFY(chats && chats->guess.format == DataFormat::OpenAi);
    QCOMPARE(chats->good, std::int64_t(4));
}

void TestParquet::theEndingDoesNotMatter()
{
    const Files files;
    const auto copy = files.path() / "rows.data";
    std::filesystem::copy_file(file("prompts.parquet"), copy);
    QCOMPARE(importFile(copy).examples.size(), std::size_t(1));
}

void TestParquet::progressEndsWithTheFile()
{
    std::int64_t last = 0;
    const Imported all = importFile(file("chats.parquet"), {}, {}, [&](std::int64_t bytes) {
        QVERIFY(bytes >= last);
        last = bytes;
    });
    QVERIFY(all.result);
    QCOMPARE(last, static_cast<std::int64_t>(std::filesystem::file_size(file("chats.parquet"))));
    std::stop_source stop;
    stop.request_stop();
    QVERIFY(importFile(file("chats.parquet"), {}, stop.get_token()).result.error().code == ErrorCode::Interrupted);
}

void TestParquet::damagedFilesAreRefused_data()
{
    QTest::addColumn<QByteArray>("content");
    const auto read = [](const char *name) {
        QFile file(QString(ATTUNE_TEST_DATA) + "/parquet/" + name);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    };
    QTest::newRow("cut short") << read("cut.parquet");
    QTest::newRow("flipped bytes") << read("flipped.parquet");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("something else") << QByteArray("{\"prompt\": \"P\", \"completion\": \"C\"}\n");
    QTest::newRow("a start and an end") << QByteArray("PAR1....PAR1");
    QTest::newRow("a huge footer") << QByteArray("PAR1\xff\xff\xff\x7fPAR1");
}

void TestParquet::damagedFilesAreRefused()
{
    QFETCH(QByteArray, content);
    const Imported all = importText("damaged.parquet", content.toStdString());
    QVERIFY(!all.result);
    QCOMPARE(all.result.error().code, ErrorCode::Corrupt);
    QVERIFY2(all.error().find("damaged.parquet can't be read as Parquet") != std::string::npos, all.error().c_str());
    QVERIFY(all.error().find('\n') == std::string::npos);
}

void TestParquet::aFileWithoutRowsHoldsNoRecords()
{
    QVERIFY(importFile(file("empty.parquet")).error().find("holds no records") != std::string::npos);
}

void TestParquet::withoutTheLibrariesASentenceNamesTheCommand()
{
    if (ParquetLines::isBuiltIn())
        QSKIP("built with Parquet");
    const Imported all = importFile(file("prompts.parquet"));
    QVERIFY(all.error().find("installer/setup --with-parquet") != std::string::npos);
}

QTEST_APPLESS_MAIN(TestParquet)
#include "tst_parquet.moc"
