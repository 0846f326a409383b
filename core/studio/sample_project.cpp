#include "core/studio/sample_project.h"

#include "core/base/files.h"
#include "core/store/labelling.h"

#include <cstdlib>

namespace attune {

std::string_view embeddedSample(); // written by embed.cmake

namespace {

namespace fs = std::filesystem;

constexpr auto sampleKey = "sample";
constexpr auto sampleFile = "support_emails.jsonl";

/// A folder that is gone with its content at the end of the scope.
class TemporaryFolder {
public:
    static Result<TemporaryFolder> create()
    {
        std::error_code error;
        std::string name = (fs::temp_directory_path(error) / "attune-XXXXXX").string();
        if (error || !mkdtemp(name.data()))
            return fail(ErrorCode::Io,
                        "Can't make a temporary folder at " + name + "; is there room, and is TMPDIR right?");
        return TemporaryFolder(name);
    }
    TemporaryFolder(TemporaryFolder &&other) noexcept : m_path(std::exchange(other.m_path, {})) {}
    TemporaryFolder &operator=(TemporaryFolder &&) = delete;
    ~TemporaryFolder()
    {
        std::error_code ignored;
        if (!m_path.empty())
            fs::remove_all(m_path, ignored);
    }
    const fs::path &path() const { return m_path; }

private:
    explicit TemporaryFolder(fs::path path) : m_path(std::move(path)) {}
    fs::path m_path;
};

} // namespace

TrainSettings demoSettings()
{
    TrainSettings settings;
    settings.lora_r = 16;
    settings.lora_alpha = 32;
    settings.lora_dropout = 0.05;
    // Measured (docs/measurements.md): two rows a step do better than four, and new rows better than more passes. The
    // lowest ten layers gain nothing by adapters, and without them the gradient ends above them: a sixth of the
    // products less. A higher rate for B than for A (LoRA+) reaches in 400 steps what takes 560 without. So each mail
    // is read once.
    settings.layers_to_transform = "10-29";
    settings.learning_rate = 1e-3;
    settings.loraplus_lr_ratio = 6;
    settings.num_train_epochs = 1;
    settings.per_device_train_batch_size = 2;
    settings.gradient_accumulation_steps = 1;
    settings.group_by_length = true;
    settings.max_length = 512;
    // So small a model fits as it is, and NF4 would cost it a quarter of a nat (2.10 against 1.85 after six steps).
    settings.quantization = "none";
    // Nor do its activations take much (some 0.3 GiB, reckoned); computing them twice would be half as much work
    // again: two more products for each weight, where forward and input gradient take four.
    settings.gradient_checkpointing = false;
    settings.eval_steps = 160; // every evaluation reads 80 rows and answers four
    // The intent keeps getting better after the loss, which the free-worded summaries rule, has turned.
    settings.early_stopping_patience = 0;
    return settings;
}

Result<ImportReport> createSampleProject(const fs::path &path)
{
    ATTUNE_TRY(const auto folder, TemporaryFolder::create());
    const fs::path file = folder.path() / sampleFile;
    ATTUNE_CHECK(writeFileAtomically(file, embeddedSample()));
    ATTUNE_TRY(auto project, Project::create(path));
    ATTUNE_CHECK(project.setSetting(sampleKey, "1"));
    ImportRequest request;
    request.files = {file};
    request.origin = sampleFile;
    ATTUNE_TRY(auto report, importFiles(project, request));
    // Undo begins with what the user does, or the first Ctrl+Z would empty the sample.
    ATTUNE_CHECK(Labelling(project).forgetSteps());
    return report;
}

Result<bool> isSampleProject(Project &project)
{
    ATTUNE_TRY(const auto value, project.setting(sampleKey));
    return value == "1";
}

Result<void> removeSampleProject(const fs::path &path)
{
    {
        ATTUNE_TRY(auto project, Project::open(path));
        ATTUNE_TRY(const bool sample, isSampleProject(project));
        if (!sample)
            return fail(ErrorCode::InvalidInput, path.string() + " is a project of yours, not the sample, and is not "
                                                                 "replaced; choose another folder.");
    }
    std::error_code error;
    for (const char *suffix : {"", "-wal", "-shm"})
        fs::remove(path.string() + suffix, error);
    if (fs::exists(path, error))
        return fail(ErrorCode::Io, "Can't remove " + path.string() + "; is it writable?");
    return {};
}

} // namespace attune
