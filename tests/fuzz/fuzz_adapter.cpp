// A PEFT adapter: adapter_config.json, a NUL, adapter_model.safetensors.

#include "core/model/adapter.h"
#include "tests/fuzz/fuzz.h"

using namespace attune;

ATTUNE_FUZZ_TARGET(input)
{
    const std::string config(fuzz::takePart(input));
    const auto adapter = parsePeftAdapter(std::as_bytes(std::span(input)), config, "adapter");
    if (!fuzz::accepted(adapter))
        return;
    ModelConfig model;
    model.hiddenSize = 4;
    model.intermediateSize = 8;
    model.layers = 2;
    model.heads = model.kvHeads = 2;
    model.headDim = 2;
    fuzz::accepted(adapter->checkAgainst(model));
    const std::string bytes = peftTensorBytes(*adapter);
    const auto again = parsePeftAdapter(std::as_bytes(std::span(bytes)), peftConfigText(*adapter), "written");
    fuzz::require(again.has_value(), "a written adapter is read again");
}
