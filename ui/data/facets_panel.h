#pragma once

#include "ui/data/facets_model.h"

#include <QWidget>

class QLineEdit;
class QListView;
class QTimer;

namespace attune::ui {

class InlineNotice;
class KeyButton;
class SplitBar;

/// Search, split bar and facets. Writes into the DataQuery; everything else follows from that.
class FacetsPanel final : public QWidget {
    Q_OBJECT
public:
    explicit FacetsPanel(DataQuery &query, QWidget *parent = nullptr);

    void setCounts(const FacetCounts &counts);
    void setSearchError(const QString &sentence); ///< empty: none
    /// How often the test rows have been looked at; shown where the padlock is asked about.
    void setTestLooks(int looks) { m_testLooks = looks; }
    void askForTestRows(); ///< offers to show the test rows, here and not in a box
    QLineEdit *searchField() const { return m_search; }
    void showFacet(Facet facet); ///< scrolls to it and takes the focus
    FacetsModel &model() const { return *m_model; }

Q_SIGNALS:
    void splitAsked();          ///< "Change"
    void testRowsConfirmed();   ///< the user wants to see them
    void leave();               ///< Esc, Enter or Down in the search field: the rows are wanted

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void choose(const QModelIndex &index, bool add);
    void answerTestRows();
    void queryChanged();

    DataQuery &m_query;
    FacetsModel *m_model;
    QLineEdit *m_search;
    QTimer *m_typing;
    InlineNotice *m_error;
    SplitBar *m_bar;
    InlineNotice *m_testNotice;
    QListView *m_list;
    int m_testLooks = 0;
};

} // namespace attune::ui
