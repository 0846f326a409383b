#include "ui/data/import_wizard_columns.h"

#include "ui/theme/draw.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/paint.h"

#include <QComboBox>
#include <QEvent>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QStackedWidget>
#include <QStandardItemModel>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QTextBlock>
#include <QTextLayout>
#include <QVBoxLayout>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr ColumnRole Roles[] = {ColumnRole::Ignore,       ColumnRole::User, ColumnRole::Assistant,
                                ColumnRole::System,       ColumnRole::Conversation, ColumnRole::Tag,
                                ColumnRole::Rating,       ColumnRole::Split, ColumnRole::Note};
constexpr int LongestCell = 240;

QString lastOf(const Example &example, const char *role)
{
    for (auto turn = example.messages.rbegin(); turn != example.messages.rend(); ++turn)
        if (turn->role == role)
            return oneLine(fromUtf8(turn->content), LongestCell);
    return {};
}

QStandardItem *cell(const QString &text, bool mono = false)
{
    auto *item = new QStandardItem(text);
    item->setEditable(false);
    item->setTextAlignment(Qt::AlignLeft | Qt::AlignTop);
    if (mono)
        item->setFont(font(TextStyle::Mono));
    return item;
}

/// Figures and JSON are compared character by character.
bool isMono(const PreviewColumn &column)
{
    return column.kind != "text" && column.kind != "empty";
}

/// Whose text a column holds, as the token view and the split colour it; none for what is left out.
int seriesOf(ColumnRole role)
{
    switch (role) {
    case ColumnRole::Ignore:
        return -1;
    case ColumnRole::User:
    case ColumnRole::Conversation:
        return 0;
    case ColumnRole::Rating:
        return 1;
    case ColumnRole::Assistant:
        return 2;
    case ColumnRole::System:
        return 3;
    case ColumnRole::Tag:
        return 4;
    case ColumnRole::Split:
    case ColumnRole::Note:
        return 5;
    }
    return -1;
}

QIcon roleIcon(ColumnRole role, qreal ratio)
{
    const int side = scaled(16);
    QPixmap picture(QSize(side, side) * ratio);
    picture.setDevicePixelRatio(ratio);
    picture.fill(Qt::transparent);
    if (const int series = seriesOf(role); series >= 0) {
        QPainter painter(&picture);
        const int edge = scaled(8);
        fillRounded(&painter, QRect((side - edge) / 2, (side - edge) / 2, edge, edge), 2, seriesColor(series));
    } else {
        QPainter painter(&picture);
        const int edge = scaled(8);
        drawPanel(&painter, QRect((side - edge) / 2, (side - edge) / 2, edge, edge), 2, Token::Surface, Token::Field);
    }
    return picture;
}

/// Two lines of a cell, the second one cut short: the view's own way leaves the tops of a third in sight.
class TwoLines final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

protected:
    void initStyleOption(QStyleOptionViewItem *option, const QModelIndex &index) const override
    {
        QStyledItemDelegate::initStyleOption(option, index);
        const int width =
            option->rect.width() - 2 * (option->widget->style()->pixelMetric(QStyle::PM_FocusFrameHMargin) + 1);
        QTextLayout layout(option->text, option->font);
        layout.beginLayout();
        QTextLine first = layout.createLine();
        if (first.isValid()) {
            first.setLineWidth(width);
            const QString rest = option->text.mid(first.textStart() + first.textLength());
            if (!rest.isEmpty())
                option->text = option->text.left(first.textStart() + first.textLength()).trimmed() +
                               QChar::LineSeparator + option->fontMetrics.elidedText(rest, Qt::ElideRight, width);
        }
        layout.endLayout();
    }
};

} // namespace

QString roleChoiceWord(ColumnRole role)
{
    switch (role) {
    case ColumnRole::Ignore:
        return ImportColumns::tr("Ignore");
    case ColumnRole::User:
        return ImportColumns::tr("User");
    case ColumnRole::Assistant:
        return ImportColumns::tr("Assistant");
    case ColumnRole::System:
        return ImportColumns::tr("System");
    case ColumnRole::Conversation:
        return ImportColumns::tr("Conversation");
    case ColumnRole::Tag:
        return ImportColumns::tr("Tag");
    case ColumnRole::Rating:
        return ImportColumns::tr("Rating");
    case ColumnRole::Split:
        return ImportColumns::tr("Split");
    case ColumnRole::Note:
        return ImportColumns::tr("Note");
    }
    return {};
}

std::vector<const PreviewRecord *> firstRecords(const CheckedImport &checked)
{
    std::vector<const PreviewRecord *> records;
    for (const ImportPreview &file : checked.files)
        for (const PreviewRecord &record : file.first)
            records.push_back(&record);
    return records;
}

RoleHeader::RoleHeader(QTableView *table) : QHeaderView(Qt::Horizontal, table), m_table(table)
{
    setSectionsClickable(false);
    setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    setMinimumSectionSize(scaled(116));
    connect(this, &QHeaderView::sectionResized, this, &RoleHeader::place);
    connect(table->horizontalScrollBar(), &QScrollBar::valueChanged, this, &RoleHeader::place);
    connect(this, &QHeaderView::sectionCountChanged, this, &RoleHeader::place);
    connect(&Theme::instance(), &Theme::changed, this, &RoleHeader::showIcons);
}

void RoleHeader::showIcons()
{
    for (QComboBox *picker : m_pickers)
        for (int i = 0; i < picker->count(); ++i)
            picker->setItemIcon(i,
                                roleIcon(static_cast<ColumnRole>(picker->itemData(i).toInt()), devicePixelRatioF()));
}

void RoleHeader::setColumns(const std::vector<PreviewColumn> &columns)
{
    while (m_pickers.size() > static_cast<qsizetype>(columns.size()))
        delete m_pickers.takeLast();
    m_kinds.clear();
    for (int i = 0; i < static_cast<int>(columns.size()); ++i) {
        const PreviewColumn &column = columns[static_cast<std::size_t>(i)];
        m_kinds << fromUtf8(column.kind);
        if (i >= m_pickers.size()) {
            auto *made = new QComboBox(this);
            for (const ColumnRole role : Roles)
                made->addItem(roleChoiceWord(role), static_cast<int>(role));
            made->installEventFilter(this);
            connect(made, &QComboBox::activated, this, [this, made] {
                Q_EMIT roleChosen(static_cast<int>(m_pickers.indexOf(made)),
                                  static_cast<ColumnRole>(made->currentData().toInt()));
            });
            m_pickers << made;
            made->show();
        }
        QComboBox *picker = m_pickers[i];
        picker->setObjectName(QStringLiteral("role_") + fromUtf8(column.name));
        picker->setAccessibleName(tr("What column %1 is used for").arg(fromUtf8(column.name)));
        picker->setCurrentIndex(picker->findData(static_cast<int>(column.role)));
    }
    showIcons();
    updateGeometry();
    Q_EMIT geometriesChanged(); // the table asks for the height anew
    place();
}

QSize RoleHeader::sizeHint() const
{
    QSize size = QHeaderView::sizeHint();
    size.setHeight(m_pickers.isEmpty() ? scaled(34) : scaled(66));
    return size;
}

void RoleHeader::place()
{
    for (int i = 0; i < m_pickers.size() && i < count(); ++i)
        m_pickers[i]->setGeometry(sectionViewportPosition(i) + scaled(8), scaled(30),
                                  std::min(sectionSize(i) - scaled(16), scaled(160)), scaled(28));
    viewport()->update();
}

void RoleHeader::fitWords()
{
    for (int i = 0; i < m_pickers.size() && i < count(); ++i) {
        const int needed =
            textWidth(m_pickers[i]->currentText(), TextStyle::Body) + scaled(84); // with mark and arrow
        if (sectionSize(i) < needed)
            resizeSection(i, needed);
    }
}

void RoleHeader::paintSection(QPainter *painter, const QRect &rect, int column) const
{
    painter->save();
    painter->fillRect(rect, color(Token::Surface));
    drawLine(painter, rect.bottomLeft(), rect.bottomRight());
    drawLine(painter, rect.topRight(), rect.bottomRight());
    const QString name = model()->headerData(column, Qt::Horizontal).toString();
    const QRect line = rect.adjusted(scaled(10), scaled(4), -scaled(6), 0);
    const QRect words(line.left(), line.top(), line.width(), scaled(24));
    drawText(painter, words, name, TextStyle::Mono, Token::Text);
    const int used = textWidth(name, TextStyle::Mono) + scaled(6);
    if (column < m_kinds.size() && used < words.width())
        drawText(painter, words.adjusted(used, 0, 0, 0), m_kinds[column], TextStyle::Caption, Token::Text3);
    painter->restore();
}

void RoleHeader::resizeEvent(QResizeEvent *event)
{
    QHeaderView::resizeEvent(event);
    place();
}

bool RoleHeader::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::FocusIn) { // walked to by Tab: into sight
        for (int i = 0; i < m_pickers.size(); ++i)
            if (m_pickers[i] == watched)
                m_table->scrollTo(m_table->model()->index(std::max(0, m_table->currentIndex().row()), i));
    }
    if (event->type() == QEvent::Wheel) // a wheel that scrolls the table must not choose a role
        return true;
    return QHeaderView::eventFilter(watched, event);
}

ImportColumns::ImportColumns(QWidget *parent)
    : QWidget(parent), m_views(new QStackedWidget), m_table(new QTableView), m_model(new QStandardItemModel(this)),
      m_header(new RoleHeader(m_table)), m_raw(new QPlainTextEdit)
{
    m_table->setObjectName(QStringLiteral("importRecords"));
    m_table->setAccessibleName(tr("First rows"));
    m_table->setHorizontalHeader(m_header);
    m_table->setModel(m_model);
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->verticalHeader()->hide();
    m_table->setItemDelegate(new TwoLines(m_table));
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    fitText();
    connect(&Theme::instance(), &Theme::changed, this, &ImportColumns::fitText);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->setTabKeyNavigation(false);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_views);
    m_views->addWidget(m_table);
    m_views->addWidget(m_raw);
    m_raw->setObjectName(QStringLiteral("importRaw"));
    m_raw->setAccessibleName(tr("First records as they stand in the file"));
    m_raw->setReadOnly(true);
    m_raw->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_raw->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_raw->setFrameShape(QFrame::NoFrame);
    m_raw->setTabChangesFocus(true);
    m_raw->setProperty("mono", true);
    connect(m_raw, &QPlainTextEdit::cursorPositionChanged, this, [this] {
        if (!m_filling && m_raw->isVisible())
            Q_EMIT currentRecordChanged(m_raw->textCursor().blockNumber());
    });
    connect(m_header, &RoleHeader::roleChosen, this, [this](int column, ColumnRole role) {
        Q_EMIT roleChosen(fromUtf8(m_names[static_cast<std::size_t>(column)]), role);
    });
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex &now) {
        if (!m_filling && now.isValid())
            Q_EMIT currentRecordChanged(now.row());
    });
}

/// Rows of two lines, columns as wide as before, in the text size of now.
void ImportColumns::fitText()
{
    const int lines = 2 * std::max(QFontMetrics(ui::font(TextStyle::Body)).lineSpacing(),
                                   QFontMetrics(ui::font(TextStyle::Mono)).lineSpacing());
    m_table->verticalHeader()->setDefaultSectionSize(lines + scaled(4));
    const int unit = scaled(100);
    QList<int> sizes; // read first: a larger least size widens what is narrower at once
    for (int i = 0; i < m_model->columnCount(); ++i)
        sizes << m_header->sectionSize(i);
    m_header->setMinimumSectionSize(scaled(116));
    for (int i = 0; m_unit != unit && i < m_model->columnCount(); ++i) {
        m_header->resizeSection(i, sizes[i] * unit / m_unit);
        for (int row = 0; row < m_model->rowCount(); ++row)
            if (QStandardItem *item = m_model->item(row, i); item && item->data(Qt::FontRole).isValid())
                item->setFont(ui::font(TextStyle::Mono));
    }
    m_unit = unit;
    m_header->place();
}

void ImportColumns::show(const CheckedImport &checked)
{
    m_filling = true;
    const int current = m_table->currentIndex().row();
    std::vector<std::string> names;
    for (const PreviewColumn &column : checked.columns)
        names.push_back(column.name);
    QStringList titles;
    for (const std::string &name : names)
        titles << fromUtf8(name);
    const bool conversations = names.empty();
    if (conversations)
        titles = QStringList{tr("line"), tr("question"), tr("answer"), tr("turns")};
    const bool fresh = m_model->columnCount() != titles.size() || names != m_names;
    m_names = names;
    if (fresh)
        m_model->clear();
    m_model->setRowCount(0);
    m_model->setColumnCount(static_cast<int>(titles.size()));
    m_model->setHorizontalHeaderLabels(titles);
    for (const ImportPreview &file : checked.files) {
        for (const PreviewRecord &record : file.first) {
            QList<QStandardItem *> row;
            if (conversations) {
                row << cell(formatCount(record.line))
                    << cell(record.example  ? lastOf(*record.example, "user")
                            : record.reject ? fromUtf8(record.reject->reason)
                                            : oneLine(fromUtf8(record.text), LongestCell))
                    << cell(record.example ? lastOf(*record.example, "assistant") : QString())
                    << cell(record.example ? formatCount(static_cast<qint64>(record.example->messages.size()))
                                           : QString());
            } else {
                for (const std::string &name : names) {
                    const auto at = std::find_if(file.columns.begin(), file.columns.end(),
                                                 [&](const PreviewColumn &column) { return column.name == name; });
                    const auto place = static_cast<std::size_t>(at - file.columns.begin());
                    row << cell(place < record.cells.size() ? oneLine(fromUtf8(record.cells[place]), LongestCell)
                                                            : QString(),
                                at != file.columns.end() && isMono(*at));
                }
            }
            m_model->appendRow(row);
        }
    }
    m_header->setColumns(checked.usesColumns ? checked.columns : std::vector<PreviewColumn>{});
    if (fresh) {
        for (int i = 0; i < m_model->columnCount(); ++i) {
            int longest = 0;
            for (int row = 0; row < std::min(20, m_model->rowCount()); ++row)
                longest = std::max(longest, static_cast<int>(m_model->index(row, i).data().toString().size()));
            m_header->resizeSection(i, scaled(std::clamp(longest * 7, 116, 300)));
        }
        m_header->setStretchLastSection(true);
    }
    m_header->fitWords();
    if (m_model->rowCount() > 0)
        m_table->setCurrentIndex(m_model->index(std::clamp(current, 0, m_model->rowCount() - 1), 0));
    showRaw(checked);
    m_filling = false;
    m_header->place();
}

void ImportColumns::setRaw(bool raw)
{
    m_views->setCurrentWidget(raw ? static_cast<QWidget *>(m_raw) : m_table);
}

/// A line for each record, with its place before it; a break within one is shown by an arrow.
void ImportColumns::showRaw(const CheckedImport &checked)
{
    constexpr int LongestLine = 4000;
    QStringList lines;
    for (std::size_t i = 0; i < checked.files.size(); ++i) {
        for (const PreviewRecord &record : checked.files[i].first) {
            QString text = fromUtf8(record.text).left(LongestLine);
            text.replace(QLatin1Char('\r'), QString()).replace(QLatin1Char('\n'), QStringLiteral(" ↵ "));
            lines << QStringLiteral("%1  %2").arg(formatCount(record.line), 6).arg(text);
        }
    }
    m_raw->setPlainText(lines.join(QLatin1Char('\n')));
}

void ImportColumns::setCurrentRecord(int record)
{
    if (record >= 0 && record < m_model->rowCount() && record != m_table->currentIndex().row())
        m_table->setCurrentIndex(m_model->index(record, std::max(0, m_table->currentIndex().column())));
}

} // namespace attune::ui
