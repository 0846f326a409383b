#include "core/data/health.h"
#include "tests/core/data/imported.h"

#include <QtTest>
#include <algorithm>
#include <set>
#include <unordered_map>

using namespace attune;

/// The sample data that the program carries: what the first run of a new user rests on.
class TestSampleData : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void partsAre1280And80And80();
    void everyAnswerIsStrictJsonWithTheFiveKeys();
    void tenIntentsAreEquallyFrequentInEveryPart();
    void atLeastFortyRowsAreInAnotherLanguage();
    void noTwoRowsShareASentence();
    void noTwoRowsAreNearlyEqual();
    void theCheckOfTextsFindsNoFault();

private:
    std::vector<Example> m_rows;
};

namespace {

std::string userText(const Example &row)
{
    return row.messages[1].content;
}

Json answerOf(const Example &row)
{
    return Json::parse(row.messages[2].content);
}

/// Sentences of three words and more; shorter ones are greetings and names.
std::set<std::string> sentencesOf(const std::string &text)
{
    std::set<std::string> sentences;
    std::string sentence;
    for (const char c : text + "\n") {
        if (c != '.' && c != '!' && c != '?' && c != '\n') {
            sentence += c;
            continue;
        }
        const std::string folded = foldedText(sentence, false);
        if (std::count(folded.begin(), folded.end(), ' ') >= 2)
            sentences.insert(folded);
        sentence.clear();
    }
    return sentences;
}

std::vector<std::size_t> shinglesOf(const std::string &text)
{
    std::vector<std::size_t> shingles;
    for (std::size_t i = 0; i + 5 <= text.size(); ++i)
        shingles.push_back(std::hash<std::string_view>{}(std::string_view(text).substr(i, 5)));
    std::sort(shingles.begin(), shingles.end());
    shingles.erase(std::unique(shingles.begin(), shingles.end()), shingles.end());
    return shingles;
}

} // namespace

void TestSampleData::initTestCase()
{
    auto imported = importFile(std::filesystem::path(ATTUNE_SOURCE_DIR) / "resources/samples/support_emails.jsonl");
    QCOMPARE(imported.error(), std::string());
    QVERIFY(imported.rejects.empty());
    m_rows = std::move(imported.examples);
    QCOMPARE(m_rows.size(), std::size_t(1440));
    for (const Example &row : m_rows) {
        QCOMPARE(row.messages.size(), std::size_t(3));
        QCOMPARE(row.messages[0], m_rows[0].messages[0]); // one system turn for all
        QVERIFY(row.part);
    }
}

void TestSampleData::partsAre1280And80And80()
{
    const auto count = [&](Part part) {
        return std::count_if(m_rows.begin(), m_rows.end(), [&](const Example &row) { return row.part == part; });
    };
    QCOMPARE(count(Part::Train), 1280);
    QCOMPARE(count(Part::Validation), 80);
    QCOMPARE(count(Part::Test), 80);
}

void TestSampleData::everyAnswerIsStrictJsonWithTheFiveKeys()
{
    const std::vector<std::string> keys{"intent", "order_id", "product", "urgency", "summary"};
    for (const Example &row : m_rows) {
        const std::string &answer = row.messages[2].content;
        const auto json = OrderedJson::parse(answer, nullptr, false);
        QVERIFY2(json.is_object(), answer.c_str());
        std::vector<std::string> names;
        for (const auto &item : json.items()) {
            names.push_back(item.key());
            const bool nullable = item.key() == "order_id" || item.key() == "product";
            QVERIFY2(item.value().is_string() || (nullable && item.value().is_null()), answer.c_str());
        }
        QCOMPARE(names, keys); // in one order, too
        QVERIFY2(QStringList({"low", "normal", "high"}).contains(QString::fromStdString(json["urgency"])),
                 answer.c_str());
    }
}

void TestSampleData::tenIntentsAreEquallyFrequentInEveryPart()
{
    std::map<std::pair<Part, std::string>, int> counts;
    std::set<std::string> intents;
    for (const Example &row : m_rows) {
        intents.insert(answerOf(row)["intent"]);
        ++counts[{*row.part, answerOf(row)["intent"]}];
    }
    QCOMPARE(intents.size(), std::size_t(10));
    for (const std::string &intent : intents) {
        QVERIFY2((counts[{Part::Train, intent}]) >= 112, intent.c_str());
        QVERIFY2((counts[{Part::Validation, intent}]) >= 4, intent.c_str());
        QVERIFY2((counts[{Part::Test, intent}]) >= 4, intent.c_str());
    }
}

void TestSampleData::atLeastFortyRowsAreInAnotherLanguage()
{
    int others = 0;
    for (const Example &row : m_rows) {
        const auto tag =
            std::find_if(row.tags.begin(), row.tags.end(), [](const auto &t) { return t.starts_with("lang:"); });
        QVERIFY2(tag != row.tags.end(), userText(row).c_str());
        others += *tag != "lang:en";
    }
    qInfo("%d rows are not in English", others);
    QVERIFY(others >= 40);
}

void TestSampleData::noTwoRowsShareASentence()
{
    const std::set<std::string> formulas{"to whom it may concern", "to whom it may concern,"};
    std::map<std::string, std::size_t> firstWith;
    for (std::size_t i = 0; i < m_rows.size(); ++i) {
        std::set<std::string> sentences = sentencesOf(userText(m_rows[i]));
        sentences.merge(sentencesOf(answerOf(m_rows[i])["summary"]));
        for (const std::string &sentence : sentences) {
            if (formulas.contains(sentence))
                continue;
            const auto [at, isNew] = firstWith.emplace(sentence, i);
            QVERIFY2(isNew,
                     (sentence + ": rows " + std::to_string(at->second) + " and " + std::to_string(i)).c_str());
        }
    }
}

void TestSampleData::noTwoRowsAreNearlyEqual()
{
    // Counted by the rows that hold a shingle: comparing each row with each took twenty seconds.
    std::unordered_map<std::size_t, std::vector<std::size_t>> rowsWith;
    std::vector<std::size_t> sizes;
    std::vector<double> nearest(m_rows.size(), 0);
    for (std::size_t i = 0; i < m_rows.size(); ++i) {
        const auto shingles = shinglesOf(duplicateText(m_rows[i].messages));
        sizes.push_back(shingles.size());
        std::vector<std::size_t> shared(i, 0);
        for (const std::size_t shingle : shingles) {
            auto &rows = rowsWith[shingle];
            for (const std::size_t row : rows)
                ++shared[row];
            rows.push_back(i);
        }
        for (std::size_t j = 0; j < i; ++j) {
            const std::size_t all = sizes[i] + sizes[j] - shared[j];
            const double similarity = all == 0 ? 0 : double(shared[j]) / double(all);
            nearest[i] = std::max(nearest[i], similarity);
            nearest[j] = std::max(nearest[j], similarity);
        }
    }
    std::sort(nearest.begin(), nearest.end());
    qInfo("similarity to the nearest other row: max %.3f, 99th percentile %.3f, median %.3f", nearest.back(),
          nearest[nearest.size() * 99 / 100], nearest[nearest.size() / 2]);
    // Near duplicates begin at 0.85; two short texts on the same subject reach 0.3.
    QVERIFY(nearest.back() < 0.4);
    QVERIFY(nearest[nearest.size() / 2] < 0.12);
}

void TestSampleData::theCheckOfTextsFindsNoFault()
{
    HabitLearner learner;
    for (const Example &row : m_rows)
        learner.add(row.messages);
    const AnswerHabits habits = learner.finish();
    QVERIFY(habits.json);
    QCOMPARE(habits.keys.size(), std::size_t(5));
    int personal = 0;
    for (const Example &row : m_rows) {
        for (const RowProblem &problem : rowProblems(row.messages, habits)) {
            // Customers give their (invented) numbers; a check that finds none of them would be no use.
            QVERIFY2(problem.kind == ProblemKind::PersonalData, (problem.detail + ": " + userText(row)).c_str());
            ++personal;
        }
    }
    qInfo("%d rows hold personal data", personal);
    QVERIFY(personal >= 18 && personal <= 54);
}

QTEST_APPLESS_MAIN(TestSampleData)
#include "tst_sample_data.moc"
