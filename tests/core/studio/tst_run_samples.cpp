#include "toy_project.h"

#include "core/studio/run_samples.h"

#include <QTest>

using namespace attune;

class TestRunSamples : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void samplesChangeNeitherWeightsNorCurve()
    {
        ToyProject toy;
        toy.addRows(10, Part::Train);
        toy.addRows(5, Part::Validation);
        TrainRequest without = toy.request("without");
        without.samples = 0;
        QVERIFY(runTraining(without));
        QVERIFY(runTraining(toy.request("with")));
        QVERIFY(!toy.lastAdapter("with").empty());
        QVERIFY(toy.lastAdapter("with") == toy.lastAdapter("without"));
        QVERIFY(toy.curve("with") == toy.curve("without"));
        QVERIFY(samplesIn(*toy.project->log(1)).empty());
        QVERIFY(!samplesIn(*toy.project->log(2)).empty());
    }

    void theSamePromptsAreAnsweredAtEachValidationAndBeforeTheFirstStep()
    {
        ToyProject toy;
        toy.addRows(10, Part::Train);
        toy.addRows(9, Part::Validation);
        QVERIFY(runTraining(toy.request("one")));
        const auto lines = toy.project->log(1);
        QVERIFY(lines);
        const auto samples = samplesIn(*lines);
        std::vector<std::int64_t> steps;
        for (const SamplesOfStep &of : samples) {
            steps.push_back(of.step);
            QCOMPARE(of.answers.size(), std::size_t(4));
            for (std::size_t i = 0; i < 4; ++i) {
                QCOMPARE(of.answers[i].prompt, samples.front().answers[i].prompt);
                QVERIFY(of.answers[i].prompt.starts_with("validation order"));
                QVERIFY(of.answers[i].expected.starts_with("{\"intent\""));
            }
        }
        QCOMPARE(steps, (std::vector<std::int64_t>{0, 4, 8, 12}));
    }

    void withoutValidationRowsThereAreNoSamples()
    {
        ToyProject toy;
        toy.addRows(6, Part::Train);
        QVERIFY(runTraining(toy.request("one")));
        QVERIFY(samplesIn(*toy.project->log(1)).empty());
    }

    void whatIsWrittenIsReadAndTheLaterOfAStepCounts()
    {
        SamplesOfStep first{4, {{7, "Hi\nthere", "{\"a\": 1}", "{\"a\"", false, true}}};
        SamplesOfStep second = first;
        second.answers[0].text = "other \xc3\xa9";
        SamplesOfStep start{0, {{7, "Hi\nthere", "x", "", true, false}}};
        const auto line = [](const SamplesOfStep &samples) {
            const TrainLog log = toLog(samples);
            return "2026-01-01T00:00:00Z " + log.level + " " + log.text;
        };
        const std::vector<std::string> lines = {line(first), "2026-01-01T00:00:00Z info sample of words", line(start),
                                                line(second), "2026-01-01T00:00:00Z sample {broken", "sample"};
        const auto read = samplesIn(lines);
        QCOMPARE(read.size(), std::size_t(2));
        QVERIFY(read[0] == start);
        QVERIFY(read[1] == second);
        QVERIFY(isSampleLine(lines[0]));
        QVERIFY(!isSampleLine(lines[1]));
    }
};

QTEST_GUILESS_MAIN(TestRunSamples)
#include "tst_run_samples.moc"
