#include "core/data/column_roles.h"

#include "core/data/record_reader.h"
#include "core/formats/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace attune {

namespace {

using Columns = std::vector<PreviewColumn>;
using Names = std::span<const std::string_view>;

/// Lower case, and what people put between words is "_".
std::string plainName(const std::string &name)
{
    std::string plain;
    for (const char c : name) {
        if (c >= 'A' && c <= 'Z')
            plain += static_cast<char>(c - 'A' + 'a');
        else
            plain += c == ' ' || c == '-' || c == '.' ? '_' : c;
    }
    return plain;
}

bool isNumber(const std::string &text)
{
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

bool isStars(const std::string &text)
{
    return text.size() == 1 && text[0] >= '1' && text[0] <= '5';
}

bool isMessages(const Json &value)
{
    return value.is_array() && !value.empty() && value.front().is_object() &&
           (value.front().contains("role") || value.front().contains("from"));
}

bool isPart(const std::string &text)
{
    return parsePart(text).has_value();
}

/// The first column without a role that has one of these names, the earlier name first, and whose values `fit`.
PreviewColumn *named(Columns &columns, Names names, const std::function<bool(const PreviewColumn &)> &fits)
{
    for (const std::string_view name : names) {
        for (PreviewColumn &column : columns) {
            if (column.role == ColumnRole::Ignore && plainName(column.name) == name && fits(column))
                return &column;
        }
    }
    return nullptr;
}

bool allValues(const PreviewColumn &column, bool (*isOne)(const std::string &))
{
    bool any = false;
    for (const std::string &value : column.samples) {
        any = any || !value.empty();
        if (!value.empty() && !isOne(value))
            return false;
    }
    return any;
}

bool hasText(const PreviewColumn &column)
{
    return column.kind == "text" || column.kind == "JSON";
}

double meanLength(const PreviewColumn &column)
{
    std::size_t bytes = 0;
    for (const std::string &value : column.samples)
        bytes += value.size();
    return column.samples.empty() ? 0 : static_cast<double>(bytes) / static_cast<double>(column.samples.size());
}

/// The column without a role that has the longest texts.
PreviewColumn *longestText(Columns &columns)
{
    PreviewColumn *longest = nullptr;
    for (PreviewColumn &column : columns) {
        if (column.role == ColumnRole::Ignore && column.kind == "text" &&
            (!longest || meanLength(column) > meanLength(*longest)))
            longest = &column;
    }
    return longest;
}

bool has(const Columns &columns, ColumnRole role)
{
    return std::any_of(columns.begin(), columns.end(), [&](const PreviewColumn &c) { return c.role == role; });
}

void setRole(PreviewColumn *column, ColumnRole role)
{
    if (column)
        column->role = role;
}

/// What stands beside the conversation.
void guessLabels(Columns &columns)
{
    static constexpr std::array<std::string_view, 5> splits{"split", "subset", "set", "part", "fold"};
    static constexpr std::array<std::string_view, 3> ratings{"rating", "stars", "score"};
    static constexpr std::array<std::string_view, 5> notes{"notes", "note", "comment", "comments", "remark"};
    static constexpr std::array<std::string_view, 3> systems{"system", "system_prompt", "system_message"};
    static constexpr std::array<std::string_view, 8> tags{"tags",     "tag",      "topic", "category",
                                                          "language", "lang", "type",  "source"};
    setRole(named(columns, splits, [](const auto &column) { return allValues(column, isPart); }), ColumnRole::Split);
    setRole(named(columns, ratings, [](const auto &column) { return allValues(column, isStars); }),
            ColumnRole::Rating);
    setRole(named(columns, notes, hasText), ColumnRole::Note);
    setRole(named(columns, systems, hasText), ColumnRole::System);
    const auto shortText = [](const PreviewColumn &column) {
        return (column.kind == "text" || column.kind == "list") && meanLength(column) < 40;
    };
    while (PreviewColumn *tag = named(columns, tags, shortText))
        tag->role = ColumnRole::Tag;
}

void guessTurns(Columns &columns)
{
    static constexpr std::array<std::string_view, 17> users{
        "user",     "prompt",       "question", "instruction", "query", "request", "human",    "user_message",
        "mail",     "email",        "e_mail",   "message",     "body",  "text",    "customer", "input",
        "document"};
    static constexpr std::array<std::string_view, 16> answers{
        "assistant", "completion", "answer", "response", "reply",  "output", "gpt",     "bot",
        "target",    "json",       "result", "expected", "summary", "label", "category", "intent"};
    setRole(named(columns, answers, hasText), ColumnRole::Assistant);
    setRole(named(columns, users, hasText), ColumnRole::User);
    if (!has(columns, ColumnRole::Assistant)) {
        for (PreviewColumn &column : columns) {
            if (column.role == ColumnRole::Ignore && column.kind == "JSON" && !has(columns, ColumnRole::Assistant))
                column.role = ColumnRole::Assistant;
        }
    }
    if (!has(columns, ColumnRole::User))
        setRole(longestText(columns), ColumnRole::User);
    if (!has(columns, ColumnRole::Assistant))
        setRole(longestText(columns), ColumnRole::Assistant);
}

} // namespace

std::string kindOfValues(std::span<const std::string> values)
{
    bool any = false;
    bool numbers = true;
    bool stars = true;
    bool objects = true;
    bool lists = true;
    bool messages = true;
    for (const std::string &value : values) {
        if (value.empty())
            continue;
        any = true;
        numbers = numbers && isNumber(value);
        stars = stars && isStars(value);
        const bool bracket = value.front() == '{' || value.front() == '[';
        const Json parsed = bracket ? parsedOrDiscarded(value) : Json();
        objects = objects && parsed.is_object();
        lists = lists && parsed.is_array();
        messages = messages && isMessages(parsed);
    }
    if (!any)
        return "empty";
    if (numbers)
        return stars ? "1-5" : "number";
    if (messages)
        return "messages";
    return objects ? "JSON" : lists ? "list" : "text";
}

FormatGuess::Trust guessRoles(std::vector<PreviewColumn> &columns)
{
    for (PreviewColumn &column : columns)
        column.role = ColumnRole::Ignore;
    for (PreviewColumn &column : columns) {
        if (column.kind == "messages" && !has(columns, ColumnRole::Conversation)) {
            column.role = ColumnRole::Conversation;
            guessLabels(columns);
            return FormatGuess::Trust::Sure;
        }
    }
    std::vector<std::string> names;
    for (const PreviewColumn &column : columns)
        names.push_back(column.name);
    const auto known = guessColumns(names);
    if (known) {
        for (PreviewColumn &column : columns) {
            if (column.name == known->user || (!known->input.empty() && column.name == known->input))
                column.role = ColumnRole::User;
            else if (column.name == known->assistant)
                column.role = ColumnRole::Assistant;
        }
        guessLabels(columns);
        return FormatGuess::Trust::Sure;
    }
    guessLabels(columns);
    guessTurns(columns);
    return has(columns, ColumnRole::User) && has(columns, ColumnRole::Assistant) ? FormatGuess::Trust::Likely
                                                                                : FormatGuess::Trust::Unsure;
}

} // namespace attune
