#include "core/store/labelling.h"
#include "ui/compare/columns_area.h"
#include "ui/compare/compare_workspace.h"
#include "ui/compare/model_picker.h"
#include "ui/compare/prompt_box.h"
#include "ui/compare/prompt_panel.h"
#include "ui/widgets/format.h"
#include "ui/widgets/segmented_control.h"

#include <QClipboard>
#include <QGuiApplication>

#include <algorithm>
#include <chrono>

namespace attune::ui {
namespace {

constexpr double signOfLife = 90; // seconds since the last heartbeat of a run that is still trained

double now()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Who can answer, newest run first. On a worker.
Result<AnswererChoices> readChoices(Project &project)
{
    AnswererChoices choices;
    ATTUNE_TRY(const auto runs, project.runs());
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
        ATTUNE_TRY(const auto checkpoints, project.checkpoints(run->id));
        RunChoice choice;
        choice.id = run->id;
        choice.name = fromUtf8(run->name);
        choice.fingerprint = run->fingerprint;
        choice.baseName = fromUtf8(run->model);
        choice.checkpoints = QList<CheckpointInfo>(checkpoints.begin(), checkpoints.end());
        choice.training = run->state == RunState::Running && now() - run->heartbeat < signOfLife;
        choices.runs << choice;
    }
    return choices;
}

} // namespace

void CompareWorkspace::loadChoices()
{
    m_session.ask<AnswererChoices>(this, QStringLiteral("choices"), readChoices,
                                   [this](Result<AnswererChoices> choices) {
                                       if (choices)
                                           applyChoices(std::move(*choices));
                                       else
                                           m_session.report(choices.error());
                                   });
}

void CompareWorkspace::applyChoices(AnswererChoices choices)
{
    m_choices = std::move(choices);
    m_choicesLoaded = true;
    if (m_wanted && m_choices.checkpoint(*m_wanted)) {
        if (m_compare.columns().size() < 2)
            setColumns(2);
        m_prompts->clearSelection();
        newConversation();
        setAnswerer(0, Answerer{});
        setAnswerer(1, m_wanted);
        m_wanted.reset();
    }
    fillColumns();
    showAnswerers();
    refreshColumns();
}

/// The newest run that has no column and fits the others' base; else another checkpoint of one that has.
std::optional<Answerer> CompareWorkspace::nextAnswerer() const
{
    const auto &columns = m_compare.columns();
    std::string fingerprint;
    std::vector<std::int64_t> shown; // checkpoints
    std::vector<std::int64_t> runs;
    for (const CompareColumn &column : columns) {
        const RunChoice *run = column.answerer ? m_choices.run(column.answerer->run) : nullptr;
        if (!run)
            continue;
        fingerprint = fingerprint.empty() ? run->fingerprint : fingerprint;
        runs.push_back(run->id);
        if (const CheckpointInfo *checkpoint = m_choices.checkpoint(*column.answerer))
            shown.push_back(checkpoint->id);
    }
    const auto has = [](const auto &list, std::int64_t id) {
        return std::find(list.begin(), list.end(), id) != list.end();
    };
    for (const bool again : {false, true})
        for (const RunChoice &run : m_choices.runs) {
            if (has(runs, run.id) != again || (!fingerprint.empty() && run.fingerprint != fingerprint))
                continue;
            for (const std::string &which : {std::string(), std::string("last")}) {
                const Answerer answerer{run.id, which};
                const CheckpointInfo *checkpoint = m_choices.checkpoint(answerer);
                if (checkpoint && !has(shown, checkpoint->id))
                    return answerer;
            }
        }
    return std::nullopt;
}

/// Gives every column that nobody answers in somebody: the base in the first, then the newest runs.
void CompareWorkspace::fillColumns()
{
    if (!m_choicesLoaded)
        return;
    for (std::size_t i = 0; i < m_compare.columns().size(); ++i) {
        if (m_compare.columns()[i].answerer)
            continue;
        if (i == 0) {
            m_compare.setAnswerer(0, Answerer{});
            continue;
        }
        if (const auto answerer = nextAnswerer())
            m_compare.setAnswerer(i, answerer);
    }
    updateVerdicts();
}

void CompareWorkspace::setColumns(int count)
{
    m_count->setCurrent(std::clamp(count - 2, 0, 2));
    m_compare.setColumnCount(static_cast<std::size_t>(count));
    QList<QWidget *> shown;
    for (int i = 0; i < count; ++i)
        shown << m_views[i];
    m_area->setColumns(shown);
    fillColumns();
    showAnswerers();
    refreshColumns();
}

void CompareWorkspace::setAnswerer(std::size_t column, const std::optional<Answerer> &answerer)
{
    m_compare.setAnswerer(column, answerer);
    m_transcript = 0; // what is asked next is another comparison
    updateVerdicts();
    showAnswerers();
    refreshColumns();
}

void CompareWorkspace::showAnswerers()
{
    const auto &columns = m_compare.columns();
    // All columns stand on the base of the first run.
    AnswererChoices shown = m_choices;
    shown.baseName = m_session.baseModel();
    for (const CompareColumn &column : columns)
        if (const RunChoice *run = column.answerer ? m_choices.run(column.answerer->run) : nullptr) {
            shown.baseName = run->baseName;
            break;
        }
    QStringList names;
    QStringList runs;
    int series = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto &answerer = columns[i].answerer;
        std::string fingerprint;
        for (std::size_t other = 0; other < columns.size() && fingerprint.empty(); ++other)
            if (other != i && columns[other].answerer)
                if (const RunChoice *run = m_choices.run(columns[other].answerer->run))
                    fingerprint = run->fingerprint;
        const bool isRun = answerer && answerer->run != 0;
        m_views[static_cast<int>(i)]->setModel(answerer, shown, isRun ? series : -1, fingerprint);
        series += isRun ? 1 : 0;
        names << answererName(answerer, shown);
        if (answerer)
            runs << (isRun ? answererName(answerer, shown) : tr("base"));
    }
    m_area->setNames(names);
    QString asked = runs.value(0);
    for (int i = 1; i < runs.size(); ++i)
        asked += (i + 1 == runs.size() ? tr(" and ") : QStringLiteral(", ")) + runs[i];
    const QString hint =
        runs.size() > 1 ? tr("Type a message to ask %1 the same question, or choose a prompt at the left.").arg(asked)
                        : tr("Type a message to ask the base, or choose a prompt at the left.");
    for (int i = 0; i < m_views.size(); ++i) {
        m_views[i]->setHint(i == 0 ? hint : QString());
        if (m_choices.runs.isEmpty())
            m_views[i]->setNobody(
                tr("No run yet. Train one, and it answers here beside the base; the base alone can be asked now."),
                tr("New run"), [this] { Q_EMIT goTo(QStringLiteral("train"), {{QStringLiteral("new"), true}}); });
        else
            m_views[i]->setNobody(tr("Nobody answers here yet."), tr("Choose a model"),
                                  [view = m_views[i]] { view->picker()->openPopup(); });
    }
}

void CompareWorkspace::copyMarkdown()
{
    const bool any = std::any_of(m_compare.columns().begin(), m_compare.columns().end(),
                                 [](const CompareColumn &c) { return !c.conversation.empty(); });
    if (!any) {
        m_session.toast({.text = tr("There is nothing to copy yet"), .tone = Tone::Neutral});
        return;
    }
    QGuiApplication::clipboard()->setText(fromUtf8(m_compare.markdown()));
    m_session.toast({.text = tr("Comparison copied as Markdown")});
}

void CompareWorkspace::copyAnswer(std::size_t column)
{
    QGuiApplication::clipboard()->setText(fromUtf8(m_compare.columns()[column].lastAnswer()));
    m_session.toast({.text = tr("Answer copied")});
}

/// The conversation of a column as a new row, to be labelled.
void CompareWorkspace::addToData(std::size_t column)
{
    if (column >= m_compare.columns().size() || m_compare.columns()[column].busy() ||
        m_compare.columns()[column].lastAnswer().empty()) {
        m_session.toast({.text = tr("Column %1 has no answer to add").arg(column + 1), .tone = Tone::Neutral});
        return;
    }
    if (m_session.readOnly()) {
        m_session.toast({.text = tr("The project is read-only"), .tone = Tone::Warn});
        return;
    }
    Example row;
    if (!m_compare.lastQuestion().system.empty())
        row.messages.push_back({"system", m_compare.lastQuestion().system});
    const auto &turns = m_compare.columns()[column].conversation;
    row.messages.insert(row.messages.end(), turns.begin(), turns.end());
    m_session.change<EditStep>(
        this,
        [row](Project &project) {
            return Labelling(project).insert("Answer added to Data", std::span<const Example>(&row, 1));
        },
        [this](Result<EditStep> step) {
            if (!step) {
                m_session.report(step.error());
                return;
            }
            Toast toast;
            toast.text = step->rows.empty() ? tr("Answer added to Data, to label")
                                            : tr("Answer added to Data as row %1, to label").arg(step->rows.front());
            toast.action = tr("Undo");
            toast.key = QStringLiteral("Ctrl+Z");
            toast.act = [session = &m_session] { session->undo(); };
            m_session.toast(toast);
        });
}

} // namespace attune::ui
