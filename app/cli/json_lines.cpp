#include "app/cli/json_lines.h"

#include <fstream>

namespace attune::cli {

Result<void> forEachJsonLine(const std::filesystem::path &file,
                             const std::function<Result<void>(const Json &, const std::string &where)> &visit)
{
    std::error_code ignored;
    std::ifstream in(file);
    if (!in || std::filesystem::is_directory(file, ignored)) // a folder opens, and gives no line
        return fail(ErrorCode::NotFound, "Can't read " + file.string() + "; is the path right?");
    std::string line;
    for (std::int64_t number = 1; std::getline(in, line); ++number) {
        if (line.find_first_not_of(" \t\r") == std::string::npos)
            continue;
        const std::string where = file.string() + " line " + std::to_string(number);
        ATTUNE_TRY(const Json json, parseJson(line, where));
        if (!json.is_object())
            return fail(ErrorCode::InvalidInput, where + " is not a JSON object.");
        ATTUNE_CHECK(visit(json, where));
    }
    if (in.bad())
        return fail(ErrorCode::Io, "Can't read " + file.string() + " to its end; is the disk all right?");
    return {};
}

} // namespace attune::cli
