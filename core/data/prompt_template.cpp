#include "core/data/prompt_template.h"

#include <algorithm>

namespace attune {

Result<PromptTemplate> PromptTemplate::parse(std::string_view text)
{
    PromptTemplate result;
    result.m_blocks.emplace_back();
    const auto addText = [&](char c) {
        auto &pieces = result.m_blocks.back().pieces;
        if (pieces.empty() || pieces.back().slot)
            pieces.push_back({});
        pieces.back().text += c;
    };
    bool anySlot = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const char next = i + 1 < text.size() ? text[i + 1] : '\0';
        if (c == '\n' && next == '\n') {
            std::size_t end = i;
            while (end < text.size() && text[end] == '\n')
                ++end;
            result.m_blocks.push_back({{}, std::string(text.substr(i, end - i))});
            i = end - 1;
        } else if ((c == '{' || c == '}') && next == c) {
            addText(c);
            ++i;
        } else if (c == '{') {
            const std::size_t end = text.find_first_of("{}\n", i + 1);
            if (end == std::string_view::npos || text[end] != '}')
                return fail(ErrorCode::InvalidInput, "The prompt template opens a slot with { and does not close it; "
                                                     "write {{ where a brace is meant.");
            if (end == i + 1)
                return fail(
                    ErrorCode::InvalidInput,
                    "The prompt template has a slot without a name; write the column's name, as in {question}.");
            result.m_blocks.back().pieces.push_back({std::string(text.substr(i + 1, end - i - 1)), true});
            anySlot = true;
            i = end;
        } else {
            addText(c);
        }
    }
    if (!anySlot)
        return fail(ErrorCode::InvalidInput,
                    "The prompt template has no slot, so every row would ask the same; write "
                    "columns in braces, as in {question}.");
    return result;
}

std::vector<std::string> PromptTemplate::slots() const
{
    std::vector<std::string> names;
    for (const Block &block : m_blocks)
        for (const Piece &piece : block.pieces)
            if (piece.slot)
                names.push_back(piece.text);
    return names;
}

void PromptTemplate::rename(const std::vector<std::string> &names)
{
    auto name = names.begin();
    for (Block &block : m_blocks)
        for (Piece &piece : block.pieces)
            if (piece.slot && name != names.end())
                piece.text = *name++;
}

std::string PromptTemplate::fill(const std::function<std::string(const std::string &)> &valueOf) const
{
    std::string result;
    for (const Block &block : m_blocks) {
        std::string text;
        bool hasSlot = false;
        bool filled = false;
        for (const Piece &piece : block.pieces) {
            const std::string value = piece.slot ? valueOf(piece.text) : piece.text;
            hasSlot = hasSlot || piece.slot;
            filled = filled || (piece.slot && !value.empty());
            text += value;
        }
        if (hasSlot && !filled)
            continue;
        if (!result.empty())
            result += block.before;
        result += text;
    }
    return result;
}

} // namespace attune
