// UTF-16 and Latin-1: the first two bytes choose the encoding and where the stream is cut.

#include "core/data/text_encoding.h"
#include "core/text/utf8.h"
#include "tests/fuzz/fuzz.h"

using namespace attune;

ATTUNE_FUZZ_TARGET(input)
{
    const unsigned choice = fuzz::takeByte(input);
    const std::size_t cut = std::min<std::size_t>(fuzz::takeByte(input), input.size());
    const auto encoding = (choice & 1) != 0 ? TextEncoding::Utf16 : TextEncoding::Latin1;
    TextDecoder whole(encoding, (choice & 2) != 0);
    TextDecoder pieces(encoding, (choice & 2) != 0);
    const std::string once = whole.decode(input) + whole.end();
    std::string twice = pieces.decode(input.substr(0, cut));
    twice += pieces.decode(input.substr(cut));
    twice += pieces.end();
    fuzz::require(once == twice, "where a file is cut into pieces changes nothing");
    fuzz::require(isUtf8(once), "a decoded text is UTF-8");
    fuzz::require(guessEncoding(input) != TextEncoding::Auto, "a guess is never Auto");
}
