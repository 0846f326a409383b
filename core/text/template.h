#pragma once

#include "core/base/result.h"
#include "core/formats/json.h"

#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attune {

namespace jinja {
class Value;
}

/// What a template can read: names and values. template_value.h makes the values.
using TemplateVariables = std::vector<std::pair<std::string, jinja::Value>>;

/// A rendered text that remembers, byte range by byte range, what came from shielded strings of the input.
struct ShieldedText {
    struct Range {
        std::int64_t begin = 0;
        std::int64_t end = 0;
        bool shielded = false;
        std::int32_t origin = 0; ///< which shielded input the bytes come from; 0: the template or a plain one
    };
    std::string text;
    std::vector<Range> ranges; ///< in order, cover the text, neighbours differ
};

struct TemplateLimits {
    std::int64_t maxSteps = 5'000'000;      ///< nodes walked, items handled and 32 bytes of text each count one
    std::int64_t maxOutputBytes = 64 << 20; ///< of the output and of every text on the way to it
    std::optional<std::time_t> now;         ///< for strftime_now; the present by default
    std::int64_t *stepsTaken = nullptr;     ///< is added to by a rendering that succeeds
};

/// An interpreter for the part of Jinja that chat templates use; its grammar stands at the head of template.cpp.
///
/// Parsed as transformers sets Jinja up: trim_blocks and lstrip_blocks on, undefined names render as nothing, loop
/// controls, `raise_exception`. A construct it lacks is an error naming line and construct, never a wrong text.
/// Strings carry the mark "shielded" byte by byte through concatenation, slicing and filters, so that the caller
/// knows which bytes of the result come from a message and which the template wrote. Immutable; may be shared by
/// threads.
class Template {
public:
    static Result<std::shared_ptr<const Template>> parse(std::string_view source);
    ~Template();

    /// Every string inside `shielded` (an object whose members become variables: messages, tools) is marked; the
    /// strings in `plain` (bos_token, eos_token, add_generation_prompt) are not.
    /// Fails with InvalidInput: the template's own raise_exception message, a missing construct, or a limit.
    Result<ShieldedText> render(const OrderedJson &shielded, const OrderedJson &plain,
                                const TemplateLimits &limits = {}) const;
    /// The same for values made beforehand, whose strings carry their origins already.
    Result<ShieldedText> renderValues(const TemplateVariables &variables, const TemplateLimits &limits = {}) const;

    struct Impl;

private:
    explicit Template(std::unique_ptr<const Impl> impl);
    std::unique_ptr<const Impl> m_impl;
};

} // namespace attune
