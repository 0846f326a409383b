#include "core/infer/sampler.h"

#include <QtTest>
#include <map>

using namespace attune;

namespace {

/// Shares of 20,000 choices.
std::map<TokenId, double> shares(SamplingOptions options, const std::vector<float> &logits,
                                 const std::vector<TokenId> &seen = {})
{
    Sampler sampler(options);
    std::map<TokenId, double> counts;
    const int draws = 20000;
    for (int i = 0; i < draws; ++i) {
        std::vector<float> copy = logits;
        counts[sampler.choose(copy, seen)] += 1.0 / draws;
    }
    return counts;
}

} // namespace

class TestSampler : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void sharesFollowTheProbabilities()
    {
        const std::vector<float> logits = {0.0F, std::log(2.0F), std::log(5.0F)};
        const auto s = shares({.temperature = 1, .seed = 1}, logits);
        QVERIFY(std::abs(s.at(0) - 0.125) < 0.012);
        QVERIFY(std::abs(s.at(1) - 0.25) < 0.015);
        QVERIFY(std::abs(s.at(2) - 0.625) < 0.017);
        // Twice the temperature takes the root of each weight: 1, sqrt 2, sqrt 5.
        const auto warm = shares({.temperature = 2, .seed = 1}, logits);
        QVERIFY(std::abs(warm.at(2) - std::sqrt(5.0) / (1 + std::sqrt(2.0) + std::sqrt(5.0))) < 0.017);
    }

    void zeroTemperatureTakesTheLikeliestAndTheLowerIdOfATie()
    {
        Sampler sampler({});
        std::vector<float> logits = {1, 3, 3, 2};
        QCOMPARE(sampler.choose(logits, {}), 1);
    }

    void topKTopPAndMinPKeepTheLikeliest()
    {
        const std::vector<float> logits = {std::log(1.0F), std::log(4.0F), std::log(2.0F), std::log(3.0F)}; // of 10
        QCOMPARE(shares({.temperature = 1, .topK = 2}, logits).size(), std::size_t(2));
        const auto p = shares({.temperature = 1, .topP = 0.65}, logits); // 4 + 3 reach 0.7
        QCOMPARE(p.size(), std::size_t(2));
        QVERIFY(p.contains(1) && p.contains(3));
        const auto m = shares({.temperature = 1, .minP = 0.6}, logits); // at least 2.4 of 4
        QCOMPARE(m.size(), std::size_t(2));
        QVERIFY(std::abs(m.at(1) - 4.0 / 7) < 0.02);
    }

    void repetitionPenaltyPushesDownWhatWasSaid()
    {
        Sampler sampler({.repetitionPenalty = 2});
        std::vector<float> logits = {3.0F, 2.0F, -1.0F};
        const std::vector<TokenId> seen = {0, 2, 0};
        QCOMPARE(sampler.choose(logits, seen), 1);
        QCOMPARE(logits[0], 1.5F); // once, however often it was said
        QCOMPARE(logits[2], -2.0F);
    }
};

QTEST_APPLESS_MAIN(TestSampler)
#include "tst_sampler.moc"
