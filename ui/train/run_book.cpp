#include "ui/train/run_book.h"

#include "ui/session/run_life.h"
#include "ui/widgets/format.h"

#include <QCryptographicHash>

#include <algorithm>
#include <chrono>
#include <unistd.h>
#include <utility>
#include <variant>

namespace attune::ui {
namespace {

constexpr auto baselineKey = "train.baseline";
constexpr double silent = 3; // seconds; a run gives a sign of life every second
constexpr int undoTime = 8000;

double now()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

QByteArray hashOf(const std::vector<StoredExample> &rows)
{
    QCryptographicHash hash(QCryptographicHash::Sha1);
    for (const StoredExample &row : rows)
        hash.addData(QByteArray::fromStdString(row.contentHash));
    return hash.result();
}

} // namespace

QString RunEntry::name() const
{
    return fromUtf8(run.name);
}

QString RunEntry::label() const
{
    return RunBook::tr("Run %1").arg(run.id);
}

QString RunEntry::title() const
{
    const QString number = QString::number(run.id);
    const QString own = name();
    return own == QStringLiteral("run-") + number ? label() : QStringLiteral("%1 · %2").arg(number, own);
}

std::optional<qint64> RunEntry::resumeStep() const
{
    std::optional<qint64> newest;
    for (const CheckpointInfo &checkpoint : checkpoints)
        if (checkpoint.resumable && (!newest || checkpoint.step > *newest))
            newest = checkpoint.step;
    return newest;
}

RunBook::RunBook(Session &session, QObject *parent) : QObject(parent), m_session(session)
{
    connect(&session, &Session::runsChanged, this, &RunBook::refresh);
    m_clock.setInterval(1000);
    connect(&m_clock, &QTimer::timeout, this, &RunBook::updatePhases);
    m_clock.start();
    refresh();
}

const RunEntry *RunBook::entry(qint64 id) const
{
    const auto found = m_entries.constFind(id);
    return found == m_entries.constEnd() || m_hidden.contains(id) ? nullptr : &*found;
}

QList<const RunEntry *> RunBook::entries() const
{
    QList<const RunEntry *> all;
    for (const qint64 id : m_ids)
        all.append(entry(id));
    return all;
}

void RunBook::refresh()
{
    if (m_reading) {
        m_readAgain = true;
        return;
    }
    m_reading = true;
    const bool afterEnd = m_ownEnded;
    Question question;
    for (const RunEntry &entry : std::as_const(m_entries))
        question.known.insert(entry.id(), {entry.run.pid, entry.run.state, entry.history.lastStep()});
    question.whole = std::exchange(m_reload, {});
    for (auto it = m_validationRows.constBegin(); it != m_validationRows.constEnd(); ++it)
        question.snapshots.insert(it.key());
    m_session.ask<Answer>(
        this, {}, [question](Project &project) { return readAll(project, question); },
        [this, afterEnd](Result<Answer> answer) {
            m_reading = false;
            if (answer)
                take(std::move(*answer), afterEnd);
            else
                m_session.report(answer.error());
            if (std::exchange(m_readAgain, false))
                refresh();
        });
}

Result<RunBook::Answer> RunBook::readAll(Project &project, const Question &question)
{
    Answer answer;
    ATTUNE_TRY(const auto baseline, project.setting(baselineKey));
    answer.baseline = baseline ? fromUtf8(*baseline).toLongLong() : 0;
    ATTUNE_TRY(const auto runs, project.runs());
    for (const Run &run : runs) {
        const auto known = question.known.constFind(run.id);
        const bool isKnown = known != question.known.constEnd() && !question.whole.contains(run.id);
        ATTUNE_TRY(auto read, readRun(project, run, isKnown ? std::optional(*known) : std::nullopt));
        answer.runs.push_back(std::move(read));
        if (run.snapshot > 0 && !question.snapshots.contains(run.snapshot) &&
            !answer.validationRows.contains(run.snapshot)) {
            ATTUNE_TRY(const auto rows, project.snapshotExamples(run.snapshot, Part::Validation));
            answer.validationRows.insert(run.snapshot, hashOf(rows));
        }
    }
    return answer;
}

Result<RunBook::Read> RunBook::readRun(Project &project, const Run &run, std::optional<Known> known)
{
    Read read;
    read.run = run;
    // A run that goes on may have dropped the steps after its checkpoint.
    const bool goesOn = known && run.state == RunState::Running &&
                        (known->state != RunState::Running || known->pid != run.pid);
    const bool over = known && known->state == run.state && run.state != RunState::Running;
    ATTUNE_TRY(read.checkpoints, project.checkpoints(run.id));
    if (over)
        return read;
    if (known && !goesOn) {
        // The last known step again: its validation comes after it.
        ATTUNE_TRY(read.metrics, project.metrics(run.id, known->lastStep - 1));
        if (known->lastStep == 0 || !read.metrics.empty())
            return read;
    }
    read.whole = true;
    ATTUNE_TRY(const auto metrics, project.metrics(run.id));
    read.history.add(metrics);
    return read;
}

void RunBook::take(Answer answer, bool afterEnd)
{
    // What it has written at its end is read. Where it says "running" still, it could not write, as on a full disk:
    // the run counts as cut off.
    if (m_ownEnded && afterEnd)
        m_ownRun = 0;
    QSet<qint64> histories;
    QSet<qint64> present;
    for (auto it = answer.validationRows.constBegin(); it != answer.validationRows.constEnd(); ++it)
        m_validationRows.insert(it.key(), it.value());
    for (Read &read : answer.runs) {
        const qint64 id = read.run.id;
        present.insert(id);
        RunEntry &entry = m_entries[id];
        entry.run = std::move(read.run);
        entry.checkpoints = std::move(read.checkpoints);
        if (read.whole)
            entry.history = std::move(read.history);
        if (read.whole || entry.history.add(read.metrics))
            histories.insert(id);
        entry.phase = phaseOf(entry);
        entry.paused = id == m_paused && entry.phase == RunPhase::Stopped;
    }
    const QList<qint64> before = m_entries.keys();
    for (const qint64 id : before)
        if (!present.contains(id)) {
            m_entries.remove(id);
            m_hidden.remove(id);
        }
    m_baseline = answer.baseline;
    m_loaded = true;
    QList<qint64> ids;
    for (const qint64 id : std::as_const(present))
        if (!m_hidden.contains(id))
            ids.append(id);
    setIds(ids);
    for (const qint64 id : std::as_const(histories))
        Q_EMIT historyChanged(id);
}

void RunBook::setIds(const QList<qint64> &ids)
{
    m_ids = ids;
    std::sort(m_ids.begin(), m_ids.end(), std::greater());
    bool fewer = false;
    const QList<qint64> overlaid = m_slots.keys();
    for (const qint64 id : overlaid)
        if (!m_ids.contains(id))
            fewer = m_slots.remove(id) || fewer;
    Q_EMIT changed();
    if (fewer)
        Q_EMIT overlaysChanged();
}

void RunBook::poll(qint64 id)
{
    const auto found = m_entries.constFind(id);
    if (found == m_entries.constEnd()) {
        refresh(); // a new run
        return;
    }
    if (m_polling.contains(id)) {
        m_pollAgain.insert(id);
        return;
    }
    m_polling.insert(id);
    const qint64 last = found->history.lastStep();
    m_session.ask<std::vector<Metric>>(
        this, {}, [id, last](Project &project) { return project.metrics(id, last - 1); },
        [this, id, last](Result<std::vector<Metric>> metrics) {
            m_polling.remove(id);
            const auto entry = m_entries.find(id);
            if (metrics && entry != m_entries.end()) {
                // The last known step is asked for too: where it is gone, the run goes on from an older checkpoint.
                if (metrics->empty() && last > 0)
                    reload(id);
                else if (entry->history.add(*metrics))
                    Q_EMIT historyChanged(id);
            }
            if (m_pollAgain.remove(id))
                poll(id);
        });
}

void RunBook::reload(qint64 id)
{
    m_reload.insert(id);
    refresh();
}

void RunBook::setOwnRun(qint64 id)
{
    m_ownRun = id;
    m_ownEnded = false;
    updatePhases();
}

void RunBook::setPaused(qint64 id)
{
    m_paused = id;
    for (RunEntry &entry : m_entries)
        entry.paused = entry.id() == id && entry.phase == RunPhase::Stopped;
    Q_EMIT changed();
}

void RunBook::ownRunEnded()
{
    m_ownEnded = true;
    if (m_ownRun == unknownRun)
        m_ownRun = 0;
    refresh();
}

RunPhase RunBook::phaseOf(const RunEntry &entry) const
{
    switch (entry.run.state) {
    case RunState::Running:
        if (entry.id() == m_ownRun || (m_ownRun == unknownRun && entry.run.pid == ::getpid()))
            return RunPhase::Running;
        // Of this process, and not the run that it trains: a number that came again.
        return entry.run.pid != ::getpid() && givesSignsOfLife(entry.run) ? RunPhase::Running : RunPhase::CutOff;
    case RunState::Finished: {
        const qint64 total = entry.history.totalSteps();
        return total > 0 && entry.history.lastStep() < total ? RunPhase::EndedEarly : RunPhase::Finished;
    }
    case RunState::Stopped: return RunPhase::Stopped;
    case RunState::Failed: return RunPhase::Failed;
    }
    return RunPhase::Finished;
}

void RunBook::updatePhases()
{
    bool other = false;
    for (RunEntry &entry : m_entries) {
        // A run that is slow tells nothing new for long, save that it lives.
        if (entry.run.state == RunState::Running && entry.id() != m_ownRun && now() - entry.run.heartbeat > silent)
            refresh();
        const RunPhase phase = phaseOf(entry);
        other = other || phase != entry.phase;
        entry.phase = phase;
    }
    if (other)
        Q_EMIT changed();
}

void RunBook::setBaseline(qint64 id)
{
    m_baseline = id;
    Q_EMIT changed();
    m_session.change<std::monostate>(
        this,
        [id](Project &project) -> Result<std::monostate> {
            ATTUNE_CHECK(project.setSetting(baselineKey, std::to_string(id)));
            return std::monostate();
        },
        [this](Result<std::monostate> result) {
            if (!result)
                m_session.report(result.error());
        });
}

std::optional<double> RunBook::delta(const RunEntry &entry, bool *comparable) const
{
    const RunEntry *base = this->entry(m_baseline);
    const bool sameRows = base && m_validationRows.value(base->run.snapshot) ==
                                      m_validationRows.value(entry.run.snapshot);
    if (comparable)
        *comparable = sameRows;
    if (!base || base->id() == entry.id())
        return std::nullopt;
    const auto own = entry.history.best();
    const auto other = base->history.best();
    return own && other ? std::optional(own->y() - other->y()) : std::nullopt;
}

QList<qint64> RunBook::overlays() const
{
    QList<qint64> ids = m_slots.keys();
    std::sort(ids.begin(), ids.end(), [&](qint64 a, qint64 b) { return m_slots[a] < m_slots[b]; });
    return ids;
}

int RunBook::freeSlot() const
{
    const QList<int> taken = m_slots.values();
    for (int slot = 0; slot < mostOverlays; ++slot)
        if (!taken.contains(slot))
            return slot;
    return -1;
}

bool RunBook::setOverlay(qint64 id, bool on)
{
    if (on == m_slots.contains(id))
        return true;
    if (!on) {
        m_slots.remove(id);
    } else {
        const int slot = freeSlot();
        if (slot < 0)
            return false;
        m_slots.insert(id, slot);
    }
    Q_EMIT overlaysChanged();
    return true;
}

void RunBook::clearOverlays()
{
    m_slots.clear();
    Q_EMIT overlaysChanged();
}

void RunBook::edit(std::function<Result<void>(Project &)> change, std::function<void(QString)> done)
{
    m_session.change<std::monostate>(
        this,
        [change = std::move(change)](Project &project) -> Result<std::monostate> {
            ATTUNE_CHECK(change(project));
            return std::monostate();
        },
        [this, done = std::move(done)](Result<std::monostate> result) {
            if (done)
                done(result ? QString() : fromUtf8(result.error().message));
            else if (!result)
                m_session.report(result.error());
            refresh();
        });
}

void RunBook::rename(qint64 id, const QString &name, std::function<void(QString)> done)
{
    edit([id, name = toUtf8(name)](Project &project) { return project.setRunName(id, name); }, std::move(done));
}

void RunBook::setTags(qint64 id, const QStringList &tags)
{
    std::vector<std::string> texts;
    for (const QString &tag : tags)
        if (!tag.trimmed().isEmpty())
            texts.push_back(toUtf8(tag.trimmed()));
    edit([id, texts](Project &project) { return project.setRunTags(id, texts); });
}

void RunBook::removeLater(qint64 id)
{
    m_hidden.insert(id);
    m_ids.removeAll(id);
    setIds(m_ids);
    QTimer::singleShot(undoTime, this, [this, id] {
        if (m_hidden.contains(id))
            edit([id](Project &project) { return project.removeRun(id); }, [this, id](const QString &why) {
                if (why.isEmpty())
                    return;
                m_session.report({ErrorCode::InvalidInput, toUtf8(why), {}});
                restore(id);
            });
    });
}

void RunBook::restore(qint64 id)
{
    if (!m_hidden.remove(id) || !m_entries.contains(id))
        return;
    m_ids.append(id);
    setIds(m_ids);
}

void RunBook::removeHidden()
{
    const QSet<qint64> hidden = m_hidden;
    for (const qint64 id : hidden)
        edit([id](Project &project) { return project.removeRun(id); });
}

} // namespace attune::ui
