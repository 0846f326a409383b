#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::cli {

std::string fixed(double value, int digits);
/// 0.953 as "95.3 %".
std::string percent(double share);
/// "1:05" or "1:02:03".
std::string duration(double seconds);
/// "1 row", "2 rows".
std::string counted(std::int64_t count, const std::string &noun);
/// One line of at most so many characters; line breaks become spaces, "…" stands for what is cut.
std::string oneLine(std::string_view text, std::size_t characters);
/// Characters of a UTF-8 text, as far as they decide on its width in a table.
std::size_t characters(std::string_view text);

/// Columns under a heading, as wide as they need to be; numbers stand to the right.
class Table {
public:
    explicit Table(std::vector<std::string> heading) : m_rows{std::move(heading)} {}
    /// Control characters of a cell, as a name in another person's project may hold them, become spaces.
    void add(std::vector<std::string> row);
    /// On standard output.
    void print() const;

private:
    std::vector<std::vector<std::string>> m_rows;
};

} // namespace attune::cli
