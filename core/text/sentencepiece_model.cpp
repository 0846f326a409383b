#include "core/text/sentencepiece_model.h"

#include <algorithm>
#include <bit>
#include <string_view>

namespace attune {

namespace {

/// A protocol buffer as it is written: only what a sentencepiece model needs of the format.
class Message {
public:
    void integer(unsigned field, std::uint64_t value)
    {
        varint(field << 3U);
        varint(value);
    }
    void number(unsigned field, float value)
    {
        varint(field << 3U | 5U);
        const auto bits = std::bit_cast<std::uint32_t>(value);
        for (unsigned shift = 0; shift < 32; shift += 8)
            m_bytes += static_cast<char>(bits >> shift & 255U);
    }
    void bytes(unsigned field, std::string_view content)
    {
        varint(field << 3U | 2U);
        varint(content.size());
        m_bytes += content;
    }
    const std::string &content() const { return m_bytes; }

private:
    void varint(std::uint64_t value)
    {
        for (; value > 127; value >>= 7U)
            m_bytes += static_cast<char>((value & 127U) | 128U);
        m_bytes += static_cast<char>(value);
    }

    std::string m_bytes;
};

} // namespace

std::string SentencePieceModel::serialized() const
{
    Message model;
    std::int64_t unknown = -1;
    bool fallsBack = false;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        Message piece;
        piece.bytes(1, pieces[i].text);
        piece.number(2, pieces[i].score);
        piece.integer(3, static_cast<std::uint64_t>(pieces[i].type));
        model.bytes(1, piece.content());
        fallsBack = fallsBack || pieces[i].type == PieceType::Byte;
        if (pieces[i].type == PieceType::Unknown)
            unknown = static_cast<std::int64_t>(i);
    }
    Message trainer;
    trainer.integer(3, static_cast<std::uint64_t>(kind)); // model_type
    trainer.integer(35, fallsBack ? 1 : 0);               // byte_fallback
    unsigned field = 40;
    for (const std::int64_t id : {unknown, bos, eos, std::int64_t(-1)})
        trainer.integer(field++, static_cast<std::uint64_t>(id)); // unk_id, bos_id, eos_id, pad_id
    model.bytes(2, trainer.content());
    Message normalizer;
    normalizer.bytes(1, charsmap.empty() ? "identity" : "user_defined");
    if (!charsmap.empty())
        normalizer.bytes(2, charsmap);
    normalizer.integer(3, dummyPrefix ? 1 : 0);       // add_dummy_prefix
    normalizer.integer(4, removeExtraSpaces ? 1 : 0); // remove_extra_whitespaces
    model.bytes(3, normalizer.content());
    return model.content();
}

} // namespace attune
