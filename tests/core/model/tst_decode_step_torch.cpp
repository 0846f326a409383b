#include "core/model/decode_step_torch.h"

#include <ATen/ATen.h>
#include <QtTest>
#include <c10/core/InferenceMode.h>
#include <cmath>
#include <map>

#include "cuda_emulation.h"
#include "parity.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // the program's namespace has a Bf16 too
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
namespace card {
#include "../../../resources/kernels/attune.cu"
#include "../../../resources/kernels/decode.cu"
}
#pragma GCC diagnostic pop

using namespace attune;

namespace {

template <typename T>
const T &value(void *argument)
{
    return *static_cast<const T *>(argument);
}

/// Runs a kernel by emulated blocks and threads, its arguments taken apart as a card would.
void run(const char *name, DecodeStep::Grid grid, unsigned threads, void **a)
{
    using Kernel = std::function<void()>;
    const std::map<std::string, Kernel> kernels = {
        {"decodeEmbed",
         [&] {
             card::decodeEmbed(value<card::Sequence *>(a[0]), value<card::Bf16 *>(a[1]), value<int>(a[2]),
                               value<card::Bf16 *>(a[3]));
         }},
        {"rmsNorm",
         [&] {
             card::rmsNorm(value<card::Bf16 *>(a[0]), value<float *>(a[1]), value<int>(a[2]), value<float>(a[3]),
                           value<card::Bf16 *>(a[4]), value<float *>(a[5]));
         }},
        {"decodeLinear1", [&] { card::decodeLinear1(value<card::Linear>(a[0])); }},
        {"decodeLinear2", [&] { card::decodeLinear2(value<card::Linear>(a[0])); }},
        {"decodeLinear4", [&] { card::decodeLinear4(value<card::Linear>(a[0])); }},
        {"decodeLinear8", [&] { card::decodeLinear8(value<card::Linear>(a[0])); }},
        {"decodeAttend", [&] { card::decodeAttend(value<card::Attend>(a[0])); }},
        {"decodeJoin", [&] { card::decodeJoin(value<card::Attend>(a[0])); }},
    };
    emulate(static_cast<std::size_t>(grid.x), threads, kernels.at(name), static_cast<std::size_t>(grid.y));
}

/// An adapter whose products are not 0.
void adapt(LanguageModel &model, bool dora)
{
    LoraConfig config;
    config.r = 4;
    config.dora = dora;
    QVERIFY(model.startAdapter(config, 5));
    const c10::InferenceMode noGradients;
    LanguageModel::Impl &impl = model.impl();
    impl.lora->parameters.add_(at::randn(impl.lora->parameters.sizes(), at::kFloat), 0.05);
    impl.refreshLora();
}

} // namespace

/// A whole step of decoding as a card computes it, against the processor's own way.
class TestDecodeStep : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itsScoresAreThoseOfTheProcessor_data()
    {
        QTest::addColumn<std::string>("shape");
        QTest::addColumn<bool>("nf4");
        QTest::addColumn<QString>("adapter");
        QTest::addColumn<QList<int>>("lengths");
        // 70 and 140 tokens take two and three blocks of keys; three sequences leave a row of four empty.
        QTest::newRow("NF4, grouped heads, LoRA")
            << std::string("llama-gqa") << true << "lora" << QList<int>{3, 140, 63};
        QTest::newRow("a sliding window") << std::string("mistral-window") << true << "" << QList<int>{70};
        QTest::newRow("biases, tied embeddings, DoRA")
            << std::string("qwen2-tied") << false << "dora" << QList<int>{5, 64};
        QTest::newRow("normed heads") << std::string("qwen3") << false << "" << QList<int>{9};
        QTest::newRow("more rows than a block takes")
            << std::string("llama-gqa") << false << "" << QList<int>{1, 2, 3, 4, 5, 6, 7, 8, 9};
    }
    void itsScoresAreThoseOfTheProcessor()
    {
        QFETCH(std::string, shape);
        QFETCH(bool, nf4);
        QFETCH(QString, adapter);
        QFETCH(QList<int>, lengths);
        LoadOptions options;
        options.device = "cpu";
        options.quantization = nf4 ? Quantization::Nf4 : Quantization::None;
        auto model = LanguageModel::load(parity::folder(shape) + "/model", options);
        QVERIFY(model);
        LanguageModel::Impl &impl = model->impl();
        QVERIFY(DecodeStep::knows(impl));
        if (!adapter.isEmpty())
            adapt(*model, adapter == "dora");
        const auto vocabulary = static_cast<std::size_t>(model->config().vocabSize);

        std::vector<KvCache> caches(static_cast<std::size_t>(lengths.size()));
        std::vector<KvCache> copies;
        std::vector<TokenId> next;
        for (std::size_t i = 0; i < caches.size(); ++i) {
            std::vector<TokenId> prompt;
            for (int t = 0; t < lengths[qsizetype(i)]; ++t)
                prompt.push_back(static_cast<TokenId>((t * 7 + 3 * int(i) + 1) % int(vocabulary)));
            const LanguageModel::Feed feed{&caches[i], prompt};
            QVERIFY(model->nextLogits({&feed, 1}));
            copies.push_back(caches[i].clone());
            next.push_back(static_cast<TokenId>((11 * i + 5) % vocabulary));
        }
        const auto feeds = [&](std::vector<KvCache> &of) {
            std::vector<LanguageModel::Feed> all;
            for (std::size_t i = 0; i < of.size(); ++i)
                all.push_back({&of[i], std::span(next).subspan(i, 1)});
            return all;
        };
        const auto expected = model->nextLogits(feeds(caches));
        QVERIFY(expected);

        const c10::InferenceMode noGradients;
        std::int64_t capacity = 0;
        for (KvCache &cache : copies)
            capacity = std::max(capacity, cache.impl().capacity);
        impl.needPositions(capacity);
        const DecodeStep step(impl, DecodeStep::rowsFor(copies.size()), DecodeStep::splitsFor(capacity));
        step.describe(feeds(copies), step.inputs.mutable_data_ptr<std::uint8_t>());
        step.launch(impl, run);
        const float *first = step.scores.const_data_ptr<float>();
        const std::vector<float> got(first, first + expected->size());
        float largest = 0;
        for (const float score : *expected)
            largest = std::max(largest, std::abs(score));
        // Rounded to bfloat16 at other places.
        const double worst = parity::worst(*expected, got) / double(largest);
        QVERIFY2(worst < 0.03, qPrintable(QString::number(worst)));

        // The new token's keys and values stand in the caches.
        for (std::size_t i = 0; i < copies.size(); ++i)
            for (std::size_t layer = 0; layer < copies[i].impl().keys.size(); ++layer)
                for (const auto kind : {&KvCache::Impl::keys, &KvCache::Impl::values}) {
                    const auto length = caches[i].length();
                    const auto here = (caches[i].impl().*kind)[layer].narrow(1, 0, length).to(at::kFloat);
                    const auto there = (copies[i].impl().*kind)[layer].narrow(1, 0, length).to(at::kFloat);
                    QVERIFY((here - there).abs().max().item<float>() < 0.05F * here.abs().max().item<float>());
                }
    }

    void whatItIsBoundToChangesWithTheAdapter()
    {
        LoadOptions options;
        options.device = "cpu";
        auto model = LanguageModel::load(parity::folder("llama-gqa") + "/model", options);
        QVERIFY(model);
        model->impl().needPositions(10);
        const auto base = DecodeStep::addresses(model->impl());
        adapt(*model, false);
        const auto tuned = DecodeStep::addresses(model->impl());
        QVERIFY(base != tuned);
        HeldAdapter held = model->exchangeAdapter({});
        QVERIFY(DecodeStep::addresses(model->impl()) == base);
        model->exchangeAdapter(std::move(held));
        QVERIFY(DecodeStep::addresses(model->impl()) == tuned);
        model->impl().needPositions(100000); // a longer table of rotations
        QVERIFY(DecodeStep::addresses(model->impl()) != tuned);
    }

    void fewSizesServeAllNumbersOfSequences()
    {
        for (const auto &[sequences, rows] :
             std::map<std::size_t, std::int64_t>{{1, 1}, {2, 2}, {3, 4}, {5, 8}, {8, 8}, {9, 16}, {24, 24}, {64, 64}})
            QCOMPARE(DecodeStep::rowsFor(sequences), rows);
        QCOMPARE(DecodeStep::splitsFor(1), 8);
        QCOMPARE(DecodeStep::splitsFor(512), 8);
        QCOMPARE(DecodeStep::splitsFor(513), 16);
    }
};

QTEST_APPLESS_MAIN(TestDecodeStep)
#include "tst_decode_step_torch.moc"
