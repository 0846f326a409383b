#include "tests/core/store/labelling_rows.h"

#include <QtTest>

using namespace attune;

namespace {

Example rowOf(std::vector<Message> messages, std::optional<Part> part, std::vector<std::string> tags,
              const std::string &file)
{
    return {.messages = std::move(messages), .origin = {file, 1}, .part = part, .tags = std::move(tags)};
}

/// Five rows, each with something of its own.
class Five : public LabellingFixture {
public:
    Five()
    {
        add({rowOf({{"user", "Where is my parcel?"}, {"assistant", "On its way, by e-mail."}}, Part::Train,
                   {"shipping", "Urgent"}, "a.jsonl"),
             rowOf({{"system", "Be kind."}, {"user", "Größe falsch, über 40"}, {"assistant", "{\"size\": 40}"}},
                   Part::Train, {"sizes"}, "a.jsonl"),
             rowOf({{"user", "parcel lost"}, {"assistant", "sorry"}, {"user", "and now?"}, {"assistant", "wait"}},
                   Part::Validation, {"shipping"}, "b.csv"),
             rowOf({{"system", "Be kind."}, {"user", "Alpha"}, {"assistant", "beta gamma"}}, Part::Test, {}, "b.csv"),
             rowOf({{"user", "zulu parcels"}, {"assistant", "gamma beta"}}, {}, {}, "")});
        (void)edit({.id = 1, .state = LabelState::Approved, .rating = 5});
        (void)edit({.id = 2, .state = LabelState::Flagged, .rating = 2});
        const auto hash = [&](std::int64_t id) { return (*project->example(id))->contentHash; };
        (void)labelling.setTokenCounts("f", std::vector<TokenCount>{{1, hash(1), 50, 20},
                                                                    {2, hash(2), 150, 30},
                                                                    {3, hash(3), 90, 30},
                                                                    {4, hash(4), 400, 10}});
        (void)labelling.setProblems(std::array{ProblemKind::Leak, ProblemKind::Duplicate},
                                    std::vector<StoredProblem>{{3, ProblemKind::Leak, "like row 1", 1, 0},
                                                               {2, ProblemKind::Duplicate, "", 1, 1}});
    }
};

} // namespace

class TestLabellingFind : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aSearchFindsWhatItSays_data();
    void aSearchFindsWhatItSays();
    void anErrorNamesThePiece_data();
    void anErrorNamesThePiece();
    void choicesAreOrWithinAndAndBetween();
    void rowsAreSorted();
    void summariesKeepTheOrderAndLeaveOutWhatIsGone();
    void headsAreFoldedAndCutBetweenCharacters();
    void eachFacetCountsWithoutItsOwnChoice();
    void aLockedTestPartIsCountedAndNotFound();
    void facetsAgreeWithQueries();
    void sharedSystemTurnsAreCounted();
    void aQueryComesBackFromItsJson();
    void aDamagedViewIsRefused();
};

void TestLabellingFind::aSearchFindsWhatItSays_data()
{
    QTest::addColumn<QString>("search");
    QTest::addColumn<QString>("ids");
    const auto row = [](const char *search, const char *ids) { QTest::newRow(search) << search << ids; };
    row("", "1 2 3 4 5");
    row("parcel", "1 3 5"); // each word is the beginning of one
    row("PARC", "1 3 5");
    row("parcel lost", "3");
    row("grosse", ""); // diacritics go, letters stay
    row("große", "2");
    row("uber", "2");
    row("\"beta gamma\"", "4");
    row("beta gamma", "4 5");
    row("\"beta gam\"", "");
    row("\"beta gamma", "4"); // still being typed
    row("e-mail", "1");
    row("parcel -lost", "1 5");
    row("-parcel", "2 4");
    row("-parcel -alpha", "2");
    row("tag:shipping", "1 3");
    row("tag:urgent", "1");
    row("tag:shipping tag:sizes", "1 2 3");
    row("-tag:shipping", "2 4 5");
    row("split:test", "4");
    row("split:val", "3");
    row("split:none", "5");
    row("split:test split:none", "4 5");
    row("-split:train", "3 4 5");
    row("-split:none", "1 2 3 4");
    row("state:approved", "1");
    row("state:to-label", "3 4 5");
    row("state:\"to label\"", "3 4 5");
    row("state:fl", "2");
    row("problem:leak", "3");
    row("problem:cut", "2 4"); // 100 tokens is the limit
    row("problem:any", "2 3 4");
    row("-problem:any", "1 5");
    row("file:a.json", "1 2");
    row("file:B.CSV", "3 4");
    row("turns>2", "3");
    row("turns:2", "1 2 4 5");
    row("tokens>=90", "2 3 4");
    row("tokens>90 tokens<400", "2");
    row("-tokens>90", "1 3 5"); // one that is not counted is not longer
    row("rating<3 rating>0", "2");
    row("rating=5", "1");
    row("#3", "3");
    row("#3 #1", "1 3");
    row("parcel tag:shipping split:train", "1");
    row("size:", "2"); // no field of that name, so a word
    row("40}", "2");
    row("AND", "3"); // no command of the index
    row("a\"b OR c*", "");
    row("\"\"", "1 2 3 4 5");
}

void TestLabellingFind::aSearchFindsWhatItSays()
{
    QFETCH(QString, search);
    QFETCH(QString, ids);
    Five five;
    QCOMPARE(five.found(search.toStdString()), ids.toStdString());
}

void TestLabellingFind::anErrorNamesThePiece_data()
{
    QTest::addColumn<QString>("search");
    QTest::addColumn<QString>("said");
    const auto row = [](const char *search, const char *said) { QTest::newRow(search) << search << said; };
    row("parcel tokens>many", "\"tokens>many\" can't be searched for: a whole number is missing, as in tokens>2.");
    row("tokens>", "\"tokens>\"");
    row("rating<>3", "\"<>\" compares nothing");
    row("split:tain", "after split: use one of train, validation, test, none");
    row("split:t", "use one of train, test");
    row("state:x", "use one of to-label, approved, flagged, rejected");
    row("problem:no", "use one of no-answer, not-json, nothing-trained");
    row("tag:", "something is missing after tag:");
    row("sate:flagged", "there is no field \"sate\"; did you mean state:");
    row("tokns>3", "did you mean tokens>");
    row("tag>3", "tag can't be compared");
    row("#x", "\"#x\"");
    row("a {", "\"{\" can't be searched for: it has no letter or digit");
}

void TestLabellingFind::anErrorNamesThePiece()
{
    QFETCH(QString, search);
    QFETCH(QString, said);
    LabellingFixture fixture;
    const auto ids = fixture.labelling.ids({.search = search.toStdString()});
    QVERIFY(!ids);
    QVERIFY(ids.error().code == ErrorCode::InvalidInput);
    QVERIFY2(contains(ids.error().message, said.toStdString()), ids.error().message.c_str());
    QVERIFY(!fixture.labelling.facets({.search = search.toStdString()}));
}

void TestLabellingFind::choicesAreOrWithinAndAndBetween()
{
    Five five;
    QCOMPARE(five.found(ExampleQuery{.parts = {Part::Train, std::nullopt}}), std::string("1 2 5"));
    QCOMPARE(five.found(ExampleQuery{.parts = {Part::Train}, .states = {LabelState::Flagged}}), std::string("2"));
    QCOMPARE(five.found(ExampleQuery{.ratings = {0, 2}}), std::string("2 3 4 5"));
    QCOMPARE(five.found(ExampleQuery{.tags = {"sizes", "Urgent"}}), std::string("1 2"));
    QCOMPARE(five.found(ExampleQuery{.files = {"b.csv", ""}}), std::string("3 4 5"));
    QCOMPARE(five.found(ExampleQuery{.problems = {ProblemKind::Cut, ProblemKind::Leak}, .maxLength = 200}),
             std::string("3 4"));
    QCOMPARE(five.found(ExampleQuery{.problems = {ProblemKind::Cut}}), std::string()); // no limit, nothing cut
    QCOMPARE(five.found(ExampleQuery{.turns = {4}}), std::string("3"));
    QCOMPARE(five.found(ExampleQuery{.leastTokens = 90, .mostTokens = 150}), std::string("2 3"));
    QCOMPARE(five.found(ExampleQuery{.ids = {4, 1, 99}}), std::string("1 4"));
    QCOMPARE(five.found(ExampleQuery{.search = "parcel", .parts = {Part::Train}, .testRows = false}),
             std::string("1"));
    QCOMPARE(five.found(ExampleQuery{.testRows = false}), std::string("1 2 3 5"));
}

void TestLabellingFind::rowsAreSorted()
{
    Five five;
    using Sort = ExampleQuery::Sort;
    const auto sorted = [&](Sort sort, bool descending) {
        return five.found(ExampleQuery{.sort = sort, .descending = descending});
    };
    QCOMPARE(sorted(Sort::Number, true), std::string("5 4 3 2 1"));
    QCOMPARE(sorted(Sort::Prompt, false), std::string("4 2 3 1 5"));
    QCOMPARE(sorted(Sort::Prompt, true), std::string("5 1 3 2 4"));
    QCOMPARE(sorted(Sort::Answer, false), std::string("4 5 1 3 2"));
    QCOMPARE(sorted(Sort::State, false), std::string("3 4 5 1 2"));
    QCOMPARE(sorted(Sort::Part, false), std::string("1 2 3 4 5"));
    QCOMPARE(sorted(Sort::Tokens, false), std::string("1 3 2 4 5"));
    QCOMPARE(sorted(Sort::Tokens, true), std::string("4 2 3 1 5")); // what is not counted stays last
    QCOMPARE(sorted(Sort::Rating, true), std::string("1 2 3 4 5"));
    QCOMPARE(five.found(ExampleQuery{.search = "parcel", .sort = Sort::Prompt}), std::string("3 1 5"));
    QVERIFY(change(five.folder.file(), "UPDATE row_facts SET changed = iif(id = 3, 2000000000, id)"));
    QCOMPARE(sorted(Sort::Changed, true), std::string("3 5 4 2 1"));
}

void TestLabellingFind::summariesKeepTheOrderAndLeaveOutWhatIsGone()
{
    Five five;
    QVERIFY(five.edit({.id = 4, .deleted = true}));
    const auto summaries = five.labelling.summaries(std::vector<std::int64_t>{3, 99, 4, 1, 2});
    QVERIFY(summaries);
    QCOMPARE(summaries->size(), std::size_t(3));
    const ExampleSummary &row = (*summaries)[0];
    QCOMPARE(row.id, 3);
    QCOMPARE(row.prompt, std::string("parcel lost"));
    QCOMPARE(row.answer, std::string("wait"));
    QVERIFY(row.part == Part::Validation);
    QCOMPARE(row.turns, 4);
    QVERIFY(row.tokens == 90);
    QVERIFY(row.problems.test(static_cast<std::size_t>(ProblemKind::Leak)));
    QCOMPARE(row.problems.count(), std::size_t(1));
    QCOMPARE((*summaries)[1].id, 1);
    QCOMPARE((*summaries)[1].rating, 5);
    QVERIFY((*summaries)[1].state == LabelState::Approved);
    QCOMPARE((*summaries)[1].tags, (std::vector<std::string>{"shipping", "Urgent"}));
    QCOMPARE((*summaries)[2].turns, 2); // the system turn is none
}

void TestLabellingFind::headsAreFoldedAndCutBetweenCharacters()
{
    LabellingFixture fixture;
    std::string longText = "  one\n\n two\t";
    for (int i = 0; i < 200; ++i)
        longText += "ü";
    fixture.add(
        {exampleOf(longText, " \n "), {.messages = {{"tool", "alone"}}, .origin = {}, .part = {}, .tags = {}}});
    const auto rows = fixture.labelling.summaries(std::vector<std::int64_t>{1, 2});
    QVERIFY(rows);
    const std::string &head = (*rows)[0].prompt;
    QVERIFY(head.starts_with("one two üü"));
    QVERIFY(head.size() <= 240 && head.size() > 236);
    QVERIFY(head.ends_with("ü"));
    QCOMPARE((*rows)[0].answer, std::string());
    QCOMPARE((*rows)[1].prompt, std::string("alone"));
}

void TestLabellingFind::eachFacetCountsWithoutItsOwnChoice()
{
    Five five;
    const auto counts =
        five.labelling.facets({.parts = {Part::Train}, .states = {LabelState::Flagged}, .maxLength = 100});
    QVERIFY(counts);
    QCOMPARE(counts->rows, 1);
    QCOMPARE(counts->all, 5);
    QCOMPARE(counts->parts, (std::array<std::int64_t, 4>{1, 0, 0, 0})); // of the flagged
    QCOMPARE(counts->states, (std::array<std::int64_t, 4>{0, 1, 1, 0})); // of the train part
    QCOMPARE(counts->ratings, (std::array<std::int64_t, 6>{0, 0, 1, 0, 0, 0}));
    QCOMPARE(counts->problems[static_cast<std::size_t>(ProblemKind::Cut)], 1);
    QCOMPARE(counts->problems[static_cast<std::size_t>(ProblemKind::Duplicate)], 1);
    QCOMPARE(counts->problems[static_cast<std::size_t>(ProblemKind::Leak)], 0);
    QCOMPARE(counts->problemRows, 1);
    QCOMPARE(counts->cutTokens, 50);
    QCOMPARE(counts->tags.front().value, std::string("sizes"));
    QCOMPARE(counts->tags.front().rows, 1);
    QCOMPARE(counts->tags.size(), std::size_t(3)); // those without a row stay, with a zero
    QCOMPARE(counts->files.front().value, std::string("a.jsonl"));
    QCOMPARE(counts->files.size(), std::size_t(3));
    QCOMPARE(five.labelling.facets({.search = "zulu"})->files.size(), std::size_t(3));
    QCOMPARE(five.labelling.facets({.search = "zulu"})->turns.size(), std::size_t(2));

    const auto all = five.labelling.facets({});
    QCOMPARE(all->tags.front().value, std::string("shipping"));
    QCOMPARE(all->tags.front().rows, 2);
    QCOMPARE(all->turns.size(), std::size_t(2));
    QCOMPARE(all->turns.front().value, std::string("2"));
    QCOMPARE(all->turns.front().rows, 4);
    QCOMPARE(all->files.size(), std::size_t(3));
}

void TestLabellingFind::aLockedTestPartIsCountedAndNotFound()
{
    Five five;
    const auto counts = five.labelling.facets({.testRows = false});
    QVERIFY(counts);
    QCOMPARE(counts->rows, 4);
    QCOMPARE(counts->parts, (std::array<std::int64_t, 4>{2, 1, 1, 1}));
    QCOMPARE(counts->states[0], 2);
}

void TestLabellingFind::facetsAgreeWithQueries()
{
    Five five;
    const std::vector<ExampleQuery> queries{{},
                                            {.search = "parcel"},
                                            {.tags = {"shipping"}},
                                            {.problems = {ProblemKind::Cut, ProblemKind::Leak}, .maxLength = 100},
                                            {.files = {"b.csv"}, .turns = {2}},
                                            {.ratings = {5}, .testRows = false},
                                            {.parts = {std::nullopt, Part::Test}, .leastTokens = 3}};
    for (const ExampleQuery &query : queries) {
        const auto counts = five.labelling.facets(query);
        QVERIFY(counts);
        const auto rows = [&](const ExampleQuery &other) { return std::int64_t(five.labelling.ids(other)->size()); };
        QCOMPARE(counts->rows, rows(query));
        for (std::size_t part = 0; part < 4 && query.testRows; ++part) {
            ExampleQuery one = query;
            one.parts = {part == 3 ? std::optional<Part>() : static_cast<Part>(part)};
            QCOMPARE(counts->parts[part], rows(one));
        }
        for (std::size_t state = 0; state < 4; ++state) {
            ExampleQuery one = query;
            one.states = {static_cast<LabelState>(state)};
            QCOMPARE(counts->states[state], rows(one));
        }
        for (int rating = 0; rating < 6; ++rating) {
            ExampleQuery one = query;
            one.ratings = {rating};
            QCOMPARE(counts->ratings[std::size_t(rating)], rows(one));
        }
        for (std::size_t kind = 0; kind < counts->problems.size(); ++kind) {
            ExampleQuery one = query;
            one.problems = {static_cast<ProblemKind>(kind)};
            QCOMPARE(counts->problems[kind], rows(one));
        }
        for (const CountOf &tag : counts->tags) {
            ExampleQuery one = query;
            one.tags = {tag.value};
            QCOMPARE(tag.rows, rows(one));
        }
        for (const CountOf &file : counts->files) {
            ExampleQuery one = query;
            one.files = {file.value};
            QCOMPARE(file.rows, rows(one));
        }
        for (const CountOf &turns : counts->turns) {
            ExampleQuery one = query;
            one.turns = {std::stoll(turns.value)};
            QCOMPARE(turns.rows, rows(one));
        }
    }
}

void TestLabellingFind::sharedSystemTurnsAreCounted()
{
    Five five;
    five.add({{.messages = {{"system", "Only here."}, {"user", "x"}}, .origin = {}, .part = {}, .tags = {}}});
    auto turns = five.labelling.systemTurns();
    QVERIFY(turns);
    QCOMPARE(turns->size(), std::size_t(1));
    QCOMPARE(turns->front().value, std::string("Be kind."));
    QCOMPARE(turns->front().rows, 2);
    QVERIFY(five.edit({.id = 4, .deleted = true}));
    QVERIFY(five.labelling.systemTurns()->empty());
}

void TestLabellingFind::aQueryComesBackFromItsJson()
{
    const ExampleQuery full{.search = "a \"b\"",
                            .parts = {Part::Test, std::nullopt},
                            .states = {LabelState::ToLabel, LabelState::Rejected},
                            .ratings = {0, 5},
                            .tags = {"x"},
                            .files = {"", "a.csv"},
                            .problems = {ProblemKind::Cut, ProblemKind::RareLabel},
                            .turns = {2},
                            .leastTokens = 1,
                            .mostTokens = 9,
                            .ids = {7},
                            .testRows = false,
                            .maxLength = 512,
                            .sort = ExampleQuery::Sort::Changed,
                            .descending = true};
    for (const ExampleQuery &query : {ExampleQuery(), full}) {
        const auto read = exampleQueryFromJson(Json::parse(toJson(query).dump()));
        QVERIFY2(read, read ? "" : read.error().message.c_str());
        QVERIFY(*read == query);
    }
    QCOMPARE(toJson(ExampleQuery()).dump(), std::string("{}"));
    for (int kind = 0; kind < int(ProblemKind::Count); ++kind)
        QVERIFY(name(static_cast<ProblemKind>(kind)) != "unknown");
}

void TestLabellingFind::aDamagedViewIsRefused()
{
    for (const char *text :
         {"[]", "{\"parts\": 3}", "{\"parts\": [\"trian\"]}", "{\"sort\": \"x\"}", "{\"ids\": [1.5]}",
          "{\"search\": 1}", "{\"problems\": [\"none\"]}", "{\"least_tokens\": \"a\"}"}) {
        const auto query = exampleQueryFromJson(Json::parse(text));
        QVERIFY2(!query, text);
        QVERIFY(query.error().code == ErrorCode::InvalidInput);
    }
}

QTEST_APPLESS_MAIN(TestLabellingFind)
#include "tst_labelling_find.moc"
