#include "core/data/export.h"

#include "core/formats/json.h"

#include <algorithm>
#include <array>

namespace attune {

namespace {

constexpr std::array<std::pair<std::string_view, ExportFormat>, 4> Formats{{{"chat", ExportFormat::Chat},
                                                                            {"alpaca", ExportFormat::Alpaca},
                                                                            {"sharegpt", ExportFormat::ShareGpt},
                                                                            {"csv", ExportFormat::Csv}}};

using Line = tl::expected<std::string, std::string>;

tl::unexpected<std::string> cannot(std::string reason)
{
    return tl::unexpected(std::move(reason));
}

/// A conversation as a system turn and questions with their answers.
struct Exchange {
    std::string system;
    std::vector<std::pair<std::string, std::string>> turns;
};

tl::expected<Exchange, std::string> exchangeOf(std::span<const Message> messages)
{
    Exchange exchange;
    std::size_t i = 0;
    if (!messages.empty() && messages[0].role == "system") {
        exchange.system = messages[0].content;
        if (exchange.system.empty())
            return cannot("The system turn is empty, and an empty one is the same as none in this format.");
        ++i;
    }
    for (; i < messages.size(); i += 2) {
        if (messages[i].role != "user" || i + 1 == messages.size() || messages[i + 1].role != "assistant")
            return cannot("This format holds questions that are each followed by their answer, and turn " +
                          std::to_string(i + 1) + " (" + messages[i].role + ") is not part of such a pair.");
        exchange.turns.emplace_back(messages[i].content, messages[i + 1].content);
    }
    if (exchange.turns.empty())
        return cannot("There is no question with an answer.");
    return exchange;
}

/// The fields beside the conversation; what a row does not have is not written.
void addLabels(OrderedJson &json, const Example &row)
{
    if (row.part)
        json["split"] = name(*row.part);
    if (!row.tags.empty())
        json["tags"] = row.tags;
    if (row.rating > 0)
        json["rating"] = row.rating;
    if (!row.notes.empty())
        json["notes"] = row.notes;
}

std::string jsonLine(const OrderedJson &json)
{
    return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

Line chatLine(const Example &row)
{
    OrderedJson messages = OrderedJson::array();
    for (const Message &message : row.messages)
        messages.push_back({{"role", message.role}, {"content", message.content}});
    OrderedJson json = {{"messages", std::move(messages)}};
    addLabels(json, row);
    return jsonLine(json);
}

Line alpacaLine(const Example &row)
{
    const auto exchange = exchangeOf(row.messages);
    if (!exchange)
        return cannot(exchange.error());
    OrderedJson json = {
        {"instruction", exchange->turns.back().first}, {"input", ""}, {"output", exchange->turns.back().second}};
    if (!exchange->system.empty())
        json["system"] = exchange->system;
    if (exchange->turns.size() > 1) {
        OrderedJson history = OrderedJson::array();
        for (std::size_t i = 0; i + 1 < exchange->turns.size(); ++i)
            history.push_back({exchange->turns[i].first, exchange->turns[i].second});
        json["history"] = std::move(history);
    }
    addLabels(json, row);
    return jsonLine(json);
}

Line shareGptLine(const Example &row)
{
    OrderedJson turns = OrderedJson::array();
    for (const Message &message : row.messages) {
        const char *from = message.role == "system"      ? "system"
                           : message.role == "user"      ? "human"
                           : message.role == "assistant" ? "gpt"
                                                         : nullptr;
        if (!from)
            return cannot("ShareGPT has no turns of the role \"" + message.role + "\".");
        turns.push_back({{"from", from}, {"value", message.content}});
    }
    OrderedJson json = {{"conversations", std::move(turns)}};
    addLabels(json, row);
    return jsonLine(json);
}

/// RFC 4180: in quotes where it has to be, quotes doubled.
std::string csvField(const std::string &text)
{
    const bool plain = text.find_first_of("\",\r\n;") == std::string::npos && !text.starts_with(' ') &&
                       !text.ends_with(' ') && !text.starts_with("\xEF\xBB\xBF");
    if (plain)
        return text;
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"')
            quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

Line csvLine(const Example &row)
{
    const auto exchange = exchangeOf(row.messages);
    if (!exchange)
        return cannot(exchange.error());
    if (exchange->turns.size() > 1)
        return cannot("A row of a table holds one question and its answer, and this conversation has " +
                      std::to_string(exchange->turns.size()) + ".");
    std::string tags;
    for (const std::string &tag : row.tags) {
        if (tag.empty() || tag.find_first_of(",;") != std::string::npos || tag.find_first_of(" \t\r\n") == 0 ||
            tag.find_last_of(" \t\r\n") + 1 == tag.size())
            return cannot("The tag \"" + tag + "\" can't be told apart from others in one column.");
        tags += (tags.empty() ? "" : ", ") + tag;
    }
    const auto &[user, assistant] = exchange->turns.front();
    std::string line;
    for (const std::string &text :
         {exchange->system, user, assistant, row.part ? std::string(name(*row.part)) : std::string(), tags,
          row.rating > 0 ? std::to_string(row.rating) : std::string()})
        line += csvField(text) + ",";
    return line + csvField(row.notes) + "\r\n";
}

} // namespace

std::string_view name(ExportFormat format)
{
    for (const auto &[text, known] : Formats) {
        if (known == format)
            return text;
    }
    return "chat";
}

Result<ExportFormat> parseExportFormat(std::string_view text)
{
    for (const auto &[known, format] : Formats) {
        if (known == text)
            return format;
    }
    return fail(ErrorCode::InvalidInput, "\"" + std::string(text) +
                                             "\" is no format to export to: use chat, alpaca, sharegpt or csv.");
}

std::string_view fileEnding(ExportFormat format)
{
    return format == ExportFormat::Csv ? "csv" : "jsonl";
}

std::string exportHeader(ExportFormat format)
{
    return format == ExportFormat::Csv ? "system,user,assistant,split,tags,rating,notes\r\n" : "";
}

tl::expected<std::string, std::string> exportRow(const Example &row, ExportFormat format)
{
    switch (format) {
    case ExportFormat::Chat:
        return chatLine(row);
    case ExportFormat::Alpaca:
        return alpacaLine(row);
    case ExportFormat::ShareGpt:
        return shareGptLine(row);
    case ExportFormat::Csv:
        return csvLine(row);
    }
    return cannot("This format is not known.");
}

} // namespace attune
