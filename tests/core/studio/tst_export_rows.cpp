#include "core/studio/export_rows.h"
#include "core/studio/import_files.h"
#include "tests/core/studio/toy_project.h"

#include <QtTest>

using namespace attune;

namespace {

std::vector<StoredExample> rowsOf(Project &project)
{
    std::vector<StoredExample> rows;
    const auto read = project.forEachExample({}, [&](const StoredExample &row) -> Result<void> {
        rows.push_back(row);
        return {};
    });
    if (!read)
        qFatal("%s", read.error().message.c_str());
    return rows;
}

} // namespace

class TestExportRows : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_toy.emplace();
        m_toy->addRows(3, Part::Train);
        m_toy->addRows(2, Part::Test);
        Example many{.messages = {{"user", "a"}, {"assistant", "b"}, {"user", "c"}, {"assistant", "d"}},
                     .origin = {},
                     .part = Part::Validation,
                     .tags = {"long"}};
        many.rating = 3;
        many.notes = "two turns";
        QVERIFY(Labelling(*m_toy->project).insert("row", std::vector{many}));
    }
    void cleanup() { m_toy.reset(); }

    void anotherProjectGetsEqualRowsFromAnExport_data()
    {
        QTest::addColumn<QString>("format");
        QTest::addColumn<int>("left");
        for (const char *format : {"chat", "sharegpt", "alpaca"})
            QTest::newRow(format) << format << 0;
        QTest::newRow("csv") << "csv" << 1;
    }
    void anotherProjectGetsEqualRowsFromAnExport()
    {
        QFETCH(QString, format);
        QFETCH(int, left);
        ExportRowsRequest request;
        request.format = *parseExportFormat(format.toStdString());
        request.file = m_toy->path(("out." + std::string(fileEnding(request.format))).c_str());
        const auto report = exportRows(*m_toy->project, request);
        QVERIFY2(report, report ? "" : report.error().message.c_str());
        QCOMPARE(report->written, std::int64_t(6 - left));
        QCOMPARE(report->leftOut, std::int64_t(left));
        QCOMPARE(report->leftRows.size(), std::size_t(left));
        if (left)
            QCOMPARE(report->leftRows[0].id, std::int64_t(6));

        auto other = Project::create(m_toy->path("other.attune"));
        QVERIFY(other);
        ImportRequest import;
        import.files = {request.file};
        const auto imported = importFiles(*other, import);
        QVERIFY2(imported, imported ? "" : imported.error().message.c_str());
        const auto before = rowsOf(*m_toy->project);
        const auto after = rowsOf(*other);
        QCOMPARE(after.size(), before.size() - std::size_t(left));
        for (std::size_t i = 0; i < after.size(); ++i) {
            QCOMPARE(after[i].messages, before[i].messages);
            QVERIFY(after[i].part == before[i].part);
            QCOMPARE(after[i].tags, before[i].tags);
            QCOMPARE(after[i].rating, before[i].rating);
            QCOMPARE(after[i].notes, before[i].notes);
        }
    }

    void aQuerySaysWhichRowsAndInWhichOrder()
    {
        ExportRowsRequest request;
        request.file = m_toy->path("out.jsonl");
        request.query = ExampleQuery{};
        request.query->parts = {Part::Train};
        request.query->descending = true;
        const auto report = exportRows(*m_toy->project, request);
        QVERIFY2(report, report ? "" : report.error().message.c_str());
        QCOMPARE(report->written, std::int64_t(3));
        const auto text = readFile(request.file);
        QVERIFY(text);
        QVERIFY(text->find("#102") < text->find("#100"));
        QVERIFY(text->find("\"test\"") == std::string::npos);
    }

    void whereNothingIsWrittenNoFileIsLeft()
    {
        ExportRowsRequest request;
        request.file = m_toy->path("out.csv");
        request.format = ExportFormat::Csv;
        request.query = ExampleQuery{};
        request.query->tags = {"long"};
        const auto unfit = exportRows(*m_toy->project, request);
        QVERIFY(!unfit);
        QVERIFY2(unfit.error().message.find("row 6") != std::string::npos, unfit.error().message.c_str());
        QVERIFY(!std::filesystem::exists(request.file));
        std::stop_source stop;
        stop.request_stop();
        request.query.reset();
        const auto stopped = exportRows(*m_toy->project, request, stop.get_token());
        QVERIFY(!stopped);
        QCOMPARE(stopped.error().code, ErrorCode::Interrupted);
        QVERIFY(!std::filesystem::exists(request.file));
    }

    void aPastedTextIsImportedAsOneStep()
    {
        ImportRequest import;
        import.files = {ImportSource::pasted("prompt,response,rating,notes\nq1,a1,5,good\nq2,a2,,\n")};
        const auto imported = importFiles(*m_toy->project, import);
        QVERIFY2(imported, imported ? "" : imported.error().message.c_str());
        QCOMPARE(imported->imported, std::int64_t(2));
        const auto rows = rowsOf(*m_toy->project);
        QCOMPARE(rows[6].rating, 5);
        QCOMPARE(rows[6].notes, std::string("good"));
        QCOMPARE(rows[6].origin.file, std::string("pasted text"));
        const auto undo = Labelling(*m_toy->project).undoState();
        QVERIFY(undo);
        QCOMPARE(undo->undo, std::string("Import of pasted text"));
        QVERIFY(Labelling(*m_toy->project).undo());
        QCOMPARE(rowsOf(*m_toy->project).size(), std::size_t(6));
        QVERIFY(Labelling(*m_toy->project).redo());
        QCOMPARE(rowsOf(*m_toy->project)[6].rating, 5);
    }

private:
    std::optional<ToyProject> m_toy;
};

QTEST_APPLESS_MAIN(TestExportRows)
#include "tst_export_rows.moc"
