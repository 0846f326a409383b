#include "ui/data/health_checks.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace attune::ui {

namespace {

constexpr int Soon = 1200; // ms
constexpr int LaterAtLeast = 8'000;
constexpr int LaterAtMost = 300'000;
constexpr std::int64_t LookedSteps = 200;
constexpr std::size_t FewRows = 300;      // checked by the way; more are a job
constexpr std::size_t ChunkRows = 200;    // of that job: edits of the user come between two chunks
constexpr std::int64_t ReadByTheWay =
    2000; // rows; to compare those of a larger project with the edited ones is a job
constexpr std::int64_t MostCompared =
    500'000; // rows; in a larger project, only a check of all rows finds near duplicates
constexpr auto CheckedKey = "health_checked"; // rows and tokenizer of the last whole check

void addRows(std::vector<std::int64_t> &rows, std::span<const std::int64_t> more)
{
    rows.insert(rows.end(), more.begin(), more.end());
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
}

} // namespace

/// What there is to check, as the worker found it.
struct HealthChecks::Need {
    std::int64_t rows = 0;
    std::vector<std::int64_t> uncounted;
    std::vector<std::int64_t> changed; ///< by the steps that were made, undone or redone since the last look
    std::vector<StepMark> steps;
    std::string mark; ///< what CheckedKey would say now
    std::string stored;
};

HealthChecks::HealthChecks(Session &session, QObject *parent) : QObject(parent), m_session(session)
{
    m_soon.setSingleShot(true);
    m_soon.setInterval(Soon);
    m_later.setSingleShot(true);
    connect(&m_soon, &QTimer::timeout, this, &HealthChecks::look);
    connect(&m_later, &QTimer::timeout, this, [this] {
        if (m_rowsChecked >= 0)
            checkAll();
    });
    connect(&session, &Session::examplesChanged, this, &HealthChecks::changed);
    connect(&session, &Session::encoderChanged, this, [this] {
        m_tried.clear();
        m_opened = false;
        m_soon.start();
    });
    // What is edited from now on is checked, even if the tokenizer takes a while to load.
    session.ask<std::vector<StepMark>>(
        this, QStringLiteral("steps"), [](Project &project) { return Labelling(project).latestSteps(LookedSteps); },
        [this](Result<std::vector<StepMark>> steps) {
            if (!steps || m_looked)
                return;
            m_steps = std::move(*steps);
            m_looked = true;
        });
    m_soon.start();
}

HealthOptions HealthChecks::options() const
{
    HealthOptions options;
    options.maxLength = m_session.maxLength();
    return options;
}

/// Its own writes come here too: then no step is new, and the look ends with nothing to do.
void HealthChecks::changed()
{
    if (m_session.readOnly())
        return;
    if (checking() || m_looking)
        m_again = true;
    else
        m_soon.start();
}

void HealthChecks::goOn()
{
    if (std::exchange(m_again, false))
        m_soon.start();
}

Result<HealthChecks::Need> HealthChecks::needOf(Project &project, const ChatEncoder *encoder,
                                                const std::vector<StepMark> &seen, bool first)
{
    Need need;
    Labelling labelling(project);
    ATTUNE_TRY(need.rows, project.exampleCount());
    std::string fingerprint;
    if (encoder) {
        fingerprint = encoderFingerprint(*encoder);
        ATTUNE_TRY(need.uncounted, labelling.uncounted(fingerprint));
    }
    ATTUNE_TRY(need.steps, labelling.latestSteps(LookedSteps));
    if (!first) {
        std::vector<std::int64_t> steps;
        for (const StepMark &step : need.steps)
            if (std::find(seen.begin(), seen.end(), step) == seen.end())
                steps.push_back(step.id);
        ATTUNE_TRY(need.changed, labelling.rowsOfSteps(steps));
    }
    need.mark = std::to_string(need.rows) + " " + fingerprint;
    ATTUNE_TRY(const auto stored, project.setting(CheckedKey));
    need.stored = stored.value_or("");
    return need;
}

void HealthChecks::look()
{
    // While the tokenizer loads nothing can be counted; it says when it is there.
    if (m_session.readOnly() || (!m_session.encoder() && m_session.encoderError().isEmpty()))
        return;
    if (checking() || m_looking) {
        m_again = true;
        return;
    }
    m_looking = true;
    m_session.ask<Need>(
        this, QStringLiteral("need"),
        [encoder = m_session.encoder(), seen = m_steps, first = !m_looked](Project &project) {
            return needOf(project, encoder.get(), seen, first);
        },
        [this](Result<Need> need) {
            m_looking = false;
            if (need)
                act(std::move(*need));
            else
                m_session.report(need.error());
            if (!checking())
                goOn();
        });
}

void HealthChecks::act(Need need)
{
    if (checking()) { // begun while it looked
        m_again = true;
        return;
    }
    std::vector<std::int64_t> rows = std::move(need.changed);
    const bool first = !std::exchange(m_opened, true);
    // As it was left the last time: what is uncounted then is what the check could not count.
    const bool asLeft = first && need.stored == need.mark;
    if (!asLeft) {
        // Those that could not be counted (rejected, or refused by the template) are tried again when they change.
        std::vector<std::int64_t> uncounted;
        std::set_difference(need.uncounted.begin(), need.uncounted.end(), m_tried.begin(), m_tried.end(),
                            std::back_inserter(uncounted));
        addRows(rows, uncounted);
    }
    m_tried = std::move(need.uncounted); // ascending
    m_steps = std::move(need.steps);
    m_looked = true;
    if (m_rowsChecked < 0 && need.stored == need.mark)
        m_rowsChecked = need.rows;
    if (asLeft && rows.empty())
        return;
    m_later.setInterval(static_cast<int>(std::clamp<std::int64_t>(need.rows, LaterAtLeast, LaterAtMost)));
    const bool grown =
        std::abs(need.rows - std::max<std::int64_t>(0, m_rowsChecked)) > std::max<std::int64_t>(5, need.rows / 1000);
    const bool most = rows.size() > FewRows && static_cast<std::int64_t>(rows.size()) > need.rows / 4;
    if (need.rows > 0 && (m_rowsChecked < 0 || grown || most))
        return checkAll();
    if (rows.empty())
        return;
    m_later.start(); // what hangs on all rows together: forms, the habits of the answers
    if (rows.size() > FewRows)
        checkMany(std::move(rows));
    else
        checkSome(std::move(rows), need.rows);
}

void HealthChecks::checkSome(std::vector<std::int64_t> rows, std::int64_t all)
{
    using Index = std::shared_ptr<TieIndex>;
    // Not with the changes of the user, which would wait for it: what it writes is no step of theirs. Each under a
    // name of its own, as all are to be answered.
    m_session.ask<Index>(
        this, QStringLiteral("check %1").arg(++m_checksOfSome),
        [encoder = m_session.encoder(), options = options(), rows, index = m_index,
         build = all <= ReadByTheWay](Project &project) mutable -> Result<Index> {
            if (!index && build) {
                ATTUNE_TRY(index, TieIndex::build(project, options.similarity));
            }
            ATTUNE_CHECK(checkRows(project, encoder.get(), options, rows, index.get()));
            return index;
        },
        [this, rows, all](Result<Index> index) {
            if (!index)
                return m_session.report(index.error());
            if (*index)
                m_index = *index;
            else if (all <= MostCompared && !checking())
                compareSome(rows);
        });
}

/// The first edited rows of a large project wait for all others to be read; the next ones don't.
void HealthChecks::compareSome(std::vector<std::int64_t> rows)
{
    using Index = std::shared_ptr<TieIndex>;
    m_job = m_session.startJob<Index>(
        this, tr("Comparing rows"),
        [encoder = m_session.encoder(), options = options(), rows = std::move(rows)](
            Project &project, std::stop_token stop, const Session::JobProgress &) -> Result<Index> {
            ATTUNE_TRY(auto index, TieIndex::build(project, options.similarity, stop));
            ATTUNE_CHECK(checkRows(project, encoder.get(), options, rows, index.get()));
            return index;
        },
        [this](Result<Index> index) {
            m_job = 0;
            Q_EMIT checkingChanged(false);
            if (index)
                m_index = *index;
            else if (index.error().code != ErrorCode::Interrupted)
                m_session.report(index.error());
            goOn();
        });
    Q_EMIT checkingChanged(true);
}

void HealthChecks::checkMany(std::vector<std::int64_t> rows)
{
    m_index.reset(); // to be read anew with the next edit
    m_job = m_session.startJob<bool>(
        this, tr("Checking changed rows"),
        [encoder = m_session.encoder(), options = options(), rows = std::move(rows)](
            Project &project, std::stop_token stop, const Session::JobProgress &progress) -> Result<bool> {
            HealthOptions wanted = options;
            if (encoder)
                wanted.fingerprint = encoderFingerprint(*encoder);
            const std::span<const std::int64_t> all(rows);
            for (std::size_t begin = 0; begin < all.size() && !stop.stop_requested(); begin += ChunkRows) {
                const auto chunk = all.subspan(begin, std::min(ChunkRows, all.size() - begin));
                ATTUNE_CHECK(checkRows(project, encoder.get(), wanted, chunk));
                progress(static_cast<double>(begin + chunk.size()) / static_cast<double>(all.size()), {});
            }
            return true;
        },
        [this](Result<bool> done) {
            m_job = 0;
            Q_EMIT checkingChanged(false);
            if (!done)
                m_session.report(done.error());
            goOn();
        });
    Q_EMIT checkingChanged(true);
}

void HealthChecks::checkAll()
{
    if (checking() || m_session.readOnly())
        return;
    m_soon.stop();
    m_later.stop();
    m_index.reset(); // rows may have come in, or gone
    m_job = m_session.startJob<std::pair<HealthReport, std::int64_t>>(
        this, tr("Checking rows"),
        [encoder = m_session.encoder(), options = options()](
            Project &project, std::stop_token stop,
            const Session::JobProgress &progress) -> Result<std::pair<HealthReport, std::int64_t>> {
            HealthOptions wanted = options;
            if (encoder)
                wanted.fingerprint = encoderFingerprint(*encoder);
            ATTUNE_TRY(const auto report,
                       checkProject(project, encoder.get(), wanted, stop, [&](std::string_view stage, double share) {
                           progress(share, std::string(stage));
                       }));
            ATTUNE_TRY(const std::int64_t rows, project.exampleCount());
            ATTUNE_CHECK(project.setSetting(CheckedKey, std::to_string(rows) + " " + wanted.fingerprint));
            return std::pair(report, rows);
        },
        [this](Result<std::pair<HealthReport, std::int64_t>> answer) {
            m_job = 0;
            Q_EMIT checkingChanged(false);
            if (answer) {
                m_rowsChecked = answer->second;
                Q_EMIT reported(answer->first);
            } else if (answer.error().code != ErrorCode::Interrupted) {
                m_session.report(answer.error());
            }
            goOn();
        });
    Q_EMIT checkingChanged(true);
}

} // namespace attune::ui
