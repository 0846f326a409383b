// The bundled model against values from transformers (tests/data/smollm2-135m.json, set gguf_fp32).

#include "core/infer/generator.h"
#include "core/model/registry.h"
#include "tests/core/model/parity.h"

#include <QtTest>
#include <cmath>
#include <numeric>

using namespace attune;

class TestRealSmolLm2 : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        const auto path = resolveModel("smollm2-135m-instruct");
        QVERIFY2(path, "installer/setup fetches this model");
        LoadOptions options;
        options.compute = ComputeType::Float32;
        auto loaded = LanguageModel::load(*path, options);
        QVERIFY(loaded);
        model.emplace(std::move(*loaded));
        tokenizer = *Tokenizer::load(*path);
        values = parity::json(ATTUNE_TEST_DATA "/smollm2-135m.json")["gguf_fp32"];
    }

    /// By it a run finds its base again, one of years ago too.
    void theFingerprintStays() { QCOMPARE(model->fingerprint(), std::string("c3a0835746497b0dde9bd2d549c408f1")); }

    void topTenLogitsEqual()
    {
        for (const Json &c : values["top10"]) {
            const auto prompt = idsOf(c);
            auto logits = *model->allLogits(prompt);
            const auto vocab = static_cast<std::size_t>(model->config().vocabSize);
            const std::span<const float> last = std::span(logits).last(vocab);
            const auto expected = c["top_ids"].get<std::vector<std::size_t>>();
            for (std::size_t i = 0; i < expected.size(); ++i)
                QVERIFY(std::abs(last[expected[i]] - c["top_logits"][i].get<double>()) < 5e-3);
            const double tenth = c["top_logits"].back().get<double>();
            const auto above = std::count_if(last.begin(), last.end(), [&](float x) { return x > tenth + 5e-3; });
            QVERIFY(above <= 9);
        }
    }

    void meanNllEqual()
    {
        TokenBatch batch;
        batch.rows = 1;
        batch.ids = values["nll"]["ids"].get<std::vector<TokenId>>();
        batch.length = static_cast<std::int64_t>(batch.ids.size());
        batch.targets.assign(batch.ids.begin() + 1, batch.ids.end());
        batch.targets.push_back(-1);
        const auto loss = model->evaluate(batch);
        QVERIFY(loss);
        QVERIFY(std::abs(loss->nll / double(loss->tokens) - values["nll"]["mean_nll"].get<double>()) < 1e-3);
    }

    void greedyContinuationsEqual()
    {
        for (const Json &c : values["greedy"]) {
            const auto expected = c["new_ids"].get<std::vector<TokenId>>();
            const auto gaps = c["gap_to_second"].get<std::vector<double>>();
            const auto nearTie = std::find_if(gaps.begin(), gaps.end(), [](double gap) { return gap < 0.02; });
            const auto count = std::min<std::size_t>(expected.size(), std::size_t(nearTie - gaps.begin()));
            GenerationOptions options;
            options.maxNewTokens = static_cast<std::int64_t>(count);
            options.ignoreEos = true;
            const auto result = generate(*model, tokenizer, idsOf(c), options);
            QVERIFY(result);
            QVERIFY(std::equal(result->ids.begin(), result->ids.end(), expected.begin()));
        }
    }

private:
    std::vector<TokenId> idsOf(const Json &c) const
    {
        if (c.contains("ids"))
            return c["ids"].get<std::vector<TokenId>>();
        std::vector<TokenId> ids;
        for (const Token &token : tokenizer->encode(c["prompt"].get<std::string>()))
            ids.push_back(token.id);
        return ids;
    }

    std::optional<LanguageModel> model;
    std::shared_ptr<const Tokenizer> tokenizer;
    Json values;
};

QTEST_APPLESS_MAIN(TestRealSmolLm2)
#include "tst_real_smollm2.moc"
