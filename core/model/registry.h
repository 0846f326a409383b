#pragma once

#include "core/base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace attune {

/// A model that this machine knows by name.
struct KnownModel {
    std::string name;
    std::filesystem::path path;
    bool bundled = false; ///< brought by set-up, not added by the user
};

/// The names under which models are known: those that set-up fetched, and those that the user added (kept in
/// dataFolder()/models.json).
Result<std::vector<KnownModel>> knownModels();
/// Adds a Hugging Face folder or a GGUF file, after checking that its configuration can be read. Without a name, the
/// file's or folder's own, in lower case.
Result<KnownModel> addModel(const std::filesystem::path &path, std::string name = {});
/// Forgets a name; the files stay. A bundled one can't be removed.
Result<void> removeModel(const std::string &name);
/// What --model takes: a folder, a GGUF file, or a known name. NotFound says what is known.
Result<std::filesystem::path> resolveModel(const std::string &pathOrName);

} // namespace attune
