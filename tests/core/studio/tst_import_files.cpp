#include "core/base/files.h"
#include "core/studio/import_files.h"
#include "core/studio/split_plan.h"

#include <QTemporaryDir>
#include <QTest>

#include <map>
#include <set>

using namespace attune;
namespace fs = std::filesystem;

class TestImportFiles : public QObject {
    Q_OBJECT

    std::optional<QTemporaryDir> m_folder;
    std::optional<Project> m_project;

    fs::path write(const char *name, const std::string &content)
    {
        const fs::path path = fs::path(m_folder->path().toStdString()) / name;
        if (!writeFileAtomically(path, content))
            qFatal("can't write");
        return path;
    }

    static std::string row(const std::string &user, const std::string &answer, const std::string &split = {})
    {
        Json json = {
            {"messages", {{{"role", "user"}, {"content", user}}, {{"role", "assistant"}, {"content", answer}}}}};
        if (!split.empty())
            json["split"] = split;
        return json.dump() + "\n";
    }

    /// Prompts that have little in common.
    static std::string prompt(int i)
    {
        std::string text;
        for (int k = 0; k < 12; ++k)
            text += static_cast<char>('a' + (i * 7 + k * k * (i + 3)) % 26);
        return text + " " + std::string(static_cast<std::size_t>(i % 5 + 1), static_cast<char>('a' + i % 26));
    }

    std::int64_t count() { return m_project->exampleCount().value_or(-1); }

private Q_SLOTS:
    void init()
    {
        m_folder.emplace();
        auto project = Project::create(fs::path(m_folder->path().toStdString()) / "p.attune");
        QVERIFY(project);
        m_project = std::move(*project);
    }

    void goodRowsAreKeptAndBadOnesReportedByLine()
    {
        const auto file =
            write("a.jsonl", row("a b c", "1") + "{\"messages\": 3}\n" + row("d e f", "2") + "nonsense\n");
        const auto report = importFiles(*m_project, {{file}, {}, Part::Train, {}});
        QVERIFY(report);
        QCOMPARE(report->imported, std::int64_t(2));
        QCOMPARE(report->rejected, std::int64_t(2));
        QCOMPARE(report->rejects[0].line, std::int64_t(2));
        QCOMPARE(report->rejects[1].line, std::int64_t(4));
        QCOMPARE(report->rejects[0].file, file.string());
        QCOMPARE(count(), std::int64_t(2));
    }

    void onlyTheFirstThousandRejectsAreKept()
    {
        std::string text = row("a", "b");
        for (int i = 0; i < 1100; ++i)
            text += "{\"x\": 1}\n";
        const auto report = importFiles(*m_project, {{write("a.jsonl", text)}, {}, {}, {}});
        QVERIFY(report);
        QCOMPARE(report->rejected, std::int64_t(1100));
        QCOMPARE(report->rejects.size(), std::size_t(1000));
    }

    void duplicatesAreCountedWithinAndAcrossImports()
    {
        const auto a = write("a.jsonl", row("one", "1") + row("two", "2") + row("one", "1"));
        const auto b = write("b.jsonl", row("two", "2") + row("three", "3"));
        const auto first = importFiles(*m_project, {{a, b}, {}, Part::Train, {}});
        QVERIFY(first);
        QCOMPARE(first->imported, std::int64_t(3));
        QCOMPARE(first->duplicates, std::int64_t(2));
        const auto again = importFiles(*m_project, {{a, b}, {}, Part::Test, {}});
        QVERIFY(again);
        QCOMPARE(again->imported, std::int64_t(0));
        QCOMPARE(again->duplicates, std::int64_t(5));
        QCOMPARE(m_project->exampleCount({Part::Train}).value_or(-1), std::int64_t(3)); // their part is as it was
    }

    void aFileThatFailsLeavesTheProjectAsItWas()
    {
        const auto good = write("a.jsonl", row("one", "1"));
        const auto missing = fs::path(m_folder->path().toStdString()) / "none.jsonl";
        const auto report = importFiles(*m_project, {{good, missing}, {}, {}, {}});
        QVERIFY(!report);
        QVERIFY(report.error().message.find("none.jsonl") != std::string::npos);
        QCOMPARE(count(), std::int64_t(0));
    }

    void aCancelledImportLeavesTheProjectAsItWas()
    {
        std::string text;
        for (int i = 0; i < 2000; ++i) // of 4 MB, more than is read at once
            text += row("question " + prompt(i), std::to_string(i) + std::string(2000, 'a'));
        const auto file = write("a.jsonl", text);
        std::stop_source stop;
        QStringList stages;
        // In the second reading, when rows are being added.
        const auto report = importFiles(*m_project, {{file}, {}, Part::Train, {}}, stop.get_token(),
                                        [&](std::string_view stage, double share) {
                                            const auto name = QString::fromStdString(std::string(stage));
                                            if (stages.isEmpty() || stages.last() != name)
                                                stages.append(name);
                                            if (stage == "Importing" && share > 0.6)
                                                stop.request_stop();
                                        });
        QCOMPARE(stages.last(), QString("Taking the rows back")); // of many it takes a while
        QVERIFY(!report);
        QCOMPARE(report.error().code, ErrorCode::Interrupted);
        QCOMPARE(count(), std::int64_t(0));
    }

    void aRowsOwnPartWinsOverTheSplit()
    {
        const auto file = write("a.jsonl", row("aaa bbb", "1", "test") + row("ccc ddd", "2", "validation") +
                                               row("eee fff", "3", "train"));
        const auto report = importFiles(*m_project, {{file}, {}, {}, {}});
        QVERIFY(report);
        for (const Part part : {Part::Train, Part::Validation, Part::Test}) {
            QCOMPARE(report->parts[part], std::int64_t(1));
            QCOMPARE(m_project->exampleCount({part}).value_or(-1), std::int64_t(1));
        }
    }

    void aChosenPartWinsOverTheRowsOwn()
    {
        const auto file = write("a.jsonl", row("aaa", "1", "test") + row("bbb", "2"));
        QVERIFY(importFiles(*m_project, {{file}, {}, Part::Validation, {}}));
        QCOMPARE(m_project->exampleCount({Part::Validation}).value_or(-1), std::int64_t(2));
    }

    void theSplitIsEightyTenTenUnlessTheProjectSaysOtherwise()
    {
        std::string text;
        for (int i = 0; i < 600; ++i)
            text += row(prompt(i), std::to_string(i));
        const auto report = importFiles(*m_project, {{write("a.jsonl", text)}, {}, {}, {}});
        QVERIFY(report);
        const auto &parts = report->parts;
        QCOMPARE(parts[Part::Train] + parts[Part::Validation] + parts[Part::Test], report->imported);
        QVERIFY(parts[Part::Train] > 400);
        QVERIFY(parts[Part::Validation] > 20 && parts[Part::Test] > 20);

        auto other = Project::create(fs::path(m_folder->path().toStdString()) / "q.attune");
        QVERIFY(other);
        QVERIFY(setSplitOptions(*other, {.validationShare = 0, .testShare = 0}));
        const auto all = importFiles(*other, {{write("a.jsonl", text)}, {}, {}, {}});
        QVERIFY(all);
        QCOMPARE(all->parts[Part::Train], all->imported);
    }

    void aNewRowJoinsThePartOfTheRowsThatItResembles()
    {
        const std::string question = "where is my parcel that should have come on monday, please tell me number ";
        QVERIFY(importFiles(*m_project, {{write("a.jsonl", row(question + "17", "x"))}, {}, Part::Test, {}}));
        const auto report = importFiles(*m_project, {{write("b.jsonl", row(question + "18", "y"))}, {}, {}, {}});
        QVERIFY(report);
        QCOMPARE(report->parts[Part::Test], std::int64_t(1));
        QVERIFY(report->leaks.empty());
    }

    void aRowForcedIntoAnotherPartIsReportedAsALeak()
    {
        const std::string question = "where is my parcel that should have come on monday, please tell me number ";
        QVERIFY(importFiles(*m_project, {{write("a.jsonl", row(question + "17", "x"))}, {}, Part::Test, {}}));
        const auto report =
            importFiles(*m_project, {{write("b.jsonl", row(question + "18", "y"))}, {}, Part::Train, {}});
        QVERIFY(report);
        QCOMPARE(report->leaks.size(), std::size_t(1));
        QCOMPARE(report->leaks[0].row, std::int64_t(2));
        QCOMPARE(report->leaks[0].other, std::int64_t(1));
        QCOMPARE(findLeaks(*m_project).value_or(std::vector<LeakedPair>{}).size(), std::size_t(1));
    }

    void theSplitPlanHoldsForImportsToo()
    {
        SplitPlan plan;
        plan.shares = {.validationShare = 0.25, .testShare = 0.25};
        plan.group = "tag:customer";
        plan.stratify = "json:intent";
        QVERIFY(setSplitPlan(*m_project, plan));
        std::string text;
        for (int i = 0; i < 160; ++i) {
            std::string words; // nothing in common
            std::uint32_t number = static_cast<std::uint32_t>(i) * 2654435761u + 1;
            for (int k = 0; k < 60; ++k, number = number * 1664525u + 1013904223u)
                words += static_cast<char>('a' + (number >> 16) % 26);
            Json json = Json::parse(row(words, i % 4 ? R"({"intent": "refund"})" : R"({"intent": "rare"})"));
            json["tags"] = {"customer:" + std::to_string(i / 8)};
            text += json.dump() + "\n";
        }
        QVERIFY(importFiles(*m_project, {{write("a.jsonl", text)}, {}, {}, {}}));
        std::map<std::string, std::set<Part>> partsOfCustomer;
        QVERIFY(m_project->forEachExample({}, [&](const StoredExample &example) -> Result<void> {
            partsOfCustomer[example.tags.front()].insert(*example.part);
            return {};
        }));
        QCOMPARE(partsOfCustomer.size(), std::size_t(20));
        std::set<Part> all;
        for (const auto &[customer, parts] : partsOfCustomer) {
            QCOMPARE(parts.size(), std::size_t(1));
            all.insert(*parts.begin());
        }
        QCOMPARE(all.size(), std::size_t(3));
    }

    void aRowThatSomebodyElseAddsMeanwhileIsADuplicate()
    {
        const auto file = write("a.jsonl", row("one", "1") + row("two", "2") + row("three", "3"));
        bool added = false;
        const auto report =
            importFiles(*m_project, {{file}, {}, Part::Train, {}}, {}, [&](std::string_view stage, double) {
                if (stage != "Importing" || std::exchange(added, true))
                    return;
                auto other = Project::open(m_project->path());
                QVERIFY(other && other->addExamples([&](const Project::AddExample &add) -> Result<void> {
                    Example example;
                    example.messages = {{"user", "two"}, {"assistant", "2"}};
                    ATTUNE_CHECK(add(example));
                    return {};
                }));
            });
        QVERIFY(report);
        QCOMPARE(report->imported, std::int64_t(2));
        QCOMPARE(report->duplicates, std::int64_t(1));
        QCOMPARE(count(), std::int64_t(3));
    }

    void rowsWithoutAPartGetOneLater()
    {
        QVERIFY(m_project->addExamples([&](const Project::AddExample &add) -> Result<void> {
            for (int i = 0; i < 50; ++i) {
                Example example;
                example.messages = {{"user", prompt(i)}, {"assistant", "ok"}};
                if (auto added = add(example); !added)
                    return forward(added);
            }
            return {};
        }));
        const auto report = splitProject(*m_project);
        QVERIFY(report);
        QCOMPARE(report->assigned, count());
        const auto again = splitProject(*m_project);
        QVERIFY(again);
        QCOMPARE(again->assigned, std::int64_t(0));
        QCOMPARE(again->counts.rows, report->counts.rows);
    }
};

QTEST_APPLESS_MAIN(TestImportFiles)
#include "tst_import_files.moc"
