#pragma once

#include "core/base/files.h"
#include "core/studio/training_run.h"

#include <QTemporaryDir>

namespace attune {

/// A folder with a project of little conversations for the two-layer model of the parity data, gone with the scope.
class ToyProject {
public:
    static std::filesystem::path model()
    {
        return std::filesystem::path(ATTUNE_TEST_DATA) / "parity/llama-gqa/model";
    }

    ToyProject()
    {
        setComputeThreads(1); // more only wait for each other on something so small
        if (auto made = Project::create(path("p.attune")))
            project.emplace(std::move(*made));
        else
            qFatal("%s", made.error().message.c_str());
    }

    std::filesystem::path path(const char *name) const
    {
        return std::filesystem::path(m_folder.path().toStdString()) / name;
    }

    void addRows(int count, Part part, int first = 0)
    {
        const auto added = project->addExamples([&](const Project::AddExample &add) -> Result<void> {
            for (int i = first; i < first + count; ++i) {
                Example example;
                example.messages = {
                    {"user", std::string(name(part)) + " order #" + std::to_string(100 + i)},
                    {"assistant", "{\"intent\": \"late\", \"order\": " + std::to_string(100 + i) + "}"}};
                example.part = part;
                ATTUNE_CHECK(add(example));
            }
            return {};
        });
        if (!added)
            qFatal("%s", added.error().message.c_str());
    }

    /// Quick, with everything on that a resumed run could get wrong: shuffling, dropout, validation, accumulation.
    TrainRequest request(const std::string &runName) const
    {
        TrainRequest request;
        request.project = project->path();
        request.model = model().string();
        request.name = runName;
        request.settings.lora_r = 4;
        request.settings.lora_dropout = 0.1;
        request.settings.learning_rate = 5e-3;
        request.settings.max_steps = 12;
        request.settings.per_device_train_batch_size = 2;
        request.settings.gradient_accumulation_steps = 2;
        request.settings.max_length = 64;
        request.settings.eval_steps = 4;
        request.settings.save_steps = 3;
        return request;
    }

    /// The adapter of a run's last checkpoint, as bytes.
    std::string lastAdapter(const std::string &runName)
    {
        const auto run = project->findRun(runName);
        const auto checkpoints = run ? project->checkpoints(run->id) : Result<std::vector<CheckpointInfo>>();
        if (!run || !checkpoints || checkpoints->empty())
            return {};
        auto newest = checkpoints->front();
        for (const CheckpointInfo &c : *checkpoints)
            newest = c.step > newest.step ? c : newest;
        const auto blobs = project->checkpointBlobs(newest.id);
        return blobs ? blobs->adapter : std::string();
    }

    /// Every metric but those that measure the machine.
    std::vector<std::tuple<std::int64_t, std::string, double>> curve(const std::string &runName)
    {
        std::vector<std::tuple<std::int64_t, std::string, double>> points;
        const auto run = project->findRun(runName);
        if (!run)
            return points;
        for (const Metric &m : project->metrics(run->id).value_or(std::vector<Metric>{}))
            if (m.name != "tokens_per_second" && m.name != "memory_gib" && m.name != "seconds")
                points.emplace_back(m.step, m.name, m.value);
        return points;
    }

private:
    QTemporaryDir m_folder;

public:
    std::optional<Project> project; // closed before the folder goes
};

} // namespace attune
