#include "core/data/text_spool.h"

#include <QTemporaryDir>
#include <QtTest>
#include <sys/resource.h>

using namespace attune;

class TestTextSpool : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void textsComeBackInAnyOrder_data();
    void textsComeBackInAnyOrder();
    void itsFileHasNoName();
    void withoutAPlaceForTheFileTextsStayInMemory();
};

namespace {

std::string text(std::uint32_t place)
{
    return std::string(place % 97, static_cast<char>('a' + place % 26)) + std::to_string(place);
}

TextSpool filled(std::size_t inMemory, std::uint32_t count)
{
    TextSpool spool(inMemory);
    for (std::uint32_t i = 0; i < count; ++i)
        spool.add(i % 7 == 0 ? std::string() : text(i));
    return spool;
}

} // namespace

void TestTextSpool::textsComeBackInAnyOrder_data()
{
    QTest::addColumn<int>("inMemory");
    QTest::newRow("all in memory") << 1'000'000;
    QTest::newRow("all in the file") << 0;
    QTest::newRow("some in each") << 1000;
}

void TestTextSpool::textsComeBackInAnyOrder()
{
    QFETCH(const int, inMemory);
    constexpr std::uint32_t Count = 500;
    TextSpool spool = filled(static_cast<std::size_t>(inMemory), Count);
    QCOMPARE(spool.size(), std::size_t(Count));
    for (std::uint32_t i = 0; i < Count; ++i) {
        const std::uint32_t place = i * 211 % Count;
        QCOMPARE(spool.at(place), std::string_view(place % 7 == 0 ? std::string() : text(place)));
    }
    QCOMPARE(spool.add("one more"), Count);
    QCOMPARE(spool.at(Count), std::string_view("one more"));
    QCOMPARE(spool.at(1), std::string_view(text(1)));
    QVERIFY(!spool.failed());
}

void TestTextSpool::itsFileHasNoName()
{
    const QTemporaryDir folder;
    qputenv("TMPDIR", folder.path().toUtf8());
    TextSpool spool = filled(0, 100);
    QCOMPARE(spool.at(3), std::string_view(text(3)));
    QVERIFY(QDir(folder.path()).isEmpty());
    qunsetenv("TMPDIR");
}

void TestTextSpool::withoutAPlaceForTheFileTextsStayInMemory()
{
    // No more file descriptors: neither $TMPDIR nor what stands in for it can give a file.
    rlimit before{};
    QCOMPARE(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    QCOMPARE(setrlimit(RLIMIT_NOFILE, &none), 0);
    TextSpool spool = filled(0, 100);
    QCOMPARE(setrlimit(RLIMIT_NOFILE, &before), 0);
    for (std::uint32_t i = 1; i < 7; ++i)
        QCOMPARE(spool.at(i), std::string_view(text(i)));
    QVERIFY(!spool.failed());
}

QTEST_APPLESS_MAIN(TestTextSpool)
#include "tst_text_spool.moc"
