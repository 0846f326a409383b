#include "core/text/tokenizer.h"

#include "core/base/files.h"
#include "core/formats/gguf.h"
#include "core/formats/json.h"
#include "core/text/bpe_tokenizer.h"
#include "core/text/sentencepiece_tokenizer.h"
#include "core/text/utf8.h"

namespace attune {

Result<std::shared_ptr<const Tokenizer>> Tokenizer::fromFolder(const std::filesystem::path &folder)
{
    ATTUNE_TRY(const TokenizerConfig config, TokenizerConfig::read(folder));
    std::error_code error;
    const std::filesystem::path model = folder / "tokenizer.model";
    const std::filesystem::path json = folder / "tokenizer.json";
    if (std::filesystem::exists(model, error)) {
        ATTUNE_TRY(const std::string content, readFile(model));
        auto tokenizer = SentencePieceTokenizer::create(content, model.string(), config);
        // Others than sentencepiece's have files of this name too, and a tokenizer.json beside them.
        if (tokenizer || !std::filesystem::exists(json, error))
            return tokenizer;
    }
    if (!std::filesystem::exists(json, error))
        return fail(ErrorCode::NotFound,
                    folder.string() + " holds no tokenizer: neither tokenizer.model nor tokenizer.json is there.");
    ATTUNE_TRY(const Json content, readJson(json));
    return SentencePieceTokenizer::isMadeOfOne(content)
               ? SentencePieceTokenizer::fromJson(content, json.string(), config)
               : BpeTokenizer::fromJson(content, json.string(), config);
}

Result<std::shared_ptr<const Tokenizer>> Tokenizer::fromGguf(const GgufFile &file)
{
    ATTUNE_TRY(const auto model, file.string("tokenizer.ggml.model"));
    if (!model)
        return fail(ErrorCode::InvalidInput,
                    file.path().string() + " holds no tokenizer: tokenizer.ggml.model is missing.");
    if (*model == "gpt2")
        return BpeTokenizer::fromGguf(file);
    if (*model == "llama")
        return SentencePieceTokenizer::fromGguf(file);
    return fail(ErrorCode::InvalidInput,
                file.path().string() + ": the tokenizer " + *model + " (tokenizer.ggml.model) is not supported.");
}

Result<std::shared_ptr<const Tokenizer>> Tokenizer::load(const std::filesystem::path &model)
{
    std::error_code error;
    if (std::filesystem::is_directory(model, error))
        return fromFolder(model);
    ATTUNE_TRY(const GgufFile file, GgufFile::open(model));
    return fromGguf(file);
}

StreamDecoder::StreamDecoder(std::shared_ptr<const Tokenizer> tokenizer, bool skipSpecial)
    : m_tokenizer(std::move(tokenizer)), m_skipSpecial(skipSpecial)
{
}

std::string StreamDecoder::push(TokenId id)
{
    if (m_skipSpecial && m_tokenizer->isSpecial(id))
        return {};
    m_pending += m_first ? m_tokenizer->decode(std::span(&id, 1)) : m_tokenizer->tokenBytes(id);
    m_first = false;

    std::string whole;
    std::string_view rest = m_pending;
    while (!rest.empty()) {
        const Utf8Step step = utf8Step(rest);
        if (step.kind == Utf8Step::Kind::Incomplete)
            break;
        whole += replacedInvalidUtf8(rest.substr(0, step.length));
        rest.remove_prefix(step.length);
    }
    m_pending = std::string(rest);
    return whole;
}

std::string StreamDecoder::flush()
{
    return replacedInvalidUtf8(std::exchange(m_pending, {}));
}

} // namespace attune
