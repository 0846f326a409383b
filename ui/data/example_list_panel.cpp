#include "ui/data/example_list_panel.h"

#include "ui/data/ask_bar.h"
#include "ui/data/bulk_bar.h"
#include "ui/data/data_query.h"
#include "ui/data/data_words.h"
#include "ui/data/example_list_delegate.h"
#include "ui/data/histogram.h"
#include "ui/data/query_bar.h"
#include "ui/theme/theme.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/panel_header.h"

#include <QHeaderView>
#include <QKeyEvent>
#include <QListView>
#include <QMenu>
#include <QScopedValueRollback>
#include <QScrollBar>
#include <QStackedWidget>
#include <QTableView>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>

namespace attune::ui {

namespace {

/// The rows of a selection, each once, from top to bottom.
std::vector<int> rowsOf(const QItemSelectionModel *selection)
{
    std::vector<int> rows;
    for (const QItemSelectionRange &range : selection->selection())
        for (int row = range.top(); row <= range.bottom(); ++row)
            rows.push_back(row);
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    return rows;
}

} // namespace

ExampleListPanel::ExampleListPanel(Session &session, DataQuery &query, QWidget *parent)
    : QWidget(parent), m_session(session), m_query(query), m_model(new ExampleListModel(session, this)),
      m_header(new PanelHeader(tr("Rows"))), m_import(new KeyButton(tr("Import"), KeyButton::Plain, "import")),
      m_new(new KeyButton(tr("New"), KeyButton::Plain, "plus")),
      m_more(new IconButton("more", tr("More for the rows"))), m_queryBar(new QueryBar(query)), m_ask(new AskBar),
      m_pages(new QStackedWidget), m_list(new QListView), m_table(new QTableView),
      m_delegate(new ExampleListDelegate(*m_model, m_list)),
      m_noRows(new EmptyState("data", tr("No rows yet. Import a file, drop one here, paste JSON lines, or write the "
                                         "first row."))),
      m_noMatch(new EmptyState("filter", tr("No row matches."))), m_failed(new EmptyState("warning")),
      m_bulk(new BulkBar), m_histogram(new Histogram)
{
    setObjectName(QStringLiteral("rows"));
    setAccessibleName(tr("Rows"));
    setBackground(this, Token::Surface);

    m_import->setObjectName(QStringLiteral("import"));
    m_import->setAccessibleName(tr("Import rows"));
    m_import->setToolTip(tr("Import a file (Ctrl+I)"));
    m_new->setObjectName(QStringLiteral("newRow"));
    m_new->setAccessibleName(tr("New row"));
    m_new->setToolTip(tr("Write a new row (Ctrl+N)"));
    m_import->setEnabled(!session.readOnly());
    m_new->setEnabled(!session.readOnly());
    m_more->setPopupMode(QToolButton::InstantPopup);
    m_more->setObjectName(QStringLiteral("moreRows"));
    m_header->addWidget(m_import);
    m_header->addWidget(m_new);
    m_header->addWidget(m_more);
    connect(m_import, &QPushButton::clicked, this, &ExampleListPanel::importAsked);
    connect(m_new, &QPushButton::clicked, this, &ExampleListPanel::newAsked);

    buildViews();
    m_noRows->setPrimary(tr("Import"), [this] { Q_EMIT importAsked(); });
    m_noRows->addLink(tr("Paste"), [this] { Q_EMIT pasteAsked(); });
    m_noRows->addLink(tr("Write the first row"), [this] { Q_EMIT newAsked(); });
    m_noMatch->addLink(tr("Clear filter"), [this] { m_query.clear(); });
    m_failed->addLink(tr("Try again"), [this] { m_model->reload(); });
    for (QWidget *page :
         std::initializer_list<QWidget *>{m_list, m_table, m_noRows, m_noMatch, m_failed, new QWidget})
        m_pages->addWidget(page);
    m_pages->setCurrentIndex(5); // blank until the first answer, which is there at once

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_header);
    layout->addWidget(m_queryBar);
    layout->addWidget(m_ask);
    layout->addWidget(m_pages, 1);
    layout->addWidget(m_bulk);
    layout->addWidget(m_histogram);

    connect(m_model, &ExampleListModel::aboutToApply, this, &ExampleListPanel::beforeApply);
    connect(m_model, &ExampleListModel::applied, this, &ExampleListPanel::afterApply);
    connect(m_model, &ExampleListModel::failed, this, &ExampleListPanel::showPage);
    connect(&query, &DataQuery::changed, this, [this] { m_model->setQuery(m_query.value(), m_query.alikeTo()); });
    connect(m_histogram, &Histogram::maxLengthMoved, m_model, &ExampleListModel::setMaxLength);
    connect(m_histogram, &Histogram::rangeChosen, this, [this](qint64 least, qint64 most) {
        const ExampleQuery &now = m_query.value();
        const std::optional<std::int64_t> upper = most > 0 ? std::optional<std::int64_t>(most) : std::nullopt;
        if (now.leastTokens == least && now.mostTokens == upper)
            m_query.setTokenRange({}, {}); // the same bar again takes it back
        else
            m_query.setTokenRange(least, upper);
    });
    connect(m_bulk, &BulkBar::clearAsked, this, &ExampleListPanel::selectOnlyCurrent);
    fitWidth();
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        fitWidth();
        m_list->doItemsLayout();
        m_table->verticalHeader()->setDefaultSectionSize(scaled(28));
        QTimer::singleShot(0, this, &ExampleListPanel::fitHeader); // the buttons take the new size of text first
    });
}

void ExampleListPanel::fitWidth()
{
    setMinimumWidth(scaled(m_tableShown ? 480 : 340));
}

/// Icons alone rather than words that are cut.
void ExampleListPanel::fitHeader()
{
    m_import->setText(tr("Import"));
    m_new->setText(tr("New"));
    if (m_header->minimumSizeHint().width() <= width())
        return;
    m_import->setText({});
    m_new->setText({});
}

void ExampleListPanel::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    fitHeader();
}

void ExampleListPanel::buildViews()
{
    m_list->setObjectName(QStringLiteral("rowList"));
    m_list->setAccessibleName(tr("Rows"));
    m_list->setModel(m_model);
    m_list->setModelColumn(ExampleListModel::Prompt);
    m_list->setItemDelegate(m_delegate);
    m_list->setUniformItemSizes(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);

    m_table->setObjectName(QStringLiteral("rowTable"));
    m_table->setAccessibleName(tr("Rows as a table"));
    m_table->setModel(m_model);
    m_table->setItemDelegate(new ExampleTableDelegate(*m_model, m_table));
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->setTabKeyNavigation(false); // Tab leaves the table, arrows walk it
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_table->verticalHeader()->setDefaultSectionSize(scaled(28));
    setTextStyle(m_table->verticalHeader(), TextStyle::MonoSmall);
    QHeaderView *head = m_table->horizontalHeader();
    head->setSectionsClickable(true);
    head->setSectionsMovable(true);
    head->setHighlightSections(false);
    head->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    head->setContextMenuPolicy(Qt::ActionsContextMenu);
    for (int column = 0; column < ExampleListModel::ColumnCount; ++column) {
        auto *shown = new QAction(m_model->headerData(column, Qt::Horizontal).toString(), head);
        shown->setObjectName(QStringLiteral("column.%1").arg(column));
        shown->setCheckable(true);
        shown->setChecked(true);
        connect(shown, &QAction::toggled, this, [this, column](bool on) { m_table->setColumnHidden(column, !on); });
        head->addAction(shown);
    }
    fitColumns();
    connect(head, &QHeaderView::sectionClicked, this, &ExampleListPanel::sortByColumn);

    for (QAbstractItemView *one : std::initializer_list<QAbstractItemView *>{m_list, m_table}) {
        one->setFrameShape(QFrame::NoFrame);
        one->setSelectionMode(QAbstractItemView::ExtendedSelection);
        one->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
        one->setMouseTracking(true);
        one->installEventFilter(this);
        // In the table Enter edits the cell, as everywhere; on a cell that can't be edited it opens the row.
        connect(one, &QAbstractItemView::activated, this, [this, one](const QModelIndex &index) {
            if (one == m_table && (m_model->flags(index) & Qt::ItemIsEditable)) {
                if (m_table->hasFocus())
                    m_table->edit(index);
            } else {
                Q_EMIT openAsked();
            }
        });
        connect(one->selectionModel(), &QItemSelectionModel::selectionChanged, this,
                &ExampleListPanel::selectionMoved);
        connect(one->selectionModel(), &QItemSelectionModel::currentChanged, this, &ExampleListPanel::selectionMoved);
    }
}

void ExampleListPanel::fitColumns()
{
    const int widths[] = {104, 96, 280, 280, 72, 92, 140, 180};
    for (int column = 0; column < ExampleListModel::ColumnCount; ++column)
        m_table->setColumnWidth(column, scaled(widths[column]));
}

QAbstractItemView *ExampleListPanel::view() const
{
    return m_tableShown ? static_cast<QAbstractItemView *>(m_table) : m_list;
}

QList<QWidget *> ExampleListPanel::views() const
{
    return {m_list, m_table};
}

bool ExampleListPanel::tableShown() const
{
    return m_tableShown;
}

int ExampleListPanel::currentRow() const
{
    return m_current == 0 ? -1 : m_model->rowOf(m_current);
}

void ExampleListPanel::setTableShown(bool shown)
{
    if (shown == m_tableShown)
        return;
    const bool focused = view()->hasFocus();
    m_tableShown = shown;
    selectIds(m_selected, m_current);
    showPage();
    if (focused)
        view()->setFocus(Qt::OtherFocusReason);
    if (const int row = currentRow(); row >= 0)
        view()->scrollTo(m_model->index(row, ExampleListModel::Prompt), QAbstractItemView::PositionAtCenter);
    if (shown)
        m_table->horizontalScrollBar()->setValue(0); // its first columns first
    fitWidth();
    Q_EMIT tableShownChanged(shown);
}

/// Rows come into view; columns stay where they are: going down a table must not shift it sideways.
void ExampleListPanel::showRowOf(const QModelIndex &index)
{
    const int across = m_table->horizontalScrollBar()->value();
    view()->scrollTo(index);
    if (m_tableShown)
        m_table->horizontalScrollBar()->setValue(across);
}

void ExampleListPanel::selectIds(const Ids &ids, std::int64_t current)
{
    const QScopedValueRollback<bool> quiet(m_applying, true);
    QItemSelectionModel *selection = view()->selectionModel();
    const int currentRow = current == 0 ? -1 : m_model->rowOf(current);
    QItemSelection rows;
    const auto add = [&](int from, int to) {
        rows.append(
            QItemSelectionRange(m_model->index(from, 0), m_model->index(to, ExampleListModel::ColumnCount - 1)));
    };
    if (ids.empty() || ids == Ids{current}) {
        if (currentRow >= 0)
            add(currentRow, currentRow);
    } else {
        std::vector<int> chosen;
        chosen.reserve(ids.size());
        for (const std::int64_t id : ids)
            if (const int row = m_model->rowOf(id); row >= 0)
                chosen.push_back(row);
        std::sort(chosen.begin(), chosen.end());
        for (std::size_t begin = 0; begin < chosen.size();) { // neighbours as one range
            std::size_t end = begin + 1;
            while (end < chosen.size() && chosen[end] == chosen[end - 1] + 1)
                ++end;
            add(chosen[begin], chosen[end - 1]);
            begin = end;
        }
    }
    selection->setCurrentIndex(currentRow < 0 ? QModelIndex() : m_model->index(currentRow, ExampleListModel::Prompt),
                               QItemSelectionModel::NoUpdate);
    selection->select(rows, QItemSelectionModel::ClearAndSelect);
}

void ExampleListPanel::beforeApply()
{
    m_applying = true;
    m_currentRow = std::max(0, currentRow());
}

void ExampleListPanel::afterApply(bool changed)
{
    m_applying = false;
    if (changed)
        restoreSelection();
    if (m_wanted != 0 && m_model->rowOf(m_wanted) >= 0)
        select(m_wanted);
    showPage();
}

void ExampleListPanel::restoreSelection()
{
    const int count = m_model->rowCount();
    Ids kept;
    for (const std::int64_t id : m_selected)
        if (m_model->rowOf(id) >= 0)
            kept.push_back(id);
    std::int64_t current = m_current;
    if (current == 0 || m_model->rowOf(current) < 0)
        current = kept.empty() ? m_model->idAt(std::min(m_currentRow, count - 1)) : kept.front();
    if (kept.empty() && current != 0)
        kept = {current};
    const bool moved = current != m_current;
    selectIds(kept, current);
    m_current = current;
    m_selected = std::move(kept);
    m_model->keep(current);
    if (const int row = currentRow(); row >= 0 && moved)
        showRowOf(m_model->index(row, ExampleListModel::Prompt));
    m_bulk->setCount(static_cast<qint64>(m_selected.size()));
    if (moved)
        Q_EMIT currentChanged(m_current);
    Q_EMIT selectionChanged();
}

void ExampleListPanel::selectionMoved()
{
    if (m_applying || sender() != view()->selectionModel())
        return;
    m_wanted = 0; // somebody went elsewhere meanwhile
    const QItemSelectionModel *selection = view()->selectionModel();
    Ids ids;
    for (const int row : rowsOf(selection))
        ids.push_back(m_model->idAt(row));
    const std::int64_t current =
        m_model->idAt(selection->currentIndex().isValid() ? selection->currentIndex().row() : -1);
    if (ids.empty() && current != 0)
        ids = {current};
    const bool moved = current != m_current;
    const bool others = ids != m_selected;
    m_current = current;
    m_selected = std::move(ids);
    if (moved) {
        m_model->keep(current);
        Q_EMIT currentChanged(current);
    }
    if (others) {
        m_bulk->setCount(static_cast<qint64>(m_selected.size()));
        Q_EMIT selectionChanged();
    }
}

void ExampleListPanel::select(std::int64_t id)
{
    const int row = m_model->rowOf(id);
    m_wanted = row < 0 ? id : 0;
    if (row >= 0)
        selectRow(row);
}

void ExampleListPanel::selectRow(int row)
{
    if (row < 0 || row >= m_model->rowCount())
        return;
    const int column = m_tableShown && m_table->currentIndex().isValid() ? m_table->currentIndex().column()
                                                                         : int(ExampleListModel::Prompt);
    const QModelIndex index = m_model->index(row, column);
    const int across = m_table->horizontalScrollBar()->value();
    view()->selectionModel()->setCurrentIndex(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    m_table->horizontalScrollBar()->setValue(across);
    showRowOf(index);
}

void ExampleListPanel::moveBy(int rows)
{
    if (m_model->rowCount() > 0)
        selectRow(std::clamp(std::max(0, currentRow()) + rows, 0, m_model->rowCount() - 1));
}

void ExampleListPanel::selectAll()
{
    view()->selectAll();
}

void ExampleListPanel::selectOnlyCurrent()
{
    selectRow(currentRow());
    focusRows();
}

void ExampleListPanel::toggleCurrent()
{
    const int row = currentRow();
    if (row < 0)
        return;
    const QModelIndex index = m_model->index(row, ExampleListModel::Prompt);
    QItemSelectionModel *selection = view()->selectionModel();
    // The first row of a choice is selected already, as the current one always is.
    if (m_selected != Ids{m_current})
        selection->select(index, QItemSelectionModel::Toggle | QItemSelectionModel::Rows);
    if (row + 1 < m_model->rowCount()) {
        const QModelIndex next = m_model->index(row + 1, ExampleListModel::Prompt);
        selection->setCurrentIndex(next, QItemSelectionModel::NoUpdate);
        showRowOf(next);
    }
}

void ExampleListPanel::setCounts(std::int64_t rows, std::int64_t all)
{
    m_all = all;
    m_header->setCaption(rows == all ? formatCount(all) : tr("%1 of %2").arg(formatCount(rows), formatCount(all)));
    showPage();
}

void ExampleListPanel::setMoreMenu(QMenu *menu)
{
    m_more->setMenu(menu);
}

void ExampleListPanel::setNarrow(bool oneLine, bool foldHistogram)
{
    if (oneLine != m_delegate->oneLine()) {
        m_delegate->setOneLine(oneLine);
        m_list->doItemsLayout(); // a walk over all rows, so not on every pixel of a resize
    }
    m_histogram->setFolded(foldHistogram);
}

void ExampleListPanel::focusRows()
{
    if (m_pages->currentWidget() == view())
        view()->setFocus(Qt::OtherFocusReason);
    else if (QWidget *page = m_pages->currentWidget())
        page->setFocus(Qt::OtherFocusReason);
}

void ExampleListPanel::showPage()
{
    QWidget *page = view();
    if (!m_model->loaded()) {
        if (m_model->error().isEmpty())
            return;
        m_failed->setText(m_model->error());
        page = m_failed;
    } else if (m_model->rowCount() == 0) {
        const bool none = m_all == 0 || (m_all < 0 && !m_query.filtered());
        page = none ? m_noRows : m_noMatch;
        if (!none)
            m_noMatch->setText(m_query.filtered() ? tr("No row matches.")
                                                  : tr("All rows are test rows, which are hidden."));
    }
    m_pages->setCurrentWidget(page);
    const bool rows = page != m_noRows && page != m_failed;
    m_queryBar->setVisible(rows);
    m_histogram->setVisible(rows);
}

void ExampleListPanel::sortByColumn(int column)
{
    using Sort = ExampleQuery::Sort;
    Sort sort = Sort::Number;
    switch (column) {
    case ExampleListModel::State: sort = Sort::State; break;
    case ExampleListModel::Split: sort = Sort::Part; break;
    case ExampleListModel::Prompt: sort = Sort::Prompt; break;
    case ExampleListModel::Answer: sort = Sort::Answer; break;
    case ExampleListModel::Tokens: sort = Sort::Tokens; break;
    case ExampleListModel::Rating: sort = Sort::Rating; break;
    default: return; // tags and issues have no order
    }
    const bool same = m_query.alikeTo() == 0 && m_query.value().sort == sort;
    m_query.setSort(sort, same && !m_query.value().descending);
}

bool ExampleListPanel::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::KeyPress && watched == view()) {
        auto *press = static_cast<QKeyEvent *>(event);
        if (press->key() == Qt::Key_Space && press->modifiers() == Qt::NoModifier) {
            toggleCurrent();
            return true;
        }
        // Letters are keys that label and move. Where those are off, the list must not go to a row that begins so.
        if (!press->text().isEmpty() && press->text().at(0).isPrint() &&
            !(press->modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier)))
            return true;
        if (press->key() == Qt::Key_Escape) {
            if (m_selected.size() > 1) {
                selectOnlyCurrent();
                return true;
            }
        }
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace attune::ui
