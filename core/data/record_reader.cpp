#include "core/data/record_reader.h"

#include "core/data/conversation.h"
#include "core/formats/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace attune {

namespace {

using Conversation = tl::expected<void, Problem>;

std::string lowered(std::string_view text)
{
    const auto begin = text.find_first_not_of(" \t");
    const auto end = text.find_last_not_of(" \t");
    std::string result(begin == std::string_view::npos ? std::string_view() : text.substr(begin, end - begin + 1));
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return result;
}

/// A member that is there and not null.
const Json *member(const Json &object, const std::string &key)
{
    if (key.empty())
        return nullptr;
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// A text of a flat record; numbers count as text, since labels are often written so.
tl::expected<std::string, Problem> plainText(const Json &object, const std::string &key)
{
    const Json *value = member(object, key);
    if (!value)
        return tl::unexpected(Problem{key, object.contains(key) ? "The value is null, but a text is needed."
                                                                : "This field is missing."});
    if (value->is_number() || value->is_boolean())
        return value->dump();
    return contentText(*value, key);
}

/// A value for a slot of a prompt template: what is not there is empty, and what is no text is written as JSON.
std::string slotText(const Json &record, const std::string &key)
{
    const Json *value = member(record, key);
    if (!value)
        return {};
    if (const auto text = contentText(*value, key))
        return *text;
    return value->dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// A system prompt that stands beside the turns, as all these formats allow: it must not get lost.
Conversation addSystem(ConversationBuilder &builder, const Json &record, const std::string &key)
{
    if (!member(record, key))
        return {};
    auto system = plainText(record, key);
    if (!system)
        return tl::unexpected(std::move(system.error()));
    if (!system->empty())
        builder.add("system", std::move(*system), key);
    return {};
}

tl::expected<std::string, Problem> userText(const Json &record, const ColumnMap &columns)
{
    if (columns.promptTemplate)
        return columns.promptTemplate->fill([&](const std::string &slot) { return slotText(record, slot); });
    auto user = plainText(record, columns.user);
    if (!user)
        return user;
    if (member(record, columns.input)) {
        const auto input = plainText(record, columns.input);
        if (!input)
            return tl::unexpected(input.error());
        if (!input->empty())
            *user += "\n\n" + *input;
    }
    return user;
}

Conversation addPair(ConversationBuilder &builder, const Json &record, const ColumnMap &columns, bool hasHistory)
{
    auto user = userText(record, columns);
    if (!user)
        return tl::unexpected(std::move(user.error()));
    auto assistant = plainText(record, columns.assistant);
    if (!assistant)
        return tl::unexpected(assistant.error());
    if (const Json *history = hasHistory ? member(record, "history") : nullptr) {
        if (auto added = builder.addHistory(*history, "history"); !added)
            return added;
    }
    builder.add("user", std::move(*user),
                columns.promptTemplate ? columns.promptTemplate->slots().front() : columns.user);
    builder.add("assistant", std::move(*assistant), columns.assistant);
    return {};
}

Conversation addPromptAndCompletion(ConversationBuilder &builder, const Json &record)
{
    for (const auto &[key, role] : {std::pair("prompt", "user"), std::pair("completion", "assistant")}) {
        const Json *value = member(record, key);
        // A list of objects with roles holds messages; one of parts holds a text.
        const bool messages = value && value->is_array() && !value->empty() && value->front().is_object() &&
                              value->front().contains("role");
        if (messages) {
            if (auto added = builder.addMessages(*value, key); !added)
                return added;
        } else {
            auto text = plainText(record, key);
            if (!text)
                return tl::unexpected(text.error());
            builder.add(role, std::move(*text), key);
        }
    }
    return {};
}

Conversation addList(ConversationBuilder &builder, const Json &record, const char *key)
{
    const Json *messages = member(record, key);
    if (!messages)
        return tl::unexpected(Problem{key, record.contains(key)
                                               ? "The value is null, but a list of messages is needed."
                                               : "This field is missing."});
    return builder.addMessages(*messages, key);
}

/// A column that holds a whole conversation: a list, an object around one, or the JSON text of either.
Conversation addConversation(ConversationBuilder &builder, const Json &record, const std::string &key)
{
    const Json *value = member(record, key);
    if (!value)
        return tl::unexpected(Problem{key, "This field is missing or empty."});
    Json parsed;
    if (value->is_string()) {
        parsed = parsedOrDiscarded(value->get_ref<const std::string &>());
        if (parsed.is_discarded())
            return tl::unexpected(Problem{key, "The text is not JSON, but a list of messages is needed."});
        value = &parsed;
    }
    for (const char *inner : {"messages", "conversations"})
        if (value->is_object() && value->contains(inner))
            return builder.addMessages((*value)[inner], key + "." + inner);
    return builder.addMessages(*value, key);
}

std::vector<std::string> splitWords(std::string_view text)
{
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(",;"), text.size());
        std::string_view word = text.substr(0, end);
        const auto begin = word.find_first_not_of(" \t\r\n");
        if (begin != std::string_view::npos)
            words.emplace_back(word.substr(begin, word.find_last_not_of(" \t\r\n") - begin + 1));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

Conversation readSplit(const Json &record, const std::string &key, Example &example)
{
    const Json *value = member(record, key);
    if (!value || (value->is_string() && value->get_ref<const std::string &>().empty()))
        return {};
    if (!value->is_string())
        return tl::unexpected(Problem{key, "The split must be \"train\", \"validation\" or \"test\"."});
    auto part = parsePart(value->get_ref<const std::string &>());
    if (!part)
        return tl::unexpected(Problem{key, part.error().message});
    example.part = *part;
    return {};
}

Conversation readTags(const Json &record, const std::string &key, Example &example)
{
    const Json *value = member(record, key);
    if (!value)
        return {};
    std::vector<std::string> tags;
    if (value->is_string()) {
        tags = splitWords(value->get_ref<const std::string &>());
    } else if (value->is_array() &&
               std::all_of(value->begin(), value->end(), [](const Json &tag) { return tag.is_string(); })) {
        tags = value->get<std::vector<std::string>>();
    } else if (value->is_number() || value->is_boolean()) {
        tags = {value->dump()};
    } else {
        return tl::unexpected(Problem{key, "Tags must be a list of texts."});
    }
    for (std::string &tag : tags)
        if (std::find(example.tags.begin(), example.tags.end(), tag) == example.tags.end())
            example.tags.push_back(std::move(tag));
    return {};
}

/// Stars from 1 to 5, as a number or a text; 0 and nothing are no rating. Anything else is noted and left out: a row
/// is worth more than its rating.
void readRating(const Json &record, const std::string &key, Example &example, std::vector<Problem> *notes)
{
    const Json *value = member(record, key);
    if (!value)
        return;
    const std::string text =
        value->is_string() ? lowered(value->get_ref<const std::string &>())
                           : value->dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.empty())
        return;
    double stars = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), stars);
    const bool whole = error == std::errc() && end == text.data() + text.size() && stars >= 0 && stars <= 5 &&
                       stars == std::floor(stars);
    if (whole)
        example.rating = static_cast<int>(stars);
    else if (notes)
        notes->push_back({key, "\"" + text.substr(0, 40) + "\" is no rating from 1 to 5: read as no rating."});
}

void readNotes(const Json &record, const std::string &key, Example &example)
{
    if (const Json *value = member(record, key))
        example.notes = value->is_string() ? value->get<std::string>()
                                           : value->dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// A column by its name, or by its name in other capitals.
Result<std::string> findColumn(const std::string &column, std::span<const std::string> names, const std::string &role,
                               const std::string &where)
{
    auto found = std::find(names.begin(), names.end(), column);
    if (found == names.end())
        found = std::find_if(names.begin(), names.end(),
                             [&](const std::string &name) { return lowered(name) == lowered(column); });
    if (found == names.end()) {
        std::string present;
        for (const std::string &name : names)
            present += (present.empty() ? "\"" : ", \"") + name + "\"";
        return fail(ErrorCode::InvalidInput,
                    where + " has no column \"" + column + "\" for " + role + "; it has " + present + ".");
    }
    if (std::count(names.begin(), names.end(), *found) > 1)
        return fail(ErrorCode::InvalidInput, where + " has more than one column \"" + *found +
                                                 "\", so it is not clear which one is meant for " + role +
                                                 "; rename the others.");
    return *found;
}

/// What a row says about itself is never dropped just because no map mentions it.
void addOwnColumns(ColumnMap &map, std::span<const std::string> names)
{
    for (const std::string &name : names) {
        const std::string plain = lowered(name);
        for (const auto &[wanted, column] : {std::pair("split", &map.split), std::pair("tags", &map.tags),
                                             std::pair("rating", &map.rating), std::pair("notes", &map.note)}) {
            if (column->empty() && plain == wanted)
                *column = name;
        }
    }
}

} // namespace

std::optional<ColumnMap> guessColumns(std::span<const std::string> names)
{
    const auto named = [&](std::string_view wanted) -> std::string {
        const auto found = std::find_if(names.begin(), names.end(),
                                        [&](const std::string &name) { return lowered(name) == wanted; });
        return found == names.end() ? std::string() : *found;
    };
    constexpr std::array<std::pair<std::string_view, std::string_view>, 7> Pairs{{{"prompt", "completion"},
                                                                                  {"instruction", "output"},
                                                                                  {"question", "answer"},
                                                                                  {"user", "assistant"},
                                                                                  {"prompt", "response"},
                                                                                  {"instruction", "response"},
                                                                                  {"input", "output"}}};
    for (const auto &[user, assistant] : Pairs) {
        ColumnMap map;
        map.user = named(user);
        map.assistant = named(assistant);
        if (map.user.empty() || map.assistant.empty())
            continue;
        map.system = named("system");
        if (user == "instruction")
            map.input = named("input");
        addOwnColumns(map, names);
        return map;
    }
    return std::nullopt;
}

bool namesColumns(const ImportOptions &options)
{
    return !options.columns.empty() || !options.promptTemplate.empty() || !options.tagColumns.empty();
}

Result<ColumnMap> columnsFromOptions(const ImportOptions &options, std::span<const std::string> names,
                                     const std::string &where)
{
    ColumnMap map;
    const std::map<std::string, std::string *> roles{
        {"system", &map.system}, {"user", &map.user},     {"input", &map.input}, {"assistant", &map.assistant},
        {"split", &map.split},   {"tags", &map.tags},     {"note", &map.note},   {"conversation", &map.conversation},
        {"rating", &map.rating}};
    for (const auto &[role, column] : options.columns) {
        const auto known = roles.find(role);
        if (known == roles.end())
            return fail(ErrorCode::InvalidInput,
                        "The map names \"" + role +
                            "\", but columns can be mapped to user, assistant, system, input, conversation, "
                            "split, tags, rating and note only.");
        ATTUNE_TRY(*known->second, findColumn(column, names, role, where));
    }
    for (const std::string &column : options.tagColumns) {
        ATTUNE_TRY(map.moreTags.emplace_back(), findColumn(column, names, "tags", where));
    }
    if (!options.promptTemplate.empty()) {
        ATTUNE_TRY(map.promptTemplate, PromptTemplate::parse(options.promptTemplate));
        std::vector<std::string> slots = map.promptTemplate->slots();
        for (std::string &slot : slots) {
            ATTUNE_TRY(slot, findColumn(slot, names, "the prompt template", where));
        }
        map.promptTemplate->rename(slots);
        if (map.assistant.empty()) {
            if (auto guessed = guessColumns(names))
                map.assistant = guessed->assistant;
        }
    }
    for (const char *role : {"user", "assistant"}) {
        const bool given = !map.conversation.empty() || !roles.at(role)->empty() ||
                           (map.promptTemplate && role == std::string_view("user"));
        if (given)
            continue;
        std::string present;
        for (const std::string &name : names)
            present += (present.empty() ? "\"" : ", \"") + name + "\"";
        return fail(ErrorCode::InvalidInput,
                    "The map for " + where + " names no column for " + role + "; it has " + present + ".");
    }
    if (!options.mentionedOnly)
        addOwnColumns(map, names);
    return map;
}

std::optional<RecordShape> guessShape(const Json &record)
{
    if (record.contains("messages"))
        return RecordShape{DataFormat::OpenAi, {}};
    if (record.contains("conversations"))
        return RecordShape{DataFormat::ShareGpt, {}};
    if (record.contains("instruction") && record.contains("output"))
        return RecordShape{DataFormat::Alpaca, {}};
    if (record.contains("prompt") && record.contains("completion"))
        return RecordShape{DataFormat::PromptCompletion, {}};
    std::vector<std::string> names;
    for (const auto &item : record.items())
        names.push_back(item.key());
    if (auto columns = guessColumns(names))
        return RecordShape{DataFormat::Csv, std::move(*columns)};
    return std::nullopt;
}

ReadRecord readRecord(const Json &record, const RecordShape &shape, std::vector<Problem> *notes)
{
    if (!record.is_object())
        return tl::unexpected(Problem{{}, "The record is no JSON object."});
    ColumnMap columns = shape.columns;
    const bool flat = shape.format == DataFormat::Csv || shape.format == DataFormat::Tsv;
    if (!flat) {
        columns = {};
        columns.system = "system";
        columns.user = "instruction";
        columns.input = "input";
        columns.assistant = "output";
        columns.split = "split";
        columns.tags = "tags";
        columns.rating = "rating";
        columns.note = "notes";
    }
    ConversationBuilder builder;
    if (auto system = addSystem(builder, record, columns.system); !system)
        return tl::unexpected(std::move(system.error()));
    Conversation added;
    switch (shape.format) {
    case DataFormat::OpenAi:
        added = addList(builder, record, "messages");
        break;
    case DataFormat::ShareGpt:
        added = addList(builder, record, "conversations");
        break;
    case DataFormat::PromptCompletion:
        added = addPromptAndCompletion(builder, record);
        break;
    default:
        added = columns.conversation.empty() ? addPair(builder, record, columns, !flat)
                                             : addConversation(builder, record, columns.conversation);
    }
    if (!added)
        return tl::unexpected(std::move(added.error()));
    auto messages = builder.finish();
    if (!messages)
        return tl::unexpected(std::move(messages.error()));

    Example example;
    example.messages = std::move(*messages);
    if (auto read = readSplit(record, columns.split, example); !read)
        return tl::unexpected(std::move(read.error()));
    columns.moreTags.insert(columns.moreTags.begin(), columns.tags);
    for (const std::string &column : columns.moreTags) {
        if (auto read = readTags(record, column, example); !read)
            return tl::unexpected(std::move(read.error()));
    }
    readRating(record, columns.rating, example, notes);
    readNotes(record, columns.note, example);
    return example;
}

} // namespace attune
