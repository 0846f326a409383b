#pragma once

#include "core/base/result.h"
#include "core/text/template.h"
#include "core/text/tokenizer.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace attune {

struct Message {
    std::string role; ///< "system", "user", "assistant"
    std::string content;
    bool operator==(const Message &) const = default;
};

/// A rendering of a conversation by the model's chat template.
struct RenderedChat {
    std::string text;
    std::vector<TextSpan> spans; ///< cover the text; the messages' contents are shielded
};

/// A piece of a rendered conversation that is a message's content.
struct MessageSpan {
    std::size_t message = 0; ///< its place in the conversation
    std::int64_t begin = 0;  ///< bytes of the rendered text
    std::int64_t end = 0;
};

/// A rendered and encoded conversation, exactly as trained on and as prompted with.
struct EncodedChat {
    std::string text;
    std::vector<TokenId> ids;         ///< with BOS where the tokenizer adds it and the text does not begin with it
    std::vector<std::int64_t> begins; ///< byte offset of each token in text; -1 for an added BOS
    std::vector<std::uint8_t> assistantMask; ///< 1: trained on
    std::vector<MessageSpan> contents;       ///< in the order of the text; a message that the template drops has none
};

/// Renders and encodes conversations: chat template, special tokens, assistant mask. The one function that training,
/// prompting and the preview of the window share. Immutable; may be shared by threads.
class ChatEncoder {
public:
    /// `tokenizer` may be null: then only render() works, with the given bos and eos texts.
    static Result<ChatEncoder> create(std::shared_ptr<const Tokenizer> tokenizer, std::string chatTemplate);
    static Result<ChatEncoder> create(std::string chatTemplate, std::string bosText, std::string eosText);

    /// The contents are shielded, and a role other than system, user, assistant and tool is: "<|user|>" of Zephyr's
    /// template must become one id, but no message may smuggle one in. Variables as transformers passes them to a
    /// template, save that tools and documents are not defined, where it passes none: some published templates
    /// walk them unasked, which none would not survive. Fails with InvalidInput where the template refuses
    /// (raise_exception) or meets a construct it lacks.
    Result<RenderedChat> render(std::span<const Message> messages, bool addGenerationPrompt) const;

    /// Mask: 1 on tokens that begin in [end of the rendering up to the assistant turn with its generation prompt, end
    /// of the rendering through that turn less trailing white space), for every assistant turn. Where the template
    /// writes a turn differently once others follow (Qwen3 drops its thinking), the turn is found by where its
    /// content stands in the whole; fails with InvalidInput, naming the message, where that can't tell either, and
    /// where a conversation of thousands of turns would take minutes.
    Result<EncodedChat> encode(std::span<const Message> messages, bool addGenerationPrompt = false) const;

    const std::shared_ptr<const Tokenizer> &tokenizer() const noexcept { return m_tokenizer; }
    const std::string &chatTemplate() const noexcept { return m_source; }

private:
    struct Conversation;
    ChatEncoder() = default;
    Result<ShieldedText> renderFirst(const Conversation &conversation, std::size_t count,
                                     bool addGenerationPrompt) const;
    Result<std::vector<std::pair<std::size_t, std::size_t>>>
    assistantRegions(const Conversation &conversation, const ShieldedText &whole, bool addGenerationPrompt) const;
    std::shared_ptr<const Tokenizer> m_tokenizer;
    std::shared_ptr<const Template> m_template;
    std::string m_source;
    std::string m_bosText;
    std::string m_eosText;
};

} // namespace attune
