#include "tests/ui/data/data_project.h"
#include "ui/data/split_plan.h"

#include <map>

using namespace attune;
using namespace attune::ui;

class TestSplitPlan : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void rowsWithAPartKeepIt();
    void rowsOfOneGroupStandTogether();
    void eachStratumHasTheShares();
    void thePlanIsKeptInTheProject();
    void offersWhatTheRowsHave();
};

namespace {

std::vector<Example> labelled(int count)
{
    // Prompts that are unlike one another, so that near equality groups none of them.
    std::vector<Example> rows;
    for (int i = 0; i < count; ++i) {
        std::string prompt;
        for (std::uint32_t x = static_cast<std::uint32_t>(i) * 2654435761u + 1, k = 0; k < 12; ++k) {
            x = x * 1664525u + 1013904223u;
            for (int c = 0; c < 6; ++c)
                prompt += static_cast<char>('a' + (x >> (c * 5)) % 26);
            prompt += ' ';
        }
        Example row = rowOf(prompt, std::string("{\"intent\": \"") + (i % 4 ? "refund" : "rare") + "\"}");
        row.part = {};
        row.tags = {"customer:" + std::to_string(i / 10)};
        rows.push_back(row);
    }
    return rows;
}

std::map<std::int64_t, Part> partsOf(const std::vector<ExampleEdit> &edits)
{
    std::map<std::int64_t, Part> parts;
    for (const ExampleEdit &edit : edits)
        parts[edit.id] = **edit.part;
    return parts;
}

} // namespace

void TestSplitPlan::rowsWithAPartKeepIt()
{
    DataProject project;
    auto rows = labelled(40);
    for (int i = 0; i < 20; ++i)
        rows[static_cast<std::size_t>(i)].part = Part::Test;
    project.add(rows);
    project.with([](Project &open) {
        const auto edits = splitEdits(open, {.shares = {0.2, 0.2}, .group = {}, .stratify = {}}, false);
        QVERIFY(edits);
        QCOMPARE(edits->size(), std::size_t(20));
        for (const ExampleEdit &edit : *edits)
            QVERIFY(edit.id > 20);
        QVERIFY(splitEdits(open, {.shares = {0, 0}, .group = {}, .stratify = {}}, true)->size() == 40);
    });
}

void TestSplitPlan::rowsOfOneGroupStandTogether()
{
    DataProject project;
    project.add(labelled(200));
    project.with([](Project &open) {
        const auto edits = splitEdits(open, {.shares = {0.3, 0.3}, .group = "tag:customer", .stratify = {}}, false);
        QVERIFY(edits);
        const auto parts = partsOf(*edits);
        for (const auto &[id, part] : parts)
            QCOMPARE(part, parts.at((id - 1) / 10 * 10 + 1));
    });
}

void TestSplitPlan::eachStratumHasTheShares()
{
    DataProject project;
    project.add(labelled(400));
    project.with([](Project &open) {
        const auto edits = splitEdits(open, {.shares = {0.1, 0.2}, .group = {}, .stratify = "json:intent"}, false);
        QVERIFY(edits);
        std::map<bool, std::array<int, 3>> counts;
        for (const auto &[id, part] : partsOf(*edits))
            ++counts[(id - 1) % 4 == 0][static_cast<std::size_t>(part)];
        QCOMPARE(counts[true][1], 10);
        QCOMPARE(counts[true][2], 20);
        QCOMPARE(counts[false][1], 30);
        QCOMPARE(counts[false][2], 60);
    });
}

void TestSplitPlan::thePlanIsKeptInTheProject()
{
    DataProject project;
    project.with([](Project &open) {
        QVERIFY(setSplitPlan(open, {.shares = {0.25, 0.05, 7}, .group = "file", .stratify = "json:intent"}));
        const auto plan = splitPlan(open);
        QVERIFY(plan);
        QCOMPARE(plan->shares.validationShare, 0.25);
        QCOMPARE(plan->shares.seed, std::uint64_t(7));
        QCOMPARE(plan->group, std::string("file"));
        QCOMPARE(plan->stratify, std::string("json:intent"));
        QVERIFY(!setSplitPlan(open, {.shares = {0.7, 0.6}, .group = {}, .stratify = {}}));
    });
}

void TestSplitPlan::offersWhatTheRowsHave()
{
    DataProject project;
    project.add(labelled(20));
    project.with([](Project &open) {
        const auto keys = splitKeys(open);
        QVERIFY(keys);
        QCOMPARE(keys->groups, (std::vector<std::string>{"file", "tag:customer"}));
        QCOMPARE(keys->strata, (std::vector<std::string>{"tags", "tag:customer", "json:intent"}));
    });
}

QTEST_GUILESS_MAIN(TestSplitPlan)
#include "tst_split_plan.moc"
