#include "core/studio/health.h"
#include "core/studio/chat_model.h"
#include "tests/core/studio/toy_project.h"

#include <QElapsedTimer>
#include <QtTest>

using namespace attune;

namespace {

Example rowOf(std::vector<Message> messages, std::optional<Part> part = Part::Train)
{
    return {.messages = std::move(messages), .origin = {}, .part = part, .tags = {}};
}

Example ask(const std::string &question, const std::string &answer, std::optional<Part> part = Part::Train)
{
    return rowOf({{"user", question}, {"assistant", answer}}, part);
}

template <typename T>
T must(Result<T> result)
{
    if (!result)
        qFatal("%s", result.error().message.c_str());
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

const std::string Lamp = "Hello, I ordered the folding desk lamp three weeks ago and it came with a cracked hinge. "
                         "Please send me a new one before the end of this week.";

} // namespace

class TestHealth : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_toy.emplace();
        // The model's own template ends answers with a text that is none of its tokens.
        m_encoder = must(ChatEncoder::create(
            must(Tokenizer::load(ToyProject::model())),
            "{% for m in messages %}[{{ m.role }}] {{ m.content }}{{ eos_token }}\n{% endfor %}"
            "{% if add_generation_prompt %}[assistant] {% endif %}"));
    }
    void cleanup()
    {
        m_encoder.reset();
        m_toy.reset();
    }

    void theLedgerCountsEachKindOnce()
    {
        const auto ids =
            add({ask(Lamp, "One"), ask(Lamp, "One"), ask(Lamp + " Thank you!", "Two"), ask("Where is my parcel?", ""),
                 ask("I am at jo@mail.com, where is it now?", "There"),
                 ask("Is it \xEF\xBF\xBD broken or not at all?", "Yes"),
                 rowOf({{"user", "First half of it"}, {"user", "second half of it"}, {"assistant", "x"}}),
                 ask("Nothing is wrong with this row", "Good", Part::Test)});
        const HealthReport report = check();
        QCOMPARE(report.rows, std::int64_t(8));
        QCOMPARE(report[ProblemKind::Duplicate].rows, std::int64_t(2));
        QCOMPARE(report[ProblemKind::Duplicate].groups, std::int64_t(1));
        QCOMPARE(report[ProblemKind::NearDuplicate].rows, std::int64_t(3));
        QCOMPARE(report[ProblemKind::NearDuplicate].groups, std::int64_t(1));
        QCOMPARE(report[ProblemKind::NoAnswer].rows, std::int64_t(1));
        QCOMPARE(report[ProblemKind::PersonalData].rows, std::int64_t(1));
        QCOMPARE(report[ProblemKind::OddEncoding].rows, std::int64_t(1));
        QCOMPARE(report[ProblemKind::RoleOrder].rows, std::int64_t(1));
        QCOMPARE(report[ProblemKind::Leak].rows, std::int64_t(0));
        QCOMPARE(kindsOf(ids[7]), std::vector<ProblemKind>{});
        const auto groups = must(duplicateGroups(*m_toy->project, ProblemKind::NearDuplicate));
        QCOMPARE(groups.size(), std::size_t(1));
        QCOMPARE(groups[0].rows, (std::vector<std::int64_t>{ids[0], ids[1], ids[2]}));
        QVERIFY(groups[0].similarity > 0.85 && groups[0].similarity < 1);
        const StoredProblem near = must(labelling().problems(ids[2])).at(0);
        QCOMPARE(near.other, ids[0]);
        QCOMPARE(near.group, ids[0]);
        QVERIFY2(near.detail.starts_with("similarity 0.9"), near.detail.c_str());
    }

    void rowsThatDifferInANumberOnlyAreNoNearDuplicatesWhereTheTextIsShort()
    {
        add({ask("Where is order 1044?", "a"), ask("Where is order 2391?", "b"), ask("Where is order 7716?", "c")});
        QCOMPARE(check()[ProblemKind::NearDuplicate].rows, std::int64_t(0));
    }

    void theSameQuestionWithAnotherAnswerIsANearDuplicate()
    {
        const auto ids =
            add({ask("What is the capital of Peru?", "Lima"), ask("What is the capital of peru?", "Cusco")});
        QCOMPARE(check()[ProblemKind::NearDuplicate].rows, std::int64_t(2));
        QCOMPARE(must(labelling().problems(ids[1])).at(0).detail, "asks the same as row " + std::to_string(ids[0]));
    }

    void aLeakNamesTheRowAndThePart()
    {
        const auto ids = add({ask(Lamp, "a", Part::Test), ask(Lamp + " Thanks!", "b", Part::Train)});
        QCOMPARE(check()[ProblemKind::Leak].rows, std::int64_t(1));
        const auto leaks = must(labelling().problemsOfKind(ProblemKind::Leak));
        QCOMPARE(leaks[0].example, ids[1]);
        QCOMPARE(leaks[0].other, ids[0]);
        QVERIFY2(leaks[0].detail.ends_with("in the test part"), leaks[0].detail.c_str());
        must(m_toy->project->setLabelState(ids[0], LabelState::Rejected));
        QCOMPARE(check()[ProblemKind::Leak].rows, std::int64_t(0)); // nobody measures with a rejected row
    }

    void rejectedRowsHaveNoProblems()
    {
        const auto ids = add({ask("Where is it?", ""), ask("What?", "jo@mail.com")});
        must(m_toy->project->setLabelState(ids[0], LabelState::Rejected));
        const HealthReport report = check();
        QCOMPARE(report.rows, std::int64_t(1));
        QCOMPARE(report[ProblemKind::NoAnswer].rows, std::int64_t(0));
        QCOMPARE(report[ProblemKind::PersonalData].rows, std::int64_t(1));
    }

    void tokensAreCountedAgainOnlyWhereTheTextChanged()
    {
        m_toy->addRows(30, Part::Train);
        const HealthReport first = check(20);
        QCOMPARE(first.counted, std::int64_t(30));
        QCOMPARE(first.encoded, std::int64_t(30));
        QVERIFY(first.longestRow > 20 && first.medianTokens > 20);
        QCOMPARE(first[ProblemKind::Cut].rows, std::int64_t(30));
        QCOMPARE(first.cutTokens, first.tokens - 30 * 20);
        QCOMPARE(check().encoded, std::int64_t(0));
        ExampleEdit edit{.id = 7};
        edit.messages = std::vector<Message>{{"user", "Something else"}, {"assistant", "Fine"}};
        must(labelling().apply("edit", std::vector{edit}));
        QCOMPARE(check().encoded, std::int64_t(1));
        // Another template is another count.
        const auto other =
            ChatEncoder::create(m_encoder->tokenizer(),
                                "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}\n{% endfor %}"
                                "{% if add_generation_prompt %}assistant: {% endif %}");
        QVERIFY(other);
        QVERIFY(encoderFingerprint(*other) != encoderFingerprint(*m_encoder));
        QCOMPARE(must(checkProject(*m_toy->project, &*other, {})).encoded, std::int64_t(30));
    }

    void aTemplateWithoutAnEndTokenIsSaidOfEveryRowButTheRejected()
    {
        m_toy->addRows(4, Part::Train);
        const auto own = must(loadChatEncoder(ToyProject::model()));
        for (const std::int64_t encoded : {4, 0}) {
            const HealthReport report = must(checkProject(*m_toy->project, &own, {}));
            QCOMPARE(report[ProblemKind::EndTokenMissing].rows, std::int64_t(4));
            QCOMPARE(report.encoded, encoded);
        }
        must(m_toy->project->setLabelState(2, LabelState::Rejected));
        QCOMPARE(must(checkProject(*m_toy->project, &own, {}))[ProblemKind::EndTokenMissing].rows, std::int64_t(3));
        must(m_toy->project->setLabelState(2, LabelState::Approved));
        must(checkRows(*m_toy->project, &own, {}, std::vector<std::int64_t>{2}));
        QCOMPARE(must(checkProject(*m_toy->project, &own, {}))[ProblemKind::EndTokenMissing].rows, std::int64_t(4));
    }

    void whatTheTemplateRefusesIsNotForgotten()
    {
        const auto refusing = ChatEncoder::create(
            m_encoder->tokenizer(),
            "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('No system turn') }}{% endif %}"
            "{{ m.role }}: {{ m.content }}{{ eos_token }}\n{% endfor %}"
            "{% if add_generation_prompt %}assistant: {% endif %}");
        QVERIFY(refusing);
        const auto ids =
            add({rowOf({{"system", "s"}, {"user", "Question?"}, {"assistant", "x"}}), ask("Fine?", "Yes")});
        for (const ChatEncoder *encoder : {&*refusing, &*refusing, static_cast<const ChatEncoder *>(nullptr)}) {
            const HealthReport report = must(checkProject(*m_toy->project, encoder, {}));
            QCOMPARE(report[ProblemKind::RoleOrder].rows, std::int64_t(1));
            QCOMPARE(report.counted, std::int64_t(1));
        }
        QVERIFY(must(labelling().problems(ids[0])).at(0).detail.find("No system turn") != std::string::npos);
        QCOMPARE(must(untrainedRows(*m_toy->project, *refusing, 512)), std::vector<std::int64_t>{ids[0]});
        QCOMPARE(check()[ProblemKind::RoleOrder].rows, std::int64_t(0)); // the model's own template takes it
    }

    void editedRowsAreCheckedAloneAgainstTheHabitsOfTheSet()
    {
        std::vector<Example> rows;
        for (int i = 0; i < 30; ++i)
            rows.push_back(ask("Mail number " + std::to_string(i * 7919) + " " + std::string(std::size_t(i), 'x'),
                               R"({"intent": "late", "n": )" + std::to_string(i) + "}"));
        const auto ids = add(rows);
        check();
        QCOMPARE(kindsOf(ids[3]), std::vector<ProblemKind>{});
        ExampleEdit edit{.id = ids[3]};
        edit.messages = std::vector<Message>{{"user", "Mail"}, {"assistant", R"({"intent": "late"})"}};
        must(labelling().apply("edit", std::vector{edit}));
        must(checkRows(*m_toy->project, &*m_encoder, {}, std::vector{ids[3]}));
        QCOMPARE(kindsOf(ids[3]), std::vector<ProblemKind>{ProblemKind::MissingKeys});
        QVERIFY(must(labelling().uncounted(encoderFingerprint(*m_encoder))).empty());
        must(labelling().undo());
        must(checkRows(*m_toy->project, &*m_encoder, {}, std::vector{ids[3]}));
        QCOMPARE(kindsOf(ids[3]), std::vector<ProblemKind>{});
    }

    void aTieThatAnEditResolvesIsGoneAtOnce()
    {
        const auto ids = add({ask(Lamp, "a"), ask(Lamp + " Thanks!", "b"), ask(Lamp + " Thank you!", "c"),
                              ask(Lamp + " Thank you!", "c", Part::Test)});
        const HealthReport before = check();
        QCOMPARE(before[ProblemKind::NearDuplicate].rows, std::int64_t(4));
        QCOMPARE(before[ProblemKind::Duplicate].rows, std::int64_t(2));
        QCOMPARE(before[ProblemKind::Leak].rows, std::int64_t(1));
        must(m_toy->project->setLabelState(ids[3], LabelState::Rejected));
        must(checkRows(*m_toy->project, nullptr, {}, std::vector{ids[3]}));
        QVERIFY(must(labelling().problemsOfKind(ProblemKind::Duplicate)).empty());
        QVERIFY(must(labelling().problemsOfKind(ProblemKind::Leak)).empty());
        QCOMPARE(must(labelling().problemsOfKind(ProblemKind::NearDuplicate)).size(), std::size_t(3));
        ExampleEdit gone{.id = ids[1]};
        gone.deleted = true;
        ExampleEdit other{.id = ids[2]};
        other.messages = std::vector<Message>{{"user", "Something quite different"}, {"assistant", "c"}};
        must(labelling().apply("edit", std::vector{gone, other}));
        must(checkRows(*m_toy->project, nullptr, {}, std::vector{ids[1], ids[2]}));
        QVERIFY(must(labelling().problemsOfKind(ProblemKind::NearDuplicate)).empty());
    }

    void anEditThatMakesTwoRowsEqualIsFoundAtOnce()
    {
        const auto ids = add({ask("Where is it?", "Here"), ask("What is it?", "A lamp"), ask("Who is it?", "Me")});
        check();
        ExampleEdit edit{.id = ids[1]};
        edit.messages = std::vector<Message>{{"user", "Where is it?"}, {"assistant", "Here"}};
        must(labelling().apply("edit", std::vector{edit}));
        must(checkRows(*m_toy->project, nullptr, {}, std::vector{ids[1]}));
        QCOMPARE(kindsOf(ids[0]), std::vector<ProblemKind>{ProblemKind::Duplicate});
        QCOMPARE(kindsOf(ids[1]), std::vector<ProblemKind>{ProblemKind::Duplicate});
        must(labelling().undo());
        must(checkRows(*m_toy->project, nullptr, {}, std::vector{ids[1]}));
        QCOMPARE(kindsOf(ids[0]), std::vector<ProblemKind>{});
        QCOMPARE(kindsOf(ids[1]), std::vector<ProblemKind>{});
    }

    void anEditThatMakesTwoRowsNearlyEqualIsFoundByTheIndex()
    {
        const auto ids = add({ask(Lamp, "a"), ask("Where is my parcel? It left on Monday.", "b", Part::Validation),
                              ask("How do I clean the coffee machine?", "c")});
        check();
        const auto index = must(TieIndex::build(*m_toy->project, 0.85));
        ExampleEdit edit{.id = ids[2]};
        edit.messages = std::vector<Message>{{"user", Lamp + " Thanks!"}, {"assistant", "c"}};
        must(labelling().apply("edit", std::vector{edit}));
        must(checkRows(*m_toy->project, nullptr, {}, std::vector{ids[2]}, index.get()));
        QCOMPARE(kindsOf(ids[0]), std::vector<ProblemKind>{ProblemKind::NearDuplicate});
        QCOMPARE(kindsOf(ids[2]), std::vector<ProblemKind>{ProblemKind::NearDuplicate});
        const auto quick = must(labelling().problemsOfKind(ProblemKind::NearDuplicate));
        check();
        QCOMPARE(must(labelling().problemsOfKind(ProblemKind::NearDuplicate)), quick);
        // Back, and the second is made like the first, in another part.
        must(labelling().undo());
        edit.id = ids[1];
        must(labelling().apply("edit", std::vector{edit}));
        must(checkRows(*m_toy->project, nullptr, {}, std::vector{ids[1], ids[2]}, index.get()));
        QCOMPARE(kindsOf(ids[2]), std::vector<ProblemKind>{});
        QCOMPARE(kindsOf(ids[0]), std::vector<ProblemKind>{ProblemKind::NearDuplicate});
        QCOMPARE(kindsOf(ids[1]), (std::vector<ProblemKind>{ProblemKind::NearDuplicate, ProblemKind::Leak}));
        const auto leaks = must(labelling().problemsOfKind(ProblemKind::Leak));
        check();
        QCOMPARE(must(labelling().problemsOfKind(ProblemKind::Leak)), leaks);
    }

    void alsoTheRowThatALaterOneLeaksIntoIsFoundByTheIndex()
    {
        const auto ids = add({ask("How do I clean the coffee machine?", "a"), ask(Lamp, "b", Part::Test)});
        check();
        const auto index = must(TieIndex::build(*m_toy->project, 0.85));
        ExampleEdit edit{.id = ids[0]};
        edit.messages = std::vector<Message>{{"user", Lamp + " Thanks!"}, {"assistant", "c"}};
        must(labelling().apply("edit", std::vector{edit}));
        must(checkRows(*m_toy->project, nullptr, {}, std::vector{ids[0]}, index.get()));
        QCOMPARE(kindsOf(ids[1]), (std::vector<ProblemKind>{ProblemKind::NearDuplicate, ProblemKind::Leak}));
        must(m_toy->project->setLabelState(ids[0], LabelState::Rejected));
        must(checkRows(*m_toy->project, nullptr, {}, std::vector{ids[0]}, index.get()));
        QCOMPARE(kindsOf(ids[1]), std::vector<ProblemKind>{});
    }

    void whatTheTemplateSaysGoesAndComesWithARejection()
    {
        const auto ids = add({rowOf({{"user", "Where is it?"}})});
        check();
        const auto before = kindsOf(ids[0]);
        QVERIFY(std::count(before.begin(), before.end(), ProblemKind::NothingTrained) == 1);
        must(labelling().apply("reject", std::vector<ExampleEdit>{{.id = ids[0], .state = LabelState::Rejected}}));
        must(checkRows(*m_toy->project, nullptr, {}, std::vector{ids[0]}));
        QCOMPARE(kindsOf(ids[0]), std::vector<ProblemKind>{});
        must(labelling().undo());
        must(checkRows(*m_toy->project, &*m_encoder, {}, std::vector{ids[0]}));
        QCOMPARE(kindsOf(ids[0]), before);
    }

    void aStoppedCheckKeepsItsCounts()
    {
        m_toy->addRows(1500, Part::Train);
        std::stop_source stop;
        const auto stopped = checkProject(*m_toy->project, &*m_encoder, {}, stop.get_token(),
                                          [&](std::string_view, double) { stop.request_stop(); });
        QVERIFY(!stopped);
        QCOMPARE(stopped.error().code, ErrorCode::Interrupted);
        const HealthReport report = check();
        QVERIFY2(report.encoded > 0 && report.encoded < 1500, std::to_string(report.encoded).c_str());
        QCOMPARE(report.counted, std::int64_t(1500));
    }

    void tenThousandRowsAreCheckedInSeconds()
    {
        std::vector<Example> rows;
        std::size_t bytes = 0;
        std::uint32_t state = 1;
        for (int i = 0; i < 10000; ++i) {
            std::string text;
            for (int word = 0; word < 60; ++word) {
                state = state * 1664525u + 1013904223u;
                text += std::string(1, static_cast<char>('a' + state % 26)) + std::to_string(state >> 20) + " ";
            }
            bytes += text.size();
            rows.push_back(ask(text, R"({"intent": "late", "n": )" + std::to_string(i) + "}"));
        }
        add(rows);
        QElapsedTimer timer;
        timer.start();
        std::string stages;
        std::string last;
        double begun = 0;
        const auto elapsed = [&] { return static_cast<double>(timer.elapsed()) / 1000; };
        const HealthReport report =
            must(checkProject(*m_toy->project, nullptr, {}, {}, [&](std::string_view stage, double) {
                if (last == stage)
                    return;
                stages += last.empty() ? "" : last + " " + std::to_string(elapsed() - begun) + " s, ";
                last = stage;
                begun = elapsed();
            }));
        qInfo("%s%s and storing %.2f s", stages.c_str(), last.c_str(), elapsed() - begun);
        const double seconds = static_cast<double>(timer.elapsed()) / 1000;
        qInfo("10,000 rows, %.1f MB of text, without counting tokens: %.2f s, %.1f MB/s",
              static_cast<double>(bytes) / 1e6, seconds, static_cast<double>(bytes) / 1e6 / seconds);
        QCOMPARE(report.rows, std::int64_t(10000));
        timer.restart();
        const HealthReport counted = check();
        qInfo("with counting %lld tokens: %.2f s", static_cast<long long>(counted.tokens),
              static_cast<double>(timer.elapsed()) / 1000);
        QCOMPARE(counted.encoded, std::int64_t(10000));
    }

private:
    Labelling labelling() { return Labelling(*m_toy->project); }

    std::vector<std::int64_t> add(const std::vector<Example> &rows)
    {
        return must(labelling().insert("rows", rows)).rows;
    }

    HealthReport check(std::int64_t maxLength = 1024)
    {
        HealthOptions options;
        options.maxLength = maxLength;
        return must(checkProject(*m_toy->project, &*m_encoder, options));
    }

    std::vector<ProblemKind> kindsOf(std::int64_t id)
    {
        std::vector<ProblemKind> kinds;
        for (const StoredProblem &problem : must(labelling().problems(id)))
            kinds.push_back(problem.kind);
        return kinds;
    }

    std::optional<ToyProject> m_toy;
    std::optional<ChatEncoder> m_encoder;
};

QTEST_APPLESS_MAIN(TestHealth)
#include "tst_health.moc"
