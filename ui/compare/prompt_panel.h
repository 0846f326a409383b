#pragma once

#include "ui/compare/prompt_model.h"

#include <QWidget>

class QLabel;
class QLineEdit;
class QListView;
class QStackedWidget;

namespace attune::ui {

class EmptyState;
class IconButton;
class KeyButton;
class PanelHeader;
class SegmentedControl;

/// What can be asked, at the left: rows of the validation part, test rows behind their padlock, an own list.
class PromptPanel final : public QWidget {
    Q_OBJECT
public:
    explicit PromptPanel(Session &session, QWidget *parent = nullptr);

    PromptModel *model() const { return m_model; }
    QListView *list() const { return m_list; }
    QLineEdit *searchField() const { return m_search; }
    void revealSearch();
    void showSearch(); ///< and go there
    void setSource(PromptSource source);
    void step(int by);  ///< to the next or previous prompt
    void select(qint64 id);
    void clearSelection();
    qint64 selected() const { return m_selected; }
    void addOwn(const std::vector<OwnPrompt> &prompts);
    void removeSelectedOwn();
    void setAnsweringAll(bool answering);

Q_SIGNALS:
    void chosen(qint64 id);
    void answerAllAsked(); ///< or to stop doing so
    void addAsked();       ///< what is typed, to the own list

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    int selectedRow() const; ///< -1: none
    void loadOwn();
    void saveOwn();
    void loadLooks();
    void openTest();
    void count();

    Session &m_session;
    PromptModel *m_model;
    PanelHeader *m_header;
    SegmentedControl *m_source;
    SegmentedControl *m_filter;
    QLineEdit *m_search;
    QStackedWidget *m_pages;
    QListView *m_list;
    EmptyState *m_empty;
    KeyButton *m_all;
    QLabel *m_progress;
    qint64 m_selected = 0;
    bool m_testOpen = false;
    int m_looks = 0;
};

} // namespace attune::ui
