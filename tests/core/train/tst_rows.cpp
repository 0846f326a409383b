#include "core/train/rows.h"

#include <QtTest>
#include <algorithm>
#include <numeric>
#include <set>

using namespace attune;

namespace {

std::vector<TrainRow> rowsOf(const std::vector<std::size_t> &lengths)
{
    std::vector<TrainRow> rows;
    for (const std::size_t length : lengths)
        rows.push_back({static_cast<std::int64_t>(rows.size()), std::vector<TokenId>(length, 5),
                        std::vector<std::uint8_t>(length, 1)});
    return rows;
}

std::vector<std::size_t> flat(const std::vector<std::vector<std::size_t>> &batches)
{
    std::vector<std::size_t> all;
    for (const auto &batch : batches)
        all.insert(all.end(), batch.begin(), batch.end());
    return all;
}

} // namespace

class TestRows : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void withoutShuffleItIsImportOrderWrappingAtTheEnd()
    {
        TrainSettings settings;
        settings.shuffle = false;
        settings.per_device_train_batch_size = 2;
        settings.gradient_accumulation_steps = 2;
        const auto rows = rowsOf({3, 9, 4, 8, 5});
        RowOrder order(rows, settings);
        QCOMPARE(order.window(1), (std::vector<std::vector<std::size_t>>{{0, 1}, {2, 3}}));
        QCOMPARE(order.window(2), (std::vector<std::vector<std::size_t>>{{4, 0}, {1, 2}}));
    }

    void eachEpochHoldsEveryRowOnceInANewOrder()
    {
        for (const bool grouped : {false, true}) {
            TrainSettings settings;
            settings.per_device_train_batch_size = 2;
            settings.gradient_accumulation_steps = 1;
            settings.group_by_length = grouped;
            std::vector<std::size_t> lengths(40);
            std::iota(lengths.begin(), lengths.end(), std::size_t(2));
            const auto rows = rowsOf(lengths);
            RowOrder order(rows, settings);
            QCOMPARE(order.stepsPerEpoch(), 20);
            std::vector<std::vector<std::size_t>> epochs;
            for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
                epochs.emplace_back();
                for (std::int64_t step = 1; step <= 20; ++step)
                    for (const std::size_t row : flat(order.window(epoch * 20 + step)))
                        epochs.back().push_back(row);
                QCOMPARE(std::set<std::size_t>(epochs.back().begin(), epochs.back().end()).size(), std::size_t(40));
            }
            if (!grouped)
                QVERIFY(epochs[0] != epochs[1]);
            else
                QVERIFY(epochs[0][0] == 39 || epochs[0][1] == 39); // the longest comes first
        }
    }

    void fewRowsOfLikeLengthAreNoCurriculum()
    {
        TrainSettings settings;
        settings.per_device_train_batch_size = 4;
        settings.gradient_accumulation_steps = 1;
        settings.group_by_length = true;
        std::vector<std::size_t> lengths(200);
        std::iota(lengths.begin(), lengths.end(), std::size_t(2));
        const auto rows = rowsOf(lengths);
        RowOrder order(rows, settings);
        int longer = 0;
        std::size_t before = 0;
        for (std::int64_t step = 1; step <= order.stepsPerEpoch(); ++step) {
            std::size_t tokens = 0;
            for (const std::size_t row : flat(order.window(step)))
                tokens += lengths[row];
            longer += step > 1 && tokens > before;
            before = tokens;
        }
        QVERIFY(longer >= 3); // four pieces of fifty rows, each from long to short
    }

    void aStepsRowsFollowFromTheStepAlone()
    {
        TrainSettings settings;
        const auto rows = rowsOf(std::vector<std::size_t>(30, 4));
        RowOrder walked(rows, settings);
        for (std::int64_t step = 1; step < 9; ++step)
            (void)walked.window(step);
        RowOrder resumed(rows, settings);
        QCOMPARE(walked.window(9), resumed.window(9));
    }

    void stepsFollowFromEpochsUnlessMaxStepsSaysOtherwise()
    {
        TrainSettings settings; // 4 x 2 rows a step
        settings.num_train_epochs = 1.5;
        const auto rows = rowsOf(std::vector<std::size_t>(30, 4));
        QCOMPARE(RowOrder(rows, settings).totalSteps(), 6); // ceil(45 / 8)
        settings.max_steps = 11;
        QCOMPARE(RowOrder(rows, settings).totalSteps(), 11);
    }

    void learningRateFollowsTheSchedule()
    {
        TrainSettings s;
        s.learning_rate = 1;
        s.warmup_steps = 4;
        QCOMPARE(learningRate(s, 1, 20), 0.0);
        QCOMPARE(learningRate(s, 3, 20), 0.5);
        QCOMPARE(learningRate(s, 5, 20), 1.0);
        QVERIFY(std::abs(learningRate(s, 13, 20) - 0.5) < 1e-12); // cosine, half way
        s.lr_scheduler_type = "linear";
        QCOMPARE(learningRate(s, 9, 20), 0.75);
        s.lr_scheduler_type = "constant_with_warmup";
        QCOMPARE(learningRate(s, 3, 20), 0.5);
        QCOMPARE(learningRate(s, 19, 20), 1.0);
        s.lr_scheduler_type = "constant";
        QCOMPARE(learningRate(s, 1, 20), 1.0);
        s.lr_scheduler_type = "cosine";
        s.warmup_steps = 0;
        s.warmup_ratio = 0.1;
        QCOMPARE(learningRate(s, 2, 20), 0.5); // two steps of warm-up
    }

    void targetsAreShiftedAndFillingIsNotTrained()
    {
        std::vector<TrainRow> rows = {{1, {10, 11, 12}, {0, 1, 1}}, {2, {20, 21}, {1, 1}}};
        const std::vector<std::size_t> both = {0, 1};
        const TokenBatch batch = makeBatch(rows, both, 0);
        QCOMPARE(batch.length, 3);
        QCOMPARE(batch.targets, (std::vector<std::int64_t>{11, 12, -1, 21, -1, -1}));
        QCOMPARE(batch.supervised(), 3);
        QCOMPARE(paddingOf(batch, rows, both), 1);
        QCOMPARE(rows[1].supervised(), 1); // nothing predicts a row's first token
    }

    void aPackedBatchKeepsTheRowsApart()
    {
        std::vector<TrainRow> rows = {{1, {10, 11, 12}, {0, 1, 1}}, {2, {20, 21}, {1, 1}}};
        const TokenBatch batch = makePackedBatch(rows, std::vector<std::size_t>{0, 1}, 0);
        QCOMPARE(batch.rows, 1);
        QCOMPARE(batch.length, 5);
        QCOMPARE(paddingOf(batch, rows, std::vector<std::size_t>{0, 1}), 0);
        QCOMPARE(batch.packed, (std::vector<std::int64_t>{3, 2}));
        QCOMPARE(batch.ids, (std::vector<TokenId>{10, 11, 12, 20, 21}));
        // The last token of a row predicts nothing, least of all the next row's first.
        QCOMPARE(batch.targets, (std::vector<std::int64_t>{11, 12, -1, 21, -1}));
    }

    void whatAllRowsBeginWithIsHeldOnce()
    {
        // 20 tokens in common, of which the last predicts nothing that is trained on.
        const auto row = [](std::int64_t id, std::vector<TokenId> own, std::vector<std::uint8_t> trained) {
            TrainRow r{id, {}, {}};
            for (TokenId t = 100; t < 120; ++t)
                r.ids.push_back(t);
            r.trained.assign(20, 0);
            r.ids.insert(r.ids.end(), own.begin(), own.end());
            r.trained.insert(r.trained.end(), trained.begin(), trained.end());
            return r;
        };
        const std::vector<TrainRow> rows = {row(1, {10, 11, 12}, {0, 1, 1}), row(2, {20, 21}, {0, 1})};
        const std::vector<std::size_t> both = {0, 1};
        QCOMPARE(sharedPrefix(rows, both), 20);
        const TokenBatch batch = makeBatch(rows, both, 20);
        QCOMPARE(batch.rows, 2);
        QCOMPARE(batch.length, 3);
        QCOMPARE(batch.ids.size(), std::size_t(26));
        QCOMPARE(paddingOf(batch, rows, both), 1);
        QCOMPARE(std::vector<TokenId>(batch.ids.begin() + 18, batch.ids.end()),
                 (std::vector<TokenId>{118, 119, 10, 11, 12, 20, 21, 0}));
        QCOMPARE(std::vector<std::int64_t>(batch.targets.begin() + 18, batch.targets.end()),
                 (std::vector<std::int64_t>{-1, -1, 11, 12, -1, 21, -1, -1}));
        const TokenBatch packed = makePackedBatch(rows, both, 20);
        QCOMPARE(packed.length, 5);
        QCOMPARE(packed.packed, (std::vector<std::int64_t>{3, 2}));
        QCOMPARE(packed.targets.size(), std::size_t(25));
        QCOMPARE(std::vector<std::int64_t>(packed.targets.begin() + 20, packed.targets.end()),
                 (std::vector<std::int64_t>{11, 12, -1, 21, -1}));
        QCOMPARE(packed.supervised(), batch.supervised());
    }

    void aTrainedTokenIsNeverPredictedByWhatIsShared()
    {
        std::vector<TokenId> ids(30);
        std::iota(ids.begin(), ids.end(), TokenId(1));
        std::vector<std::uint8_t> mask(30, 0);
        mask[24] = 1; // predicted by token 23, so 23 tokens may be shared
        std::vector<TrainRow> rows = {{1, ids, mask}, {2, ids, mask}};
        const std::vector<std::size_t> both = {0, 1};
        QCOMPARE(sharedPrefix(rows, both), 23);
        rows[1].trained[20] = 1;
        QCOMPARE(sharedPrefix(rows, both), 19);
        rows[1].ids.resize(18); // it keeps a token of its own
        rows[1].trained.assign(18, 0);
        QCOMPARE(sharedPrefix(rows, both), 17);
        QCOMPARE(sharedPrefix(rows, std::vector<std::size_t>{0}), 0); // nobody to share with
        rows[1].ids[3] = 999;
        QCOMPARE(sharedPrefix(rows, both), 0); // too little to gain anything
        rows[1] = {2, {}, {}};
        QCOMPARE(sharedPrefix(rows, both), 0);
    }

    void everyRowIsPackedOnceAndNoSequenceOverflows()
    {
        std::vector<std::size_t> lengths;
        for (std::size_t i = 0; i < 200; ++i)
            lengths.push_back(1 + i * 37 % 100);
        lengths.push_back(130); // longer than a sequence: alone
        const auto rows = rowsOf(lengths);
        const auto sequences = packRows(rows, 100);
        std::vector<std::size_t> all = flat(sequences);
        std::sort(all.begin(), all.end());
        std::size_t tokens = 0;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            QCOMPARE(all[i], i);
            tokens += lengths[i];
        }
        for (const auto &sequence : sequences) {
            std::size_t sum = 0;
            for (const std::size_t row : sequence)
                sum += lengths[row];
            QVERIFY(sum <= 100 || sequence.size() == 1);
        }
        // Best fit decreasing takes at most 11/9 of the fewest sequences that could do, and some.
        QVERIFY(sequences.size() <= tokens / 100 * 11 / 9 + 2);
        QVERIFY(std::is_sorted(sequences.begin(), sequences.end()));
        QVERIFY(packRows(rows, 100) == sequences);
    }

    void anEpochOfPackedSequencesHoldsEveryRowOnce()
    {
        TrainSettings settings;
        settings.packing = true;
        settings.max_length = 64;
        settings.per_device_train_batch_size = 2;
        settings.gradient_accumulation_steps = 1;
        std::vector<std::size_t> lengths;
        for (std::size_t i = 0; i < 50; ++i)
            lengths.push_back(3 + i * 7 % 40);
        const auto rows = rowsOf(lengths);
        const auto sequences = static_cast<std::int64_t>(packRows(rows, 64).size());
        RowOrder order(rows, settings);
        QCOMPARE(order.stepsPerEpoch(), (sequences + 1) / 2);
        std::multiset<std::size_t> seen;
        for (std::int64_t step = 1; step <= sequences / 2; ++step)
            for (const std::size_t row : flat(order.window(step)))
                seen.insert(row);
        QCOMPARE(std::set<std::size_t>(seen.begin(), seen.end()).size(), seen.size());
        QVERIFY(sequences % 2 == 1 || seen.size() == rows.size());
    }
};

QTEST_APPLESS_MAIN(TestRows)
#include "tst_rows.moc"
