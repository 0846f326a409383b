#include "core/infer/generator.h"
#include "tests/core/model/parity.h"

#include <QtTest>
#include <numeric>

using namespace attune;

namespace {

LanguageModel load(const std::string &shape)
{
    LoadOptions options;
    options.compute = ComputeType::Float32;
    options.device = "cpu";
    auto model = LanguageModel::load(parity::folder(shape) + "/model", options);
    if (!model)
        qFatal("%s", model.error().message.c_str());
    return std::move(*model);
}

} // namespace

class TestGenerator : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void greedyEqualsTransformers_data()
    {
        QTest::addColumn<std::string>("shape");
        for (const auto &shape : parity::shapes())
            QTest::newRow(shape.c_str()) << shape;
    }
    void greedyEqualsTransformers()
    {
        QFETCH(std::string, shape);
        LanguageModel model = load(shape);
        const Json forward = parity::json(parity::folder(shape) + "/forward.json");
        const auto prompt = forward["greedy_prompt"].get<std::vector<TokenId>>();
        GenerationOptions options;
        options.maxNewTokens = static_cast<std::int64_t>(forward["greedy"].size());
        options.ignoreEos = true;
        const auto result = generate(model, nullptr, prompt, options);
        QVERIFY(result);
        QCOMPARE(result->ids, forward["greedy"].get<std::vector<TokenId>>());
        QCOMPARE(result->finish, std::string("length"));

        // Many at once give the same, each in its place, more prompts than run side by side.
        std::vector<std::vector<TokenId>> prompts;
        for (std::size_t i = 0; i < 11; ++i)
            prompts.emplace_back(prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(3 + i % 6));
        const auto all = generateAll(model, nullptr, prompts, options);
        QVERIFY(all);
        for (std::size_t i = 0; i < prompts.size(); ++i)
            QCOMPARE((*all)[i].ids, generate(model, nullptr, prompts[i], options)->ids);
    }

    void promptsThatBeginAlikeGiveWhatEachGivesAlone()
    {
        LanguageModel model = load("mistral-window"); // what they share is longer than the window
        std::vector<TokenId> common(23);
        std::iota(common.begin(), common.end(), TokenId(7));
        std::vector<std::vector<TokenId>> prompts;
        for (TokenId own = 0; own < 5; ++own) {
            prompts.push_back(common);
            for (TokenId i = 0; i <= own; ++i)
                prompts.back().push_back(40 + own * i);
        }
        prompts.push_back(prompts.front()); // alike to the end: each keeps a token of its own
        prompts.push_back(prompts.front());
        GenerationOptions options;
        options.maxNewTokens = 12;
        options.ignoreEos = true;
        const auto all = generateAll(model, nullptr, prompts, options);
        QVERIFY(all);
        for (std::size_t i = 0; i < prompts.size(); ++i)
            QCOMPARE((*all)[i].ids, generate(model, nullptr, prompts[i], options)->ids);
    }

    void aSeedDecidesTheAnswer()
    {
        LanguageModel model = load("llama-gqa");
        const std::vector<TokenId> prompt = {1, 20, 33};
        GenerationOptions options;
        options.sampling.temperature = 1;
        options.sampling.seed = 5;
        options.maxNewTokens = 12;
        options.ignoreEos = true;
        const auto a = generate(model, nullptr, prompt, options);
        const auto b = generate(model, nullptr, prompt, options);
        QCOMPARE(a->ids, b->ids);
        options.sampling.seed = 6;
        QVERIFY(generate(model, nullptr, prompt, options)->ids != a->ids);
    }

    void theTextStreamsAndEndsBeforeAStopString()
    {
        LanguageModel model = load("llama-gqa");
        const auto tokenizer = Tokenizer::load(parity::folder("llama-gqa") + "/model");
        QVERIFY(tokenizer);
        const std::vector<TokenId> prompt = {1, 20, 33};
        GenerationOptions options;
        options.maxNewTokens = 30;
        options.ignoreEos = true;
        const auto whole = generate(model, *tokenizer, prompt, options);
        QVERIFY(whole->text.size() > 12);
        const std::string stop = whole->text.substr(6, 3);
        options.stop = {stop};
        std::string streamed;
        const auto cut =
            generate(model, *tokenizer, prompt, options, {}, [&](std::string_view text) { streamed += text; });
        QCOMPARE(cut->finish, std::string("stop"));
        QCOMPARE(cut->text, whole->text.substr(0, whole->text.find(stop)));
        QCOMPARE(streamed, cut->text);
    }

    void aWrongPromptIsRefused()
    {
        LanguageModel model = load("llama-gqa");
        QVERIFY(!generate(model, nullptr, {}, {}));
        const std::vector<TokenId> outside = {99999};
        QVERIFY(!generate(model, nullptr, outside, {}));
        GenerationOptions options;
        options.sampling.topP = 0;
        const std::vector<TokenId> good = {1};
        const auto refused = generate(model, nullptr, good, options);
        QVERIFY(!refused && refused.error().message.find("--top-p") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestGenerator)
#include "tst_generator.moc"
