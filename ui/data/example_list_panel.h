#pragma once

#include "ui/data/bulk_edit.h"
#include "ui/data/example_list_model.h"

#include <QWidget>

class QAbstractItemView;
class QListView;
class QMenu;
class QStackedWidget;
class QTableView;

namespace attune::ui {

class AskBar;
class BulkBar;
class DataQuery;
class EmptyState;
class ExampleListDelegate;
class Histogram;
class IconButton;
class KeyButton;
class PanelHeader;
class QueryBar;

/// The middle of the workspace: count and buttons, chips and sorting, the rows as list or table, histogram.
///
/// The selection is one of ids: it outlives reloads, filters and the change between list and table. There is always a
/// current row while there are rows.
class ExampleListPanel final : public QWidget {
    Q_OBJECT
public:
    ExampleListPanel(Session &session, DataQuery &query, QWidget *parent = nullptr);

    ExampleListModel &model() const { return *m_model; }
    Histogram *histogram() const { return m_histogram; }
    QueryBar *queryBar() const { return m_queryBar; }
    AskBar *askBar() const { return m_ask; }
    BulkBar *bulkBar() const { return m_bulk; }
    QAbstractItemView *view() const;
    QList<QWidget *> views() const; ///< list and table

    std::int64_t currentId() const { return m_current; }
    int currentRow() const;
    const Ids &selectedIds() const { return m_selected; } ///< in the order of the list; the current row at least
    void select(std::int64_t id); ///< where it is not in the list yet, as soon as it is
    void selectRow(int row);
    void moveBy(int rows);
    void selectAll();
    void selectOnlyCurrent();
    void toggleCurrent(); ///< into the selection or out of it, and on to the next

    bool tableShown() const;
    void setTableShown(bool shown);
    void setCounts(std::int64_t rows, std::int64_t all);
    void setMoreMenu(QMenu *menu);
    void setNarrow(bool oneLine, bool foldHistogram);
    void focusRows();

Q_SIGNALS:
    void currentChanged(qint64 id);
    void selectionChanged();
    void importAsked();
    void newAsked();
    void pasteAsked();
    void openAsked(); ///< Enter on a row
    void tableShownChanged(bool shown);

protected:
    void resizeEvent(QResizeEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void fitHeader();
    void fitWidth();
    void buildViews();
    void beforeApply();
    void afterApply(bool changed);
    void restoreSelection();
    void selectIds(const Ids &ids, std::int64_t current);
    void selectionMoved();
    void showRowOf(const QModelIndex &index);
    void showPage();
    void sortByColumn(int column);
    void fitColumns();

    Session &m_session;
    DataQuery &m_query;
    ExampleListModel *m_model;
    PanelHeader *m_header;
    KeyButton *m_import;
    KeyButton *m_new;
    IconButton *m_more;
    QueryBar *m_queryBar;
    AskBar *m_ask;
    QStackedWidget *m_pages;
    QListView *m_list;
    QTableView *m_table;
    ExampleListDelegate *m_delegate;
    EmptyState *m_noRows;
    EmptyState *m_noMatch;
    EmptyState *m_failed;
    BulkBar *m_bulk;
    Histogram *m_histogram;
    std::int64_t m_current = 0;
    int m_currentRow = 0;     ///< where it stood, for when it is gone
    std::int64_t m_wanted = 0; ///< to be selected when it arrives
    Ids m_selected;
    std::int64_t m_all = -1; ///< rows of the project; below 0: not known yet
    bool m_applying = false;
    bool m_tableShown = false;
};

} // namespace attune::ui
