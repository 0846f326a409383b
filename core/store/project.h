#pragma once

#include "core/data/example.h"
#include "core/data/split.h"
#include "core/formats/json.h"
#include "core/store/transcript.h"

#include <filesystem>
#include <functional>
#include <memory>

namespace attune {

/// Stored: never renumber.
enum class RunState : std::uint8_t { Running = 0, Finished = 1, Stopped = 2, Failed = 3 };
std::string_view name(RunState state);

struct StoredExample {
    std::int64_t id = 0;
    std::vector<Message> messages;
    std::optional<Part> part; ///< none: not split yet
    LabelState state = LabelState::ToLabel;
    int rating = 0;
    std::vector<std::string> tags;
    std::string notes;
    std::string contentHash;
    Origin origin;
};

struct ExampleFilter {
    std::optional<Part> part = {};
    bool includeRejected = true;
};

struct Run {
    std::int64_t id = 0;
    std::string name;
    RunState state = RunState::Running;
    std::int64_t snapshot = 0;
    Json settings;           ///< every setting that training used
    std::string model;       ///< as the user named it
    std::string modelPath;   ///< where it was found
    std::string fingerprint; ///< of the base model's files
    std::string machine;     ///< device, threads, dispatch level, versions
    std::string createdAt;   ///< ISO 8601, UTC
    std::string endedAt;
    std::string error; ///< why it failed
    std::vector<std::string> tags;
    std::int64_t pid = 0; ///< the process that trains it while it runs
    double heartbeat = 0; ///< seconds since the epoch, of its last sign of life
};

/// One line of the training history; the fields that an event lacks are absent.
struct Metric {
    std::int64_t step = 0;
    std::string name; ///< "loss", "learning_rate", "grad_norm", "validation_loss", ...
    double value = 0;
};

struct CheckpointInfo {
    std::int64_t id = 0;
    std::int64_t run = 0;
    std::int64_t step = 0;
    std::optional<double> validationLoss = {};
    bool best = false;
    bool resumable = false; ///< holds optimiser state and data position too
    std::string createdAt = {};
};

/// What a checkpoint holds: safetensors of the adapter (PEFT names), and, where it can be resumed from, the trainer's
/// state.
struct CheckpointBlobs {
    std::string adapter;
    std::string state; ///< empty: not resumable
};

struct StoredEvaluation {
    std::int64_t id = 0;
    std::optional<std::int64_t> run; ///< none: the base model
    std::string checkpoint;
    Part part = Part::Test;
    Json summary;
    std::string createdAt;
};

struct EvaluatedExample {
    std::int64_t example = 0;
    std::string answer;
    Json scores;
};

/// One project: an SQLite file with WAL, opened by any number of processes. One Project per thread; each holds its
/// own connection. Every change is one transaction. A failure names the file and what to do, and leaves the file as
/// it was.
///
/// application_id is "Attn" (0x4174746E), user_version the schema; migrations run forward on open, after a backup to
/// `<file>.backup-v<N>` (with a number after it where that exists). Where writing is not allowed, a project opens for
/// reading. A change waits some seconds for another program's to end, then fails. Blobs are stored in 1 MiB chunks,
/// each with an XXH3 checksum that is verified on reading.
class Project {
public:
    /// Fails with InvalidInput when the file exists.
    static Result<Project> create(const std::filesystem::path &path);
    /// Checks header, application_id and schema; migrates. Corrupt, a newer schema, a file that is no project: each
    /// its own message.
    static Result<Project> open(const std::filesystem::path &path);
    Project(Project &&) noexcept;
    Project &operator=(Project &&) noexcept;
    ~Project();

    const std::filesystem::path &path() const noexcept;
    /// The file or its folder allows no writing; every change then fails.
    bool readOnly() const;
    /// SQLite's quick_check, and that every row's text still has its hash; slow on a large file, so for a worker.
    Result<void> quickCheck();
    /// Writes a copy of the project as it is now, whole, to a new file. Fails with InvalidInput where that exists.
    Result<void> backupTo(const std::filesystem::path &copy);

    // --- settings of the project: small values by key (split shares and seed, sample marker) ---
    Result<std::optional<std::string>> setting(const std::string &key);
    Result<void> setSetting(const std::string &key, const std::string &value);

    // --- examples ---
    /// Adds rows in one transaction (so that an interrupted import leaves nothing): the callback gets an `add` that
    /// returns the new id, or none where a row with that content is already there. An error from the callback rolls
    /// back. One step that can be undone, named by `label`.
    using AddExample = std::function<Result<std::optional<std::int64_t>>(const Example &)>;
    Result<void> addExamples(const std::function<Result<void>(const AddExample &)> &produce,
                             const std::string &label = {});
    Result<std::int64_t> exampleCount(const ExampleFilter &filter = {});
    /// In import order, one row in memory at a time. The callback may stop the walk by returning an error.
    Result<void> forEachExample(const ExampleFilter &filter,
                                const std::function<Result<void>(const StoredExample &)> &visit);
    Result<std::optional<StoredExample>> example(std::int64_t id);
    /// All or none: NotFound where a row does not exist. One step that can be undone; labelling.h has the others.
    Result<void> setParts(std::span<const std::pair<std::int64_t, Part>> parts, const std::string &label = {});
    Result<void> setLabelState(std::int64_t id, LabelState state);

    // --- snapshots: the rows of a moment, by content; equal rows are stored once ---
    /// A snapshot of all rows that are not rejected, with their parts. An equal snapshot is reused, and gets the name
    /// where it has none.
    Result<std::int64_t> takeSnapshot(const std::string &name = {});
    /// Rows of a snapshot in import order, as they were: ids, messages, parts and hashes; labels are not part of it.
    /// Fails with Corrupt where a text does not have its hash.
    Result<std::vector<StoredExample>> snapshotExamples(std::int64_t snapshot, std::optional<Part> part);

    // --- runs ---
    /// Gives the run its id, its time and, where the name is empty, a name ("run-3"). A name that exists, or that is
    /// a number, is refused. A run in state Running is held by this process, as after claimRun().
    Result<Run> createRun(Run run);
    Result<std::vector<Run>> runs();
    /// By number or name. NotFound names what there is.
    Result<Run> findRun(const std::string &numberOrName);
    /// Writes name, tags, state, endedAt, error, pid and heartbeat: all of them, so that of two processes that each
    /// changed one the later wins. The small ones below write only what they say.
    Result<void> updateRun(const Run &run);
    Result<void> setRunName(std::int64_t run, const std::string &name);
    Result<void> setRunTags(std::int64_t run, std::span<const std::string> tags);
    /// A sign of life of the process that trains it.
    Result<void> beatRun(std::int64_t run);
    /// How it ended: state, time (now) and, for a failure, why.
    Result<void> endRun(std::int64_t run, RunState state, const std::string &error = {});
    /// Takes the run for this process (state Running, pid, heartbeat) in one transaction; fails with InvalidInput
    /// where another process that still lives holds it. A process of this machine is looked up; of one elsewhere
    /// (another machine or container), a heartbeat of the last minute counts as life.
    Result<void> claimRun(std::int64_t run);
    /// With its metrics, log, checkpoints and evaluations. Fails with InvalidInput while another process trains it.
    Result<void> removeRun(std::int64_t run);

    /// A value of a step and name that is there already is replaced. Values need not be finite.
    Result<void> addMetrics(std::int64_t run, std::span<const Metric> metrics);
    /// By step, then name; of the steps after `afterStep` only.
    Result<std::vector<Metric>> metrics(std::int64_t run, std::int64_t afterStep = -1);
    Result<std::int64_t> lastStep(std::int64_t run); ///< of its metrics; -1: none yet
    /// What came after a step, where a run goes on from an older checkpoint.
    Result<void> dropMetricsAfter(std::int64_t run, std::int64_t step);
    Result<void> addLog(std::int64_t run, std::string_view level, std::string_view text);
    Result<std::vector<std::string>> log(std::int64_t run); ///< "time level text", oldest first

    // --- checkpoints ---
    /// Stores a checkpoint and prunes, in one transaction: afterwards the run has this one, the newest resumable one
    /// (this one, where it has a state), the best one's adapter, and nothing else. `best` marks this one as the best
    /// so far. One of the same step is replaced.
    Result<std::int64_t> saveCheckpoint(CheckpointInfo info, const CheckpointBlobs &blobs);
    Result<std::vector<CheckpointInfo>> checkpoints(std::int64_t run); ///< oldest first
    /// Fails with Corrupt where what is read is not what was written.
    Result<CheckpointBlobs> checkpointBlobs(std::int64_t checkpoint);

    // --- evaluations ---
    Result<std::int64_t> addEvaluation(const StoredEvaluation &evaluation,
                                       std::span<const EvaluatedExample> examples);
    Result<std::vector<StoredEvaluation>> evaluations(); ///< oldest first
    Result<std::vector<EvaluatedExample>> evaluationExamples(std::int64_t evaluation);

    // --- conversations of the comparer ---
    Result<std::int64_t> addTranscript(const std::string &title, const Json &body);
    /// A conversation that went on. NotFound where there is none.
    Result<void> updateTranscript(std::int64_t id, const std::string &title, const Json &body);
    Result<std::vector<Transcript>> transcripts(); ///< newest first
    Result<void> removeTranscript(std::int64_t id);

    struct Impl; // project_impl.h, for this folder and its tests only

private:
    friend class Labelling;
    explicit Project(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

} // namespace attune
