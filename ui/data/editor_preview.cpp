#include "ui/data/editor_preview.h"

#include "ui/widgets/format.h"

namespace attune::ui {

namespace {

bool isContinuation(char byte)
{
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// Text and bytes of a token. The rendered text is valid UTF-8, but a token may begin and end inside a character.
void setText(ShownToken &shown, const PreviewToken &token, const std::string &rendered)
{
    if (token.begin < 0 || static_cast<std::size_t>(token.end) > rendered.size()) {
        shown.text = fromUtf8(token.text);
        return;
    }
    auto begin = static_cast<std::size_t>(token.begin);
    auto end = static_cast<std::size_t>(token.end);
    while (begin < end && isContinuation(rendered[begin]))
        ++begin;
    const bool empty = begin == end;
    while (!empty && end < rendered.size() && isContinuation(rendered[end]))
        ++end;
    shown.inside = static_cast<std::int64_t>(begin) > token.begin;
    shown.text = fromUtf8(std::string_view(rendered).substr(begin, end - begin));
    if (shown.inside || static_cast<std::int64_t>(end) != token.end)
        shown.bytes = QByteArray::fromStdString(token.text);
}

QVector<ShownToken> shownTokens(const ExamplePreview &preview)
{
    QVector<ShownToken> tokens;
    tokens.reserve(static_cast<qsizetype>(preview.tokens.size()));
    for (std::size_t i = 0; i < preview.tokens.size(); ++i) {
        const PreviewToken &token = preview.tokens[i];
        ShownToken shown;
        setText(shown, token, preview.text);
        shown.id = token.id;
        shown.position = static_cast<qint64>(i);
        shown.trained = token.trained;
        shown.cut = token.cut;
        shown.special = token.special;
        tokens.append(shown);
    }
    return tokens;
}

} // namespace

PreviewWorker::PreviewWorker(QObject *parent)
    : QObject(parent), m_thread([this](const std::stop_token &stop) { work(stop); })
{
}

PreviewWorker::~PreviewWorker()
{
    m_thread.request_stop();
    m_thread.join();
}

void PreviewWorker::ask(std::shared_ptr<const ChatEncoder> encoder, std::int64_t row, Turns turns,
                        std::int64_t maxLength)
{
    {
        const std::scoped_lock lock(m_mutex);
        m_question = Question{++m_asked, std::move(encoder), row, std::move(turns), maxLength};
    }
    m_wake.notify_one();
}

void PreviewWorker::forget()
{
    const std::scoped_lock lock(m_mutex);
    m_question.reset();
    m_answered = ++m_asked;
}

void PreviewWorker::work(const std::stop_token &stop)
{
    while (true) {
        std::optional<Question> question;
        {
            std::unique_lock lock(m_mutex);
            if (!m_wake.wait(lock, stop, [this] { return m_question.has_value(); }))
                return;
            question = std::exchange(m_question, std::nullopt);
        }
        auto preview = previewExample(*question->encoder, question->turns, question->maxLength);
        auto shown = std::make_shared<ShownPreview>(ShownPreview{
            question->row, std::move(question->turns), question->maxLength, std::move(preview), {}});
        if (shown->preview)
            shown->tokens = shownTokens(*shown->preview);
        QMetaObject::invokeMethod(
            this,
            [this, number = question->number, shown] {
                if (number <= m_answered)
                    return; // forgotten
                m_answered = number;
                Q_EMIT answered(shown);
            },
            Qt::QueuedConnection);
    }
}

} // namespace attune::ui
