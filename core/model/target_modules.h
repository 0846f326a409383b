#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

/// The seven projections of a decoder layer, in the order in which this program keeps them.
enum class Projection { Q, K, V, O, Gate, Up, Down };
inline constexpr int projectionCount = 7;
/// "q_proj" and "self_attn.q_proj".
std::string_view shortName(Projection projection);
std::string_view pathName(Projection projection);

/// The projections that an adapter sits on, layer by layer.
using ModuleSelection = std::vector<std::vector<Projection>>;

/// Which projections an adapter sits on, as PEFT's target_modules and layers_to_transform say it:
///   all-linear                     the seven of every layer
///   q_proj,layers.3.mlp.up_proj    names, each of which a module's full name ends with
///   .*\.(1[0-9])\..*_proj          a regular expression (anything with one of \ * + ? [ ] ( ) { } | ^ $) that a
///   module's
///                                  full name, model.layers.N.self_attn.q_proj, matches as a whole
/// layers_to_transform narrows a list of names: numbers and ranges counted from 0, "0-7,12". Empty: every layer.
class TargetModules {
public:
    /// Fails with InvalidInput naming the name that no module has, what the pattern lacks, or the odd layer.
    static Result<TargetModules> parse(const std::string &modules, const std::string &layers = {});

    /// As parse() takes them; the seven short names, in any order, are all-linear.
    const std::string &modules() const noexcept { return m_modules; }
    const std::string &layers() const noexcept { return m_layers; }
    bool isPattern() const noexcept { return m_pattern; }
    /// The names of a list, written out; empty for a pattern.
    std::vector<std::string> names() const;
    /// The numbers of layers_to_transform, written out.
    std::vector<std::int64_t> layerNumbers() const;

    /// For a model of so many layers. Fails with InvalidInput where a layer is beyond the last or nothing is
    /// selected.
    Result<ModuleSelection> select(std::int64_t layers) const;

    bool operator==(const TargetModules &) const = default;

private:
    struct Range {
        std::int64_t first = 0;
        std::int64_t last = 0;
        bool operator==(const Range &) const = default;
    };
    std::string m_modules = "all-linear";
    std::string m_layers;
    bool m_pattern = false;
    std::vector<Range> m_ranges;
};

} // namespace attune
