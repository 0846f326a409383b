// The small JSON files of a Hugging Face folder, with a NUL between them: config.json, tokenizer_config.json,
// special_tokens_map.json, added_tokens.json, generation_config.json, model.safetensors.index.json.

#include "core/base/files.h"
#include "core/formats/safetensors.h"
#include "core/model/model_config.h"
#include "core/text/tokenizer_config.h"
#include "tests/fuzz/fuzz.h"

#include <fstream>

using namespace attune;

namespace {

/// One folder for each process, gone with it.
struct Folder {
    Folder()
    {
        std::string name = "/dev/shm/attune-fuzz-XXXXXX";
        if (!::mkdtemp(name.data()))
            std::exit(3);
        path = name;
    }
    ~Folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::filesystem::path path;
};

} // namespace

ATTUNE_FUZZ_TARGET(input)
{
    static const Folder folder;
    if (const auto json = parseJson(fuzz::takePart(input), "config.json"); fuzz::accepted(json)) {
        if (const auto config = modelConfigFromJson(*json, "config.json"); fuzz::accepted(config)) {
            fuzz::require(config->headDim > 0 && config->qkvSize() > 0, "an accepted shape is one");
            std::vector<double> frequencies(4, 1.0);
            scaleFrequencies(config->ropeScaling, config->ropeTheta, frequencies);
        }
    }
    for (const char *name : {"tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
                             "generation_config.json", "model.safetensors.index.json"}) {
        const std::string_view part = fuzz::takePart(input);
        if (part.empty())
            std::filesystem::remove(folder.path / name);
        else
            std::ofstream(folder.path / name, std::ios::binary) << part;
    }
    fuzz::accepted(TokenizerConfig::read(folder.path));
    fuzz::accepted(SafetensorsFolder::open(folder.path));
}
