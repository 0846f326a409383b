#include "app/cli/ids.h"

#include <charconv>

namespace attune::cli {

Result<std::vector<TokenId>> parseIds(const std::string &text)
{
    std::vector<TokenId> ids;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        TokenId id = 0;
        const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, id);
        if (error != std::errc() || stop != text.data() + end || id < 0)
            return fail(ErrorCode::InvalidInput,
                        "--ids: \"" + text.substr(begin, end - begin) + "\" is not a token id; write 1,2,3.");
        ids.push_back(id);
        begin = end + 1;
    }
    return ids;
}

} // namespace attune::cli
