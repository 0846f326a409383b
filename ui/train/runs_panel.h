#pragma once

#include <QWidget>

class QLabel;
class QLineEdit;
class QListView;
class QMenu;
class QStackedWidget;

namespace attune::ui {

class EmptyState;
class InlineNotice;
class KeyButton;
class PanelHeader;
class RunBook;
class RunDelegate;
class RunListModel;

/// The list of runs with its head and foot.
class RunsPanel final : public QWidget {
    Q_OBJECT
public:
    RunsPanel(RunBook &book, QWidget *parent = nullptr);

    qint64 current() const; ///< 0: none
    void setCurrent(qint64 id);
    QListView *list() const { return m_list; }
    RunListModel *model() const { return m_model; }
    QLineEdit *searchField() const { return m_search; }
    EmptyState *emptyState() const { return m_empty; }
    QMenu *menu() const { return m_menu; } ///< filled by the workspace
    void setNarrow(bool narrow);
    void showSearch();

Q_SIGNALS:
    void currentChanged(qint64 id);
    void newRunWanted();
    void exportWanted(); ///< the overlaid curves as CSV
    void menuWanted();   ///< the menu is about to show

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void update();
    void fitHeader();
    void offerToDrop(qint64 wanted);
    RunBook &m_book;
    RunListModel *m_model;
    RunDelegate *m_delegate;
    PanelHeader *m_header;
    KeyButton *m_add;
    QLineEdit *m_search;
    InlineNotice *m_notice;
    QStackedWidget *m_stack;
    QListView *m_list;
    EmptyState *m_empty;
    QWidget *m_foot;
    QLabel *m_overlaid;
    QMenu *m_menu;
};

} // namespace attune::ui
