#include "core/store/labelling.h"
#include "tests/core/store/project_files.h"

#include <QtTest>
#include <fstream>
#include <numeric>
#include <random>

using namespace attune;

namespace {

/// Prose of made-up words whose frequencies fall off as those of a language do.
class Prose {
public:
    explicit Prose(unsigned seed) : m_random(seed)
    {
        std::uniform_int_distribution<int> letter('a', 'z');
        std::vector<double> weights;
        for (int i = 0; i < 20'000; ++i) {
            std::string word;
            for (int length = 2 + int(m_random() % 8); length > 0; --length)
                word += static_cast<char>(letter(m_random));
            m_words.push_back(word);
            weights.push_back(1.0 / (i + 2));
        }
        m_pick = std::discrete_distribution<std::size_t>(weights.begin(), weights.end());
    }
    std::string words(int count)
    {
        std::string text;
        for (int i = 0; i < count; ++i)
            text += (i ? " " : "") + m_words[m_pick(m_random)];
        return text;
    }
    const std::string &word(std::size_t rank) const { return m_words[rank]; }

private:
    std::mt19937 m_random;
    std::vector<std::string> m_words;
    std::discrete_distribution<std::size_t> m_pick;
};

constexpr int RowCount = 100'000;

/// Prints the median of a few calls, in milliseconds, and the slowest.
template <typename Call>
void measure(const char *what, Call call, int rounds = 7)
{
    std::vector<double> times;
    for (int i = 0; i < rounds; ++i) {
        QElapsedTimer timer;
        timer.start();
        const auto result = call();
        times.push_back(double(timer.nsecsElapsed()) / 1e6);
        QVERIFY2(result, result ? "" : result.error().message.c_str());
    }
    std::sort(times.begin(), times.end());
    qInfo("%-44s %8.1f ms   slowest %8.1f", what, times[times.size() / 2], times.back());
}

long residentMegabytes()
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:"))
            return std::atol(line.c_str() + 6) / 1024;
    return 0;
}

} // namespace

/// Prints what lists, counts and changes of 100,000 rows of about 100 tokens cost. It asserts no time: a busy machine
/// is no mistake.
class TestLabellingSpeed : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aHundredThousandRows();
};

void TestLabellingSpeed::aHundredThousandRows()
{
    if (!qEnvironmentVariableIsSet("ATTUNE_SLOW_TESTS"))
        QSKIP("set ATTUNE_SLOW_TESTS to measure");
    const ProjectFolder folder;
    Prose prose(1);
    {
        auto made = Project::create(folder.file());
        QVERIFY(made);
        std::vector<Example> rows;
        for (int i = 0; i < RowCount; ++i) {
            Example row = exampleOf(prose.words(50), prose.words(25));
            row.origin = {"mails_" + std::to_string(i / 20'000) + ".jsonl", i};
            row.part = static_cast<Part>(i % 10 == 0 ? 1 + i / 10 % 2 : 0);
            if (i % 3)
                row.tags = {"tag " + std::to_string(i % 20)};
            rows.push_back(std::move(row));
        }
        measure("import", [&] {
            return made->addExamples([&](const Project::AddExample &add) -> Result<void> {
                for (const Example &row : rows)
                    ATTUNE_CHECK(add(row));
                return {};
            });
        }, 1);
        std::vector<TokenCount> counts;
        std::vector<StoredProblem> problems;
        (void)made->forEachExample({}, [&](const StoredExample &row) -> Result<void> {
            counts.push_back({row.id, row.contentHash, 60 + row.id % 100, 30});
            if (row.id % 13 == 0)
                problems.push_back({row.id, row.id % 2 ? ProblemKind::Leak : ProblemKind::Duplicate, "x", 1, 0});
            return {};
        });
        measure("save token counts of all", [&] { return Labelling(*made).setTokenCounts("f", counts); }, 1);
        measure("save problems of 7,700", [&] {
            return Labelling(*made).setProblems(std::array{ProblemKind::Leak, ProblemKind::Duplicate}, problems);
        }, 1);
    }
    qInfo("file: %.0f MiB", double(std::filesystem::file_size(folder.file())) / 1048576);
    const long before = residentMegabytes();
    measure("open", [&] { return Project::open(folder.file()); });
    auto project = Project::open(folder.file());
    Labelling labelling(*project);
    const auto ids = [&](ExampleQuery query) {
        query.maxLength = 140;
        return labelling.ids(query);
    };
    const auto facets = [&](ExampleQuery query) {
        query.maxLength = 140;
        return labelling.facets(query);
    };
    const std::string common = prose.word(0);
    const std::string rare = prose.word(5000);
    measure("ids: all", [&] { return ids({}); });
    measure("ids: validation and flagged", [&] {
        return ids({.parts = {Part::Validation}, .states = {LabelState::Flagged}});
    });
    measure("ids: a tag", [&] { return ids({.tags = {"tag 7"}}); });
    measure("ids: cut", [&] { return ids({.problems = {ProblemKind::Cut}}); });
    measure("ids: a rare word", [&] { return ids({.search = rare}); });
    measure("ids: the most common word", [&] { return ids({.search = common}); });
    measure("ids: one letter", [&] { return ids({.search = "a"}); });
    measure("ids: two letters", [&] { return ids({.search = "ab"}); });
    measure("ids: two words and a tag", [&] { return ids({.search = rare + " " + common + " tag:\"tag 7\""}); });
    measure("ids: without the most common word", [&] { return ids({.search = "-" + common}); });
    measure("ids: all by prompt", [&] { return ids({.sort = ExampleQuery::Sort::Prompt}); });
    measure("ids: all by tokens", [&] { return ids({.sort = ExampleQuery::Sort::Tokens, .descending = true}); });
    measure("ids: all by time of change", [&] { return ids({.sort = ExampleQuery::Sort::Changed}); });
    measure("facets: all", [&] { return facets({}); });
    measure("facets: three choices", [&] {
        return facets({.parts = {Part::Train}, .tags = {"tag 7"}, .problems = {ProblemKind::Leak}});
    });
    measure("facets: a rare word", [&] { return facets({.search = rare}); });
    measure("facets: one letter", [&] { return facets({.search = "a"}); });
    std::vector<std::int64_t> page(200);
    std::iota(page.begin(), page.end(), 70'000);
    measure("summaries of 200", [&] { return labelling.summaries(page); });
    measure("token lengths of all", [&] { return labelling.tokenLengths({}); });
    measure("system turns", [&] { return labelling.systemTurns(); });
    int turn = 0;
    measure("label one row", [&] {
        return labelling.apply("Row approved", std::vector<ExampleEdit>{{.id = 4'000 + ++turn,
                                                                        .state = LabelState::Approved}});
    }, 30);
    measure("type in one row", [&] {
        const std::vector<ExampleEdit> edits{
            {.id = 500, .messages = exampleOf("typed " + std::to_string(++turn), "x").messages}};
        return labelling.apply("Row edited", edits, "row 500");
    }, 30);
    measure("undo", [&] { return labelling.undo(); }, 20);
    measure("change counter", [&] { return labelling.changeCounter(); });
    qInfo("memory: %ld MiB more than before", residentMegabytes() - before);
    std::vector<ExampleEdit> all;
    for (std::int64_t id = 1; id <= RowCount; ++id)
        all.push_back({.id = id, .rating = 3});
    measure("rate all", [&] { return labelling.apply("Rated", all); }, 1);
    measure("undo that", [&] { return labelling.undo(); }, 1);
    measure("snapshot", [&] { return project->takeSnapshot(); }, 1);
    measure("compare snapshot with now", [&] { return labelling.diff(1, 0); }, 1);
}

QTEST_APPLESS_MAIN(TestLabellingSpeed)
#include "tst_labelling_speed.moc"
