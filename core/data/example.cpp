#include "core/data/example.h"

#include "core/formats/json_text.h"
#include "core/text/nfc.h"
#include "core/text/utf8.h"

#include <algorithm>
#include <array>
#include <utf8proc.h>
#include <xxhash.h>

namespace attune {

namespace {

std::string lowered(std::string_view text)
{
    std::string result(text);
    for (char &c : result) {
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

bool isAscii(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// NFKC with case folding: full-width letters, ligatures and odd spaces become their plain forms. Text that is no
/// valid UTF-8 (which import never lets through) keeps its bytes.
std::string caseFolded(const std::string &text)
{
    if (isAscii(text) || !isUtf8(text))
        return lowered(text);
    return composed(text, UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
}

enum class CharacterKind { Space, Digit, Other };

CharacterKind kindOf(utf8proc_int32_t codepoint)
{
    if (codepoint == ' ' || (codepoint >= '\t' && codepoint <= '\r') || codepoint == 0x85)
        return CharacterKind::Space;
    if (codepoint < 0x80)
        return codepoint >= '0' && codepoint <= '9' ? CharacterKind::Digit : CharacterKind::Other;
    switch (utf8proc_category(codepoint)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return CharacterKind::Space;
    case UTF8PROC_CATEGORY_ND:
        return CharacterKind::Digit;
    default:
        return CharacterKind::Other;
    }
}

void addLine(std::string &text, const std::string &line)
{
    if (!text.empty())
        text += '\n';
    text += line;
}

} // namespace

std::string_view name(Part part)
{
    switch (part) {
    case Part::Train:
        return "train";
    case Part::Validation:
        return "validation";
    case Part::Test:
        return "test";
    }
    return "unknown";
}

std::string_view name(LabelState state)
{
    switch (state) {
    case LabelState::ToLabel:
        return "to label";
    case LabelState::Approved:
        return "approved";
    case LabelState::Flagged:
        return "flagged";
    case LabelState::Rejected:
        return "rejected";
    }
    return "unknown";
}

Result<Part> parsePart(std::string_view text)
{
    const std::string word = lowered(text);
    if (word == "train")
        return Part::Train;
    if (word == "validation" || word == "valid" || word == "val" || word == "dev")
        return Part::Validation;
    if (word == "test")
        return Part::Test;
    return fail(ErrorCode::InvalidInput,
                shown(Json(text)) + " is no part of a data set: use train, validation or test.");
}

std::string contentHash(std::span<const Message> messages)
{
    const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), &XXH3_freeState);
    XXH3_128bits_reset(state.get());
    // Each text goes in after its length, so that no two conversations give the same bytes.
    const auto add = [&](const std::string &text) {
        std::array<unsigned char, 8> length{};
        for (std::size_t i = 0; i < length.size(); ++i)
            length[i] = static_cast<unsigned char>(static_cast<std::uint64_t>(text.size()) >> (8 * i));
        XXH3_128bits_update(state.get(), length.data(), length.size());
        XXH3_128bits_update(state.get(), text.data(), text.size());
    };
    for (const Message &message : messages) {
        add(message.role);
        add(message.content);
    }
    XXH128_canonical_t bytes;
    XXH128_canonicalFromHash(&bytes, XXH3_128bits_digest(state.get()));
    std::string result;
    result.reserve(2 * sizeof bytes.digest);
    for (const unsigned char byte : bytes.digest) {
        constexpr std::string_view Digits = "0123456789abcdef";
        result += Digits[byte >> 4];
        result += Digits[byte & 15];
    }
    return result;
}

std::string foldedText(const std::string &text, bool foldDigits)
{
    const std::string source = caseFolded(text);
    std::string result;
    result.reserve(source.size());
    CharacterKind last = CharacterKind::Space; // so that leading space goes
    const auto *at = reinterpret_cast<const utf8proc_uint8_t *>(source.data());
    const auto *end = at + source.size();
    while (at < end) {
        utf8proc_int32_t codepoint = -1;
        auto length = utf8proc_iterate(at, end - at, &codepoint);
        if (length <= 0) { // a stray byte stands for itself
            length = 1;
            codepoint = 0xFFFD;
        }
        CharacterKind kind = kindOf(codepoint);
        if (kind == CharacterKind::Digit && !foldDigits)
            kind = CharacterKind::Other;
        if (kind == CharacterKind::Other)
            result.append(reinterpret_cast<const char *>(at), static_cast<std::size_t>(length));
        else if (kind != last)
            result += kind == CharacterKind::Space ? ' ' : '0';
        last = kind;
        at += length;
    }
    if (result.ends_with(' '))
        result.pop_back();
    return result;
}

std::string normalisedPrompt(std::span<const Message> messages)
{
    std::string user;
    std::string system;
    for (const Message &message : messages) {
        if (message.role == "system")
            addLine(system, message.content);
        else if (message.role != "assistant")
            addLine(user, message.content);
        else if (!user.empty()) // an assistant's greeting before the first question is no answer
            break;
    }
    std::string prompt = foldedText(user, true);
    return prompt.empty() ? foldedText(system, true) : prompt;
}

} // namespace attune
