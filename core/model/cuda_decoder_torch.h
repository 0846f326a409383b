#pragma once

#include "core/model/decode_step_torch.h"

#include <list>
#include <optional>

namespace attune {

/// Decodes on a card by CUDA graphs: the step of some sequences is captured once and then started for each token by
/// one call, where starting its kernels one by one would take longer than they run. For one model; one thread at a
/// time.
class CudaDecoder {
public:
    explicit CudaDecoder(const LanguageModel::Impl &model);
    ~CudaDecoder();
    CudaDecoder(const CudaDecoder &) = delete;
    CudaDecoder &operator=(const CudaDecoder &) = delete;

    /// Why it does not work, for good: no kernels on this card, a model whose form they don't know,
    /// $ATTUNE_CUDA_GRAPHS = 0, a driver that refuses. Empty where it does.
    const std::string &trouble() const { return m_trouble; }
    /// The scores of the next token of each feed, float32 [feeds x vocabulary]. The feeds bring one token each, and
    /// their caches have room for it. Nothing where it does not work.
    std::optional<std::vector<float>> scores(LanguageModel::Impl &model, std::span<const LanguageModel::Feed> feeds);

private:
    struct Graph;
    Graph *find(LanguageModel::Impl &model, std::int64_t rows, std::int64_t splits);

    std::string m_trouble;
    std::list<std::unique_ptr<Graph>> m_graphs; ///< used last: first
};

} // namespace attune
