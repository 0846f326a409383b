#include "core/train/trainer.h"

#include "core/formats/safetensors.h"
#include "core/model/devices.h"
#include "core/train/optimizer_torch.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <numeric>

namespace attune {
namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::duration duration)
{
    return std::chrono::duration<double>(duration).count();
}

/// Of what a batch draws. Never 0, which means that nothing is drawn.
std::uint64_t noiseSeed(std::int64_t seed, std::int64_t step, std::size_t batch)
{
    return (static_cast<std::uint64_t>(seed) * 2'654'435'761ULL + static_cast<std::uint64_t>(step)) * 4096ULL +
           batch + 1;
}

/// The run itself; train() around it sees to it that Ended is posted.
class Trainer {
public:
    Trainer(LanguageModel &model, const TrainJob &job, std::stop_token stop, EventQueue &events)
        : m_model(model), m_job(job), m_stop(std::move(stop)), m_events(events), m_order(job.rows, job.settings),
          m_optimizer(model, job.settings)
    {
    }

    Result<TrainOutcome> run()
    {
        const TrainSettings &settings = m_job.settings;
        const std::int64_t total = m_order.totalSteps();
        const std::int64_t evalEvery = settings.eval_steps > 0
                                           ? settings.eval_steps
                                           : std::max<std::int64_t>(1, (m_order.stepsPerEpoch() + 1) / 2);
        const std::int64_t saveEvery = settings.save_steps > 0 ? settings.save_steps : evalEvery;
        if (m_job.resume) {
            m_state = *m_job.resume;
            ATTUNE_CHECK(m_optimizer.restore(m_state));
        }
        if (m_state.step == 0)
            look(0);
        m_lastSave = Clock::now();
        m_savedStep = m_job.resume && !m_state.validationPending ? m_state.step : -1;
        if (m_state.validationPending) {
            ATTUNE_TRY(const bool goOn, finishStep(total, evalEvery, saveEvery));
            if (!goOn)
                return outcome(true);
        }
        // A run that was resumed after early stopping has nothing left to do.
        while (m_state.step < total && !patienceIsOver()) {
            ATTUNE_TRY(const bool done, step(m_state.step + 1, total));
            if (!done) {
                ATTUNE_CHECK(save(std::nullopt, false));
                return outcome(true);
            }
            ATTUNE_TRY(const bool goOn, finishStep(total, evalEvery, saveEvery));
            if (!goOn)
                return outcome(true);
        }
        sayPadding();
        return outcome(false);
    }

    std::int64_t stepsDone() const { return m_state.step; }

private:
    TrainOutcome outcome(bool stopped) const
    {
        return {m_state.step, stopped, !stopped && patienceIsOver(), m_state.bestLoss, m_state.bestStep};
    }

    void sayPadding()
    {
        if (m_positions == 0) // resumed with nothing left to do
            return;
        const std::int64_t tenths = (m_filled * 1000 + m_positions / 2) / m_positions;
        std::string text = std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) +
                           " % of the positions that were computed only filled shorter rows up";
        if (tenths > 100)
            text += m_job.settings.group_by_length
                        ? "; packing=true would spare that"
                        : "; group_by_length=true or packing=true would spare most of that";
        m_events.post(TrainLog{"info", text + "."});
    }

    void look(std::int64_t step) const
    {
        if (m_job.evaluated && m_validates)
            m_job.evaluated(step);
    }

    bool patienceIsOver() const
    {
        const std::int64_t patience = m_job.settings.early_stopping_patience;
        return patience > 0 && m_state.evaluationsWithoutGain >= patience;
    }

    /// What follows a step: validation and checkpoint, where they are due. False: stopped on request on the way; the
    /// checkpoint then says that the validation is still to be made, so that a resumed run decides as an unbroken
    /// one.
    Result<bool> finishStep(std::int64_t total, std::int64_t evalEvery, std::int64_t saveEvery)
    {
        const bool last = m_state.step == total;
        std::optional<double> validation;
        bool best = false;
        if (m_validates && (m_state.step % evalEvery == 0 || last)) {
            ATTUNE_TRY(validation, validate(best));
            m_state.validationPending = !validation.has_value();
            if (m_state.validationPending) {
                ATTUNE_CHECK(save(std::nullopt, false));
                return false;
            }
        }
        const bool due = m_state.step % saveEvery == 0 || seconds(Clock::now() - m_lastSave) >= 60;
        if (best || due || last || patienceIsOver()) {
            ATTUNE_CHECK(save(validation, best));
        }
        if (validation)
            look(m_state.step);
        return true;
    }

    /// One optimiser step. False: stopped on request, nothing changed.
    Result<bool> step(std::int64_t number, std::int64_t total)
    {
        const auto begin = Clock::now();
        const auto window = m_order.window(number);
        std::int64_t supervised = 0;
        std::int64_t tokens = 0;
        for (const auto &batch : window)
            for (const std::size_t row : batch) {
                supervised += m_job.rows[row].supervised();
                tokens += static_cast<std::int64_t>(m_job.rows[row].ids.size());
            }
        double nll = 0;
        std::int64_t positions = 0;
        std::int64_t filled = 0;
        for (std::size_t i = 0; i < window.size(); ++i) {
            if (m_stop.stop_requested()) {
                ATTUNE_CHECK(m_optimizer.clearGradients());
                return false;
            }
            if (supervised == 0)
                continue;
            const std::int64_t prefix = sharesPrefixes(m_model.device()) ? sharedPrefix(m_job.rows, window[i]) : 0;
            const TokenBatch batch = m_job.settings.packing ? makePackedBatch(m_job.rows, window[i], prefix)
                                                            : makeBatch(m_job.rows, window[i], prefix);
            const BatchOptions options{static_cast<double>(supervised), noiseSeed(m_job.settings.seed, number, i),
                                       m_job.settings.neftune_noise_alpha, m_job.settings.gradient_checkpointing};
            positions += static_cast<std::int64_t>(batch.ids.size());
            filled += paddingOf(batch, m_job.rows, window[i]);
            ATTUNE_TRY(const LossSum loss, m_model.accumulateGradients(batch, options));
            nll += loss.nll;
            if (!std::isfinite(loss.nll))
                return notFinite("loss", number, window[i]);
        }
        const double rate = learningRate(m_job.settings, number, total);
        double norm = 0;
        if (supervised > 0) {
            ATTUNE_TRY(norm, m_optimizer.step(number, rate));
            if (!std::isfinite(norm)) {
                std::vector<std::size_t> all;
                for (const auto &batch : window)
                    all.insert(all.end(), batch.begin(), batch.end());
                return notFinite("gradient", number, all);
            }
        }
        m_state.step = number;
        const double took = seconds(Clock::now() - begin);
        m_events.post(StepDone{number, total, supervised > 0 ? nll / static_cast<double>(supervised) : 0.0, rate,
                               norm, supervised, took > 0 ? static_cast<double>(tokens) / took : 0.0,
                               static_cast<double>(peakMemoryOn(m_model.device())) / (1 << 30), took,
                               m_order.stepsPerEpoch(),
                               positions > 0 ? static_cast<double>(filled) / static_cast<double>(positions) : 0.0});
        m_positions += positions;
        m_filled += filled;
        return true;
    }

    Result<bool> notFinite(const char *what, std::int64_t number, const std::vector<std::size_t> &rows)
    {
        ATTUNE_CHECK(m_optimizer.clearGradients());
        // A step may have broken what the next one stumbles over.
        const bool sound = m_model.adapter().isFinite();
        if (m_state.step > 0 && sound) {
            ATTUNE_CHECK(save(std::nullopt, false));
        }
        std::string list;
        for (std::size_t i = 0; i < rows.size() && i < 8; ++i)
            list += (i ? ", " : "") + std::to_string(m_job.rows[rows[i]].id);
        if (rows.size() > 8)
            list += " and others";
        return fail(ErrorCode::InvalidInput, std::string("The ") + what + " is not a finite number at step " +
                                                 std::to_string(number) + " (rows " + list +
                                                 "); " +
                                                 (m_savedStep > 0 ? "step " + std::to_string(m_savedStep) +
                                                                        " is kept: "
                                                                  : std::string("nothing is kept: ")) +
                                                 "lower learning_rate or max_grad_norm, or look at these rows.");
    }

    /// The mean validation loss; none where it was stopped.
    Result<std::optional<double>> validate(bool &best)
    {
        auto loss = evaluateRows(m_model, m_job.validation, m_job.settings.per_device_train_batch_size, m_stop);
        if (!loss) {
            if (loss.error().code == ErrorCode::Interrupted)
                return std::optional<double>();
            return forward(loss);
        }
        const double mean = loss->nll / static_cast<double>(loss->tokens);
        best = std::isfinite(mean) && (!m_state.bestLoss || mean < *m_state.bestLoss);
        if (best) {
            m_state.bestLoss = mean;
            m_state.bestStep = m_state.step;
            m_state.evaluationsWithoutGain = 0;
        } else {
            ++m_state.evaluationsWithoutGain;
        }
        m_events.post(EvalDone{m_state.step, mean, best});
        return std::optional<double>(mean);
    }

    Result<void> save(std::optional<double> validationLoss, bool best)
    {
        if (!m_job.save || (m_savedStep == m_state.step && !best))
            return {};
        m_optimizer.store(m_state);
        ATTUNE_CHECK(m_job.save(Checkpoint{m_state.step, validationLoss, best, m_model.adapter(), m_state}));
        m_lastSave = Clock::now();
        m_savedStep = m_state.step;
        m_events.post(CheckpointSaved{m_state.step, best});
        return {};
    }

    LanguageModel &m_model;
    const TrainJob &m_job;
    std::stop_token m_stop;
    EventQueue &m_events;
    RowOrder m_order;
    AdamW m_optimizer;
    TrainState m_state;
    Clock::time_point m_lastSave;
    std::int64_t m_savedStep = -1;
    /// Rows whose answers are all cut away have no loss to compare.
    const bool m_validates = std::any_of(m_job.validation.begin(), m_job.validation.end(),
                                         [](const TrainRow &row) { return row.supervised() > 0; });
    std::int64_t m_positions = 0; ///< computed since this run began or went on
    std::int64_t m_filled = 0;    ///< of those, by padding
};

} // namespace

std::string TrainState::toBytes() const
{
    std::vector<TensorToWrite> tensors;
    for (const auto &[name, mean] : {std::pair<std::string, const AdamWMean *>{"first_moment", &firstMoment},
                                     {"second_moment", &secondMoment}}) {
        tensors.push_back({name, DType::F32, {static_cast<std::int64_t>(mean->values.size())},
                           std::as_bytes(std::span(mean->values))});
        if (!mean->codes.empty())
            tensors.push_back({name + "_codes", DType::U8, {static_cast<std::int64_t>(mean->codes.size())},
                               std::as_bytes(std::span(mean->codes))});
    }
    Json json = {{"step", step}, {"best_step", bestStep}, {"evaluations_without_gain", evaluationsWithoutGain},
                 {"validation_pending", validationPending}};
    if (bestLoss)
        json["best_loss"] = *bestLoss;
    return safetensorsBytes(tensors, {{"trainer", json.dump()}});
}

Result<TrainState> TrainState::fromBytes(std::string_view bytes)
{
    constexpr auto where = "The checkpoint's training state";
    ATTUNE_TRY(const auto file, SafetensorsFile::parse(std::as_bytes(std::span(bytes.data(), bytes.size())), where));
    const auto trainer = file.metadata().find("trainer");
    if (trainer == file.metadata().end())
        return fail(ErrorCode::Corrupt, std::string(where) + " lacks its header.");
    ATTUNE_TRY(const Json json, parseJson(trainer->second, where));
    TrainState state;
    ATTUNE_TRY(state.step, jsonValue<std::int64_t>(json, "step", 0, where));
    ATTUNE_TRY(state.bestStep, jsonValue<std::int64_t>(json, "best_step", 0, where));
    ATTUNE_TRY(state.evaluationsWithoutGain, jsonValue<std::int64_t>(json, "evaluations_without_gain", 0, where));
    ATTUNE_TRY(state.validationPending, jsonValue<bool>(json, "validation_pending", false, where));
    if (json.contains("best_loss")) {
        ATTUNE_TRY(state.bestLoss, jsonValue<double>(json, "best_loss", 0, where));
    }
    for (const auto &[name, to] : {std::pair<std::string, AdamWMean *>{"first_moment", &state.firstMoment},
                                   {"second_moment", &state.secondMoment}}) {
        ATTUNE_TRY(const TensorView values, file.tensor(name));
        to->values.resize(static_cast<std::size_t>(values.elements()));
        toFloat(values, 0, values.elements(), to->values.data());
        if (!file.tensors().contains(name + "_codes"))
            continue;
        ATTUNE_TRY(const TensorView codes, file.tensor(name + "_codes"));
        if (codes.dtype != DType::U8)
            return fail(ErrorCode::Corrupt, std::string(where) + ": " + name + "_codes are not bytes.");
        to->codes.resize(static_cast<std::size_t>(codes.elements()));
        std::memcpy(to->codes.data(), codes.data.data(), to->codes.size());
    }
    return state;
}

Result<LossSum> evaluateRows(LanguageModel &model, std::span<const TrainRow> rows, std::int64_t batchSize,
                             std::stop_token stop)
{
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return rows[a].ids.size() < rows[b].ids.size(); });
    LossSum total;
    for (std::size_t begin = 0; begin < order.size(); begin += static_cast<std::size_t>(batchSize)) {
        if (stop.stop_requested())
            return fail(ErrorCode::Interrupted, "The evaluation was interrupted.");
        const auto together =
            std::span(order).subspan(begin, std::min(static_cast<std::size_t>(batchSize), order.size() - begin));
        const std::int64_t prefix = sharesPrefixes(model.device()) ? sharedPrefix(rows, together) : 0;
        ATTUNE_TRY(const LossSum loss, model.evaluate(makeBatch(rows, together, prefix)));
        total.nll += loss.nll;
        total.tokens += loss.tokens;
    }
    return total;
}

Result<TrainOutcome> train(LanguageModel &model, const TrainJob &job, std::stop_token stop, EventQueue &events)
{
    const auto end = [&](Result<TrainOutcome> result, std::int64_t step) {
        Ended ended;
        ended.step = step;
        if (result) {
            ended.stopped = result->stopped;
            ended.early = result->early;
        } else {
            ended.error = result.error();
        }
        events.post(ended);
        return result;
    };
    if (!model.hasAdapter())
        return end(fail(ErrorCode::Internal, "There is no adapter to train."), 0);
    const bool nothing = std::all_of(job.rows.begin(), job.rows.end(),
                                     [](const TrainRow &row) { return row.supervised() == 0; });
    if (nothing)
        return end(fail(ErrorCode::InvalidInput,
                        job.rows.empty() ? "The train part has no rows; import some first."
                                         : "No row of the train part has a token to train on; look at max_length and "
                                           "at the answers."),
                   0);
    Trainer trainer(model, job, std::move(stop), events);
    Result<TrainOutcome> result = trainer.run();
    return end(std::move(result), trainer.stepsDone());
}

} // namespace attune
