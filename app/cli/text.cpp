#include "app/cli/text.h"

#include "app/cli/cli.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace attune::cli {

std::string fixed(double value, int digits)
{
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

std::string percent(double share)
{
    return fixed(100 * share, 1) + " %";
}

std::string duration(double seconds)
{
    const auto whole = static_cast<long>(std::max(0.0, std::round(seconds)));
    std::array<char, 32> text{};
    if (whole >= 3600)
        std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        std::snprintf(text.data(), text.size(), "%ld:%02ld", whole / 60, whole % 60);
    return text.data();
}

std::string counted(std::int64_t count, const std::string &noun)
{
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::size_t characters(std::string_view text)
{
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80; // not a continuation byte
    }));
}

std::string oneLine(std::string_view text, std::size_t most)
{
    std::string line;
    std::size_t count = 0;
    for (const char c : text) {
        const bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
        if (begins && ++count > most) {
            while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80)
                line.pop_back();
            if (!line.empty())
                line.pop_back();
            return line + "…";
        }
        line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return line;
}

void Table::add(std::vector<std::string> row)
{
    for (std::string &cell : row)
        for (char &c : cell)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
                c = ' ';
    m_rows.push_back(std::move(row));
}

void Table::print() const
{
    std::vector<std::size_t> widths;
    std::vector<bool> numeric;
    for (std::size_t r = 0; r < m_rows.size(); ++r)
        for (std::size_t c = 0; c < m_rows[r].size(); ++c) {
            if (c == widths.size()) {
                widths.push_back(0);
                numeric.push_back(true);
            }
            const std::string &cell = m_rows[r][c];
            widths[c] = std::max(widths[c], characters(cell));
            const bool number =
                cell.empty() || cell == "-" || cell.find_first_not_of("0123456789.,+-: %") == cell.npos;
            if (r > 0 && !number)
                numeric[c] = false;
        }
    for (const auto &row : m_rows) {
        std::string line;
        for (std::size_t c = 0; c < row.size(); ++c) {
            const std::string room(widths[c] - characters(row[c]), ' ');
            line += (c ? "  " : "") + (numeric[c] ? room + row[c] : row[c] + room);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        cli::print(line);
    }
}

} // namespace attune::cli
