#include "ui/data/editor_turns.h"

#include <algorithm>
#include <array>

namespace attune::ui {

namespace {

constexpr std::string_view White = " \t\r\n";

std::string_view trimmedRight(std::string_view text)
{
    const auto last = text.find_last_not_of(White);
    return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

std::string_view trimmedLeft(std::string_view text)
{
    const auto first = text.find_first_not_of(White);
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

bool sameRoles(const Turns &a, const Turns &b)
{
    return std::ranges::equal(a, b, {}, &Message::role, &Message::role);
}

/// Calls `visit(line)` for each line, without its end.
template <typename Visit>
void forEachLine(std::string_view text, Visit visit)
{
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        visit(text.substr(at, end - at));
        at = end + 1;
    }
}

} // namespace

MergedTurns mergedTurns(const Turns &base, const Turns &mine, const Turns &theirs)
{
    if (theirs == base || theirs == mine)
        return {mine};
    if (mine == base)
        return {theirs};
    if (!sameRoles(base, mine) || !sameRoles(base, theirs))
        return {mine, true};
    MergedTurns merged{mine};
    for (std::size_t i = 0; i < mine.size(); ++i) {
        if (mine[i] == base[i])
            merged.turns[i] = theirs[i];
        else if (theirs[i] != base[i] && theirs[i] != mine[i])
            merged.clash = true;
    }
    return merged;
}

std::string otherRole(std::string_view role)
{
    return role == "user" ? "assistant" : "user";
}

std::string nextRole(const Turns &turns)
{
    return turns.empty() ? "user" : otherRole(turns.back().role);
}

Turns splitTurn(Turns turns, std::size_t at, std::string_view before, std::string_view after)
{
    Message second{otherRole(turns[at].role), std::string(trimmedLeft(after))};
    turns[at].content = trimmedRight(before);
    turns.insert(turns.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(second));
    return turns;
}

Turns joinedWithNext(Turns turns, std::size_t at)
{
    std::string &content = turns[at].content;
    const std::string &next = turns[at + 1].content;
    if (!content.empty() && !next.empty())
        content += "\n\n";
    content += next;
    turns.erase(turns.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    return turns;
}

Turns moved(Turns turns, std::size_t from, std::size_t to)
{
    Message turn = std::move(turns[from]);
    turns.erase(turns.begin() + static_cast<std::ptrdiff_t>(from));
    turns.insert(turns.begin() + static_cast<std::ptrdiff_t>(to), std::move(turn));
    return turns;
}

bool isQuoted(std::string_view line)
{
    const auto first = line.find_first_not_of(" \t");
    return first != std::string_view::npos && line[first] == '>';
}

bool hasQuotes(const Turns &turns)
{
    return std::ranges::any_of(turns, [](const Message &turn) {
        bool quoted = false;
        if (turn.role == "user")
            forEachLine(turn.content, [&](std::string_view line) { quoted = quoted || isQuoted(line); });
        return quoted;
    });
}

Turns withoutQuotes(Turns turns)
{
    for (Message &turn : turns) {
        if (turn.role != "user")
            continue;
        std::string kept;
        forEachLine(turn.content, [&](std::string_view line) {
            if (!isQuoted(line))
                kept.append(line).append("\n");
        });
        const std::string_view trimmed = trimmedRight(kept);
        if (!trimmed.empty() && trimmed.size() < trimmedRight(turn.content).size())
            turn.content = trimmed;
    }
    return turns;
}

int firstOddTurn(const Turns &turns)
{
    constexpr std::array<std::string_view, 4> Known{"system", "user", "assistant", "tool"};
    for (std::size_t i = 0; i < turns.size(); ++i) {
        const std::string &role = turns[i].role;
        const bool afterItself = i > 0 && turns[i - 1].role == role && role != "tool";
        if (std::ranges::find(Known, role) == Known.end() || (role == "system" && i > 0) || afterItself)
            return static_cast<int>(i);
    }
    return -1;
}

int lastAnswerTurn(const Turns &turns)
{
    for (std::size_t i = turns.size(); i-- > 0;)
        if (turns[i].role == "assistant")
            return static_cast<int>(i);
    return -1;
}

} // namespace attune::ui
