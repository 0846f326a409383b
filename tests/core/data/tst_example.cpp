#include "core/data/example.h"

#include <QtTest>
#include <set>

using namespace attune;

class TestExample : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void equalConversationsHaveEqualHashes();
    void aHashTellsApartWhereTextsJoin();
    void aHashIsTheSameInEveryBuild();
    void partsAreReadUnderEveryUsualName_data();
    void partsAreReadUnderEveryUsualName();
    void anUnknownPartNamesWhatThereIs();
    void aPromptIsFolded_data();
    void aPromptIsFolded();
    void thePromptEndsAtTheFirstAnswer();
    void aSharedSystemTurnIsNoPartOfThePrompt();
    void brokenUtf8IsFoldedWithoutHarm();
};

void TestExample::equalConversationsHaveEqualHashes()
{
    const std::vector<Message> a{{"user", "Hi"}, {"assistant", "Hello"}};
    const std::vector<Message> b = a;
    QCOMPARE(contentHash(a), contentHash(b));
    QCOMPARE(contentHash(a).size(), std::size_t(32));
}

void TestExample::aHashTellsApartWhereTextsJoin()
{
    const std::vector<std::vector<Message>> all{
        {{"user", "ab"}, {"assistant", "c"}}, {{"user", "a"}, {"assistant", "bc"}}, {{"user", "abassistantc"}},
        {{"usera", "b"}, {"assistant", "c"}}, {{"assistant", "c"}, {"user", "ab"}}, {}};
    std::set<std::string> hashes;
    for (const auto &messages : all)
        hashes.insert(contentHash(messages));
    QCOMPARE(hashes.size(), all.size());
}

void TestExample::aHashIsTheSameInEveryBuild()
{
    // Stored in project files: it may never change.
    const std::vector<Message> messages{{"user", "Grüße"}, {"assistant", "Hello"}};
    QCOMPARE(contentHash(messages), std::string("6a14afad2b6391ea6b575a0250854bca"));
}

void TestExample::partsAreReadUnderEveryUsualName_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("part");
    QTest::newRow("train") << "train" << 0;
    QTest::newRow("Train") << "Train" << 0;
    QTest::newRow("validation") << "validation" << 1;
    QTest::newRow("dev") << "dev" << 1;
    QTest::newRow("test") << "test" << 2;
}

void TestExample::partsAreReadUnderEveryUsualName()
{
    QFETCH(QString, text);
    QFETCH(int, part);
    const auto read = parsePart(text.toStdString());
    QVERIFY(read);
    QCOMPARE(int(*read), part);
}

void TestExample::anUnknownPartNamesWhatThereIs()
{
    const auto read = parsePart("tset");
    QVERIFY(!read);
    QVERIFY(read.error().message.find("\"tset\"") != std::string::npos);
    QVERIFY(read.error().message.find("validation") != std::string::npos);
    for (const Part part : {Part::Train, Part::Validation, Part::Test})
        QCOMPARE(*parsePart(name(part)), part);
}

void TestExample::aPromptIsFolded_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("folded");
    QTest::newRow("case") << "Where IS it"
                          << "where is it";
    QTest::newRow("space") << "  a \t\r\n b\u00a0\u2003c  "
                           << "a b c";
    QTest::newRow("digits") << "Order 4711 of 3"
                            << "order 0 of 0";
    QTest::newRow("other digits") << "\u0661\u0662 \uff13"
                                  << "0 0";
    QTest::newRow("full width") << "\uff21\uff22"
                                << "ab";
    QTest::newRow("sharp s") << "STRASSE stra\u00dfe"
                             << "strasse strasse";
    QTest::newRow("composed") << QString::fromUtf8("e\u0301") << QString::fromUtf8("\u00e9");
    QTest::newRow("nothing") << " \n "
                             << "";
}

void TestExample::aPromptIsFolded()
{
    QFETCH(QString, text);
    QFETCH(QString, folded);
    const std::vector<Message> messages{{"user", text.toStdString()}, {"assistant", "x"}};
    QCOMPARE(QString::fromStdString(normalisedPrompt(messages)), folded);
}

void TestExample::thePromptEndsAtTheFirstAnswer()
{
    const std::vector<Message> messages{
        {"assistant", "Welcome"}, {"user", "One"}, {"user", "Two"}, {"assistant", "Three"}, {"user", "Four"}};
    QCOMPARE(normalisedPrompt(messages), std::string("one two"));
}

void TestExample::aSharedSystemTurnIsNoPartOfThePrompt()
{
    const std::vector<Message> messages{{"system", "Be brief"}, {"user", "Hi"}, {"assistant", "x"}};
    QCOMPARE(normalisedPrompt(messages), std::string("hi"));
    const std::vector<Message> onlySystem{{"system", "Be brief"}, {"user", " "}, {"assistant", "x"}};
    QCOMPARE(normalisedPrompt(onlySystem), std::string("be brief"));
}

void TestExample::brokenUtf8IsFoldedWithoutHarm()
{
    const std::vector<Message> messages{{"user", "A\xff\xc3"}, {"assistant", "x"}};
    QCOMPARE(normalisedPrompt(messages), std::string("a\xff\xc3"));
}

QTEST_APPLESS_MAIN(TestExample)
#include "tst_example.moc"
