#include "core/studio/next_run.h"

#include "core/studio/sample_project.h"

#include <charconv>

namespace attune {

Result<std::string> nextModel(Project &project)
{
    ATTUNE_TRY(const auto chosen, project.setting(NextModelKey));
    if (chosen)
        return *chosen;
    ATTUNE_TRY(const auto runs, project.runs());
    return runs.empty() ? std::string(sampleModel) : runs.back().model;
}

Result<std::int64_t> nextMaxLength(Project &project)
{
    ATTUNE_TRY(const auto stored, project.setting(NextMaxLengthKey));
    std::int64_t length = 0;
    if (stored && std::from_chars(stored->data(), stored->data() + stored->size(), length).ec == std::errc())
        return length;
    ATTUNE_TRY(const bool sample, isSampleProject(project));
    return sample ? demoSettings().max_length : TrainSettings().max_length;
}

} // namespace attune
