#include "ui/compare/answer_view.h"
#include "ui/compare/columns_area.h"
#include "ui/compare/compare_workspace.h"
#include "ui/compare/prompt_box.h"
#include "ui/compare/prompt_panel.h"
#include "ui/compare/question_card.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/segmented_control.h"

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QRandomGenerator>

#include <algorithm>
#include <set>

namespace attune::ui {
namespace {

constexpr int compareEvery = 250; // ms between two drawings of the differences of growing answers

/// Where the text that may be shown ends, when it is shown sentence by sentence.
qsizetype sentenceEnd(const QString &text)
{
    for (qsizetype i = text.size(); i > 0; --i)
        if (QStringLiteral(".!?\n").contains(text[i - 1]))
            return i;
    return 0;
}

} // namespace

void CompareWorkspace::ask()
{
    if (m_compare.busy())
        return;
    const QString typed = m_answeringAll ? QString() : m_box->text().trimmed();
    const bool begun = std::any_of(m_compare.columns().begin(), m_compare.columns().end(),
                                   [](const CompareColumn &c) { return !c.conversation.empty(); });
    CompareQuestion question;
    if (!typed.isEmpty()) {
        if (!begun) { // a question of its own, not about the row that is chosen
            m_prompts->clearSelection();
            newConversation();
        }
        question.turns = {{"user", toUtf8(typed)}};
    } else if (!m_question.turns.empty()) {
        if (begun)
            newConversation(); // the row once more, perhaps with other settings
        question.turns = m_question.turns;
    } else {
        return;
    }
    // A row is asked as it would be trained on: with its own system turn.
    const bool ofRow = m_question.id != 0 && m_box->systemPrompt() == SystemPrompt::Rows;
    question.system = toUtf8(ofRow ? m_question.system : m_box->systemText());
    question.example = m_question.id;
    question.generation = m_box->options();
    if (!m_seedLocked)
        drawSeed();
    question.generation.sampling.seed = m_seed->text().toULongLong();
    const auto asked = m_compare.ask(std::move(question));
    m_notice->show(Tone::Bad, asked ? QString() : fromUtf8(asked.error().message));
    if (!asked) {
        m_answeringAll = false;
        refreshState();
        return;
    }
    m_typed = typed;
    if (!typed.isEmpty()) {
        m_question.text = typed;
        m_box->setText({});
    }
    m_held.assign(m_compare.columns().size(), {});
    m_loading = -1;
    m_poll.start();
    refreshColumns();
    showQuestion();
    // The keys for looking and stopping work at once.
    if (!m_answeringAll && m_box->isAncestorOf(focusWidget()))
        m_views.front()->answerView()->setFocus(Qt::OtherFocusReason);
}

void CompareWorkspace::drawSeed()
{
    m_seed->setText(QString::number(QRandomGenerator::global()->bounded(1000000)));
}

void CompareWorkspace::newConversation()
{
    m_compare.restart();
    m_transcript = 0;
    ++m_conversation;
    if (m_prompts->selected() == 0)
        m_question = {};
    m_notice->show(Tone::Bad, {});
    refreshColumns();
    showQuestion();
}

void CompareWorkspace::poll()
{
    std::vector<QString> texts(m_compare.columns().size());
    std::set<std::size_t> anew;
    bool end = false;
    for (CompareEvent &event : m_compare.drain()) {
        if (const auto *loading = std::get_if<ModelLoading>(&event)) {
            m_loading = loading->share;
        } else if (const auto *memory = std::get_if<MemoryHeld>(&event)) {
            m_memory = *memory;
            m_loading = -1;
            m_unloading = m_unloading && memory->base > 0;
        } else if (const auto *began = std::get_if<AnswerBegan>(&event)) {
            m_loading = -1;
            anew.insert(began->column);
        } else if (auto *text = std::get_if<AnswerText>(&event)) {
            texts[text->column] += fromUtf8(text->text);
        } else if (const auto *ended = std::get_if<AnswerEnded>(&event)) {
            anew.insert(ended->column);
        } else if (std::holds_alternative<QuestionEnded>(event)) {
            end = true;
        }
    }
    m_held.resize(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const CompareColumn &column = m_compare.columns()[i];
        if (anew.count(i) > 0) {
            m_held[i].clear();
            refreshColumn(i);
        } else if (!texts[i].isEmpty()) {
            m_held[i] += texts[i];
            const qsizetype shown = Theme::instance().reducedMotion() ? sentenceEnd(m_held[i]) : m_held[i].size();
            m_views[static_cast<int>(i)]->append(m_held[i].left(shown), column);
            m_held[i].remove(0, shown);
        }
        if (column.busy() && m_loading >= 0)
            m_views[static_cast<int>(i)]->setLoading(m_loading);
    }
    const bool grown = std::any_of(texts.begin(), texts.end(), [](const QString &text) { return !text.isEmpty(); });
    if (grown && !end && m_show->current() == static_cast<int>(ShowAnswers::Difference) &&
        (!m_compared.isValid() || m_compared.elapsed() > compareEvery)) {
        m_compared.start();
        const ColumnContext now = context();
        for (CompareColumnView *view : m_views)
            view->updateDifference(now);
    }
    if (end)
        ended();
    refreshState();
    if (!m_compare.busy() && !m_unloading)
        m_poll.stop();
}

void CompareWorkspace::ended()
{
    refreshColumns();
    const auto &columns = m_compare.columns();
    const bool refused = std::all_of(columns.begin(), columns.end(), [](const CompareColumn &c) {
        return !c.answerer || c.state == AnswerState::Failed ||
               (c.state == AnswerState::Stopped && c.lastAnswer().empty());
    });
    if (refused) {
        m_answeringAll = false;
        if (m_box->text().isEmpty())
            m_box->setText(m_typed); // nothing was sent, so nothing is lost
    } else {
        keepTranscript();
    }
    if (m_answeringAll)
        answerNext();
}

void CompareWorkspace::toggleAnswerAll()
{
    m_answeringAll = !m_answeringAll;
    if (!m_answeringAll)
        m_compare.stopAll();
    else if (!m_compare.busy())
        answerNext();
    refreshState();
}

/// Goes to the next prompt without an answer; choosing it asks it, once it is read.
void CompareWorkspace::answerNext()
{
    const qint64 next = m_prompts->model()->nextUnanswered();
    if (next == 0) {
        m_answeringAll = false;
        m_session.toast({.text = tr("All %1 prompts are answered").arg(formatCount(m_prompts->model()->total()))});
        refreshState();
        return;
    }
    if (next == m_question.id)
        ask();
    else if (m_prompts->model()->rowOf(next) >= 0)
        m_prompts->select(next);
    else
        choosePrompt(next);
}

ColumnContext CompareWorkspace::context() const
{
    ColumnContext context;
    context.show = static_cast<ShowAnswers>(m_show->current());
    // A reference answers the row's own question, not what was asked after it.
    std::size_t questions = 0;
    for (const CompareColumn &column : m_compare.columns()) {
        context.answers << fromUtf8(column.lastAnswer());
        context.growing << column.busy();
        questions = std::max(questions, column.conversation.size());
    }
    if (m_question.id != 0 && questions <= m_question.turns.size() + 1)
        context.reference = m_question.reference;
    context.toReference = m_against->currentIndex() == 1 && !context.reference.isEmpty();
    return context;
}

void CompareWorkspace::refreshColumn(std::size_t index)
{
    m_views[static_cast<int>(index)]->refresh(m_compare.columns()[index], context());
}

void CompareWorkspace::refreshColumns()
{
    const ColumnContext now = context();
    m_against->setVisible(m_show->current() != static_cast<int>(ShowAnswers::Text) && !now.reference.isEmpty());
    for (std::size_t i = 0; i < m_compare.columns().size(); ++i)
        m_views[static_cast<int>(i)]->refresh(m_compare.columns()[i], now);
    refreshState();
}

void CompareWorkspace::refreshState()
{
    const bool busy = m_compare.busy();
    const auto &columns = m_compare.columns();
    const auto answering = static_cast<int>(std::count_if(
        columns.begin(), columns.end(), [](const CompareColumn &c) { return c.answerer.has_value(); }));
    m_box->setState(busy, answering > 0 && (!m_box->text().trimmed().isEmpty() || !m_question.turns.empty()),
                    answering);
    m_prompts->setAnsweringAll(m_answeringAll);
    QStringList words;
    if (m_memory.base > 0) {
        QString held = tr("One base in memory: %1").arg(formatBytes(m_memory.base));
        if (m_memory.adapterCount == 1)
            held += tr(", 1 adapter: %1").arg(formatBytes(m_memory.adapters));
        else if (m_memory.adapterCount > 1)
            held += tr(", %1 adapters: %2").arg(m_memory.adapterCount).arg(formatBytes(m_memory.adapters));
        words << held;
    } else if (!busy) {
        words << tr("The model is loaded with the first question");
    }
    for (const RunChoice &run : m_choices.runs)
        if (run.training)
            words << tr("%1 is training: answers share the processor with it and are slower").arg(runLabel(run.name));
    m_status->setText(words.join(QStringLiteral(" · ")));
    m_status->setToolTip(m_status->text());
}

/// Shown as fields, the answers stand row by row.
void CompareWorkspace::alignFields()
{
    QVector<double> most;
    for (const CompareColumnView *view : m_views) {
        const QVector<double> heights = view->answerView()->fieldHeights();
        most.resize(std::max(most.size(), heights.size()));
        for (int i = 0; i < heights.size(); ++i)
            most[i] = std::max(most[i], heights[i]);
    }
    for (const CompareColumnView *view : m_views)
        view->answerView()->setFieldHeights(most);
}

void CompareWorkspace::focusColumn(int column)
{
    if (column >= static_cast<int>(m_compare.columns().size()))
        return;
    m_area->bring(column);
    m_focused = column;
    m_views[column]->answerView()->setFocus(Qt::ShortcutFocusReason);
}

void CompareWorkspace::setShow(ShowAnswers show)
{
    m_show->setCurrent(static_cast<int>(show));
    refreshColumns();
}

} // namespace attune::ui
