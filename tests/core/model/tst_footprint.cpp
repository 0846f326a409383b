#include "core/model/footprint.h"
#include "core/model/weight_source.h"
#include "tests/core/model/parity.h"

#include <QtTest>

using namespace attune;

class TestFootprint : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void countsEveryValueOfTheFile_data()
    {
        QTest::addColumn<std::string>("shape");
        for (const auto &shape : parity::shapes())
            QTest::newRow(shape.c_str()) << shape;
    }
    void countsEveryValueOfTheFile()
    {
        QFETCH(std::string, shape);
        const std::string folder = parity::folder(shape) + "/model";
        const auto source = WeightSource::open(folder);
        QVERIFY(source);
        const ModelConfig &config = (*source)->config();
        std::int64_t values = 0;
        const auto add = [&](const std::string &name) {
            if (!(*source)->contains(name))
                return;
            const auto shapeOf = (*source)->shape(name);
            std::int64_t size = 1;
            for (const std::int64_t side : *shapeOf)
                size *= side;
            values += size;
        };
        add("model.embed_tokens.weight");
        add("model.norm.weight");
        if (!config.tiedEmbeddings)
            add("lm_head.weight");
        for (std::int64_t layer = 0; layer < config.layers; ++layer) {
            const std::string prefix = "model.layers." + std::to_string(layer) + '.';
            for (const char *name : {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj",
                                     "mlp.up_proj", "mlp.down_proj", "input_layernorm", "post_attention_layernorm"})
                add(prefix + name + ".weight");
        }
        const auto made = modelFootprint(folder);
        QVERIFY(made);
        QCOMPARE(made->parameters, values);
        QCOMPARE(made->bytes, 2 * values);
    }

    void aMissingModelIsAnError()
    {
        const auto made = modelFootprint("/no/such/model");
        QVERIFY(!made);
        QVERIFY(made.error().message.find("/no/such/model") != std::string::npos);
    }

    void leavesRoomForTheRest()
    {
        constexpr std::int64_t GiB = 1024LL * 1024 * 1024;
        QCOMPARE(fitOf(GiB / 4, 24 * GiB), Fit::Fits);
        QCOMPARE(fitOf(14 * GiB, 24 * GiB), Fit::Fits);
        QCOMPARE(fitOf(19 * GiB, 24 * GiB), Fit::Tight);
        QCOMPARE(fitOf(24 * GiB, 24 * GiB), Fit::TooLarge);
        QCOMPARE(fitOf(1, 0), Fit::TooLarge); // where nobody says how large the memory is, nothing is promised
    }
};

QTEST_APPLESS_MAIN(TestFootprint)
#include "tst_footprint.moc"
