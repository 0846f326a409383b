#pragma once

#include "core/studio/preview.h"
#include "ui/data/editor_turns.h"
#include "ui/widgets/token_strip.h"

#include <QObject>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace attune::ui {

/// A row as the model will see it, ready to show.
struct ShownPreview {
    std::int64_t row = 0;
    Turns turns; ///< that it was made of
    std::int64_t maxLength = 0;
    Result<ExamplePreview> preview;
    QVector<ShownToken> tokens;
};

/// Makes previews on a thread of its own, so that typing never waits: of the questions that come meanwhile only the
/// last is answered.
class PreviewWorker final : public QObject {
    Q_OBJECT
public:
    explicit PreviewWorker(QObject *parent = nullptr);
    ~PreviewWorker() override;

    void ask(std::shared_ptr<const ChatEncoder> encoder, std::int64_t row, Turns turns, std::int64_t maxLength);
    /// What was asked is not wanted any more.
    void forget();
    bool busy() const { return m_answered != m_asked; }

Q_SIGNALS:
    void answered(std::shared_ptr<const attune::ui::ShownPreview> preview);

private:
    struct Question {
        quint64 number = 0;
        std::shared_ptr<const ChatEncoder> encoder;
        std::int64_t row = 0;
        Turns turns;
        std::int64_t maxLength = 0;
    };
    void work(const std::stop_token &stop);

    quint64 m_asked = 0; // on the window's thread
    quint64 m_answered = 0;
    std::mutex m_mutex;
    std::condition_variable_any m_wake;
    std::optional<Question> m_question; // guarded by m_mutex
    std::jthread m_thread;              // last: it ends first
};

} // namespace attune::ui
