#include "core/studio/bench.h"

#include "core/infer/generator.h"
#include "core/model/devices.h"
#include "core/model/hardware_limit.h"
#include "core/model/weight_source.h"
#include "core/train/memory_plan.h"
#include "core/train/trainer.h"

#include <algorithm>
#include <random>

namespace attune {
namespace {

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values.empty() ? 0.0 : values[values.size() / 2];
}

std::vector<TokenId> randomIds(std::int64_t count, std::int64_t vocabulary, std::uint32_t seed)
{
    std::mt19937 random(seed);
    std::vector<TokenId> ids(static_cast<std::size_t>(count));
    for (TokenId &id : ids)
        id = static_cast<TokenId>(random() % static_cast<std::uint32_t>(vocabulary));
    return ids;
}

double peakGib(const LanguageModel &model)
{
    return static_cast<double>(peakMemoryOn(model.device())) / (1 << 30);
}

Result<BenchLimits> limitsOf(const std::string &device, const TrainSettings &settings)
{
    ATTUNE_TRY(const HardwareLimit limit, measureHardware(device, settings.loadOptions().compute));
    return BenchLimits{limit.flops, limit.bytes};
}

/// Parameters that every token is multiplied with, and those of the head.
std::pair<double, double> multiplied(const ModelConfig &config)
{
    std::int64_t layer = 0;
    for (const Projection p : {Projection::Q, Projection::K, Projection::V, Projection::O, Projection::Gate,
                               Projection::Up, Projection::Down}) {
        const ProjectionShape shape = projectionShape(config, p);
        layer += shape.in * shape.out;
    }
    return {static_cast<double>(layer * config.layers), static_cast<double>(config.vocabSize * config.hiddenSize)};
}

/// What the same run is planned to take.
Result<double> plannedGib(const std::filesystem::path &path, TrainSettings settings, std::int64_t sequence)
{
    ATTUNE_TRY(const auto source, WeightSource::open(path));
    PlanSituation situation = PlanSituation::here(settings);
    situation.rowLength = sequence;
    situation.supervised = sequence / 4;
    situation.evenRows = true;
    situation.saves = false;
    settings.max_length = std::max(settings.max_length, sequence);
    ATTUNE_TRY(const MemoryPlan plan, planMemory(source->config(), settings, situation));
    // A card's peak is what its allocator gave out; what it keeps idle beside that is planned for, not in the peak.
    const std::int64_t idle = situation.gpu ? plan.bytes(MemoryPart::Spare) : 0;
    return static_cast<double>(plan.total() - idle) / (1 << 30);
}

} // namespace

Result<TrainBench> benchTraining(const std::filesystem::path &path, const TrainSettings &settings,
                                 std::int64_t sequence, std::int64_t steps, std::stop_token stop)
{
    TrainBench bench;
    ATTUNE_TRY(bench.plannedMemoryGib, plannedGib(path, settings, sequence));
    LoadOptions load = settings.loadOptions();
    load.stop = stop;
    ATTUNE_TRY(auto model, LanguageModel::load(path, load));
    ATTUNE_CHECK(model.startAdapter(settings.loraConfig(), static_cast<std::uint64_t>(settings.seed)));
    TrainJob job;
    job.settings = settings;
    job.settings.max_steps = steps;
    job.settings.shuffle = false;
    const std::int64_t rows =
        steps * settings.per_device_train_batch_size * settings.gradient_accumulation_steps;
    for (std::int64_t i = 0; i < rows; ++i) {
        TrainRow row{i, randomIds(sequence, model.config().vocabSize, static_cast<std::uint32_t>(i)), {}};
        row.trained.assign(row.ids.size(), 0);
        std::fill(row.trained.begin() + static_cast<std::ptrdiff_t>(sequence - sequence / 4), row.trained.end(),
                  std::uint8_t(1));
        job.rows.push_back(std::move(row));
    }
    EventQueue events;
    ATTUNE_TRY(const auto outcome, train(model, job, stop, events));
    if (outcome.stopped)
        return fail(ErrorCode::Interrupted, "The benchmark was interrupted.");
    std::vector<double> seconds;
    const double tokens = static_cast<double>(sequence * rows) / static_cast<double>(steps);
    for (const TrainEvent &event : events.drain())
        if (const auto *step = std::get_if<StepDone>(&event)) {
            if (step->step > 2 || steps <= 2)
                seconds.push_back(tokens / step->tokensPerSecond);
            bench.lastLoss = step->loss;
        }
    bench.stepSeconds = median(seconds);
    bench.tokensPerSecond = tokens / bench.stepSeconds;
    bench.peakMemoryGib = peakGib(model);
    ATTUNE_TRY(bench.limits, limitsOf(model.device(), settings));
    const auto [layers, head] = multiplied(model.config());
    // Forward, and the gradient of the input: the frozen weights need none. (The last token of a row has no target.)
    const double rowsAtOnce = tokens / static_cast<double>(sequence);
    bench.neededFlops = 4 * (layers * tokens + head * rowsAtOnce * static_cast<double>(sequence / 4));
    bench.gemmShare = bench.neededFlops / bench.stepSeconds / bench.limits.gemmFlops;
    return bench;
}

Result<GenerateBench> benchGeneration(const std::filesystem::path &path, const TrainSettings &settings,
                                      std::int64_t prompt, std::int64_t newTokens, std::stop_token stop)
{
    LoadOptions load = settings.loadOptions();
    load.stop = stop;
    ATTUNE_TRY(auto model, LanguageModel::load(path, load));
    GenerationOptions options;
    options.maxNewTokens = newTokens + 1; // the first one comes out of the prefill
    options.ignoreEos = true;
    std::vector<double> prefill;
    std::vector<double> decode;
    const auto ids = randomIds(prompt, model.config().vocabSize, 0);
    for (int run = 0; run < 4; ++run) {
        ATTUNE_TRY(const auto result, generate(model, nullptr, ids, options, stop));
        if (result.finish == "interrupted")
            return fail(ErrorCode::Interrupted, "The benchmark was interrupted.");
        if (run == 0)
            continue; // warms up
        prefill.push_back(static_cast<double>(prompt) / result.prefillSeconds);
        decode.push_back(static_cast<double>(newTokens) / result.decodeSeconds);
    }
    GenerateBench bench;
    bench.prefillTokensPerSecond = median(prefill);
    bench.decodeTokensPerSecond = median(decode);
    bench.peakMemoryGib = peakGib(model);
    ATTUNE_TRY(bench.limits, limitsOf(model.device(), settings));
    const auto [layers, head] = multiplied(model.config());
    // A token reads one row of an embedding that is not the head too.
    const double embedding = head * (settings.compute_dtype == "float32" ? 4 : 2);
    bench.bytesPerToken =
        static_cast<double>(model.weightBytes()) - (model.config().tiedEmbeddings ? 0 : embedding);
    bench.readShare = bench.bytesPerToken * bench.decodeTokensPerSecond / bench.limits.readBytes;
    // The prefill asks for the scores of its last token alone.
    bench.gemmShare = 2 * (layers + head / static_cast<double>(prompt)) * bench.prefillTokensPerSecond /
                      bench.limits.gemmFlops;
    return bench;
}

} // namespace attune
