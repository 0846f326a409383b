#include "core/base/files.h"
#include "core/studio/sample_project.h"

#include <QTemporaryDir>
#include <QTest>

using namespace attune;
namespace fs = std::filesystem;

class TestSampleProject : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theSampleIsWholeAndHasAllParts()
    {
        const QTemporaryDir folder;
        const fs::path path = fs::path(folder.path().toStdString()) / "demo.attune";
        const auto report = createSampleProject(path);
        QVERIFY2(report, report ? "" : report.error().message.c_str());
        QCOMPARE(report->rejected, std::int64_t(0));
        QCOMPARE(report->duplicates, std::int64_t(0));
        QVERIFY(report->imported >= 400);
        for (const Part part : {Part::Train, Part::Validation, Part::Test})
            QVERIFY(report->parts[part] >= 40);
        auto project = Project::open(path);
        QVERIFY(project);
        const auto row = project->example(1);
        QVERIFY(row && *row);
        QCOMPARE((*row)->origin.file, std::string("support_emails.jsonl"));
        QCOMPARE(isSampleProject(*project).value_or(false), true);
    }

    void theSampleLeaksNothingBetweenItsParts()
    {
        const QTemporaryDir folder;
        const auto report = createSampleProject(fs::path(folder.path().toStdString()) / "demo.attune");
        QVERIFY(report);
        for (const LeakedPair &leak : report->leaks)
            qWarning("rows %lld and %lld, similarity %.2f", static_cast<long long>(leak.row),
                     static_cast<long long>(leak.other), leak.similarity);
        QVERIFY(report->leaks.empty());
    }

    void onlyTheSampleMayBeRemoved()
    {
        const QTemporaryDir folder;
        const fs::path sample = fs::path(folder.path().toStdString()) / "demo.attune";
        const fs::path mine = fs::path(folder.path().toStdString()) / "mine.attune";
        QVERIFY(createSampleProject(sample));
        QVERIFY(Project::create(mine));
        QVERIFY(writeFileAtomically(fs::path(folder.path().toStdString()) / "text.attune", "hello"));
        QVERIFY(!removeSampleProject(mine));
        QVERIFY(fs::exists(mine));
        QVERIFY(!removeSampleProject(fs::path(folder.path().toStdString()) / "text.attune"));
        QVERIFY(removeSampleProject(sample));
        QVERIFY(!fs::exists(sample));
    }
};

QTEST_APPLESS_MAIN(TestSampleProject)
#include "tst_sample_project.moc"
