#include "core/text/pretokenizer.h"

#include "core/text/oniguruma.h"
#include "core/text/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace attune {

const char *const Gpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

/// The same number of bytes, valid UTF-8: DEL is neither letter nor number nor space, and no pattern names it.
std::string withoutInvalidBytes(std::string_view text)
{
    std::string result(text);
    for (std::size_t at = 0; at < result.size();) {
        const Utf8Step step = utf8Step(std::string_view(result).substr(at));
        if (step.kind != Utf8Step::Kind::Whole)
            result.replace(at, step.length, step.length, '\x7f');
        at += step.length;
    }
    return result;
}

struct CodeDeleter {
    void operator()(pcre2_code *code) const { pcre2_code_free(code); }
};
struct MatchDeleter {
    void operator()(pcre2_match_data *data) const { pcre2_match_data_free(data); }
};

} // namespace

struct PreTokenizer::Step {
    std::unique_ptr<pcre2_code, CodeDeleter> code;
    Gaps gaps = Gaps::Keep;
};

/// One pass over one text.
struct PreTokenizer::Run {
    const std::vector<std::unique_ptr<const Step>> &steps;
    std::string_view text;
    const std::function<void(std::size_t, std::size_t)> &word;
    std::vector<std::unique_ptr<pcre2_match_data, MatchDeleter>> matches;

    /// Whether the step matches in [from, end) of a piece that begins at `begin`; gives the match's borders. The
    /// piece is the whole subject: looking ahead must not see what follows it.
    /// A pattern that gives up (PCRE2's match limit) leaves the rest of the piece whole.
    bool find(std::size_t step, std::size_t begin, std::size_t from, std::size_t end, std::size_t &first,
              std::size_t &last) const
    {
        const auto *subject = reinterpret_cast<PCRE2_SPTR>(text.data() + begin);
        pcre2_match_data *data = matches[step].get();
        constexpr std::uint32_t Options = PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY;
        int found = pcre2_match(steps[step]->code.get(), subject, end - begin, from - begin, Options, data, nullptr);
        if (found == PCRE2_ERROR_JIT_STACKLIMIT)
            found = pcre2_match(steps[step]->code.get(), subject, end - begin, from - begin, Options | PCRE2_NO_JIT,
                                data, nullptr);
        if (found < 0)
            return false;
        const PCRE2_SIZE *borders = pcre2_get_ovector_pointer(data);
        first = begin + borders[0];
        last = begin + borders[1];
        return last > first;
    }

    void apply(std::size_t step, std::size_t begin, std::size_t end)
    {
        if (begin == end)
            return;
        if (step == steps.size()) {
            word(begin, end);
            return;
        }
        std::size_t done = begin;
        std::size_t first = 0;
        std::size_t last = 0;
        while (done < end && find(step, begin, done, end, first, last)) {
            if (steps[step]->gaps == Gaps::Keep)
                apply(step + 1, done, first);
            apply(step + 1, first, last);
            done = last;
        }
        if (steps[step]->gaps == Gaps::Keep)
            apply(step + 1, done, end);
    }
};

PreTokenizer::PreTokenizer() = default;
PreTokenizer::PreTokenizer(PreTokenizer &&) noexcept = default;
PreTokenizer &PreTokenizer::operator=(PreTokenizer &&) noexcept = default;
PreTokenizer::~PreTokenizer() = default;

Result<void> PreTokenizer::addPattern(std::string_view pattern, Gaps gaps, std::string_view where)
{
    ATTUNE_TRY(const std::string translated, pcre2FromOniguruma(pattern, where));
    return add(translated, PCRE2_MULTILINE, gaps, where);
}

Result<void> PreTokenizer::addLiteral(std::string_view literal, Gaps gaps, std::string_view where)
{
    return add(std::string(literal), PCRE2_LITERAL, gaps, where);
}

Result<void> PreTokenizer::add(const std::string &pattern, std::uint32_t options, Gaps gaps, std::string_view where)
{
    int error = 0;
    PCRE2_SIZE offset = 0;
    options |= (options & PCRE2_LITERAL) ? PCRE2_UTF : PCRE2_UTF | PCRE2_UCP;
    auto step = std::make_unique<Step>();
    step->gaps = gaps;
    step->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error,
                                   &offset, nullptr));
    if (!step->code) {
        PCRE2_UCHAR message[256] = {};
        pcre2_get_error_message(error, message, std::size(message));
        return fail(ErrorCode::InvalidInput, std::string(where) +
                                                 ": the pattern of the pre-tokenizer can't be used: " +
                                                 reinterpret_cast<const char *>(message) + " at byte " +
                                                 std::to_string(offset) + " of " + pattern + ".");
    }
    pcre2_jit_compile(step->code.get(), PCRE2_JIT_COMPLETE); // where it fails, matching is slow, not wrong
    m_steps.push_back(std::move(step));
    return {};
}

void PreTokenizer::split(std::string_view text, const std::function<void(std::size_t, std::size_t)> &word) const
{
    std::string cleaned;
    if (!isUtf8(text)) {
        cleaned = withoutInvalidBytes(text);
        text = cleaned;
    }
    Run run{m_steps, text, word, {}};
    for (const auto &step : m_steps)
        run.matches.emplace_back(pcre2_match_data_create_from_pattern(step->code.get(), nullptr));
    run.apply(0, 0, text.size());
}

} // namespace attune
