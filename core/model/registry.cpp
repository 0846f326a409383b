#include "core/model/registry.h"

#include "core/base/files.h"
#include "core/formats/json.h"
#include "core/model/weight_source.h"
#include "core/text/utf8.h"

#include <algorithm>
#include <cctype>

namespace attune {
namespace {

std::filesystem::path listPath()
{
    return dataFolder() / "models.json";
}

Result<std::vector<KnownModel>> addedModels()
{
    std::vector<KnownModel> models;
    std::error_code ignored;
    if (!std::filesystem::exists(listPath(), ignored))
        return models;
    ATTUNE_TRY(const Json json, readJson(listPath()));
    const std::string where = listPath().string();
    if (!json.is_array())
        return fail(ErrorCode::Corrupt, where + " is not a list of models; delete it and add the models again.");
    for (const Json &entry : json) {
        if (!entry.is_object())
            return fail(ErrorCode::Corrupt,
                        where + " holds an entry that is not a model; delete it and add them again.");
        KnownModel model;
        ATTUNE_TRY(model.name, jsonValue<std::string>(entry, "name", "", where));
        ATTUNE_TRY(const auto path, jsonValue<std::string>(entry, "path", "", where));
        model.path = path;
        models.push_back(std::move(model));
    }
    return models;
}

Result<void> writeList(const std::vector<KnownModel> &models)
{
    OrderedJson json = OrderedJson::array();
    for (const KnownModel &model : models)
        json.push_back({{"name", model.name}, {"path", model.path.string()}});
    std::error_code error;
    std::filesystem::create_directories(dataFolder(), error);
    if (error)
        return fail(ErrorCode::Io, "Can't make the folder " + dataFolder().string() + ": " + error.message() + ".");
    return writeFileAtomically(listPath(), json.dump(2) + "\n");
}

std::vector<KnownModel> bundledModels()
{
    std::vector<KnownModel> models;
    std::error_code ignored;
    const auto smol = cacheFolder() / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf";
    if (std::filesystem::exists(smol, ignored))
        models.push_back({"smollm2-135m-instruct", smol, true});
    return models;
}

} // namespace

Result<std::vector<KnownModel>> knownModels()
{
    auto models = bundledModels();
    ATTUNE_TRY(auto added, addedModels());
    models.insert(models.end(), added.begin(), added.end());
    return models;
}

Result<KnownModel> addModel(const std::filesystem::path &path, std::string name)
{
    ATTUNE_TRY(const auto source, WeightSource::open(path));
    std::error_code ignored;
    const auto absolute = std::filesystem::canonical(path, ignored);
    if (name.empty()) {
        name = std::filesystem::is_directory(absolute) ? absolute.filename().string() : absolute.stem().string();
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    }
    if (!isName(name))
        return fail(ErrorCode::InvalidInput, "\"" + name +
                                                 "\" can't be a model's name: it is to be a line of UTF-8; give "
                                                 "another with --name.");
    if (!isUtf8(absolute.string())) // the list is JSON
        return fail(ErrorCode::InvalidInput,
                    absolute.string() + ": the path is no UTF-8; rename the folder or file, then add it.");
    ATTUNE_TRY(const auto known, knownModels());
    if (std::any_of(known.begin(), known.end(), [&](const KnownModel &m) { return m.name == name; }))
        return fail(ErrorCode::InvalidInput,
                    "A model named \"" + name + "\" is known already; give another with --name.");
    ATTUNE_TRY(auto added, addedModels());
    added.push_back({name, absolute});
    ATTUNE_CHECK(writeList(added));
    return added.back();
}

Result<void> removeModel(const std::string &name)
{
    ATTUNE_TRY(auto added, addedModels());
    const auto found = std::find_if(added.begin(), added.end(), [&](const KnownModel &m) { return m.name == name; });
    if (found == added.end()) {
        ATTUNE_TRY(const auto known, knownModels());
        const bool bundled =
            std::any_of(known.begin(), known.end(), [&](const KnownModel &m) { return m.name == name; });
        return fail(ErrorCode::NotFound, bundled ? "The model \"" + name + "\" came with set-up and can't be removed."
                                                 : "No model is named \"" + name + "\"; see `attune models list`.");
    }
    added.erase(found);
    return writeList(added);
}

Result<std::filesystem::path> resolveModel(const std::string &pathOrName)
{
    std::error_code ignored;
    if (std::filesystem::exists(pathOrName, ignored))
        return std::filesystem::path(pathOrName);
    ATTUNE_TRY(const auto known, knownModels());
    std::string names;
    for (const KnownModel &model : known) {
        if (model.name == pathOrName)
            return model.path;
        names += (names.empty() ? "" : ", ") + model.name;
    }
    return fail(ErrorCode::NotFound,
                "There is no model \"" + pathOrName +
                    "\"; give a Hugging Face folder, a GGUF file or a known name" +
                    (names.empty() ? " (none is known yet; run installer/setup)." : " (" + names + ")."));
}

} // namespace attune
