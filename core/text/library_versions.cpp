#define PCRE2_CODE_UNIT_WIDTH 8

#include "core/text/library_versions.h"

#include <array>
#include <pcre2.h>

namespace attune {

std::string sentencepieceVersion()
{
    return ATTUNE_SENTENCEPIECE_VERSION;
}

std::string pcre2Version()
{
    std::array<char, 64> text{};
    return pcre2_config(PCRE2_CONFIG_VERSION, text.data()) > 0 ? text.data() : "";
}

} // namespace attune
