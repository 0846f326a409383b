#pragma once

#include "core/store/project.h"
#include "core/text/chat.h"
#include "ui/widgets/tone.h"

#include <QObject>
#include <QPointer>
#include <QString>

#include <any>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <stop_token>

namespace attune::ui {

/// A word to the user in the status line.
struct Toast {
    QString text;
    Tone tone = Tone::Ok;
    QString action = {};           ///< of the link; empty: none
    std::function<void()> act = {};
    QString key = {};              ///< printed beside the link
};

/// What the status line shows of a long job.
struct JobState {
    int id = 0;
    QString title;
    double share = -1; ///< done, 0 to 1; below 0: unknown
    QString detail;    ///< "1,204 of 100,000"
};

/// The open project, as the window works with it. Nothing of the file is read or written on the window's thread:
/// ask() and change() hand a function to a worker that has its own connection, and the answer comes back as a call on
/// the window's thread, unless its receiver is gone.
class Session final : public QObject {
    Q_OBJECT
public:
    /// Checks the file (on the calling thread: header and schema only), starts the workers.
    static Result<std::unique_ptr<Session>> open(const std::filesystem::path &path);
    ~Session() override; ///< waits for changes to be written; asks running jobs to stop

    const std::filesystem::path &path() const { return m_path; }
    QString name() const; ///< the file's name without ending
    bool readOnly() const { return m_readOnly; }

    /// Runs `query` on the reading worker. Of several questions with one `key` of one receiver only the latest is
    /// answered; one that has not begun is not even run. An empty key: all are answered, in order.
    template <typename T>
    void ask(QObject *receiver, const QString &key, std::function<Result<T>(Project &)> query,
             std::function<void(Result<T>)> done)
    {
        post(Lane::Read, receiver, key, answering<T>(std::move(query)), calling<T>(std::move(done)));
    }
    /// Runs `edit` on the writing worker, after all edits before it; then examplesChanged() is sent, whatever it was.
    template <typename T>
    void change(QObject *receiver, std::function<Result<T>(Project &)> edit, std::function<void(Result<T>)> done)
    {
        post(Lane::Write, receiver, {}, answering<T>(std::move(edit)), calling<T>(std::move(done)));
    }
    /// A long job on a thread and a connection of its own; shown in the status line with progress and Cancel.
    /// `progress(share, detail)` may be called from the job as often as it likes. Returns the job's id.
    using JobProgress = std::function<void(double share, std::string detail)>;
    template <typename T>
    int startJob(QObject *receiver, const QString &title,
                 std::function<Result<T>(Project &, std::stop_token, const JobProgress &)> work,
                 std::function<void(Result<T>)> done)
    {
        return startAnyJob(receiver, title,
                           [work = std::move(work)](Connection project, std::stop_token stop,
                                                    const JobProgress &progress) -> std::any {
                               return std::make_shared<Result<T>>(
                                   project ? caught<T>([&] { return work(**project, stop, progress); })
                                           : Result<T>(::attune::forward(project)));
                           },
                           calling<T>(std::move(done)));
    }
    void cancelJob(int id);
    QList<JobState> jobs() const;
    /// Nothing asked, changed or started is unanswered: the tour and tests wait for it.
    bool idle() const;

    // --- what every workspace shares ---
    QString baseModel() const { return m_baseModel; } ///< as --model takes it; kept in the project
    void setBaseModel(const QString &model);
    /// Tokenizer and template of the base model; null while it loads and where that failed (encoderError()).
    std::shared_ptr<const ChatEncoder> encoder() const { return m_encoder; }
    QString encoderError() const { return m_encoderError; }
    std::int64_t maxLength() const { return m_maxLength; } ///< max_length of the next run; kept in the project
    void setMaxLength(std::int64_t tokens);

    // --- undo, across the project ---
    void undo();
    void redo();
    QString undoText() const { return m_undoText; } ///< what undo() would take back; empty: nothing
    QString redoText() const { return m_redoText; }

    void toast(const Toast &toast) { Q_EMIT toasted(toast); }
    /// A failure that nobody asked about in place: its sentence in the status line, its detail in the log.
    void report(const Error &error);

Q_SIGNALS:
    void examplesChanged(); ///< rows, labels or their order, by this window or elsewhere (within half a second)
    void runsChanged();     ///< runs, metrics, checkpoints
    void baseModelChanged();
    void encoderChanged();
    void maxLengthChanged();
    void undoChanged();
    void stepWalked(const std::vector<std::int64_t> &rows); ///< undo() or redo() is done: the rows it changed
    void jobsChanged();
    void jobEnded(int id);
    void toasted(const attune::ui::Toast &toast);

private:
    enum class Lane { Read, Write };
    using Connection = Result<Project *>; ///< a worker's own; its error where it can't be opened any more
    using Work = std::function<std::any(Connection)>;
    using Done = std::function<void(std::any &)>;
    struct Impl;
    struct Seen;

    template <typename T>
    static Work answering(std::function<Result<T>(Project &)> question)
    {
        return [question = std::move(question)](Connection project) -> std::any {
            return std::make_shared<Result<T>>(project ? caught<T>([&] { return question(**project); })
                                                       : Result<T>(::attune::forward(project)));
        };
    }
    /// No exception may end a worker's thread, and with it the program.
    template <typename T, typename Call>
    static Result<T> caught(const Call &call)
    {
        try {
            return call();
        } catch (const std::bad_alloc &) {
            return fail(ErrorCode::OutOfMemory,
                        "There is not enough memory for this; close other programs, then try again.");
        } catch (const std::exception &error) {
            return fail(ErrorCode::Internal, "Something went wrong that should not; the log has the details.",
                        error.what());
        }
    }
    template <typename T>
    static Done calling(std::function<void(Result<T>)> done)
    {
        if (!done)
            return {};
        return [done = std::move(done)](std::any &answer) {
            done(std::move(*std::any_cast<std::shared_ptr<Result<T>> &>(answer)));
        };
    }

    Session(const std::filesystem::path &path, Project project);
    void post(Lane lane, QObject *receiver, const QString &key, Work work, Done done);
    int startAnyJob(QObject *receiver, const QString &title,
                    std::function<std::any(Connection, std::stop_token, const JobProgress &)> work, Done done);
    void deliver(quint64 number, std::any answer);
    void finishJob(int id, std::any answer);
    void showProgress();
    void storeSetting(const QString &key, const QString &value);
    void loadEncoder();
    void takeEncoder(quint64 load, Result<ChatEncoder> loaded);
    void poll();
    void take(const Seen &seen, bool own);
    void walkSteps(bool back);

    std::filesystem::path m_path;
    bool m_readOnly = false;
    QString m_baseModel;
    std::shared_ptr<const ChatEncoder> m_encoder;
    QString m_encoderError;
    std::int64_t m_maxLength = 1024;
    QString m_undoText;
    QString m_redoText;
    std::unique_ptr<Impl> m_impl; // last: its workers end first
};

} // namespace attune::ui
