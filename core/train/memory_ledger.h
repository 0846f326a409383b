#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <utility>

namespace attune {

/// What the memory of a training run goes to.
enum class MemoryPart {
    Process,     ///< the program, its libraries and their workspaces
    Weights,     ///< the frozen base, as it is held
    Dequantised, ///< the one weight that is unpacked at a time, or all of them where they are kept
    Adapter,     ///< parameters, gradients and the copies that are computed with
    Optimizer,   ///< AdamW's means
    Activations, ///< what the layers keep for the backward pass
    Layer,       ///< what comes and goes within a layer
    Attention,   ///< scores of a block of queries
    Head,        ///< logits and what leads to them
    Loading,     ///< pages of the file while it is read, where that is the peak
    Checkpoint,  ///< what saving copies
    Spare,       ///< idle blocks that the allocator keeps
};
inline constexpr std::size_t memoryParts = 12;
using PartBytes = std::array<std::int64_t, memoryParts>;

/// Plays the allocator of core/model/allocator_torch.cpp with sizes alone: the same blocks are reused, mapped and
/// given back, so that what a sequence of requests leaves idle is counted as it will be.
class MemoryLedger {
public:
    /// A request that is not given back yet. Movable.
    class Held {
    public:
        Held() = default;
        Held(Held &&other) noexcept { swap(other); }
        Held &operator=(Held &&other) noexcept
        {
            Held(std::move(other)).swap(*this);
            return *this;
        }
        ~Held()
        {
            if (m_ledger)
                m_ledger->giveBack(*this);
        }

    private:
        friend class MemoryLedger;
        void swap(Held &other) noexcept
        {
            std::swap(m_ledger, other.m_ledger);
            std::swap(m_part, other.m_part);
            std::swap(m_bytes, other.m_bytes);
            std::swap(m_block, other.m_block);
        }
        MemoryLedger *m_ledger = nullptr;
        MemoryPart m_part = MemoryPart::Layer;
        std::int64_t m_bytes = 0;
        std::int64_t m_block = 0; ///< size of its block; 0: a small one, from malloc
    };

    /// `blocks`: as on a CPU. Otherwise sizes just add up.
    explicit MemoryLedger(bool blocks) : m_blocks(blocks) {}
    MemoryLedger(const MemoryLedger &) = delete;
    MemoryLedger &operator=(const MemoryLedger &) = delete;

    [[nodiscard]] Held take(MemoryPart part, std::int64_t bytes);
    /// So much is resident beside the blocks just now.
    void beside(std::int64_t bytes);

    /// By part, at the moment when most was held; the rest up to most() is Spare.
    PartBytes parts() const;
    std::int64_t mostUsed() const { return m_mostUsed; }     ///< in large blocks, as BlockUse counts it
    std::int64_t most() const;                               ///< resident: large blocks and small ones
    std::int64_t mostBeside() const { return m_mostBeside; } ///< the same with what was beside() them

private:
    void giveBack(const Held &held);
    void trim(std::int64_t limit, std::int64_t more);

    bool m_blocks;
    PartBytes m_live{};
    PartBytes m_atPeak{};
    std::int64_t m_held = 0;
    std::int64_t m_mostHeld = 0;
    std::int64_t m_small = 0;
    std::int64_t m_mostSmall = 0;
    std::list<std::int64_t> m_idle; // sizes, the longest idle first
    std::multimap<std::int64_t, std::list<std::int64_t>::iterator> m_bySize;
    std::int64_t m_used = 0;
    std::int64_t m_mostUsed = 0;
    std::int64_t m_mapped = 0;
    std::int64_t m_mostMapped = 0;
    std::int64_t m_mostBeside = 0;
};

} // namespace attune
