#include "ui/data/import_wizard_row.h"

#include "ui/data/import_wizard_split.h"
#include "ui/theme/draw.h"
#include "ui/theme/theme.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/panel_header.h"
#include "ui/widgets/token_strip.h"

#include <QFrame>
#include <QLabel>
#include <QScrollArea>
#include <QVBoxLayout>

namespace attune::ui {

namespace {

constexpr int LongestTurn = 4000; ///< characters that are shown of a turn

QString turnWord(const std::string &role)
{
    if (role == "system")
        return ImportRowView::tr("System");
    if (role == "user")
        return ImportRowView::tr("User");
    if (role == "assistant")
        return ImportRowView::tr("Assistant");
    return fromUtf8(role);
}

class TurnCard final : public QFrame {
public:
    TurnCard(const Message &turn, QLabel *tokens)
    {
        auto *role = new QLabel(turnWord(turn.role));
        role->setProperty("strong", true);
        tokens->setProperty("mono", true);
        auto *head = new QHBoxLayout;
        head->addWidget(role);
        head->addStretch(1);
        QString text = fromUtf8(turn.content);
        if (looksLikeJsonText(text))
            head->addWidget(new Badge(ImportRowView::tr("JSON"), Tone::Neutral));
        head->addWidget(tokens);
        if (text.size() > LongestTurn)
            text = text.left(LongestTurn) + QStringLiteral(" …");
        auto *words = new QLabel;
        words->setTextFormat(Qt::PlainText);
        words->setText(text);
        words->setWordWrap(true);
        words->setTextInteractionFlags(Qt::TextSelectableByMouse);
        words->setProperty("mono", looksLikeJsonText(text));
        auto *layout = new QVBoxLayout(this);
        layout->setContentsMargins(scaled(10), scaled(6), scaled(10), scaled(8));
        layout->setSpacing(scaled(4));
        layout->addLayout(head);
        layout->addWidget(words);
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        drawPanel(&painter, rect(), scaled(6), Token::Surface, Token::Line);
    }

private:
    static bool looksLikeJsonText(const QString &text)
    {
        const QString start = text.trimmed();
        return start.startsWith(QLatin1Char('{')) || start.startsWith(QLatin1Char('['));
    }
};

} // namespace

ImportRowView::ImportRowView(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session), m_header(new PanelHeader), m_scroll(new QScrollArea), m_tokens(new QLabel),
      m_strip(new TokenStrip), m_preview(new PreviewWorker(this)), m_splitPart(new QWidget), m_splitWhy(new QLabel),
      m_split(new ImportSplitView)
{
    setBackground(this, Token::Surface);
    auto *up = new IconButton("chevron-up", tr("Row before"));
    auto *down = new IconButton("chevron-down", tr("Next row"));
    m_header->addWidget(up);
    m_header->addWidget(down);
    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setAccessibleName(tr("Row as it will be"));
    m_tokens->setProperty("caption", true);
    m_strip->setFoldLongRuns(true);
    m_strip->setAccessibleName(tr("What the model will see"));
    auto *title = new QLabel(tr("What the model will see"));
    title->setProperty("strong", true);
    auto *head = new QHBoxLayout;
    head->addWidget(title);
    head->addWidget(m_tokens);
    head->addStretch(1);
    auto *below = new QVBoxLayout;
    below->setContentsMargins(scaled(16), scaled(8), scaled(16), scaled(12));
    below->setSpacing(scaled(6));
    below->addLayout(head);
    below->addWidget(m_strip, 1);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_header);
    layout->addWidget(m_scroll, 3);
    layout->addLayout(below, 2);
    auto *line = new QFrame;
    line->setFixedHeight(1);
    setBackground(line, Token::Line);
    auto *splitTitle = new QLabel(tr("Split"));
    splitTitle->setProperty("strong", true);
    m_splitWhy->setProperty("caption", true);
    auto *change = new KeyButton(tr("Change"), KeyButton::Link);
    change->setObjectName(QStringLiteral("changeSplit"));
    change->setAccessibleName(tr("Change the split"));
    auto *splitHead = new QHBoxLayout;
    splitHead->addWidget(splitTitle);
    splitHead->addWidget(m_splitWhy, 1);
    splitHead->addWidget(change);
    auto *splitLayout = new QVBoxLayout(m_splitPart);
    splitLayout->setContentsMargins(scaled(16), scaled(8), scaled(16), scaled(8));
    splitLayout->setSpacing(scaled(4));
    splitLayout->addLayout(splitHead);
    splitLayout->addWidget(m_split);
    layout->addWidget(line);
    layout->addWidget(m_splitPart);
    m_splitPart->hide();
    connect(change, &QPushButton::clicked, this, &ImportRowView::splitAsked);
    connect(up, &QToolButton::clicked, this, [this] { Q_EMIT stepAsked(-1); });
    connect(down, &QToolButton::clicked, this, [this] { Q_EMIT stepAsked(1); });
    connect(m_preview, &PreviewWorker::answered, this, [this](const auto &shown) { showTokens(*shown); });
    connect(&session, &Session::encoderChanged, this, &ImportRowView::askTokens);
    connect(&session, &Session::maxLengthChanged, this, &ImportRowView::askTokens);
    showRecord(0, nullptr);
}

void ImportRowView::showRecord(int index, const PreviewRecord *record)
{
    m_header->setTitle(record ? tr("Row %1 as it will be").arg(formatCount(index + 1)) : tr("Row as it will be"));
    m_header->setCaption(record && record->line > 0 ? tr("line %1").arg(formatCount(record->line)) : QString());
    m_turnTokens.clear();
    m_turns.clear();
    auto *inside = new QWidget;
    setBackground(inside, Token::Surface);
    auto *layout = new QVBoxLayout(inside);
    layout->setContentsMargins(scaled(16), scaled(12), scaled(16), scaled(8));
    layout->setSpacing(scaled(8));
    const auto say = [&](const QString &text, const char *tone) {
        auto *label = new QLabel(text);
        label->setWordWrap(true);
        label->setProperty("tone", tone);
        label->setObjectName(QStringLiteral("rowReason"));
        layout->addWidget(label);
    };
    if (record && record->example) {
        const Example &example = *record->example;
        m_turns = example.messages;
        for (const Message &turn : example.messages) {
            m_turnTokens << new QLabel;
            layout->addWidget(new TurnCard(turn, m_turnTokens.back()));
        }
        auto *marks = new QWidget;
        auto *flow = new FlowLayout(marks, scaled(6), scaled(4));
        flow->setContentsMargins(0, 0, 0, 0);
        for (const std::string &tag : example.tags)
            flow->addWidget(new Badge(fromUtf8(tag), Tone::Neutral, "tag"));
        if (example.rating > 0)
            flow->addWidget(
                new Badge(example.rating == 1 ? tr("1 star") : tr("%1 stars").arg(example.rating), Tone::Neutral));
        if (example.part)
            flow->addWidget(new Badge(fromUtf8(name(*example.part)), Tone::Accent));
        if (!example.notes.empty())
            flow->addWidget(new Badge(oneLine(fromUtf8(example.notes), 60), Tone::Neutral, "note"));
        layout->addWidget(marks);
    } else if (record && record->reject) {
        say(tr("This record does not come in: %1").arg(fromUtf8(record->reject->reason)), "bad");
    } else if (record) {
        say(tr("It becomes a conversation once question and answer are chosen."), "muted");
    } else {
        say(tr("Choose a row at the left."), "muted");
    }
    layout->addStretch(1);
    m_scroll->setWidget(inside);
    inside->show();
    askTokens();
}

void ImportRowView::showSplit(const std::array<std::int64_t, 3> &counts, bool about, const QString &why)
{
    m_splitPart->setVisible(!why.isEmpty());
    m_splitWhy->setText(why);
    m_split->setCounts(counts, about);
}

void ImportRowView::askTokens()
{
    m_preview->forget();
    m_tokens->clear();
    m_strip->setTokens({});
    if (m_turns.empty()) {
        m_strip->setPlaceholder(tr("No row, no tokens"));
    } else if (m_session.encoder()) {
        m_preview->ask(m_session.encoder(), 0, m_turns, m_session.maxLength());
    } else {
        m_strip->setPlaceholder(m_session.encoderError().isEmpty() ? tr("Loading the tokenizer")
                                                                   : m_session.encoderError());
    }
}

void ImportRowView::showTokens(const ShownPreview &shown)
{
    if (!shown.preview) {
        m_strip->setPlaceholder(fromUtf8(shown.preview.error().message));
        return;
    }
    const ExamplePreview &preview = *shown.preview;
    if (preview.tokens.empty() && !preview.problems.empty()) {
        m_strip->setPlaceholder(fromUtf8(preview.problems.front().sentence));
        return;
    }
    m_strip->setTokens(shown.tokens);
    QString words = tr("%1 tokens").arg(formatCount(preview.total()));
    if (preview.cut > 0)
        words += tr(", %1 cut at %2").arg(formatCount(preview.cut), formatCount(shown.maxLength));
    m_tokens->setText(words);
    for (qsizetype i = 0; i < m_turnTokens.size() && i < static_cast<qsizetype>(preview.messageTokens.size()); ++i)
        m_turnTokens[i]->setText(
            tr("%1 tokens").arg(formatCount(preview.messageTokens[static_cast<std::size_t>(i)])));
}

} // namespace attune::ui
