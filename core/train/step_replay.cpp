#include "core/train/step_replay.h"

#include <algorithm>

namespace attune {
namespace {

constexpr std::int64_t logitsAtOnce = 16 << 20; // decoder_torch.cpp
constexpr std::int64_t readAtOnce = 4 << 20;    // bytes of float32 rows that are read at once, when a model is loaded
constexpr std::int64_t quantisedBlock = 64;     // values that share a maximum
constexpr std::int64_t statesBlock = 256;       // values that share a maximum in 8-bit AdamW

} // namespace

StepReplay::StepReplay(const ModelConfig &config, const TrainSettings &settings, const ModuleSelection &selection,
                       const PlanSituation &situation, MemoryLedger &ledger)
    : m_config(config), m_settings(settings), m_situation(situation), m_ledger(ledger),
      m_bytes(settings.compute_dtype == "float32" ? 4 : 2), m_kernels(!situation.gpu && m_bytes == 2),
      m_ownProducts(m_kernels && situation.ownProducts), m_restoresNf4(m_ownProducts && situation.restoresNf4),
      m_nf4(settings.quantization == "nf4")
{
    using P = Projection;
    for (const auto &wanted : selection)
        m_layers.push_back({group({P::Q, P::K, P::V}, wanted), group({P::O}, wanted), group({P::Gate, P::Up}, wanted),
                            group({P::Down}, wanted)});
    for (const Layer &layer : m_layers)
        for (const Group *g : {&layer.qkv, &layer.o, &layer.gateUp, &layer.down}) {
            m_parameters += g->columns * g->in;
            for (const std::int64_t out : g->active)
                m_parameters += out * (m_settings.lora_r + (m_settings.use_dora ? 1 : 0));
        }
}

StepReplay::Group StepReplay::group(std::initializer_list<Projection> projections,
                                    const std::vector<Projection> &wanted) const
{
    Group g;
    for (const Projection projection : projections) {
        const ProjectionShape shape = projectionShape(m_config, projection);
        g.in = shape.in;
        g.out += shape.out;
        g.parts.push_back(shape.out);
        if (std::find(wanted.begin(), wanted.end(), projection) != wanted.end()) {
            g.active.push_back(shape.out);
            g.columns += m_settings.lora_r;
        }
    }
    return g;
}

std::vector<StepReplay::Held> StepReplay::several(int count, std::int64_t values, std::int64_t bytes)
{
    std::vector<Held> all;
    for (int i = 0; i < count; ++i)
        all.push_back(take(MemoryPart::Layer, values, bytes));
    return all;
}

// --- what stays ---

void StepReplay::load()
{
    const auto tensor = [&](std::int64_t rows, std::int64_t columns, std::int64_t bytes) {
        m_resident.push_back(take(MemoryPart::Weights, rows * columns, bytes));
        const std::int64_t atOnce = columns == 1 ? rows : std::max<std::int64_t>(1, readAtOnce / (columns * wide));
        const Held piece = take(MemoryPart::Loading, atOnce * columns, m_situation.gpu ? 0 : wide);
        m_ledger.beside(m_situation.gpu ? 0 : rows * columns * 2);
    };
    tensor(m_config.vocabSize, m_config.hiddenSize, m_bytes);
    if (!m_config.tiedEmbeddings)
        tensor(m_config.vocabSize, m_config.hiddenSize, m_bytes);
    tensor(m_config.hiddenSize, 1, wide);
    for (const Layer &layer : m_layers) {
        tensor(m_config.hiddenSize, 1, wide);
        tensor(m_config.hiddenSize, 1, wide);
        for (const Group *g : {&layer.qkv, &layer.o, &layer.gateUp, &layer.down})
            loadGroup(*g);
    }
}

void StepReplay::loadGroup(const Group &g)
{
    if (!m_nf4)
        m_resident.push_back(take(MemoryPart::Weights, g.in * g.out, m_bytes));
    for (const std::int64_t out : g.parts) {
        const std::int64_t blocks = blocksOf(out * g.in, quantisedBlock);
        const Held piece = take(MemoryPart::Loading, readAtOnce, m_situation.gpu ? 0 : 1);
        if (m_nf4) {
            m_resident.push_back(take(MemoryPart::Weights, blocks, quantisedBlock / 2));
            Held maxima = take(MemoryPart::Weights, blocks, wide);
            if (m_settings.double_quant) {
                m_resident.push_back(take(MemoryPart::Weights, blocks, 1));
                m_resident.push_back(take(MemoryPart::Weights, blocksOf(blocks, 256), wide));
            } else {
                m_resident.push_back(std::move(maxima));
            }
        }
        m_ledger.beside(m_situation.gpu ? 0 : out * g.in * 2);
    }
    if (m_nf4 && m_settings.keep_dequantized)
        m_resident.push_back(take(MemoryPart::Dequantised, g.in * g.out, m_bytes));
}

void StepReplay::startAdapter()
{
    m_resident.push_back(take(MemoryPart::Adapter, m_parameters, wide));
    m_resident.push_back(take(MemoryPart::Adapter, m_parameters, wide)); // gradients
    for (const Layer &layer : m_layers)
        for (const Group *g : {&layer.qkv, &layer.o, &layer.gateUp, &layer.down}) {
            if (g->columns == 0)
                continue;
            {
                const Held start = take(MemoryPart::Adapter, g->columns * g->in, wide);
            }
            if (m_bytes < wide) // the copy that is computed with; in float32 it is the parameter itself
                m_resident.push_back(take(MemoryPart::Adapter, g->columns * g->in, m_bytes));
            m_resident.push_back(take(MemoryPart::Adapter, g->out * g->columns, m_bytes));
            if (m_settings.use_dora)
                for (int i = 0; i < 3; ++i)
                    m_resident.push_back(take(MemoryPart::Adapter, g->out, wide));
            refreshGroup(*g);
        }
    const bool eightBit = m_settings.optim == "adamw_8bit";
    for (int mean = 0; mean < 2; ++mean) {
        m_resident.push_back(take(MemoryPart::Optimizer, m_parameters, eightBit ? 1 : wide));
        if (eightBit)
            m_resident.push_back(take(MemoryPart::Optimizer, blocksOf(m_parameters, statesBlock), wide));
    }
}

void StepReplay::refreshGroup(const Group &g)
{
    if (g.columns == 0)
        return;
    for (const std::int64_t out : g.active)
        const Held scaled = take(MemoryPart::Adapter, out * m_settings.lora_r, wide);
    if (!m_settings.use_dora)
        return;
    unpack(g);
    const Held projected = take(MemoryPart::Adapter, g.out * g.columns, m_bytes);
    const Held asWide = take(MemoryPart::Adapter, g.out * g.columns, m_bytes < wide ? wide : 0);
    const Held b =
        take(MemoryPart::Adapter, *std::max_element(g.active.begin(), g.active.end()) * m_settings.lora_r, 3 * wide);
}

void StepReplay::optimizerStep()
{
    for (const Layer &layer : m_layers)
        for (const Group *g : {&layer.qkv, &layer.o, &layer.gateUp, &layer.down}) {
            if (g->columns > 0 && m_bytes < wide)
                const Held copy =
                    take(MemoryPart::Adapter, g->columns * g->in, m_bytes); // the new one, before the old goes
            refreshGroup(*g);
        }
}

// --- products ---

void StepReplay::unpack(const Group &g)
{
    if (!m_nf4 || m_settings.keep_dequantized || m_scratchValues >= g.in * g.out)
        return;
    if (m_restoresNf4 && g.in % 64 == 0 && !m_settings.use_dora) // which needs the lengths of the weight's rows
        return;
    m_scratch =
        take(MemoryPart::Dequantised, g.in * g.out, m_bytes); // the larger one is there before the smaller goes
    m_scratchValues = g.in * g.out;
}

StepReplay::Held StepReplay::dropped(std::int64_t values)
{
    if (m_kernels)
        return passing(values);
    const Held mask = take(MemoryPart::Layer, values, wide);
    const Held narrow = passing(m_bytes < wide ? values : 0);
    return passing(values);
}

StepReplay::Held StepReplay::base(const Group &g, std::int64_t tokens, MemoryPart part)
{
    unpack(g);
    return take(part, tokens * g.out, m_bytes);
}

StepReplay::Product StepReplay::forward(const Group &g, std::int64_t tokens, MemoryPart part, MemoryPart keeps)
{
    Product result;
    const bool drops = m_settings.lora_dropout > 0;
    if (g.columns > 0 && m_ownProducts && !m_settings.use_dora) { // both products in one pass
        Held kept;
        if (drops)
            kept = dropped(tokens * g.in);
        result.u = take(keeps, tokens * g.columns, m_bytes);
        kept = Held();
        result.y = base(g, tokens, part);
        return result;
    }
    result.y = base(g, tokens, part);
    if (g.columns == 0)
        return result;
    Held kept;
    if (drops)
        kept = dropped(tokens * g.in);
    Held plain;
    if (drops && m_settings.use_dora) {
        plain = std::move(result.y);
        result.y = base(g, tokens, part);
    }
    result.u = take(keeps, tokens * g.columns, m_bytes);
    if (m_settings.use_dora && m_bytes < wide)
        const auto scaled = several(2, tokens * g.out, wide); // bfloat16 times float32 is computed in copies
    return result;
}

/// Into the gradients of A and of each B.
void StepReplay::gradients(const Group &g, std::int64_t tokens)
{
    const Held scaled = passing(tokens * g.columns);
    if (m_ownProducts || m_bytes == wide)
        return; // added in place
    for (const std::int64_t out : g.active)
        const Held sum = passing(out * m_settings.lora_r);
    const Held sum = passing(g.columns * g.in);
}

StepReplay::Held StepReplay::backward(const Group &g, std::int64_t tokens, bool needDx)
{
    if (g.columns > 0 && m_settings.use_dora)
        return doraBackward(g, tokens, needDx);
    const bool drops = m_settings.lora_dropout > 0;
    if (g.columns > 0 && m_ownProducts) { // both products in one pass
        const Held du = passing(tokens * g.columns);
        {
            Held kept;
            if (drops)
                kept = dropped(tokens * g.in);
            gradients(g, tokens);
        }
        return needDx ? base({g.out, g.in, {}, {}, 0}, tokens, MemoryPart::Layer) : Held();
    }
    Held dx = needDx ? base({g.out, g.in, {}, {}, 0}, tokens, MemoryPart::Layer) : Held();
    if (g.columns == 0)
        return dx;
    const Held du = passing(tokens * g.columns);
    {
        Held kept;
        if (drops)
            kept = dropped(tokens * g.in);
        gradients(g, tokens);
    }
    if (needDx && drops) {
        const Held product = passing(tokens * g.in);
        if (!m_kernels)
            const Held kept = dropped(tokens * g.in);
    }
    return dx;
}

StepReplay::Held StepReplay::doraBackward(const Group &g, std::int64_t tokens, bool needDx)
{
    const bool drops = m_settings.lora_dropout > 0;
    Held kept;
    if (drops)
        kept = dropped(tokens * g.in);
    {
        const Held sum = base(g, tokens, MemoryPart::Layer);
        const auto asWide = several(m_bytes < wide ? 2 : 0, tokens * g.out, wide); // both factors
        const Held product = take(MemoryPart::Layer, tokens * g.out, wide);
    }
    Held dSum;
    {
        Held asWide = take(MemoryPart::Layer, m_bytes < wide ? tokens * g.out : 0, wide);
        Held scaled = take(MemoryPart::Layer, tokens * g.out, wide); // bfloat16 times float32 is float32
        asWide = Held();
        dSum = m_bytes < wide ? passing(tokens * g.out) : std::move(scaled);
    }
    const Held du = passing(tokens * g.columns);
    gradients(g, tokens);
    if (!needDx)
        return {};
    Held dx = base({g.out, g.in, {}, {}, 0}, tokens, MemoryPart::Layer);
    if (drops) {
        const Held difference = passing(tokens * g.out);
        const Held dKept = passing(tokens * g.in);
        if (!m_kernels)
            const Held masked = dropped(tokens * g.in);
    }
    return dx;
}

StepReplay::Held StepReplay::layerForward(std::size_t index, const std::vector<Stretch> &stretches,
                                          std::int64_t tokens, Tape *kept)
{
    const Layer &layer = m_layers[index];
    const MemoryPart keeps = kept ? MemoryPart::Activations : MemoryPart::Layer;
    Tape unused;
    Tape &tape = kept ? *kept : unused;
    const std::int64_t hidden = tokens * m_config.hiddenSize;
    const auto keep = [&](std::int64_t values, std::int64_t bytes) { tape.push_back(take(keeps, values, bytes)); };
    const auto project = [&](const Group &group) {
        Product product = forward(group, tokens, keeps, keeps);
        tape.push_back(std::move(product.u));
        tape.push_back(std::move(product.y));
    };
    const auto norm = [&] {
        const auto terms = several(m_kernels ? 0 : 2, hidden, wide);
        keep(hidden, m_bytes);
        keep(tokens, wide); // rstd
    };
    norm();
    project(layer.qkv);
    std::vector<Held> attended;
    {
        const Held normedQkv = normHeads(tokens, keeps, tape);
        for (const Stretch &s : stretches) {
            const std::int64_t t = s.tokens();
            Tape heads; // they go after each stretch where nothing is kept
            Tape &to = kept ? tape : heads;
            to.push_back(rotated(t * m_config.heads * m_config.headDim, keeps));
            Held k = rotated(t * m_config.kvHeads * m_config.headDim, keeps);
            Held v = take(keeps, t * m_config.kvHeads * m_config.headDim, m_bytes);
            if (s.prefix > 0) {
                const std::int64_t keys = (t + s.rows * s.alike * s.prefix) * m_config.kvHeads * m_config.headDim;
                k = take(keeps, keys, m_bytes);
                v = take(keeps, keys, m_bytes);
            }
            to.push_back(std::move(k));
            to.push_back(std::move(v));
            if (kept)
                keep(t * m_config.heads, wide); // the log of the softmax's sum
            attended.push_back(attention(s, m_config.window(index), keeps));
        }
        if (attended.size() > 1)
            keep(tokens * m_config.heads * m_config.headDim, m_bytes);
        else
            tape.push_back(std::move(attended.front()));
    }
    project(layer.o); // becomes x2 in place
    norm();
    project(layer.gateUp);
    const Held inner = swiGlu(tokens);
    Product down = forward(layer.down, tokens, MemoryPart::Activations, keeps);
    tape.push_back(std::move(down.u));
    return std::move(down.y);
}

void StepReplay::layerBackward(std::size_t index, const std::vector<Stretch> &stretches, std::int64_t tokens)
{
    const Layer &layer = m_layers[index];
    const bool first = index == 0;
    const Held dGateUp = [&] {
        const Held inner = swiGlu(tokens);
        const Held dInner = backward(layer.down, tokens, true);
        return swiGluBackward(tokens);
    }();
    const Held dNormed2 = backward(layer.gateUp, tokens, true);
    normBackward(tokens);
    const Held dAttended = backward(layer.o, tokens, true);
    std::vector<Held> joined;
    std::array<Held, 3> ofPrefix;
    for (auto stretch = stretches.rbegin(); stretch != stretches.rend(); ++stretch) {
        const Stretch &s = *stretch;
        std::array<Held, 3> dHeads = attentionBackward(s, m_config.window(index));
        const std::int64_t t = s.tokens();
        if (s.prefix > 0)
            for (const std::size_t kOrV : {1U, 2U}) {
                Held sum = take(MemoryPart::Layer, s.prefix * m_config.kvHeads * m_config.headDim, wide);
                if (stretch == stretches.rbegin()) // what comes later is added to it
                    ofPrefix[kOrV] = std::move(sum);
                dHeads[kOrV] = passing(t * m_config.kvHeads * m_config.headDim);
            }
        if (!m_kernels) {
            const Held dQ = rotated(t * m_config.heads * m_config.headDim, MemoryPart::Layer);
            const Held dK = rotated(t * m_config.kvHeads * m_config.headDim, MemoryPart::Layer);
            const Held cat = passing(t * m_config.qkvSize());
        }
        joined.push_back(passing(t * m_config.qkvSize()));
    }
    Held dQkv;
    if (joined.size() > 1)
        dQkv = passing(tokens * m_config.qkvSize());
    if (m_config.headNorms)
        const auto terms = several(3, tokens * m_config.heads * m_config.headDim, m_bytes);
    const Held dNormed1 = backward(layer.qkv, tokens, !first);
    if (!first)
        normBackward(tokens);
}

StepReplay::Held StepReplay::head(std::int64_t tokens, std::int64_t supervised)
{
    const auto part = [&](std::int64_t values, std::int64_t bytes) { return take(MemoryPart::Head, values, bytes); };
    Held dx = part(tokens * m_config.hiddenSize, m_bytes);
    const std::int64_t values = supervised * m_config.hiddenSize;
    const Held picked = part(values, m_bytes);
    const Held normed = part(values, m_bytes);
    const Held dNormed = part(values, m_bytes);
    const std::int64_t piece = std::min(supervised, std::max<std::int64_t>(1, logitsAtOnce / m_config.vocabSize));
    for (std::int64_t begin = 0; begin < std::min(supervised, 2 * piece); begin += piece) { // the others are alike
        const std::int64_t count = std::min(piece, supervised - begin);
        const std::int64_t scores = count * m_config.vocabSize;
        const Held logits = part(scores, m_bytes);
        if (!m_kernels) {
            const Held asWide = part(m_bytes < wide ? scores : 0, wide);
            const Held probabilities = part(scores, wide);
            const Held gradient = part(scores, wide);
            const Held scaled = part(scores, wide);
        }
        const Held product = part(count * m_config.hiddenSize, m_bytes);
    }
    const Held dPicked = part(values, m_bytes);
    return dx;
}

void StepReplay::reserveRotary(std::int64_t positions)
{
    if (m_positions >= positions)
        return;
    m_positions = std::max<std::int64_t>(256, 2 * positions);
    m_rotary.clear();
    for (int table = 0; table < 2; ++table)
        m_rotary.push_back(take(MemoryPart::Weights, m_positions * m_config.headDim / 2, wide));
}

void StepReplay::evaluation(std::int64_t rows, std::int64_t length, std::int64_t supervised)
{
    reserveRotary(length);
    const std::int64_t tokens = rows * length;
    const std::vector<Stretch> stretches{{rows, length}};
    Held x = take(MemoryPart::Activations, tokens * m_config.hiddenSize, m_bytes);
    for (std::size_t i = 0; i < m_layers.size(); ++i)
        x = layerForward(i, stretches, tokens, nullptr);
    const std::int64_t values = supervised * m_config.hiddenSize;
    const Held picked = take(MemoryPart::Head, values, m_bytes);
    const Held normed = take(MemoryPart::Head, values, m_bytes);
    const std::int64_t piece = std::min(supervised, std::max<std::int64_t>(1, logitsAtOnce / m_config.vocabSize));
    const Held logits = take(MemoryPart::Head, piece * m_config.vocabSize, m_kernels ? m_bytes : m_bytes + 2 * wide);
}

void StepReplay::batch(std::int64_t rows, std::int64_t length, std::int64_t supervised)
{
    const std::int64_t prefix = m_situation.gpu || rows == 1 ? 0 : std::min(m_situation.prefix, length - 1);
    const std::int64_t own = length - prefix;
    const std::int64_t tokens = prefix + rows * own;
    std::vector<Stretch> stretches;
    if (prefix > 0)
        stretches.push_back({1, prefix});
    if (m_settings.packing) { // each row is a stretch of its own
        const std::int64_t alike = blocksOf(rows, 64); // of many, some count for several
        for (std::int64_t left = rows; left > 0; left -= alike)
            stretches.push_back({1, own, prefix, std::min(alike, left)});
    } else {
        stretches.push_back({rows, own, prefix});
    }
    reserveRotary(m_settings.packing ? tokens : length);
    const bool checkpointing = m_settings.gradient_checkpointing;
    const std::int64_t hidden = tokens * m_config.hiddenSize;
    std::vector<Tape> tapes(m_layers.size());
    Held x;
    {
        const Held ids = take(MemoryPart::Layer, tokens, 2 * 8); // as they come and as a tensor
        x = take(MemoryPart::Activations, hidden, m_bytes);
    }
    if (m_settings.neftune_noise_alpha > 0) {
        const Held noise = take(MemoryPart::Layer, hidden, wide);
        const Held narrow = passing(m_bytes < wide ? hidden : 0);
    }
    for (std::size_t i = 0; i < m_layers.size(); ++i) {
        Held y = layerForward(i, stretches, tokens, checkpointing ? nullptr : &tapes[i]);
        tapes[i].push_back(std::move(x));
        x = std::move(y);
    }
    const Held dx = head(tokens, supervised);
    x = Held();
    for (std::size_t i = m_layers.size(); i-- > 0;) {
        if (checkpointing)
            (void)layerForward(i, stretches, tokens, &tapes[i]);
        layerBackward(i, stretches, tokens);
        tapes[i].clear();
    }
}

} // namespace attune
