#pragma once

#include "core/base/result.h"

#include <functional>
#include <vector>

namespace attune {

/// A user turn with columns in slots: "{instruction}\n\n{input}". "{{" and "}}" stand for braces.
class PromptTemplate {
public:
    /// Fails with InvalidInput: a brace that is never closed, an empty slot, no slot at all.
    static Result<PromptTemplate> parse(std::string_view text);

    /// The names in the slots, in order; a name may occur twice.
    std::vector<std::string> slots() const;
    /// Other names for the slots, in their order: the columns that they were found to mean.
    void rename(const std::vector<std::string> &names);

    /// The text with the slots filled. A block (what stands between blank lines) is left out where it has slots and
    /// all of them are empty.
    std::string fill(const std::function<std::string(const std::string &)> &valueOf) const;

private:
    struct Piece {
        std::string text; ///< or the slot's name
        bool slot = false;
    };
    struct Block {
        std::vector<Piece> pieces;
        std::string before; ///< the line breaks between the block before and this one
    };
    std::vector<Block> m_blocks;
};

} // namespace attune
