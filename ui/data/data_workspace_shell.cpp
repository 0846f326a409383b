#include "core/studio/export_rows.h"
#include "ui/data/ask_bar.h"
#include "ui/data/data_menus.h"
#include "ui/data/data_query.h"
#include "ui/data/data_words.h"
#include "ui/data/data_workspace.h"
#include "ui/data/editor.h"
#include "ui/data/example_list_panel.h"
#include "ui/data/facets_panel.h"
#include "ui/data/facets_strip.h"
#include "ui/data/find_replace.h"
#include "ui/data/health_checks.h"
#include "ui/data/health_panel.h"
#include "ui/data/import_wizard.h"
#include "ui/data/snapshots_panel.h"
#include "ui/data/split_panel.h"
#include "ui/theme/theme.h"
#include "ui/widgets/file_dialog.h"
#include "ui/widgets/format.h"

#include <QAbstractItemView>
#include <QClipboard>
#include <QDropEvent>
#include <QFileInfo>
#include <QGuiApplication>
#include <QLineEdit>
#include <QMimeData>
#include <QSettings>
#include <QSplitter>
#include <QStackedWidget>
#include <QTimer>

#include <algorithm>

// Of DataWorkspace: files in and out, narrow windows, and what the shell asks for.

namespace attune::ui {

namespace {

constexpr auto SplitterKey = "data/splitter";

QStringList droppedFiles(const QMimeData *data)
{
    QStringList files;
    for (const QUrl &url : data->urls())
        if (url.isLocalFile() && !url.toLocalFile().endsWith(QLatin1String(".attune")))
            files << url.toLocalFile();
    return files;
}

} // namespace

ImportWizard &DataWorkspace::importWizard()
{
    if (!m_import) {
        m_import = new ImportWizard(m_session);
        m_pages->addWidget(m_import);
        connect(m_import, &ImportWizard::closed, this, [this] {
            m_pages->setCurrentWidget(m_page);
            m_list->focusRows();
        });
    }
    return *m_import;
}

void DataWorkspace::startImport(const QStringList &files)
{
    if (m_session.readOnly())
        return;
    const bool open = m_import && m_pages->currentWidget() == m_import;
    m_pages->setCurrentWidget(&importWizard());
    if (open)
        m_import->addFiles(files);
    else
        m_import->begin(files);
    // The page passes the focus on to its first control, which is the cross that closes it.
    if (auto *choose = m_import->findChild<QWidget *>(QStringLiteral("chooseFiles"));
        choose && !open && files.isEmpty())
        choose->setFocus(Qt::OtherFocusReason);
}

void DataWorkspace::startPaste()
{
    if (m_session.readOnly())
        return;
    const QString text = QGuiApplication::clipboard()->text();
    if (text.trimmed().isEmpty()) {
        m_session.toast({.text = tr("The clipboard holds no text"), .tone = Tone::Warn});
        return;
    }
    m_pages->setCurrentWidget(&importWizard());
    m_import->beginPasted(text);
}

void DataWorkspace::askExport(ExportFormat format, bool listedOnly)
{
    const QString ending = fromUtf8(fileEnding(format));
    auto *dialog = new FileDialog(this, tr("Export rows"), m_session.name() + QLatin1Char('.') + ending,
                                  QStringLiteral("*.") + ending);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(ending);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this, format, listedOnly](const QString &path) { exportTo(path, format, listedOnly); });
    dialog->open();
}

void DataWorkspace::exportTo(const QString &path, ExportFormat format, bool listedOnly)
{
    ExportRowsRequest request;
    request.file = toUtf8(path);
    request.format = format;
    if (listedOnly)
        request.query = m_query->value();
    m_session.startJob<ExportRowsReport>(
        this, tr("Exporting rows"),
        [request](Project &project, std::stop_token stop,
                  const Session::JobProgress &progress) -> Result<ExportRowsReport> {
            return exportRows(project, request, stop,
                              [&](std::string_view stage, double share) { progress(share, std::string(stage)); });
        },
        [this, path](Result<ExportRowsReport> report) {
            if (!report) {
                if (report.error().code != ErrorCode::Interrupted)
                    m_session.report(report.error());
                return;
            }
            QString words = tr("%1 written to %2").arg(rowsText(report->written), QFileInfo(path).fileName());
            if (report->leftOut > 0) {
                words += tr(", %1 left out").arg(formatCount(report->leftOut));
                if (!report->leftRows.empty())
                    words += tr("; row %1: %2")
                                 .arg(report->leftRows.front().id)
                                 .arg(fromUtf8(report->leftRows.front().reason));
            }
            m_session.toast({.text = words, .tone = report->leftOut > 0 ? Tone::Warn : Tone::Ok});
        });
}

// --- narrow windows ---

void DataWorkspace::showFacetsOver(std::optional<Facet> facet)
{
    if (m_narrow) {
        m_facets->setGeometry(m_strip->width(), 0, scaled(260), m_page->height());
        m_facets->show();
        m_facets->raise();
    }
    if (facet)
        m_facets->showFacet(*facet);
    else
        m_facets->searchField()->setFocus(Qt::OtherFocusReason);
}

void DataWorkspace::hideFacetsOver()
{
    if (m_narrow)
        m_facets->hide();
}

void DataWorkspace::restoreSizes()
{
    m_splitter->restoreState(QSettings().value(QLatin1String(SplitterKey)).toByteArray());
}

void DataWorkspace::applyNarrow()
{
    const int wide = window()->width();
    const bool narrow = wide < scaled(1240);
    if (narrow != m_narrow) {
        m_narrow = narrow;
        m_strip->setVisible(narrow && !m_editor->focusMode());
        if (narrow) {
            m_facets->setParent(m_page); // over the content, when asked for
            m_facets->hide();
        } else {
            m_splitter->insertWidget(0, m_facets);
            m_facets->setVisible(!m_editor->focusMode());
            m_splitter->setSizes({scaled(212), scaled(452), std::max(scaled(480), width() - scaled(664))});
        }
    }
    if (narrow && m_facets->isVisible())
        m_facets->setGeometry(m_strip->width(), 0, scaled(260), m_page->height());
    m_list->setNarrow(wide < scaled(1100), window()->height() < scaled(760));
}

void DataWorkspace::resizeEvent(QResizeEvent *event)
{
    Workspace::resizeEvent(event);
    applyNarrow();
}

void DataWorkspace::dragEnterEvent(QDragEnterEvent *event)
{
    if (!m_session.readOnly() && !droppedFiles(event->mimeData()).isEmpty())
        event->acceptProposedAction();
}

void DataWorkspace::dropEvent(QDropEvent *event)
{
    const QStringList files = droppedFiles(event->mimeData());
    if (files.isEmpty())
        return;
    event->acceptProposedAction();
    startImport(files);
}

// --- what the shell asks for ---

QList<WorkspaceAction> DataWorkspace::workspaceActions()
{
    const QList<WorkspaceAction> all = m_actions + m_editor->actions();
    arrangeMenus(all);
    return all;
}

QWidget *DataWorkspace::searchField()
{
    if (m_narrow)
        showFacetsOver(std::nullopt);
    return m_facets->searchField();
}

QList<QWidget *> DataWorkspace::regions()
{
    if (m_pages->currentWidget() != m_page)
        return {m_pages->currentWidget()};
    QList<QWidget *> all;
    if (m_narrow)
        all << m_strip;
    else
        all << m_facets;
    all << m_list->view();
    if (m_right->currentWidget() == m_editor)
        all << m_editor->regions();
    else
        all << m_right->currentWidget();
    return all;
}

void DataWorkspace::shown()
{
    if (m_import && m_pages->currentWidget() == m_import)
        m_import->setStep(m_import->step()); // the focus goes where that step begins
    else
        m_list->focusRows();
}

void DataWorkspace::aboutToClose()
{
    m_editor->keepTyped();
    if (!m_narrow)
        QSettings().setValue(QLatin1String(SplitterKey), m_splitter->saveState());
}

QString DataWorkspace::busyText() const
{
    return m_import && m_import->importing() ? tr("Rows are being imported. Stopped now, none of them comes in.")
                                             : QString();
}

void DataWorkspace::stopForClose(std::function<void()> done)
{
    for (const JobState &job : m_session.jobs())
        m_session.cancelJob(job.id);
    auto *look = new QTimer(this); // a job ends at its next row
    connect(look, &QTimer::timeout, this, [this, look, done = std::move(done)] {
        if (m_import && m_import->importing())
            return;
        look->deleteLater();
        look->stop();
        const auto then = done; // it may end this workspace
        then();
    });
    look->start(50);
}

void DataWorkspace::open(const QVariantMap &with)
{
    if (with.contains(QStringLiteral("rows"))) {
        Ids ids;
        for (const QVariant &id : with.value(QStringLiteral("rows")).toList())
            ids.push_back(id.toLongLong());
        m_query->clear();
        m_query->setIds(ids,
                        with.value(QStringLiteral("words"), rowsText(static_cast<qint64>(ids.size()))).toString());
    }
    if (with.contains(QStringLiteral("search"))) {
        m_query->clear();
        m_query->setSearch(with.value(QStringLiteral("search")).toString());
    }
    if (with.contains(QStringLiteral("problem"))) {
        m_query->clear();
        const std::string wanted = toUtf8(with.value(QStringLiteral("problem")).toString());
        for (const ProblemKind kind : allProblems())
            if (name(kind) == wanted)
                m_query->toggle({Facet::Problem, static_cast<std::int64_t>(kind)}, false);
    }
    if (with.contains(QStringLiteral("row")))
        showRow(with.value(QStringLiteral("row")).toLongLong());
    const QString panel = with.value(QStringLiteral("panel")).toString();
    if (panel == QLatin1String("health"))
        showPanel(&health());
    else if (panel == QLatin1String("versions"))
        showPanel(&versions());
    else if (panel == QLatin1String("split"))
        showPanel(&split());
    else if (panel == QLatin1String("replace"))
        showPanel(&findReplace());
    if (with.contains(QStringLiteral("files")))
        startImport(with.value(QStringLiteral("files")).toStringList());
}

} // namespace attune::ui
