#include "core/base/priority.h"

#include <QTest>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

using namespace attune;

namespace {

int ownNiceness()
{
    return getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)));
}

} // namespace

class TestPriority : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aThreadAndItsChildrenRankLowerAndNobodyElse()
    {
        const int usual = ownNiceness();
        if (usual > trainingNiceness)
            QSKIP("The tests run with a lower priority than that.");
        int own = -1;
        int child = -1;
        std::thread([&] {
            lowerPriority(trainingNiceness);
            own = ownNiceness();
            std::thread([&] { child = ownNiceness(); }).join();
        }).join();
        QCOMPARE(own, trainingNiceness);
        QCOMPARE(child, trainingNiceness); // as the workers of a compute team
        QCOMPARE(ownNiceness(), usual);
    }
};

QTEST_GUILESS_MAIN(TestPriority)
#include "tst_priority.moc"
