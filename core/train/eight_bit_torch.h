#pragma once

#include "core/train/optimizer_torch.h"

namespace attune {

/// AdamW's means in 8 bits each: blocks of 256 values, each value the nearest of 256 dynamic codes times the block's
/// largest magnitude, the codes signed for the first mean and unsigned for the second. Computed in float32, piece by
/// piece, from ops that every device has. Dettmers et al. 2022, arXiv:2110.02861, sec. 2; the codes are bitsandbytes'
/// dynamic map. Blocks run across the borders of the adapter's tensors, and small tensors are in 8 bits too;
/// bitsandbytes begins each tensor with a block of its own and keeps one below 4096 values in float32.
class EightBitStates final : public AdamWStates {
public:
    static constexpr std::int64_t block = 256;

    explicit EightBitStates(const at::Tensor &parameters);

    void step(const at::Tensor &parameters, const at::Tensor &gradients, const Step &step) override;
    void store(TrainState &state) const override;
    bool load(Reader &first, Reader &second) override;
    void clear() override;

private:
    struct Mean {
        at::Tensor codes;   ///< uint8 [blocks, 256]; the last block is filled up with zeros
        at::Tensor largest; ///< float32 [blocks]
        at::Tensor map;     ///< float32 [256], ascending
        at::Tensor borders; ///< float32 [255], halfway between two codes
        std::int64_t zero;  ///< index of the code 0
    };
    static Mean makeMean(std::int64_t blocks, bool isSigned, at::Device device);
    static at::Tensor read(const Mean &mean, std::int64_t begin, std::int64_t count);
    static void write(Mean &mean, std::int64_t begin, const at::Tensor &values);

    std::int64_t m_count;
    Mean m_first;
    Mean m_second;
};

/// bitsandbytes' dynamic map of 8 bits: seven exponents of ten, the more mantissa the larger, and 0 and 1.
std::vector<float> dynamicMap(bool isSigned);

} // namespace attune
