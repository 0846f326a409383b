#include "app/cli/model_options.h"
#include "core/model/registry.h"
#include "core/studio/bench.h"

#include <cstdio>

namespace attune::cli {
namespace {

struct Options {
    std::string what;
    std::string model;
    std::int64_t sequence = 512;
    std::int64_t batch = 1;
    std::int64_t steps = 8;
    std::int64_t rank = 16;
    std::int64_t prompt = 128;
    std::int64_t newTokens = 32;
    std::string device = "auto";
    bool json = false;
    SetOptions sets;
};

std::string rounded(double value, int digits)
{
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

void add(OrderedJson &json, const BenchLimits &limits)
{
    json["limit_gemm_tflops"] = limits.gemmFlops / 1e12;
    json["limit_read_gb_per_s"] = limits.readBytes / 1e9;
}

std::string limitText(const BenchLimits &limits)
{
    return "This machine now: products " + rounded(limits.gemmFlops / 1e12, 3) + " TFLOP/s, memory " +
           rounded(limits.readBytes / 1e9, 1) + " GB/s";
}

std::string percent(double share)
{
    return rounded(100 * share, 0) + " %";
}

Result<int> bench(const Context &context, const Options &o)
{
    ATTUNE_TRY(const auto path, resolveModel(o.model));
    TrainSettings settings;
    settings.lora_r = o.rank;
    settings.lora_alpha = 2 * static_cast<double>(o.rank);
    settings.per_device_train_batch_size = o.batch;
    settings.gradient_accumulation_steps = 1;
    settings.device = o.device;
    ATTUNE_CHECK(o.sets.apply(settings));
    if (o.what == "train") {
        ATTUNE_TRY(const auto result, benchTraining(path, settings, o.sequence, o.steps, context.stop));
        if (o.json) {
            OrderedJson json = {{"tokens_per_s", result.tokensPerSecond},
                                {"step_s", result.stepSeconds},
                                {"peak_memory_gib", result.peakMemoryGib},
                                {"planned_memory_gib", result.plannedMemoryGib},
                                {"loss", result.lastLoss}};
            add(json, result.limits);
            json["step_gflop"] = result.neededFlops / 1e9;
            json["limit_share"] = result.gemmShare;
            printJson(json);
        } else {
            print(rounded(result.tokensPerSecond, 0) + " tokens/s, " + rounded(result.stepSeconds, 3) +
                  " s a step, " + rounded(result.peakMemoryGib, 2) +
                  " GiB at the peak (planned: " + rounded(result.plannedMemoryGib, 2) + ")");
            print(limitText(result.limits) + "; the step needs " + rounded(result.neededFlops / 1e9, 0) +
                  " GFLOP of products and so reaches " + percent(result.gemmShare) + " of the limit");
        }
        return 0;
    }
    ATTUNE_TRY(const auto result, benchGeneration(path, settings, o.prompt, o.newTokens, context.stop));
    if (o.json) {
        OrderedJson json = {{"prefill_tokens_per_s", result.prefillTokensPerSecond},
                            {"decode_tokens_per_s", result.decodeTokensPerSecond},
                            {"peak_memory_gib", result.peakMemoryGib}};
        add(json, result.limits);
        json["bytes_per_token"] = result.bytesPerToken;
        json["prefill_limit_share"] = result.gemmShare;
        json["decode_limit_share"] = result.readShare;
        printJson(json);
    } else {
        print("prefill " + rounded(result.prefillTokensPerSecond, 0) + ", decode " +
              rounded(result.decodeTokensPerSecond, 1) + " tokens/s, " + rounded(result.peakMemoryGib, 2) +
              " GiB at the peak");
        print(limitText(result.limits) + "; prefill reaches " + percent(result.gemmShare) + ", decoding, " +
              rounded(result.bytesPerToken / 1e9, 3) + " GB a token, " + percent(result.readShare) + " of the limit");
    }
    return 0;
}

} // namespace

void addBench(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    const Verb verb(app, "bench", "Measure training or generation on random tokens",
                    [o](const Context &context) { return bench(context, *o); });
    verb.option("what", o->what, "train or generate").required().oneOf({"train", "generate"});
    verb.option("--model", o->model, "Folder, GGUF file or known name").required();
    verb.option("--seq", o->sequence, "Tokens a row").inRange(2, 1 << 20).showsDefault();
    verb.option("--batch", o->batch, "Rows at once").inRange(1, 4096).showsDefault();
    verb.option("--steps", o->steps, "Training steps").inRange(1, 100000).showsDefault();
    verb.option("--rank", o->rank, "LoRA rank").inRange(1, 4096).showsDefault();
    verb.option("--prompt", o->prompt, "Tokens of the prompt").inRange(1, 1 << 20).showsDefault();
    verb.option("--new", o->newTokens, "Tokens to generate").inRange(1, 1 << 20).showsDefault();
    verb.option("--device", o->device, "auto, cpu, cuda or cuda:N").showsDefault();
    verb.flag("--json", o->json, "One JSON object");
    o->sets.addTo(verb);
}

} // namespace attune::cli
