#include "core/data/near_pairs.h"
#include "core/data/row_splitter.h"
#include "core/data/split.h"

#include <QElapsedTimer>
#include <QtTest>
#include <array>
#include <random>

using namespace attune;

namespace {

/// Texts in which no two are alike.
class Sentences {
public:
    explicit Sentences(unsigned seed = 1) : m_random(seed) {}
    std::string next(int words)
    {
        std::string text;
        for (int i = 0; i < words; ++i) {
            if (i > 0)
                text += ' ';
            for (auto letters = 3 + m_random() % 6; letters > 0; --letters)
                text += static_cast<char>('a' + m_random() % 26);
        }
        return text;
    }
    std::mt19937 &random() { return m_random; }

private:
    std::mt19937 m_random;
};

std::vector<SplitRow> rowsOf(const std::vector<std::string> &prompts)
{
    std::vector<SplitRow> rows;
    for (const std::string &prompt : prompts)
        rows.push_back({.id = std::int64_t(rows.size()) + 100, .prompt = prompt, .group = {}, .fixed = {}});
    return rows;
}

std::vector<SplitRow> randomRows(int count, unsigned seed = 1, int words = 20)
{
    Sentences sentences(seed);
    std::vector<std::string> prompts;
    for (int i = 0; i < count; ++i)
        prompts.push_back(sentences.next(words));
    return rowsOf(prompts);
}

std::array<int, 3> countsOf(const SplitResult &split)
{
    std::array<int, 3> counts{};
    for (const Part part : split.parts)
        ++counts[std::size_t(part)];
    return counts;
}

/// One letter of the text replaced by another.
std::string withATypo(std::string text, std::mt19937 &random)
{
    char &letter = text[random() % text.size()];
    letter = letter == 'q' ? 'w' : 'q';
    return text;
}

} // namespace

class TestSplit : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void sharesOutOfRangeAreRefused_data();
    void sharesOutOfRangeAreRefused();
    void sharesHoldOnAverage();
    void theSeedDecides();
    void thePartsAreTheSameInEveryBuild();
    void addingRowsMovesNoOther();
    void rowOrderChangesNoPart();
    void equalPromptsShareAPart();
    void nearDuplicatesShareAPart();
    void similarityDecidesWhatIsNear();
    void shortPromptsMatchOnlyExactly();
    void equalGroupValuesShareAPart();
    void aNewRowJoinsThePartOfTheNearestFixedRow();
    void ofEquallyNearRowsTheFirstDecides();
    void aPartSpreadsThroughNeighbours();
    void fixedRowsStayAndLeaksAreNamed();
    void aBridgeBetweenFixedPartsIsALeak();
    void groupsAreNamedByTheirFirstRow();
    void aFormLetterIsNoGroup();
    void aFewNearEqualRowsAmongFormLettersStillGroup();
    void aLargeHeapOfNearDuplicatesStaysOneGroup();
    void theIndexNamesEveryPairAndFewOthers();
    void aStopEndsTheComparing();
    void aHundredThousandRowsTakeSeconds();
};

void TestSplit::sharesOutOfRangeAreRefused_data()
{
    QTest::addColumn<double>("validation");
    QTest::addColumn<double>("test");
    QTest::addColumn<double>("similarity");
    QTest::newRow("negative") << -0.1 << 0.1 << 0.85;
    QTest::newRow("one") << 1.0 << 0.0 << 0.85;
    QTest::newRow("NaN") << std::nan("") << 0.0 << 0.85;
    QTest::newRow("sum") << 0.5 << 0.5 << 0.85;
    QTest::newRow("test") << 0.5 << 1.5 << 0.85;
    QTest::newRow("similarity") << 0.1 << 0.1 << 0.0;
    QTest::newRow("similarity above") << 0.1 << 0.1 << 1.1;
}

void TestSplit::sharesOutOfRangeAreRefused()
{
    QFETCH(double, validation);
    QFETCH(double, test);
    QFETCH(double, similarity);
    const auto split =
        assignParts(randomRows(3), {.validationShare = validation, .testShare = test, .similarity = similarity});
    QVERIFY(!split);
    QVERIFY(split.error().code == ErrorCode::InvalidInput);
}

void TestSplit::sharesHoldOnAverage()
{
    const auto rows = randomRows(4000, 1, 6);
    const auto counts = countsOf(*assignParts(rows, {.validationShare = 0.2, .testShare = 0.1}));
    QVERIFY(std::abs(counts[1] - 800) < 100); // four standard deviations
    QVERIFY(std::abs(counts[2] - 400) < 76);
    const auto none = countsOf(*assignParts(rows, {.validationShare = 0, .testShare = 0}));
    QCOMPARE(none[0], 4000);
}

void TestSplit::theSeedDecides()
{
    const auto rows = randomRows(200);
    const auto a = assignParts(rows, {.seed = 1});
    const auto b = assignParts(rows, {.seed = 1});
    const auto c = assignParts(rows, {.seed = 2});
    QVERIFY(a->parts == b->parts);
    QVERIFY(a->parts != c->parts);
}

void TestSplit::thePartsAreTheSameInEveryBuild()
{
    // A project's rows must get the same parts next year.
    const auto split = assignParts(rowsOf({"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"}),
                                   {.validationShare = 0.3, .testShare = 0.3});
    std::string parts;
    for (const Part part : split->parts)
        parts += name(part).front();
    QCOMPARE(parts, std::string("ttttvttv"));
}

void TestSplit::addingRowsMovesNoOther()
{
    auto rows = randomRows(300);
    const auto before = assignParts(rows, {});
    auto grown = rows;
    Sentences sentences(7);
    for (int i = 0; i < 50; ++i)
        grown.insert(grown.begin() + std::int64_t(sentences.random()() % grown.size()),
                     {.id = 0, .prompt = sentences.next(20), .group = {}, .fixed = {}});
    const auto after = assignParts(grown, {});
    std::map<std::string, Part> parts;
    for (std::size_t i = 0; i < grown.size(); ++i)
        parts[grown[i].prompt] = after->parts[i];
    for (std::size_t i = 0; i < rows.size(); ++i)
        QCOMPARE(parts.at(rows[i].prompt), before->parts[i]);

    // Near duplicates that join later move none either, once the parts are kept.
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i].fixed = before->parts[i];
    auto joined = rows;
    for (std::size_t i = 0; i < 100; ++i)
        joined.push_back(
            {.id = 0, .prompt = withATypo(rows[i].prompt, sentences.random()), .group = {}, .fixed = {}});
    const auto last = assignParts(joined, {.seed = 99});
    QVERIFY(std::equal(before->parts.begin(), before->parts.end(), last->parts.begin()));
    for (std::size_t i = 0; i < 100; ++i)
        QCOMPARE(last->parts[rows.size() + i], before->parts[i]);
    QVERIFY(last->leaks.empty());
}

void TestSplit::rowOrderChangesNoPart()
{
    auto rows = randomRows(300);
    const auto before = assignParts(rows, {});
    std::map<std::string, Part> parts;
    for (std::size_t i = 0; i < rows.size(); ++i)
        parts[rows[i].prompt] = before->parts[i];
    std::mt19937 random(3);
    std::shuffle(rows.begin(), rows.end(), random);
    const auto after = assignParts(rows, {});
    for (std::size_t i = 0; i < rows.size(); ++i)
        QCOMPARE(after->parts[i], parts.at(rows[i].prompt));
}

void TestSplit::equalPromptsShareAPart()
{
    Sentences sentences;
    std::vector<std::string> prompts;
    for (int i = 0; i < 500; ++i)
        prompts.push_back("q" + std::to_string(sentences.random()() % 40));
    const auto split = assignParts(rowsOf(prompts), {.validationShare = 0.3, .testShare = 0.3});
    std::map<std::string, Part> parts;
    for (std::size_t i = 0; i < prompts.size(); ++i)
        QCOMPARE(parts.try_emplace(prompts[i], split->parts[i]).first->second, split->parts[i]);
    QVERIFY(split->leaks.empty());
}

void TestSplit::nearDuplicatesShareAPart()
{
    Sentences sentences;
    std::vector<std::string> prompts;
    for (int i = 0; i < 400; ++i) {
        prompts.push_back(sentences.next(25));
        prompts.push_back(withATypo(prompts.back(), sentences.random()));
        prompts.push_back(prompts.back() + " please");
    }
    const auto split = assignParts(rowsOf(prompts), {.validationShare = 0.3, .testShare = 0.3});
    for (std::size_t i = 0; i < prompts.size(); i += 3) {
        QCOMPARE(split->parts[i + 1], split->parts[i]);
        QCOMPARE(split->parts[i + 2], split->parts[i]);
        QCOMPARE(split->groups[i + 1], std::int64_t(i));
        QCOMPARE(split->groups[i + 2], std::int64_t(i));
    }
    const auto counts = countsOf(*split);
    QVERIFY(counts[0] > 300 && counts[1] > 200 && counts[2] > 200);
}

void TestSplit::similarityDecidesWhatIsNear()
{
    // 26 letters: 22 shingles; with a letter changed at the end 21 of 23 are shared: 0.913.
    const auto rows = rowsOf({"abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyA"});
    QCOMPARE(assignParts(rows, {.similarity = 0.91})->groups[1], 0);
    QCOMPARE(assignParts(rows, {.similarity = 0.92})->groups[1], 1);
    // Code points count, not bytes: two bytes each would give other sets.
    const auto greek = rowsOf({"αβγδεζηθικλμνξοπρστυφχψωΑΒ", "αβγδεζηθικλμνξοπρστυφχψωΑΓ"});
    QCOMPARE(assignParts(greek, {.similarity = 0.91})->groups[1], 0);
    QCOMPARE(assignParts(greek, {.similarity = 0.92})->groups[1], 1);
}

void TestSplit::shortPromptsMatchOnlyExactly()
{
    const auto split = assignParts(rowsOf({"abcd", "abcd", "abce", "", ""}), {.similarity = 0.01});
    QCOMPARE(split->groups, (std::vector<std::int64_t>{0, 0, 2, 3, 3}));
}

void TestSplit::equalGroupValuesShareAPart()
{
    auto rows = randomRows(200);
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i].group = i % 4 == 3 ? "" : "customer " + std::to_string(i % 20);
    const auto split = assignParts(rows, {.validationShare = 0.3, .testShare = 0.3});
    std::map<std::string, Part> parts;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i].group.empty())
            QCOMPARE(parts.try_emplace(rows[i].group, split->parts[i]).first->second, split->parts[i]);
        else
            QCOMPARE(split->groups[i], std::int64_t(i));
    }
}

void TestSplit::aNewRowJoinsThePartOfTheNearestFixedRow()
{
    const std::string text = Sentences().next(60);
    const std::string far = text + " some more words at the end of it";
    const std::string near = text + " some more";
    auto rows = rowsOf({text + " some", far, near});
    for (const Part part : {Part::Train, Part::Validation, Part::Test}) {
        rows[0].fixed = part;
        rows[1].fixed = part == Part::Test ? Part::Train : Part::Test;
        const auto split = assignParts(rows, {});
        QCOMPARE(split->parts[2], part);
        // It is alike to the other as well, and that is said.
        QCOMPARE(split->leaks.size(), std::size_t(2));
        QCOMPARE(split->leaks[1].row, 2);
        QCOMPARE(split->leaks[1].other, 1);
    }
}

void TestSplit::ofEquallyNearRowsTheFirstDecides()
{
    const std::string text = Sentences().next(30);
    auto rows = rowsOf({text, text, text});
    rows[1].fixed = Part::Test;
    rows[2].fixed = Part::Validation;
    QCOMPARE(assignParts(rows, {})->parts[0], Part::Test);
}

void TestSplit::aPartSpreadsThroughNeighbours()
{
    // Each is near the next only: 0.85 or more between neighbours, less beyond.
    const std::string text = Sentences().next(12);
    const std::string more = " and then they said it again";
    auto rows = rowsOf({text, text + more.substr(0, 9), text + more.substr(0, 18), text + more});
    QCOMPARE(assignParts(rows, {})->groups, (std::vector<std::int64_t>{0, 0, 0, 0}));
    QCOMPARE(assignParts({rows.begin(), rows.begin() + 1}, {})->groups.size(), std::size_t(1));
    const std::vector<SplitRow> ends{rows[0], rows[3]};
    QCOMPARE(assignParts(ends, {})->groups[1], 1);
    for (const Part part : {Part::Train, Part::Validation, Part::Test}) {
        rows[3].fixed = part;
        QCOMPARE(assignParts(rows, {})->parts, std::vector<Part>(4, part));
    }
}

void TestSplit::fixedRowsStayAndLeaksAreNamed()
{
    auto rows = randomRows(30);
    rows[20].prompt = rows[10].prompt;
    rows[10].fixed = Part::Train;
    rows[20].fixed = Part::Test;
    const auto split = assignParts(rows, {});
    QCOMPARE(split->parts[10], Part::Train);
    QCOMPARE(split->parts[20], Part::Test);
    QCOMPARE(split->leaks.size(), std::size_t(1));
    QCOMPARE(split->leaks[0].row, 20);
    QCOMPARE(split->leaks[0].other, 10);
    QCOMPARE(split->leaks[0].part, Part::Test);
    QCOMPARE(split->leaks[0].otherPart, Part::Train);
    QCOMPARE(split->leaks[0].similarity, 1.0);
}

void TestSplit::aBridgeBetweenFixedPartsIsALeak()
{
    const std::string text = Sentences().next(12);
    const std::string more = " and then they said";
    auto rows = rowsOf({text, text + more, text + more.substr(0, 9)});
    rows[0].fixed = Part::Train;
    rows[1].fixed = Part::Test;
    QVERIFY(assignParts({rows.begin(), rows.begin() + 2}, {})->leaks.empty());
    const auto split = assignParts(rows, {});
    QCOMPARE(split->leaks.size(), std::size_t(1));
    QCOMPARE(split->leaks[0].row, 2);
    QCOMPARE(split->leaks[0].other, split->parts[2] == Part::Train ? 1 : 0);
    QVERIFY(split->leaks[0].similarity >= 0.85 && split->leaks[0].similarity < 1.0);
}

void TestSplit::groupsAreNamedByTheirFirstRow()
{
    auto rows = rowsOf({"first one", "second one", "third one", "second one", "fourth"});
    rows[0].group = rows[3].group = "g";
    QCOMPARE(assignParts(rows, {})->groups, (std::vector<std::int64_t>{0, 0, 2, 0, 4}));
}

void TestSplit::aFormLetterIsNoGroup()
{
    // A long instruction before every short question makes all prompts nearly equal; still they must spread.
    Sentences sentences;
    const std::string form = sentences.next(150);
    std::vector<std::string> prompts;
    for (int i = 0; i < 400; ++i)
        prompts.push_back(form + " " + sentences.next(8));
    const auto split = assignParts(rowsOf(prompts), {.validationShare = 0.2, .testShare = 0.2});
    const auto counts = countsOf(*split);
    QVERIFY2(counts[1] > 50 && counts[2] > 50, std::to_string(counts[1]).c_str());
    // Few of them are what they seem: variants of one prompt.
    const auto few = assignParts(rowsOf({prompts.begin(), prompts.begin() + 20}), {});
    QCOMPARE(few->groups, std::vector<std::int64_t>(20, 0));
}

void TestSplit::aFewNearEqualRowsAmongFormLettersStillGroup()
{
    Sentences sentences;
    const std::string form = sentences.next(150);
    std::vector<std::string> prompts;
    for (int i = 0; i < 200; ++i) {
        const std::string question = sentences.next(16);
        prompts.push_back(form + " " + question);
        prompts.push_back(form + " " + question + " ok");
    }
    const auto split = assignParts(rowsOf(prompts), {.validationShare = 0.2, .testShare = 0.2});
    for (std::size_t i = 0; i < prompts.size(); i += 2) {
        QCOMPARE(split->groups[i], std::int64_t(i));
        QCOMPARE(split->groups[i + 1], std::int64_t(i));
    }
}

void TestSplit::aLargeHeapOfNearDuplicatesStaysOneGroup()
{
    // 300 variants of one prompt among many others: all in one part.
    Sentences sentences;
    auto rows = randomRows(4000, 5, 5);
    const std::string text = sentences.next(40);
    std::vector<std::size_t> variants;
    for (int i = 0; i < 300; ++i) {
        variants.push_back(rows.size());
        rows.push_back({.id = 0, .prompt = withATypo(text, sentences.random()), .group = {}, .fixed = {}});
    }
    const auto split = assignParts(rows, {});
    for (const std::size_t row : variants)
        QCOMPARE(split->groups[row], std::int64_t(variants.front()));
}

void TestSplit::theIndexNamesEveryPairAndFewOthers()
{
    Sentences sentences(5);
    std::vector<std::string> texts;
    for (int i = 0; i < 1000; ++i) {
        texts.push_back(sentences.next(20));
        if (i % 5 == 0)
            texts.push_back(withATypo(texts.back(), sentences.random()));
    }
    texts.insert(texts.begin() + 7, "abc"); // too short to be like another
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const auto pairs = nearPairs(views, 0.85);
    QVERIFY(pairs.size() > 150);
    NearIndex index(0.85);
    for (const std::string &text : texts)
        index.add(text);
    const auto doubtful = index.doubtful();
    QVERIFY(doubtful.size() < 450);
    std::vector<std::string_view> some;
    for (const std::uint32_t place : doubtful)
        some.push_back(texts[place]);
    const auto again = nearPairs(some, 0.85, texts.size());
    QCOMPARE(again.size(), pairs.size());
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        QCOMPARE(doubtful[again[i].first], pairs[i].first);
        QCOMPARE(doubtful[again[i].second], pairs[i].second);
        const auto candidates = index.candidates(texts[pairs[i].first], 100);
        QVERIFY(std::count(candidates.begin(), candidates.end(), pairs[i].second) == 1);
    }
    QVERIFY(index.candidates("abc", 100).empty());
    index.replace(pairs[0].second, {});
    const auto left = index.candidates(texts[pairs[0].first], 100);
    QVERIFY(std::count(left.begin(), left.end(), pairs[0].second) == 0);
}

void TestSplit::aStopEndsTheComparing()
{
    // Texts of a few words are all alike: of 100,000 the comparing takes minutes.
    Sentences sentences;
    const std::string form = sentences.next(60);
    std::vector<std::string> texts;
    for (int i = 0; i < 300; ++i)
        texts.push_back(withATypo(form, sentences.random()));
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    std::stop_source stop;
    QVERIFY(!nearPairs(views, 0.85, 0, stop.get_token()).empty());
    auto splitter = RowSplitter::begin({});
    QVERIFY(splitter);
    for (const std::string &text : texts)
        splitter->add(text, {}, {});
    for (const std::uint32_t row : splitter->doubtful())
        splitter->setPrompt(row, texts[row]);
    stop.request_stop();
    QVERIFY(nearPairs(views, 0.85, 0, stop.get_token()).empty());
    const auto split = splitter->finish(stop.get_token());
    QVERIFY(!split);
    QCOMPARE(split.error().code, ErrorCode::Interrupted);
}

void TestSplit::aHundredThousandRowsTakeSeconds()
{
    if (!qEnvironmentVariableIsSet("ATTUNE_SLOW_TESTS"))
        QSKIP("set ATTUNE_SLOW_TESTS to measure");
    Sentences sentences;
    const std::string form = sentences.next(60);
    std::vector<std::string> different;
    std::vector<std::string> variants;
    std::vector<std::string> forms;
    for (int i = 0; i < 100'000; ++i) {
        different.push_back(sentences.next(50));
        variants.push_back(withATypo(form, sentences.random()) + std::to_string(i));
        forms.push_back(form + " " + sentences.next(4));
    }
    for (const auto *prompts : {&different, &variants, &forms}) {
        const auto rows = rowsOf(*prompts);
        QElapsedTimer timer;
        timer.start();
        const auto split = assignParts(rows, {});
        const auto counts = countsOf(*split);
        qInfo("%lld ms; %d %d %d; %zu leaks", timer.elapsed(), counts[0], counts[1], counts[2], split->leaks.size());
        QVERIFY(timer.elapsed() < 30'000);
    }
}

QTEST_APPLESS_MAIN(TestSplit)
#include "tst_split.moc"
