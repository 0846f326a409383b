#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

/// GPT-2's split: contractions, letters, numbers, other characters, each with the space before it, then white space.
extern const char *const Gpt2Pattern;

/// Cuts a text into the words inside which a byte-level BPE merges, by one or more regular expressions, each applied
/// to the pieces that the one before it left. Immutable once built; may be shared by threads.
class PreTokenizer {
public:
    enum class Gaps { Keep, Drop }; ///< what happens to the text between two matches

    PreTokenizer();
    PreTokenizer(PreTokenizer &&) noexcept;
    PreTokenizer &operator=(PreTokenizer &&) noexcept;
    ~PreTokenizer();

    /// A pattern as tokenizer.json has it, read as oniguruma.h says. Fails with InvalidInput, naming `where` and the
    /// place in the pattern.
    Result<void> addPattern(std::string_view pattern, Gaps gaps, std::string_view where);
    /// A fixed text instead of a pattern.
    Result<void> addLiteral(std::string_view literal, Gaps gaps, std::string_view where);

    /// Calls `word(begin, end)` for each word, in order. Any bytes will do: for the patterns, a byte that is no valid
    /// UTF-8 counts as a character that is neither letter nor number nor space.
    void split(std::string_view text, const std::function<void(std::size_t, std::size_t)> &word) const;

private:
    struct Step;
    struct Run;
    Result<void> add(const std::string &pattern, std::uint32_t options, Gaps gaps, std::string_view where);
    std::vector<std::unique_ptr<const Step>> m_steps;
};

} // namespace attune
