#include "core/deploy/export.h"

#include "core/deploy/run_adapter.h"

namespace attune {
namespace {

namespace fs = std::filesystem;

Result<void> checkTarget(const fs::path &target)
{
    std::error_code error;
    if (!fs::exists(target, error))
        return {};
    if (!fs::is_directory(target, error))
        return fail(ErrorCode::InvalidInput, target.string() + " is a file; an adapter needs a folder.");
    if (fs::is_empty(target, error) || fs::exists(target / "adapter_config.json", error))
        return {};
    return fail(ErrorCode::InvalidInput, target.string() +
                                             " holds other files and is not written to; choose a new or an empty "
                                             "folder.");
}

} // namespace

Result<CheckpointInfo> exportRun(Project &project, const ExportRequest &request)
{
    if (request.form == "merged" || request.form == "gguf" || request.form == "bundle")
        return fail(ErrorCode::InvalidInput,
                    "Exporting as " + request.form + " is not available yet; use --as peft.");
    if (request.form != "peft")
        return fail(ErrorCode::InvalidInput,
                    "\"" + request.form + "\" is no form to export; give peft, merged, gguf or bundle.");
    ATTUNE_TRY(const Run run, project.findRun(request.run));
    ATTUNE_TRY(const auto checkpoint, chooseCheckpoint(project, run, request.checkpoint));
    ATTUNE_CHECK(checkTarget(request.target));
    ATTUNE_TRY(const auto adapter, checkpointAdapter(project, run, checkpoint));
    ATTUNE_CHECK(writePeftAdapter(request.target, adapter));
    return checkpoint;
}

} // namespace attune
