#include "core/text/gguf_pretokenizers.h"

#include <algorithm>

namespace attune {

namespace {

struct Kind {
    std::vector<std::string_view> names;
    std::vector<std::string> patterns; ///< each cuts what the one before it left
    bool wholeWords = false;
};

// The patterns are those of the models' own tokenizer.json, where they have one.

const std::string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";

/// What Llama 3 began and many took over; they differ in how long a run of digits may be.
std::string llama3Pattern(const std::string &digits)
{
    return Contractions + R"(|[^\r\n\p{L}\p{N}]?\p{L}+|)" + digits +
           R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
}

/// Words in which capitals come first, as in GPT-4o.
std::string casedPattern(const std::string &digits, const std::string &afterWord)
{
    const std::string upper = R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])";
    const std::string lower = R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])";
    const std::string start = R"([^\r\n\p{L}\p{N}]?)";
    return start + upper + "*" + lower + "+" + afterWord + "|" + start + upper + "+" + lower + "*" + afterWord + "|" +
           digits + R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
}

/// The letters with capitals that DeepSeek LLM counts: those of Unicode 11, less a few scripts.
const char *const CasedLetters =
    R"(A-Za-z\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf}\x{1c4}-\x{293}\x{295}-\x{2af})"
    R"(\x{370}-\x{373}\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386}\x{388}-\x{38a}\x{38c}\x{38e}-\x{3a1})"
    R"(\x{3a3}-\x{3f5}\x{3f7}-\x{481}\x{48a}-\x{52f}\x{531}-\x{556}\x{10a0}-\x{10c5}\x{13a0}-\x{13f5})"
    R"(\x{13f8}-\x{13fd}\x{1c90}-\x{1cba}\x{1cbd}-\x{1cbf}\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77})"
    R"(\x{1d79}-\x{1d9a}\x{1e00}-\x{1f15}\x{1f18}-\x{1f1d}\x{1f20}-\x{1f45}\x{1f48}-\x{1f4d})"
    R"(\x{1f50}-\x{1f57}\x{1f59}\x{1f5b}\x{1f5d}\x{1f5f}-\x{1f7d}\x{1f80}-\x{1fb4}\x{1fb6}-\x{1fbc}\x{1fbe})"
    R"(\x{1fc2}-\x{1fc4}\x{1fc6}-\x{1fcc}\x{1fd0}-\x{1fd3}\x{1fd6}-\x{1fdb}\x{1fe0}-\x{1fec})"
    R"(\x{1ff2}-\x{1ff4}\x{1ff6}-\x{1ffc}\x{2102}\x{2107}\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d}\x{2124})"
    R"(\x{2126}\x{2128}\x{212a}-\x{212d}\x{212f}-\x{2134}\x{2139}\x{213c}-\x{213f}\x{2145}-\x{2149}\x{214e})"
    R"(\x{2183}\x{2184}\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4}\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3}\x{a640}-\x{a66d})"
    R"(\x{a680}-\x{a69b}\x{a722}-\x{a76f}\x{a771}-\x{a787}\x{a78b}-\x{a78e}\x{ab70}-\x{abbf})"
    R"(\x{fb00}-\x{fb06}\x{fb13}-\x{fb17}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{10400}-\x{1044f})"
    R"(\x{104b0}-\x{104d3}\x{104d8}-\x{104fb}\x{10c80}-\x{10cb2}\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df})"
    R"(\x{1e900}-\x{1e943})";

std::vector<Kind> allKinds()
{
    const std::string one = "\\p{N}";
    const std::string three = "\\p{N}{1,3}";
    const std::string llama3 = llama3Pattern(three);
    const std::string qwen2 = llama3Pattern(one);
    const std::string cjk = R"([\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+)";
    return {
        {{"gpt-2", "phi-2", "mpt", "olmo", "jais", "gigachat", "exaone4", "trillion", "granite-docling", "mellum",
          "modern-bert", "roberta-bpe", "a.x-4.0"},
         {Gpt2Pattern}},
        {{"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"},
         {one, Gpt2Pattern}},
        {{"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "glm4", "glm5"},
         {llama3},
         true},
        {{"dbrx", "smaug-bpe", "chatglm-bpe"}, {llama3}},
        {{"qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez", "kormo", "f2llmv2", "solar-open", "grok-2"},
         {qwen2}},
        {{"qwen35"},
         {Contractions +
          R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"}},
        {{"seed-coder"},
         {Contractions + R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)"}},
        {{"tekken"}, {casedPattern(one, "")}, true},
        {{"gpt-4o", "llama4", "kanana2"}, {casedPattern(three, Contractions + "?")}},
        {{"deepseek-llm"},
         {"[\r\n]", R"(\s?[)" + std::string(CasedLetters) + "]+",
          R"(\s?[!-/:-~\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff5e}\x{2018}-\x{201f}\x{3000}-\x{3002}]+)", R"(\s+$)", cjk,
          "\\p{N}+"}},
        {{"deepseek-coder"}, {"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", cjk, one}},
        {{"deepseek-v3", "hunyuan-dense", "joyai-llm"},
         {three, R"([\x{4e00}-\x{9fa5}\x{3040}-\x{309f}\x{30a0}-\x{30ff}]+)",
          R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"}},
        {{"falcon"}, {R"([\p{P}\$\+<=>\^~\|`]+)", Gpt2Pattern, "[0-9][0-9][0-9]"}},
        {{"default"}, {R"([\p{P}\$\+<=>\^~\|]+)", Gpt2Pattern, "\\p{N}+", "[0-9][0-9][0-9]"}},
    };
}

} // namespace

Result<GgufPreTokenizer> ggufPreTokenizer(std::string_view name, std::string_view where)
{
    static const std::vector<Kind> kinds = allKinds();
    for (const Kind &kind : kinds) {
        if (std::find(kind.names.begin(), kind.names.end(), name) == kind.names.end())
            continue;
        GgufPreTokenizer made;
        for (const std::string &pattern : kind.patterns)
            ATTUNE_CHECK(made.preTokenizer.addPattern(pattern, PreTokenizer::Gaps::Keep, where));
        made.wholeWords = kind.wholeWords;
        return made;
    }
    return fail(ErrorCode::InvalidInput, std::string(where) + ": the pre-tokenizer " + std::string(name) +
                                             " (tokenizer.ggml.pre) is not supported; use the model's Hugging Face "
                                             "folder.");
}

} // namespace attune
