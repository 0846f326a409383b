#include "core/store/imported_rows.h"
#include "core/store/project_impl.h"

#include <chrono>
#include <ctime>

namespace attune {

namespace {

tl::unexpected<Error> damagedText(const Database &database, const char *where)
{
    return fail(ErrorCode::Corrupt,
                database.path().string() + " is damaged: " + where + " can't be read; restore a backup.");
}

} // namespace

std::string timeNow()
{
    const std::time_t now = std::time(nullptr);
    std::tm parts = {};
    ::gmtime_r(&now, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

double secondsNow()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Result<Json> storedJson(const Database &database, const std::string &text, const char *where)
{
    auto parsed = parseJson(text, where);
    if (!parsed)
        return damagedText(database, where);
    return parsed;
}

Result<std::vector<std::string>> storedTexts(const Database &database, const std::string &text, const char *where)
{
    if (text == "[]") // the usual case, in every row of a walk
        return std::vector<std::string>();
    ATTUNE_TRY(const Json list, storedJson(database, text, where));
    if (!list.is_array())
        return damagedText(database, where);
    std::vector<std::string> texts;
    for (const Json &item : list) {
        if (!item.is_string())
            return damagedText(database, where);
        texts.push_back(item.get_ref<const std::string &>());
    }
    return texts;
}

Result<std::vector<Message>> storedMessages(const Database &database, const std::string &text, const char *where)
{
    ATTUNE_TRY(Json list, storedJson(database, text, where));
    if (!list.is_array())
        return damagedText(database, where);
    std::vector<Message> messages;
    messages.reserve(list.size());
    for (Json &item : list) {
        Message message;
        for (const auto &[key, target] : {std::pair("role", &message.role), std::pair("content", &message.content)}) {
            const auto found = item.is_object() ? item.find(key) : item.end();
            if (found == item.end() || !found->is_string())
                return damagedText(database, where);
            *target = std::move(found->get_ref<std::string &>());
        }
        messages.push_back(std::move(message));
    }
    return messages;
}

std::string jsonText(const Json &value)
{
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> messagesText(std::span<const Message> messages)
{
    Json list = Json::array();
    for (const Message &message : messages)
        list.push_back({{"role", message.role}, {"content", message.content}});
    try {
        return list.dump();
    } catch (const Json::type_error &error) { // replacing bytes here would make the text differ from its hash
        return fail(ErrorCode::InvalidInput, "A row's text is not valid UTF-8, so it was not stored.", error.what());
    }
}

std::string_view name(RunState state)
{
    switch (state) {
    case RunState::Running:
        return "running";
    case RunState::Finished:
        return "finished";
    case RunState::Stopped:
        return "stopped";
    case RunState::Failed:
        return "failed";
    }
    return "unknown";
}

Project::Project(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Project::Project(Project &&) noexcept = default;
Project &Project::operator=(Project &&) noexcept = default;
Project::~Project() = default;

Result<Project> Project::create(const std::filesystem::path &path)
{
    ATTUNE_TRY(auto database, createProjectFile(path, projectMigrations()));
    return Impl::wrap(std::move(database));
}

Result<Project> Project::open(const std::filesystem::path &path)
{
    ATTUNE_TRY(auto database, openProjectFile(path, projectMigrations()));
    if (!database.readOnly()) // as far as it comes: who opens a project to read it needs no more
        (void)endDeadImports(database, true);
    return Impl::wrap(std::move(database));
}

const std::filesystem::path &Project::path() const noexcept
{
    return m_impl->database.path();
}

bool Project::readOnly() const
{
    return m_impl->database.readOnly();
}

Result<void> Project::quickCheck()
{
    Database &database = m_impl->database;
    ATTUNE_TRY(const std::string verdict, database.text("PRAGMA quick_check(1)", "check it"));
    if (verdict != "ok")
        return fail(ErrorCode::Corrupt, database.path().string() + " is damaged; restore a backup.", verdict);
    // SQLite guards the structure of its pages, not the text in them; that is what the hashes are for.
    for (const char *table : {"examples", "row_versions"}) {
        ATTUNE_TRY(auto rows,
                   database.prepare("SELECT id, messages, content_hash FROM " + std::string(table), "check it"));
        while (true) {
            ATTUNE_TRY(const bool more, rows.step());
            if (!more)
                break;
            ATTUNE_TRY(const auto messages, storedMessages(database, rows.text(1), "a row's text"));
            if (contentHash(messages) != rows.text(2))
                return fail(ErrorCode::Corrupt,
                            database.path().string() + " is damaged: the text of row " +
                                std::to_string(rows.integer(0)) + " is not what was stored; restore a backup.",
                            table);
        }
    }
    return {};
}

Result<void> Project::backupTo(const std::filesystem::path &copy)
{
    std::error_code ignored;
    if (std::filesystem::exists(copy, ignored))
        return fail(ErrorCode::InvalidInput, copy.string() + " exists already; choose another name.");
    auto written = m_impl->database.backupTo(copy);
    if (!written)
        std::filesystem::remove(copy, ignored);
    return written;
}

Result<std::optional<std::string>> Project::setting(const std::string &key)
{
    constexpr auto Doing = "read its settings";
    ATTUNE_TRY(auto query, m_impl->database.prepare("SELECT value FROM settings WHERE key = ?", Doing));
    ATTUNE_TRY(const bool found, query.bind(key).step());
    return found ? std::optional(query.text(0)) : std::nullopt;
}

Result<void> Project::setSetting(const std::string &key, const std::string &value)
{
    ATTUNE_TRY(auto insert, m_impl->database.prepare("INSERT INTO settings (key, value) VALUES (?, ?) "
                                                     "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                                                     "save a setting"));
    return insert.bind(key, value).run();
}

} // namespace attune
