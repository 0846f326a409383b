#include "core/store/example_query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace attune {

namespace {

constexpr std::array<std::string_view, 5> TextKeys{"tag", "split", "state", "problem", "file"};
constexpr std::array<std::string_view, 3> NumberKeys{"turns", "tokens", "rating"};
constexpr std::string_view Operators = ":<>=";

/// One piece of what was typed: -tag:"needs review", tokens>=400, "a phrase", word.
struct Piece {
    std::string shown; ///< as typed
    bool negated = false;
    std::string key;
    std::string op;
    std::string value;
    bool quoted = false;
};

bool isSpace(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Lower case, without what may stand between the words of a name: "To label", to-label and tolabel are equal.
std::string plain(std::string_view text)
{
    std::string result;
    for (const char c : text)
        if (!isSpace(c) && c != '-' && c != '_')
            result += lower(c);
    return result;
}

tl::unexpected<Error> bad(const Piece &piece, const std::string &why)
{
    return fail(ErrorCode::InvalidInput, "\"" + piece.shown + "\" can't be searched for: " + why + ".");
}

template <std::size_t count>
bool isIn(const std::array<std::string_view, count> &list, std::string_view text)
{
    return std::find(list.begin(), list.end(), text) != list.end();
}

/// One letter wrong, missing, too many, or two swapped.
bool nearlyEqual(std::string_view a, std::string_view b)
{
    if (a.size() > b.size())
        std::swap(a, b);
    if (b.size() - a.size() > 1)
        return false;
    const auto first = static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin());
    if (a.size() != b.size())
        return a.substr(first) == b.substr(first + 1);
    if (first == a.size() || a.substr(first + 1) == b.substr(first + 1))
        return true;
    return first + 1 < a.size() && a[first] == b[first + 1] && a[first + 1] == b[first] &&
           a.substr(first + 2) == b.substr(first + 2);
}

/// Cuts the text into pieces. A quotation that is not closed goes to the end: it is still being typed.
std::vector<Piece> piecesOf(std::string_view text)
{
    std::vector<Piece> pieces;
    std::size_t at = 0;
    const auto quotation = [&] {
        const std::size_t end = std::min(text.find('"', at + 1), text.size());
        std::string value(text.substr(at + 1, end - at - 1));
        at = std::min(end + 1, text.size());
        return value;
    };
    while (true) {
        while (at < text.size() && isSpace(text[at]))
            ++at;
        if (at == text.size())
            return pieces;
        Piece piece;
        const std::size_t begin = at;
        if (text[at] == '-' && at + 1 < text.size() && !isSpace(text[at + 1])) {
            piece.negated = true;
            ++at;
        }
        if (text[at] == '"') {
            piece.quoted = true;
            piece.value = quotation();
        } else {
            const std::size_t word = at;
            while (at < text.size() && !isSpace(text[at]) && Operators.find(text[at]) == std::string_view::npos)
                ++at;
            const std::string head = std::string(text.substr(word, at - word));
            std::size_t rest = at;
            while (rest < text.size() && Operators.find(text[rest]) != std::string_view::npos)
                ++rest;
            const bool hasOperator = rest > at && !head.empty();
            if (hasOperator) {
                piece.key = plain(head);
                piece.op = std::string(text.substr(at, rest - at));
            }
            at = rest;
            if (hasOperator && at < text.size() && text[at] == '"') {
                piece.quoted = true;
                piece.value = quotation();
            } else {
                const std::size_t value = hasOperator ? at : word;
                while (at < text.size() && !isSpace(text[at]))
                    ++at;
                piece.value = std::string(text.substr(value, at - value));
            }
        }
        piece.shown = std::string(text.substr(begin, at - begin));
        pieces.push_back(std::move(piece));
    }
}

/// Index of the name that the value is, or is the beginning of.
Result<std::size_t> nameIndex(const Piece &piece, std::span<const std::string_view> names)
{
    const std::string value = plain(piece.value);
    std::vector<std::size_t> fitting;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (plain(names[i]) == value)
            return i;
        if (!value.empty() && plain(names[i]).starts_with(value))
            fitting.push_back(i);
    }
    if (fitting.size() == 1)
        return fitting.front();
    std::string choices;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (fitting.empty() || std::find(fitting.begin(), fitting.end(), i) != fitting.end())
            choices += (choices.empty() ? "" : ", ") + std::string(names[i]);
    return bad(piece, "after " + piece.key + ": use one of " + choices);
}

/// Collects the pieces: of one field OR, of different ones AND, each excluded one by itself.
class Search {
public:
    explicit Search(std::int64_t maxLength) : m_maxLength(maxLength) {}

    Result<void> add(const Piece &piece)
    {
        if (piece.key.empty() && !piece.quoted && piece.value.starts_with('#'))
            return addNumber(piece);
        if (isIn(TextKeys, piece.key))
            return addText(piece);
        if (isIn(NumberKeys, piece.key))
            return addComparison(piece);
        if (!piece.key.empty()) {
            const auto check = [&](std::string_view known) -> Result<void> {
                if (nearlyEqual(piece.key, known))
                    return bad(piece, "there is no field \"" + piece.key + "\"; did you mean " + std::string(known) +
                                          (isIn(TextKeys, known) ? ":" : ">") + ", or put it in quotation marks");
                return {};
            };
            for (const std::string_view known : TextKeys)
                ATTUNE_CHECK(check(known));
            for (const std::string_view known : NumberKeys)
                ATTUNE_CHECK(check(known));
        }
        return addWord(piece);
    }

    Condition take()
    {
        Condition all;
        for (const auto &[key, either] : m_either)
            all.add("(" + either.sql + ")", either.values);
        all.add(m_not);
        all.withoutWords = m_words.empty() && !m_notWords.empty();
        if (all.withoutWords)
            all.words = m_notWords;
        else
            all.words = m_notWords.empty() ? m_words : "(" + m_words + ") NOT (" + m_notWords + ")";
        return all;
    }

private:
    void add(const Piece &piece, const std::string &group, const std::string &sql,
             std::span<const SqlValue> values = {})
    {
        if (piece.negated) {
            m_not.add("NOT coalesce(" + sql + ", 0)", values);
            return;
        }
        const auto [place, isNew] = m_either.try_emplace(group);
        Condition &either = place->second;
        either.sql = isNew ? sql : either.sql + " OR " + sql;
        either.values.insert(either.values.end(), values.begin(), values.end());
    }

    static Result<std::int64_t> number(const Piece &piece, std::string_view text, const std::string &example)
    {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size())
            return bad(piece, "a whole number is missing, as in " + example);
        return value;
    }

    Result<void> addNumber(const Piece &piece)
    {
        ATTUNE_TRY(const auto id, number(piece, std::string_view(piece.value).substr(1), "#218"));
        add(piece, "#", "id = ?", std::array{SqlValue(id)});
        return {};
    }

    Result<void> addComparison(const Piece &piece)
    {
        const std::string op = piece.op == ":" || piece.op == "==" ? "=" : piece.op;
        if (op != "=" && op != "<" && op != ">" && op != "<=" && op != ">=")
            return bad(piece, "\"" + piece.op + "\" compares nothing; use one of > >= < <= =");
        ATTUNE_TRY(const auto value, number(piece, piece.value, piece.key + ">2"));
        // Bounds of one field belong together (tokens>100 tokens<200), so each is a group of its own.
        add(piece, op == "=" ? piece.key : piece.shown, piece.key + " " + op + " ?", std::array{SqlValue(value)});
        return {};
    }

    Result<void> addText(const Piece &piece)
    {
        if (piece.op != ":" && piece.op != "=")
            return bad(piece, piece.key + " can't be compared; write " + piece.key + ":");
        if (piece.value.empty())
            return bad(piece, "something is missing after " + piece.key + ":");
        if (piece.key == "tag") {
            add(piece, piece.key, "id IN (SELECT example FROM row_tags WHERE tag = ? COLLATE NOCASE)",
                std::array{SqlValue(piece.value)});
        } else if (piece.key == "file") {
            add(piece, piece.key,
                "file IN (SELECT source_files.id FROM source_files WHERE instr(lower(name), lower(?)) > 0)",
                std::array{SqlValue(piece.value)});
        } else if (piece.key == "split") {
            return addPart(piece);
        } else if (piece.key == "state") {
            constexpr std::array<std::string_view, 4> States{"to-label", "approved", "flagged", "rejected"};
            ATTUNE_TRY(const auto state, nameIndex(piece, States));
            add(piece, piece.key, "state = " + std::to_string(state));
        } else {
            return addProblem(piece);
        }
        return {};
    }

    Result<void> addPart(const Piece &piece)
    {
        constexpr std::array<std::string_view, 4> Parts{"train", "validation", "test", "none"};
        std::size_t index = 0;
        if (const auto part = parsePart(piece.value)) {
            index = static_cast<std::size_t>(*part);
        } else {
            ATTUNE_TRY(index, nameIndex(piece, Parts));
        }
        add(piece, piece.key, "part IS " + (index == 3 ? std::string("NULL") : std::to_string(index)));
        return {};
    }

    Result<void> addProblem(const Piece &piece)
    {
        constexpr auto Count = static_cast<std::size_t>(ProblemKind::Count);
        std::array<std::string_view, Count + 1> names;
        for (std::size_t i = 0; i < Count; ++i)
            names[i] = name(static_cast<ProblemKind>(i));
        names[Count] = "any";
        ATTUNE_TRY(const auto index, nameIndex(piece, names));
        std::vector<ProblemKind> kinds;
        for (std::size_t i = 0; i < Count; ++i)
            if (index == i || index == Count)
                kinds.push_back(static_cast<ProblemKind>(i));
        add(piece, piece.key, problemSql(kinds, m_maxLength));
        return {};
    }

    /// Words go to the full-text index in quotation marks, so that none of them is a command there.
    Result<void> addWord(const Piece &piece)
    {
        const std::string text = piece.key.empty() || piece.quoted ? piece.value : piece.shown.substr(piece.negated);
        const bool hasLetter = std::any_of(text.begin(), text.end(), [](char c) {
            return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || static_cast<signed char>(c) < 0;
        });
        if (!hasLetter && piece.quoted && text.find_first_not_of(" \t") == std::string::npos)
            return {}; // an empty quotation asks for nothing yet
        if (!hasLetter)
            return bad(piece, "it has no letter or digit");
        std::string phrase = "\"";
        for (const char c : text)
            phrase += c == '"' ? "\"\"" : std::string(1, c == '\0' ? ' ' : c);
        phrase += piece.quoted ? "\"" : "\"*";
        std::string &words = piece.negated ? m_notWords : m_words;
        words += (words.empty() ? "" : (piece.negated ? " OR " : " AND ")) + phrase;
        return {};
    }

    std::int64_t m_maxLength;
    std::map<std::string, Condition> m_either;
    Condition m_not;
    std::string m_words;
    std::string m_notWords;
};

} // namespace

Result<Condition> searchCondition(std::string_view search, std::int64_t maxLength)
{
    Search collected(maxLength);
    for (const Piece &piece : piecesOf(search))
        ATTUNE_CHECK(collected.add(piece));
    return collected.take();
}

} // namespace attune
