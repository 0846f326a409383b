#include "core/studio/preview.h"

#include "core/text/white_space.h"
#include "core/train/rows.h"

#include <algorithm>

namespace attune {
namespace {

std::string turnName(std::span<const Message> messages, std::size_t index)
{
    return "turn " + std::to_string(index + 1) + " (" + messages[index].role + ")";
}

/// A row that was encoded, with the questions that a preview asks about it.
class Viewer {
public:
    Viewer(const ChatEncoder &encoder, std::span<const Message> messages, EncodedRow row)
        : m_tokenizer(*encoder.tokenizer()), m_messages(messages), m_chat(std::move(row.chat)), m_kept(row.kept)
    {
    }

    ExamplePreview view()
    {
        m_preview.messageTokens.assign(m_messages.size(), 0);
        addTokens();
        findEnds();
        findDroppedTurns();
        findUntrained();
        sortProblems();
        m_preview.text = std::move(m_chat.text);
        return std::move(m_preview);
    }

private:
    void addTokens()
    {
        const std::size_t count = m_chat.ids.size();
        m_preview.tokens.reserve(count);
        auto content = m_chat.contents.begin();
        for (std::size_t i = 0; i < count; ++i) {
            PreviewToken token;
            token.id = m_chat.ids[i];
            token.special = m_tokenizer.isSpecial(token.id);
            token.cut = i >= m_kept;
            token.trained = i > 0 && m_chat.assistantMask[i]; // nothing predicts the first token
            if (m_chat.begins[i] >= 0) {
                token.begin = m_chat.begins[i];
                token.end = i + 1 < count ? m_chat.begins[i + 1] : static_cast<std::int64_t>(m_chat.text.size());
                token.text = m_chat.text.substr(static_cast<std::size_t>(token.begin),
                                                static_cast<std::size_t>(token.end - token.begin));
                while (content != m_chat.contents.end() && content->end <= token.begin)
                    ++content;
                if (content != m_chat.contents.end() && content->begin <= token.begin) {
                    token.message = static_cast<std::int32_t>(content->message);
                    ++m_preview.messageTokens[content->message];
                }
            } else {
                token.text = m_tokenizer.piece(token.id);
            }
            ++(token.cut ? m_preview.cut : token.trained ? m_preview.trained : m_preview.masked);
            if (token.trained)
                m_preview.lengthForAnswers = static_cast<std::int64_t>(i + 1);
            m_preview.tokens.push_back(std::move(token));
        }
    }

    bool endsAnswers(TokenId id) const
    {
        const auto &config = m_tokenizer.config();
        return id == config.eos || std::find(config.stop.begin(), config.stop.end(), id) != config.stop.end();
    }

    /// The end token of an answer: the first stop token between its content and the next message's.
    void findEnds()
    {
        for (std::size_t i = 0; i < m_messages.size(); ++i) {
            if (m_messages[i].role != "assistant")
                continue;
            const auto ofMessage = [&](const MessageSpan &span) { return span.message == i; };
            const auto last = std::find_if(m_chat.contents.rbegin(), m_chat.contents.rend(), ofMessage);
            if (last == m_chat.contents.rend())
                continue; // an empty or dropped answer, which is told elsewhere
            const auto next = last.base();
            const std::int64_t begin = last->end;
            const std::int64_t end =
                next == m_chat.contents.end() ? static_cast<std::int64_t>(m_chat.text.size()) + 1 : next->begin;
            noteEnd(i, begin, end);
        }
    }

    void noteEnd(std::size_t message, std::int64_t begin, std::int64_t end)
    {
        const auto found =
            std::find_if(m_preview.tokens.begin(), m_preview.tokens.end(), [&](const PreviewToken &token) {
                return token.begin >= begin && token.begin < end && endsAnswers(token.id);
            });
        EndToken state = EndToken::Trained;
        if (found == m_preview.tokens.end())
            state = EndToken::Missing;
        else if (!found->trained)
            state = EndToken::Masked;
        else if (found->cut)
            state = EndToken::Cut;
        m_preview.endToken = std::max(m_preview.endToken, state);
        const std::string where = turnName(m_messages, message);
        if (state == EndToken::Missing)
            add(ProblemKind::EndTokenMissing,
                "The template writes no end token after " + where + ", so the model would not learn to stop.",
                message);
        else if (state == EndToken::Masked)
            add(ProblemKind::EndTokenMissing,
                "The end token after " + where + " is not trained on, so the model would not learn to stop.",
                message);
        else if (state == EndToken::Cut)
            add(ProblemKind::Cut,
                "The end token of " + where +
                    " is cut, so the model would not learn to stop: max_length would have to be at least " +
                    std::to_string(m_preview.lengthForAnswers) + ".",
                message);
    }

    void findDroppedTurns()
    {
        for (std::size_t i = 0; i < m_messages.size(); ++i) {
            const bool there = std::any_of(m_chat.contents.begin(), m_chat.contents.end(),
                                           [&](const MessageSpan &span) { return span.message == i; });
            if (!there && !isBlank(m_messages[i].content))
                add(ProblemKind::DropsTurn, "The template leaves out " + turnName(m_messages, i) + ".", i);
        }
        const bool cutOnly =
            m_preview.cut > 0 && std::none_of(m_preview.problems.begin(), m_preview.problems.end(),
                                              [](const auto &p) { return p.kind == ProblemKind::Cut; });
        if (cutOnly)
            add(ProblemKind::Cut,
                std::to_string(m_preview.cut) + (m_preview.cut == 1 ? " token is" : " tokens are") +
                    " cut: max_length would have to be at least " + std::to_string(m_preview.total()) + ".",
                {});
    }

    void findUntrained()
    {
        if (m_preview.trained > 0)
            return;
        add(ProblemKind::NothingTrained,
            m_preview.lengthForAnswers > 0
                ? "Nothing is left to train on: max_length cuts off every answer."
                : "Nothing is trained on: there is no answer that the template marks as the assistant's.",
            {});
    }

    void add(ProblemKind kind, std::string sentence, std::optional<std::size_t> message)
    {
        m_preview.problems.push_back({kind, std::move(sentence), message});
    }

    void sortProblems()
    {
        const auto rank = [](const PreviewProblem &problem) {
            switch (problem.kind) {
            case ProblemKind::NothingTrained:
                return 0;
            case ProblemKind::EndTokenMissing:
                return 1;
            case ProblemKind::DropsTurn:
                return 2;
            default:
                return 3;
            }
        };
        std::stable_sort(m_preview.problems.begin(), m_preview.problems.end(),
                         [&](const auto &a, const auto &b) { return rank(a) < rank(b); });
    }

    const Tokenizer &m_tokenizer;
    std::span<const Message> m_messages;
    EncodedChat m_chat;
    std::size_t m_kept;
    ExamplePreview m_preview;
};

} // namespace

Result<ExamplePreview> previewExample(const ChatEncoder &encoder, std::span<const Message> messages,
                                      std::int64_t maxLength, bool assistantOnlyLoss)
{
    if (!encoder.tokenizer())
        return fail(ErrorCode::InvalidInput, "A conversation can't be shown as tokens without a model's tokenizer.");
    auto row = encodeRow(encoder, messages, {maxLength, assistantOnlyLoss});
    if (row)
        return Viewer(encoder, messages, std::move(*row)).view();
    if (row.error().code != ErrorCode::InvalidInput)
        return forward(row);
    ExamplePreview refused;
    refused.messageTokens.assign(messages.size(), 0);
    refused.endToken = EndToken::Missing;
    refused.problems.push_back({ProblemKind::RoleOrder, row.error().message, {}});
    return refused;
}

} // namespace attune
