#pragma once

#include "ui/data/data_query.h"

#include <QWidget>

class QHBoxLayout;
class QMenu;
class QToolButton;

namespace attune::ui {

class FlowLayout;

/// What is filtered, as chips that can be taken away, and by what the rows are sorted.
class QueryBar final : public QWidget {
    Q_OBJECT
public:
    explicit QueryBar(DataQuery &query, QWidget *parent = nullptr);
    /// Test rows that are left out, for nothing is left out in silence.
    void setHiddenTestRows(qint64 rows);
    QMenu *sortMenu() const { return m_sortMenu; }

Q_SIGNALS:
    void testRowsAsked();
    void alikeAsked();    ///< sort by likeness to the current row

private:
    void refresh();
    void buildSortMenu();
    DataQuery &m_query;
    QWidget *m_chipArea;
    FlowLayout *m_chips;
    QToolButton *m_sort;
    QMenu *m_sortMenu;
    qint64 m_hiddenTest = 0;
};

} // namespace attune::ui
