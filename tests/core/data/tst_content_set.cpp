#include "core/data/content_set.h"
#include "core/data/example.h"

#include <QtTest>

using namespace attune;

class TestContentSet : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aContentIsNewOnce()
    {
        ContentSet set;
        for (int i = 0; i < 5000; ++i) {
            const std::vector<Message> messages{{"user", std::to_string(i)}};
            const ContentKey key = ContentKey::of(contentHash(messages));
            QVERIFY(!set.contains(key));
            QVERIFY(set.insert(key));
            QVERIFY(set.contains(key));
            QVERIFY(!set.insert(key));
        }
        QCOMPARE(set.size(), std::size_t(5000));
    }
    void theWholeHashCounts()
    {
        ContentSet set;
        QVERIFY(set.insert(ContentKey::of("00000000000000000000000000000000")));
        QVERIFY(set.insert(ContentKey::of("10000000000000000000000000000000")));
        QVERIFY(set.insert(ContentKey::of("00000000000000000000000000000010")));
        QVERIFY(!set.insert(ContentKey::of("10000000000000000000000000000000")));
    }
};

QTEST_APPLESS_MAIN(TestContentSet)
#include "tst_content_set.moc"
