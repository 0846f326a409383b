#include "ui/data/editor_preview.h"

#include "ui/widgets/format.h"

namespace attune::ui {

namespace {

/// The bytes of a token as far as they are whole characters; what is not, in hexadecimal.
QString bytesInWords(const std::string &bytes)
{
    QStringList words;
    for (const char byte : bytes)
        words.append(QStringLiteral("%1").arg(static_cast<unsigned char>(byte), 2, 16, QLatin1Char('0')));
    return words.join(QLatin1Char(' ')).toUpper();
}

QVector<ShownToken> shownTokens(const ExamplePreview &preview)
{
    QVector<ShownToken> tokens;
    tokens.reserve(static_cast<qsizetype>(preview.tokens.size()));
    for (std::size_t i = 0; i < preview.tokens.size(); ++i) {
        const PreviewToken &token = preview.tokens[i];
        ShownToken shown;
        shown.text = fromUtf8(token.text);
        shown.id = token.id;
        shown.position = static_cast<qint64>(i);
        shown.trained = token.trained;
        shown.cut = token.cut;
        shown.special = token.special;
        if (!token.text.empty())
            shown.detail = PreviewWorker::tr("bytes %1").arg(bytesInWords(token.text));
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
