#include "core/model/footprint.h"

#include "core/model/model_config.h"
#include "core/model/weight_source.h"

namespace attune {

namespace {

constexpr std::int64_t BytesPerValue = 2; // bfloat16
// Beside the weights stand the answers' keys and values, the buffers of a step, the window, and the system itself.
constexpr double Comfortable = 0.6;
constexpr double Possible = 0.85;

} // namespace

ModelFootprint footprint(const ModelConfig &config)
{
    const std::int64_t hidden = config.hiddenSize;
    const std::int64_t attention = hidden * config.qkvSize() + config.heads * config.headDim * hidden;
    const std::int64_t feedForward = 3 * hidden * config.intermediateSize;
    const std::int64_t norms = 2 * hidden;
    const std::int64_t tokens = config.vocabSize * hidden * (config.tiedEmbeddings ? 1 : 2);
    ModelFootprint result;
    result.parameters = tokens + config.layers * (attention + feedForward + norms) + hidden;
    result.bytes = result.parameters * BytesPerValue;
    return result;
}

Result<ModelFootprint> modelFootprint(const std::filesystem::path &model)
{
    ATTUNE_TRY(const auto source, WeightSource::open(model));
    return footprint(source->config());
}

Fit fitOf(std::int64_t bytes, std::int64_t memory)
{
    const double share = static_cast<double>(bytes) / static_cast<double>(memory > 0 ? memory : 1);
    return share <= Comfortable ? Fit::Fits : share <= Possible ? Fit::Tight : Fit::TooLarge;
}

} // namespace attune
