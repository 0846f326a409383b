#include "core/text/added_tokens.h"

#include <algorithm>
#include <functional>

namespace attune {

namespace {

/// Unicode's White_Space, as UTF-8.
constexpr std::array<std::string_view, 25> Spaces = {
    "\t",           "\n",           "\v",           "\f",           "\r",           " ",
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
    "\xe3\x80\x80"};

std::size_t spacesAtStart(std::string_view text)
{
    std::size_t length = 0;
    while (true) {
        const auto rest = text.substr(length);
        const auto space = std::find_if(Spaces.begin(), Spaces.end(), [&](auto s) { return rest.starts_with(s); });
        if (space == Spaces.end())
            return length;
        length += space->size();
    }
}

std::size_t spacesAtEnd(std::string_view text)
{
    std::size_t length = 0;
    while (true) {
        const auto rest = text.substr(0, text.size() - length);
        const auto space = std::find_if(Spaces.begin(), Spaces.end(), [&](auto s) { return rest.ends_with(s); });
        if (space == Spaces.end())
            return length;
        length += space->size();
    }
}

} // namespace

void AddedTokens::add(AddedToken token)
{
    if (token.content.empty())
        return;
    if (const auto old = m_byId.find(token.id); old != m_byId.end()) {
        m_byContent.erase(old->second.content);
        m_byId.erase(old);
    }
    if (const auto old = m_byContent.find(token.content); old != m_byContent.end())
        m_byId.erase(old->second);
    m_byContent[token.content] = token.id;
    auto &lengths = m_lengths[static_cast<unsigned char>(token.content[0])];
    const auto place = std::lower_bound(lengths.begin(), lengths.end(), token.content.size(), std::greater());
    if (place == lengths.end() || *place != token.content.size())
        lengths.insert(place, token.content.size());
    m_byId[token.id] = std::move(token);
}

const AddedToken *AddedTokens::find(TokenId id) const
{
    const auto found = m_byId.find(id);
    return found == m_byId.end() ? nullptr : &found->second;
}

const AddedToken *AddedTokens::find(std::string_view content) const
{
    const auto found = m_byContent.find(content);
    return found == m_byContent.end() ? nullptr : find(found->second);
}

std::int64_t AddedTokens::idEnd() const
{
    return m_byId.empty() ? 0 : std::int64_t(m_byId.rbegin()->first) + 1;
}

AddedTokens::Match AddedTokens::firstMatch(std::string_view text, std::size_t from, std::size_t end) const
{
    for (std::size_t at = from; at < end; ++at) {
        for (const std::size_t length : m_lengths[static_cast<unsigned char>(text[at])]) {
            if (length > end - at)
                continue;
            if (const AddedToken *token = find(text.substr(at, length)))
                return {at, token};
        }
    }
    return {end, nullptr};
}

std::vector<AddedTokens::Section> AddedTokens::cut(std::string_view text, std::span<const TextSpan> spans) const
{
    std::vector<Section> sections;
    std::size_t done = 0; // everything before it is in a section or was eaten
    const auto addText = [&](std::size_t end) {
        if (end > done)
            sections.push_back({std::int64_t(done), std::int64_t(end), nullptr});
    };

    for (std::size_t i = 0; i < spans.size(); ++i) {
        if (spans[i].shielded)
            continue;
        // Neighbours that are both open are one stretch: a match may cross the border between them.
        std::size_t from = std::size_t(std::max<std::int64_t>(spans[i].begin, 0));
        while (i + 1 < spans.size() && !spans[i + 1].shielded && spans[i + 1].begin == spans[i].end)
            ++i;
        const std::size_t end = std::min(text.size(), std::size_t(std::max<std::int64_t>(spans[i].end, 0)));
        while (true) {
            from = std::max(from, done);
            const Match match = firstMatch(text, from, end);
            if (!match.token)
                break;
            const std::size_t after = match.begin + match.token->content.size();
            const std::size_t eaten = match.token->stripLeft ? spacesAtEnd(text.substr(done, match.begin - done)) : 0;
            addText(match.begin - eaten);
            sections.push_back({std::int64_t(match.begin - eaten), std::int64_t(after), match.token});
            done = after + (match.token->stripRight ? spacesAtStart(text.substr(after)) : 0);
            from = after;
        }
    }
    addText(text.size());
    return sections;
}

} // namespace attune
