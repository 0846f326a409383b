#include "ui/data/health_checks.h"

#include <algorithm>

namespace attune::ui {

namespace {

constexpr int Soon = 1200;   // ms
constexpr int Later = 30'000;
constexpr int OwnEcho = 900; // ms in which the session reports this object's own writes as a change
constexpr std::size_t FewRows = 300;      // checked by the way; more are a job
constexpr std::size_t RetriedRows = 50;
constexpr std::int64_t AutomaticAt = 20'000; // up to so many rows, resting edits check all of them
constexpr auto CheckedKey = "health_checked"; // rows and tokenizer of the last whole check

} // namespace

/// What there is to check, as the worker found it.
struct HealthChecks::Need {
    std::int64_t rows = 0;
    std::vector<std::int64_t> uncounted;
    std::vector<std::int64_t> related; ///< rows with a duplicate or a leak, which a change elsewhere may settle
    std::string mark;                  ///< what CheckedKey would say now
    std::string stored;
};

HealthChecks::HealthChecks(Session &session, QObject *parent) : QObject(parent), m_session(session)
{
    m_soon.setSingleShot(true);
    m_soon.setInterval(Soon);
    m_later.setSingleShot(true);
    m_later.setInterval(Later);
    connect(&m_soon, &QTimer::timeout, this, &HealthChecks::look);
    connect(&m_later, &QTimer::timeout, this, [this] {
        if (m_rowsChecked >= 0 && m_rowsChecked <= AutomaticAt)
            checkAll();
    });
    connect(&session, &Session::examplesChanged, this, &HealthChecks::changed);
    connect(&session, &Session::encoderChanged, this, [this] {
        m_tried.clear();
        m_opened = false;
        m_soon.start();
    });
    m_soon.start();
}

HealthOptions HealthChecks::options() const
{
    HealthOptions options;
    options.maxLength = m_session.maxLength();
    return options;
}

void HealthChecks::changed()
{
    if (m_session.readOnly() || checking() || (m_ownWrite.isValid() && m_ownWrite.elapsed() < OwnEcho))
        return;
    m_soon.start();
    m_later.start();
}

void HealthChecks::look()
{
    // While the tokenizer loads nothing can be counted; it says when it is there.
    if (m_session.readOnly() || checking() || m_looking || (!m_session.encoder() && m_session.encoderError().isEmpty()))
        return;
    m_looking = true;
    m_session.ask<Need>(
        this, QStringLiteral("need"),
        [encoder = m_session.encoder()](Project &project) -> Result<Need> {
            Need need;
            Labelling labelling(project);
            ATTUNE_TRY(need.rows, project.exampleCount());
            std::string fingerprint;
            if (encoder) {
                fingerprint = encoderFingerprint(*encoder);
                ATTUNE_TRY(need.uncounted, labelling.uncounted(fingerprint));
            }
            for (const ProblemKind kind : {ProblemKind::Duplicate, ProblemKind::NearDuplicate, ProblemKind::Leak}) {
                ATTUNE_TRY(const auto problems, labelling.problemsOfKind(kind));
                for (const StoredProblem &problem : problems)
                    need.related.push_back(problem.example);
            }
            need.mark = std::to_string(need.rows) + " " + fingerprint;
            ATTUNE_TRY(const auto stored, project.setting(CheckedKey));
            need.stored = stored.value_or("");
            return need;
        },
        [this](Result<Need> need) {
            m_looking = false;
            if (need)
                act(*need);
            else
                m_session.report(need.error());
        });
}

void HealthChecks::act(const Need &need)
{
    // Those that could not be counted (rejected, or refused by the template) may have been mended since; where they are
    // many, that waits for the next whole check.
    std::vector<std::int64_t> rows;
    for (const std::int64_t row : need.uncounted)
        if (need.uncounted.size() <= RetriedRows || !std::binary_search(m_tried.begin(), m_tried.end(), row))
            rows.push_back(row);
    const bool first = !m_opened;
    m_opened = true;
    if (m_rowsChecked < 0 && need.stored == need.mark)
        m_rowsChecked = need.rows; // as it was left the last time
    m_tried = need.uncounted;
    std::sort(m_tried.begin(), m_tried.end());
    if (first && need.stored == need.mark)
        return; // what is uncounted then is what the check could not count
    const bool grown = std::abs(need.rows - std::max<std::int64_t>(0, m_rowsChecked)) > 5;
    if (need.rows > 0 && (m_rowsChecked < 0 || grown || rows.size() > FewRows))
        return checkAll();
    if (need.related.size() <= FewRows)
        rows.insert(rows.end(), need.related.begin(), need.related.end());
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    if (!rows.empty())
        checkSome(std::move(rows));
}

void HealthChecks::checkSome(std::vector<std::int64_t> rows)
{
    m_session.change<bool>(
        this,
        [encoder = m_session.encoder(), options = options(), rows = std::move(rows)](Project &project) -> Result<bool> {
            ATTUNE_CHECK(checkRows(project, encoder.get(), options, rows));
            return true;
        },
        [this](Result<bool> done) {
            m_ownWrite.start();
            if (!done)
                m_session.report(done.error());
        });
}

void HealthChecks::checkAll()
{
    if (checking() || m_session.readOnly())
        return;
    m_soon.stop();
    m_later.stop();
    m_job = m_session.startJob<std::pair<HealthReport, std::int64_t>>(
        this, tr("Checking rows"),
        [encoder = m_session.encoder(), options = options()](
            Project &project, std::stop_token stop,
            const Session::JobProgress &progress) -> Result<std::pair<HealthReport, std::int64_t>> {
            HealthOptions wanted = options;
            if (encoder)
                wanted.fingerprint = encoderFingerprint(*encoder);
            ATTUNE_TRY(const auto report,
                       checkProject(project, encoder.get(), wanted, stop,
                                    [&](std::string_view stage, double share) { progress(share, std::string(stage)); }));
            ATTUNE_TRY(const std::int64_t rows, project.exampleCount());
            ATTUNE_CHECK(project.setSetting(CheckedKey, std::to_string(rows) + " " + wanted.fingerprint));
            return std::pair(report, rows);
        },
        [this](Result<std::pair<HealthReport, std::int64_t>> answer) {
            m_job = 0;
            m_ownWrite.start();
            Q_EMIT checkingChanged(false);
            if (answer) {
                m_rowsChecked = answer->second;
                Q_EMIT reported(answer->first);
            } else if (answer.error().code != ErrorCode::Interrupted) {
                m_session.report(answer.error());
            }
        });
    Q_EMIT checkingChanged(true);
}

} // namespace attune::ui
