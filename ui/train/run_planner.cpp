#include "ui/train/run_planner.h"

#include "core/base/priority.h"
#include "core/model/registry.h"
#include "ui/widgets/format.h"

#include <exception>

namespace attune::ui {
namespace {

constexpr int Niceness = 4; // behind the window and what it asks

Result<TrainLengths> measure(const std::filesystem::path &path, const ChatEncoder &encoder,
                             const TrainSettings &settings, const std::stop_token &stop)
{
    ATTUNE_TRY(auto project, Project::open(path));
    return measureTrainRows(project, encoder, settings, stop);
}

} // namespace

bool RunPlanner::Rows::fit(const std::string &otherModel, const RowOptions &other, quint64 otherAge) const
{
    return model == otherModel && age == otherAge && options.maxLength == other.maxLength &&
           options.assistantOnlyLoss == other.assistantOnlyLoss && options.lastAnswerOnly == other.lastAnswerOnly;
}

RunPlanner::RunPlanner(Session &session, QObject *parent) : QObject(parent), m_session(session) {}

RunPlanner::~RunPlanner()
{
    m_thread.request_stop();
}

void RunPlanner::forgetRows()
{
    ++m_age;
}

void RunPlanner::forget()
{
    if (m_asked.empty())
        return;
    m_asked.clear();
    ++m_question;
    m_plan.reset();
    m_thread.request_stop();
    Q_EMIT changed();
}

void RunPlanner::ask(const TrainSettings &settings)
{
    if (!m_session.encoder())
        return forget();
    const std::string asked =
        toUtf8(m_session.baseModel()) + ' ' + std::to_string(m_age) + ' ' + settings.toJson().dump();
    if (asked == m_asked)
        return;
    m_asked = asked;
    m_settings = settings;
    ++m_question;
    if (!m_busy)
        return begin();
    if (!m_rows || !m_rows->fit(toUtf8(m_session.baseModel()), RowOptions::of(settings), m_age))
        m_thread.request_stop(); // it may be reading rows that nobody wants any more
}

void RunPlanner::begin()
{
    m_busy = true;
    m_thread = std::jthread([this, question = m_question, path = m_session.path(),
                             model = toUtf8(m_session.baseModel()), encoder = m_session.encoder(),
                             settings = m_settings, age = m_age, rows = m_rows](const std::stop_token &stop) mutable {
        lowerPriority(Niceness);
        const auto plan = [&]() -> Result<RunPlan> {
            const RowOptions options = RowOptions::of(settings);
            if (!rows || !rows->fit(model, options, age)) {
                rows.reset();
                ATTUNE_TRY(const auto lengths, measure(path, *encoder, settings, stop));
                rows = Rows{model, options, age, lengths};
            }
            ATTUNE_TRY(const auto folder, resolveModel(model));
            return planRun(folder, settings, rows->lengths);
        };
        auto answer = std::make_shared<Answer>();
        try { // no exception may end the thread, and with it the program
            answer->plan = plan();
        } catch (const std::exception &error) {
            answer->plan = fail(ErrorCode::Internal, "The memory that this run needs can't be told.", error.what());
        }
        answer->rows = std::move(rows);
        QMetaObject::invokeMethod(
            this, [this, question, answer] { take(question, std::move(*answer)); }, Qt::QueuedConnection);
    });
}

void RunPlanner::take(quint64 question, Answer answer)
{
    m_thread.join(); // it has said its last word
    m_busy = false;
    if (answer.rows)
        m_rows = std::move(answer.rows);
    if (m_asked.empty())
        return;
    if (question != m_question)
        return begin();
    m_plan = std::move(answer.plan);
    Q_EMIT changed();
}

} // namespace attune::ui
