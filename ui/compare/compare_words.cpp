#include "ui/compare/compare_words.h"

#include "ui/widgets/format.h"

#include <QCoreApplication>
#include <QRegularExpression>

#include <algorithm>

namespace attune::ui {
namespace {

QString words(const char *text)
{
    return QCoreApplication::translate("CompareWords", text);
}

} // namespace

const RunChoice *AnswererChoices::run(qint64 id) const
{
    const auto found = std::find_if(runs.begin(), runs.end(), [id](const RunChoice &r) { return r.id == id; });
    return found == runs.end() ? nullptr : &*found;
}

const CheckpointInfo *AnswererChoices::checkpoint(const Answerer &answerer) const
{
    const RunChoice *of = run(answerer.run);
    if (!of || of->checkpoints.isEmpty())
        return nullptr;
    const std::string &wanted = answerer.checkpoint;
    const auto &all = of->checkpoints;
    const auto best = std::find_if(all.begin(), all.end(), [](const CheckpointInfo &c) { return c.best; });
    if (wanted == "last" || (wanted.empty() && best == all.end()))
        return &all.back();
    if (wanted == "best" || wanted.empty())
        return best == all.end() ? nullptr : &*best;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const CheckpointInfo &c) { return std::to_string(c.step) == wanted; });
    return found == all.end() ? nullptr : &*found;
}

QString runLabel(const QString &name)
{
    static const QRegularExpression numbered(QStringLiteral("^run-(\\d+)$"));
    const auto match = numbered.match(name);
    return match.hasMatch() ? words("Run %1").arg(match.captured(1)) : name;
}

QString answererName(const std::optional<Answerer> &answerer, const AnswererChoices &choices)
{
    if (!answerer)
        return words("Nobody");
    if (answerer->run == 0)
        return words("Base");
    const RunChoice *run = choices.run(answerer->run);
    return run ? runLabel(run->name) : words("Run %1").arg(answerer->run);
}

QString checkpointLabel(const CheckpointInfo &checkpoint, const RunChoice &run)
{
    QStringList names;
    if (checkpoint.best)
        names << words("best");
    if (!run.checkpoints.isEmpty() && run.checkpoints.back().id == checkpoint.id)
        names << words("last");
    names << words("step %1").arg(formatCount(checkpoint.step));
    return names.join(QStringLiteral(", "));
}

QString answererDetail(const std::optional<Answerer> &answerer, const AnswererChoices &choices)
{
    if (!answerer)
        return {};
    if (answerer->run == 0)
        return choices.baseName;
    const RunChoice *run = choices.run(answerer->run);
    const CheckpointInfo *checkpoint = choices.checkpoint(*answerer);
    if (!run || !checkpoint)
        return words("not there any more");
    if (answerer->checkpoint == "last")
        return words("last, step %1").arg(formatCount(checkpoint->step));
    if (checkpoint->best)
        return words("best, step %1").arg(formatCount(checkpoint->step));
    return checkpointLabel(*checkpoint, *run);
}

StateWords stateWords(const CompareColumn &column)
{
    switch (column.state) {
    case AnswerState::Idle: return {};
    case AnswerState::Queued: return {words("queued"), Tone::Neutral, "clock"};
    case AnswerState::Streaming: return {words("streaming"), Tone::Accent, "disc"};
    case AnswerState::Stopped: return {words("stopped"), Tone::Neutral, "stop"};
    case AnswerState::Failed: return {words("failed"), Tone::Bad, "x"};
    case AnswerState::Done: break;
    }
    if (column.figures.finish == "length")
        return {words("max new reached"), Tone::Warn, "scissors"};
    if (column.figures.finish == "context")
        return {words("context is full"), Tone::Warn, "scissors"};
    return {words("done"), Tone::Neutral, nullptr};
}

QString figureWords(const CompareColumn &column)
{
    const AnswerFigures &f = column.figures;
    if (f.tokens == 0)
        return {};
    QStringList parts{words("%1 tok").arg(formatCount(f.tokens))};
    if (f.decodeSeconds > 0)
        parts << words("%1 tok/s").arg(formatNumber(f.tokensPerSecond(), f.tokensPerSecond() < 10 ? 1 : 0));
    if (!column.busy() && f.seconds() > 0)
        parts << formatDuration(f.seconds());
    return parts.join(QStringLiteral(" · "));
}

} // namespace attune::ui
