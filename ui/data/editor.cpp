#include "ui/data/editor.h"

#include "ui/data/editor_action_bar.h"
#include "ui/data/editor_cards.h"
#include "ui/data/editor_header.h"
#include "ui/data/editor_keys.h"
#include "ui/data/editor_snippets.h"
#include "ui/data/editor_tokens.h"
#include "ui/data/editor_versions.h"
#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"

#include <QApplication>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QTextEdit>

#include <algorithm>

namespace attune::ui {

namespace {

/// System turns are counted over all rows, which takes a while in a large project: not after every key.
constexpr int CountSharedMs = 1500;

} // namespace

ExampleEditor::ExampleEditor(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session), m_draft(new EditorDraft(session, this)), m_keys(new EditorKeys(this)),
      m_preview(new PreviewWorker(this)), m_snippets(new SnippetStore(session, this)), m_header(new EditorHeader),
      m_clash(new InlineNotice(Tone::Warn)), m_failure(new InlineNotice(Tone::Bad)),
      m_explanation(new InlineNotice(Tone::Neutral)), m_cards(new EditorCards(*m_draft)), m_tokens(new EditorTokens),
      m_bar(new EditorActionBar(*m_keys)), m_versions(new VersionPanel(session)),
      m_snippetPanel(new SnippetPanel(*m_snippets)), m_empty(new EmptyState("edit"))
{
    setObjectName(QStringLiteral("exampleEditor"));
    if (session.readOnly())
        m_keys->forReadingOnly(tr("The project is open for reading only."));
    setAccessibleName(tr("Row editor"));
    setBackground(this, Token::Surface);
    m_sharedSoon.setSingleShot(true);
    m_sharedSoon.setInterval(CountSharedMs);
    build();
    buildMenu();
    connectParts();
    connectKeys();
    showNothing(tr("No row is chosen."));
}

ExampleEditor::~ExampleEditor()
{
    disconnect(qApp, nullptr, this, nullptr); // its fields lose the focus when this is no editor any more
    m_draft->keep();
}

// --- building ---

void ExampleEditor::build()
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_header);
    m_clash->setObjectName(QStringLiteral("clash"));
    m_failure->setObjectName(QStringLiteral("failure"));
    m_explanation->setObjectName(QStringLiteral("explanation"));
    for (InlineNotice *notice : {m_clash, m_failure, m_explanation}) {
        notice->hide();
        layout->addWidget(notice);
    }
    layout->addWidget(buildBody(), 1);
    layout->addWidget(m_empty, 1);
    layout->addWidget(m_bar);
}

QWidget *ExampleEditor::buildBody()
{
    m_body = new QWidget;
    auto *across = new QHBoxLayout(m_body);
    across->setContentsMargins(0, 0, 0, 0);
    across->setSpacing(0);
    auto *column = new QVBoxLayout;
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(m_cards);
    auto *framed = new QHBoxLayout;
    framed->setContentsMargins(16, 0, 16, 11);
    framed->addWidget(m_tokens);
    column->addLayout(framed, 1);
    column->addStretch(0);
    m_column = column;
    across->addLayout(column, 100);
    for (QWidget *side : std::initializer_list<QWidget *>{m_versions, m_snippetPanel}) {
        side->hide();
        across->addWidget(side, 1);
    }
    return m_body;
}

void ExampleEditor::buildMenu()
{
    auto *menu = new QMenu(this);
    const auto add = [this, menu](std::initializer_list<EditorKeys::Key> keys) {
        for (const EditorKeys::Key key : keys)
            menu->addAction((*m_keys)[key]);
        menu->addSeparator();
    };
    add({EditorKeys::Duplicate, EditorKeys::Note, EditorKeys::Tag, EditorKeys::SetSplit});
    add({EditorKeys::AddUser, EditorKeys::AddAnswer, EditorKeys::AddSystem, EditorKeys::TrimQuotes});
    add({EditorKeys::Versions, EditorKeys::Snippets});
    add({EditorKeys::FocusMode, EditorKeys::FoldTokens});
    m_header->setMenu(menu);
}

void ExampleEditor::connectParts()
{
    connect(&m_session, &Session::examplesChanged, this, [this] {
        reload();
        m_sharedSoon.start();
    });
    connect(&m_session, &Session::encoderChanged, this, &ExampleEditor::askPreview);
    connect(&m_session, &Session::maxLengthChanged, this, &ExampleEditor::askPreview);
    connect(&m_session, &Session::stepWalked, this, [this](const std::vector<std::int64_t> &rows) {
        if (isVisible() && !rows.empty() && std::ranges::find(rows, m_id) == rows.end())
            Q_EMIT exampleRequested(rows.front());
    });
    connect(&m_sharedSoon, &QTimer::timeout, this, &ExampleEditor::askShared);
    connect(qApp, &QApplication::focusChanged, this, [this](QWidget *, QWidget *now) { focusMoved(now); });

    connect(m_draft, &EditorDraft::typedOn, this, &ExampleEditor::askPreview);
    connect(m_draft, &EditorDraft::turnsChanged, this, [this] {
        m_cards->showTurns(false);
        showShared();
        askPreview();
    });
    connect(m_draft, &EditorDraft::notesChanged, m_cards, &EditorCards::showNotes);
    connect(m_draft, &EditorDraft::clashed, this, &ExampleEditor::showClash);
    connect(m_draft, &EditorDraft::failed, this, &ExampleEditor::showFailure);
    connect(m_draft, &EditorDraft::keptNow, m_failure, &QWidget::hide);
    connect(m_preview, &PreviewWorker::answered, this, &ExampleEditor::takePreview);

    connect(m_header, &EditorHeader::partAsked, this, &ExampleEditor::choosePart);
    connect(m_header, &EditorHeader::problemAsked, this, &ExampleEditor::explain);
    connect(m_header, &EditorHeader::tagAdded, this, &ExampleEditor::addTag);
    connect(m_header, &EditorHeader::tagRemoved, this, &ExampleEditor::removeTag);
    connect(m_header, &EditorHeader::tagsWanted, this, &ExampleEditor::completeTags);
    connect(m_header, &EditorHeader::versionsAsked, this, [this] { openSide(m_versions); });
    connect(m_header, &EditorHeader::escaped, this, &ExampleEditor::done);

    connect(m_cards, &EditorCards::entered, this, [this](int turn) {
        const RoleCard *card = m_cards->card(turn);
        if (!card || card->role() != "system" || std::exchange(m_inSystem, true))
            return;
        m_systemBefore = m_draft->turns()[static_cast<std::size_t>(turn)].content;
        const auto found = m_shared.find(m_systemBefore);
        m_systemRows = found == m_shared.end() ? 1 : found->second;
    });
    connect(m_cards, &EditorCards::left, this, [this](int) {
        m_tokens->link(-1, 0);
        systemLeft();
    });
    connect(m_cards, &EditorCards::shareChosen, this, [this](bool all) {
        if (all)
            changeSystemOfAll();
    });
    connect(m_cards, &EditorCards::escaped, this, &ExampleEditor::done);
    connect(m_cards, &EditorCards::stepComing, this, [this] {
        m_draft->keep();
        m_draft->expectChange();
    });
    connect(m_cards, &EditorCards::undoAsked, this, [this] { undo(true); });
    connect(m_cards, &EditorCards::redoAsked, this, [this] { undo(false); });
    connect(m_cards, &EditorCards::menuAsked, this, &ExampleEditor::showTurnMenu);
    connect(m_cards, &EditorCards::addAsked, this, &ExampleEditor::addTurn);
    connect(m_cards, &EditorCards::caretMoved, this, [this](int turn, std::int64_t byte) {
        m_tokens->link(turn, byte);
    });

    connect(m_tokens, &EditorTokens::raiseAsked, this, &ExampleEditor::raiseMaxLength);
    connect(m_tokens, &EditorTokens::trimAsked, this, &ExampleEditor::trimQuotes);
    connect(m_tokens, &EditorTokens::dropAsked, this, [this] { label(LabelState::Rejected, false); });
    connect(m_tokens, &EditorTokens::answerAsked, this, &ExampleEditor::writeAnswer);
    connect(m_tokens, &EditorTokens::turnAsked, this, &ExampleEditor::goToTurn);
    connect(m_tokens, &EditorTokens::collapsedChanged, this, [this](bool collapsed) {
        (*m_keys)[EditorKeys::FoldTokens]->setChecked(!collapsed);
        m_column->setStretch(1, collapsed ? 0 : 1);
        m_column->setStretch(2, collapsed ? 1 : 0);
    });

    connect(m_bar, &EditorActionBar::rated, this, &ExampleEditor::rate);
    connect(m_versions, &VersionPanel::restoreAsked, this, &ExampleEditor::restoreVersion);
    connect(m_versions, &VersionPanel::closed, this, &ExampleEditor::closeSide);
    connect(m_snippetPanel, &SnippetPanel::closed, this, &ExampleEditor::closeSide);
}

void ExampleEditor::connectKeys()
{
    const auto on = [this](EditorKeys::Key key, std::function<void()> act) {
        connect((*m_keys)[key], &QAction::triggered, this, std::move(act));
    };
    on(EditorKeys::Approve, [this] { label(LabelState::Approved, true); });
    on(EditorKeys::Reject, [this] { label(LabelState::Rejected, true); });
    on(EditorKeys::Flag, [this] { toggleFlag(); });
    for (int rating = 1; rating <= 5; ++rating)
        on(static_cast<EditorKeys::Key>(EditorKeys::Rate1 + rating - 1), [this, rating] { rate(rating); });
    on(EditorKeys::Edit, [this] { startTyping(); });
    on(EditorKeys::Undo, [this] { undo(true); });
    on(EditorKeys::Previous, [this] { Q_EMIT previousRequested(); });
    on(EditorKeys::Next, [this] { Q_EMIT nextRequested(); });
    on(EditorKeys::SetSplit, [this] { choosePart(); });
    on(EditorKeys::Tag, [this] { m_header->startTag(); });
    on(EditorKeys::Note, [this] {
        if (m_row)
            m_cards->openNotes();
    });
    on(EditorKeys::Duplicate, [this] { duplicate(); });
    const auto version = [this](int by) {
        if (m_versions->isHidden())
            openSide(m_versions);
        m_versions->step(by);
    };
    on(EditorKeys::VersionBack, [version] { version(-1); });
    on(EditorKeys::VersionForward, [version] { version(1); });
    on(EditorKeys::ApproveNext, [this] {
        done();
        label(LabelState::Approved, true);
    });
    on(EditorKeys::Done, [this] { done(); });
    on(EditorKeys::Snippet, [this] { chooseSnippet(); });
    on(EditorKeys::TurnUp, [this] { moveTurn(-1); });
    on(EditorKeys::TurnDown, [this] { moveTurn(1); });
    on(EditorKeys::SplitTurn, [this] { splitTurn(); });
    on(EditorKeys::JoinTurn, [this] { joinTurn(); });
    on(EditorKeys::AddUser, [this] { addTurn("user"); });
    on(EditorKeys::AddAnswer, [this] { addTurn("assistant"); });
    on(EditorKeys::AddSystem, [this] { addTurn("system"); });
    on(EditorKeys::RemoveTurn, [this] { removeTurn(); });
    on(EditorKeys::TrimQuotes, [this] { trimQuotes(); });
    on(EditorKeys::Versions, [this] { openSide(m_versions); });
    on(EditorKeys::Snippets, [this] { openSide(m_snippetPanel); });
    on(EditorKeys::FocusMode, [this] { setFocusMode(!m_focusMode); });
    on(EditorKeys::FoldTokens, [this] { m_tokens->setCollapsed(!m_tokens->collapsed()); });
}

QList<WorkspaceAction> ExampleEditor::actions()
{
    return m_keys->list();
}

QList<QWidget *> ExampleEditor::regions()
{
    return {m_cards, m_tokens, m_bar};
}

// --- the row ---

void ExampleEditor::showExample(std::int64_t id)
{
    if (id == m_id && id != 0)
        return;
    if (m_typing)
        done();
    systemLeft();
    m_draft->keep();
    m_id = id;
    m_row.reset();
    m_clash->hide();
    m_explanation->hide();
    if (id == 0)
        showNothing(tr("No row is chosen."));
    else
        reload();
}

void ExampleEditor::setSelection(std::vector<std::int64_t> ids)
{
    m_selection = std::move(ids);
    if (m_row)
        m_bar->showLabels(m_row->example.state, m_row->example.rating, static_cast<std::int64_t>(targets().size()));
}

void ExampleEditor::keepTyped()
{
    systemLeft();
    m_draft->keep();
    m_snippetPanel->keep();
}

bool ExampleEditor::loaded() const
{
    if (m_id == 0)
        return true;
    const bool tokens = m_session.encoder() ? !m_preview->busy() : !m_session.encoderError().isEmpty();
    return m_row && m_row->example.id == m_id && tokens && m_sharedKnown;
}

void ExampleEditor::reload()
{
    if (m_id == 0)
        return;
    using Found = std::optional<Row>;
    m_session.ask<Found>(
        this, QStringLiteral("row"),
        [id = m_id](Project &project) -> Result<Found> {
            ATTUNE_TRY(auto example, project.example(id));
            if (!example)
                return Found();
            Labelling labelling(project);
            Row row{std::move(*example), {}, 0};
            ATTUNE_TRY(row.problems, labelling.problems(id));
            ATTUNE_TRY(const auto history, labelling.history(id));
            row.versions = static_cast<int>(history.size());
            return Found(std::move(row));
        },
        [this, id = m_id, writes = m_draft->writes()](Result<Found> found) {
            if (id != m_id)
                return;
            if (!found) {
                showFailure(found.error());
                return;
            }
            if (!*found) {
                m_row.reset();
                showNothing(tr("Row %1 was deleted. Undo brings it back.").arg(id));
                return;
            }
            // What was read while texts of this window were on their way to the file may be older than they are;
            // another answer follows them.
            const bool stale = m_draft->id() == id && (m_draft->writing() || writes != m_draft->writes());
            if (!stale)
                showRow(std::move(**found));
        });
}

void ExampleEditor::showRow(Row row)
{
    const bool fresh = m_draft->id() != row.example.id || m_body->isHidden();
    m_row = std::move(row);
    const StoredExample &example = m_row->example;
    m_empty->hide();
    m_body->show();
    m_bar->show();
    m_cards->setReadOnly(m_session.readOnly());
    if (fresh) {
        if (!m_draft->waits())
            m_failure->hide();
        m_draft->show(example.id, example.messages, example.notes);
        m_cards->showTurns(true);
        askPreview();
        if (m_sharedKnown)
            showShared();
        else
            askShared();
    } else {
        m_draft->follow(example.messages, example.notes);
    }
    showHeader();
    if (m_versions->isVisible())
        m_versions->showRow(m_id);
}

void ExampleEditor::showNothing(const QString &why)
{
    m_draft->show(0, {}, {});
    m_preview->forget();
    m_header->showNothing();
    m_body->hide();
    m_bar->hide();
    m_empty->setText(why);
    m_empty->show();
}

void ExampleEditor::showHeader()
{
    if (!m_row)
        return;
    const StoredExample &example = m_row->example;
    EditorHeader::Facts facts{example.id, example.part, example.state, {}, example.tags, example.origin,
                              m_row->versions, m_session.readOnly()};
    const ShownPreview *shown = m_tokens->shown();
    if (shown && shown->row == example.id && shown->preview && shown->preview->cut > 0)
        facts.problems.push_back(ProblemKind::Cut);
    for (const StoredProblem &problem : m_row->problems)
        if (std::ranges::find(facts.problems, problem.kind) == facts.problems.end())
            facts.problems.push_back(problem.kind);
    m_header->showFacts(facts);
    m_bar->showLabels(example.state, example.rating, static_cast<std::int64_t>(targets().size()));
    m_bar->setLabelsEnabled(!m_session.readOnly(), tr("The project is open for reading only"));
}

// --- what the model will see ---

QString ExampleEditor::whyNoTokens() const
{
    if (m_session.encoder())
        return {};
    return m_session.encoderError().isEmpty() ? tr("Loading the tokenizer of %1").arg(m_session.baseModel())
                                              : m_session.encoderError();
}

void ExampleEditor::askPreview()
{
    if (m_draft->id() == 0)
        return;
    if (m_session.encoder()) {
        m_preview->ask(m_session.encoder(), m_draft->id(), m_draft->turns(), m_session.maxLength());
        return;
    }
    m_preview->forget();
    m_tokens->showWhy(whyNoTokens(), !m_session.encoderError().isEmpty());
    m_cards->showPreview(nullptr);
    showHeader();
}

void ExampleEditor::takePreview(const std::shared_ptr<const ShownPreview> &shown)
{
    if (shown->row != m_draft->id())
        return;
    m_tokens->showPreview(shown);
    m_cards->showPreview(shown->preview ? &*shown->preview : nullptr);
    m_cards->tellCaret();
    showHeader();
}

} // namespace attune::ui
