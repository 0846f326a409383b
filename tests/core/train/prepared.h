#pragma once

#include "core/train/trainer.h"
#include "tests/core/model/parity.h"

#include <QtGlobal>

/// Reference runs on the models and rows of tests/data/parity.
namespace prepared {

struct Prepared {
    attune::TrainSettings settings;
    std::vector<attune::TrainRow> rows;
};

/// The rows of `shape`, encoded as the settings of a trajectory.json say.
inline Prepared prepare(const std::string &shape, const attune::Json &settings)
{
    using namespace attune;
    const std::string folder = parity::folder(shape);
    Prepared p;
    p.settings = *TrainSettings::fromJson(settings);
    p.settings.device = "cpu";
    auto tokenizer = Tokenizer::load(folder + "/model");
    const std::string chatTemplate = (*tokenizer)->config().chatTemplate;
    const auto encoder = ChatEncoder::create(*tokenizer, chatTemplate);
    const Json chats = parity::json(folder + "/chat.json");
    std::vector<TrainExample> examples;
    for (std::size_t i = 0; i < 16; ++i) { // data.jsonl's rows come first
        TrainExample example{static_cast<std::int64_t>(i), {}};
        for (const Json &m : chats[i]["messages"])
            example.messages.push_back({m["role"].get<std::string>(), m["content"].get<std::string>()});
        examples.push_back(std::move(example));
    }
    p.rows = *encodeRows(*encoder, examples, p.settings);
    return p;
}

/// The model of `shape` with the adapter of a PEFT folder.
inline attune::LanguageModel loadModel(const std::string &shape, const std::string &adapterFolder,
                                       const attune::TrainSettings &settings)
{
    using namespace attune;
    auto model = LanguageModel::load(parity::folder(shape) + "/model", settings.loadOptions());
    auto adapter = readPeftAdapter(adapterFolder);
    if (!model || !adapter)
        qFatal("%s", (!model ? model.error() : adapter.error()).message.c_str());
    adapter->config.dropout = settings.lora_dropout;
    if (const auto used = model->useAdapter(*adapter); !used)
        qFatal("%s", used.error().message.c_str());
    return std::move(*model);
}

inline std::vector<float> flat(const attune::Adapter &adapter)
{
    std::vector<float> all;
    for (const auto &[key, pair] : adapter.pairs)
        for (const auto *values : {&pair.a, &pair.b, &pair.magnitude})
            all.insert(all.end(), values->begin(), values->end());
    return all;
}

} // namespace prepared
