#pragma once

#include "ui/session/session.h"
#include "ui/session/workspace.h"

#include <QHash>
#include <QMainWindow>
#include <QSet>
#include <QTimer>

#include <memory>

class QMenu;
class QStackedWidget;

namespace attune::ui {

class ActionBook;
class CommandPalette;
class InlineNotice;
class KeysOverlay;
struct ProjectCopy;
class Rail;
class SettingsPage;
class StartPage;
class StatusLine;
class TopBar;

/// The one window: one project, its workspaces, and all that surrounds them.
class MainWindow final : public QMainWindow {
    Q_OBJECT
public:
    MainWindow();
    ~MainWindow() override;

    /// Shows the window as it was left, or, the first time, as large as usual where the screen has room for that.
    void showFitting();
    /// False: it could not be opened, and the start page says why.
    bool openProject(const std::filesystem::path &path);
    /// Makes the sample project where it is not there yet, on a worker, and opens it.
    void openSample();
    void closeProject();

    Session *session() const { return m_session.get(); }
    const QList<Workspace *> &workspaces(); ///< all of them
    ActionBook &book() const { return *m_book; }
    CommandPalette &palette() const { return *m_palette; }
    StartPage &startPage() const { return *m_start; }
    StatusLine &statusLine() const { return *m_status; }
    /// A workspace, "settings" or "start".
    void showPage(const QString &id);
    QString currentPage() const;
    void showKeys();

    /// What to do with work that a closing window would end.
    enum class LeaveChoice { KeepOn, StopFirst, Stay };

protected:
    void closeEvent(QCloseEvent *event) override;
    void dragEnterEvent(QDragEnterEvent *event) override;
    void dropEvent(QDropEvent *event) override;

private:
    void build();
    void followLook();
    void fitPage();
    void scalePanels();
    static void rememberPanels(const Workspace &page);
    // main_window_actions.cpp
    void fillFile();
    void fillEdit();
    void fillView();
    void fillModelAndHelp();
    void fillProjectMenu();
    void fillRecents(QMenu *menu);
    void showUndo();
    void showWhatNeedsProject();
    void moveRegion(int step);
    void togglePanel(bool left);
    QList<QWidget *> visibleRegions() const;
    // main_window_project.cpp
    void takeSession(std::unique_ptr<Session> session);
    void makeWorkspaces();
    void makeNextWorkspace();
    void makeAllWorkspaces();
    Workspace *newWorkspace(const QString &id);
    void refuse(const QString &sentence);
    void askNew(std::function<void()> then = {});
    void askOpen();
    QString askSaveName(const QString &title, const QString &proposal, const QString &button);
    void askModel(bool file);
    void backUp();
    void checkFile(bool asked);
    void lookElsewhere();
    QPair<QString, std::function<void()>> openCopy(const ProjectCopy &copy);
    void leaveProject(std::function<void()> then);
    LeaveChoice askLeave(const Workspace &busy);
    void go(const QString &workspace, const QVariantMap &with);
    void addRecent();

    Workspace *current() const;
    Workspace *workspace(const QString &id) const;

    std::unique_ptr<Session> m_session;
    QList<Workspace *> m_workspaces;
    QStringList m_unmade; ///< workspaces that are still to come
    QString m_firstPage;  ///< the workspace to be shown once it is made
    QTimer m_makeTimer;
    QMetaObject::Connection m_followsLook;
    ActionBook *m_book = nullptr;
    TopBar *m_top = nullptr;
    Rail *m_rail = nullptr;
    QStackedWidget *m_pages = nullptr;
    StartPage *m_start = nullptr;
    SettingsPage *m_settings = nullptr;
    StatusLine *m_status = nullptr;
    CommandPalette *m_palette = nullptr;
    KeysOverlay *m_keys = nullptr;
    InlineNotice *m_elsewhere = nullptr;
    InlineNotice *m_readOnly = nullptr;
    InlineNotice *m_damage = nullptr;
    QAction *m_undo = nullptr;
    QAction *m_redo = nullptr;
    QList<QAction *> m_projectActions; ///< that need an open project
    QTimer m_elsewhereTimer;
    bool m_elsewhereHidden = false;
    bool m_leaving = false;
    QHash<QWidget *, QPointer<QWidget>> m_lastFocus; ///< of each region
    QSet<const QWidget *> m_hiddenPanels;
};

} // namespace attune::ui
