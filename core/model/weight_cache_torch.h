#pragma once

#include "core/base/files.h"
#include "core/model/nf4_torch.h"
#include "core/model/weight_cache.h"

#include <map>
#include <memory>
#include <optional>
#include <stop_token>

namespace attune {

/// Packed weights that an earlier load has kept, in a file that is mapped: the tensors are views of its pages, which
/// the kernel shares with other processes and counts as resident once they are touched, as it does with copies.
/// Movable.
class StoredWeights {
public:
    /// None: nothing is stored.
    StoredWeights() = default;
    /// Those of a key. A file that is not whole, to the last bit, is deleted and not used.
    static StoredWeights find(const WeightCache &cache, const std::string &key);

    bool empty() const { return m_weights.empty(); }
    std::optional<Nf4Tensor> weight(const std::string &name, std::int64_t out, std::int64_t in) const;
    /// Its pages are not needed any more: it was copied to a card.
    void forget(const std::string &name) const;

private:
    static Result<StoredWeights> read(const std::filesystem::path &path, const std::string &key);

    std::shared_ptr<const MappedFile> m_file; ///< held by the tensors too
    std::map<std::string, Nf4Tensor> m_weights;
};

using NamedWeights = std::vector<std::pair<std::string, Nf4Tensor>>;

/// Keeps them for the next load. Not if it can't: weightCacheTrouble() then says why.
void keepWeights(const WeightCache &cache, const std::string &key, const NamedWeights &weights, std::stop_token stop);

} // namespace attune
