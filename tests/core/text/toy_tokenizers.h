#pragma once

#include "core/formats/json.h"
#include "core/text/tokenizer.h"

#include <filesystem>
#include <fstream>

/// tests/data/text/tokenizers.json, by name.
inline attune::Json toyTokenizers()
{
    const auto all = attune::readJson(std::filesystem::path(ATTUNE_TEST_DATA) / "text/tokenizers.json");
    attune::Json byName;
    for (const attune::Json &one : all.value())
        byName[one["name"].get<std::string>()] = one;
    return byName;
}

inline void writeText(const std::filesystem::path &path, const std::string &content)
{
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
}

/// A folder with the given tokenizer.json, loaded.
inline attune::Result<std::shared_ptr<const attune::Tokenizer>>
loadToy(const std::filesystem::path &folder, const attune::Json &tokenizer, const attune::Json &config = {})
{
    writeText(folder / "tokenizer.json", tokenizer.dump());
    writeText(folder / "tokenizer_config.json", config.is_null() ? "{}" : config.dump());
    return attune::Tokenizer::fromFolder(folder);
}
