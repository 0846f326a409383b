#include "core/model/allocator_torch.h"

#include <ATen/ops/empty.h>
#include <QTest>
#include <random>

using namespace attune;

class TestAllocator : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { useBlockAllocator(); }

    void aBlockIsUsedAgain()
    {
        void *first = at::empty({1 << 20}, at::kFloat).data_ptr();
        void *second = at::empty({1 << 20}, at::kFloat).data_ptr();
        QCOMPARE(second, first);
    }

    void dataIsAligned()
    {
        for (const std::int64_t size : {1, 7, 1000, 65535, 65536, 300000})
            QCOMPARE(reinterpret_cast<std::uintptr_t>(at::empty({size}, at::kByte).data_ptr()) % 64, 0U);
    }

    void anEmptyTensorIsFine() { QCOMPARE(at::empty({0}, at::kFloat).numel(), 0); }

    /// What a training run on rows of varying length does: tensors of random sizes that live for a step.
    void mappedStaysNearTheMostThatWasInUse()
    {
        releaseIdleBlocks();
        std::mt19937 random(1);
        for (int step = 0; step < 200; ++step) {
            std::vector<at::Tensor> kept;
            const auto length = static_cast<std::int64_t>(40 + random() % 470);
            for (int layer = 0; layer < 20; ++layer) {
                kept.push_back(at::empty({length, 576}, at::kBFloat16));
                kept.push_back(at::empty({length, 3072}, at::kBFloat16));
                const at::Tensor passing = at::empty({length, 960}, at::kFloat);
            }
            const BlockUse use = blockUse();
            QVERIFY(use.mapped <= use.mostUsed + use.mostUsed / 8 + (32 << 20) + (8 << 20));
        }
        QCOMPARE(blockUse().used, 0);
        releaseIdleBlocks();
        QCOMPARE(blockUse().mapped, 0);
    }

    void noTwoTensorsShareMemory()
    {
        std::mt19937 random(2);
        std::vector<at::Tensor> all;
        for (int i = 0; i < 300; ++i) {
            all.push_back(at::empty({static_cast<std::int64_t>(70000 + random() % 400000)}, at::kInt).fill_(i));
            if (all.size() > 40) {
                const std::size_t victim = random() % all.size();
                all[victim] = std::move(all.back());
                all.pop_back();
            }
        }
        for (const at::Tensor &t : all)
            QVERIFY(t.min().item<int>() == t.max().item<int>());
    }
};

QTEST_GUILESS_MAIN(TestAllocator)
#include "tst_allocator_torch.moc"
