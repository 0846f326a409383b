#include "ui/data/editor_tokens.h"

#include "ui/data/editor_widgets.h"
#include "ui/theme/theme.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace attune::ui {

namespace {
constexpr int MostNotices = 2;
constexpr int NarrowWidth = 480; ///< below it the number of tokens gives way to what they are
constexpr std::int64_t LengthStep = 64;
constexpr std::int64_t MostRaised =
    32'768; ///< beyond it no run of a small machine fits: the row is what has to change
} // namespace

EditorTokens::EditorTokens(QWidget *parent)
    : QFrame(parent), m_fold(new IconButton("chevron-down", tr("Fold what the model will see"))), m_total(new QLabel),
      m_legend(new TokenLegend), m_strip(new TokenStrip), m_head(new QWidget), m_layout(new QVBoxLayout(this))
{
    setObjectName(QStringLiteral("tokens"));
    m_layout->setContentsMargins(1, 1, 1, 1);
    m_layout->setSpacing(0);
    auto *head = new QHBoxLayout(m_head);
    head->setContentsMargins(10, 3, 10, 3);
    head->setSpacing(8);
    m_fold->setObjectName(QStringLiteral("foldTokens"));
    followTheme(this, [this] {
        m_fold->setFixedSize(scaled(24), scaled(24));
        m_strip->setMinimumHeight(scaled(110));
    });
    m_total->setProperty("mono", true);
    m_total->setProperty("tone", QStringLiteral("muted"));
    head->addWidget(new CardTitle(tr("What the model will see")));
    head->addWidget(m_total);
    head->addStretch();
    head->addWidget(m_legend);
    head->addWidget(m_fold);
    m_layout->addWidget(m_head);
    m_strip->setObjectName(QStringLiteral("tokenStrip"));
    m_strip->setAccessibleName(tr("Tokens of the row"));
    m_strip->setFrameShape(QFrame::NoFrame);
    m_strip->setFoldLongRuns(true);
    setBackground(m_strip->viewport(), Token::Sunken);
    m_layout->addWidget(m_strip, 1);
    for (int i = 0; i < MostNotices; ++i) {
        m_notices.append(new InlineNotice(Tone::Warn));
        m_notices.back()->setObjectName(QStringLiteral("previewNotice%1").arg(i));
        m_notices.back()->hide();
        m_layout->addWidget(m_notices.back());
    }
    connect(m_fold, &QToolButton::clicked, this, [this] { setCollapsed(!m_collapsed); });
    connect(m_strip, &TokenStrip::tokenClicked, this, [this](int index) {
        if (!m_shown || !m_shown->preview || index < 0)
            return;
        const PreviewToken &token = m_shown->preview->tokens[static_cast<std::size_t>(index)];
        const std::int64_t begin = contentBegin(token.message);
        if (token.message >= 0 && begin >= 0)
            Q_EMIT turnAsked(token.message, std::max<std::int64_t>(0, token.begin - begin));
    });
    showWhy({}, false);
    setCollapsed(false);
}

void EditorTokens::showWhy(const QString &why, bool failed)
{
    m_shown.reset();
    m_why = why;
    m_total->clear();
    m_legend->hide();
    m_strip->setTokens({});
    m_strip->setPlaceholder(failed ? QString() : why);
    for (InlineNotice *notice : m_notices)
        notice->hide();
    if (failed)
        m_notices.front()->show(Tone::Bad, why);
}

void EditorTokens::showPreview(std::shared_ptr<const ShownPreview> shown)
{
    if (!shown->preview) {
        showWhy(fromUtf8(shown->preview.error().message), true);
        return;
    }
    m_shown = std::move(shown);
    m_why.clear();
    const ExamplePreview &preview = *m_shown->preview;
    m_total->setText(preview.total() == 1 ? tr("1 token") : tr("%1 tokens").arg(formatCount(preview.total())));
    m_legend->setCounts(preview.trained, preview.masked, preview.cut);
    m_legend->show();
    m_strip->setPlaceholder(preview.tokens.empty() ? tr("The template makes no text of this row.") : QString());
    m_strip->setTokens(m_shown->tokens);
    showProblems();
}

std::int64_t EditorTokens::raisedLength(const ExamplePreview &preview)
{
    return (preview.lengthForAnswers + LengthStep - 1) / LengthStep * LengthStep;
}

void EditorTokens::showProblems()
{
    const ExamplePreview &preview = *m_shown->preview;
    const bool nothing = std::ranges::any_of(preview.problems, [](const PreviewProblem &problem) {
        return problem.kind == ProblemKind::NothingTrained;
    });
    auto next = preview.problems.begin();
    for (InlineNotice *const notice : m_notices) {
        while (nothing && next != preview.problems.end() && next->kind == ProblemKind::Cut)
            ++next; // that it is cut is why nothing is trained, and said there
        if (next == preview.problems.end()) {
            notice->hide();
            continue;
        }
        const PreviewProblem &problem = *next++;
        InlineNotice::Links links;
        const std::int64_t raised = raisedLength(preview);
        if (preview.cut > 0 && (problem.kind == ProblemKind::Cut || problem.kind == ProblemKind::NothingTrained) &&
            raised > m_shown->maxLength && raised <= MostRaised) {
            links.append({tr("Raise to %1").arg(raised), [this, raised] { Q_EMIT raiseAsked(raised); }});
            if (withoutQuotes(m_shown->turns) != m_shown->turns)
                links.append({tr("Trim quoted mail"), [this] { Q_EMIT trimAsked(); }});
        } else if (problem.kind == ProblemKind::NothingTrained) {
            links.append({tr("Write the answer"), [this] { Q_EMIT answerAsked(); }});
        }
        if (problem.message) {
            const int turn = static_cast<int>(*problem.message);
            links.append({tr("Go to turn %1").arg(turn + 1), [this, turn] { Q_EMIT turnAsked(turn, 0); }});
        }
        links.append({tr("Drop row"), [this] { Q_EMIT dropAsked(); }});
        const bool stops = problem.kind == ProblemKind::NothingTrained || problem.kind == ProblemKind::RoleOrder;
        notice->show(stops ? Tone::Bad : Tone::Warn, fromUtf8(problem.sentence), links);
    }
}

/// The template may trim what it takes in, and a token may begin a space before it, so the content is looked for.
std::int64_t EditorTokens::contentBegin(int turn) const
{
    if (!m_shown || !m_shown->preview || turn < 0 || static_cast<std::size_t>(turn) >= m_shown->turns.size())
        return -1;
    const ExamplePreview &preview = *m_shown->preview;
    const auto first = std::ranges::find_if(preview.tokens, [turn](const PreviewToken &token) {
        return token.message == turn;
    });
    if (first == preview.tokens.end())
        return -1;
    const std::string &content = m_shown->turns[static_cast<std::size_t>(turn)].content;
    const auto lead = content.find_first_not_of(" \t\r\n");
    if (lead == std::string::npos)
        return -1;
    const auto trail = content.find_last_not_of(" \t\r\n");
    const auto from = static_cast<std::size_t>(std::max<std::int64_t>(0, first->begin - 16));
    const auto at = preview.text.find(content.substr(lead, trail - lead + 1), from);
    return at == std::string::npos ? -1 : static_cast<std::int64_t>(at) - static_cast<std::int64_t>(lead);
}

void EditorTokens::link(int turn, std::int64_t byte)
{
    const std::int64_t begin = contentBegin(turn);
    if (begin < 0) {
        m_strip->setLinkedToken(-1);
        return;
    }
    const std::int64_t at = begin + byte;
    const auto &tokens = m_shown->preview->tokens;
    const auto behind = std::ranges::upper_bound(tokens, at, {}, &PreviewToken::begin);
    m_strip->setLinkedToken(static_cast<int>(behind - tokens.begin()) - 1);
}

QSize EditorTokens::minimumSizeHint() const
{
    return {scaled(300), QFrame::minimumSizeHint().height()};
}

void EditorTokens::resizeEvent(QResizeEvent *event)
{
    QFrame::resizeEvent(event);
    m_total->setVisible(width() >= scaled(NarrowWidth));
}

void EditorTokens::setCollapsed(bool collapsed)
{
    m_collapsed = collapsed;
    m_strip->setVisible(!collapsed);
    m_fold->setIconName(collapsed ? "chevron-right" : "chevron-down");
    m_fold->setName(collapsed ? tr("Show what the model will see") : tr("Fold what the model will see"));
    setSizePolicy(QSizePolicy::Expanding, collapsed ? QSizePolicy::Fixed : QSizePolicy::Expanding);
    Q_EMIT collapsedChanged(collapsed);
}

void EditorTokens::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawPanel(&painter, rect(), 8, Token::Sunken, Token::Line);
    if (!m_collapsed)
        drawLine(&painter, QPoint(1, m_head->geometry().bottom()), QPoint(width() - 2, m_head->geometry().bottom()));
}

} // namespace attune::ui
