#include "ui/compare/compare_workspace.h"

#include "core/model/registry.h"
#include "ui/compare/answer_view.h"
#include "ui/compare/columns_area.h"
#include "ui/compare/prompt_box.h"
#include "ui/compare/prompt_panel.h"
#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/format.h"

#include <QDragEnterEvent>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QSplitter>
#include <QUrl>

#include <utility>

namespace attune::ui {
namespace {

constexpr int pollInterval = 33;              // ms: answers are drawn at most 30 times a second
constexpr int keepModel = 5 * 60 * 1000;      // ms that the model stays loaded after the workspace was left
constexpr int choicesInterval = 2000;         // ms: a running training changes its run all the time

} // namespace

CompareWorkspace::CompareWorkspace(Session &session, QWidget *parent)
    : Workspace(parent), m_session(session), m_compare(session.path())
{
    setAcceptDrops(true);
    m_compare.setBaseModel(toUtf8(session.baseModel()));
    build();
    makeActions();
    m_poll.setInterval(pollInterval);
    connect(&m_poll, &QTimer::timeout, this, &CompareWorkspace::poll);
    m_idle.setSingleShot(true);
    m_idle.setInterval(keepModel);
    connect(&m_idle, &QTimer::timeout, this, [this] {
        if (m_compare.busy()) { // answering all goes on unseen; look again later
            m_idle.start();
            return;
        }
        m_unloading = true;
        m_compare.unload();
        m_poll.start();
    });
    m_choicesTimer.setSingleShot(true);
    m_choicesTimer.setInterval(choicesInterval);
    connect(&m_choicesTimer, &QTimer::timeout, this, &CompareWorkspace::loadChoices);
    connect(&session, &Session::runsChanged, this, [this] {
        if (!m_choicesTimer.isActive())
            m_choicesTimer.start();
    });
    connect(&session, &Session::baseModelChanged, this, [this] {
        m_compare.setBaseModel(toUtf8(m_session.baseModel()));
        loadChoices();
    });
    connect(&session, &Session::encoderChanged, this, &CompareWorkspace::showQuestion);
    loadSettings();
    loadChoices();
    loadLines();
    refreshState();
}

QWidget *CompareWorkspace::searchField()
{
    m_prompts->setVisible(true);
    applyNarrow();
    m_prompts->revealSearch();
    return m_prompts->searchField();
}

QList<QWidget *> CompareWorkspace::regions()
{
    QList<QWidget *> all;
    if (m_narrow && !m_prompts->isVisible())
        all << m_strip;
    else
        all << m_prompts->list();
    for (CompareColumnView *view : m_views)
        if (view->isVisible())
            all << view->answerView();
    all << m_box->field();
    return all;
}

void CompareWorkspace::shown()
{
    if (!std::exchange(m_seen, true) && !m_narrow) // larger text and back, unseen, has widened it
        m_splitter->setSizes({scaled(256), std::max(scaled(600), width() - scaled(256))});
    loadChoices();
    m_box->focusText();
}

void CompareWorkspace::aboutToClose()
{
    m_compare.stopAll();
}

void CompareWorkspace::open(const QVariantMap &with)
{
    if (const qint64 run = with.value(QStringLiteral("run")).toLongLong(); run > 0) {
        std::string checkpoint = with.value(QStringLiteral("checkpoint")).toString().toStdString();
        if (checkpoint == "best")
            checkpoint.clear(); // the best where the run was validated, else the last
        m_wanted = Answerer{run, std::move(checkpoint)};
        loadChoices(); // the run may just have ended
    }
    if (const qint64 example = with.value(QStringLiteral("example")).toLongLong(); example > 0)
        choosePrompt(example);
}

void CompareWorkspace::resizeEvent(QResizeEvent *event)
{
    Workspace::resizeEvent(event);
    applyNarrow();
}

void CompareWorkspace::showEvent(QShowEvent *event)
{
    Workspace::showEvent(event);
    m_idle.stop();
}

void CompareWorkspace::hideEvent(QHideEvent *event)
{
    Workspace::hideEvent(event);
    if (m_memory.base > 0 || m_compare.busy())
        m_idle.start();
}

void CompareWorkspace::dragEnterEvent(QDragEnterEvent *event)
{
    if (!m_session.readOnly() && event->mimeData()->hasUrls())
        event->acceptProposedAction();
}

void CompareWorkspace::dropEvent(QDropEvent *event)
{
    for (const QUrl &url : event->mimeData()->urls())
        if (url.isLocalFile())
            readPromptFile(url.toLocalFile());
    event->acceptProposedAction();
}

} // namespace attune::ui
