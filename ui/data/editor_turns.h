#pragma once

#include "core/text/chat.h"

#include <string>
#include <string_view>
#include <vector>

namespace attune::ui {

using Turns = std::vector<Message>;

/// What becomes of a row that two have changed from the same `base`.
struct MergedTurns {
    Turns turns;
    bool clash = false; ///< both changed the same turn, or one the order: there `turns` are mine
};
/// Turn by turn where roles and number are the same in all three; else whole rows are compared.
MergedTurns mergedTurns(const Turns &base, const Turns &mine, const Turns &theirs);

/// The role that most likely comes next to `role`: user and assistant alternate.
std::string otherRole(std::string_view role);
/// The role of a turn to add behind these.
std::string nextRole(const Turns &turns);

/// Turn `at` becomes two, the second in the other role, since two turns of one role in a row are what templates
/// refuse. White space around the cut is left out.
Turns splitTurn(Turns turns, std::size_t at, std::string_view before, std::string_view after);
/// Turn `at` takes the next one in, after an empty line.
Turns joinedWithNext(Turns turns, std::size_t at);
Turns moved(Turns turns, std::size_t from, std::size_t to);

/// Quoted mail: lines that begin with '>'.
bool isQuoted(std::string_view line);
bool hasQuotes(const Turns &turns);
/// Without the quoted lines of user turns, and without the empty lines that then end a turn. A turn that would be
/// left empty stays as it is.
Turns withoutQuotes(Turns turns);

/// The first turn that is out of order (a system turn not first, an unknown role, two of one role), -1 where none is.
int firstOddTurn(const Turns &turns);
int lastAnswerTurn(const Turns &turns); ///< -1: none

} // namespace attune::ui
