#include "core/studio/compare_session_worker.h"

#include "core/base/priority.h"
#include "core/deploy/run_adapter.h"
#include "core/model/registry.h"
#include "core/studio/chat_model.h"
#include "core/studio/run_model.h"
#include "core/studio/run_settings.h"

#include <algorithm>
#include <malloc.h>

namespace attune {
namespace {

std::string grouped(std::int64_t value)
{
    std::string text = std::to_string(value);
    for (std::ptrdiff_t at = std::ssize(text) - 3; at > 0; at -= 3)
        text.insert(static_cast<std::size_t>(at), ",");
    return text;
}

std::string joined(const std::vector<std::string> &names)
{
    constexpr std::size_t shown = 6;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), shown); ++i)
        text += (i == 0 ? "" : ", ") + names[i];
    return names.size() > shown ? text + " and " + std::to_string(names.size() - shown) + " more" : text;
}

} // namespace

CompareSession::Worker::Worker(std::filesystem::path project)
    : m_path(std::move(project)), m_thread([this](const std::stop_token &stop) { loop(stop); })
{
}

CompareSession::Worker::~Worker()
{
    m_thread.request_stop();
    stopAll();
}

void CompareSession::Worker::post(std::shared_ptr<Job> job)
{
    {
        const std::lock_guard lock(m_mutex);
        m_next = std::move(job);
    }
    m_wake.notify_one();
}

void CompareSession::Worker::stop(std::size_t column)
{
    const std::lock_guard lock(m_mutex);
    for (const auto &job : {m_next, m_current}) {
        if (!job)
            continue;
        bool all = true;
        for (std::size_t i = 0; i < job->seats.size(); ++i) {
            if (job->seats[i].column == column)
                job->stopped[i] = true;
            all = all && job->stopped[i];
        }
        if (all)
            job->loading.request_stop();
    }
}

void CompareSession::Worker::stopAll()
{
    const std::lock_guard lock(m_mutex);
    for (const auto &job : {m_next, m_current}) {
        if (!job)
            continue;
        for (auto &stopped : job->stopped)
            stopped = true;
        job->loading.request_stop();
    }
}

void CompareSession::Worker::unload()
{
    {
        const std::lock_guard lock(m_mutex);
        m_unload = true;
    }
    m_wake.notify_one();
}

std::vector<std::pair<std::int64_t, CompareSession::Worker::Report>> CompareSession::Worker::drain()
{
    std::vector<std::pair<std::int64_t, Report>> reports;
    const std::lock_guard lock(m_mutex);
    std::swap(reports, m_reports);
    return reports;
}

void CompareSession::Worker::report(Report what)
{
    const std::lock_guard lock(m_mutex);
    m_reports.emplace_back(m_current ? m_current->number : 0, std::move(what));
}

void CompareSession::Worker::loop(const std::stop_token &stop)
{
    lowerPriority(answeringNiceness);
    std::unique_lock lock(m_mutex);
    while (m_wake.wait(lock, stop, [this] { return m_next || m_unload; }) && !stop.stop_requested()) {
        m_current = std::move(m_next);
        m_next.reset();
        const bool unloading = std::exchange(m_unload, false);
        lock.unlock();
        if (m_current) {
            answer(*m_current);
            report(QuestionEnded{});
        } else if (unloading) {
            m_base.reset();
            malloc_trim(0); // the pages go back to the system, or "freed" would be a word only
            reportMemory();
        }
        lock.lock();
        m_current.reset();
    }
}

void CompareSession::Worker::answer(Job &job)
{
    std::vector<Guest> guests;
    const auto drop = [&](std::size_t index, Error error) {
        fail(guests[index], std::move(error));
        guests.erase(guests.begin() + static_cast<std::ptrdiff_t>(index));
    };
    for (std::size_t i = 0; i < job.seats.size(); ++i) {
        Guest guest;
        guest.seat = &job.seats[i];
        guest.stopped = &job.stopped[i];
        guests.push_back(std::move(guest));
        Result<void> invited = openProject();
        if (invited)
            invited = invite(guests.back());
        if (invited && guests.back().run)
            for (const Guest &other : guests)
                if (other.run) {
                    invited = checkFit(guests.back(), *other.run);
                    break;
                }
        if (!invited)
            drop(guests.size() - 1, std::move(invited.error()));
    }
    if (guests.empty())
        return;
    if (auto ready = needBase(job, guests); !ready) {
        for (const Guest &guest : guests)
            fail(guest, ready.error());
        return;
    }
    dropUnused(guests);
    for (std::size_t i = 0; i < guests.size();) {
        auto begun = begin(guests[i], job.generation);
        if (begun)
            ++i;
        else
            drop(i, std::move(begun.error()));
    }
    reportMemory();
    takeTurns(guests);
}

Result<void> CompareSession::Worker::openProject()
{
    if (!m_project) {
        ATTUNE_TRY(m_project, Project::open(m_path));
    }
    return {};
}

Result<void> CompareSession::Worker::invite(Guest &guest)
{
    if (guest.seat->answerer.run == 0)
        return {};
    ATTUNE_TRY(auto run, m_project->findRun(std::to_string(guest.seat->answerer.run)));
    ATTUNE_TRY(guest.checkpoint, chooseCheckpoint(*m_project, run, guest.seat->answerer.checkpoint));
    guest.run = std::move(run);
    return {};
}

Result<void> CompareSession::Worker::checkFit(const Guest &guest, const Run &first)
{
    if (guest.run->fingerprint == first.fingerprint)
        return {};
    ATTUNE_TRY(const auto runs, m_project->runs());
    std::vector<std::string> fitting;
    for (const Run &run : runs)
        if (run.fingerprint == first.fingerprint)
            fitting.push_back(run.name);
    return attune::fail(ErrorCode::InvalidInput,
                        guest.run->name + " was trained on another base (fingerprint " +
                            guest.run->fingerprint.substr(0, 8) + ") than " + first.name +
                            ". Pick one that fits: " + joined(fitting) + ".");
}

Result<void> CompareSession::Worker::needBase(const Job &job, const std::vector<Guest> &guests)
{
    BaseKey key;
    TrainSettings settings;
    const auto first = std::find_if(guests.begin(), guests.end(), [](const Guest &g) { return g.run.has_value(); });
    if (first != guests.end()) {
        ATTUNE_TRY(key.path, baseModelOf(*first->run));
        ATTUNE_TRY(settings, settingsOf(*first->run));
    } else {
        ATTUNE_TRY(key.path, resolveModel(job.baseModel));
        // The base alone is held as its latest run held it, so that a run joins later without loading it again.
        ATTUNE_TRY(const auto runs, m_project->runs());
        const auto latest = std::find_if(runs.rbegin(), runs.rend(), [&](const Run &run) {
            return std::filesystem::path(run.modelPath) == key.path;
        });
        if (latest != runs.rend()) {
            ATTUNE_TRY(settings, settingsOf(*latest));
        }
    }
    key.quantization = settings.quantization;
    key.computeType = settings.compute_dtype;
    key.device = settings.device;
    key.doubleQuant = settings.double_quant;
    if (m_base && m_base->key == key)
        return {};
    m_base.reset(); // first: two bases in memory are never needed
    report(ModelLoading{0});
    ATTUNE_TRY(auto encoder, loadChatEncoder(key.path));
    LoadOptions options = settings.loadOptions();
    options.keepDequantized = false; // answers are a token at a time, which is read from NF4
    options.stop = job.loading.get_token();
    options.progress = [this](double share) { report(ModelLoading{share}); };
    ATTUNE_TRY(auto model, LanguageModel::load(key.path, options));
    m_base.emplace(Base{std::move(key), std::move(model), std::move(encoder), {}});
    return {};
}

void CompareSession::Worker::dropUnused(const std::vector<Guest> &guests)
{
    std::erase_if(m_base->adapters, [&](const auto &held) {
        return std::none_of(guests.begin(), guests.end(),
                            [&](const Guest &g) { return g.run && g.checkpoint.id == held.first; });
    });
}

Result<void> CompareSession::Worker::needAdapter(const Guest &guest)
{
    if (!guest.run || m_base->adapters.count(guest.checkpoint.id) > 0)
        return {};
    ATTUNE_TRY(const auto adapter, adapterForBase(*m_project, *guest.run, guest.checkpoint, m_base->model));
    ATTUNE_CHECK(m_base->model.useAdapter(adapter));
    m_base->adapters[guest.checkpoint.id] = m_base->model.exchangeAdapter({});
    return {};
}

Result<void> CompareSession::Worker::begin(Guest &guest, const GenerationOptions &generation)
{
    ATTUNE_TRY(const auto prompt, m_base->encoder.encode(guest.seat->conversation, true));
    const auto length = static_cast<std::int64_t>(prompt.ids.size());
    const std::int64_t context = m_base->model.config().maxPositions;
    guest.figures.promptTokens = length;
    if (context > 0 && length >= context)
        return attune::fail(ErrorCode::InvalidInput, "Prompt has " + grouped(length) + " tokens; this model takes " +
                                                         grouped(context) + ": nothing was cut, nothing was sent.");
    ATTUNE_CHECK(needAdapter(guest));
    GenerationOptions options = generation;
    if (context > 0 && length + options.maxNewTokens > context) {
        options.maxNewTokens = context - length;
        guest.shortened = true;
    }
    ATTUNE_TRY(guest.answering,
               Answering::begin(m_base->model, m_base->encoder.tokenizer(), prompt.ids, options));
    report(Began{guest.seat->column, guest.run ? guest.run->name : "base", guest.checkpoint.step});
    return {};
}

Result<bool> CompareSession::Worker::turn(Guest &guest)
{
    HeldAdapter none;
    HeldAdapter &place = guest.run ? m_base->adapters.at(guest.checkpoint.id) : none;
    place = m_base->model.exchangeAdapter(std::move(place));
    std::string piece;
    auto done = guest.answering->step(m_base->model, [&](std::string_view text) { piece += text; });
    if (!piece.empty())
        report(AnswerText{guest.seat->column, std::move(piece), guest.answering->tokens(),
                          guest.answering->decodeSeconds()});
    place = m_base->model.exchangeAdapter(std::move(place));
    return done;
}

void CompareSession::Worker::takeTurns(std::vector<Guest> &guests)
{
    while (!guests.empty())
        for (std::size_t i = 0; i < guests.size();) {
            Result<bool> done = true;
            if (!*guests[i].stopped)
                done = turn(guests[i]);
            if (done && !*done) {
                ++i;
                continue;
            }
            if (done)
                end(guests[i]);
            else
                fail(guests[i], std::move(done.error()));
            guests.erase(guests.begin() + static_cast<std::ptrdiff_t>(i));
        }
}

void CompareSession::Worker::end(Guest &guest)
{
    std::string rest;
    const std::int64_t tokens = guest.answering->tokens();
    const Generation result = guest.answering->end([&](std::string_view text) { rest += text; });
    if (!rest.empty())
        report(AnswerText{guest.seat->column, std::move(rest), tokens, result.decodeSeconds});
    guest.figures.tokens = static_cast<std::int64_t>(result.ids.size());
    guest.figures.prefillSeconds = result.prefillSeconds;
    guest.figures.decodeSeconds = result.decodeSeconds;
    guest.figures.finish = result.finish == "length" && guest.shortened ? "context" : result.finish;
    report(Ended{guest.seat->column, guest.figures, std::nullopt});
}

void CompareSession::Worker::fail(const Guest &guest, Error error)
{
    report(Ended{guest.seat->column, guest.figures, std::move(error)});
}

void CompareSession::Worker::reportMemory()
{
    MemoryHeld held;
    if (m_base) {
        held.base = m_base->model.weightBytes();
        for (const auto &[checkpoint, adapter] : m_base->adapters)
            held.adapters += adapter.bytes();
        held.adapterCount = static_cast<int>(m_base->adapters.size());
    }
    report(held);
}

} // namespace attune
