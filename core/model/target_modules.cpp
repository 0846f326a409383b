#include "core/model/target_modules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <memory>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace attune {
namespace {

constexpr std::array<std::string_view, projectionCount> shortNames = {"q_proj",    "k_proj",  "v_proj",   "o_proj",
                                                                      "gate_proj", "up_proj", "down_proj"};
constexpr std::array<std::string_view, projectionCount> pathNames = {
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj",    "mlp.up_proj",      "mlp.down_proj"};
constexpr std::int64_t mostLayers = 100'000;
constexpr std::string_view allLinear = "all-linear";

std::vector<std::string> splitAtCommas(const std::string &text)
{
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

std::string fullName(std::int64_t layer, int projection)
{
    return "model.layers." + std::to_string(layer) + "." +
           std::string(pathNames[static_cast<std::size_t>(projection)]);
}

bool endsWithName(std::string_view module, std::string_view name)
{
    return module == name || (module.size() > name.size() && module.ends_with(name) &&
                              module[module.size() - name.size() - 1] == '.');
}

/// Whether some module of some layer has a full name that ends so.
bool couldBe(const std::string &name)
{
    std::int64_t layer = 0;
    const std::size_t at = name.find("layers.");
    if (at != std::string::npos) {
        const char *begin = name.data() + at + std::string_view("layers.").size();
        if (std::from_chars(begin, name.data() + name.size(), layer).ec != std::errc() || layer < 0 ||
            layer > mostLayers)
            return false;
    }
    for (int p = 0; p < projectionCount; ++p)
        if (endsWithName(fullName(layer, p), name))
            return true;
    // "3.self_attn.q_proj": the number alone.
    if (std::from_chars(name.data(), name.data() + name.size(), layer).ec == std::errc() && layer >= 0)
        for (int p = 0; p < projectionCount; ++p)
            if (endsWithName(fullName(layer, p), name))
                return true;
    return false;
}

struct CodeDeleter {
    void operator()(pcre2_code *code) const { pcre2_code_free(code); }
};
struct MatchDeleter {
    void operator()(pcre2_match_data *data) const { pcre2_match_data_free(data); }
};

using Pattern = std::unique_ptr<pcre2_code, CodeDeleter>;

Result<Pattern> compile(const std::string &pattern)
{
    int error = 0;
    PCRE2_SIZE place = 0;
    Pattern code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                               PCRE2_ANCHORED | PCRE2_ENDANCHORED, &error, &place, nullptr));
    if (code)
        return code;
    std::array<PCRE2_UCHAR, 256> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    return fail(ErrorCode::InvalidInput, "target_modules: \"" + pattern + "\" is no regular expression: " +
                                             reinterpret_cast<const char *>(text.data()) + ", at character " +
                                             std::to_string(place + 1) + ".");
}

} // namespace

std::string_view shortName(Projection projection)
{
    return shortNames[static_cast<std::size_t>(projection)];
}

std::string_view pathName(Projection projection)
{
    return pathNames[static_cast<std::size_t>(projection)];
}

Result<TargetModules> TargetModules::parse(const std::string &modules, const std::string &layers)
{
    TargetModules targets;
    targets.m_modules = modules;
    targets.m_pattern = modules.find_first_of("\\*+?[](){}|^$") != std::string::npos;
    if (targets.m_pattern) {
        ATTUNE_CHECK(compile(modules));
    } else if (modules != allLinear) {
        std::vector<std::string> names = splitAtCommas(modules);
        for (const std::string &name : names)
            if (!couldBe(name))
                return fail(
                    ErrorCode::InvalidInput,
                    "target_modules: \"" + name +
                        "\" is none of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj; or give "
                        "all-linear, or a regular expression for full names such as "
                        "model.layers.0.self_attn.q_proj.");
        std::array<std::string_view, projectionCount> sorted = shortNames;
        std::sort(sorted.begin(), sorted.end());
        std::sort(names.begin(), names.end());
        if (std::equal(names.begin(), names.end(), sorted.begin(), sorted.end()))
            targets.m_modules = allLinear;
    }
    targets.m_layers = layers;
    if (layers.empty())
        return targets;
    if (targets.m_pattern)
        return fail(ErrorCode::InvalidInput, "layers_to_transform goes with a list of modules only; write the layers "
                                             "into the regular expression of target_modules.");
    for (const std::string &part : splitAtCommas(layers)) {
        Range range;
        const char *end = part.data() + part.size();
        auto read = std::from_chars(part.data(), end, range.first);
        range.last = range.first;
        if (read.ec == std::errc() && read.ptr != end && *read.ptr == '-')
            read = std::from_chars(read.ptr + 1, end, range.last);
        if (read.ec != std::errc() || read.ptr != end || range.first < 0 || range.last < range.first ||
            range.last > mostLayers)
            return fail(ErrorCode::InvalidInput, "layers_to_transform: \"" + part +
                                                     "\" is no layer and no range of layers; write for example "
                                                     "0-7,12.");
        targets.m_ranges.push_back(range);
    }
    return targets;
}

std::vector<std::string> TargetModules::names() const
{
    if (m_pattern)
        return {};
    if (m_modules == allLinear)
        return {shortNames.begin(), shortNames.end()};
    return splitAtCommas(m_modules);
}

std::vector<std::int64_t> TargetModules::layerNumbers() const
{
    std::vector<std::int64_t> numbers;
    for (const Range &range : m_ranges)
        for (std::int64_t layer = range.first; layer <= range.last; ++layer)
            numbers.push_back(layer);
    return numbers;
}

Result<ModuleSelection> TargetModules::select(std::int64_t layers) const
{
    for (const Range &range : m_ranges)
        if (range.last >= layers)
            return fail(ErrorCode::InvalidInput, "layers_to_transform: the layer " + std::to_string(range.last) +
                                                     " is beyond the model's last, " + std::to_string(layers - 1) +
                                                     ".");
    std::function<bool(const std::string &)> matches;
    Pattern pattern;
    std::unique_ptr<pcre2_match_data, MatchDeleter> data;
    if (m_pattern) {
        ATTUNE_TRY(pattern, compile(m_modules));
        data.reset(pcre2_match_data_create_from_pattern(pattern.get(), nullptr));
        matches = [&](const std::string &module) {
            return pcre2_match(pattern.get(), reinterpret_cast<PCRE2_SPTR>(module.data()), module.size(), 0, 0,
                               data.get(), nullptr) > 0;
        };
    } else {
        matches = [wanted = names()](const std::string &module) {
            return std::any_of(wanted.begin(), wanted.end(),
                               [&](const std::string &name) { return endsWithName(module, name); });
        };
    }
    ModuleSelection selection(static_cast<std::size_t>(layers));
    std::vector<std::string> unmatched = names();
    bool any = false;
    for (std::int64_t layer = 0; layer < layers; ++layer) {
        const bool wanted = m_ranges.empty() || std::any_of(m_ranges.begin(), m_ranges.end(), [&](const Range &r) {
                                return layer >= r.first && layer <= r.last;
                            });
        for (int p = 0; wanted && p < projectionCount; ++p) {
            const std::string module = fullName(layer, p);
            if (!matches(module))
                continue;
            selection[static_cast<std::size_t>(layer)].push_back(static_cast<Projection>(p));
            any = true;
            std::erase_if(unmatched, [&](const std::string &name) { return endsWithName(module, name); });
        }
    }
    if (!any || !unmatched.empty())
        return fail(ErrorCode::InvalidInput, "target_modules: \"" + (any ? unmatched.front() : m_modules) +
                                                 "\" matches no module of the model's " + std::to_string(layers) +
                                                 " layers; full names are such as model.layers.0.self_attn.q_proj.");
    return selection;
}

} // namespace attune
