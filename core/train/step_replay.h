#pragma once

#include "core/train/memory_plan.h"

namespace attune {

/// The requests for memory of a model with its adapter, in the order in which core/model makes them. Reads beside
/// decoder_torch.cpp, linear_torch.cpp and attention_torch.cpp: a tensor there is a Held here, of the same scope.
class StepReplay {
public:
    using Held = MemoryLedger::Held;

    StepReplay(const ModelConfig &config, const TrainSettings &settings, const ModuleSelection &selection,
               const PlanSituation &situation, MemoryLedger &ledger);

    void load();
    void startAdapter(); ///< and the optimiser
    /// A batch of so many rows of `length` tokens; with packing, one of rows x length tokens whose rows have
    /// `length`. What they begin with in common is held once.
    void batch(std::int64_t rows, std::int64_t length, std::int64_t supervised);
    /// Rows of one length whose loss is looked at, without gradients.
    void evaluation(std::int64_t rows, std::int64_t length, std::int64_t supervised);
    void optimizerStep();
    std::int64_t adapterParameters() const { return m_parameters; }

private:
    static constexpr std::int64_t wide = 4; ///< bytes of a float32
    static std::int64_t blocksOf(std::int64_t values, std::int64_t size) { return (values + size - 1) / size; }

    struct Group {
        std::int64_t in = 0;
        std::int64_t out = 0;
        std::vector<std::int64_t> parts;  ///< outputs of each projection
        std::vector<std::int64_t> active; ///< outputs of those with an adapter
        std::int64_t columns = 0;         ///< of u
    };
    struct Layer {
        Group qkv, o, gateUp, down;
    };
    /// Attention among so many rows of one length behind what they share; `alike` of them, one after another.
    struct Stretch {
        std::int64_t rows;
        std::int64_t length;
        std::int64_t prefix = 0;
        std::int64_t alike = 1;
        std::int64_t tokens() const { return rows * length * alike; }
    };
    /// Queries that are looked at together, and the keys before them.
    struct Block {
        std::int64_t queries;
        std::int64_t keys;
    };
    using Tape = std::vector<Held>;
    struct Product {
        Held y, u;
    };

    Group group(std::initializer_list<Projection> projections, const std::vector<Projection> &wanted) const;
    Held take(MemoryPart part, std::int64_t values, std::int64_t bytes)
    {
        return m_ledger.take(part, values * bytes);
    }
    /// Values of the compute dtype that come and go within a layer.
    Held passing(std::int64_t values) { return take(MemoryPart::Layer, values, m_bytes); }

    /// So many at once, of which each has `values`.
    std::vector<Held> several(int count, std::int64_t values, std::int64_t bytes);

    void unpack(const Group &group);
    void loadGroup(const Group &group);
    Held dropped(std::int64_t values);
    Held base(const Group &group, std::int64_t tokens, MemoryPart part);
    Product forward(const Group &group, std::int64_t tokens, MemoryPart part, MemoryPart keeps);
    Held backward(const Group &group, std::int64_t tokens, bool needDx);
    Held doraBackward(const Group &group, std::int64_t tokens, bool needDx);
    void gradients(const Group &group, std::int64_t tokens);
    void refreshGroup(const Group &group);

    Held normHeads(std::int64_t tokens, MemoryPart keeps, Tape &tape);
    static std::vector<Block> blocks(const Stretch &stretch, std::int64_t window);
    Held rotated(std::int64_t values, MemoryPart part);
    Held attention(const Stretch &stretch, std::int64_t window, MemoryPart part);
    /// The gradients of queries, keys and values.
    std::array<Held, 3> attentionBackward(const Stretch &stretch, std::int64_t window);
    Held swiGlu(std::int64_t tokens);
    Held swiGluBackward(std::int64_t tokens);
    void normBackward(std::int64_t tokens);

    Held layerForward(std::size_t index, const std::vector<Stretch> &stretches, std::int64_t tokens, Tape *tape);
    void layerBackward(std::size_t index, const std::vector<Stretch> &stretches, std::int64_t tokens);
    Held head(std::int64_t tokens, std::int64_t supervised);
    void reserveRotary(std::int64_t positions);

    const ModelConfig &m_config;
    const TrainSettings &m_settings;
    PlanSituation m_situation;
    MemoryLedger &m_ledger;
    std::vector<Layer> m_layers;
    std::int64_t m_bytes; ///< of a value in the compute dtype
    bool m_kernels;       ///< the fused kernels, in place of chains of ATen's operations
    bool m_ownProducts;
    bool m_restoresNf4;
    bool m_nf4;
    std::int64_t m_parameters = 0;
    std::int64_t m_positions = 0;
    std::int64_t m_scratchValues = 0;
    Held m_scratch;
    std::vector<Held> m_resident;
    std::vector<Held> m_rotary;
};

} // namespace attune
