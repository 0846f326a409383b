#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace attune {

class WeightSource;

/// Where quantised weights are kept between loads, so that a model is read and quantised once. A file is whole or not
/// there, and checked whenever it is used; what was used longest ago goes first where there is no room. Nothing
/// depends on it: whoever deletes the folder pays one slower load.
struct WeightCache {
    std::filesystem::path folder;
    std::int64_t limit = 0;         ///< bytes of all files; 0: nothing is kept
    std::int64_t least = 32 << 20;  ///< smaller models are quantised in a moment

    /// <cache folder>/weights with $ATTUNE_WEIGHT_CACHE GiB, 16 where it is not set; 0 switches it off.
    static WeightCache standard();
    std::filesystem::path file(const std::string &key) const;
};

/// What the weights of a quantised model follow from: those of the source, its files' sizes and times (its
/// fingerprint does not see every byte), the kind of quantisation, the kernels, and the form of the file.
std::string weightKey(const WeightSource &source, const std::string &fingerprint, bool doubleQuant);

struct WeightCacheUse {
    std::int64_t files = 0;
    std::int64_t bytes = 0;
    std::int64_t limit = 0;
};
WeightCacheUse weightCacheUse(const WeightCache &cache);

/// Deletes what was used longest ago until `bytes` more fit, and what a killed process left.
/// Fails with InvalidInput where so much never fits, with Io where the disk has too little room.
Result<void> makeRoom(const WeightCache &cache, std::int64_t bytes);

/// Why the weights of the last model that was loaded were not kept; empty where they were, or need not be. For a log:
/// a full disk costs time at the next load, nothing else.
std::string weightCacheTrouble();
void setWeightCacheTrouble(std::string why);

} // namespace attune
