#pragma once

#include "core/formats/json.h"
#include "core/text/tokenizer.h"

#include <string>
#include <vector>

/// Spans over a rendered chat whose messages' contents are shielded; finds each content after the one before it.
inline std::vector<attune::TextSpan> shieldedContents(const std::string &text, const attune::Json &messages)
{
    std::vector<attune::TextSpan> spans;
    std::size_t done = 0;
    for (const attune::Json &message : messages) {
        const auto content = message["content"].get<std::string>();
        const std::size_t role = text.find(message["role"].get<std::string>(), done);
        const std::size_t begin = text.find(content, role == std::string::npos ? done : role);
        if (content.empty() || begin == std::string::npos)
            continue;
        spans.push_back({std::int64_t(done), std::int64_t(begin), false});
        spans.push_back({std::int64_t(begin), std::int64_t(begin + content.size()), true});
        done = begin + content.size();
    }
    spans.push_back({std::int64_t(done), std::int64_t(text.size()), false});
    return spans;
}

inline std::vector<attune::TokenId> idsOf(const std::vector<attune::Token> &tokens)
{
    std::vector<attune::TokenId> ids;
    for (const attune::Token &token : tokens)
        ids.push_back(token.id);
    return ids;
}

inline std::vector<std::int64_t> beginsOf(const std::vector<attune::Token> &tokens)
{
    std::vector<std::int64_t> begins;
    for (const attune::Token &token : tokens)
        begins.push_back(token.begin);
    return begins;
}
