#include "core/data/health.h"

#include <QtTest>

using namespace attune;

namespace {

std::vector<Message> ask(std::string question, std::string answer)
{
    return {{"user", std::move(question)}, {"assistant", std::move(answer)}};
}

AnswerHabits learn(const std::vector<std::string> &answers)
{
    HabitLearner learner;
    for (const std::string &answer : answers)
        learner.add(ask("What now?", answer));
    return learner.finish();
}

std::vector<std::string> repeated(const std::string &answer, int count)
{
    return std::vector<std::string>(std::size_t(count), answer);
}

std::vector<ProblemKind> kindsOf(std::span<const Message> messages, const AnswerHabits &habits = {})
{
    std::vector<ProblemKind> kinds;
    for (const RowProblem &problem : rowProblems(messages, habits))
        kinds.push_back(problem.kind);
    return kinds;
}

std::string detailOf(std::span<const Message> messages, const AnswerHabits &habits, ProblemKind kind)
{
    for (const RowProblem &problem : rowProblems(messages, habits))
        if (problem.kind == kind)
            return problem.detail;
    return "nothing";
}

using Kinds = std::vector<ProblemKind>;

} // namespace

class TestHealth : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void turnsAreChecked()
    {
        QCOMPARE(kindsOf(ask("Hi", "Hello")), Kinds{});
        QCOMPARE(kindsOf(ask("Hi", " \n")), Kinds{ProblemKind::NoAnswer});
        QCOMPARE(kindsOf(std::vector<Message>{{"user", "Hi"}}), Kinds{ProblemKind::NoAnswer});
        QCOMPARE(kindsOf(std::vector<Message>{{"user", "a"}, {"assistant", "b"}, {"user", "c"}}),
                 Kinds{ProblemKind::NoAnswer});
        QCOMPARE(kindsOf(ask(" ", "Hello")), Kinds{ProblemKind::EmptyTurn});
        QCOMPARE(kindsOf(std::vector<Message>{{"user", "a"}, {"assistant", ""}, {"user", "c"}, {"assistant", "d"}}),
                 Kinds{ProblemKind::EmptyTurn});
        QCOMPARE(kindsOf(std::vector<Message>{{"system", "s"}, {"user", "a"}, {"assistant", "b"}}), Kinds{});
        QCOMPARE(kindsOf(std::vector<Message>{{"assistant", "Welcome"}, {"user", "a"}, {"assistant", "b"}}), Kinds{});
        QCOMPARE(kindsOf(std::vector<Message>{{"user", "a"}, {"user", "b"}, {"assistant", "c"}}),
                 Kinds{ProblemKind::RoleOrder});
        QCOMPARE(kindsOf(std::vector<Message>{{"user", "a"}, {"system", "s"}, {"assistant", "c"}}),
                 Kinds{ProblemKind::RoleOrder});
        QCOMPARE(detailOf(std::vector<Message>{{"Customer", "a"}, {"assistant", "c"}}, {}, ProblemKind::RoleOrder),
                 std::string("\"Customer\" in turn 1 is no role that is known"));
    }

    void anAnswerIsShortOnlyBesideLongerOnes()
    {
        auto answers = repeated("It will be sent to you within three working days, as usual.", 95);
        answers.insert(answers.end(), 5, "No.");
        const AnswerHabits habits = learn(answers);
        QVERIFY(habits.shortCharacters >= 12 && habits.shortCharacters <= 15);
        QCOMPARE(kindsOf(ask("Late?", "No."), habits), Kinds{ProblemKind::ShortAnswer});
        QCOMPARE(kindsOf(ask("Late?", "It is not."), habits), Kinds{}); // three words
        QCOMPARE(kindsOf(ask("Late?", "No."), learn(repeated("Yes.", 50))), Kinds{ProblemKind::RareLabel});
    }

    void answersThatBreakTheSetsJsonAreNamedWithTheirPlace()
    {
        auto answers = repeated(R"({"intent": "late", "urgency": "low"})", 90);
        answers.insert(answers.end(), 10, "Sorry!");
        const AnswerHabits habits = learn(answers);
        QVERIFY(habits.json);
        QCOMPARE(habits.keys, (std::vector<std::string>{"intent", "urgency"}));
        QCOMPARE(kindsOf(ask("a", R"({"intent": "x", "urgency": "y", "more": 1})"), habits), Kinds{});
        QCOMPARE(detailOf(ask("a", R"({"intent": "x"})"), habits, ProblemKind::MissingKeys),
                 std::string("missing \"urgency\""));
        QCOMPARE(detailOf(ask("a", "{}"), habits, ProblemKind::MissingKeys),
                 std::string("missing \"intent\", \"urgency\""));
        const std::string broken =
            detailOf(ask("a", "{\"intent\": \"x\"\n \"urgency\": 1}"), habits, ProblemKind::NotJson);
        QVERIFY2(broken.starts_with("line 2, column "), broken.c_str());
        QVERIFY(
            detailOf(ask("a", "```json\n{}\n```"), habits, ProblemKind::NotJson).starts_with("line 1, column 1:"));
        QVERIFY(detailOf(ask("a", R"({"intent": "x")"), habits, ProblemKind::NotJson).find("ends before") !=
                std::string::npos);
    }

    void aSetWithFewJsonAnswersHasNoSuchHabit()
    {
        auto answers = repeated(R"({"a": 1})", 70);
        answers.insert(answers.end(), 30, "A sentence of several words.");
        QVERIFY(!learn(answers).json);
        QVERIFY(!learn(repeated(R"({"a": 1})", 19)).json); // too few to tell
    }

    void keysThatSomeAnswersLackAreNotAskedFor()
    {
        auto answers = repeated(R"({"a": 1, "b": 2})", 94);
        answers.insert(answers.end(), 6, R"({"a": 1})");
        QCOMPARE(learn(answers).keys, std::vector<std::string>{"a"});
    }

    void rareLabelsAreToldFromFrequentOnes()
    {
        auto answers = repeated("refund", 100);
        answers.insert(answers.end(), 60, "delivery late");
        answers.push_back("refnd");
        answers.insert(answers.end(), 3, "invoice");
        const AnswerHabits habits = learn(answers);
        QCOMPARE(habits.labels.size(), std::size_t(4));
        QCOMPARE(kindsOf(ask("a", "refund"), habits), Kinds{});
        QCOMPARE(kindsOf(ask("a", "delivery late"), habits), Kinds{});
        QCOMPARE(detailOf(ask("a", "refnd"), habits, ProblemKind::RareLabel),
                 std::string("\"refnd\" is the answer of 1 row; an even share would be 41"));
        QCOMPARE(kindsOf(ask("a", "invoice"), habits), Kinds{ProblemKind::RareLabel});
        // Free texts are no labels.
        std::vector<std::string> texts;
        for (int i = 0; i < 100; ++i)
            texts.push_back("Answer " + std::to_string(i));
        QVERIFY(learn(texts).labels.empty());
    }

    void encodingsAndPersonalDataNameTheTurnButDoNotRepeatTheText()
    {
        const auto row = ask("I am jo@mail.com, call +49 30 12345678", "schÃ¶n");
        QCOMPARE(kindsOf(row), (Kinds{ProblemKind::OddEncoding, ProblemKind::PersonalData}));
        const std::string detail = detailOf(row, {}, ProblemKind::PersonalData);
        QCOMPARE(detail, std::string("e-mail address in turn 1 (user), phone number in turn 1 (user)"));
    }

    void habitsSurviveBeingStored()
    {
        auto answers = repeated("yes", 100);
        answers.insert(answers.end(), 50, "no");
        for (const AnswerHabits &habits : {learn(answers), learn(repeated(R"({"a": 1})", 30)), AnswerHabits{}}) {
            const auto back = answerHabitsFromJson(Json::parse(toJson(habits).dump()));
            QVERIFY2(back, back ? "" : back.error().message.c_str());
            QCOMPARE(*back, habits);
        }
        QVERIFY(!answerHabitsFromJson(Json::parse(R"({"keys": 3, "labels": {}})")));
    }

    void theTextForDuplicatesKeepsNumbersAndAllUserTurns()
    {
        const std::vector<Message> row{
            {"system", "s"}, {"user", "Order  12\n"}, {"assistant", "a"}, {"user", "THANKS"}, {"assistant", "b"}};
        QCOMPARE(duplicateText(row), std::string("order 12 thanks"));
    }
};

QTEST_APPLESS_MAIN(TestHealth)
#include "tst_health.moc"
