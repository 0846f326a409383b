#pragma once

#include "core/data/problem_kind.h"
#include "core/text/chat.h"

#include <optional>

namespace attune {

/// One token of a row as the model will see it.
struct PreviewToken {
    TokenId id = 0;
    std::string text;         ///< its bytes in the rendered text; may be a piece of a character
    std::int64_t begin = -1;  ///< bytes of ExamplePreview::text; -1 for a BOS that the tokenizer adds
    std::int64_t end = -1;
    std::int32_t message = -1; ///< whose content it begins in; -1: the template wrote it
    bool trained = false;      ///< counts in the loss, unless cut
    bool cut = false;          ///< behind max_length
    bool special = false;      ///< one of the tokenizer's control tokens
};

struct PreviewProblem {
    ProblemKind kind = ProblemKind::NothingTrained;
    std::string sentence;
    std::optional<std::size_t> message; ///< the one that it is about
};

/// What becomes of the token that ends an answer; of several answers the worst.
enum class EndToken { Trained, Cut, Masked, Missing };

struct ExamplePreview {
    std::string text; ///< the rendered template
    std::vector<PreviewToken> tokens;
    std::int64_t trained = 0; ///< tokens that count in the loss and are not cut
    std::int64_t masked = 0;  ///< context only
    std::int64_t cut = 0;
    std::vector<std::int64_t> messageTokens; ///< by message: tokens that begin in its content
    EndToken endToken = EndToken::Trained;
    /// NothingTrained, EndTokenMissing (missing or masked), Cut (naming what it costs), DropsTurn, RoleOrder (the
    /// template refuses: then there are no tokens). Worst first.
    std::vector<PreviewProblem> problems;
    std::int64_t lengthForAnswers = 0; ///< max_length from which no answer and no end token is cut

    std::int64_t total() const { return static_cast<std::int64_t>(tokens.size()); } ///< from which nothing is cut
};

/// Shows a conversation by the function that training encodes its rows with. A conversation that the template refuses
/// is a preview with that problem, not an error. Fails with InvalidInput where the encoder has no tokenizer.
/// Thread-safe.
Result<ExamplePreview> previewExample(const ChatEncoder &encoder, std::span<const Message> messages,
                                      std::int64_t maxLength, bool assistantOnlyLoss = true);

} // namespace attune
