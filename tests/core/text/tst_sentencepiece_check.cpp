#include "core/base/files.h"
#include "core/text/sentencepiece_check.h"
#include "core/text/sentencepiece_tokenizer.h"

#include <QTest>

using namespace attune;

/// On a model of 1.6 kB that the sentencepiece package trained with four rules of its own (U+FB01 to "fi" and the
/// like).
class TestSentencePieceCheck : public QObject {
    Q_OBJECT

    std::string m_model;

    static Result<std::shared_ptr<const Tokenizer>> load(const std::string &model)
    {
        return SentencePieceTokenizer::create(model, "tokenizer.model", {});
    }

private Q_SLOTS:
    void initTestCase()
    {
        const auto model =
            readFile(std::filesystem::path(ATTUNE_SOURCE_DIR) / "tests/fuzz/corpus/sentencepiece/characters");
        QVERIFY(model.has_value());
        m_model = *model;
    }

    void aModelWithItsOwnRulesIsSound()
    {
        QVERIFY(characterMapsAreSound(m_model));
        const auto tokenizer = load(m_model);
        QVERIFY(tokenizer.has_value());
        std::string text;
        for (const Token &token : (*tokenizer)->encode("\xef\xac\x81"))
            text += (*tokenizer)->tokenBytes(token.id);
        QCOMPARE(text, std::string(" fi"));
    }

    void whatIsNoProtocolBufferIsLeftToTheLibrary()
    {
        QVERIFY(characterMapsAreSound(""));
        QVERIFY(characterMapsAreSound("\xff\xff\xff"));
        QVERIFY(!load("\xff\xff\xff").has_value());
    }

    void aTokenThatBeginsWithNulIsRefused() // the library throws
    {
        const auto model =
            readFile(std::filesystem::path(ATTUNE_SOURCE_DIR) / "tests/fuzz/corpus/sentencepiece/nul_token");
        QVERIFY(model.has_value());
        QVERIFY(!load(*model).has_value());
    }

    void aMapThatLeadsOutOfItselfIsRefused()
    {
        const std::string trieBytes("\0\4\0\0", 4); // 1024, as the rules here need
        const auto at = m_model.find(trieBytes);
        QVERIFY(at != std::string::npos);
        std::string far = m_model;
        far.replace(at + 4, 4, "\xff\xff\xff\x7f"); // the root's offset
        QVERIFY(!characterMapsAreSound(far));
        const auto loaded = load(far);
        QVERIFY(!loaded.has_value());
        QVERIFY(loaded.error().message.find("tokenizer.model is damaged") == 0);
        std::string shorter = m_model;
        shorter.replace(at, 4, "\xff\xff\xff\xff");
        QVERIFY(!characterMapsAreSound(shorter));
    }

    void noByteThatIsFlippedReadsPastTheMap() // a sanitizer would tell
    {
        for (std::size_t i = 0; i < m_model.size(); ++i) {
            std::string flipped = m_model;
            flipped[i] = static_cast<char>(~flipped[i]);
            if (const auto tokenizer = load(flipped))
                (*tokenizer)->encode("\xef\xac\x81n A\xcc\x80 \xe2\x91\xa0 \xef\xbc\xa1");
        }
    }
};

QTEST_GUILESS_MAIN(TestSentencePieceCheck)
#include "tst_sentencepiece_check.moc"
