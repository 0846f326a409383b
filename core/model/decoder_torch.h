#pragma once

#include "core/model/language_model.h"
#include "core/model/linear_torch.h"
#include "core/model/ops_torch.h"

#include <array>
#include <optional>

namespace attune {

/// What the backward pass of one layer needs. With checkpointing only `x` is kept and the rest computed again.
struct LayerTape {
    at::Tensor x, rstd1, normed1;
    at::Tensor qkv; ///< before normHeads()
    std::array<at::Tensor, 2> headRstd;
    std::vector<Heads> heads; ///< of each stretch
    std::vector<at::Tensor> lse;
    at::Tensor attended;
    at::Tensor x2, rstd2, normed2;
    at::Tensor gateUp;
    at::Tensor uQkv, uO, uGateUp, uDown;
};

/// Tokens whose attention keeps among themselves and the batch's prefix: the prefix itself, a whole batch of rows, or
/// one row of a packed one.
struct Stretch {
    std::int64_t begin = 0; ///< of the batch's N rows
    HeadShape shape;
    std::int64_t prefix = 0; ///< tokens at the front of the batch that each of its rows goes on from
    std::int64_t tokens() const { return shape.batch * shape.time; }
};

struct DecoderLayer {
    at::Tensor norm1, norm2;             // float32
    std::array<at::Tensor, 2> headNorms; // float32 [headDim], of queries and of keys; undefined without
    LinearGroup qkv, o, gateUp, down;
};

/// LoRA parameters of a whole model in one flat tensor, so that clipping and the optimiser are one operation each.
struct LoraState {
    struct Layer {
        LoraGroup qkv, o, gateUp, down;
    };
    LoraConfig config;
    std::string baseModel;
    at::Tensor parameters; ///< float32 [P]
    at::Tensor gradients;  ///< float32 [P]
    std::vector<Layer> layers;
    /// Brings the compute copies up to date, after the parameters changed.
    void refresh(const std::vector<DecoderLayer> &decoder, at::ScalarType dtype, DequantScratch &scratch);
};

struct KvCache::Impl {
    std::vector<at::Tensor> keys;   // per layer [kvHeads, capacity, headDim]
    std::vector<at::Tensor> values; // the same
    std::int64_t length = 0;
    std::int64_t capacity = 0;
};

class CudaDecoder; // cuda_decoder_torch.h

struct LanguageModel::Impl {
    ModelConfig config;
    std::filesystem::path path;
    std::string fingerprint;
    at::ScalarType dtype = at::kBFloat16;
    at::Device device = at::kCPU;
    at::Tensor embedding; // [V, hidden]
    at::Tensor head;      // [V, hidden]; the embedding where tied
    at::Tensor finalNorm; // float32
    std::vector<DecoderLayer> layers;
    RotaryTable rotary;
    DequantScratch scratch;
    std::unique_ptr<LoraState> lora;
    std::shared_ptr<CudaDecoder> graphs; ///< made when first decoding on a card

    static Result<std::unique_ptr<Impl>> load(const std::filesystem::path &model, const LoadOptions &options);

    /// Room for the parameters, all 0. Fails with InvalidInput where the configuration selects no module.
    Result<void> buildLora(const LoraConfig &config);
    void refreshLora() { lora->refresh(layers, dtype, scratch); }
    void needPositions(std::int64_t count);
    LoraState::Layer &loraOf(std::size_t layer);

    at::Tensor embed(std::span<const TokenId> ids) const;
    std::vector<Stretch> stretchesOf(const TokenBatch &batch) const;
    /// y [N, hidden]. The tape may be null.
    at::Tensor layerForward(std::size_t index, const at::Tensor &x, std::span<const Stretch> stretches,
                            std::uint64_t dropoutSeed, LayerTape *tape);
    /// dx [N, hidden], or undefined below the first layer.
    at::Tensor layerBackward(std::size_t index, at::Tensor dy, const LayerTape &tape,
                             std::span<const Stretch> stretches, std::uint64_t dropoutSeed);
    /// qkv with the heads of queries and keys normed, where the model does that. rstd may be null.
    at::Tensor normHeads(const DecoderLayer &layer, const at::Tensor &qkv, std::array<at::Tensor, 2> *rstd) const;
    /// From the gradient of its result to that of its argument, in place.
    void normHeadsBackward(const DecoderLayer &layer, const at::Tensor &qkv, const std::array<at::Tensor, 2> &rstd,
                           at::Tensor &gradient) const;
    LossSum trainBatch(const TokenBatch &batch, const BatchOptions &options);
    LossSum evaluateBatch(const TokenBatch &batch);
    /// Hidden states [tokens, hidden] of all feeds, before the final norm.
    at::Tensor cachedForward(std::span<const Feed> feeds);
    /// nextLogits() of one token a feed by a CUDA graph; nothing where there is none for that, and nothing is done
    /// then.
    std::optional<std::vector<float>> scoresByGraph(std::span<const Feed> feeds);

private:
    /// Loss over the supervised rows of x [N, hidden]; dx gets the gradient where gradientScale is not 0.
    LossSum headLoss(const at::Tensor &x, const TokenBatch &batch, double gradientScale, at::Tensor *dx);
    void checkIds(std::span<const TokenId> ids) const;
    /// Room in every feed's cache for its new tokens; the furthest position that any of them reaches.
    std::int64_t growCaches(std::span<const Feed> feeds) const;
    /// One layer's attention for all feeds, whose keys and values join the caches. qkv and result have a row per
    /// token.
    at::Tensor attendCached(std::size_t layer, const at::Tensor &qkv, std::span<const Feed> feeds) const;
    /// The same where every feed brings one token: in one pass over the heads, without ATen's cost per operation.
    at::Tensor attendOneEach(std::size_t layer, const at::Tensor &qkv, std::span<const Feed> feeds) const;
    LoraState::Layer m_noLora;
};

} // namespace attune
