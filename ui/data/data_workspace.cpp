#include "ui/data/data_workspace.h"

#include "ui/data/ask_bar.h"
#include "ui/data/bulk_bar.h"
#include "ui/data/data_actions.h"
#include "ui/data/data_query.h"
#include "ui/data/data_words.h"
#include "ui/data/editor.h"
#include "ui/data/example_list_panel.h"
#include "ui/data/facets_panel.h"
#include "ui/data/facets_strip.h"
#include "ui/data/find_replace.h"
#include "ui/data/health_checks.h"
#include "ui/data/health_panel.h"
#include "ui/data/health_review.h"
#include "ui/data/histogram.h"
#include "ui/data/query_bar.h"
#include "ui/data/snapshots_panel.h"
#include "ui/data/split_panel.h"
#include "ui/data/views_menu.h"
#include "ui/theme/theme.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"

#include <QApplication>
#include <QHBoxLayout>
#include <QSplitter>
#include <QStackedWidget>
#include <QTimer>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr int CountsPause = 120; // ms after the list: while somebody types, the rows come first
constexpr auto LooksKey = "test_looks";

Result<int> testLooks(Project &project)
{
    ATTUNE_TRY(const auto stored, project.setting(LooksKey));
    return stored ? fromUtf8(*stored).toInt() : 0;
}

} // namespace

DataWorkspace::DataWorkspace(Session &session, QWidget *parent)
    : Workspace(parent), m_session(session), m_query(new DataQuery(this)), m_checks(new HealthChecks(session, this)),
      m_views(new ViewsMenu(session, *m_query, this)), m_pages(new QStackedWidget), m_page(new QWidget),
      m_splitter(new QSplitter), m_right(new QStackedWidget), m_strip(new FacetsStrip),
      m_facets(new FacetsPanel(*m_query)), m_list(new ExampleListPanel(session, *m_query)),
      m_editor(new ExampleEditor(session)), m_countsTimer(new QTimer(this))
{
    setObjectName(QStringLiteral("dataWorkspace"));
    setAcceptDrops(true);
    build();
    DataActions actions(*this);
    m_actions = actions.list();
    m_list->setMoreMenu(actions.moreMenu());
    connectAll();

    m_session.ask<int>(
        this, QStringLiteral("looks"), [](Project &project) { return testLooks(project); },
        [this](Result<int> looks) {
            m_testLooks = looks.value_or(0);
            m_facets->setTestLooks(m_testLooks);
        });
    m_query->setMaxLength(session.maxLength());
    m_list->histogram()->setMaxLength(session.maxLength());
    m_list->model().setQuery(m_query->value());
}

DataWorkspace::~DataWorkspace()
{
    // Its children lose the focus when this is no workspace any more.
    disconnect(qApp, nullptr, this, nullptr);
}

void DataWorkspace::build()
{
    m_right->addWidget(m_editor);
    setBackground(m_right, Token::Surface);
    m_splitter->setObjectName(QStringLiteral("dataSplitter"));
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setHandleWidth(1);
    m_splitter->addWidget(m_facets);
    m_splitter->addWidget(m_list);
    m_splitter->addWidget(m_right);
    m_splitter->setStretchFactor(2, 1);
    m_splitter->setSizes({scaled(212), scaled(452), scaled(704)});
    restoreSizes();
    followTheme(this, [this] {
        m_facets->setMaximumWidth(scaled(280));
        m_right->setMinimumWidth(scaled(380));
    });
    m_strip->hide();
    auto *row = new QHBoxLayout(m_page);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(m_strip);
    row->addWidget(m_splitter, 1);
    m_pages->addWidget(m_page);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_pages);
}

void DataWorkspace::connectAll()
{
    m_countsTimer->setSingleShot(true);
    m_countsTimer->setInterval(CountsPause);
    connect(m_countsTimer, &QTimer::timeout, this, [this] {
        reloadCounts();
        reloadLengths();
    });
    ExampleListModel *model = &m_list->model();
    // The rows first: counts follow once the list stands.
    connect(model, &ExampleListModel::applied, this, [this] {
        m_facets->setSearchError({});
        m_countsTimer->start(m_countsLoaded ? CountsPause : 0);
    });
    connect(model, &ExampleListModel::failed, this, [this, model] { m_facets->setSearchError(model->error()); });
    connect(&m_session, &Session::maxLengthChanged, this, [this] {
        m_query->setMaxLength(m_session.maxLength());
        m_list->histogram()->setMaxLength(m_session.maxLength());
    });
    connect(m_list->histogram(), &Histogram::maxLengthChosen, this, [this](qint64 tokens) {
        if (tokens != m_session.maxLength())
            chooseMaxLength(tokens);
    });
    const auto sayWhy = [this] {
        m_list->histogram()->setWhyUncounted(
            m_session.encoder() || m_session.encoderError().isEmpty() ? QString() : m_session.encoderError());
    };
    connect(&m_session, &Session::encoderChanged, this, sayWhy);
    sayWhy();

    connect(m_facets, &FacetsPanel::splitAsked, this, [this] { showPanel(&split()); });
    connect(m_facets, &FacetsPanel::testRowsConfirmed, this, &DataWorkspace::confirmTestRows);
    connect(m_facets, &FacetsPanel::leave, this, [this] {
        hideFacetsOver();
        m_list->focusRows();
    });
    connect(m_strip, &FacetsStrip::searchAsked, this, [this] { showFacetsOver(std::nullopt); });
    connect(m_strip, &FacetsStrip::facetAsked, this, [this](Facet facet) { showFacetsOver(facet); });
    connect(qApp, &QApplication::focusChanged, this, [this](QWidget *, QWidget *now) {
        if (m_narrow && now && !m_facets->isAncestorOf(now) && !m_strip->isAncestorOf(now))
            hideFacetsOver();
    });

    // The menu bar makes their keys act wherever the focus is: behind the import they would change rows that nobody
    // sees, and take its keys away.
    connect(m_pages, &QStackedWidget::currentChanged, this, [this] {
        const bool rows = m_pages->currentWidget() == m_page;
        for (const WorkspaceAction &one : workspaceActions()) {
            if (!one.whyDisabled.isEmpty())
                continue; // off for good
            one.action->setEnabled(rows);
            one.action->setProperty("why", rows ? QVariant() : tr("close the import first"));
        }
    });
    connect(m_list, &ExampleListPanel::tableShownChanged, this, &DataWorkspace::giveTableRoom);
    connect(m_list, &ExampleListPanel::currentChanged, this, [this](qint64 id) { m_editor->showExample(id); });
    connect(m_list, &ExampleListPanel::selectionChanged, this, [this] {
        m_editor->setSelection(m_list->selectedIds());
        if (m_replace && m_right->currentWidget() == m_replace)
            m_replace->setRows(m_list->model().ids(), m_list->selectedIds());
    });
    connect(m_list, &ExampleListPanel::importAsked, this, [this] { startImport({}); });
    connect(m_list, &ExampleListPanel::newAsked, this, &DataWorkspace::newRow);
    connect(m_list, &ExampleListPanel::pasteAsked, this, &DataWorkspace::startPaste);
    connect(m_list, &ExampleListPanel::openAsked, this, [this] {
        showPanel(nullptr);
        m_editor->startTyping();
    });
    connect(m_list->queryBar(), &QueryBar::testRowsAsked, this, [this] {
        showFacetsOver(std::nullopt);
        m_facets->askForTestRows();
    });
    connect(m_list->queryBar(), &QueryBar::alikeAsked, this, [this] { m_query->setAlikeTo(m_list->currentId()); });
    connect(m_views, &ViewsMenu::saveAsked, this, &DataWorkspace::askSaveView);

    BulkBar *bulk = m_list->bulkBar();
    connect(bulk, &BulkBar::stateChosen, this,
            [this](int state) { setStateOf(m_session, m_list->selectedIds(), static_cast<LabelState>(state)); });
    connect(bulk, &BulkBar::partChosen, this, [this](int part) {
        setPartOf(m_session, m_list->selectedIds(), part < 0 ? std::nullopt : std::optional(static_cast<Part>(part)));
    });
    connect(bulk, &BulkBar::tagAsked, this, [this] { askTag(false); });
    connect(bulk, &BulkBar::deleteAsked, this, [this] { deleteRows(m_session, m_list->selectedIds()); });
    connect(bulk, &BulkBar::replaceAsked, this, [this] {
        findReplace().setRows(m_list->model().ids(), m_list->selectedIds());
        showPanel(&findReplace());
    });

    connect(m_editor, &ExampleEditor::nextRequested, this, [this] { m_list->moveBy(1); });
    connect(m_editor, &ExampleEditor::previousRequested, this, [this] { m_list->moveBy(-1); });
    connect(m_editor, &ExampleEditor::exampleRequested, this, &DataWorkspace::showRow);
    connect(m_editor, &ExampleEditor::focusModeRequested, this, [this](bool on) {
        m_list->setVisible(!on);
        m_facets->setVisible(!on && !m_narrow);
        m_strip->setVisible(!on && m_narrow);
        if (!on)
            m_list->focusRows();
    });

    connect(m_checks, &HealthChecks::reported, this, [this](const HealthReport &report) { m_checked = report; });
}

void DataWorkspace::addPanel(SidePanel *panel)
{
    m_right->addWidget(panel);
    connect(panel, &SidePanel::closed, this, [this] {
        showPanel(nullptr);
        m_list->focusRows();
    });
}

HealthPanel &DataWorkspace::health()
{
    if (m_health)
        return *m_health;
    m_health = new HealthPanel(m_session);
    addPanel(m_health);
    m_health->setChecking(m_checks->checking());
    if (m_checked.rows > 0)
        m_health->setReport(m_checked);
    connect(m_health, &HealthPanel::checkAsked, m_checks, &HealthChecks::checkAll);
    connect(m_health, &HealthPanel::showAsked, this, [this](int kind) {
        m_query->clear();
        m_query->toggle({Facet::Problem, kind}, false);
    });
    connect(m_health, &HealthPanel::showRowsAsked, this, [this](const QList<qint64> &ids, const QString &words) {
        m_query->clear();
        m_query->setIds(Ids(ids.begin(), ids.end()), words);
    });
    connect(m_checks, &HealthChecks::checkingChanged, m_health, &HealthPanel::setChecking);
    connect(m_checks, &HealthChecks::reported, m_health, &HealthPanel::setReport);
    return *m_health;
}

SnapshotsPanel &DataWorkspace::versions()
{
    if (!m_versions) {
        m_versions = new SnapshotsPanel(m_session);
        addPanel(m_versions);
        connect(m_versions, &SnapshotsPanel::rowAsked, this, &DataWorkspace::showRow);
    }
    return *m_versions;
}

FindReplacePanel &DataWorkspace::findReplace()
{
    if (!m_replace) {
        m_replace = new FindReplacePanel(m_session);
        addPanel(m_replace);
        connect(m_replace, &FindReplacePanel::rowAsked, this, &DataWorkspace::showRow);
    }
    return *m_replace;
}

SplitPanel &DataWorkspace::split()
{
    if (!m_split) {
        m_split = new SplitPanel(m_session);
        addPanel(m_split);
        connect(m_split, &SplitPanel::leaksAsked, this, [this] {
            showPanel(&health());
            health().reviewKind(ProblemKind::Leak);
        });
    }
    return *m_split;
}

void DataWorkspace::reloadCounts()
{
    m_session.ask<FacetCounts>(
        this, QStringLiteral("counts"),
        [query = m_query->value()](Project &project) { return Labelling(project).facets(query); },
        [this](Result<FacetCounts> counts) {
            if (!counts)
                return; // the list says what is wrong with the search
            m_countsLoaded = true;
            m_rows = counts->all;
            m_facets->setCounts(*counts);
            m_list->setCounts(counts->rows, counts->all);
            const bool hidden = !m_query->value().testRows;
            m_list->queryBar()->setHiddenTestRows(hidden ? counts->parts[static_cast<std::size_t>(Part::Test)] : 0);
            m_knownTags.clear();
            for (const CountOf &tag : counts->tags)
                m_knownTags << fromUtf8(tag.value);
        });
}

void DataWorkspace::reloadLengths()
{
    struct Lengths {
        LengthCounts all;
        std::optional<LengthCounts> filtered;
        std::int64_t rows = 0;
    };
    // The histogram is of the whole project, hidden test rows too: it shows no text, and they are cut as well.
    ExampleQuery everything;
    m_session.ask<Lengths>(
        this, QStringLiteral("lengths"),
        [everything, query = m_query->value(), filtered = m_query->filtered()](Project &project) -> Result<Lengths> {
            const auto counts = [&](const ExampleQuery &of) -> Result<LengthCounts> {
                ATTUNE_TRY(const auto pairs, Labelling(project).tokenLengths(of));
                std::vector<std::int64_t> tokens;
                tokens.reserve(pairs.size());
                for (const auto &[id, count] : pairs)
                    tokens.push_back(count);
                return LengthCounts(std::move(tokens));
            };
            Lengths lengths;
            ATTUNE_TRY(lengths.all, counts(everything));
            if (filtered) {
                ATTUNE_TRY(auto some, counts(query));
                lengths.filtered = std::move(some);
            }
            ATTUNE_TRY(lengths.rows, project.exampleCount());
            return lengths;
        },
        [this](Result<Lengths> lengths) {
            if (!lengths)
                return;
            m_lengthsLoaded = true;
            m_list->histogram()->setLengths(std::move(lengths->all), lengths->rows);
            m_list->histogram()->setFiltered(std::move(lengths->filtered));
        });
}

bool DataWorkspace::ready() const
{
    return m_list->model().loaded() && !m_list->model().loading() && m_countsLoaded && m_lengthsLoaded &&
           !m_countsTimer->isActive() && (m_list->currentId() == 0 || m_editor->loaded());
}

void DataWorkspace::showRow(std::int64_t id)
{
    showPanel(nullptr);
    if (m_list->model().rowOf(id) < 0 && m_query->filtered())
        m_query->clear();
    m_list->select(id);
}

void DataWorkspace::showPanel(SidePanel *panel)
{
    m_right->setCurrentWidget(panel ? static_cast<QWidget *>(panel) : m_editor);
    if (panel)
        panel->opened();
}

/// A table wants the width that a list leaves to the row.
void DataWorkspace::giveTableRoom(bool shown)
{
    QList<int> sizes = m_splitter->sizes();
    const auto list = static_cast<qsizetype>(m_splitter->indexOf(m_list));
    const auto right = static_cast<qsizetype>(m_splitter->indexOf(m_right));
    const int both = sizes[list] + sizes[right];
    if (shown)
        m_listWidth = sizes[list];
    const int wanted = shown ? both * 3 / 5 : m_listWidth;
    sizes[list] = std::clamp(wanted, 0, std::max(0, both - m_right->minimumWidth()));
    sizes[right] = both - sizes[list];
    m_splitter->setSizes(sizes);
}

void DataWorkspace::confirmTestRows()
{
    if (!m_session.readOnly())
        m_session.change<int>(
            this,
            [](Project &project) -> Result<int> {
                ATTUNE_TRY(const int before, testLooks(project));
                ATTUNE_CHECK(project.setSetting(LooksKey, std::to_string(before + 1)));
                return before + 1;
            },
            [this](Result<int> looks) {
                if (!looks)
                    return m_session.report(looks.error());
                m_testLooks = *looks;
                m_facets->setTestLooks(*looks);
            });
    m_query->setTestRows(true);
}

void DataWorkspace::walkProblems(int step)
{
    ExampleQuery query = m_query->value();
    if (query.problems.empty())
        query.problems = allProblems();
    m_session.ask<std::int64_t>(
        this, QStringLiteral("problemRows"),
        [query, step, listed = m_list->model().ids(),
         at = m_list->currentRow()](Project &project) -> Result<std::int64_t> {
            ATTUNE_TRY(auto ids, Labelling(project).ids(query));
            std::sort(ids.begin(), ids.end());
            for (auto row = static_cast<std::ptrdiff_t>(at) + step; row >= 0 && row < std::ssize(listed); row += step)
                if (const std::int64_t id = listed[static_cast<std::size_t>(row)];
                    std::binary_search(ids.begin(), ids.end(), id))
                    return id;
            return 0;
        },
        [this, step](Result<std::int64_t> found) {
            if (!found)
                return m_session.report(found.error());
            if (*found != 0)
                m_list->select(*found);
            else
                m_session.toast(
                    {.text = step > 0 ? tr("No row with a problem below") : tr("No row with a problem above"),
                     .tone = Tone::Neutral});
        });
}

void DataWorkspace::nudgeMaxLength(int tokens)
{
    chooseMaxLength(std::max<std::int64_t>(16, m_session.maxLength() + tokens));
}

/// It is a setting, no edit of a row: the toast takes it back, not Ctrl+Z.
void DataWorkspace::chooseMaxLength(std::int64_t tokens)
{
    const std::int64_t before = m_session.maxLength();
    m_session.setMaxLength(tokens);
    m_list->histogram()->setMaxLength(tokens);
    m_session.toast({.text = tr("max_length %1: %2").arg(tokens).arg(m_list->histogram()->cutText()),
                     .tone = Tone::Neutral,
                     .action = tr("Back to %1").arg(before),
                     .act = [session = QPointer(&m_session), before] {
                         if (session)
                             session->setMaxLength(before);
                     }});
}

void DataWorkspace::newRow()
{
    if (m_session.readOnly())
        return;
    insertEmptyRow(m_session, [this, alive = QPointer(this)](const Ids &ids) {
        if (!alive || ids.empty())
            return;
        showRow(ids.front());
        m_editor->showExample(ids.front()); // at once, while the list is still on its way
        typeWhenLoaded(ids.front(), 100);
    });
}

void DataWorkspace::typeWhenLoaded(std::int64_t id, int tries)
{
    if (m_editor->shownExample() != id || tries == 0)
        return; // the user went elsewhere
    if (m_editor->loaded())
        return m_editor->startFirstTurn();
    QTimer::singleShot(20, this, [this, id, tries] { typeWhenLoaded(id, tries - 1); });
}

void DataWorkspace::askTag(bool remove)
{
    const Ids ids = m_list->selectedIds();
    if (ids.empty())
        return;
    const QString question =
        remove ? tr("Take from %1").arg(subjectOf(ids).toLower()) : tr("Tag %1").arg(subjectOf(ids).toLower());
    m_list->askBar()->ask(question, remove ? tr("Remove") : tr("Add"), m_knownTags,
                          [this, ids, remove](const QString &tag) {
                              if (remove)
                                  removeTagFrom(m_session, ids, tag);
                              else
                                  addTagTo(m_session, ids, tag);
                          });
}

void DataWorkspace::askSaveView()
{
    m_list->askBar()->ask(tr("Name of this view"), tr("Save"), m_views->names(),
                          [this](const QString &name) { m_views->save(name); });
}

} // namespace attune::ui
