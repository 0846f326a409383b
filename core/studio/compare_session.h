#pragma once

#include "core/infer/generator.h"
#include "core/store/project.h"

#include <memory>
#include <variant>

namespace attune {

/// Who answers in a column.
struct Answerer {
    std::int64_t run = 0;   ///< 0: the base alone
    std::string checkpoint; ///< as chooseCheckpoint() takes it
    bool operator==(const Answerer &) const = default;
};

/// How an answer went. Seconds are those in which the model worked for this column, not those of its neighbours.
struct AnswerFigures {
    std::int64_t promptTokens = 0;
    std::int64_t tokens = 0;
    double prefillSeconds = 0;
    double decodeSeconds = 0;
    std::string finish; ///< as in Generation; "context" where the model's context was full
    double tokensPerSecond() const { return decodeSeconds > 0 ? static_cast<double>(tokens) / decodeSeconds : 0; }
    double seconds() const { return prefillSeconds + decodeSeconds; }
};

enum class AnswerState { Idle, Queued, Streaming, Done, Stopped, Failed };

struct CompareColumn {
    std::optional<Answerer> answerer; ///< none: nobody, so that it is not asked
    std::vector<Message> conversation; ///< without a system turn; ends with the answer that is being made
    AnswerState state = AnswerState::Idle;
    std::string name;      ///< who gave the last answer: "base", or the run's name
    std::int64_t step = 0; ///< of the checkpoint that gave it
    AnswerFigures figures; ///< of the last answer
    Error error;           ///< where it failed

    bool busy() const { return state == AnswerState::Queued || state == AnswerState::Streaming; }
    std::string lastAnswer() const; ///< empty: the last turn is no answer
};

/// The same for all columns, the seed included.
struct CompareQuestion {
    std::string system; ///< before the conversation; empty: none
    std::vector<Message> turns; ///< join each column's conversation; the last one is the user's
    GenerationOptions generation;
    std::int64_t example = 0; ///< the row that it is; 0: none
};

// --- what happens, in order; column numbers from 0 ---
struct ModelLoading { double share = 0; };
struct MemoryHeld { std::int64_t base = 0; std::int64_t adapters = 0; int adapterCount = 0; }; ///< bytes
struct AnswerBegan { std::size_t column = 0; };
struct AnswerText {
    std::size_t column = 0;
    std::string text;        ///< whole UTF-8 characters
    std::int64_t tokens = 0; ///< of the answer so far
    double decodeSeconds = 0;
};
struct AnswerEnded { std::size_t column = 0; };
struct QuestionEnded {};
using CompareEvent = std::variant<ModelLoading, MemoryHeld, AnswerBegan, AnswerText, AnswerEnded, QuestionEnded>;

/// Several models that answer the same questions side by side, each in a conversation of its own: one base model in
/// memory for all, on a thread of its own. The columns take turns token by token, since an adapter is exchanged
/// without copying.
///
/// One owner's thread calls everything. What the working thread does arrives through drain() and changes columns()
/// there and then, so that the owner needs no lock.
class CompareSession {
public:
    explicit CompareSession(std::filesystem::path project);
    ~CompareSession(); ///< stops what runs
    CompareSession(const CompareSession &) = delete;
    CompareSession &operator=(const CompareSession &) = delete;

    /// What answers where no column has a run: as resolveModel() takes it. With a run, the base is that run's.
    void setBaseModel(std::string model) { m_baseModel = std::move(model); }

    const std::vector<CompareColumn> &columns() const { return m_columns; }
    /// A number of columns or another answerer: the other columns keep their conversations.
    void setColumnCount(std::size_t count);
    void setAnswerer(std::size_t column, std::optional<Answerer> answerer);
    bool busy() const;

    /// Forgets the conversations; who answers stays.
    void restart();
    /// Sends the question to every column that has an answerer. InvalidInput where nothing is asked, where nobody
    /// answers, or while an answer is being made. A prompt that the model's context can't hold fails in its column
    /// and is taken back there: nothing is cut.
    Result<void> ask(CompareQuestion question);
    const CompareQuestion &lastQuestion() const { return m_question; }
    void stop(std::size_t column);
    void stopAll();
    /// Frees base and adapters, until the next question.
    void unload();

    /// What happened since the last call; columns() is then up to date.
    std::vector<CompareEvent> drain();

    // --- transcripts: what the project keeps of a comparison ---
    std::string transcriptTitle() const; ///< the first words of the first question
    OrderedJson transcript() const;
    /// Columns, conversations and question of a transcript; Corrupt where it is none.
    Result<void> restore(const Json &transcript);
    std::string markdown() const;

private:
    class Worker;
    void takeBack(CompareColumn &column);
    void settle(CompareColumn &column, AnswerFigures figures, std::optional<Error> error);
    std::string m_baseModel;
    std::vector<CompareColumn> m_columns;
    CompareQuestion m_question;
    std::int64_t m_asked = 0; ///< number of the last job
    std::unique_ptr<Worker> m_worker;
};

} // namespace attune
