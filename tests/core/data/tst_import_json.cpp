#include "tests/core/data/imported.h"

#include <QtTest>

using namespace attune;

namespace {

const std::string Good = R"({"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}]})";

using Roles = std::vector<Message>;

bool contains(const std::string &text, const char *part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

class TestImportJson : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyFormatIsRecognised_data();
    void everyFormatIsRecognised();
    void aBadRecordIsRejectedWithFieldAndReason_data();
    void aBadRecordIsRejectedWithFieldAndReason();
    void badLinesCostNoOthers();
    void splitAndTagsOfARecordAreKept();
    void contentPartsAreJoined();
    void promptAndCompletionMayBeMessages();
    void bomCrlfAndBlankLinesAreFine();
    void anArrayStreamsElementByElement();
    void anArrayThatIsCutShortKeepsWhatIsWhole();
    void anArrayWithAnOpenTextIsRefused();
    void textAfterAnArrayIsReported();
    void aLongRecordCrossesBufferBorders();
    void aRecordOverTheLimitIsRejectedAndNotKept();
    void deepNestingIsARejectAndNoCrash();
    void anUnknownKindOfRecordAsksForAMap();
    void fieldsOfFlatRecordsCanBeMapped();
    void filesThatAreNoTextAreRefused_data();
    void filesThatAreNoTextAreRefused();
    void anErrorOfACallbackStopsTheImport();
    void aStopEndsTheImport();
    void progressReachesTheFileSize();
    void damagedFilesNeverCrash();
};

void TestImportJson::everyFormatIsRecognised_data()
{
    QTest::addColumn<QString>("record");
    QTest::addColumn<QString>("messages"); // role=content, one a line
    QTest::newRow("openai") << R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":"U"},)"
                               R"({"role":"assistant","content":"A"}]})"
                            << "system=S;user=U;assistant=A";
    QTest::newRow("openai, two questions in a row")
        << R"({"messages":[{"role":"user","content":"U"},{"role":"user","content":"V"},)"
           R"({"role":"assistant","content":"A"}]})"
        << "user=U;user=V;assistant=A";
    QTest::newRow("openai, system beside") << R"({"system":"S","messages":[{"role":"user","content":"U"},)"
                                              R"({"role":"assistant","content":"A"}]})"
                                           << "system=S;user=U;assistant=A";
    QTest::newRow("alpaca") << R"({"instruction":"U","output":"A"})"
                            << "user=U;assistant=A";
    QTest::newRow("alpaca, all")
        << R"({"instruction":"U","input":"I","output":"A","system":"S","history":[["q","a"]]})"
        << "system=S;user=q;assistant=a;user=U\n\nI;assistant=A";
    QTest::newRow("alpaca, empty input") << R"({"instruction":"U","input":"","output":"A","system":""})"
                                         << "user=U;assistant=A";
    QTest::newRow("sharegpt") << R"({"conversations":[{"from":"system","value":"S"},{"from":"human","value":"U"},)"
                                 R"({"from":"gpt","value":"A"}]})"
                              << "system=S;user=U;assistant=A";
    QTest::newRow("prompt-completion") << R"({"prompt":"U","completion":"A"})"
                                       << "user=U;assistant=A";
    QTest::newRow("question-answer") << R"({"question":"U","answer":3})"
                                     << "user=U;assistant=3";
}

void TestImportJson::everyFormatIsRecognised()
{
    QFETCH(QString, record);
    QFETCH(QString, messages);
    for (const char *file : {"a.jsonl", "a.json", "a.txt"}) {
        const Imported all = importText(file, record.toStdString() + "\n");
        QVERIFY2(all.result, all.error().c_str());
        QVERIFY2(all.rejects.empty(), all.rejects.empty() ? "" : all.rejects[0].reason.c_str());
        QCOMPARE(all.examples.size(), std::size_t(1));
        std::string read;
        for (const Message &message : all.examples[0].messages)
            read += (read.empty() ? "" : ";") + message.role + "=" + message.content;
        QCOMPARE(QString::fromStdString(read), messages);
    }
}

void TestImportJson::aBadRecordIsRejectedWithFieldAndReason_data()
{
    QTest::addColumn<QByteArray>("record");
    QTest::addColumn<QString>("field");
    QTest::addColumn<QString>("reason");
    const auto row = [](const char *name, const QByteArray &record, const char *field, const char *reason) {
        QTest::newRow(name) << record << field << reason;
    };
    row("no JSON", R"({"messages": [)", "", "not valid JSON");
    row("no object", "[1, 2]", "", "no JSON object");
    row("no messages", R"({"text": "x"})", "messages", "missing");
    row("null messages", R"({"messages": null})", "messages", "null");
    row("messages no list", R"({"messages": "x"})", "messages", "list");
    row("message no object", R"({"messages": ["x"]})", "messages[0]", "no object");
    row("no role", R"({"messages": [{"content": "x"}]})", "messages[0].role", "missing");
    row("unknown role", R"({"messages": [{"role": "User", "content": "x"}]})", "messages[0].role", "\"User\"");
    row("tool", R"({"messages": [{"role": "user", "content": "x"}, {"role": "tool", "content": "x"}]})",
        "messages[1].role", "not supported yet");
    row("tool call",
        R"({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "", "tool_calls": [{}]}]})",
        "messages[1].tool_calls", "not supported yet");
    row("weight",
        R"({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "a", "weight": 0}]})",
        "messages[1].weight", "not to be trained on");
    row("null content", R"({"messages": [{"role": "user", "content": null}]})", "messages[0].content", "null");
    row("number as content", R"({"messages": [{"role": "user", "content": 3}]})", "messages[0].content", "text");
    row("picture", R"({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]})",
        "messages[0].content[0].type", "image_url");
    row("system late", R"({"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "x"}]})",
        "messages[1].role", "first");
    row("no answer", R"({"messages": [{"role": "user", "content": "x"}]})", "", "no assistant answer");
    row("empty answer",
        R"({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": " \n"}]})",
        "messages[1].content", "no assistant answer");
    row("no question", R"({"messages": [{"role": "assistant", "content": "x"}]})", "", "no user turn");
    row("empty question", R"({"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": "x"}]})",
        "messages[0].content", "no user turn");
    row("lone surrogate", R"({"messages": [{"role": "user", "content": "\ud800"}]})", "", "surrogate");
    row("escaped NUL",
        R"({"messages": [{"role": "user", "content": "a\u0000"}, {"role": "assistant", "content": "x"}]})",
        "messages[0].content", "NUL");
    row("raw NUL", QByteArray("{\"messages\": \0}", 15), "", "NUL");
    row("invalid UTF-8", "{\"messages\": [{\"role\": \"user\", \"content\": \"\xc3\x28\"}]}", "", "UTF-8 at byte 44");
    row("overlong UTF-8", "{\"a\": \"\xc0\xaf\"}", "", "UTF-8");
    row("encoded surrogate", "{\"a\": \"\xed\xa0\x80\"}", "", "UTF-8");
    row("bad split", Good.substr(0, Good.size() - 1).append(R"(,"split":"tset"})").c_str(), "split", "\"tset\"");
    row("bad tags", Good.substr(0, Good.size() - 1).append(R"(,"tags":[1]})").c_str(), "tags", "texts");
}

void TestImportJson::aBadRecordIsRejectedWithFieldAndReason()
{
    QFETCH(QByteArray, record);
    QFETCH(QString, field);
    QFETCH(QString, reason);
    const Imported all = importText("a.jsonl", Good + "\n" + record.toStdString() + "\n" + Good + "\n");
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.size(), std::size_t(2));
    QCOMPARE(all.rejects.size(), std::size_t(1));
    QCOMPARE(all.rejects[0].line, 2);
    QCOMPARE(QString::fromStdString(all.rejects[0].field), field);
    QVERIFY2(QString::fromStdString(all.rejects[0].reason).contains(reason), all.rejects[0].reason.c_str());
    QVERIFY2(all.rejects[0].reason.ends_with('.'), all.rejects[0].reason.c_str());
}

void TestImportJson::badLinesCostNoOthers()
{
    // Even the first line may be bad: the second then says what the records are.
    const Imported all = importText("a.jsonl", "{\"messages\": [\n\n" + Good + "\nnonsense\n" + Good);
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.size(), std::size_t(2));
    QCOMPARE(all.examples[0].origin.line, 3);
    QCOMPARE(all.examples[1].origin.line, 5);
    QVERIFY(all.examples[0].origin.file.ends_with("a.jsonl"));
    QCOMPARE(all.rejects.size(), std::size_t(2));
    QCOMPARE(all.rejects[0].line, 1);
    QCOMPARE(all.rejects[1].line, 4);
}

void TestImportJson::splitAndTagsOfARecordAreKept()
{
    const Imported all = importText("a.jsonl", R"({"prompt":"U","completion":"A","split":"test","tags":["x","y z"]})"
                                               "\n"
                                               R"({"prompt":"U","completion":"A","split":null,"tags":"x, y z;"})");
    QCOMPARE(all.examples.size(), std::size_t(2));
    QVERIFY(all.examples[0].part == Part::Test);
    QVERIFY(!all.examples[1].part);
    const std::vector<std::string> tags{"x", "y z"};
    QCOMPARE(all.examples[0].tags, tags);
    QCOMPARE(all.examples[1].tags, tags);
}

void TestImportJson::contentPartsAreJoined()
{
    const Imported all = importText(
        "a.jsonl", R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"text":"b"},"c"]},)"
                   R"({"role":"assistant","content":"x"}]})");
    QCOMPARE(all.examples.size(), std::size_t(1));
    QCOMPARE(all.examples[0].messages[0].content, std::string("abc"));
}

void TestImportJson::promptAndCompletionMayBeMessages()
{
    const Imported all = importText(
        "a.jsonl", R"({"prompt":[{"role":"system","content":"S"},{"role":"user","content":"U"}],)"
                   R"("completion":[{"role":"assistant","content":"A"}]})"
                   "\n"
                   R"({"prompt":[{"role":"user","content":"U"}],"completion":[{"role":"wizard","content":"A"}]})");
    QCOMPARE(all.examples.size(), std::size_t(1));
    QVERIFY((all.examples[0].messages == Roles{{"system", "S"}, {"user", "U"}, {"assistant", "A"}}));
    QCOMPARE(all.rejects.size(), std::size_t(1));
    QCOMPARE(all.rejects[0].field, std::string("completion[0].role"));
}

void TestImportJson::bomCrlfAndBlankLinesAreFine()
{
    const Imported all = importText("a.jsonl", "\xef\xbb\xbf\r\n" + Good + "\r\n\r\n" + Good + "\r\n");
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.size(), std::size_t(2));
    QCOMPARE(all.examples[1].origin.line, 4);
    QVERIFY(all.rejects.empty());
}

void TestImportJson::anArrayStreamsElementByElement()
{
    const std::string tricky = R"({"prompt":"] } \" , [ \\","completion":"{[,\\\""})";
    const Imported all =
        importText("a.json", "\n[\n " + tricky + ",\n {\"prompt\": \"U\"},\n" + tricky + " ,\n17]\n");
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.size(), std::size_t(2));
    QCOMPARE(all.examples[0].messages[0].content, std::string("] } \" , [ \\"));
    QCOMPARE(all.examples[0].messages[1].content, std::string("{[,\\\""));
    QCOMPARE(all.examples[0].origin.line, 3);
    QCOMPARE(all.examples[1].origin.line, 5);
    QCOMPARE(all.rejects.size(), std::size_t(2));
    QCOMPARE(all.rejects[0].field, std::string("[1].completion"));
    QCOMPARE(all.rejects[0].line, 4);
    QCOMPARE(all.rejects[1].field, std::string("[3]"));
    QVERIFY(contains(importText("a.json", "[ ]").error(), "holds no records"));
}

void TestImportJson::anArrayThatIsCutShortKeepsWhatIsWhole()
{
    const std::string whole = "[" + Good + ",\n" + Good + "]";
    for (std::size_t length = Good.size() + 1; length < whole.size(); ++length) {
        const Imported all = importText("a.json", whole.substr(0, length));
        QVERIFY2(all.result, all.error().c_str());
        QCOMPARE(all.examples.size(), std::size_t(length == whole.size() - 1 ? 2 : 1));
        QCOMPARE(all.rejects.size(), std::size_t(1));
        QVERIFY2(contains(all.rejects[0].reason, "cut short"), all.rejects[0].reason.c_str());
    }
}

void TestImportJson::anArrayWithAnOpenTextIsRefused()
{
    const Imported all = importText("a.json", "[\n{\"prompt\": \"open,\n \"completion\": \"x\"},\n" + Good + "]");
    QVERIFY(!all.result);
    QVERIFY2(contains(all.error(), "line 2: a text that begins here"), all.error().c_str());
}

void TestImportJson::textAfterAnArrayIsReported()
{
    const Imported all = importText("a.json", "[" + Good + "]\n[" + Good + "]");
    QVERIFY(all.result);
    QCOMPARE(all.examples.size(), std::size_t(1));
    QCOMPARE(all.rejects.size(), std::size_t(1));
    QCOMPARE(all.rejects[0].line, 2);
}

void TestImportJson::aLongRecordCrossesBufferBorders()
{
    std::string content;
    for (int i = 0; content.size() < 700'000; ++i)
        content += std::to_string(i) + " \u00e9 ";
    const std::string record = R"({"prompt":"U","completion":")" + content + "\"}";
    for (const auto &text : {record + "\n" + Good + "\n" + record, "[" + record + "," + Good + "," + record + "]"}) {
        const Imported all = importText("a.json", text);
        QVERIFY2(all.result, all.error().c_str());
        QCOMPARE(all.examples.size(), std::size_t(2));
        QVERIFY(all.examples[1].messages[1].content == content);
    }
}

void TestImportJson::aRecordOverTheLimitIsRejectedAndNotKept()
{
    const std::string huge =
        R"({"prompt":"U","completion":")" + std::string((std::size_t(64) << 20) + 1, 'x') + "\"}";
    const Imported all = importText("a.jsonl", huge + "\n" + Good + "\n");
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.size(), std::size_t(1));
    QCOMPARE(all.examples[0].origin.line, 2);
    QCOMPARE(all.rejects.size(), std::size_t(1));
    QVERIFY2(contains(all.rejects[0].reason, "64 MiB"), all.rejects[0].reason.c_str());
}

void TestImportJson::deepNestingIsARejectAndNoCrash()
{
    const std::string deep(1'000'000, '[');
    const Imported lines = importText("a.jsonl", Good + "\n{\"messages\":" + deep + "\n");
    QCOMPARE(lines.rejects.size(), std::size_t(1));
    const Imported array = importText("a.json", "[" + Good + "," + deep);
    QCOMPARE(array.rejects.size(), std::size_t(1));
}

void TestImportJson::anUnknownKindOfRecordAsksForAMap()
{
    const Imported all = importText("a.jsonl", R"({"frage": "U", "antwort": "A"})");
    QVERIFY(!all.result);
    QVERIFY(all.result.error().code == ErrorCode::InvalidInput);
    QVERIFY2(contains(all.error(), "\"antwort\", \"frage\""), all.error().c_str());
    QVERIFY2(contains(all.error(), "--map"), all.error().c_str());
    QVERIFY(contains(importText("a.txt", "frage,antwort\n").error(), "--format"));
    QVERIFY(contains(importText("a.jsonl", "{\n \"messages\": []\n}").error(), "one object a line"));
    QVERIFY(contains(importText("a.jsonl", "\n \n").error(), "holds no records"));
    QVERIFY(contains(importText("a.jsonl", "").error(), "holds no records"));
}

void TestImportJson::fieldsOfFlatRecordsCanBeMapped()
{
    ImportOptions options;
    options.columns = {{"user", "frage"}, {"assistant", "antwort"}};
    const Imported all = importText("a.jsonl", R"({"frage": "U", "antwort": "A", "split": "test"})", options);
    QVERIFY2(all.result, all.error().c_str());
    QCOMPARE(all.examples.size(), std::size_t(1));
    QVERIFY(all.examples[0].part == Part::Test);
    options.columns["assistant"] = "antwrot";
    QVERIFY(contains(importText("a.jsonl", R"({"frage": "U", "antwort": "A"})", options).error(), "\"antwort\""));
    options.format = DataFormat::OpenAi;
    QVERIFY(!importText("a.jsonl", Good, options).result);
}

void TestImportJson::filesThatAreNoTextAreRefused_data()
{
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QString>("message");
    QTest::newRow("gzip") << QByteArray("\x1f\x8b\x08") << "gzip";
    QTest::newRow("parquet") << QByteArray("PAR1....") << "Parquet";
    QTest::newRow("xlsx") << QByteArray("PK\x03\x04....") << "spreadsheet";
    QTest::newRow("PDF") << QByteArray("%PDF-1.7\n%\xe2\xe3") << "PDF";
}

void TestImportJson::filesThatAreNoTextAreRefused()
{
    QFETCH(QByteArray, content);
    QFETCH(QString, message);
    const Imported all = importText("a.jsonl", content.toStdString());
    QVERIFY(!all.result);
    QVERIFY(QString::fromStdString(all.error()).contains(message));
    const Files files;
    QVERIFY(importFile(files.path() / "none.jsonl").result.error().code == ErrorCode::NotFound);
    QVERIFY(contains(importFile(files.path()).error(), "folder"));
}

void TestImportJson::anErrorOfACallbackStopsTheImport()
{
    const Files files;
    const auto file = files.write("a.jsonl", Good + "\n" + Good + "\nx\n");
    int seen = 0;
    const auto stopped = readExamples(
        file, {},
        [&](Example) -> Result<void> {
            ++seen;
            return fail(ErrorCode::Io, "full");
        },
        [](Reject) -> Result<void> { return {}; });
    QVERIFY(!stopped);
    QCOMPARE(stopped.error().message, std::string("full"));
    QCOMPARE(seen, 1);
}

void TestImportJson::aStopEndsTheImport()
{
    const Files files;
    std::string text;
    for (int i = 0; i < 100; ++i)
        text += Good + "\n";
    const auto file = files.write("a.jsonl", text);
    std::stop_source stop;
    int seen = 0;
    const auto stopped = readExamples(
        file, {},
        [&](Example) -> Result<void> {
            if (++seen == 3)
                stop.request_stop();
            return {};
        },
        [](Reject) -> Result<void> { return {}; }, stop.get_token());
    QVERIFY(!stopped);
    QVERIFY(stopped.error().code == ErrorCode::Interrupted);
    QCOMPARE(seen, 3);
    QVERIFY(importFile(file, {}, stop.get_token()).result.error().code == ErrorCode::Interrupted);
}

void TestImportJson::progressReachesTheFileSize()
{
    const Files files;
    std::string text;
    while (text.size() < 1'000'000)
        text += Good + "\n";
    const auto file = files.write("a.jsonl", text);
    std::vector<std::int64_t> seen;
    QVERIFY(importFile(file, {}, {}, [&](std::int64_t bytes) { seen.push_back(bytes); }).result);
    QVERIFY(seen.size() > 2);
    QVERIFY(std::is_sorted(seen.begin(), seen.end()));
    QCOMPARE(seen.back(), std::int64_t(text.size()));
}

void TestImportJson::damagedFilesNeverCrash()
{
    const std::string lines = Good + "\n" +
                              R"({"messages":[{"role":"user","content":[{"type":"text","text":"é"}]},)" +
                              R"({"role":"assistant","content":"\u00e9"}],"tags":["a"],"split":"dev"})" + "\n";
    const std::string array =
        "[" + lines.substr(0, lines.find('\n')) + "," + lines.substr(lines.find('\n') + 1) + "]";
    std::uint32_t random = 1;
    const auto next = [&] { return random = random * 1664525u + 1013904223u; };
    const Files files;
    for (int i = 0; i < 1500; ++i) {
        std::string text = i % 2 ? lines : array;
        for (std::uint32_t changes = 1 + (next() >> 30); changes > 0; --changes) {
            text[(next() >> 8) % text.size()] = static_cast<char>(next() >> 24);
            if (next() >> 31 && text.size() > 20)
                text.erase((next() >> 8) % text.size(), (next() >> 8) % 9);
        }
        const Imported all = importFile(files.write("a.json", text));
        for (const Reject &reject : all.rejects)
            QVERIFY(!reject.reason.empty());
        QVERIFY(all.result || !all.error().empty());
    }
}

QTEST_APPLESS_MAIN(TestImportJson)
#include "tst_import_json.moc"
