#pragma once

#include "ui/session/session.h"

#include <QWidget>

class QMenu;
class QMenuBar;
class QShortcut;

namespace attune::ui {

class BarButton;
class IconButton;
class RunChip;
class RunFeed;

/// Menu bar, project, base model, the run that trains, the way to the palette. Narrow, the menus fold into one button
/// and the run says less.
class TopBar final : public QWidget {
    Q_OBJECT
public:
    explicit TopBar(QWidget *parent = nullptr);
    QMenuBar *menuBar() const { return m_menuBar; }
    QMenu *projectMenu() const { return m_projectMenu; } ///< filled by the window
    RunChip *runChip() const { return m_runChip; }
    /// Null: no project is open.
    void setSession(Session *session);

Q_SIGNALS:
    void paletteAsked();
    void runAsked();
    void runMenuAsked(const QPoint &position);
    void addModelAsked(bool file);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void fold();
    void shareRoom();
    void lendMenuKeys(bool folded);
    void showModel();
    void showModels();
    Session *m_session = nullptr;
    RunFeed *m_feed = nullptr;
    QMenuBar *m_menuBar;
    IconButton *m_menuButton;
    QWidget *m_divider;
    BarButton *m_project;
    BarButton *m_model;
    QList<QShortcut *> m_menuKeys; ///< Alt and a letter, while the menus are folded into one button
    RunChip *m_runChip;
    BarButton *m_palette;
    QMenu *m_projectMenu;
};

} // namespace attune::ui
