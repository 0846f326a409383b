#include "ui/data/health_panel.h"

#include "ui/data/bulk_edit.h"
#include "ui/data/data_words.h"
#include "ui/data/health_review.h"
#include "ui/theme/theme.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"

#include <QGridLayout>
#include <QLabel>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>
#include <map>
#include <set>

namespace attune::ui {

namespace {

constexpr std::int64_t MostRaised = 32'768; ///< tokens of a row that a small machine can still train on

/// The project as a whole, test rows too: a leak is about them.
ExampleQuery everything(std::int64_t maxLength)
{
    ExampleQuery query;
    query.maxLength = maxLength;
    return query;
}

struct LedgerAnswer {
    FacetCounts counts;
    std::int64_t longest = 0;
};

} // namespace

HealthPanel::HealthPanel(Session &session, QWidget *parent)
    : SidePanel(tr("Health"), "health", parent), m_session(session),
      m_check(new KeyButton(tr("Check now"), KeyButton::Plain, "refresh")), m_ledger(new QWidget),
      m_summary(caption({})), m_lines(new QGridLayout), m_review(new HealthReview(session))
{
    m_check->setObjectName(QStringLiteral("checkNow"));
    m_check->setAccessibleName(tr("Check all rows now"));
    m_check->setEnabled(!session.readOnly());
    addToHeader(m_check);
    connect(m_check, &QPushButton::clicked, this, &HealthPanel::checkAsked);

    auto *inside = new QWidget;
    auto *column = new QVBoxLayout(inside);
    column->setContentsMargins(0, 0, 0, 0);
    m_lines->setHorizontalSpacing(scaled(12));
    m_lines->setVerticalSpacing(scaled(2));
    m_lines->setColumnStretch(1, 1);
    column->addLayout(m_lines);
    column->addStretch(1);
    auto *scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setAccessibleName(tr("Problems found"));
    scroll->setWidget(inside);
    auto *ledger = new QVBoxLayout(m_ledger);
    ledger->setContentsMargins(0, 0, 0, 0);
    ledger->addWidget(m_summary);
    ledger->addWidget(scroll, 1);
    body()->addWidget(m_ledger, 1);
    body()->addWidget(m_review, 1);
    m_review->hide();

    connect(m_review, &HealthReview::backAsked, this, [this] {
        m_review->hide();
        m_ledger->show();
        refresh();
        m_check->setFocus();
    });
    connect(m_review, &HealthReview::showRowsAsked, this, &HealthPanel::showRowsAsked);
    connect(&session, &Session::examplesChanged, this, [this] {
        if (isVisible())
            refresh();
    });
}

void HealthPanel::opened()
{
    m_review->hide();
    m_ledger->show();
    m_check->setFocus(Qt::OtherFocusReason);
    refresh();
}

void HealthPanel::refresh()
{
    m_session.ask<LedgerAnswer>(
        this, QStringLiteral("ledger"),
        [query = everything(m_session.maxLength())](Project &project) -> Result<LedgerAnswer> {
            Labelling labelling(project);
            ATTUNE_TRY(auto counts, labelling.facets(query));
            ATTUNE_TRY(const auto lengths, labelling.tokenLengths(query));
            LedgerAnswer answer{std::move(counts)};
            for (const auto &[id, tokens] : lengths)
                answer.longest = std::max(answer.longest, tokens);
            return answer;
        },
        [this](Result<LedgerAnswer> answer) {
            if (!answer)
                return m_session.report(answer.error());
            m_longest = answer->longest;
            rebuild(answer->counts);
        });
}

void HealthPanel::setChecking(bool checking)
{
    m_checking = checking;
    m_check->setEnabled(!checking && !m_session.readOnly());
    m_check->setText(checking ? tr("Checking") : tr("Check now"));
}

void HealthPanel::setReport(const HealthReport &report)
{
    m_checked = report.rows;
    m_tokensOf = report.counted;
    showChecked();
    if (isVisible())
        refresh();
}

void HealthPanel::showChecked()
{
    if (m_checked < 0)
        return;
    QString words = tr("%1 checked").arg(rowsText(m_checked));
    if (const auto rejected = m_counts.states[static_cast<std::size_t>(LabelState::Rejected)];
        m_loaded && rejected > 0)
        words += tr(", not the %1 rejected").arg(formatCount(rejected));
    if (m_tokensOf < m_checked)
        words += tr(", tokens of %1 counted").arg(formatCount(m_tokensOf));
    header()->setCaption(words);
}

void HealthPanel::resizeEvent(QResizeEvent *event)
{
    SidePanel::resizeEvent(event);
    const bool narrow = width() < scaled(600);
    if (narrow == m_narrow)
        return;
    m_narrow = narrow;
    if (m_loaded)
        rebuild(FacetCounts(m_counts));
}

void HealthPanel::rebuild(const FacetCounts &counts)
{
    m_counts = counts;
    m_loaded = true;
    showChecked();
    while (QLayoutItem *item = m_lines->takeAt(0)) {
        if (item->widget())
            item->widget()->deleteLater();
        delete item;
    }
    for (int line = 0; line < m_lines->rowCount(); ++line) // a grid keeps the rows that it once had
        m_lines->setRowMinimumHeight(line, 0);
    m_line = 0;
    bool any = false;
    for (const ProblemKind kind : allProblems()) {
        const std::int64_t rows = counts.problems[static_cast<std::size_t>(kind)];
        if (rows > 0)
            addLine(kind, rows);
        any = any || rows > 0;
    }
    if (!any)
        m_summary->setText(tr("Nothing is wrong with the %1.").arg(rowsText(counts.all)));
    else
        m_summary->setText(tr("%1 of %2 have a problem.").arg(formatCount(counts.problemRows), rowsText(counts.all)));
}

void HealthPanel::addLine(ProblemKind kind, std::int64_t rows)
{
    const int line = m_line;
    m_line += m_narrow ? 2 : 1;
    auto *badge = new Badge(problemWord(kind, m_session.maxLength()), problemTone(kind), problemIcon(kind));
    QString meaning = problemMeaning(kind);
    if (kind == ProblemKind::Cut)
        meaning += QLatin1Char(' ') + tr("%1 tokens are lost.").arg(formatCount(m_counts.cutTokens));
    auto *count = new QLabel(formatCount(rows));
    count->setProperty("mono", true);
    const auto link = [this](const QString &text, const QString &name, const QString &objectName, auto act) {
        auto *button = new KeyButton(text, KeyButton::Link);
        button->setAccessibleName(name);
        button->setObjectName(objectName);
        connect(button, &QPushButton::clicked, this, act);
        return button;
    };
    const QString id = QString::number(static_cast<int>(kind));
    auto *words = caption(meaning);
    words->setProperty("caption", QVariant());
    words->setProperty("small", true);
    m_lines->setRowMinimumHeight(line, scaled(36));
    m_lines->addWidget(badge, line, 0, Qt::AlignLeft | Qt::AlignVCenter);
    if (m_narrow) {
        m_lines->addWidget(words, line + 1, 0, 1, 6);
        words->setContentsMargins(0, 0, 0, scaled(8));
    } else {
        m_lines->addWidget(words, line, 1, Qt::AlignVCenter);
    }
    m_lines->addWidget(count, line, 2, Qt::AlignRight | Qt::AlignVCenter);
    m_lines->addWidget(link(tr("Show"), tr("Show the rows: %1").arg(problemShort(kind)), QStringLiteral("show.") + id,
                            [this, kind] { Q_EMIT showAsked(static_cast<int>(kind)); }),
                       line, 3, Qt::AlignVCenter);
    if (kind == ProblemKind::Duplicate || kind == ProblemKind::NearDuplicate || kind == ProblemKind::Leak)
        m_lines->addWidget(link(tr("Review"), tr("Review in pairs: %1").arg(problemShort(kind)),
                                QStringLiteral("review.") + id, [this, kind] { reviewKind(kind); }),
                           line, 4, Qt::AlignVCenter);
    if (m_session.readOnly())
        return;
    QString fixText;
    switch (kind) {
    case ProblemKind::Cut:
        if (m_longest <= MostRaised) // a row that is longer has to change itself
            fixText = tr("Raise to %1").arg(formatCount((m_longest + 63) / 64 * 64));
        break;
    case ProblemKind::Duplicate: fixText = tr("Merge all"); break;
    case ProblemKind::NearDuplicate: break; // each needs a look
    case ProblemKind::Leak: fixText = tr("Move all"); break;
    case ProblemKind::NoAnswer:
    case ProblemKind::NothingTrained: fixText = tr("Reject all"); break;
    default: fixText = tr("Flag all"); break;
    }
    if (!fixText.isEmpty())
        m_lines->addWidget(link(fixText, tr("%1: %2").arg(problemWord(kind), fixText), QStringLiteral("fix.") + id,
                                [this, kind] { fix(kind); }),
                           line, 5, Qt::AlignVCenter);
}

void HealthPanel::fix(ProblemKind kind)
{
    switch (kind) {
    case ProblemKind::Cut: m_session.setMaxLength((m_longest + 63) / 64 * 64); return refresh();
    case ProblemKind::Duplicate: return mergeEqual();
    case ProblemKind::Leak: return moveLeaks();
    case ProblemKind::NoAnswer:
    case ProblemKind::NothingTrained: return stateOfAll(kind, LabelState::Rejected);
    default: return stateOfAll(kind, LabelState::Flagged);
    }
}

void HealthPanel::stateOfAll(ProblemKind kind, LabelState state)
{
    ExampleQuery query = everything(m_session.maxLength());
    query.problems = {kind};
    applyEdits(m_session, tr("All rows with \"%1\" %2").arg(problemShort(kind), stateWord(state).toLower()),
               [query, state](Project &project) -> Result<std::vector<ExampleEdit>> {
                   ATTUNE_TRY(const auto ids, Labelling(project).ids(query));
                   std::vector<ExampleEdit> edits;
                   for (const std::int64_t id : ids)
                       edits.push_back({.id = id, .state = state});
                   return edits;
               });
}

/// The first row of each group of equal rows stays and gets the tags of all.
void HealthPanel::mergeEqual()
{
    applyEdits(m_session, tr("Duplicates merged"), [](Project &project) -> Result<std::vector<ExampleEdit>> {
        ATTUNE_TRY(const auto groups, duplicateGroups(project, ProblemKind::Duplicate));
        std::vector<ExampleEdit> edits;
        for (const DuplicateGroup &group : groups) {
            ATTUNE_TRY(const auto rows, Labelling(project).summaries(group.rows));
            if (rows.size() < 2)
                continue;
            std::vector<std::string> tags = rows.front().tags;
            for (const ExampleSummary &row : rows)
                for (const std::string &tag : row.tags)
                    if (std::find(tags.begin(), tags.end(), tag) == tags.end())
                        tags.push_back(tag);
            if (tags != rows.front().tags)
                edits.push_back({.id = rows.front().id, .tags = tags});
            for (std::size_t i = 1; i < rows.size(); ++i)
                edits.push_back({.id = rows[i].id, .deleted = true});
        }
        return edits;
    });
}

/// Of each leak the later row moves to where the earlier one is.
void HealthPanel::moveLeaks()
{
    applyEdits(m_session, tr("Leaks mended"), [](Project &project) -> Result<std::vector<ExampleEdit>> {
        Labelling labelling(project);
        ATTUNE_TRY(const auto leaks, labelling.problemsOfKind(ProblemKind::Leak));
        std::set<std::pair<std::int64_t, std::int64_t>>
            pairs; // in the order of ids, so that a chain ends in one part
        for (const StoredProblem &leak : leaks)
            if (leak.other != 0)
                pairs.emplace(std::min(leak.example, leak.other), std::max(leak.example, leak.other));
        std::map<std::int64_t, std::optional<Part>> moved;
        for (const auto &[first, second] : pairs) {
            std::optional<Part> to;
            if (const auto known = moved.find(first); known != moved.end()) {
                to = known->second;
            } else {
                ATTUNE_TRY(const auto row, project.example(first));
                if (!row)
                    continue;
                to = row->part;
            }
            moved[second] = to;
        }
        std::vector<ExampleEdit> edits;
        for (const auto &[id, part] : moved)
            edits.push_back({.id = id, .part = part});
        return edits;
    });
}

void HealthPanel::reviewKind(ProblemKind kind)
{
    m_ledger->hide();
    m_review->show();
    m_review->load(kind);
    m_review->setFocus(Qt::OtherFocusReason);
}

} // namespace attune::ui
