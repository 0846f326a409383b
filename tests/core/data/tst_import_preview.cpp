#include "core/data/import_preview.h"
#include "core/data/prompt_template.h"
#include "tests/core/data/imported.h"

#include <QtTest>

using namespace attune;

namespace {

ImportPreview previewText(const std::string &text, const ImportOptions &options = {},
                          const ImportPreviewOptions &limits = {})
{
    auto preview = previewImport(ImportSource::pasted(text), options, limits);
    if (!preview)
        qFatal("%s", preview.error().message.c_str());
    return std::move(*preview);
}

std::map<std::string, std::string> rolesOf(const ImportPreview &preview)
{
    std::map<std::string, std::string> roles;
    for (const PreviewColumn &column : preview.columns)
        roles[column.name] = name(column.role);
    return roles;
}

/// A table whose column names say little.
const std::string Mails = "id;topic;mail;json;stars\n"
                          "1;refund;Hello, the lamp I ordered came broken;\"{\"\"intent\"\": 1}\";5\n"
                          "2;delivery;\"Where is\nmy parcel?\";\"{\"\"intent\"\": \"\"late\"\"}\";4\n"
                          "3;invoice;Please send me the invoice again;\"{\"\"intent\"\": \"\"bill\"\"}\";n/a\n";

} // namespace

class TestImportPreview : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void duplicatesAreCountedBeforeTheImport()
    {
        const std::string text = "question,answer,split\na,b,test\nc,d,\na,b,train\ne,f,\n";
        ContentSet known;
        known.insert(ContentKey::of(contentHash(std::vector<Message>{{"user", "c"}, {"assistant", "d"}})));
        const ImportPreview preview = previewText(text, {}, {.known = &known});
        QCOMPARE(preview.good, std::int64_t(4));
        QCOMPARE(preview.duplicates, std::int64_t(2));
        QCOMPARE(preview.doubled.size(), std::size_t(2));
        QCOMPARE(preview.doubled[0].line, std::int64_t(3));
        QCOMPARE(preview.doubled[1].line, std::int64_t(4));
        QCOMPARE(preview.parts, (std::array<std::int64_t, 4>{0, 0, 1, 1}));
        QCOMPARE(known.size(), std::size_t(3));
        QCOMPARE(previewText(text).duplicates, std::int64_t(0)); // nobody asked
    }
    void aFormatIsGuessedAndSaidInASentence_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("format");
        QTest::addColumn<QString>("said");
        const auto row = [](const char *title, const char *text, const char *format, const char *said) {
            QTest::newRow(title) << text << format << said;
        };
        row("openai", R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})",
            "openai", "OpenAI");
        row("sharegpt", R"([{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}])",
            "sharegpt", "One JSON array");
        row("alpaca", R"({"instruction": "a", "input": "", "output": "b"})", "alpaca", "Alpaca");
        row("prompt", R"({"prompt": "a", "completion": "b"})", "prompt-completion", "completion");
        row("flat", R"({"question": "a", "answer": "b"})", "auto", "names say");
        row("csv", "prompt,response\na,b\n", "csv", "commas");
        row("tsv", "prompt\tresponse\na\tb\n", "tsv", "tabs");
    }
    void aFormatIsGuessedAndSaidInASentence()
    {
        QFETCH(QString, text);
        QFETCH(QString, format);
        QFETCH(QString, said);
        const ImportPreview preview = previewText(text.toStdString());
        QCOMPARE(QString::fromStdString(std::string(name(preview.guess.format))), format);
        QVERIFY2(QString::fromStdString(preview.guess.sentence).contains(said), preview.guess.sentence.c_str());
        QVERIFY(preview.guess.trust == FormatGuess::Trust::Sure);
        QCOMPARE(preview.missing, std::string());
        QCOMPARE(preview.good, 1);
        QCOMPARE(preview.first.size(), std::size_t(1));
        QVERIFY(preview.first[0].example);
        QCOMPARE(preview.first[0].example->messages, (std::vector<Message>{{"user", "a"}, {"assistant", "b"}}));
    }

    void columnsOfATableGetRolesFromNamesAndValues()
    {
        const ImportPreview preview = previewText(Mails);
        QCOMPARE(rolesOf(preview), (std::map<std::string, std::string>{{"id", "ignore"},
                                                                       {"topic", "tag"},
                                                                       {"mail", "user"},
                                                                       {"json", "assistant"},
                                                                       {"stars", "ignore"}})); // one is n/a
        QVERIFY(preview.guess.trust == FormatGuess::Trust::Likely);
        QCOMPARE(preview.guess.separator, ';');
        QCOMPARE(preview.columns[0].kind, std::string("1-5"));
        QCOMPARE(preview.columns[3].kind, std::string("JSON"));
        QCOMPARE(preview.columns[2].samples[1], std::string("Where is\nmy parcel?"));
        QCOMPARE(preview.first[1].line, 3);
        QCOMPARE(preview.first[1].cells[1], std::string("delivery"));
        QCOMPARE(preview.first[1].example->tags, std::vector<std::string>{"delivery"});
        QCOMPARE(preview.first[1].text,
                 std::string("2;delivery;\"Where is\nmy parcel?\";\"{\"\"intent\"\": \"\"late\"\"}\";4"));
    }

    void aRatingThatIsNoneIsNotedAndKeepsTheRow()
    {
        ImportPreview preview = previewText(Mails);
        preview.columns[4].role = ColumnRole::Rating;
        const ImportPreview rated = previewText(Mails, optionsForRoles(preview.columns, {}));
        QCOMPARE(rated.good, 3);
        QCOMPARE(rated.first[0].example->rating, 5);
        QCOMPARE(rated.first[2].example->rating, 0);
        QCOMPARE(rated.noted, 1);
        QCOMPARE(rated.notes[0].line, 5);
        QCOMPARE(rated.notes[0].field, std::string("stars"));
        QVERIFY(rated.notes[0].reason.find("\"n/a\"") != std::string::npos);
    }

    void everyRoleReachesTheRow()
    {
        const std::string text = "q1,q2,a,sys,part,why,lang,topic\n"
                                 "one,two,three,be kind,test,because,de,x\n"
                                 "one,,three,,,,,\n";
        ImportPreview preview = previewText(text);
        const std::vector<ColumnRole> roles{ColumnRole::User,   ColumnRole::User,  ColumnRole::Assistant,
                                            ColumnRole::System, ColumnRole::Split, ColumnRole::Note,
                                            ColumnRole::Tag,    ColumnRole::Tag};
        for (std::size_t i = 0; i < roles.size(); ++i)
            preview.columns[i].role = roles[i];
        ImportOptions base;
        base.system = "for the others";
        const auto imported = importText("t.csv", text, optionsForRoles(preview.columns, base));
        QCOMPARE(imported.error(), std::string());
        QCOMPARE(imported.examples.size(), std::size_t(2));
        const Example &row = imported.examples[0];
        QCOMPARE(row.messages,
                 (std::vector<Message>{{"system", "be kind"}, {"user", "one\n\ntwo"}, {"assistant", "three"}}));
        QCOMPARE(row.part, std::optional(Part::Test));
        QCOMPARE(row.notes, std::string("because"));
        QCOMPARE(row.tags, (std::vector<std::string>{"de", "x"}));
        QCOMPARE(imported.examples[1].messages,
                 (std::vector<Message>{{"system", "for the others"}, {"user", "one"}, {"assistant", "three"}}));
    }

    void aColumnCanHoldAWholeConversation()
    {
        const std::string chat =
            R"([{""role"": ""user"", ""content"": ""a""}, {""role"": ""assistant"", ""content"": ""b""}])";
        const ImportPreview preview = previewText("id,chat,tags\n7,\"" + chat + "\",x\n");
        QCOMPARE(rolesOf(preview)["chat"], std::string("conversation"));
        QCOMPARE(preview.good, 1);
        QCOMPARE(preview.first[0].example->messages.size(), std::size_t(2));
        QCOMPARE(preview.first[0].example->tags, std::vector<std::string>{"x"});
        ImportOptions options;
        options.columns = {{"conversation", "chat"}};
        const ImportPreview broken = previewText("chat\n[1\n", options);
        QCOMPARE(broken.rejected, 1);
        QCOMPARE(broken.rejects[0].field, std::string("chat"));
    }

    void anIgnoredColumnIsIgnoredEvenIfItIsCalledSplit()
    {
        const std::string text = "prompt,response,split\na,b,somewhere\n";
        QCOMPARE(previewText(text).good, 1); // its values are no parts, so the guess ignores it
        QCOMPARE(importText("t.csv", text).rejects.size(), std::size_t(1)); // unasked, it must not get lost
    }

    void rejectsComeWithTheirText()
    {
        const ImportPreview preview = previewText("prompt,response\na,b\nalone\n\"x\ny\",\n");
        QCOMPARE(preview.records, 3);
        QCOMPARE(preview.rejected, 2);
        QCOMPARE(preview.rejects[0].line, 3);
        QCOMPARE(preview.rejects[0].record, 1);
        QCOMPARE(preview.rejects[0].text, std::string("alone"));
        QCOMPARE(preview.rejects[1].text, std::string("\"x\ny\","));
        QVERIFY(preview.first[1].reject && !preview.first[1].example);
        const ImportPreview json =
            previewText("{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"prompt\": \"a\" \"completion\"}\n");
        QCOMPARE(json.rejects.size(), std::size_t(1));
        QCOMPARE(json.rejects[0].text, std::string("{\"prompt\": \"a\" \"completion\"}"));
    }

    void aRejectThatIsMendedComesIn()
    {
        ImportSource table = ImportSource::pasted("prompt,response\na,b\nalone\nc,d\n");
        table.mended = {{1, "not,alone"}, {2, ""}};
        const auto preview = previewImport(table, {});
        QVERIFY(preview);
        QCOMPARE(preview->good, 2);
        QCOMPARE(preview->rejected, 0);
        QCOMPARE(preview->first[1].cells, (std::vector<std::string>{"not", "alone"}));
        QCOMPARE(preview->first[1].example->messages[1].content, std::string("alone"));
        QCOMPARE(preview->first[1].example->origin.line, 3);
        QVERIFY(!preview->first[2].example);
        table.mended = {{1, "\"open"}};
        const auto still = previewImport(table, {});
        QVERIFY(still);
        QCOMPARE(still->rejected, 1);

        ImportSource array = ImportSource::pasted(R"([{"prompt": "a"}, {"prompt": "a", "completion": "b"}])");
        array.mended = {{0, R"({"prompt": "a", "completion": "c"})"}};
        const auto mended = previewImport(array, {});
        QVERIFY(mended);
        QCOMPARE(mended->good, 2);
        QCOMPARE(mended->first[0].example->messages[1].content, std::string("c"));
    }

    void aTemplateMakesTheUsersTurn()
    {
        ImportOptions options;
        options.promptTemplate = "Topic: {Topic}\n\n{MAIL}\n\n{{json}} please";
        options.columns = {{"assistant", "json"}};
        const ImportPreview preview = previewText(Mails, options);
        QCOMPARE(preview.missing, std::string());
        QCOMPARE(preview.first[1].example->messages[0].content,
                 std::string("Topic: delivery\n\nWhere is\nmy parcel?\n\n{json} please"));
    }

    void aBlockWhoseSlotsAreEmptyIsLeftOut()
    {
        const auto parsed = PromptTemplate::parse("{a}\n\nInput: {b}\n\nEnd");
        QVERIFY(parsed);
        const auto fill = [&](const std::string &a, const std::string &b) {
            return parsed->fill([&](const std::string &slot) { return slot == "a" ? a : b; });
        };
        QCOMPARE(fill("1", "2"), std::string("1\n\nInput: 2\n\nEnd"));
        QCOMPARE(fill("1", ""), std::string("1\n\nEnd"));
        QCOMPARE(fill("", "2"), std::string("Input: 2\n\nEnd"));
        for (const char *bad : {"", "no slot", "{}", "{open", "{a\nb}", "{a{b}}"})
            QVERIFY2(!PromptTemplate::parse(bad), bad);
    }

    void whatIsMissingIsSaidAndTheColumnsAreShownAllTheSame()
    {
        const ImportPreview numbers = previewText("a,b\n1,2\n3,4\n");
        QVERIFY(numbers.guess.trust == FormatGuess::Trust::Unsure);
        QVERIFY(!numbers.missing.empty());
        QCOMPARE(numbers.first.size(), std::size_t(2));
        ImportOptions options;
        options.promptTemplate = "{nowhere}";
        const ImportPreview slot = previewText(Mails, options);
        QVERIFY2(slot.missing.find("\"nowhere\"") != std::string::npos, slot.missing.c_str());
        options.promptTemplate = "{mail";
        QVERIFY(!previewText(Mails, options).missing.empty());
    }

    void fieldsOfFlatJsonAreColumns()
    {
        const ImportPreview preview =
            previewText("{\"mail\": \"Where is it, please?\", \"label\": \"late\", \"n\": 1}\n"
                        "{\"mail\": \"I want my money\", \"label\": \"refund\", \"tags\": [\"x\"]}\n");
        QCOMPARE(preview.columns.size(), std::size_t(4));
        QCOMPARE(preview.columns[0].name, std::string("mail")); // in the order of the file
        QCOMPARE(rolesOf(preview),
                 (std::map<std::string, std::string>{
                     {"mail", "user"}, {"label", "assistant"}, {"n", "ignore"}, {"tags", "tag"}}));
        QCOMPARE(preview.good, 2);
        QCOMPARE(preview.first[1].example->tags, std::vector<std::string>{"x"});
        QCOMPARE(preview.first[0].cells[2], std::string("1"));
    }

    void onlyTheFirstRecordsAreReadWhereThatIsAsked()
    {
        std::string text = "prompt,response\n";
        for (int i = 0; i < 1000; ++i)
            text += "a" + std::to_string(i) + ",b\n";
        ImportPreviewOptions limits;
        limits.records = 10;
        const ImportPreview whole = previewText(text, {}, limits);
        QCOMPARE(whole.records, 1000);
        QCOMPARE(whole.first.size(), std::size_t(10));
        limits.wholeSource = false;
        const ImportPreview quick = previewText(text, {}, limits);
        QCOMPARE(quick.first.size(), std::size_t(10));
        QCOMPARE(quick.records, 10);
        QVERIFY(quick.first[9].example);
    }

    void whatHoldsNothingIsAnError()
    {
        QVERIFY(!previewImport(ImportSource::pasted(""), {}));
        QVERIFY(!previewImport(ImportSource(std::filesystem::path("/nowhere/at/all.csv")), {}));
        QVERIFY(!previewImport(ImportSource::pasted("a,b\n\"open,1\n"), {}));
    }

    void aPastedTextIsReadLikeAFileWhateverItsSize()
    {
        std::string text;
        for (int i = 0; i < 20000; ++i)
            text += "{\"prompt\": \"question number " + std::to_string(i) + "\", \"completion\": \"answer\"}\r\n";
        QVERIFY(text.size() > 1000000); // several pieces
        int count = 0;
        const auto read = readExamples(
            ImportSource::pasted(text, "clipboard"), {},
            [&](Example example) -> Result<void> {
                if (example.origin.line != ++count || example.origin.file != "clipboard")
                    return fail(ErrorCode::Internal, "out of place");
                return {};
            },
            [](Reject reject) -> Result<void> { return fail(ErrorCode::Internal, reject.reason); });
        QVERIFY2(read, read ? "" : read.error().message.c_str());
        QCOMPARE(count, 20000);
    }
};

QTEST_APPLESS_MAIN(TestImportPreview)
#include "tst_import_preview.moc"
