#include "app/cli/cli.h"
#include "app/cli/json_lines.h"
#include "core/model/registry.h"
#include "core/text/tokenizer.h"

namespace attune::cli {
namespace {

struct Options {
    std::string model;
    std::string input;
    bool json = false;
};

Result<int> tokenize(const Options &options)
{
    ATTUNE_TRY(const auto path, resolveModel(options.model));
    ATTUNE_TRY(const auto tokenizer, Tokenizer::load(path));
    ATTUNE_CHECK(forEachJsonLine(options.input, [&](const Json &line, const std::string &where) -> Result<void> {
        if (!line.contains("text") || !line["text"].is_string())
            return fail(ErrorCode::InvalidInput, where + " has no \"text\".");
        std::vector<TokenId> ids;
        std::vector<std::string> pieces;
        for (const Token &token : tokenizer->encode(line["text"].get_ref<const std::string &>())) {
            ids.push_back(token.id);
            pieces.push_back(tokenizer->piece(token.id));
        }
        if (options.json) {
            printJson(Json{{"ids", ids}, {"pieces", pieces}});
            return {};
        }
        std::string text;
        for (std::size_t i = 0; i < ids.size(); ++i)
            text += (i ? " " : "") + pieces[i] + "/" + std::to_string(ids[i]);
        print(text);
        return {};
    }));
    return 0;
}

} // namespace

void addTokenize(CLI::App &app)
{
    auto options = std::make_shared<Options>();
    const Verb verb(app, "tokenize", "Show the tokens of texts, without BOS",
                    [options](const Context &) { return tokenize(*options); });
    verb.option("--model", options->model, "Folder, GGUF file or known name").required();
    verb.option("--input", options->input, "JSON Lines of {\"text\"}").required();
    verb.flag("--json", options->json, "One {\"ids\", \"pieces\"} a line");
}

} // namespace attune::cli
