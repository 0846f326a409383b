#pragma once

#include "core/studio/compare_session.h"

#include "core/train/settings.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

namespace attune {

/// The thread that holds the model and answers. Public functions are for the owner's thread.
class CompareSession::Worker {
public:
    explicit Worker(std::filesystem::path project);
    ~Worker();

    struct Seat {
        std::size_t column = 0;
        Answerer answerer;
        std::vector<Message> conversation; ///< system turn and question included
    };
    struct Job {
        std::int64_t number = 0; ///< what it reports carries it
        std::string baseModel;
        std::vector<Seat> seats;
        GenerationOptions generation;
        std::deque<std::atomic<bool>> stopped; ///< by seat
        std::stop_source loading;              ///< stops with the last seat
    };
    /// What a seat's column becomes, beside the event that the owner sees.
    struct Began { std::size_t column; std::string name; std::int64_t step; };
    struct Ended { std::size_t column; AnswerFigures figures; std::optional<Error> error; };
    using Report = std::variant<ModelLoading, MemoryHeld, Began, AnswerText, Ended, QuestionEnded>;

    void post(std::shared_ptr<Job> job);
    void stop(std::size_t column);
    void stopAll();
    void unload();
    /// With the number of the job that each belongs to; 0: none.
    std::vector<std::pair<std::int64_t, Report>> drain();

private:
    /// How the base is held; the same key, the same model in memory.
    struct BaseKey {
        std::filesystem::path path;
        std::string quantization, computeType, device;
        bool doubleQuant = false;
        bool operator==(const BaseKey &) const = default;
    };
    struct Base {
        BaseKey key;
        LanguageModel model;
        ChatEncoder encoder;
        std::map<std::int64_t, HeldAdapter> adapters; ///< by checkpoint
    };
    /// A seat on its way to an answer.
    struct Guest {
        const Seat *seat = nullptr;
        const std::atomic<bool> *stopped = nullptr;
        std::optional<Run> run;
        CheckpointInfo checkpoint;
        std::optional<Answering> answering;
        AnswerFigures figures;
        bool shortened = false; ///< the context leaves less than max_new_tokens
    };

    void loop(const std::stop_token &stop);
    void answer(Job &job);
    Result<void> openProject();
    Result<void> invite(Guest &guest);
    Result<void> checkFit(const Guest &guest, const Run &first);
    Result<void> needBase(const Job &job, const std::vector<Guest> &guests);
    Result<void> needAdapter(const Guest &guest);
    Result<void> begin(Guest &guest, const GenerationOptions &generation);
    /// One turn; true where the guest is done.
    Result<bool> turn(Guest &guest);
    void takeTurns(std::vector<Guest> &guests);
    void end(Guest &guest);
    void fail(const Guest &guest, Error error);
    void dropUnused(const std::vector<Guest> &guests);
    void reportMemory();
    void report(Report what);

    const std::filesystem::path m_path;
    std::mutex m_mutex; // guards the next five
    std::condition_variable_any m_wake;
    std::shared_ptr<Job> m_next;
    std::shared_ptr<Job> m_current;
    bool m_unload = false;
    std::vector<std::pair<std::int64_t, Report>> m_reports;

    std::optional<Project> m_project; // the working thread's, as is the base
    std::optional<Base> m_base;
    std::jthread m_thread; // last: joined first
};

} // namespace attune
