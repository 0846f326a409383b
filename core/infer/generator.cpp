#include "core/infer/generator.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace attune {
namespace {

using Clock = std::chrono::steady_clock;

/// Sequences decoded side by side. More share the reading and widening of the weights: with 24, four of the product's
/// tiles, it runs at three quarters of what the processor computes, with 8 at half of it. But each has a cache, and
/// what these hold together is bounded.
constexpr std::size_t mostAtOnce = 24;
constexpr std::size_t leastAtOnce = 8;
constexpr std::int64_t cacheBytes = std::int64_t(512) << 20;

/// A whole prompt at once needs activations for all its tokens; pieces bound them.
constexpr std::size_t prefillPiece = 1024;

double secondsSince(Clock::time_point begin)
{
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Text of one answer as it grows: holds back what may become a stop string.
class Answer {
public:
    Answer(std::shared_ptr<const Tokenizer> tokenizer, const GenerationOptions &options)
        : m_options(options), m_decoder(tokenizer ? std::optional<StreamDecoder>(std::in_place, tokenizer, true)
                                                  : std::nullopt)
    {
        for (const auto &stop : options.stop)
            m_longest = std::max(m_longest, stop.size());
    }

    /// True where a stop string has come.
    bool add(TokenId id, const std::function<void(std::string_view)> &onText)
    {
        if (!m_decoder)
            return false;
        m_text += m_decoder->push(id);
        return settle(onText, false);
    }

    std::string finish(const std::function<void(std::string_view)> &onText)
    {
        if (m_decoder && !m_stopped) {
            m_text += m_decoder->flush();
            settle(onText, true);
        }
        return m_text;
    }

private:
    bool settle(const std::function<void(std::string_view)> &onText, bool all)
    {
        for (const auto &stop : m_options.stop) {
            const auto from = m_given > m_longest ? m_given - m_longest : 0;
            const auto at = stop.empty() ? std::string::npos : m_text.find(stop, from);
            if (at != std::string::npos) {
                m_text.resize(std::min(m_text.size(), at));
                m_stopped = true;
            }
        }
        std::size_t safe = m_text.size();
        if (!all && !m_stopped)
            for (const auto &stop : m_options.stop)
                for (std::size_t n = std::min(stop.size(), m_text.size()); n > 0; --n)
                    if (m_text.compare(m_text.size() - n, n, stop, 0, n) == 0) {
                        safe = std::min(safe, m_text.size() - n);
                        break;
                    }
        if (safe > m_given) {
            if (onText)
                onText(std::string_view(m_text).substr(m_given, safe - m_given));
            m_given = safe;
        }
        return m_stopped;
    }

    const GenerationOptions &m_options;
    std::optional<StreamDecoder> m_decoder;
    std::size_t m_longest = 0;
    std::string m_text;
    std::size_t m_given = 0;
    bool m_stopped = false;
};

/// One sequence being generated.
struct Sequence {
    Sequence(std::size_t number, std::span<const TokenId> prompt, const std::shared_ptr<const Tokenizer> &tokenizer,
             const GenerationOptions &options)
        : index(number), seen(prompt.begin(), prompt.end()), sampler(options.sampling), answer(tokenizer, options)
    {
    }

    std::size_t index;
    std::vector<TokenId> seen;
    Sampler sampler;
    Answer answer;
    KvCache cache;
    Generation result;
};

bool endsAnswer(TokenId id, const Tokenizer *tokenizer)
{
    if (!tokenizer)
        return false;
    const auto &stop = tokenizer->config().stop;
    return std::find(stop.begin(), stop.end(), id) != stop.end();
}

/// Chooses from the scores; true where the answer is complete. Fails where they have no order.
Result<bool> takeToken(Sequence &s, std::span<float> logits, const Tokenizer *tokenizer,
                       const GenerationOptions &options, const std::function<void(std::string_view)> &onText)
{
    constexpr float Infinity = std::numeric_limits<float>::infinity();
    if (!std::all_of(logits.begin(), logits.end(), [](float score) { return score < Infinity; }))
        return fail(ErrorCode::Corrupt,
                    "The model's scores are not all numbers: values of its weights or its adapter are "
                    "damaged or too large; fetch the model again, or take an earlier checkpoint.");
    const TokenId id = s.sampler.choose(logits, s.seen);
    s.seen.push_back(id);
    s.result.ids.push_back(id);
    if (!options.ignoreEos && endsAnswer(id, tokenizer)) {
        s.result.finish = "eos";
        return true;
    }
    if (s.answer.add(id, onText)) {
        s.result.finish = "stop";
        return true;
    }
    if (static_cast<std::int64_t>(s.result.ids.size()) >= options.maxNewTokens) {
        s.result.finish = "length";
        return true;
    }
    return false;
}

Result<void> checkPrompt(const LanguageModel &model, std::span<const TokenId> prompt,
                         const GenerationOptions &options)
{
    ATTUNE_CHECK(options.sampling.check());
    if (prompt.empty())
        return fail(ErrorCode::InvalidInput, "The prompt is empty; give at least one token.");
    if (options.maxNewTokens < 1)
        return fail(ErrorCode::InvalidInput, "--max-new-tokens must be 1 or more.");
    for (const TokenId id : prompt)
        if (id < 0 || id >= model.config().vocabSize)
            return fail(ErrorCode::InvalidInput, "The token id " + std::to_string(id) +
                                                     " is outside the model's vocabulary of " +
                                                     std::to_string(model.config().vocabSize) + ".");
    return {};
}

/// How many of these prompts are answered at once.
std::size_t sequencesAtOnce(const ModelConfig &config, std::span<const std::vector<TokenId>> prompts,
                            const GenerationOptions &options)
{
    std::size_t longest = 0;
    for (const auto &prompt : prompts)
        longest = std::max(longest, prompt.size());
    const std::int64_t tokens = static_cast<std::int64_t>(longest) + options.maxNewTokens;
    constexpr std::int64_t keysAndValues = 2 * sizeof(std::uint16_t);
    const std::int64_t each = tokens * config.layers * config.kvHeads * config.headDim * keysAndValues;
    return std::clamp(static_cast<std::size_t>(cacheBytes / std::max<std::int64_t>(1, each)), leastAtOnce,
                      mostAtOnce);
}

/// Reads the next piece of the prompt; the scores after it.
Result<std::vector<float>> readPiece(LanguageModel &model, KvCache &cache, std::span<const TokenId> prompt)
{
    const auto from = static_cast<std::size_t>(cache.length());
    const LanguageModel::Feed feed{&cache, prompt.subspan(from, std::min(prefillPiece, prompt.size() - from))};
    return model.nextLogits({&feed, 1});
}

Result<std::vector<float>> prefill(LanguageModel &model, KvCache &cache, std::span<const TokenId> prompt)
{
    std::vector<float> logits;
    while (static_cast<std::size_t>(cache.length()) < prompt.size()) {
        ATTUNE_TRY(logits, readPiece(model, cache, prompt));
    }
    return logits;
}

/// The cache of what all prompts begin with, read once; empty where that is little. Each keeps a token of its own,
/// whose scores are needed.
Result<KvCache> readBeginning(LanguageModel &model, std::span<const std::vector<TokenId>> prompts)
{
    constexpr std::size_t worthCopying = 16;
    KvCache cache;
    if (prompts.size() < 2)
        return cache;
    std::span<const TokenId> common = prompts.front();
    for (const auto &prompt : prompts) {
        const auto end = std::mismatch(common.begin(), common.end(), prompt.begin(), prompt.end() - 1).first;
        common = common.first(static_cast<std::size_t>(end - common.begin()));
    }
    if (common.size() >= worthCopying)
        ATTUNE_CHECK(prefill(model, cache, common));
    return cache;
}

} // namespace

struct Answering::Impl {
    Impl(std::shared_ptr<const Tokenizer> ownTokenizer, std::span<const TokenId> prompt,
         const GenerationOptions &ownOptions)
        : options(ownOptions), tokenizer(std::move(ownTokenizer)), promptSize(prompt.size()),
          sequence(0, prompt, tokenizer, options)
    {
    }

    GenerationOptions options;
    std::shared_ptr<const Tokenizer> tokenizer;
    std::size_t promptSize;
    Sequence sequence;
    std::vector<float> logits; ///< after what was read; empty: they are used up
};

Answering::Answering(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Answering::Answering(Answering &&) noexcept = default;
Answering &Answering::operator=(Answering &&) noexcept = default;
Answering::~Answering() = default;

Result<Answering> Answering::begin(const LanguageModel &model, std::shared_ptr<const Tokenizer> tokenizer,
                                   std::span<const TokenId> prompt, const GenerationOptions &options)
{
    ATTUNE_CHECK(checkPrompt(model, prompt, options));
    return Answering(std::make_unique<Impl>(std::move(tokenizer), prompt, options));
}

Result<bool> Answering::step(LanguageModel &model, const std::function<void(std::string_view)> &onText)
{
    Sequence &s = m_impl->sequence;
    const auto begin = Clock::now();
    if (static_cast<std::size_t>(s.cache.length()) < m_impl->promptSize) {
        ATTUNE_TRY(m_impl->logits, readPiece(model, s.cache, std::span(s.seen).first(m_impl->promptSize)));
        s.result.prefillSeconds += secondsSince(begin);
        return false;
    }
    if (m_impl->logits.empty()) {
        const LanguageModel::Feed feed{&s.cache, std::span(s.seen).last(1)};
        ATTUNE_TRY(m_impl->logits, model.nextLogits({&feed, 1}));
    }
    ATTUNE_TRY(const bool complete, takeToken(s, m_impl->logits, m_impl->tokenizer.get(), m_impl->options, onText));
    m_impl->logits.clear();
    s.result.decodeSeconds += secondsSince(begin);
    return complete;
}

std::int64_t Answering::tokens() const noexcept
{
    return static_cast<std::int64_t>(m_impl->sequence.result.ids.size());
}

double Answering::decodeSeconds() const noexcept
{
    return m_impl->sequence.result.decodeSeconds;
}

Generation Answering::end(const std::function<void(std::string_view)> &onText)
{
    Generation &result = m_impl->sequence.result;
    if (result.finish.empty())
        result.finish = "interrupted";
    result.text = m_impl->sequence.answer.finish(onText);
    return std::move(result);
}

Result<Generation> generate(LanguageModel &model, const std::shared_ptr<const Tokenizer> &tokenizer,
                            std::span<const TokenId> prompt, const GenerationOptions &options, std::stop_token stop,
                            const std::function<void(std::string_view)> &onText)
{
    ATTUNE_TRY(auto answering, Answering::begin(model, tokenizer, prompt, options));
    for (;;) {
        ATTUNE_TRY(const bool complete, answering.step(model, onText));
        if (complete || stop.stop_requested())
            return answering.end(onText);
    }
}

Result<std::vector<Generation>> generateAll(LanguageModel &model, const std::shared_ptr<const Tokenizer> &tokenizer,
                                            std::span<const std::vector<TokenId>> prompts,
                                            const GenerationOptions &options, std::stop_token stop,
                                            const std::function<void(std::size_t, const Generation &)> &onDone)
{
    for (const auto &prompt : prompts)
        ATTUNE_CHECK(checkPrompt(model, prompt, options));
    std::vector<Generation> results(prompts.size());
    std::vector<std::unique_ptr<Sequence>> running;
    const auto vocab = static_cast<std::size_t>(model.config().vocabSize);
    const std::size_t atOnce = sequencesAtOnce(model.config(), prompts, options);
    ATTUNE_TRY(const KvCache beginning, readBeginning(model, prompts));
    std::size_t next = 0;
    const auto finish = [&](Sequence &s) {
        s.result.text = s.answer.finish({});
        results[s.index] = std::move(s.result);
        if (onDone)
            onDone(s.index, results[s.index]);
    };
    while (next < prompts.size() || !running.empty()) {
        if (stop.stop_requested())
            return fail(ErrorCode::Interrupted, "Generating was interrupted.");
        if (next < prompts.size() && running.size() < atOnce) {
            auto s = std::make_unique<Sequence>(next, prompts[next], tokenizer, options);
            const auto begin = Clock::now();
            s->cache = beginning.clone();
            ATTUNE_TRY(auto logits, prefill(model, s->cache, prompts[next]));
            s->result.prefillSeconds = secondsSince(begin);
            ++next;
            ATTUNE_TRY(const bool complete, takeToken(*s, logits, tokenizer.get(), options, {}));
            if (complete)
                finish(*s);
            else
                running.push_back(std::move(s));
            continue;
        }
        std::vector<LanguageModel::Feed> feeds;
        for (const auto &s : running)
            feeds.push_back({&s->cache, std::span(s->seen).last(1)});
        const auto begin = Clock::now();
        ATTUNE_TRY(auto logits, model.nextLogits(feeds));
        const double share = secondsSince(begin) / static_cast<double>(running.size());
        std::vector<std::unique_ptr<Sequence>> still;
        for (std::size_t i = 0; i < running.size(); ++i) {
            running[i]->result.decodeSeconds += share;
            ATTUNE_TRY(const bool complete, takeToken(*running[i], std::span(logits).subspan(i * vocab, vocab),
                                                      tokenizer.get(), options, {}));
            if (complete)
                finish(*running[i]);
            else
                still.push_back(std::move(running[i]));
        }
        running = std::move(still);
    }
    return results;
}

} // namespace attune
