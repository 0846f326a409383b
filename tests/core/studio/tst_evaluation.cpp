#include "toy_project.h"

#include "core/studio/comparison.h"
#include "core/studio/evaluation.h"
#include "core/train/rows.h"

#include <QTest>

using namespace attune;

/// One project with a short run, which all tests share.
class TestEvaluation : public QObject {
    Q_OBJECT

    std::optional<ToyProject> m_toy;

    EvaluationRequest request(const std::string &run, Part part = Part::Test) const
    {
        EvaluationRequest wanted;
        wanted.model.run = run;
        wanted.part = part;
        wanted.generation.maxNewTokens = 4;
        return wanted;
    }

private Q_SLOTS:
    void initTestCase()
    {
        m_toy.emplace();
        m_toy->addRows(10, Part::Train);
        m_toy->addRows(3, Part::Validation);
        m_toy->addRows(4, Part::Test);
        QVERIFY(runTraining(m_toy->request("run")));
    }
    void cleanupTestCase() { m_toy.reset(); }

    void theLossOfTheValidationPartIsThatOfTraining()
    {
        const auto run = m_toy->project->findRun("run");
        QVERIFY(run);
        const auto checkpoints = m_toy->project->checkpoints(run->id);
        QVERIFY(checkpoints);
        const auto best =
            std::find_if(checkpoints->begin(), checkpoints->end(), [](const auto &c) { return c.best; });
        QVERIFY(best != checkpoints->end());
        const auto report = evaluateModel(*m_toy->project, request("run", Part::Validation));
        QVERIFY2(report, report ? "" : report.error().message.c_str());
        QCOMPARE(report->step, best->step); // the best, as the run was validated
        QCOMPARE(report->summary.loss, *best->validationLoss);
        QCOMPARE(report->summary.rows, std::int64_t(3));
    }

    void trainingLowersTheLossOfTheBase()
    {
        const auto base = evaluateModel(*m_toy->project, request(""));
        const auto tuned = evaluateModel(*m_toy->project, request("run"));
        QVERIFY(base && tuned);
        QCOMPARE(base->model, std::string("base"));
        QVERIFY(tuned->summary.loss < base->summary.loss - 0.1);
    }

    void everyAnswerIsStored()
    {
        const auto report = evaluateModel(*m_toy->project, request("run"));
        QVERIFY(report);
        const auto stored = m_toy->project->evaluations();
        QVERIFY(stored);
        QCOMPARE(stored->back().id, report->id);
        QCOMPARE(stored->back().part, Part::Test);
        QCOMPARE(stored->back().summary["rows"].get<int>(), 4);
        const auto examples = m_toy->project->evaluationExamples(report->id);
        QVERIFY(examples);
        QCOMPARE(examples->size(), std::size_t(4));
        QCOMPARE(examples->front().answer, report->rows.front().answer);
        QVERIFY(examples->front().scores.contains("valid_json"));
    }

    void onlyLooksAtTheTestPartAreCounted()
    {
        const auto before = testOpenings(*m_toy->project);
        QVERIFY(before);
        QVERIFY(evaluateModel(*m_toy->project, request("run", Part::Validation)));
        QCOMPARE(testOpenings(*m_toy->project).value_or(-1), *before);
        QVERIFY(evaluateModel(*m_toy->project, request("run")));
        QCOMPARE(testOpenings(*m_toy->project).value_or(-1), *before + 1);
    }

    void thePromptEndsBeforeTheLastAnswer()
    {
        ToyProject toy;
        QVERIFY(toy.project->addExamples([&](const Project::AddExample &add) -> Result<void> {
            Example example;
            example.messages = {{"user", "one"}, {"assistant", "two"}, {"user", "three"}, {"assistant", "four"}};
            example.part = Part::Test;
            ATTUNE_CHECK(add(example));
            return {};
        }));
        EvaluationRequest wanted = request("");
        wanted.model.model = ToyProject::model().string();
        const auto report = evaluateModel(*toy.project, wanted);
        QVERIFY(report);
        QCOMPARE(report->rows.front().prompt.size(), std::size_t(3));
        QCOMPARE(report->rows.front().reference, std::string("four"));
    }

    void whatCanNotBeEvaluatedSaysWhy()
    {
        ToyProject toy;
        const auto empty = evaluateModel(*toy.project, request(""));
        QVERIFY(!empty);
        QVERIFY(empty.error().message.find("test") != std::string::npos);
        toy.addRows(1, Part::Test);
        const auto noModel = evaluateModel(*toy.project, request(""));
        QVERIFY(!noModel);
        QVERIFY(noModel.error().message.find("--model") != std::string::npos);
        const auto noRun = evaluateModel(*toy.project, request("nine"));
        QVERIFY(!noRun);
        QCOMPARE(noRun.error().code, ErrorCode::NotFound);
    }

    void aStoppedEvaluationStoresNothing()
    {
        const auto before = m_toy->project->evaluations()->size();
        std::stop_source stop;
        const auto report =
            evaluateModel(*m_toy->project, request("run"), stop.get_token(), [&](std::string_view stage, double) {
                if (stage == "Measuring the loss")
                    stop.request_stop();
            });
        QVERIFY(!report);
        QCOMPARE(report.error().code, ErrorCode::Interrupted);
        QCOMPARE(m_toy->project->evaluations()->size(), before);
    }

    void aComparisonAnswersAsEachModelAlone()
    {
        CompareRequest compare;
        compare.first.run = "run";
        compare.prompts = {{{"user", "test order #100"}}, {{"user", "something else"}}};
        compare.generation.maxNewTokens = 6;
        std::vector<std::vector<ComparedAnswer>> pairs;
        const auto result = compareModels(*m_toy->project, compare, {},
                                          [&](std::size_t index, const std::vector<ComparedAnswer> &pair) {
                                              QCOMPARE(index, pairs.size());
                                              pairs.push_back(pair);
                                          });
        QVERIFY2(result, result ? "" : result.error().message.c_str());
        QCOMPARE(pairs.size(), std::size_t(2));
        for (const std::string &name : {std::string("run"), std::string("")}) {
            ModelChoice choice;
            choice.run = name;
            auto alone = loadRunModel(*m_toy->project, choice);
            QVERIFY(alone);
            for (std::size_t i = 0; i < pairs.size(); ++i) {
                const auto prompt = alone->encoder.encode(compare.prompts[i], true);
                QVERIFY(prompt);
                const auto answer =
                    generate(alone->model, alone->encoder.tokenizer(), prompt->ids, compare.generation);
                QVERIFY(answer);
                const ComparedAnswer &compared = pairs[i][name.empty() ? 1 : 0];
                QCOMPARE(compared.text, answer->text);
                QCOMPARE(compared.model, name.empty() ? std::string("base") : name);
            }
        }
    }

    void aCheckpointThatIsNotThereIsRefused()
    {
        ModelChoice choice;
        choice.run = "run";
        choice.checkpoint = "7777";
        const auto loaded = loadRunModel(*m_toy->project, choice);
        QVERIFY(!loaded);
        QCOMPARE(loaded.error().code, ErrorCode::NotFound);
    }
};

QTEST_APPLESS_MAIN(TestEvaluation)
#include "tst_evaluation.moc"
