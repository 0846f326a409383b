#pragma once

#include "core/text/tokenizer.h"

#include <map>

/// A token a byte, one for "\n\n", and one for each special string: what a mask covers can be read off the text.
class ByteTokenizer : public attune::Tokenizer {
public:
    explicit ByteTokenizer(const std::vector<std::string> &special, Config config = {})
    {
        for (const std::string &text : special)
            m_special.emplace(text, 300 + attune::TokenId(m_special.size()));
        m_config = std::move(config);
    }

    std::vector<attune::Token> encode(std::string_view text) const override
    {
        return encodeRendered(text, std::vector{attune::TextSpan{0, std::int64_t(text.size()), true}});
    }

    std::vector<attune::Token> encodeRendered(std::string_view text,
                                              std::span<const attune::TextSpan> spans) const override
    {
        std::vector<attune::Token> tokens;
        for (std::size_t at = 0; at < text.size();) {
            attune::TokenId id = static_cast<unsigned char>(text[at]);
            std::size_t used = 1;
            if (text.substr(at).starts_with("\n\n")) {
                id = 256;
                used = 2;
            }
            for (const auto &[special, number] : m_special) {
                if (text.substr(at).starts_with(special) && isPlain(at, special.size(), spans)) {
                    id = number;
                    used = special.size();
                }
            }
            tokens.push_back({id, std::int64_t(at)});
            at += used;
        }
        return tokens;
    }

    std::string decode(std::span<const attune::TokenId>, bool) const override { return {}; }
    std::string tokenBytes(attune::TokenId id) const override
    {
        for (const auto &[special, number] : m_special) {
            if (number == id)
                return special;
        }
        return id == 256 ? "\n\n" : std::string(1, static_cast<char>(id));
    }
    std::string piece(attune::TokenId id) const override { return tokenBytes(id); }
    std::int64_t size() const override { return 300 + std::int64_t(m_special.size()); }
    bool isSpecial(attune::TokenId id) const override { return id >= 300; }
    attune::TokenId id(const std::string &special) const { return m_special.at(special); }

private:
    static bool isPlain(std::size_t at, std::size_t size, std::span<const attune::TextSpan> spans)
    {
        for (const attune::TextSpan &span : spans) {
            if (std::int64_t(at) >= span.begin && std::int64_t(at + size) <= span.end)
                return !span.shielded;
        }
        return false; // across a border
    }

    std::map<std::string, attune::TokenId> m_special;
};
