#include "core/text/nfc.h"

#include "core/text/utf8.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utf8proc.h>

namespace attune {

namespace {

struct Free {
    void operator()(utf8proc_uint8_t *memory) const { std::free(memory); }
};

/// `text` must be valid.
std::string composed(std::string_view text)
{
    utf8proc_uint8_t *memory = nullptr;
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t *>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &memory,
                                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    const std::unique_ptr<utf8proc_uint8_t, Free> owner(memory);
    if (size < 0)
        return std::string(text);
    return std::string(reinterpret_cast<const char *>(memory), static_cast<std::size_t>(size));
}

utf8proc_int32_t codePoint(std::string_view character)
{
    utf8proc_int32_t value = 0;
    utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(character.data()),
                     static_cast<utf8proc_ssize_t>(character.size()), &value);
    return value;
}

} // namespace

std::optional<NfcText> toNfc(std::string_view text)
{
    // Characters before U+0300 stay as they are and compose with none before them; U+0300 begins with byte CC.
    if (std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xcc; }))
        return std::nullopt;

    // Neither composition nor the ordering of marks crosses the border of a user-perceived character.
    NfcText result;
    bool changed = false;
    std::size_t begin = 0; // of the user-perceived character at hand
    const auto close = [&](std::size_t end) {
        const std::string_view piece = text.substr(begin, end - begin);
        const bool plain = piece.size() < 2 || !isUtf8(piece);
        const std::string normal = plain ? std::string(piece) : composed(piece);
        const bool same = normal == piece;
        for (std::size_t i = 0; i < normal.size(); ++i)
            result.origin.push_back(same ? begin + i : begin);
        result.text += normal;
        changed |= !same;
        begin = end;
    };

    utf8proc_int32_t before = -1;
    utf8proc_int32_t state = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Utf8Step step = utf8Step(text.substr(at));
        const bool whole = step.kind == Utf8Step::Kind::Whole;
        const utf8proc_int32_t now = whole ? codePoint(text.substr(at, step.length)) : -1;
        if (at > 0 && (now < 0 || before < 0 || utf8proc_grapheme_break_stateful(before, now, &state))) {
            close(at);
            if (now < 0 || before < 0)
                state = 0;
        }
        before = now;
        at += step.length;
    }
    close(text.size());
    return changed ? std::optional(std::move(result)) : std::nullopt;
}

} // namespace attune
