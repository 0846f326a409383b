#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace attune {

/// What a sentencepiece model is made of, to build one anew from other files. The numbers are those of
/// sentencepiece_model.proto.
struct SentencePieceModel {
    enum class PieceType : std::uint8_t { Normal = 1, Unknown, Control, UserDefined, Unused, Byte };
    enum class Kind : std::uint8_t { Unigram = 1, Bpe = 2 };
    struct Piece {
        std::string text;
        float score = 0;
        PieceType type = PieceType::Normal;
    };

    std::vector<Piece> pieces; ///< by id; exactly one is Unknown
    Kind kind = Kind::Bpe;
    std::int64_t bos = -1; ///< -1: none
    std::int64_t eos = -1;
    std::string charsmap; ///< the compiled rules of normalisation; empty: none
    bool dummyPrefix = true;
    bool removeExtraSpaces = false;

    /// The content of the tokenizer.model; it falls back to bytes where there is a Byte piece.
    std::string serialized() const;
};

} // namespace attune
