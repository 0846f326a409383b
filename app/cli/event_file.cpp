#include "app/cli/event_file.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <unistd.h>

namespace attune::cli {
namespace {

OrderedJson endedJson(const Ended &ended)
{
    if (ended.error)
        return {{"event", "failed"}, {"step", ended.step}, {"error", ended.error->message}};
    if (ended.stopped)
        return {{"event", "stopped"}, {"step", ended.step}};
    return {{"event", "finished"}, {"step", ended.step}, {"early", ended.early}};
}

} // namespace

OrderedJson eventJson(const TrainEvent &event)
{
    if (const auto *e = std::get_if<StepDone>(&event))
        return {{"event", "step"},
                {"step", e->step},
                {"steps", e->steps},
                {"loss", e->loss},
                {"learning_rate", e->learningRate},
                {"grad_norm", e->gradNorm},
                {"supervised_tokens", e->supervisedTokens},
                {"tokens_per_second", e->tokensPerSecond},
                {"memory_gib", e->memoryGib},
                {"padding", e->padding}};
    if (const auto *e = std::get_if<EvalDone>(&event))
        return {{"event", "eval"},
                {"step", e->step},
                {"validation_loss", e->validationLoss},
                {"perplexity", std::exp(e->validationLoss)}};
    if (const auto *e = std::get_if<CheckpointSaved>(&event))
        return {{"event", "checkpoint"}, {"step", e->step}, {"best", e->best}};
    if (const auto *e = std::get_if<Ended>(&event))
        return endedJson(*e);
    return nullptr;
}

Result<EventFile> EventFile::open(const std::filesystem::path &path, bool append)
{
    EventFile file;
    file.m_path = path;
    if (path.empty())
        return file;
    file.m_file.reset(std::fopen(path.c_str(), "a"));
    if (!file.m_file)
        return fail(ErrorCode::Io, "Can't write the events to " + path.string() + ": " + std::strerror(errno) + ".");
    std::error_code ignored; // a pipe has no size, and nothing to replace
    const bool older = std::filesystem::is_regular_file(path, ignored) && !std::filesystem::is_empty(path, ignored);
    file.m_replace = older && !append;
    return file;
}

Result<void> EventFile::write(const TrainEvent &event)
{
    const OrderedJson json = m_file ? eventJson(event) : OrderedJson(nullptr);
    if (json.is_null())
        return {};
    if (m_replace && ftruncate(fileno(m_file.get()), 0) != 0)
        return fail(ErrorCode::Io,
                    "Can't write the events to " + m_path.string() + ": " + std::strerror(errno) + ".");
    m_replace = false;
    const std::string line = json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
    if (std::fwrite(line.data(), 1, line.size(), m_file.get()) != line.size() || std::fflush(m_file.get()) != 0)
        return fail(ErrorCode::Io,
                    "Can't write the events to " + m_path.string() + ": " + std::strerror(errno) + ".");
    return {};
}

} // namespace attune::cli
