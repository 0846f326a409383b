#include "core/studio/training_run.h"

#include "core/deploy/run_adapter.h"
#include "core/model/registry.h"
#include "core/model/weight_cache.h"
#include "core/model/weight_source.h"
#include "core/studio/chat_model.h"
#include "core/studio/run_plan.h"
#include "core/studio/run_recorder.h"
#include "core/studio/run_samples.h"
#include "core/studio/run_settings.h"

#include <chrono>
#include <condition_variable>
#include <thread>

namespace attune {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How long a run puts up with a project that can't be written, as while another program imports into it.
constexpr auto patience = 60s;

/// Tries again where it may help.
Result<void> persist(const std::stop_token &stop, const std::function<Result<void>()> &write)
{
    const auto begin = Clock::now();
    while (true) {
        auto result = write();
        if (result || result.error().code != ErrorCode::Io || Clock::now() - begin > patience ||
            stop.stop_requested())
            return result;
        std::this_thread::sleep_for(200ms);
    }
}

/// The rows that a run takes, as the project holds them.
struct DrawnRows {
    std::vector<StoredExample> train;
    std::vector<StoredExample> validation;

    using Keys = std::vector<std::pair<std::int64_t, std::string>>; ///< ids and content hashes
    Keys keys() const
    {
        Keys keys;
        for (const auto *part : {&train, &validation}) {
            for (const StoredExample &row : *part)
                keys.emplace_back(row.id, row.contentHash);
            keys.emplace_back(0, std::string()); // where the part ends
        }
        return keys;
    }
};

Result<DrawnRows> rowsOf(Project &project, std::int64_t snapshot)
{
    DrawnRows rows;
    ATTUNE_TRY(rows.train, project.snapshotExamples(snapshot, Part::Train));
    ATTUNE_TRY(rows.validation, project.snapshotExamples(snapshot, Part::Validation));
    return rows;
}

/// Those that a snapshot would hold now. Nothing is written, so that a training that is refused leaves the project as
/// it was.
Result<DrawnRows> rowsNow(Project &project)
{
    DrawnRows rows;
    ATTUNE_CHECK(project.forEachExample({.includeRejected = false}, [&](const StoredExample &row) -> Result<void> {
        if (row.part == Part::Train)
            rows.train.push_back(row);
        else if (row.part == Part::Validation)
            rows.validation.push_back(row);
        return {};
    }));
    return rows;
}

/// The rows of a run, encoded, and what is to be said about them.
struct RunRows {
    std::vector<TrainRow> train;
    std::vector<TrainRow> validation;
    std::vector<TrainLog> notes;
    std::optional<RunSampler> sampler;
};

std::string count(std::int64_t number, const char *noun)
{
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

Result<std::vector<TrainRow>> encodePart(std::vector<StoredExample> stored, Part part, const ChatEncoder &encoder,
                                         const TrainSettings &settings, std::vector<TrainLog> &notes, bool mustTrain)
{
    std::vector<TrainExample> examples;
    examples.reserve(stored.size());
    for (StoredExample &row : stored)
        examples.push_back({row.id, std::move(row.messages)});
    EncodeReport report;
    ATTUNE_TRY(auto rows, encodeRows(encoder, examples, settings, &report));
    const std::string of = " of the " + std::string(name(part)) + " part";
    // Before the model is loaded and a run is made, which could only fail.
    if (mustTrain && !rows.empty() && report.untrained.size() == examples.size())
        return fail(ErrorCode::InvalidInput, "No row" + of + " has a token to train on; look at max_length (" +
                                                 std::to_string(settings.max_length) + ") and at the answers.");
    if (report.cutRows > 0)
        notes.push_back({"warning", count(report.cutRows, "row") + of + " cut at max_length " +
                                        std::to_string(settings.max_length) + ": " +
                                        count(report.cutTokens, "token") + " lost."});
    if (!report.untrained.empty())
        notes.push_back({"warning", count(static_cast<std::int64_t>(report.untrained.size()), "row") + of +
                                        " with no token to train on (the first is row " +
                                        std::to_string(report.untrained.front()) + ")."});
    return rows;
}

Result<RunRows> encoded(const Project &project, DrawnRows drawn, const ChatEncoder &encoder,
                        const TrainSettings &settings, int samples)
{
    RunRows rows;
    rows.sampler = RunSampler::choose(drawn.validation, encoder, settings.max_length, samples);
    ATTUNE_TRY(rows.train, encodePart(std::move(drawn.train), Part::Train, encoder, settings, rows.notes, true));
    if (rows.train.empty())
        return fail(ErrorCode::InvalidInput, project.path().string() +
                                                 " has no row to train on; import some, or give them parts with "
                                                 "`attune data PROJECT split`.");
    ATTUNE_TRY(rows.validation,
               encodePart(std::move(drawn.validation), Part::Validation, encoder, settings, rows.notes, false));
    if (std::none_of(rows.validation.begin(), rows.validation.end(),
                     [](const TrainRow &row) { return row.supervised() > 0; }))
        rows.validation.clear(); // as if there were none; what was cut is said above
    rows.notes.push_back({"info", count(static_cast<std::int64_t>(rows.train.size()), "row") + " to train on, " +
                                      std::to_string(rows.validation.size()) + " to validate with."});
    return rows;
}

/// A tokenizer of another model would end the run at the first row that shows it.
Result<void> needsVocabulary(const std::filesystem::path &model, const RunRows &rows)
{
    ATTUNE_TRY(const auto source, WeightSource::open(model));
    const std::int64_t size = source->config().vocabSize;
    for (const auto *part : {&rows.train, &rows.validation})
        for (const TrainRow &row : *part)
            if (const auto largest = std::max_element(row.ids.begin(), row.ids.end());
                largest != row.ids.end() && *largest >= size)
                return fail(ErrorCode::InvalidInput, "Row " + std::to_string(row.id) + " holds the token " +
                                                         std::to_string(*largest) + ", but " + model.string() +
                                                         " has embeddings for " + std::to_string(size) +
                                                         " tokens only: its tokenizer is not the model's.");
    return {};
}

/// Before anything large is loaded: a run that can't fit would be killed half-way, without a word.
Result<void> needsMemory(const std::filesystem::path &model, const TrainSettings &settings, RunRows &rows)
{
    ATTUNE_CHECK(needsVocabulary(model, rows));
    ATTUNE_TRY(const auto warning, checkMemory(model, settings, lengthsOf(rows.train, rows.validation)));
    if (warning)
        rows.notes.push_back({"warning", *warning});
    return {};
}

/// The adapter to start from decides its own shape.
Result<void> takeShape(const LoraConfig &config, TrainSettings &settings)
{
    const TrainSettings defaults;
    TrainSettings shaped = settings;
    shaped.takeShape(config);
    for (const char *key : TrainSettings::shapeKeys()) {
        const std::string wanted = settings.get(key), has = shaped.get(key);
        if (wanted != defaults.get(key) && wanted != has)
            return fail(ErrorCode::InvalidInput, std::string(key) + " is " + wanted +
                                                     ", but the adapter to start from has " +
                                                     (has.empty() ? "none" : has) + "; leave the setting out.");
        // A run keeps it as a setting, which must be one.
        if (const auto possible = TrainSettings(shaped).set(key, has); !possible)
            return fail(ErrorCode::InvalidInput, "The adapter to start from can't be trained on: " +
                                                     possible.error().message);
    }
    settings = std::move(shaped);
    return {};
}

Result<void> startFrom(LanguageModel &model, const TrainSettings &settings, const std::filesystem::path &initAdapter)
{
    if (initAdapter.empty())
        return model.startAdapter(settings.loraConfig(), static_cast<std::uint64_t>(settings.seed));
    ATTUNE_TRY(auto adapter, readPeftAdapter(initAdapter));
    adapter.config.dropout = settings.lora_dropout;
    return model.useAdapter(adapter);
}

Result<LanguageModel> loadBase(const std::filesystem::path &path, const TrainSettings &settings, std::stop_token stop,
                               const Progress &progress, std::vector<TrainLog> &notes)
{
    LoadOptions options = settings.loadOptions();
    options.stop = std::move(stop);
    if (progress)
        options.progress = [&progress](double share) { progress("Loading the model", share); };
    auto model = LanguageModel::load(path, options);
    if (auto trouble = weightCacheTrouble(); model && !trouble.empty())
        notes.push_back({"info", std::move(trouble)});
    return model;
}

/// Follows the training of a run that is claimed and whose model holds its adapter.
class Supervisor {
public:
    Supervisor(Project &project, Run &run, const WatchTraining &watch)
        : m_project(project), m_run(run), m_watch(watch), m_recorder(m_events, run.id)
    {
    }

    Result<TrainOutcome> train(LanguageModel &model, TrainJob job, const RunRows &rows, std::stop_token stop)
    {
        ATTUNE_TRY(auto project, Project::open(m_project.path()));           // the training thread's own
        job.save = [&, id = m_run.id](const Checkpoint &c) -> Result<void> { // m_run belongs to the one that follows
            CheckpointInfo info;
            info.run = id;
            info.step = c.step;
            info.validationLoss = c.validationLoss;
            info.best = c.best;
            const CheckpointBlobs blobs{peftTensorBytes(c.adapter), c.state.toBytes()};
            return persist(stop, [&]() -> Result<void> {
                ATTUNE_CHECK(m_recorder.record(project));
                ATTUNE_CHECK(project.saveCheckpoint(info, blobs));
                return {};
            });
        };
        for (const TrainLog &note : rows.notes)
            m_events.post(note);
        std::stop_source own;
        const std::stop_callback passOn(stop, [&] { own.request_stop(); });
        if (rows.sampler)
            job.evaluated = [&](std::int64_t step) {
                if (auto note = rows.sampler->sample(model, step, own.get_token()))
                    m_events.post(std::move(*note));
            };
        // The training stays on the calling thread, which loaded the model, and the watching goes to another: each
        // thread that computes has a team of OpenMP workers of its own, and a second team makes the first one wait in
        // the kernel.
        Result<void> followed;
        Result<TrainOutcome> outcome = [&] {
            std::mutex mutex;
            std::condition_variable ended;
            bool done = false;
            const std::jthread follower([&] {
                for (bool last = false; !last;) {
                    {
                        std::unique_lock lock(mutex);
                        last = ended.wait_for(lock, 50ms, [&] { return done; });
                    }
                    auto result = last ? persist(stop, [&] { return follow(); }) : follow();
                    if (!result && !last && mayPass(result.error()))
                        continue;
                    if (!result && followed) {
                        followed = std::move(result);
                        own.request_stop();
                    }
                }
            });
            auto result = attune::train(model, job, own.get_token(), m_events);
            const std::scoped_lock lock(mutex);
            done = true;
            ended.notify_one();
            return result;
        }();
        if (!followed && outcome)
            return forward(followed);
        return outcome;
    }

private:
    Result<void> follow()
    {
        auto result = m_recorder.record(m_project);
        for (const TrainEvent &event : m_recorder.take())
            if (m_watch)
                m_watch(event, m_run);
        if (result && Clock::now() - m_lastBeat >= 1s) {
            m_lastBeat = Clock::now();
            result = beat();
        }
        if (result)
            m_lastStored = Clock::now();
        return result;
    }

    bool mayPass(const Error &error) const
    {
        return error.code == ErrorCode::Io && Clock::now() - m_lastStored < patience;
    }

    /// The run as the project has it then: someone may have renamed it meanwhile.
    Result<void> beat()
    {
        ATTUNE_CHECK(m_project.beatRun(m_run.id));
        ATTUNE_TRY(m_run, m_project.findRun(std::to_string(m_run.id)));
        return {};
    }

    Project &m_project;
    Run &m_run;
    const WatchTraining &m_watch;
    EventQueue m_events;
    RunRecorder m_recorder;
    Clock::time_point m_lastBeat = Clock::now();
    Clock::time_point m_lastStored = Clock::now();
};

/// Notes how a run ended.
Result<TrainOutcome> close(Project &project, const Run &run, Result<TrainOutcome> outcome)
{
    const bool interrupted = !outcome && outcome.error().code == ErrorCode::Interrupted;
    const RunState state = outcome ? (outcome->stopped ? RunState::Stopped : RunState::Finished)
                                   : (interrupted ? RunState::Stopped : RunState::Failed);
    const bool failed = state == RunState::Failed;
    if (failed)
        (void)project.addLog(run.id, "error", outcome.error().message + " " + outcome.error().detail);
    auto updated =
        persist({}, [&] { return project.endRun(run.id, state, failed ? outcome.error().message : std::string()); });
    if (!outcome || updated)
        return outcome;
    return forward(updated);
}

Result<std::filesystem::path> absolutePath(const std::filesystem::path &path)
{
    std::error_code error;
    auto absolute = std::filesystem::absolute(path, error);
    if (error)
        return fail(ErrorCode::Io, "Can't tell where " + path.string() + " is: " + error.message() + ".");
    return absolute.lexically_normal();
}

Result<TrainOutcome> startRun(const TrainRequest &request, std::stop_token stop, const WatchTraining &watch,
                              const Progress &progress)
{
    ATTUNE_TRY(auto project, Project::open(request.project));
    ATTUNE_TRY(const auto found, resolveModel(request.model));
    ATTUNE_TRY(const auto path, absolutePath(found));
    TrainSettings settings = request.settings;
    std::filesystem::path initAdapter;
    if (!request.initAdapter.empty()) {
        ATTUNE_TRY(initAdapter, absolutePath(request.initAdapter));
        ATTUNE_TRY(const auto adapter, readPeftAdapter(initAdapter));
        ATTUNE_CHECK(takeShape(adapter.config, settings));
    }
    ATTUNE_CHECK(settings.check());
    ATTUNE_TRY(const auto encoder, loadChatEncoder(path));
    ATTUNE_TRY(auto drawn, rowsNow(project));
    const auto keys = drawn.keys();
    ATTUNE_TRY(auto rows, encoded(project, std::move(drawn), encoder, settings, request.samples));
    ATTUNE_CHECK(needsMemory(path, settings, rows));
    ATTUNE_TRY(auto model, loadBase(path, settings, stop, progress, rows.notes));
    ATTUNE_CHECK(startFrom(model, settings, initAdapter));
    ATTUNE_TRY(const auto snapshot, project.takeSnapshot());
    ATTUNE_TRY(drawn, rowsOf(project, snapshot));
    if (drawn.keys() != keys) { // somebody has changed them while the model was loading
        ATTUNE_TRY(rows, encoded(project, std::move(drawn), encoder, settings, request.samples));
        ATTUNE_CHECK(needsMemory(path, settings, rows));
    }

    Run wanted;
    wanted.name = request.name;
    wanted.snapshot = snapshot;
    wanted.settings = runSettings(settings, initAdapter.string());
    wanted.model = request.model;
    wanted.modelPath = path.string();
    wanted.fingerprint = model.fingerprint();
    wanted.machine = machineDescription(model.device());
    TrainJob job;
    job.settings = settings;
    job.rows = std::move(rows.train);
    job.validation = std::move(rows.validation);

    ATTUNE_TRY(Run run, project.createRun(wanted));
    const auto steps = [&]() -> Result<TrainOutcome> {
        CheckpointInfo start;
        start.run = run.id;
        ATTUNE_CHECK(project.saveCheckpoint(start, {peftTensorBytes(model.adapter()), TrainState{}.toBytes()}));
        return Supervisor(project, run, watch).train(model, std::move(job), rows, std::move(stop));
    };
    return close(project, run, steps());
}

/// The model with the adapter and the state of the newest checkpoint that can be gone on from.
Result<std::optional<TrainState>> restore(Project &project, const Run &run, const TrainSettings &settings,
                                          LanguageModel &model)
{
    ATTUNE_TRY(const auto checkpoints, project.checkpoints(run.id));
    const CheckpointInfo *newest = nullptr;
    for (const CheckpointInfo &c : checkpoints)
        if (c.resumable && (!newest || c.step > newest->step))
            newest = &c;
    ATTUNE_CHECK(project.dropMetricsAfter(run.id, newest ? newest->step : 0));
    if (!newest) { // killed before the first checkpoint was there
        ATTUNE_CHECK(startFrom(model, settings, initAdapterOf(run)));
        return std::optional<TrainState>();
    }
    ATTUNE_TRY(const auto blobs, project.checkpointBlobs(newest->id));
    ATTUNE_TRY(const auto adapter, checkpointAdapter(run, blobs));
    ATTUNE_CHECK(model.useAdapter(adapter));
    ATTUNE_TRY(auto state, TrainState::fromBytes(blobs.state));
    return std::optional(std::move(state));
}

Result<TrainOutcome> goOn(Project &project, Run &run, const std::filesystem::path &path, int samples,
                          std::stop_token stop, const WatchTraining &watch, const Progress &progress)
{
    ATTUNE_TRY(const auto settings, settingsOf(run));
    ATTUNE_TRY(const auto encoder, loadChatEncoder(path));
    ATTUNE_TRY(auto drawn, rowsOf(project, run.snapshot));
    ATTUNE_TRY(auto rows, encoded(project, std::move(drawn), encoder, settings, samples));
    ATTUNE_CHECK(needsMemory(path, settings, rows));
    ATTUNE_TRY(auto model, loadBase(path, settings, stop, progress, rows.notes));
    ATTUNE_CHECK(checkBaseModel(run, path, model.fingerprint()));
    TrainJob job;
    job.settings = settings;
    ATTUNE_TRY(job.resume, restore(project, run, settings, model));
    job.rows = std::move(rows.train);
    job.validation = std::move(rows.validation);
    rows.notes.push_back({"info", "Resumed after step " + std::to_string(job.resume ? job.resume->step : 0) +
                                      ", on " + machineDescription(model.device()) + "."});
    return Supervisor(project, run, watch).train(model, std::move(job), rows, std::move(stop));
}

/// What a finished run has to say when it is asked to go on.
Result<TrainOutcome> finishedAlready(Project &project, const Run &run, const WatchTraining &watch)
{
    ATTUNE_TRY(const auto checkpoints, project.checkpoints(run.id));
    TrainOutcome outcome;
    for (const CheckpointInfo &c : checkpoints) {
        outcome.step = std::max(outcome.step, c.step);
        if (c.best) {
            outcome.bestStep = c.step;
            outcome.bestLoss = c.validationLoss;
        }
    }
    if (watch) {
        watch(TrainLog{"info", "Run \"" + run.name + "\" is finished; there is nothing left to do."}, run);
        Ended ended;
        ended.step = outcome.step;
        watch(ended, run);
    }
    return outcome;
}

Result<TrainOutcome> resumeRun(const TrainRequest &request, std::stop_token stop, const WatchTraining &watch,
                               const Progress &progress)
{
    ATTUNE_TRY(auto project, Project::open(request.project));
    ATTUNE_TRY(Run run, project.findRun(request.resume));
    if (run.state == RunState::Finished)
        return finishedAlready(project, run, watch);
    ATTUNE_TRY(const auto path, baseModelOf(run, request.model));
    ATTUNE_CHECK(project.claimRun(run.id));
    ATTUNE_TRY(run, project.findRun(std::to_string(run.id)));
    return close(project, run, goOn(project, run, path, request.samples, std::move(stop), watch, progress));
}

} // namespace

Result<TrainOutcome> runTraining(const TrainRequest &request, std::stop_token stop, const WatchTraining &watch,
                                 const Progress &progress)
{
    return request.resume.empty() ? startRun(request, std::move(stop), watch, progress)
                                  : resumeRun(request, std::move(stop), watch, progress);
}

} // namespace attune
