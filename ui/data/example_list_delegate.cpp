#include "ui/data/example_list_delegate.h"

#include "ui/data/data_words.h"
#include "ui/data/example_list_model.h"
#include "ui/theme/theme.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/format.h"
#include "ui/widgets/paint.h"

#include <QComboBox>
#include <QLineEdit>
#include <QPainter>
#include <QTimer>

namespace attune::ui {

namespace {

/// Tokens, right-aligned; where cut, in amber behind scissors. Returns the width that was used.
int drawTokens(QPainter *painter, const QRect &area, const ExampleSummary &row, std::int64_t maxLength,
               TextStyle style)
{
    if (!row.tokens)
        return 0;
    const QString text = formatCount(*row.tokens);
    const bool cut = isCut(row, maxLength);
    drawText(painter, area, text, style, cut ? Token::Warn : Token::Text3, Qt::AlignRight | Qt::AlignVCenter);
    int width = textWidth(text, style);
    if (cut) {
        const int size = scaled(12);
        const QRect box(area.right() + 1 - width - scaled(4) - size, area.center().y() - size / 2, size, size);
        painter->drawPixmap(box, iconPixmap("scissors", Token::Warn, size, painter->device()->devicePixelRatioF()));
        width += scaled(4) + size;
    }
    return width;
}

} // namespace

ExampleListDelegate::ExampleListDelegate(const ExampleListModel &model, QObject *parent)
    : QStyledItemDelegate(parent), m_model(model)
{
}

QSize ExampleListDelegate::sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const
{
    return {scaled(200), scaled(m_oneLine ? 34 : 50)};
}

void ExampleListDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    drawRowBackground(painter, option, true, option.state & QStyle::State_Selected);
    const ExampleSummary *row = m_model.summaryAt(index.row());
    const QRect area = option.rect.adjusted(scaled(12), 0, -scaled(12), 0);
    const QString number = QString::number(m_model.idAt(index.row()));
    const int half = option.rect.height() / 2;
    const QRect upper = m_oneLine ? area : QRect(area.left(), area.top() + scaled(5), area.width(), half - scaled(5));
    const QRect lower = m_oneLine ? area : QRect(area.left(), area.top() + half, area.width(), half - scaled(6));
    if (!row) {
        drawText(painter, lower, number, TextStyle::MonoSmall, Token::Text3, Qt::AlignRight | Qt::AlignVCenter);
        return;
    }
    const int icon = scaled(16);
    drawState(painter, {area.left() - scaled(2), upper.top(), icon, upper.height()}, row->state);
    const int left = area.left() + scaled(22);

    const int tokens = drawTokens(painter, upper, *row, m_model.maxLength(), TextStyle::Mono);
    const int column = std::max(tokens, scaled(52)) + scaled(8); // a steady edge for most rows
    const QRect promptArea(left, upper.top(), upper.right() - column - left, upper.height());
    const QString prompt = fromUtf8(row->prompt);
    drawText(painter, promptArea, prompt.isEmpty() ? tr("No prompt yet") : prompt, TextStyle::Body,
             prompt.isEmpty() ? Token::Text3 : Token::Text);
    if (m_oneLine)
        return;
    drawText(painter, lower, number, TextStyle::MonoSmall, Token::Text3, Qt::AlignRight | Qt::AlignVCenter);
    const QRect answerArea(left, lower.top(), lower.right() - column - left, lower.height());
    const QString answer = fromUtf8(row->answer);
    if (answer.isEmpty())
        drawText(painter, answerArea, tr("no answer"), TextStyle::Small, Token::Text3);
    else
        drawText(painter, answerArea, answer, TextStyle::MonoSmall, Token::Text3);
}

// --- the table ---

ExampleTableDelegate::ExampleTableDelegate(const ExampleListModel &model, QObject *parent)
    : QStyledItemDelegate(parent), m_model(model)
{
}

QSize ExampleTableDelegate::sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const
{
    return {scaled(60), scaled(28)};
}

void ExampleTableDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option,
                                 const QModelIndex &index) const
{
    drawRowBackground(painter, option, true, false);
    const ExampleSummary *row = m_model.summaryAt(index.row());
    if (!row)
        return;
    const QRect area = option.rect.adjusted(scaled(8), 0, -scaled(8), 0);
    switch (index.column()) {
    case ExampleListModel::State: {
        drawState(painter, {area.left(), area.top(), scaled(16), area.height()}, row->state);
        drawText(painter, area.adjusted(scaled(22), 0, 0, 0), stateWord(row->state), TextStyle::Small, Token::Text2);
        break;
    }
    case ExampleListModel::Split:
        drawPartMark(painter, {area.left(), area.top(), scaled(10), area.height()}, row->part);
        drawText(painter, area.adjusted(scaled(16), 0, 0, 0), partWord(row->part), TextStyle::Small, Token::Text2);
        break;
    case ExampleListModel::Prompt:
        drawText(painter, area, fromUtf8(row->prompt), TextStyle::Body, Token::Text);
        break;
    case ExampleListModel::Answer:
        drawText(painter, area, fromUtf8(row->answer), TextStyle::MonoSmall, Token::Text2);
        break;
    case ExampleListModel::Tokens:
        drawTokens(painter, area, *row, m_model.maxLength(), TextStyle::MonoSmall);
        break;
    case ExampleListModel::Rating:
        if (row->rating > 0)
            drawStars(painter, area, row->rating);
        break;
    case ExampleListModel::Tags: {
        QRect rest = area;
        for (const std::string &tag : row->tags) {
            if (rest.width() < scaled(24))
                break;
            drawBadge(painter, rest, fromUtf8(tag), Tone::Neutral);
            rest.setLeft(rest.left() + badgeSize(fromUtf8(tag)).width() + scaled(4));
        }
        break;
    }
    case ExampleListModel::Issues: {
        QRect rest = area;
        const ProblemSet set = problemsOf(*row, m_model.maxLength());
        for (const ProblemKind kind : allProblems()) {
            if (!set.test(static_cast<std::size_t>(kind)) || rest.width() < scaled(24))
                continue;
            drawBadge(painter, rest, problemShort(kind), problemTone(kind), problemIcon(kind));
            rest.setLeft(rest.left() + badgeSize(problemShort(kind), problemIcon(kind)).width() + scaled(4));
        }
        break;
    }
    default: break;
    }
}

QWidget *ExampleTableDelegate::createEditor(QWidget *parent, const QStyleOptionViewItem &,
                                            const QModelIndex &index) const
{
    if (index.column() == ExampleListModel::Tags) {
        auto *field = new QLineEdit(parent);
        field->setAccessibleName(tr("Tags of row %1, with commas between").arg(m_model.idAt(index.row())));
        field->setFrame(false);
        return field;
    }
    auto *choice = new QComboBox(parent);
    choice->setAccessibleName(tr("%1 of row %2")
                                  .arg(m_model.headerData(index.column(), Qt::Horizontal).toString())
                                  .arg(m_model.idAt(index.row())));
    if (index.column() == ExampleListModel::State)
        for (int i = 0; i < 4; ++i)
            choice->addItem(stateWord(static_cast<LabelState>(i)), i);
    else if (index.column() == ExampleListModel::Split) {
        for (int i = 0; i < 3; ++i)
            choice->addItem(partWord(static_cast<Part>(i)), i);
        choice->addItem(partWord({}), -1);
    } else {
        choice->addItem(tr("None"), 0);
        for (int i = 1; i <= 5; ++i)
            choice->addItem(QString::number(i), i);
    }
    // A choice made is a change made: no second key.
    auto *self = const_cast<ExampleTableDelegate *>(this);
    connect(choice, &QComboBox::activated, self, [self, choice] {
        Q_EMIT self->commitData(choice);
        Q_EMIT self->closeEditor(choice);
    });
    QTimer::singleShot(0, choice, &QComboBox::showPopup);
    return choice;
}

void ExampleTableDelegate::setEditorData(QWidget *editor, const QModelIndex &index) const
{
    if (auto *choice = qobject_cast<QComboBox *>(editor))
        choice->setCurrentIndex(choice->findData(index.data(Qt::EditRole).toInt()));
    else if (auto *field = qobject_cast<QLineEdit *>(editor); field && !field->isModified())
        field->setText(index.data(Qt::EditRole).toString());
}

void ExampleTableDelegate::setModelData(QWidget *editor, QAbstractItemModel *model, const QModelIndex &index) const
{
    QVariant value;
    if (auto *choice = qobject_cast<QComboBox *>(editor))
        value = choice->currentData();
    else if (auto *field = qobject_cast<QLineEdit *>(editor))
        value = field->text();
    if (value != index.data(Qt::EditRole))
        model->setData(index, value);
}

void ExampleTableDelegate::updateEditorGeometry(QWidget *editor, const QStyleOptionViewItem &option,
                                                const QModelIndex &) const
{
    QRect box = option.rect;
    box.setWidth(std::max(box.width(), editor->sizeHint().width()));
    editor->setGeometry(box);
}

} // namespace attune::ui
