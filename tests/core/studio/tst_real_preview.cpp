#include "core/data/import.h"
#include "core/model/registry.h"
#include "core/studio/chat_model.h"
#include "core/studio/health.h"
#include "core/studio/sample_project.h"
#include "tests/core/studio/previewed.h"

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>

using namespace attune;

/// The sample rows through the model that installer/setup fetches.
class TestRealPreview : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void everySampleRowIsShownAsItIsTrained();
    void theSampleProjectIsHealthy();

private:
    std::optional<ChatEncoder> m_encoder;
};

void TestRealPreview::initTestCase()
{
    const auto path = resolveModel(sampleModel);
    if (!path)
        QSKIP("run installer/setup first: the model is not there");
    auto encoder = loadChatEncoder(*path);
    QVERIFY2(encoder, encoder ? "" : encoder.error().message.c_str());
    m_encoder = std::move(*encoder);
}

void TestRealPreview::everySampleRowIsShownAsItIsTrained()
{
    int rows = 0;
    const auto read = readExamples(
        std::filesystem::path(ATTUNE_SOURCE_DIR) / "resources/samples/support_emails.jsonl", {},
        [&](Example example) -> Result<void> {
            for (const std::int64_t maxLength : {1024, 128}) {
                const std::string difference = differenceToTraining(*m_encoder, example.messages, maxLength, true);
                if (!difference.empty())
                    return fail(ErrorCode::Internal,
                                "line " + std::to_string(example.origin.line) + ": " + difference);
            }
            const auto preview = previewExample(*m_encoder, example.messages, 1024);
            if (!preview || !preview->problems.empty() || preview->endToken != EndToken::Trained)
                return fail(ErrorCode::Internal, "line " + std::to_string(example.origin.line) + " has a problem");
            ++rows;
            return {};
        },
        [](Reject reject) -> Result<void> { return fail(ErrorCode::Internal, reject.reason); });
    QVERIFY2(read, read ? "" : read.error().message.c_str());
    QCOMPARE(rows, 1440);
}

void TestRealPreview::theSampleProjectIsHealthy()
{
    QTemporaryDir folder;
    const std::filesystem::path path = std::filesystem::path(folder.path().toStdString()) / "s.attune";
    const auto made = createSampleProject(path);
    QVERIFY2(made, made ? "" : made.error().message.c_str());
    auto project = Project::open(path);
    QVERIFY(project);
    QElapsedTimer timer;
    timer.start();
    const auto report = checkProject(*project, &*m_encoder, {});
    QVERIFY2(report, report ? "" : report.error().message.c_str());
    qInfo("1440 rows, %lld tokens, checked in %lld ms", static_cast<long long>(report->tokens), timer.elapsed());
    QCOMPARE(report->rows, std::int64_t(1440));
    QCOMPARE(report->counted, std::int64_t(1440));
    for (std::size_t i = 0; i < report->lines.size(); ++i) {
        const auto kind = static_cast<ProblemKind>(i);
        if (kind != ProblemKind::PersonalData)
            QVERIFY2((*report)[kind].rows == 0, std::string(name(kind)).c_str());
    }
    timer.restart();
    const auto again = checkProject(*project, &*m_encoder, {});
    QVERIFY(again);
    QCOMPARE(again->encoded, std::int64_t(0)); // nothing changed, nothing is counted again
    qInfo("and again in %lld ms", timer.elapsed());
}

QTEST_APPLESS_MAIN(TestRealPreview)
#include "tst_real_preview.moc"
