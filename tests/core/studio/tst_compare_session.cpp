#include "toy_project.h"

#include "core/deploy/run_adapter.h"
#include "core/studio/chat_model.h"
#include "core/studio/compare_session.h"
#include "core/studio/run_model.h"

#include <QTest>

using namespace attune;

namespace {

/// A project with a run on the toy model, and a session on it.
struct Scene {
    explicit Scene(int steps = 12)
    {
        toy.addRows(10, Part::Train);
        toy.addRows(3, Part::Validation);
        train("one", steps);
        session.emplace(toy.project->path());
        session->setBaseModel(ToyProject::model().string());
        session->setAnswerer(0, Answerer{});
        session->setAnswerer(1, Answerer{runId("one"), "last"});
    }

    void train(const std::string &name, int steps = 12)
    {
        TrainRequest request = toy.request(name);
        request.settings.max_steps = steps;
        const auto outcome = runTraining(request);
        if (!outcome)
            qFatal("%s", outcome.error().message.c_str());
    }

    std::int64_t runId(const std::string &name) { return toy.project->findRun(name)->id; }

    /// Everything that comes until the question has ended.
    std::vector<CompareEvent> events()
    {
        std::vector<CompareEvent> all;
        const auto ended = [&] {
            for (CompareEvent &event : session->drain())
                all.push_back(std::move(event));
            return !all.empty() && std::holds_alternative<QuestionEnded>(all.back());
        };
        if (!QTest::qWaitFor(ended, 30000))
            qFatal("The question does not end.");
        return all;
    }

    ToyProject toy;
    std::optional<CompareSession> session;
};

CompareQuestion question(const std::string &text, std::int64_t tokens = 12)
{
    CompareQuestion q;
    q.turns = {{"user", text}};
    q.generation.maxNewTokens = tokens;
    return q;
}

} // namespace

class TestCompareSession : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void answersEqualThoseOfGenerate()
    {
        Scene scene;
        CompareQuestion asked = question("Where is order #104?", 20);
        asked.system = "Answer in JSON.";
        asked.generation.sampling.temperature = 0.8;
        asked.generation.sampling.topP = 0.9;
        asked.generation.sampling.seed = 7;
        QVERIFY(scene.session->ask(asked));
        const auto events = scene.events();

        ModelChoice choice;
        choice.run = "one";
        choice.checkpoint = "last";
        auto loaded = loadRunModel(*scene.toy.project, choice);
        QVERIFY(loaded);
        const std::vector<Message> messages = {{"system", asked.system}, asked.turns.front()};
        const auto prompt = loaded->encoder.encode(messages, true);
        const auto tuned = generate(loaded->model, loaded->encoder.tokenizer(), prompt->ids, asked.generation);
        loaded->model.dropAdapter();
        const auto base = generate(loaded->model, loaded->encoder.tokenizer(), prompt->ids, asked.generation);

        const auto &columns = scene.session->columns();
        QCOMPARE(columns[0].lastAnswer(), base->text);
        QCOMPARE(columns[1].lastAnswer(), tuned->text);
        QVERIFY(base->text != tuned->text);
        QCOMPARE(columns[0].name, std::string("base"));
        QCOMPARE(columns[1].name, std::string("one"));
        QCOMPARE(columns[1].step, std::int64_t(12));
        QCOMPARE(columns[1].figures.tokens, std::int64_t(tuned->ids.size()));
        QCOMPARE(columns[1].figures.finish, tuned->finish);
        QCOMPARE(columns[1].figures.promptTokens, std::int64_t(prompt->ids.size()));
        QCOMPARE(columns[0].state, AnswerState::Done);

        // What streamed is the answer, and the columns took turns: none was complete when the other began.
        std::vector<std::string> streamed(2);
        bool firstEnded = false;
        for (const CompareEvent &event : events) {
            if (const auto *text = std::get_if<AnswerText>(&event)) {
                QVERIFY(!(text->column == 1 && streamed[1].empty() && firstEnded));
                streamed[text->column] += text->text;
            } else if (const auto *ended = std::get_if<AnswerEnded>(&event)) {
                firstEnded = firstEnded || ended->column == 0;
            }
        }
        QCOMPARE(streamed[0], base->text);
        QCOMPARE(streamed[1], tuned->text);
    }

    void eachColumnGoesOnWithItsOwnConversation()
    {
        Scene scene;
        QVERIFY(scene.session->ask(question("Order #104?")));
        scene.events();
        const std::string first = scene.session->columns()[1].lastAnswer();
        QVERIFY(scene.session->ask(question("And #105?")));
        scene.events();
        for (const CompareColumn &column : scene.session->columns()) {
            QCOMPARE(column.conversation.size(), std::size_t(4));
            QCOMPARE(column.conversation[2].content, std::string("And #105?"));
        }
        QCOMPARE(scene.session->columns()[1].conversation[1].content, first);
        QVERIFY(scene.session->columns()[0].conversation[1].content != first);

        // As if the whole conversation had been sent at once.
        auto loaded = loadRunModel(*scene.toy.project, ModelChoice{"one", "last", {}, {}, {}});
        const auto &conversation = scene.session->columns()[1].conversation;
        const auto prompt = loaded->encoder.encode(std::span(conversation).first(3), true);
        GenerationOptions options;
        options.maxNewTokens = 12;
        QCOMPARE(conversation[3].content,
                 generate(loaded->model, loaded->encoder.tokenizer(), prompt->ids, options)->text);

        scene.session->restart();
        QVERIFY(scene.session->columns()[0].conversation.empty());
        QVERIFY(scene.session->columns()[1].answerer.has_value());
    }

    void oneColumnIsStoppedAndTheOtherGoesOn()
    {
        Scene scene;
        CompareQuestion asked = question("Tell me everything.", 200);
        asked.generation.ignoreEos = true;
        QVERIFY(scene.session->ask(asked));
        QVERIFY(QTest::qWaitFor([&] {
            scene.session->drain();
            return !scene.session->columns()[1].lastAnswer().empty();
        }));
        scene.session->stop(1);
        scene.events();
        QCOMPARE(scene.session->columns()[0].state, AnswerState::Done);
        QCOMPARE(scene.session->columns()[0].figures.tokens, std::int64_t(200));
        QCOMPARE(scene.session->columns()[1].state, AnswerState::Stopped);
        QVERIFY(scene.session->columns()[1].figures.tokens < 200);
        // What it had said stays said.
        QVERIFY(!scene.session->columns()[1].lastAnswer().empty());
    }

    void aStopBeforeTheFirstTokenTakesTheQuestionBack()
    {
        Scene scene;
        QVERIFY(scene.session->ask(question("Hello", 200)));
        scene.session->stopAll();
        scene.events();
        for (const CompareColumn &column : scene.session->columns()) {
            QCOMPARE(column.state, AnswerState::Stopped);
            QVERIFY(column.conversation.empty() || !column.lastAnswer().empty());
        }
        // And the next one is answered as ever.
        scene.session->restart();
        QVERIFY(scene.session->ask(question("Hello", 4)));
        scene.events();
        QCOMPARE(scene.session->columns()[1].state, AnswerState::Done);
    }

    void aPromptThatIsTooLongIsRefusedUncut()
    {
        Scene scene;
        QVERIFY(scene.session->ask(question("Hello", 4)));
        scene.events();
        std::string text;
        for (int i = 0; i < 400; ++i)
            text += "order " + std::to_string(i) + " ";
        QVERIFY(scene.session->ask(question(text)));
        scene.events();
        const CompareColumn &column = scene.session->columns()[1];
        QCOMPARE(column.state, AnswerState::Failed);
        const QString why = QString::fromStdString(column.error.message);
        QVERIFY2(why.startsWith("Prompt has ") &&
                     why.endsWith(" tokens; this model takes 256: nothing was cut, nothing was sent."),
                 qPrintable(why));
        QCOMPARE(column.conversation.size(), std::size_t(2)); // the first question and its answer
    }

    void anAnswerEndsWhereTheContextDoes()
    {
        Scene scene;
        CompareQuestion asked = question("Go on and on", 5000);
        asked.generation.ignoreEos = true;
        QVERIFY(scene.session->ask(asked));
        scene.events();
        const AnswerFigures &figures = scene.session->columns()[0].figures;
        QCOMPARE(figures.promptTokens + figures.tokens, std::int64_t(256));
        QCOMPARE(figures.finish, std::string("context"));
    }

    void aRunOfAnotherBaseIsRefusedNamingWhatFits()
    {
        Scene scene;
        scene.train("two", 4);
        Run other = *scene.toy.project->findRun("one");
        other.id = 0;
        other.name = "stranger";
        other.fingerprint = "a1b2c3d4e5f60718";
        other.state = RunState::Finished;
        const auto stranger = scene.toy.project->createRun(other);
        QVERIFY(stranger);
        auto blobs =
            scene.toy.project->checkpointBlobs(scene.toy.project->checkpoints(scene.runId("one"))->front().id);
        QVERIFY(scene.toy.project->saveCheckpoint({0, stranger->id, 3, {}, false, false, {}}, {blobs->adapter, {}}));

        scene.session->setColumnCount(3);
        scene.session->setAnswerer(2, Answerer{stranger->id, "last"});
        QVERIFY(scene.session->ask(question("Hello", 4)));
        scene.events();
        QCOMPARE(scene.session->columns()[0].state, AnswerState::Done);
        QCOMPARE(scene.session->columns()[1].state, AnswerState::Done);
        QCOMPARE(scene.session->columns()[2].state, AnswerState::Failed);
        QCOMPARE(scene.session->columns()[2].error.message,
                 std::string("stranger was trained on another base (fingerprint a1b2c3d4) than one. Pick one that "
                             "fits: one, two."));
    }

    void oneBaseServesAllColumns()
    {
        Scene scene;
        scene.train("two", 4);
        scene.session->setColumnCount(4);
        scene.session->setAnswerer(2, Answerer{scene.runId("two"), "last"});
        scene.session->setAnswerer(3, Answerer{scene.runId("one"), "last"}); // shares the adapter of column 1
        QVERIFY(scene.session->ask(question("Hello", 4)));
        std::optional<MemoryHeld> held;
        int loads = 0;
        for (const CompareEvent &event : scene.events()) {
            if (const auto *memory = std::get_if<MemoryHeld>(&event))
                held = *memory;
            const auto *loading = std::get_if<ModelLoading>(&event);
            loads += loading && loading->share == 0 ? 1 : 0;
        }
        QCOMPARE(loads, 1);
        QVERIFY(held);
        auto alone = loadRunModel(*scene.toy.project, ModelChoice{"one", "last", {}, {}, {}});
        QCOMPARE(held->base, alone->model.weightBytes());
        QCOMPARE(held->adapterCount, 2);
        QCOMPARE(held->adapters, 2 * alone->model.exchangeAdapter({}).bytes());
        QCOMPARE(scene.session->columns()[1].lastAnswer(), scene.session->columns()[3].lastAnswer());

        scene.session->unload();
        held.reset();
        QVERIFY(QTest::qWaitFor([&] {
            for (const CompareEvent &event : scene.session->drain())
                if (const auto *memory = std::get_if<MemoryHeld>(&event))
                    held = *memory;
            return held.has_value();
        }));
        QCOMPARE(held->base + held->adapters, std::int64_t(0));
    }

    void whatCanNotBeAskedIsRefused()
    {
        Scene scene;
        QVERIFY(!scene.session->ask(question("")));
        CompareQuestion odd = question("Hello");
        odd.generation.sampling.topP = 2;
        QVERIFY(!scene.session->ask(odd));
        QVERIFY(scene.session->columns()[0].conversation.empty());
        QVERIFY(scene.session->ask(question("Hello", 100)));
        QVERIFY(!scene.session->ask(question("Again")));
        scene.session->setAnswerer(0, std::nullopt);
        scene.session->setAnswerer(1, std::nullopt);
        QVERIFY(!scene.session->ask(question("Anyone?")));
    }

    void aTranscriptBringsEverythingBack()
    {
        Scene scene;
        CompareQuestion asked = question("Where is   order\n#104?");
        asked.system = "Short.";
        asked.example = 3;
        asked.generation.sampling.seed = 9;
        QVERIFY(scene.session->ask(asked));
        scene.events();
        QCOMPARE(scene.session->transcriptTitle(), std::string("Where is order #104?"));
        const std::string body = scene.session->transcript().dump();

        CompareSession other(scene.toy.project->path());
        const auto restored = other.restore(Json::parse(body));
        QVERIFY2(restored, restored ? "" : restored.error().message.c_str());
        QCOMPARE(other.transcript().dump(), body);
        QCOMPARE(other.columns()[1].conversation, scene.session->columns()[1].conversation);
        QVERIFY(other.columns()[1].answerer == scene.session->columns()[1].answerer);
        QCOMPARE(other.markdown(), scene.session->markdown());
        QVERIFY(other.markdown().find("## one, step 12") != std::string::npos);

        QVERIFY(!other.restore(Json::parse("{\"columns\": 3}")));
        QVERIFY(!other.restore(Json::parse("{\"columns\": [{\"conversation\": [{\"role\": 5}]}]}")));
        QCOMPARE(other.transcript().dump(), body); // a failure changes nothing
    }
};

QTEST_GUILESS_MAIN(TestCompareSession)
#include "tst_compare_session.moc"
