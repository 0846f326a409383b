#include "ui/train/training_job.h"

#include "core/base/priority.h"
#include "ui/widgets/format.h"

namespace attune::ui {

TrainingJob::TrainingJob(QObject *parent) : QObject(parent)
{
    m_timer.setInterval(50);
    connect(&m_timer, &QTimer::timeout, this, &TrainingJob::drain);
}

TrainingJob::~TrainingJob()
{
    m_thread.request_stop();
}

bool TrainingJob::start(const TrainRequest &request)
{
    if (isBusy())
        return false;
    if (m_thread.joinable())
        m_thread.join(); // has posted its outcome, so it is at its end
    m_run = 0;
    m_runName.clear();
    m_step = 0;
    m_steps = 0;
    m_loss = 0;
    m_stage = tr("Reading the rows");
    m_stageShare = 0;
    m_atValidation = false;
    setState(State::Preparing);
    m_timer.start();
    m_thread = std::jthread([this, request](const std::stop_token &token) {
        lowerPriority(trainingNiceness);
        std::stop_source own;
        const std::stop_callback passOn(token, [&] { own.request_stop(); });
        const auto watch = [&](const TrainEvent &event, const Run &run) {
            if (m_atValidation && std::holds_alternative<EvalDone>(event))
                own.request_stop();
            Note note;
            note.event = event;
            note.run = run.id;
            note.runName = run.name;
            post(std::move(note));
        };
        const auto progress = [&](std::string_view stage, double share) {
            Note note;
            note.stage = stage;
            note.share = share;
            post(std::move(note));
        };
        Note last;
        last.outcome = runTraining(request, own.get_token(), watch, progress);
        post(std::move(last));
    });
    return true;
}

void TrainingJob::stop()
{
    if (!isBusy())
        return;
    m_thread.request_stop();
    setState(State::Stopping);
}

void TrainingJob::stopAtNextValidation()
{
    m_atValidation = true;
    Q_EMIT stateChanged();
}

void TrainingJob::waitForEnd()
{
    if (m_thread.joinable())
        m_thread.join();
    drain();
}

void TrainingJob::post(Note note)
{
    const std::scoped_lock lock(m_mutex);
    m_notes.push_back(std::move(note));
}

void TrainingJob::take(const TrainEvent &event)
{
    if (const auto *step = std::get_if<StepDone>(&event)) {
        m_step = step->step;
        m_steps = step->steps;
        m_loss = step->loss;
    }
    if (m_state == State::Preparing)
        setState(State::Training);
}

void TrainingJob::drain()
{
    std::vector<Note> notes;
    {
        const std::scoped_lock lock(m_mutex);
        notes.swap(m_notes);
    }
    if (notes.empty())
        return;
    std::optional<Result<TrainOutcome>> outcome;
    bool news = false;
    for (Note &note : notes) {
        if (note.event) {
            m_run = note.run;
            m_runName = note.runName;
            take(*note.event);
            news = true;
        } else if (note.outcome) {
            outcome = std::move(note.outcome);
        } else {
            m_stage = fromUtf8(note.stage);
            m_stageShare = note.share;
        }
    }
    Q_EMIT progressed();
    if (news)
        Q_EMIT stored(m_run);
    if (!outcome)
        return;
    m_timer.stop();
    const auto run = m_run;
    setState(State::Idle);
    Q_EMIT ended(run, *outcome);
}

void TrainingJob::setState(State state)
{
    if (m_state == state)
        return;
    m_state = state;
    Q_EMIT stateChanged();
}

} // namespace attune::ui
