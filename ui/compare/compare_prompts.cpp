#include "core/store/labelling.h"
#include "core/studio/chat_model.h"
#include "core/studio/prompt_file.h"
#include "ui/compare/answer_view.h"
#include "ui/compare/compare_workspace.h"
#include "ui/compare/picker_popup.h"
#include "ui/compare/prompt_box.h"
#include "ui/compare/prompt_panel.h"
#include "ui/compare/question_card.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"

#include <QDateTime>
#include <QFileInfo>
#include <QLineEdit>

#include <algorithm>

namespace attune::ui {
namespace {

constexpr auto settingsKey = "compare_settings";
constexpr qsizetype longestCounted = 20000; // characters whose tokens are counted on the window's thread

/// A transcript's body, less its texts.
std::vector<std::optional<Answerer>> answerersOf(const Json &body, QString *names, Verdict *verdict)
{
    std::vector<std::optional<Answerer>> answerers;
    QStringList texts;
    std::vector<std::string> answers;
    for (const Json &column : body.value("columns", Json::array())) {
        if (!column.is_object())
            continue;
        const auto run = jsonValue(column, "run", std::int64_t(-1), "");
        const auto checkpoint = jsonValue(column, "checkpoint", std::string(), "");
        const auto name = jsonValue(column, "name", std::string(), "");
        if (!run || *run < 0 || !checkpoint) {
            answerers.emplace_back();
            continue;
        }
        answerers.emplace_back(Answerer{*run, *checkpoint});
        if (name && !name->empty())
            texts << (*run == 0 ? fromUtf8(*name) : runLabel(fromUtf8(*name)));
        const Json conversation = column.value("conversation", Json::array());
        if (conversation.is_array()) {
            // The first answer is the one to the prompt, of a longer conversation too.
            for (const Json &turn : conversation)
                if (jsonValue(turn, "role", std::string(), "").value_or("") == "assistant") {
                    answers.push_back(jsonValue(turn, "content", std::string(), "").value_or(""));
                    break;
                }
        }
    }
    *names = texts.join(QStringLiteral(", "));
    *verdict = answers.size() < 2 ? Verdict::Unknown
               : std::all_of(answers.begin(), answers.end(), [&](const auto &a) { return a == answers.front(); })
                   ? Verdict::Equal
                   : Verdict::Differ;
    return answerers;
}

} // namespace

void CompareWorkspace::choosePrompt(qint64 id)
{
    newConversation();
    const auto source = m_prompts->model()->source();
    if (id < 0) {
        const auto &own = m_prompts->model()->own();
        const auto at = static_cast<std::size_t>(-id - 1);
        if (at >= own.size())
            return;
        Question question;
        question.id = id;
        question.source = source;
        question.turns = own[at];
        if (!question.turns.empty() && question.turns.front().role == "system") {
            question.system = fromUtf8(question.turns.front().content);
            question.turns.erase(question.turns.begin());
        }
        setQuestion(std::move(question));
        return;
    }
    readRow(id, [this, source](Question question) {
        question.source = source;
        setQuestion(std::move(question));
    });
}

/// `done` is called unless another conversation has begun by then.
void CompareWorkspace::readRow(qint64 id, std::function<void(Question)> done)
{
    m_session.ask<std::optional<StoredExample>>(
        this, QStringLiteral("question"), [id](Project &project) { return project.example(id); },
        [this, conversation = m_conversation, done = std::move(done)](Result<std::optional<StoredExample>> row) {
            if (!row)
                m_session.report(row.error());
            if (!row || !*row || conversation != m_conversation)
                return;
            Question question;
            question.id = (*row)->id;
            std::span<const Message> turns = (*row)->messages;
            const auto answer = lastAnswer(turns);
            if (answer)
                question.reference = fromUtf8(turns[*answer].content);
            turns = answer ? turns.first(*answer) : turns;
            if (!turns.empty() && turns.front().role == "system") {
                question.system = fromUtf8(turns.front().content);
                turns = turns.subspan(1);
            }
            question.turns.assign(turns.begin(), turns.end());
            if ((*row)->part == Part::Test)
                question.source = PromptSource::Test;
            done(std::move(question));
        });
}

void CompareWorkspace::setQuestion(Question question)
{
    question.text = question.turns.empty() ? QString() : fromUtf8(question.turns.back().content);
    m_question = std::move(question);
    showQuestion();
    refreshColumns();
    if (m_answeringAll)
        ask();
    else
        restoreFor(m_question.id);
}

void CompareWorkspace::showQuestion()
{
    QString caption;
    std::ptrdiff_t asked = 0; // questions of the conversation
    for (const CompareColumn &column : m_compare.columns())
        asked = std::max(asked, std::count_if(column.conversation.begin(), column.conversation.end(),
                                              [](const Message &turn) { return turn.role == "user"; }));
    const auto first = std::count_if(m_question.turns.begin(), m_question.turns.end(),
                                     [](const Message &turn) { return turn.role == "user"; });
    if (asked > std::max<std::ptrdiff_t>(1, first)) {
        caption = tr("question %1 of this conversation").arg(asked);
    } else if (m_question.id != 0) {
        const PromptModel *model = m_prompts->model();
        const int place = model->source() == m_question.source ? model->placeOf(m_question.id) : 0;
        const QString where =
            m_question.id < 0                                   ? tr("own list")
            : m_question.source == PromptSource::Test           ? tr("held-out test row %1").arg(m_question.id)
            : model->source() == m_question.source && place > 0 ? tr("validation row %1").arg(m_question.id)
                                                                : tr("row %1").arg(m_question.id);
        caption =
            place > 0 ? tr("prompt %1 of %2, %3").arg(formatCount(place), formatCount(model->total()), where) : where;
    }
    qint64 tokens = 0;
    if (const auto encoder = m_session.encoder(); encoder && m_question.text.size() < longestCounted)
        tokens = static_cast<qint64>(encoder->tokenizer()->encode(toUtf8(m_question.text)).size());
    m_card->show(m_question.text, caption, tokens);
    m_cardArea->setVisible(!m_question.text.isEmpty());
    refreshState();
}

/// Shows what these columns answered to a prompt before.
void CompareWorkspace::restoreFor(qint64 id)
{
    const auto &columns = m_compare.columns();
    for (const Line &line : m_lines) {
        if (line.example != id || line.example == 0 || line.id <= 0 || line.answerers.size() != columns.size())
            continue;
        if (std::equal(columns.begin(), columns.end(), line.answerers.begin(),
                       [](const CompareColumn &c, const auto &a) { return c.answerer == a; })) {
            openTranscript(line.id, true);
            return;
        }
    }
}

void CompareWorkspace::loadLines()
{
    m_session.ask<QList<Line>>(
        this, QStringLiteral("transcripts"),
        [](Project &project) -> Result<QList<Line>> {
            ATTUNE_TRY(const auto transcripts, project.transcripts());
            QList<Line> lines;
            for (const Transcript &transcript : transcripts) {
                Line line;
                line.id = transcript.id;
                line.title = fromUtf8(transcript.title);
                line.createdAt = fromUtf8(transcript.createdAt);
                line.example = jsonValue(transcript.body, "example", std::int64_t(0), "").value_or(0);
                line.answerers = answerersOf(transcript.body, &line.names, &line.verdict);
                lines << line;
            }
            return lines;
        },
        [this](Result<QList<Line>> lines) {
            if (!lines) {
                m_session.report(lines.error());
                return;
            }
            for (Line &line : *lines) // behind those that were made meanwhile
                if (std::ranges::find(m_lines, line.id, &Line::id) == m_lines.end())
                    m_lines << std::move(line);
            updateVerdicts();
            listTranscripts();
            if (m_transcriptPopup->isVisible()) // opened too soon, and not high enough
                m_transcriptPopup->popUp(m_history, scaled(460));
        });
}

void CompareWorkspace::updateVerdicts()
{
    const auto &columns = m_compare.columns();
    QHash<qint64, Verdict> verdicts;
    for (const Line &line : m_lines) { // newest first
        if (line.example == 0 || verdicts.contains(line.example) || line.answerers.size() != columns.size())
            continue;
        if (std::equal(columns.begin(), columns.end(), line.answerers.begin(),
                       [](const CompareColumn &c, const auto &a) { return c.answerer == a; }))
            verdicts.insert(line.example, line.verdict == Verdict::Unknown ? Verdict::Failed : line.verdict);
    }
    m_prompts->model()->setVerdicts(verdicts);
}

/// Keeps the comparison in the project: a new transcript, or what its own has become.
void CompareWorkspace::keepTranscript()
{
    Line line;
    line.title = fromUtf8(m_compare.transcriptTitle());
    line.createdAt = QDateTime::currentDateTimeUtc().toString(Qt::ISODate);
    line.example = m_question.id;
    const OrderedJson ordered = m_compare.transcript();
    const Json body = Json::parse(ordered.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
    line.answerers = answerersOf(body, &line.names, &line.verdict);
    // In the list at once, as answering all looks there for what is left; under a number of its own until it is kept.
    if (m_transcript == 0) {
        m_transcript = --m_unkept;
        m_keptAs = std::make_shared<std::int64_t>(0);
    }
    line.id = m_transcript;
    m_lines.removeIf([&](const Line &old) { return old.id == line.id; });
    m_lines.prepend(line);
    updateVerdicts();
    if (m_session.readOnly())
        return; // for this sitting only
    m_session.change<std::int64_t>(
        this,
        [body, title = toUtf8(line.title), id = m_keptAs,
         settings = settingsText()](Project &project) -> Result<std::int64_t> {
            ATTUNE_CHECK(project.setSetting(settingsKey, settings));
            if (*id == 0) {
                ATTUNE_TRY(*id, project.addTranscript(title, body));
            } else {
                ATTUNE_CHECK(project.updateTranscript(*id, title, body));
            }
            return *id;
        },
        [this, listed = line.id](Result<std::int64_t> id) {
            if (!id) {
                m_session.report(id.error());
                return;
            }
            for (Line &one : m_lines)
                if (one.id == listed)
                    one.id = *id;
            if (m_transcript == listed)
                m_transcript = *id;
        });
}

void CompareWorkspace::openTranscript(qint64 id, bool followPrompt)
{
    if (!followPrompt) {
        m_prompts->clearSelection();
        newConversation();
    }
    const int conversation = m_conversation;
    m_session.ask<Json>(
        this, QStringLiteral("transcript"),
        [id](Project &project) -> Result<Json> {
            ATTUNE_TRY(auto all, project.transcripts());
            for (Transcript &transcript : all)
                if (transcript.id == id)
                    return std::move(transcript.body);
            return fail(ErrorCode::NotFound, "This comparison is not in the project any more.");
        },
        [this, id, conversation, followPrompt](Result<Json> body) {
            if (conversation != m_conversation)
                return;
            const auto restored = body ? m_compare.restore(*body) : Result<void>(forward(body));
            if (!restored) {
                m_notice->show(Tone::Bad, fromUtf8(restored.error().message));
                return;
            }
            m_transcript = id;
            m_keptAs = std::make_shared<std::int64_t>(id);
            if (!followPrompt) {
                const CompareQuestion &asked = m_compare.lastQuestion();
                m_box->setOptions(asked.generation);
                m_seed->setText(QString::number(asked.generation.sampling.seed));
                for (const CompareColumn &column : m_compare.columns())
                    for (const Message &turn : column.conversation)
                        if (turn.role == "user")
                            m_question.text = fromUtf8(turn.content);
            }
            // Columns of the transcript that this window does not show yet.
            setColumns(std::clamp<int>(static_cast<int>(m_compare.columns().size()), 2, 4));
            showQuestion();
            // The row brings the reference answer back.
            if (const std::int64_t row = m_compare.lastQuestion().example; row > 0 && !followPrompt)
                readRow(row, [this](Question question) {
                    question.text = m_question.text;
                    m_question = std::move(question);
                    showQuestion();
                    refreshColumns();
                });
        });
}

void CompareWorkspace::showTranscripts()
{
    listTranscripts();
    m_transcriptPopup->popUp(m_history, scaled(460));
}

void CompareWorkspace::listTranscripts()
{
    QList<PickerItem> items;
    for (const Line &line : m_lines) {
        if (line.id <= 0)
            continue; // not kept yet
        const QDateTime at = QDateTime::fromString(line.createdAt, Qt::ISODate).toLocalTime();
        const QString when = at.date() == QDate::currentDate() ? at.toString(QStringLiteral("HH:mm"))
                                                               : at.toString(QStringLiteral("d MMM"));
        items << PickerItem{line.title, QStringList{line.names, when}.join(QStringLiteral(" · ")), line.id, -2, {},
                            line.id == m_transcript};
    }
    m_transcriptPopup->setItems(items, tr("No comparisons kept yet."));
}

void CompareWorkspace::loadSettings()
{
    struct Kept {
        Json settings;
        std::string system;
    };
    m_session.ask<Kept>(
        this, {},
        [](Project &project) -> Result<Kept> {
            Kept kept;
            ATTUNE_TRY(const auto text, project.setting(settingsKey));
            if (text) {
                ATTUNE_TRY(kept.settings, parseJson(*text, "The settings of the comparer"));
            }
            ATTUNE_TRY(const auto turns, Labelling(project).systemTurns());
            kept.system = turns.empty() ? std::string() : turns.front().value;
            return kept;
        },
        [this](Result<Kept> kept) {
            m_settingsLoaded = true;
            if (!kept) {
                m_session.report(kept.error());
                return;
            }
            m_box->setRowsSystem(fromUtf8(kept->system));
            if (!kept->settings.is_object())
                return;
            const auto value = [&](const char *key, auto usual) {
                return jsonValue(kept->settings, key, usual, settingsKey).value_or(usual);
            };
            GenerationOptions options;
            options.sampling.temperature = value("temperature", 0.0);
            options.sampling.topP = value("top_p", 1.0);
            options.sampling.repetitionPenalty = value("repetition_penalty", 1.0);
            options.maxNewTokens = value("max_new_tokens", std::int64_t(256));
            m_box->setOptions(options);
            m_seed->setText(QString::number(value("seed", std::int64_t(42))));
            if (value("seed_locked", true) != m_seedLocked)
                m_lock->click();
            m_box->setSystem(
                static_cast<SystemPrompt>(std::clamp<std::int64_t>(value("system", std::int64_t(0)), 0, 2)),
                fromUtf8(value("own_system", std::string())));
        });
}

std::string CompareWorkspace::settingsText() const
{
    const GenerationOptions options = m_box->options();
    return Json{{"temperature", options.sampling.temperature},
                {"top_p", options.sampling.topP},
                {"repetition_penalty", options.sampling.repetitionPenalty},
                {"max_new_tokens", options.maxNewTokens},
                {"seed", m_seed->text().toLongLong()},
                {"seed_locked", m_seedLocked},
                {"system", static_cast<int>(m_box->systemPrompt())},
                {"own_system", toUtf8(m_box->ownSystem())}}
        .dump();
}

void CompareWorkspace::addTypedToOwn()
{
    const QString typed = m_box->text().trimmed();
    if (typed.isEmpty()) {
        m_session.toast({.text = tr("Type the prompt first, then add it to the own list"), .tone = Tone::Neutral});
        m_box->focusText();
        return;
    }
    m_prompts->addOwn({OwnPrompt{Message{"user", toUtf8(typed)}}});
    m_prompts->setSource(PromptSource::Own);
}

void CompareWorkspace::readPromptFile(const QString &path)
{
    m_session.startJob<std::vector<OwnPrompt>>(
        this, tr("Reading %1").arg(QFileInfo(path).fileName()),
        [file = toUtf8(path)](Project &, std::stop_token, const Session::JobProgress &) { return readPrompts(file); },
        [this](Result<std::vector<OwnPrompt>> prompts) {
            if (!prompts) {
                m_notice->show(Tone::Bad, fromUtf8(prompts.error().message));
                return;
            }
            m_prompts->addOwn(*prompts);
            m_prompts->setSource(PromptSource::Own);
            m_session.toast({.text = tr("%1 prompts added to the own list").arg(formatCount(std::ssize(*prompts)))});
        });
}

} // namespace attune::ui
