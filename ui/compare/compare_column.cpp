#include "ui/compare/compare_column.h"

#include "core/eval/scorers.h"
#include "ui/compare/answer_view.h"
#include "ui/compare/model_picker.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QStackedWidget>

#include <algorithm>

namespace attune::ui {
namespace {

QString roleWord(const std::string &role)
{
    return role == "user"     ? CompareColumnView::tr("User")
           : role == "system" ? CompareColumnView::tr("System")
                              : CompareColumnView::tr("Assistant");
}

/// Figures behind dots; where it is narrow the last ones go, whole.
class FiguresLabel final : public QLabel {
public:
    QSize minimumSizeHint() const override
    {
        return {fontMetrics().horizontalAdvance(text().section(separator(), 0, 0)) + 1,
                QLabel::minimumSizeHint().height()};
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QString shown = text();
        while (fontMetrics().horizontalAdvance(shown) > width() && shown.contains(separator()))
            shown = shown.section(separator(), 0, -2);
        setToolTip(shown == text() ? QString() : text());
        QPainter painter(this);
        painter.setPen(palette().color(QPalette::WindowText));
        painter.drawText(rect(), Qt::AlignRight | Qt::AlignVCenter, shown);
    }

private:
    static QString separator() { return QStringLiteral(" · "); }
};

} // namespace

CompareColumnView::CompareColumnView(int index, QWidget *parent) : QFrame(parent), m_index(index)
{
    setObjectName(QStringLiteral("column%1").arg(index + 1));
    setAccessibleName(tr("Column %1").arg(index + 1));
    setFrameShape(QFrame::NoFrame);
    setBackground(this, Token::Surface);

    m_picker = new ModelPicker(index);
    m_state = new Badge;
    m_state->setObjectName(QStringLiteral("state"));
    m_stop = new IconButton("stop", tr("Stop column %1").arg(index + 1));
    m_stop->setObjectName(QStringLiteral("stop"));
    auto *more = new IconButton("more", tr("More for column %1").arg(index + 1));
    m_menu = new QMenu(this);
    m_menu->addAction(icon("plus"), tr("Add answer to Data"), this, &CompareColumnView::addToDataAsked)
        ->setObjectName(QStringLiteral("compare.column.add"));
    m_menu->addAction(icon("copy"), tr("Copy answer"), this, &CompareColumnView::copyAsked)
        ->setObjectName(QStringLiteral("compare.column.copy"));
    more->setMenu(m_menu);
    more->setPopupMode(QToolButton::InstantPopup);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(scaled(6), scaled(4), scaled(8), scaled(4)); // the mark stands over the answer
    head->setSpacing(scaled(6));
    head->addWidget(m_picker, 1, Qt::AlignLeft);
    head->addWidget(m_state);
    head->addWidget(m_stop);
    head->addWidget(more);

    m_notice = new InlineNotice(Tone::Bad);
    m_notice->setObjectName(QStringLiteral("columnNotice"));
    m_notice->hide();
    m_answer = new AnswerView;
    m_answer->setObjectName(QStringLiteral("answer"));
    m_answer->setAccessibleName(tr("Answer of column %1").arg(index + 1));
    m_answer->installEventFilter(this);
    m_empty = new EmptyState("compare");
    m_hint = new QLabel;
    m_hint->setObjectName(QStringLiteral("hint"));
    m_hint->setWordWrap(true);
    m_hint->setAlignment(Qt::AlignCenter);
    m_hint->setContentsMargins(scaled(24), 0, scaled(24), 0);
    setTextStyle(m_hint, TextStyle::Body);
    setForeground(m_hint, Token::Text3);
    m_body = new QStackedWidget;
    m_body->addWidget(m_hint);
    m_body->addWidget(m_answer);
    m_body->addWidget(m_empty);

    m_json = new Badge;
    m_json->setObjectName(QStringLiteral("jsonBadge"));
    m_fields = new Badge;
    m_fields->setObjectName(QStringLiteral("fieldsBadge"));
    m_figures = new FiguresLabel;
    m_figures->setObjectName(QStringLiteral("figures"));
    m_figures->setAccessibleName(tr("Figures of column %1").arg(index + 1));
    setTextStyle(m_figures, TextStyle::MonoSmall);
    setForeground(m_figures, Token::Text3);
    m_foot = new QWidget;
    followTheme(m_foot, [this] { m_foot->setMinimumHeight(scaled(30)); }); // the same with and without badges
    auto *foot = new QHBoxLayout(m_foot);
    foot->setContentsMargins(scaled(14), scaled(4), scaled(14), scaled(8));
    foot->setSpacing(scaled(6));
    foot->addWidget(m_json);
    foot->addWidget(m_fields);
    foot->addStretch(1);
    foot->addWidget(m_figures);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(index > 0 ? 1 : 0, 0, 0, 0); // the line between columns
    layout->setSpacing(0);
    layout->addLayout(head);
    layout->addWidget(m_notice);
    layout->addWidget(m_body, 1);
    layout->addWidget(m_foot);
    connect(m_stop, &QToolButton::clicked, this, &CompareColumnView::stopAsked);
    refresh({}, {});
}

void CompareColumnView::setModel(const std::optional<Answerer> &answerer, const AnswererChoices &choices, int series,
                                 const std::string &fingerprint)
{
    m_picker->show(answerer, choices, series, fingerprint);
}

void CompareColumnView::setHint(const QString &sentence)
{
    m_hint->setText(sentence);
}

void CompareColumnView::setNobody(const QString &sentence, const QString &link, std::function<void()> act)
{
    m_empty->setText(sentence);
    m_empty->clearActions();
    m_empty->setPrimary(link, std::move(act));
}

QString CompareColumnView::stateText() const
{
    return m_state->isHidden() ? QString() : m_state->text();
}

void CompareColumnView::setLoading(double share)
{
    if (share >= 0)
        m_state->set(tr("loading %1").arg(formatShare(share)), Tone::Accent, "clock");
}

void CompareColumnView::refresh(const CompareColumn &column, const ColumnContext &context)
{
    showHead(column);
    showBody(column, context);
    showFoot(column, context);
}

void CompareColumnView::append(const QString &text, const CompareColumn &column)
{
    m_answer->append(text);
    m_figures->setText(figureWords(column));
}

void CompareColumnView::showHead(const CompareColumn &column)
{
    const StateWords words = stateWords(column);
    m_state->set(words.text, words.tone, words.icon);
    m_state->setVisible(!words.text.isEmpty());
    m_state->setAccessibleName(tr("Column %1: %2").arg(m_index + 1).arg(words.text));
    m_stop->setVisible(column.busy());
    const bool answered = !column.busy() && !column.lastAnswer().empty();
    for (QAction *action : m_menu->actions())
        action->setEnabled(answered);
    m_notice->show(Tone::Bad, column.state == AnswerState::Failed ? fromUtf8(column.error.message) : QString());
}

void CompareColumnView::showBody(const CompareColumn &column, const ColumnContext &context)
{
    m_answer->setStreaming(column.state == AnswerState::Streaming);
    if (!column.answerer) {
        m_body->setCurrentWidget(m_empty->text().isEmpty() ? static_cast<QWidget *>(m_hint) : m_empty);
        return;
    }
    if (column.conversation.empty()) {
        m_body->setCurrentWidget(m_hint);
        return;
    }
    m_body->setCurrentWidget(m_answer);
    const auto &turns = column.conversation;
    const bool answered = turns.back().role == "assistant";
    const std::size_t last = answered ? turns.size() - 1 : turns.size();
    QList<QPair<QString, QString>> earlier;
    // A lone question stands on the card above; of a longer conversation it is repeated here, or the answers could
    // not be told apart.
    const std::size_t hidden = last == 1 ? 1 : 0;
    for (std::size_t i = hidden; i < last; ++i)
        earlier << qMakePair(roleWord(turns[i].role), fromUtf8(turns[i].content));
    m_answer->setEarlier(earlier);
    const QString answer = answered ? fromUtf8(turns.back().content) : QString();
    m_answer->setAnswer(answer);
    if (context.show == ShowAnswers::Fields && !column.busy() && isJsonObject(answer)) {
        const QString against = context.toReference ? context.reference
                                : m_index == 0      ? QString()
                                                    : context.answers.value(0);
        m_answer->showFields(
            fieldLines(answer, against, fieldOrder(QStringList{context.reference} + context.answers)));
    } else if (const auto difference = differenceIn(context)) {
        m_answer->showDifference(*difference);
    } else {
        m_answer->showPlain();
    }
}

std::optional<AnswerDifference> CompareColumnView::differenceIn(const ColumnContext &context) const
{
    const QString own = context.answers.value(m_index);
    if (context.show != ShowAnswers::Difference || own.isEmpty())
        return std::nullopt;
    const bool grows = context.growing.value(m_index);
    if (context.toReference)
        return AnswerDifference{context.reference, own, true, true, false, grows};
    const bool two = context.answers.size() == 2;
    const QString other = context.answers.value(m_index == 0 ? 1 : 0);
    if (other.isEmpty() ||
        (m_index == 0 && !two)) // of several columns, the others say how they differ from the first
        return std::nullopt;
    if (m_index == 0)
        return AnswerDifference{own, other, true, false, grows, context.growing.value(1)};
    return AnswerDifference{other, own, !two, true, context.growing.value(0), grows};
}

void CompareColumnView::updateDifference(const ColumnContext &context)
{
    if (m_body->currentWidget() != m_answer || m_answer->answer() != context.answers.value(m_index))
        return; // what is shown lags behind, sentence by sentence
    if (const auto difference = differenceIn(context))
        m_answer->showDifference(*difference);
}

void CompareColumnView::showFoot(const CompareColumn &column, const ColumnContext &context)
{
    const QString answer = fromUtf8(column.lastAnswer());
    const bool wanted = looksLikeJson(answer) || isJsonObject(context.reference);
    m_json->setVisible(wanted && !answer.isEmpty());
    m_fields->hide();
    if (wanted && !answer.isEmpty()) {
        const AnswerScore score = scoreAnswer(toUtf8(answer), toUtf8(context.reference));
        if (column.busy())
            m_json->set(tr("JSON open"), Tone::Neutral, "clock");
        else if (score.validJson)
            m_json->set(tr("valid JSON"), Tone::Ok, "check");
        else
            m_json->set(tr("not valid JSON"), Tone::Bad, "x");
        if (!score.fields.empty() && !column.busy()) {
            const auto equal = std::count_if(score.fields.begin(), score.fields.end(),
                                             [](const auto &field) { return field.second; });
            const auto all = static_cast<std::ptrdiff_t>(score.fields.size());
            m_fields->set(tr("%1 of %2 fields").arg(equal).arg(all), equal == all ? Tone::Ok : Tone::Neutral,
                          equal == all ? "check" : nullptr);
            m_fields->setToolTip(tr("Fields that are equal to the reference answer"));
            m_fields->show();
        }
    } else if (!context.reference.isEmpty() && !answer.isEmpty() && !column.busy()) {
        const bool equal = scoreAnswer(toUtf8(answer), toUtf8(context.reference)).exactMatch;
        m_fields->set(equal ? tr("equals the reference") : tr("differs from the reference"),
                      equal ? Tone::Ok : Tone::Neutral, equal ? "check" : nullptr);
        m_fields->show();
    }
    m_figures->setText(figureWords(column));
    m_foot->setVisible(column.answerer.has_value());
}

bool CompareColumnView::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::FocusIn)
        Q_EMIT focused();
    return QFrame::eventFilter(watched, event);
}

void CompareColumnView::paintEvent(QPaintEvent *event)
{
    QFrame::paintEvent(event);
    QPainter painter(this);
    const int head = m_picker->geometry().bottom() + scaled(5);
    drawLine(&painter, QPoint(0, head), QPoint(width(), head));
    if (m_index > 0)
        drawLine(&painter, QPoint(0, 0), QPoint(0, height()));
}

} // namespace attune::ui
