#pragma once

#include "core/model/decoder_torch.h"

#include <functional>

namespace attune {

/// One new token for each of a few sequences, as a row of kernels (resources/kernels/decode.cu) whose memory is all
/// set aside before: nothing is allocated and nothing but `inputs` changes from token to token, so the row can be
/// captured into a CUDA graph. Knows nothing of CUDA itself: a test runs it by emulation.
class DecodeStep {
public:
    struct Grid {
        std::int64_t x = 1;
        std::int64_t y = 1;
    };
    /// Starts a kernel, with its arguments as cuLaunchKernel takes them.
    using Launch = std::function<void(const char *kernel, Grid grid, unsigned threads, void **arguments)>;

    /// Sequences at once, at most.
    static constexpr std::int64_t mostRows = 64;
    /// Whether the kernels know this model's form: bfloat16, sizes that they take.
    static bool knows(const LanguageModel::Impl &model);
    /// The addresses that a step is bound to. While they stay the same, so does the step.
    static std::vector<const void *> addresses(LanguageModel::Impl &model);
    /// Rows that a step for so many sequences has: few sizes serve all numbers.
    static std::int64_t rowsFor(std::size_t sequences);
    /// Blocks that share the keys of caches with so much room; grows in powers of two.
    static std::int64_t splitsFor(std::int64_t capacity);

    DecodeStep(const LanguageModel::Impl &model, std::int64_t rows, std::int64_t splits);

    std::int64_t rows() const { return m_rows; }
    std::int64_t splits() const { return m_splits; }
    /// The tokens, the positions and where the caches lie, as `inputs` takes them. Each feed brings one token.
    void describe(std::span<const LanguageModel::Feed> feeds, std::uint8_t *to) const;
    void launch(LanguageModel::Impl &model, const Launch &launch) const;

    at::Tensor inputs; ///< uint8 [bytes]
    at::Tensor scores; ///< float32 [rows, vocabulary]

private:
    void norm(const at::Tensor &x, const at::Tensor &weight, double eps, const Launch &launch) const;
    void attend(LanguageModel::Impl &model, std::size_t layer, const Launch &launch) const;

    std::int64_t m_rows;
    std::int64_t m_splits;
    std::int64_t m_layers;
    // bfloat16, m_rows rows each
    at::Tensor m_x;        // [hidden]: the layers add to it
    at::Tensor m_normed;   // [hidden]
    at::Tensor m_qkv;      // [(heads + 2 kvHeads) d]
    at::Tensor m_attended; // [heads d]
    at::Tensor m_gated;    // [intermediate]
    at::Tensor m_down;     // [columns]: LoRA's thin products
    at::Tensor m_parts;    // float32: attention's, of each block
};

} // namespace attune
