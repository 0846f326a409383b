#include "ui/train/samples_view.h"

#include "ui/theme/theme.h"
#include "ui/train/sample_mark.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/format.h"
#include "ui/widgets/paint.h"
#include "ui/widgets/word_diff.h"

#include <QDialog>
#include <QHeaderView>
#include <QLabel>
#include <QPainter>
#include <QScrollArea>
#include <QStandardItemModel>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QTextEdit>
#include <QTextLayout>
#include <QVBoxLayout>

#include <algorithm>

namespace attune::ui {
namespace {

enum SampleRole { MarkRole = Qt::UserRole, ToneRole };
constexpr int narrowest = 170; // px of a column of answers

/// Two lines of an answer behind its mark.
class SampleDelegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        painter->save();
        drawRowBackground(painter, option);
        const bool prompt = index.column() == 0;
        QRect area = option.rect.adjusted(scaled(8), scaled(5), -scaled(8), -scaled(4));
        const QVariant mark = index.data(MarkRole);
        if (mark.isValid())
            area.setLeft(area.left() + drawMark(painter, area, mark.toString(), index.data(ToneRole).value<Tone>()));
        const QFont face = font(prompt ? TextStyle::Strong : TextStyle::MonoSmall);
        painter->setFont(face);
        painter->setPen(color(prompt ? Token::Text : Token::Text2));
        drawTwoLines(painter, area, index.data().toString(), face);
        painter->restore();
    }
    QSize sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const override
    {
        return {scaled(100), scaled(42)};
    }

private:
    /// How many fields are right, or whether all is; the room that it takes.
    static int drawMark(QPainter *painter, const QRect &area, const QString &fields, Tone tone)
    {
        if (!fields.isEmpty()) {
            const QFont face = font(TextStyle::MonoSmall);
            painter->setFont(face);
            painter->setPen(color(toneText(tone)));
            painter->drawText(area.left(), area.top() + QFontMetrics(face).ascent(), fields);
            return QFontMetrics(face).horizontalAdvance(fields) + scaled(8);
        }
        const int size = scaled(12);
        painter->drawPixmap(area.left(), area.top() + scaled(2),
                            iconPixmap(tone == Tone::Ok ? "check" : "x", toneText(tone), size,
                                       painter->device()->devicePixelRatioF()));
        return size + scaled(6);
    }
    static void drawTwoLines(QPainter *painter, const QRect &area, const QString &text, const QFont &face)
    {
        const QFontMetrics metrics(face);
        QTextLayout layout(text, face);
        layout.beginLayout();
        QTextLine first = layout.createLine();
        if (first.isValid())
            first.setLineWidth(area.width());
        const int begin = first.isValid() ? first.textLength() : 0;
        layout.endLayout();
        painter->drawText(area.left(), area.top() + metrics.ascent(), text.left(begin).trimmed());
        if (begin < text.size())
            painter->drawText(area.left(), area.top() + metrics.ascent() + scaled(16),
                              elided(text.mid(begin).trimmed(), metrics, area.width()));
    }
};

QString promptText(const SampleAnswer &answer)
{
    return oneLine(fromUtf8(answer.prompt), 160);
}

QTextEdit *textBox(QWidget *parent)
{
    auto *edit = new QTextEdit(parent);
    edit->setReadOnly(true);
    edit->setFont(ui::font(TextStyle::Mono));
    edit->document()->setDefaultFont(ui::font(TextStyle::Mono));
    edit->setMinimumHeight(scaled(72));
    return edit;
}

} // namespace

SamplesView::SamplesView(QWidget *parent)
    : QWidget(parent), m_model(new QStandardItemModel(this)), m_table(new QTableView), m_none(new QLabel)
{
    m_table->setObjectName(QStringLiteral("samples"));
    m_table->setAccessibleName(tr("Samples"));
    m_table->setModel(m_model);
    m_table->setItemDelegate(new SampleDelegate(this));
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setShowGrid(false);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setTabKeyNavigation(false);
    connect(m_table, &QTableView::clicked, this, [this](const QModelIndex &index) { openRow(index.row()); });
    connect(m_table, &QTableView::activated, this, [this](const QModelIndex &index) { openRow(index.row()); });
    m_none->setAlignment(Qt::AlignCenter);
    m_none->setWordWrap(true);
    m_none->setProperty("caption", true);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_table);
    layout->addWidget(m_none);
    m_table->hide();
    connect(&Theme::instance(), &Theme::changed, this, &SamplesView::fill); // rows as high as the text of now
}

void SamplesView::setSamples(const std::vector<SamplesOfStep> &samples, const QString &whyNone)
{
    m_none->setText(whyNone);
    m_none->setVisible(samples.empty());
    m_table->setVisible(!samples.empty());
    if (samples == m_samples)
        return;
    m_samples = samples;
    fill();
}

void SamplesView::fill()
{
    m_table->verticalHeader()->setDefaultSectionSize(scaled(42));
    const int room = std::max(1, (width() - scaled(150)) / scaled(narrowest));
    m_columns = std::min<int>(room, static_cast<int>(m_samples.size()));
    std::vector<const SamplesOfStep *> shown;
    if (!m_samples.empty() && m_columns > 0) {
        if (m_columns > 1 || m_samples.size() == 1)
            shown.push_back(&m_samples.front());
        for (std::size_t i = m_samples.size() - (static_cast<std::size_t>(m_columns) - shown.size());
             i < m_samples.size(); ++i)
            shown.push_back(&m_samples[i]);
    }
    m_model->clear();
    QStringList header = {tr("Prompt")};
    for (const SamplesOfStep *samples : shown)
        header << (samples->step == 0 ? tr("Step 0 (base)") : tr("Step %1").arg(samples->step));
    const std::size_t rows = m_samples.empty() ? 0 : m_samples.front().answers.size();
    for (std::size_t row = 0; row < rows; ++row) {
        QList<QStandardItem *> items;
        auto *prompt = new QStandardItem(promptText(m_samples.front().answers[row]));
        prompt->setToolTip(fromUtf8(m_samples.front().answers[row].prompt));
        items << prompt;
        for (const SamplesOfStep *samples : shown) {
            auto *item = new QStandardItem;
            if (row < samples->answers.size()) {
                const SampleAnswer &answer = samples->answers[row];
                const QString text = oneLine(fromUtf8(answer.text), 400);
                item->setText(text);
                const SampleMark mark = markOf(answer);
                item->setData(mark.fields, MarkRole);
                item->setData(QVariant::fromValue(mark.tone), ToneRole);
                item->setToolTip(mark.words);
                item->setData(tr("%1: %2").arg(mark.words, text), Qt::AccessibleTextRole);
            }
            items << item;
        }
        m_model->appendRow(items);
    }
    m_model->setHorizontalHeaderLabels(header);
    for (int column = 0; column < m_model->columnCount(); ++column)
        m_table->horizontalHeader()->setSectionResizeMode(column, column == 0 ? QHeaderView::Fixed
                                                                              : QHeaderView::Stretch);
    if (m_model->columnCount() > 0)
        m_table->setColumnWidth(0, scaled(150));
}

void SamplesView::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    const int room = std::max(1, (width() - scaled(150)) / scaled(narrowest));
    if (std::min<int>(room, static_cast<int>(m_samples.size())) != m_columns)
        fill();
}

/// All steps of one prompt, each with what changed since the one before.
void SamplesView::openRow(int row)
{
    const auto at = static_cast<std::size_t>(row);
    if (m_samples.empty() || row < 0 || at >= m_samples.front().answers.size())
        return;
    auto *dialog = new QDialog(window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setObjectName(QStringLiteral("sampleDialog"));
    const SampleAnswer &first = m_samples.front().answers[at];
    dialog->setWindowTitle(tr("Row %1").arg(first.row));
    auto *content = new QWidget;
    auto *layout = new QVBoxLayout(content);
    const auto add = [&](const QString &title, const QVector<DiffPiece> &pieces) {
        auto *label = new QLabel(title);
        setTextStyle(label, TextStyle::Strong);
        auto *text = textBox(content);
        text->setAccessibleName(title);
        showDiff(text->document(), pieces, true, true);
        layout->addWidget(label);
        layout->addWidget(text);
    };
    add(tr("Prompt"), {{DiffPiece::Same, fromUtf8(first.prompt)}});
    add(tr("Expected"), {{DiffPiece::Same, fromUtf8(first.expected)}});
    QString before;
    for (const SamplesOfStep &samples : m_samples) {
        if (at >= samples.answers.size())
            continue;
        const QString text = fromUtf8(samples.answers[at].text);
        const QString title = samples.step == 0 ? tr("Step 0 (base)")
                                                : tr("Step %1, changes since the step before").arg(samples.step);
        add(title, samples.step == 0 ? QVector<DiffPiece>{{DiffPiece::Same, text}} : wordDiff(before, text));
        before = text;
    }
    auto *area = new QScrollArea;
    area->setWidget(content);
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    auto *outer = new QVBoxLayout(dialog);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(area);
    dialog->resize(scaled(640), scaled(640));
    dialog->show();
}

} // namespace attune::ui
