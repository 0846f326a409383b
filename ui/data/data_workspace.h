#pragma once

#include "core/data/export.h"
#include "core/studio/health.h"
#include "ui/data/bulk_edit.h"
#include "ui/session/session.h"
#include "ui/session/workspace.h"

#include <optional>

class QMenu;
class QSplitter;
class QStackedWidget;
class QTimer;

namespace attune::ui {

class DataQuery;
class ExampleEditor;
class ExampleListPanel;
class FacetsPanel;
class FacetsStrip;
class FindReplacePanel;
class HealthChecks;
class HealthPanel;
class ImportWizard;
class SidePanel;
class SnapshotsPanel;
class SplitPanel;
class ViewsMenu;
enum class Facet;

/// Facets, rows, and the row that is at hand; in its place now and then health, versions, split, find and replace.
class DataWorkspace final : public Workspace {
    Q_OBJECT
public:
    explicit DataWorkspace(Session &session, QWidget *parent = nullptr);
    ~DataWorkspace() override;
    QString id() const override { return QStringLiteral("data"); }
    QString title() const override { return tr("Data"); }
    const char *iconName() const override { return "data"; }
    QList<WorkspaceAction> workspaceActions() override;
    QList<TourState> tourStates() override;
    QWidget *searchField() override;
    QList<QWidget *> regions() override;
    void shown() override;
    void aboutToClose() override;
    QString busyText() const override; ///< while an import writes
    void stopForClose(std::function<void()> done) override;

    DataQuery &query() const { return *m_query; }
    ExampleListPanel &list() const { return *m_list; }
    FacetsPanel &facets() const { return *m_facets; }
    ExampleEditor &editor() const { return *m_editor; }
    HealthChecks &checks() const { return *m_checks; }
    // These are made when they are first asked for.
    HealthPanel &health();
    SnapshotsPanel &versions();
    FindReplacePanel &findReplace();
    SplitPanel &split();
    ImportWizard &importWizard();

    /// Writes rows to a file, as a job: all of them, or those that are listed.
    void exportTo(const QString &path, ExportFormat format, bool listedOnly);
    bool ready() const; ///< list, facets and lengths are there
    void showPanel(SidePanel *panel); ///< null: the editor
    void startImport(const QStringList &files); ///< none: the wizard asks which
    void startPaste(); ///< the clipboard's rows

public Q_SLOTS:
    /// {"row": id}, {"rows": ids, "words": text}, {"search": text}, {"problem": kind}, {"panel": "health"}
    void open(const QVariantMap &with) override;

protected:
    void resizeEvent(QResizeEvent *event) override;
    void dragEnterEvent(QDragEnterEvent *event) override;
    void dropEvent(QDropEvent *event) override;

private:
    friend class DataActions;
    void build();
    void connectAll();
    void addPanel(SidePanel *panel);
    void reloadCounts();
    void reloadLengths();
    void showRow(std::int64_t id);
    void confirmTestRows();
    void giveTableRoom(bool shown);
    void walkProblems(int step);
    void nudgeMaxLength(int tokens);
    void chooseMaxLength(std::int64_t tokens);
    void newRow();
    void typeWhenLoaded(std::int64_t id, int tries);
    void askTag(bool remove);
    void askSaveView();
    void askExport(ExportFormat format, bool listedOnly);
    void showFacetsOver(std::optional<Facet> facet);
    void hideFacetsOver();
    void applyNarrow();
    void restoreSizes();

    Session &m_session;
    DataQuery *m_query;
    HealthChecks *m_checks;
    ViewsMenu *m_views;
    QStackedWidget *m_pages; ///< rows, or the import
    QWidget *m_page;         ///< strip and splitter: keys act while it is shown
    QSplitter *m_splitter;
    QStackedWidget *m_right;
    FacetsStrip *m_strip;
    FacetsPanel *m_facets;
    ExampleListPanel *m_list;
    ExampleEditor *m_editor;
    HealthPanel *m_health = nullptr;
    SnapshotsPanel *m_versions = nullptr;
    SplitPanel *m_split = nullptr;
    FindReplacePanel *m_replace = nullptr;
    HealthReport m_checked; ///< by the last check
    ImportWizard *m_import = nullptr;
    QTimer *m_countsTimer;
    QList<WorkspaceAction> m_actions;
    QStringList m_knownTags;
    std::int64_t m_rows = 0;
    bool m_countsLoaded = false;
    bool m_lengthsLoaded = false;
    bool m_narrow = false;
    int m_testLooks = 0;
    int m_listWidth = 0; ///< of the list, while the table has more
};

} // namespace attune::ui
