#pragma once

#include "core/store/project.h"
#include "core/store/schema.h"

// For core/store and its tests only.

namespace attune {

struct Project::Impl {
    Database database;

    static Project wrap(Database opened) { return Project(std::make_unique<Impl>(Impl{std::move(opened)})); }
};

/// A row of the examples table: the columns of ExampleColumns, from the first on.
constexpr std::string_view ExampleColumns =
    "id, messages, part, state, rating, tags, notes, content_hash, origin_file, origin_line";
Result<StoredExample> exampleOf(const Database &database, const Statement &row);
Result<std::optional<Part>> storedPart(const Database &database, const Statement &row, int column);

/// Now, as the file stores times: "2025-01-31T12:00:00Z".
std::string timeNow();
/// Seconds since the epoch.
double secondsNow();

/// Text of the file that must be JSON: else the file is damaged.
Result<Json> storedJson(const Database &database, const std::string &text, const char *where);
Result<std::vector<std::string>> storedTexts(const Database &database, const std::string &text, const char *where);
Result<std::vector<Message>> storedMessages(const Database &database, const std::string &text, const char *where);
std::string jsonText(const Json &value);
/// Fails with InvalidInput where a text is not valid UTF-8.
Result<std::string> messagesText(std::span<const Message> messages);

/// A number of the file that stands for an enumerator, of which there are `count`.
template <typename Enum>
Result<Enum> storedEnum(const Database &database, std::int64_t value, std::int64_t count, const char *where)
{
    if (value < 0 || value >= count)
        return fail(ErrorCode::Corrupt, database.path().string() + " is damaged: " + where + " can't be " +
                                            std::to_string(value) + "; restore a backup.");
    return static_cast<Enum>(value);
}
constexpr std::int64_t PartCount = 3;
constexpr std::int64_t LabelStateCount = 4;
constexpr std::int64_t RunStateCount = 4;

} // namespace attune
