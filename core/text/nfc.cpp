#include "core/text/nfc.h"

#include "core/text/utf8.h"

#include <algorithm>
#include <array>
#include <utf8proc.h>
#include <vector>

namespace attune {

namespace {

utf8proc_int32_t codePoint(std::string_view character)
{
    utf8proc_int32_t value = 0;
    utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(character.data()),
                     static_cast<utf8proc_ssize_t>(character.size()), &value);
    return value;
}

int combiningClass(utf8proc_int32_t character)
{
    return utf8proc_get_property(character)->combining_class;
}

} // namespace

std::string composed(std::string_view text, int utf8procOptions)
{
    const auto options = static_cast<utf8proc_option_t>(utf8procOptions | UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    std::vector<utf8proc_int32_t> points;
    for (std::size_t at = 0; at < text.size(); at += utf8Step(text.substr(at)).length) {
        std::array<utf8proc_int32_t, 32> parts{}; // a character has eighteen at most
        int boundary = 0;
        const auto count = utf8proc_decompose_char(codePoint(text.substr(at)), parts.data(),
                                                   static_cast<utf8proc_ssize_t>(parts.size()), options, &boundary);
        if (count < 0 || count > static_cast<utf8proc_ssize_t>(parts.size()))
            return std::string(text);
        points.insert(points.end(), parts.begin(), parts.begin() + count);
    }
    for (auto begin = points.begin(); begin != points.end();) {
        const auto end = std::find_if(begin, points.end(), [](auto c) { return combiningClass(c) == 0; });
        std::stable_sort(begin, end, [](auto a, auto b) { return combiningClass(a) < combiningClass(b); });
        begin = end == points.end() ? end : end + 1;
    }
    const auto left = utf8proc_normalize_utf32(points.data(), static_cast<utf8proc_ssize_t>(points.size()), options);
    std::string result;
    for (utf8proc_ssize_t i = 0; i < left; ++i) {
        std::array<utf8proc_uint8_t, 4> bytes{};
        const auto length = utf8proc_encode_char(points[static_cast<std::size_t>(i)], bytes.data());
        result.append(reinterpret_cast<const char *>(bytes.data()), static_cast<std::size_t>(length));
    }
    return result;
}

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
        const std::string normal = plain ? std::string(piece) : composed(piece, 0);
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
