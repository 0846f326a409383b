#include "app/cli/prompts.h"

#include "app/cli/json_lines.h"
#include "core/base/files.h"
#include "core/data/messages_json.h"
#include "core/studio/chat_model.h"

namespace attune::cli {
namespace {

Result<std::vector<Message>> parsePrompt(const Json &json, const std::string &where)
{
    if (json.is_object() && !json.contains("messages") && json.contains("prompt")) {
        ATTUNE_TRY(auto prompt, jsonValue<std::string>(json, "prompt", "", where));
        return std::vector<Message>{{"user", std::move(prompt)}};
    }
    ATTUNE_TRY(const auto messages, parseMessages(json, where));
    const auto prompt = promptOf(messages);
    if (prompt.empty())
        return fail(ErrorCode::InvalidInput, where + " has no message to answer.");
    return std::vector<Message>(prompt.begin(), prompt.end());
}

} // namespace

Result<std::vector<std::vector<Message>>> readPrompts(const std::filesystem::path &file)
{
    std::vector<std::vector<Message>> prompts;
    ATTUNE_TRY(const auto text, readFile(file));
    // One value over several lines, or one a line? Only the former is valid as a whole, unless there is a single
    // line.
    if (const auto whole = parseJson(text, file.string())) {
        const Json list = whole->is_array() ? *whole : Json::array({*whole});
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::string where = file.string() + (whole->is_array() ? " entry " + std::to_string(i + 1) : "");
            ATTUNE_TRY(auto prompt, parsePrompt(list[i], where));
            prompts.push_back(std::move(prompt));
        }
    } else {
        ATTUNE_CHECK(forEachJsonLine(file, [&](const Json &line, const std::string &where) -> Result<void> {
            ATTUNE_TRY(auto prompt, parsePrompt(line, where));
            prompts.push_back(std::move(prompt));
            return {};
        }));
    }
    if (prompts.empty())
        return fail(ErrorCode::InvalidInput, file.string() + " holds no prompt.");
    return prompts;
}

} // namespace attune::cli
