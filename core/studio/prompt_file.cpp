#include "core/studio/prompt_file.h"

#include "core/base/files.h"
#include "core/data/messages_json.h"
#include "core/studio/chat_model.h"

#include <sstream>

namespace attune {
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
    const auto add = [&prompts](const Json &json, const std::string &where) -> Result<void> {
        ATTUNE_TRY(auto prompt, parsePrompt(json, where));
        prompts.push_back(std::move(prompt));
        return {};
    };
    ATTUNE_TRY(const auto text, readFile(file));
    // One value over several lines, or one a line? Only the former is valid as a whole, unless there is a single
    // line.
    if (const auto whole = parseJson(text, file.string())) {
        const Json list = whole->is_array() ? *whole : Json::array({*whole});
        for (std::size_t i = 0; i < list.size(); ++i)
            ATTUNE_CHECK(add(list[i], file.string() + (whole->is_array() ? " entry " + std::to_string(i + 1) : "")));
    } else {
        std::istringstream lines(text);
        std::string line;
        for (std::int64_t number = 1; std::getline(lines, line); ++number) {
            if (line.find_first_not_of(" \t\r") == std::string::npos)
                continue;
            const std::string where = file.string() + " line " + std::to_string(number);
            ATTUNE_TRY(const Json json, parseJson(line, where));
            if (!json.is_object())
                return fail(ErrorCode::InvalidInput, where + " is not a JSON object.");
            ATTUNE_CHECK(add(json, where));
        }
    }
    if (prompts.empty())
        return fail(ErrorCode::InvalidInput, file.string() + " holds no prompt.");
    return prompts;
}

} // namespace attune
