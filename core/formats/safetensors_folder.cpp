#include "core/formats/json.h"
#include "core/formats/safetensors.h"

#include <algorithm>

namespace attune {

namespace {

constexpr const char *SingleName = "model.safetensors";
constexpr const char *IndexName = "model.safetensors.index.json";

/// By its spelling alone: a shard may be a link to elsewhere, as in Hugging Face's cache.
bool staysInside(const std::filesystem::path &relative)
{
    return !relative.empty() && relative.is_relative() && relative.has_filename() &&
           std::none_of(relative.begin(), relative.end(), [](const auto &part) { return part == ".."; });
}

bool holds(const SafetensorsFile &file, const std::string &name)
{
    return file.tensors().contains(name) || file.unsupported().contains(name);
}

} // namespace

Result<SafetensorsFolder> SafetensorsFolder::open(const std::filesystem::path &folder)
{
    SafetensorsFolder result;
    result.m_folder = folder;
    std::error_code error;
    if (std::filesystem::exists(folder / SingleName, error)) {
        ATTUNE_TRY(SafetensorsFile file, SafetensorsFile::open(folder / SingleName));
        for (const auto &[name, tensor] : file.tensors())
            result.m_index[name] = 0;
        for (const auto &[name, type] : file.unsupported())
            result.m_index[name] = 0;
        result.m_files.push_back(std::move(file));
        return result;
    }
    const std::filesystem::path indexPath = folder / IndexName;
    if (!std::filesystem::exists(indexPath, error))
        return fail(ErrorCode::NotFound, folder.string() + " holds no weights: neither " + SingleName + " nor " +
                                             IndexName + " is there; other formats of weights are not read.");

    ATTUNE_TRY(const Json index, readJson(indexPath));
    const std::string where = indexPath.string();
    if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
        return fail(ErrorCode::Corrupt, where + " has no \"weight_map\", so it does not say which file holds what.");
    std::map<std::string, std::size_t> opened; // file name to its place in m_files
    for (const auto &[name, value] : index["weight_map"].items()) {
        if (!value.is_string() || !staysInside(value.get<std::string>()))
            return fail(ErrorCode::InvalidInput, where + ": the file of the tensor " + name + " must lie inside " +
                                                     folder.string() + ", not at " + value.dump() + ".");
        const auto shard = value.get<std::string>();
        const auto [at, isNew] = opened.try_emplace(shard, result.m_files.size());
        if (isNew) {
            ATTUNE_TRY(SafetensorsFile file, SafetensorsFile::open(folder / shard));
            result.m_files.push_back(std::move(file));
        }
        if (!holds(result.m_files[at->second], name))
            return fail(ErrorCode::Corrupt, where + " says that " + shard + " holds the tensor " + name +
                                                ", but it does not; fetch the model again.");
        result.m_index[name] = at->second;
    }
    return result;
}

Result<TensorView> SafetensorsFolder::tensor(const std::string &name) const
{
    const auto found = m_index.find(name);
    if (found == m_index.end())
        return fail(ErrorCode::NotFound, "The weights in " + m_folder.string() + " hold no tensor " + name +
                                             ", which its config.json calls for; fetch the model again.");
    return m_files[found->second].tensor(name);
}

std::vector<std::string> SafetensorsFolder::names() const
{
    std::vector<std::string> names;
    names.reserve(m_index.size());
    for (const auto &[name, file] : m_index)
        names.push_back(name);
    return names;
}

void SafetensorsFolder::forget(const TensorView &tensor) const
{
    if (const auto found = m_index.find(tensor.name); found != m_index.end())
        m_files[found->second].forget(tensor);
}

} // namespace attune
