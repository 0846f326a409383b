#include "tests/core/store/labelling_rows.h"

#include <QtTest>

using namespace attune;

namespace {

/// A project as the first release wrote it: two rows with a history, one without.
void makeFirstSchema(const std::filesystem::path &path)
{
    const std::vector<Migration> first{projectMigrations().front()};
    QCOMPARE(first.front().version, 1);
    auto database = createProjectFile(path, first);
    QVERIFY(database);
    const auto insert = [&](const std::vector<Message> &messages, const char *rest) {
        return database->run(
            ("INSERT INTO examples (messages, content_hash, created_at, updated_at, part, state, tags, "
             "origin_file, origin_line) VALUES ('" +
             *messagesText(messages) + "', '" + contentHash(messages) +
             "', '2025-01-01T10:00:00Z', '2025-01-01T10:00:00Z', " + rest + ")")
                .c_str(),
            "fill it");
    };
    QVERIFY(insert({{"system", "Be kind."}, {"user", "Where is my parcel?"}, {"assistant", "Soon."}},
                   "2, 1, '[\"shipping\"]', 'mails.jsonl', 3"));
    QVERIFY(insert({{"user", "Größe"}, {"assistant", "40"}}, "2, 0, '[]', 'mails.jsonl', 4"));
    QVERIFY(insert({{"user", "left alone"}, {"assistant", "yes"}}, "NULL, 0, '[]', '', 0"));
    QVERIFY(database->run("INSERT INTO example_history (example, changed_at, field, before, after) VALUES "
                          "(1, '2025-01-02T10:00:00Z', 'part', 'train', 'test'), "
                          "(2, '2025-01-02T10:00:00Z', 'part', 'validation', 'test'), "
                          "(1, '2025-01-03T10:00:00Z', 'state', 'to label', 'approved')",
                          "fill it"));
}

} // namespace

class TestSchema2 : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aFileOfTheFirstSchemaIsBroughtForward();
    void itsHistoryCanBeUndone();
};

void TestSchema2::aFileOfTheFirstSchemaIsBroughtForward()
{
    const ProjectFolder folder;
    makeFirstSchema(folder.file());
    auto project = Project::open(folder.file());
    QVERIFY2(project, project ? "" : (project.error().message + project.error().detail).c_str());
    QVERIFY(project->quickCheck());
    QVERIFY(std::filesystem::exists(folder.file("p.attune.backup-v1")));
    Labelling labelling(*project);
    QCOMPARE(labelling.ids({})->size(), std::size_t(3));
    QCOMPARE(*labelling.ids({.search = "parc"}), std::vector<std::int64_t>{1});
    QCOMPARE(*labelling.ids({.search = "große file:mails split:test"}), std::vector<std::int64_t>{2});
    QCOMPARE(*labelling.ids({.tags = {"shipping"}}), std::vector<std::int64_t>{1});
    const auto row = labelling.summaries(std::vector<std::int64_t>{1});
    QCOMPARE(row->front().prompt, std::string("Where is my parcel?"));
    QCOMPARE(row->front().answer, std::string("Soon."));
    QCOMPARE(row->front().turns, 2);
    QVERIFY(row->front().part == Part::Test);
    QVERIFY(row->front().state == LabelState::Approved);
    const auto counts = labelling.facets({});
    QCOMPARE(counts->parts, (std::array<std::int64_t, 4>{0, 0, 2, 1}));
    // It opens again without another backup.
    QVERIFY(Project::open(folder.file()));
    QVERIFY(!std::filesystem::exists(folder.file("p.attune.backup-v1-2")));
    QVERIFY(!std::filesystem::exists(folder.file("p.attune.backup-v2")));
}

void TestSchema2::itsHistoryCanBeUndone()
{
    const ProjectFolder folder;
    makeFirstSchema(folder.file());
    auto project = Project::open(folder.file());
    QVERIFY(project);
    Labelling labelling(*project);
    const auto versions = labelling.history(1);
    QVERIFY(versions);
    QCOMPARE(versions->size(), std::size_t(3));
    QVERIFY((*versions)[0].example.part == Part::Train);
    QCOMPARE((*versions)[1].label, std::string("Moved to test"));
    QCOMPARE((*versions)[1].changedAt, std::string("2025-01-02T10:00:00Z"));
    QVERIFY((*versions)[1].example.state == LabelState::ToLabel);
    QCOMPARE((*versions)[2].label, std::string("State set to approved"));
    QVERIFY(*labelling.undo());
    QVERIFY((*project->example(1))->state == LabelState::ToLabel);
    const auto moved = labelling.undo();
    QVERIFY(moved && *moved);
    QCOMPARE((*moved)->rows, (std::vector<std::int64_t>{1, 2}));
    QVERIFY((*project->example(2))->part == Part::Validation);
    QVERIFY(!*labelling.undo());
}

QTEST_APPLESS_MAIN(TestSchema2)
#include "tst_schema_2.moc"
