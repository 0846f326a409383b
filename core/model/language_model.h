#pragma once

#include "core/model/adapter.h"
#include "core/text/tokenizer.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>

namespace attune {

enum class Quantization { None, Nf4 };
enum class ComputeType { Float32, BFloat16 };
Result<Quantization> parseQuantization(std::string_view text);
Result<ComputeType> parseComputeType(std::string_view text);

struct LoadOptions {
    Quantization quantization = Quantization::None;
    bool doubleQuant = true;
    bool keepDequantized = false; ///< NF4: hold the weights in the compute dtype too; the same numbers, for memory
    ComputeType compute = ComputeType::BFloat16;
    std::string device = "auto"; ///< "auto", "cpu", "cuda", "cuda:1"
    std::stop_token stop = {};
    std::function<void(double)> progress = {}; ///< share of the layers loaded, 0 to 1
};

/// Rows of one length: ids [rows, length], targets[i] the token that ids[i] is to predict, or -1 where nothing is
/// trained on. Shorter rows are filled up at the end, with any id and targets -1: causal attention keeps the filling
/// out of the rest. Packed: one row in which several stand one after another, each at positions from 0 and blind to
/// the others. With a prefix, ids begin with so many tokens that all rows have in common and hold once, such as the
/// system message. They see themselves, have no targets, and every row, packed or not, sees them and goes on at the
/// position behind them: what rows, length and packed count. The sums are those of whole rows, for less work.
struct TokenBatch {
    std::int64_t rows = 0;
    std::int64_t length = 0;
    std::int64_t prefix = 0;
    std::vector<std::int64_t> packed; ///< the lengths of the packed rows, in their order; empty: not packed
    std::vector<TokenId> ids;
    std::vector<std::int64_t> targets;

    std::int64_t supervised() const; ///< targets that are not -1
};

/// How a batch is trained on.
struct BatchOptions {
    double denominator = 1;       ///< the gradient is that of sum(nll) / denominator
    std::uint64_t seed = 0;       ///< of the dropout masks and the noise; 0: no dropout
    double neftuneNoiseAlpha = 0; ///< uniform noise of +-alpha / sqrt(length x hidden) on the embeddings; 0: none
    bool checkpointing = false;   ///< keep one activation a layer and compute the rest again
};

/// Sum of negative log-likelihoods in nats, over so many tokens.
struct LossSum {
    double nll = 0;
    std::int64_t tokens = 0;
};

/// The keys and values of one sequence, layer by layer. Movable.
class KvCache {
public:
    KvCache();
    KvCache(KvCache &&) noexcept;
    KvCache &operator=(KvCache &&) noexcept;
    ~KvCache();
    std::int64_t length() const noexcept;
    /// Forgets what comes after the first `length` tokens.
    void truncate(std::int64_t length);
    KvCache clone() const;

    struct Impl; // decoder_torch.h
    Impl &impl() noexcept { return *m_impl; }

private:
    std::unique_ptr<Impl> m_impl;
};

struct LoraState; // decoder_torch.h

/// An adapter in the form that a model computes with, set aside; for that model alone. Empty: no adapter. Movable.
class HeldAdapter {
public:
    HeldAdapter();
    HeldAdapter(HeldAdapter &&) noexcept;
    HeldAdapter &operator=(HeldAdapter &&) noexcept;
    ~HeldAdapter();
    std::int64_t bytes() const; ///< that it takes

private:
    friend class LanguageModel;
    std::unique_ptr<LoraState> m_state;
};

/// A decoder-only model with at most one LoRA adapter at a time. Movable; one thread at a time.
class LanguageModel {
public:
    /// `model`: a Hugging Face folder or a GGUF file. Streams tensor by tensor: peak memory stays near the size of
    /// the result. Fails with NotFound, Corrupt, InvalidInput, OutOfMemory, Interrupted.
    static Result<LanguageModel> load(const std::filesystem::path &model, const LoadOptions &options);
    LanguageModel(LanguageModel &&) noexcept;
    LanguageModel &operator=(LanguageModel &&) noexcept;
    ~LanguageModel();

    const ModelConfig &config() const noexcept;
    const std::string &fingerprint() const noexcept;
    const std::filesystem::path &path() const noexcept;
    std::string device() const;
    std::int64_t weightBytes() const; ///< of the frozen weights as held

    // --- adapters: the base stays loaded ---
    /// A new adapter as PEFT starts it: A uniform in +-1/sqrt(in) (kaiming with a = sqrt 5), B zero.
    Result<void> startAdapter(const LoraConfig &config, std::uint64_t seed);
    Result<void> useAdapter(const Adapter &adapter);
    void dropAdapter();
    bool hasAdapter() const noexcept;
    /// Puts `next` in use and gives back what was: nothing is copied, so several may take turns at every token.
    HeldAdapter exchangeAdapter(HeldAdapter next);
    /// A copy of the adapter in use, which must be there.
    Adapter adapter() const;

    // --- training: gradients add up until takeStep or clearGradients ---
    /// Adds the batch's gradient. Returns the sum.
    Result<LossSum> accumulateGradients(const TokenBatch &batch, const BatchOptions &options);
    Result<LossSum> evaluate(const TokenBatch &batch);

    // --- inference ---
    /// Runs each sequence on by its new tokens and gives the scores of each one's next token, fp32 [sequences x
    /// vocab].
    struct Feed {
        KvCache *cache = nullptr;
        std::span<const TokenId> tokens;
    };
    Result<std::vector<float>> nextLogits(std::span<const Feed> feeds);
    /// Scores after every token, fp32 [tokens x vocab], without a cache.
    Result<std::vector<float>> allLogits(std::span<const TokenId> ids);

    struct Impl; // decoder_torch.h, for core/train only
    Impl &impl() noexcept { return *m_impl; }

private:
    explicit LanguageModel(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

/// Peak resident memory of this process in bytes (VmHWM), and what it holds now (VmRSS).
std::int64_t peakMemory();
std::int64_t currentMemory();
/// Threads that the engine computes with; 0 keeps the number of cores.
void setComputeThreads(int threads);
int computeThreads();
/// Device, threads, kernel level and libraries in one line, for a run's record.
std::string machineDescription(const std::string &device);

} // namespace attune
