#pragma once

#include <QAction>
#include <QList>
#include <QWidget>

#include <functional>

namespace attune::ui {

/// A picture of the tour: the name of the state, empty for the plain one, and how to get there. `ready` says when the
/// picture may be taken (data loaded); the tour waits for it.
struct TourState {
    QString name;
    std::function<void()> enter;
    std::function<bool()> ready;
};

enum class Menu { File, Edit, View, Row, Run, Model, Help };

/// An action of the program: it stands in a menu and in the palette, enabled while its workspace is shown.
struct WorkspaceAction {
    Menu menu = Menu::Edit;
    QAction *action = nullptr;
    bool everywhere = false;      ///< enabled in other workspaces too (it then shows its own)
    QString whyDisabled = {};     ///< for the palette; may be set as the action's "why" property later
};

/// One page of the rail. The shell shows it, gives it the menu entries it asks for and walks it in the tour.
class Workspace : public QWidget {
    Q_OBJECT
public:
    using QWidget::QWidget;
    virtual QString id() const = 0;       ///< "data"; the tour's file names
    virtual QString title() const = 0;    ///< "Data"
    virtual const char *iconName() const = 0;
    virtual QList<WorkspaceAction> workspaceActions() { return {}; }
    virtual QList<TourState> tourStates() { return {{QString(), [] {}, [] { return true; }}}; }
    /// The field that Ctrl+F goes to.
    virtual QWidget *searchField() { return nullptr; }
    /// Left, centre, right: what F6 walks.
    virtual QList<QWidget *> regions() { return {}; }
    /// Its page was chosen: focus goes where work goes on.
    virtual void shown() {}
    /// May the window close? Ask nothing here; what is typed must be kept by itself.
    virtual void aboutToClose() {}
    /// What would be lost, or go on without a window, if the window closed now: "Run 14 is training (412 of 640)".
    /// The shell then asks. Empty: nothing.
    virtual QString busyText() const { return {}; }
    /// Ends that so that it can be taken up again later, then calls `done`, on this thread.
    virtual void stopForClose(std::function<void()> done) { done(); }

Q_SIGNALS:
    /// "show compare run=3": another workspace should open with that.
    void goTo(const QString &workspace, const QVariantMap &with);
    /// A mark on the rail: "", "dot", "!", "tick".
    void markChanged(const QString &mark);

public Q_SLOTS:
    virtual void open(const QVariantMap &with) { Q_UNUSED(with) }
};

} // namespace attune::ui
