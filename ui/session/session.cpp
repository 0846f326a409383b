#include "ui/session/session.h"

#include "core/base/priority.h"
#include "core/model/registry.h"
#include "core/store/labelling.h"
#include "core/studio/chat_model.h"
#include "core/studio/next_run.h"
#include "core/studio/sample_project.h"
#include "ui/session/jobs.h"
#include "ui/session/lane.h"
#include "ui/session/walk_rows.h"

#include <QDebug>
#include <QHash>
#include <QTimer>

#include <algorithm>
#include <atomic>

namespace attune::ui {

namespace {

constexpr int PollInterval = 500;     // ms
constexpr int ProgressInterval = 100; // ms
constexpr int JobNiceness = 4; // behind the window and what it asks
// Two, so that a slow count over all rows does not hold up the rows that scroll into view.
constexpr int Readers = 2;

QString text(const std::string &utf8)
{
    return QString::fromStdString(utf8);
}

/// The run table and how far its running runs are; another text: something about runs has changed.
std::string describeRuns(const std::vector<Run> &runs, Project &project)
{
    std::string all;
    for (const Run &run : runs) {
        all += std::to_string(run.id) + ' ' + std::to_string(static_cast<int>(run.state)) + ' ' + run.name + ' ' +
               run.endedAt;
        for (const std::string &tag : run.tags)
            all += ' ' + tag;
        if (run.state == RunState::Running) {
            if (const auto step = project.lastStep(run.id); step)
                all += " s" + std::to_string(*step);
        }
        if (const auto checkpoints = project.checkpoints(run.id); checkpoints && !checkpoints->empty())
            all += " c" + std::to_string(checkpoints->back().id);
        all += '\n';
    }
    return all;
}

} // namespace

/// The state of the file at a moment.
struct Session::Seen {
    bool valid = false;
    std::int64_t counter = 0;
    UndoState undo;
    std::string runs;
    std::string baseModel;
    std::int64_t maxLength = 0;
    quint64 settingsAge = 0; ///< of the window's own settings when it was asked
};

struct Session::Impl {
    struct Pending {
        QObject *receiver = nullptr;
        QPointer<QObject> alive;
        QString key;
        Lane lane = Lane::Read;
        Done done;
        bool own = false; ///< the session's own look at the file
    };

    Impl(const std::filesystem::path &path, Project project, ui::Lane::Answered answered)
        : readers(path, std::move(project), Readers, answered), writer(path, std::nullopt, 1, answered)
    {
    }

    /// On a worker.
    static Seen look(Project &project, quint64 settingsAge)
    {
        Seen seen;
        const auto counter = Labelling(project).rowCounter();
        auto undo = Labelling(project).undoState();
        auto base = nextModel(project);
        const auto length = nextMaxLength(project);
        const auto runs = project.runs();
        if (!counter || !undo || !base || !length || !runs)
            return seen;
        seen.valid = true;
        seen.counter = *counter;
        seen.undo = std::move(*undo);
        seen.runs = describeRuns(*runs, project);
        seen.baseModel = std::move(*base);
        seen.maxLength = *length;
        seen.settingsAge = settingsAge;
        return seen;
    }

    QHash<quint64, Pending> pending;
    quint64 lastNumber = 0;
    std::map<int, Job> jobs;
    int lastJob = 0;
    QTimer pollTimer;
    QTimer progressTimer;

    std::int64_t counter = -1;
    std::string runs;
    quint64 settingsAge = 0;
    int settingsUnwritten = 0;
    const std::shared_ptr<std::atomic_bool> closing = std::make_shared<std::atomic_bool>(false);

    quint64 load = 0;
    std::map<quint64, std::jthread> loaders;

    ui::Lane readers;
    ui::Lane writer;
};

Result<std::unique_ptr<Session>> Session::open(const std::filesystem::path &path)
{
    std::error_code error;
    const auto absolute = std::filesystem::absolute(path, error);
    ATTUNE_TRY(auto project, Project::open(error ? path : absolute));
    return std::unique_ptr<Session>(new Session(error ? path : absolute, std::move(project)));
}

Session::Session(const std::filesystem::path &path, Project project) : m_path(path), m_readOnly(project.readOnly())
{
    // The few values that every workspace needs at once; all else is asked.
    const auto base = nextModel(project);
    const auto length = nextMaxLength(project);
    m_baseModel = base ? text(*base) : QString::fromLatin1(sampleModel);
    m_maxLength = length ? *length : TrainSettings().max_length;

    m_impl = std::make_unique<Impl>(path, std::move(project), [this](quint64 question, std::any answer) {
        QMetaObject::invokeMethod(
            this, [this, question, answer = std::move(answer)] { deliver(question, answer); }, Qt::QueuedConnection);
    });
    connect(&m_impl->pollTimer, &QTimer::timeout, this, &Session::poll);
    connect(&m_impl->progressTimer, &QTimer::timeout, this, &Session::showProgress);
    m_impl->pollTimer.start(PollInterval);
    poll();
    loadEncoder();
}

Session::~Session()
{
    m_impl->pollTimer.stop();
    *m_impl->closing = true;
    for (auto &[id, job] : m_impl->jobs)
        job.thread.request_stop();
    m_impl->readers.finish(false);
    m_impl->writer.finish(true);
    m_impl->jobs.clear();
    m_impl->loaders.clear();
    m_impl->pending.clear();
}

QString Session::name() const
{
    return text(m_path.stem().string());
}

void Session::post(Lane lane, QObject *receiver, const QString &key, Work work, Done done)
{
    const bool write = lane == Lane::Write;
    QObject *const to = receiver ? receiver : this;
    if (!key.isEmpty()) {
        for (auto it = m_impl->pending.begin(); it != m_impl->pending.end();) {
            const bool older = it->receiver == to && it->key == key && it->lane == lane;
            if (!older) {
                ++it;
                continue;
            }
            (write ? m_impl->writer : m_impl->readers).drop(it.key());
            it = m_impl->pending.erase(it);
        }
    }
    if (write) {
        work = [age = m_impl->settingsAge, work = std::move(work)](Connection project) -> std::any {
            auto answer = work(project);
            return std::pair(std::move(answer), project ? Impl::look(**project, age) : Seen());
        };
    }
    Question question;
    question.number = ++m_impl->lastNumber;
    question.receiver = to;
    question.alive = to;
    question.always = write;
    question.key = key;
    question.work = std::move(work);
    m_impl->pending.insert(question.number, {to, to, key, lane, std::move(done), false});
    (write ? m_impl->writer : m_impl->readers).post(std::move(question));
}

void Session::deliver(quint64 number, std::any answer)
{
    const auto found = m_impl->pending.find(number);
    if (found == m_impl->pending.end())
        return;
    const Impl::Pending pending = *found;
    m_impl->pending.erase(found);
    Seen seen;
    if (pending.lane == Lane::Write) {
        auto &both = std::any_cast<std::pair<std::any, Seen> &>(answer);
        seen = std::move(both.second);
        auto own = std::move(both.first);
        answer = std::move(own);
    }
    const QPointer<Session> alive(this); // what is called may close the project
    if (answer.has_value() && pending.done && pending.alive)
        pending.done(answer);
    if (!alive || pending.lane == Lane::Read || pending.own)
        return;
    take(seen, true);
    Q_EMIT examplesChanged();
}

int Session::startAnyJob(QObject *receiver, const QString &title,
                         std::function<std::any(Connection, std::stop_token, const JobProgress &)> work, Done done)
{
    const int id = ++m_impl->lastJob;
    Job &job = m_impl->jobs[id];
    job.state.id = id;
    job.state.title = title;
    job.hasReceiver = receiver != nullptr;
    job.receiver = receiver;
    job.done = std::move(done);
    job.report = std::make_shared<JobReport>();
    job.thread = std::jthread([this, id, report = job.report, path = m_path,
                               work = std::move(work)](std::stop_token stop) {
        lowerPriority(JobNiceness);
        const JobProgress progress = [&report](double share, std::string detail) {
            report->say(share, std::move(detail));
        };
        std::any answer;
        if (auto project = Project::open(path); project)
            answer = work(&*project, stop, progress);
        else
            answer =
                work(fail(project.error().code, project.error().message, project.error().detail), stop, progress);
        QMetaObject::invokeMethod(
            this, [this, id, answer = std::move(answer)] { finishJob(id, answer); }, Qt::QueuedConnection);
    });
    m_impl->progressTimer.start(ProgressInterval);
    Q_EMIT jobsChanged();
    return id;
}

void Session::finishJob(int id, std::any answer)
{
    const auto found = m_impl->jobs.find(id);
    if (found == m_impl->jobs.end())
        return;
    found->second.thread.join(); // it has said its last word
    const auto done = std::move(found->second.done);
    const bool wanted = !found->second.hasReceiver || found->second.receiver;
    m_impl->jobs.erase(found);
    if (m_impl->jobs.empty())
        m_impl->progressTimer.stop();
    const QPointer<Session> alive(this);
    if (done && wanted)
        done(answer);
    if (!alive)
        return;
    Q_EMIT jobsChanged();
    Q_EMIT jobEnded(id);
    poll(); // for what it changed
}

void Session::showProgress()
{
    bool fresh = false;
    for (auto &[id, job] : m_impl->jobs)
        fresh = job.report->take(job.state) || fresh;
    if (fresh)
        Q_EMIT jobsChanged();
}

void Session::cancelJob(int id)
{
    if (const auto found = m_impl->jobs.find(id); found != m_impl->jobs.end())
        found->second.thread.request_stop();
}

QList<JobState> Session::jobs() const
{
    QList<JobState> states;
    for (const auto &[id, job] : m_impl->jobs)
        states.append(job.state);
    return states;
}

bool Session::idle() const
{
    const bool waiting = std::any_of(m_impl->pending.cbegin(), m_impl->pending.cend(),
                                     [](const Impl::Pending &pending) { return !pending.own; });
    return !waiting && m_impl->jobs.empty() && m_impl->loaders.empty();
}

void Session::poll()
{
    const auto waits = [](const Impl::Pending &pending) { return pending.own && pending.lane == Lane::Read; };
    if (std::any_of(m_impl->pending.cbegin(), m_impl->pending.cend(), waits))
        return;
    post(Lane::Read, this, QStringLiteral("poll"),
         [age = m_impl->settingsAge](Connection project) -> std::any {
             return project ? Impl::look(**project, age) : Seen();
         },
         [this](std::any &answer) { take(std::any_cast<Seen &>(answer), false); });
    m_impl->pending[m_impl->lastNumber].own = true;
}

/// `own`: it was read right after a change of this window's, which announces its rows itself.
void Session::take(const Seen &seen, bool own)
{
    if (!seen.valid)
        return;
    const bool first = m_impl->counter < 0;
    // A look that began before one that has been taken says nothing new.
    const bool rows = seen.counter > m_impl->counter;
    const bool runs = seen.runs != m_impl->runs;
    m_impl->counter = std::max(m_impl->counter, seen.counter);
    m_impl->runs = seen.runs;

    const QString undo = text(seen.undo.undo);
    const QString redo = text(seen.undo.redo);
    if (undo != m_undoText || redo != m_redoText) {
        m_undoText = undo;
        m_redoText = redo;
        Q_EMIT undoChanged();
    }
    // The window's own settings are newer than what was read before they were written.
    if (seen.settingsAge == m_impl->settingsAge && m_impl->settingsUnwritten == 0) {
        if (const QString base = text(seen.baseModel); base != m_baseModel) {
            m_baseModel = base;
            Q_EMIT baseModelChanged();
            loadEncoder();
        }
        if (seen.maxLength != m_maxLength) {
            m_maxLength = seen.maxLength;
            Q_EMIT maxLengthChanged();
        }
    }
    if (first)
        return;
    if (rows && !own)
        Q_EMIT examplesChanged();
    if (runs)
        Q_EMIT runsChanged();
}

// --- what every workspace shares ---

void Session::setBaseModel(const QString &model)
{
    if (model == m_baseModel)
        return;
    m_baseModel = model;
    storeSetting(QString::fromLatin1(NextModelKey), model);
    Q_EMIT baseModelChanged();
    loadEncoder();
}

void Session::setMaxLength(std::int64_t tokens)
{
    if (tokens == m_maxLength || tokens < 1)
        return;
    m_maxLength = tokens;
    storeSetting(QString::fromLatin1(NextMaxLengthKey), QString::number(tokens));
    Q_EMIT maxLengthChanged();
}

/// The latest value wins: while a line is dragged, not every pixel of its way is written.
void Session::storeSetting(const QString &key, const QString &value)
{
    ++m_impl->settingsAge;
    const auto before = m_impl->pending.size();
    post(Lane::Write, this, key,
         answering<void>([key = key.toStdString(), value = value.toStdString()](Project &project) {
             return project.setSetting(key, value);
         }),
         calling<void>([this](Result<void> stored) {
             --m_impl->settingsUnwritten;
             if (!stored)
                 report(stored.error());
         }));
    m_impl->pending[m_impl->lastNumber].own = true;
    if (m_impl->pending.size() > before) // it did not take another one's place
        ++m_impl->settingsUnwritten;
}

void Session::loadEncoder()
{
    m_encoder.reset();
    m_encoderError.clear();
    const quint64 load = ++m_impl->load;
    m_impl->loaders.emplace(load, std::jthread([this, load, model = m_baseModel.toStdString()] {
        auto loaded = std::make_shared<Result<ChatEncoder>>(caught<ChatEncoder>([&]() -> Result<ChatEncoder> {
            ATTUNE_TRY(const auto path, resolveModel(model));
            return loadChatEncoder(path);
        }));
        QMetaObject::invokeMethod(
            this, [this, load, loaded] { takeEncoder(load, std::move(*loaded)); }, Qt::QueuedConnection);
    }));
    Q_EMIT encoderChanged();
}

void Session::takeEncoder(quint64 load, Result<ChatEncoder> loaded)
{
    m_impl->loaders.erase(load); // joins a thread that has said its last word
    if (load != m_impl->load)
        return;
    if (loaded) {
        m_encoder = std::make_shared<const ChatEncoder>(std::move(*loaded));
    } else {
        m_encoderError = text(loaded.error().message);
        qWarning("%s %s", loaded.error().message.c_str(), loaded.error().detail.c_str());
    }
    Q_EMIT encoderChanged();
}

// --- undo ---

void Session::undo()
{
    walkSteps(true);
}

void Session::redo()
{
    walkSteps(false);
}

/// A step that brought many rows is undone at once, and its rows follow as a job, so that changes made meanwhile do
/// not wait for it. Cancelled, it turns back; a project that is closed meanwhile leaves the rest to who opens it
/// next.
void Session::walkSteps(bool back)
{
    using Begun = std::optional<StepWalk>;
    change<Begun>(
        this,
        [back](Project &project) {
            return Labelling(project).beginWalk(back ? WalkDirection::Back : WalkDirection::Forth);
        },
        [this, back](Result<Begun> begun) {
            if (!begun)
                return report(begun.error());
            if (!*begun)
                return toast({back ? tr("Nothing to undo") : tr("Nothing to redo"), Tone::Neutral});
            const auto told = [this, back, step = (*begun)->step](Result<bool> all) {
                if (!all)
                    report(all.error());
                Q_EMIT stepWalked(step.rows);
                if (!all)
                    return;
                const QString label = text(step.label);
                if (!*all)
                    return toast({(back ? tr("Not undone: %1") : tr("Not redone: %1")).arg(label), Tone::Neutral});
                Toast said;
                said.text = (back ? tr("Undone: %1") : tr("Done again: %1")).arg(label);
                said.action = back ? tr("Redo") : tr("Undo");
                said.key = back ? QStringLiteral("Ctrl+Shift+Z") : QStringLiteral("Ctrl+Z");
                said.act = [this, back] { walkSteps(!back); };
                toast(said);
            };
            if (!(*begun)->more)
                return told(true);
            startJob<bool>(
                this, back ? tr("Undoing") : tr("Redoing"),
                [closing = m_impl->closing, step = (*begun)->step](Project &project, std::stop_token stop,
                                                                   const JobProgress &progress) -> Result<bool> {
                    return walkRows(project, step, stop, *closing, progress);
                },
                told);
        });
}

void Session::report(const Error &error)
{
    qWarning("%s %s", error.message.c_str(), error.detail.c_str());
    toast({text(error.message), Tone::Bad});
}

} // namespace attune::ui
