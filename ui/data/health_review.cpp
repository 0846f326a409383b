#include "ui/data/health_review.h"

#include "ui/data/bulk_edit.h"
#include "ui/data/data_words.h"
#include "ui/data/editor_versions.h"
#include "ui/data/side_panel.h"
#include "ui/theme/theme.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/word_diff.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QScrollBar>
#include <QTextBrowser>
#include <QVBoxLayout>

#include <algorithm>

namespace attune::ui {

namespace {

/// Two rows and what differs, made ready by the worker.
struct Pair {
    std::vector<StoredExample> rows;
    QVector<DiffPiece> difference;
};

Result<std::vector<DuplicateGroup>> groupsOf(Project &project, ProblemKind kind)
{
    if (kind != ProblemKind::Leak)
        return duplicateGroups(project, kind);
    ATTUNE_TRY(const auto leaks, Labelling(project).problemsOfKind(ProblemKind::Leak));
    std::vector<DuplicateGroup> pairs;
    for (const StoredProblem &leak : leaks) {
        std::vector<std::int64_t> rows{leak.example, leak.other};
        if (leak.other == 0)
            continue;
        std::sort(rows.begin(), rows.end()); // each pair once, whichever row the leak was noted at
        if (std::none_of(pairs.begin(), pairs.end(), [&](const DuplicateGroup &pair) { return pair.rows == rows; }))
            pairs.push_back({.kind = kind, .rows = rows});
    }
    return pairs;
}

Result<Pair> readPairOf(Project &project, std::int64_t left, std::int64_t right)
{
    Pair pair;
    for (const std::int64_t id : {left, right}) {
        ATTUNE_TRY(auto row, project.example(id));
        if (!row)
            return Pair{};
        pair.rows.push_back(std::move(*row));
    }
    pair.difference = wordDiff(turnsText(pair.rows[0].messages), turnsText(pair.rows[1].messages));
    return pair;
}

} // namespace

HealthReview::HealthReview(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session), m_title(new ElidedLabel),
      m_previous(new KeyButton(tr("Previous"), KeyButton::Plain, "chevron-up", QStringLiteral("k"))),
      m_next(new KeyButton(tr("Next"), KeyButton::Plain, "chevron-down", QStringLiteral("j"))),
      m_otherRow(new KeyButton(tr("Other row"), KeyButton::Plain, nullptr, QStringLiteral("o"))),
      m_swap(new KeyButton(tr("Keep the right one"), KeyButton::Plain, nullptr, QStringLiteral("w"))),
      m_merge(new KeyButton(tr("Merge"), KeyButton::Primary, "merge", QStringLiteral("m"))),
      m_moveRight(new KeyButton(QString(), KeyButton::Primary, nullptr, QStringLiteral("r"))),
      m_moveLeft(new KeyButton(QString(), KeyButton::Plain, nullptr, QStringLiteral("l"))),
      m_show(new KeyButton(tr("Show in the list"), KeyButton::Link)), m_content(new QWidget),
      m_none(new EmptyState("check"))
{
    setObjectName(QStringLiteral("healthReview"));
    setAccessibleName(tr("Rows that look alike"));
    setFocusPolicy(Qt::StrongFocus);
    m_title->setProperty("strong", true);
    m_title->setObjectName(QStringLiteral("reviewTitle"));
    auto *back = new KeyButton(tr("All problems"), KeyButton::Link, "chevron-left", QStringLiteral("Esc"));
    back->setAccessibleName(tr("Back to all problems"));

    auto *head = new QHBoxLayout;
    head->setSpacing(scaled(8));
    m_title->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    head->addWidget(m_title, 1);
    head->addWidget(back);
    auto *sides = new QHBoxLayout;
    sides->setSpacing(scaled(12));
    auto *leftBox = new QWidget;
    auto *rightBox = new QWidget;
    m_leftSide = addSide(leftBox, "reviewLeft");
    m_rightSide = addSide(rightBox, "reviewRight");
    m_leftSide.text->setAccessibleName(tr("Left row"));
    m_rightSide.text->setAccessibleName(tr("Right row"));
    sides->addWidget(leftBox, 1);
    sides->addWidget(rightBox, 1);
    auto *buttons = new FlowLayout(nullptr, scaled(8), scaled(6));
    const struct {
        KeyButton *button;
        const char *name;
    } all[] = {{m_merge, "reviewMerge"},         {m_moveRight, "reviewMoveRight"}, {m_moveLeft, "reviewMoveLeft"},
               {m_swap, "reviewSwap"},           {m_otherRow, "reviewOther"},      {m_previous, "reviewPrevious"},
               {m_next, "reviewNext"}};
    for (const auto &[button, name] : all) {
        button->setObjectName(QLatin1String(name));
        buttons->addWidget(button);
    }
    buttons->addWidget(m_show);
    // Their texts come with the rows.
    m_moveRight->setAccessibleName(tr("Move the right row to the part of the left one"));
    m_moveLeft->setAccessibleName(tr("Move the left row to the part of the right one"));
    m_merge->setAccessibleName(tr("Merge the rows into one"));
    m_otherRow->setAccessibleName(tr("Show another row of the group"));
    auto *content = new QVBoxLayout(m_content);
    content->setContentsMargins(0, 0, 0, 0);
    content->setSpacing(scaled(8));
    content->addLayout(sides, 1);
    content->addLayout(buttons);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(scaled(8));
    layout->addLayout(head);
    layout->addWidget(m_content, 1);
    layout->addWidget(m_none, 1);
    m_none->hide();

    // What is alike stands side by side: both texts scroll as one.
    QScrollBar *left = m_leftSide.text->verticalScrollBar();
    QScrollBar *right = m_rightSide.text->verticalScrollBar();
    connect(left, &QScrollBar::valueChanged, right, &QScrollBar::setValue);
    connect(right, &QScrollBar::valueChanged, left, &QScrollBar::setValue);

    connect(back, &QPushButton::clicked, this, &HealthReview::backAsked);
    connect(m_previous, &QPushButton::clicked, this, [this] { showGroup(m_group - 1); });
    connect(m_next, &QPushButton::clicked, this, [this] { showGroup(m_group + 1); });
    connect(m_swap, &QPushButton::clicked, this, &HealthReview::keepOther);
    connect(m_merge, &QPushButton::clicked, this, &HealthReview::merge);
    connect(m_moveRight, &QPushButton::clicked, this, [this] { moveRight(true); });
    connect(m_moveLeft, &QPushButton::clicked, this, [this] { moveRight(false); });
    connect(m_otherRow, &QPushButton::clicked, this, [this] {
        const std::size_t count = rows().size();
        do
            m_right = (m_right + 1) % count;
        while (m_right == m_left);
        readPair();
    });
    connect(m_show, &QPushButton::clicked, this, [this] {
        Q_EMIT showRowsAsked(QList<qint64>(rows().begin(), rows().end()), tr("Group of %1").arg(rows().size()));
    });
    connect(&session, &Session::examplesChanged, this, [this] {
        if (!isVisible())
            return;
        if (m_groups.empty()) // an undo or a check may have brought one
            load(m_kind);
        else
            readPair();
    });
}

HealthReview::Side HealthReview::addSide(QWidget *to, const char *name)
{
    Side side{new QLabel, new QTextBrowser};
    side.title->setProperty("caption", true);
    side.title->setWordWrap(true);
    side.text->setObjectName(QLatin1String(name));
    side.text->setOpenLinks(false);
    side.text->setTabChangesFocus(true);
    auto *layout = new QVBoxLayout(to);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(scaled(4));
    layout->addWidget(side.title);
    layout->addWidget(side.text, 1);
    return side;
}

const std::vector<std::int64_t> &HealthReview::rows() const
{
    static const std::vector<std::int64_t> none;
    return m_group >= 0 && m_group < groupCount() ? m_groups[static_cast<std::size_t>(m_group)].rows : none;
}

void HealthReview::load(ProblemKind kind)
{
    m_kind = kind;
    m_loaded = false;
    m_session.ask<std::vector<DuplicateGroup>>(
        this, QStringLiteral("groups"), [kind](Project &project) { return groupsOf(project, kind); },
        [this](Result<std::vector<DuplicateGroup>> groups) {
            if (!groups)
                return m_session.report(groups.error());
            m_groups = std::move(*groups);
            std::erase_if(m_groups, [](const DuplicateGroup &group) { return group.rows.size() < 2; });
            showGroup(m_group);
        });
}

void HealthReview::showGroup(int group)
{
    m_group = std::clamp(group, 0, std::max(0, groupCount() - 1));
    m_left = 0;
    m_right = 1;
    m_content->setVisible(!m_groups.empty());
    m_none->setVisible(m_groups.empty());
    m_show->setVisible(!m_groups.empty());
    if (m_groups.empty()) {
        m_loaded = true;
        m_title->setText(problemWord(m_kind));
        m_none->setText(m_kind == ProblemKind::Leak ? tr("No leak between splits is left.")
                                                    : tr("No group is left."));
        return;
    }
    readPair();
}

void HealthReview::readPair()
{
    if (rows().size() < 2)
        return;
    const std::int64_t left = rows()[m_left];
    const std::int64_t right = rows()[m_right];
    m_session.ask<Pair>(
        this, QStringLiteral("pair"),
        [left, right](Project &project) { return readPairOf(project, left, right); },
        [this, left, right](Result<Pair> pair) {
            // The groups may have been read anew meanwhile, and this one be gone.
            if (rows().size() <= std::max(m_left, m_right) || rows()[m_left] != left || rows()[m_right] != right)
                return;
            m_loaded = true;
            if (!pair)
                return m_session.report(pair.error());
            if (pair->rows.size() < 2) { // one was deleted meanwhile: the group is settled
                m_groups.erase(m_groups.begin() + m_group);
                return showGroup(m_group);
            }
            m_pair = pair->rows;
            showPair(m_pair);
            for (const Side &side : {m_leftSide, m_rightSide}) {
                side.text->document()->setDefaultFont(ui::font(TextStyle::Body));
                showDiff(side.text->document(), pair->difference, side.text == m_leftSide.text,
                         side.text == m_rightSide.text);
            }
            refreshButtons();
        });
}

void HealthReview::showPair(const std::vector<StoredExample> &rows)
{
    const auto describe = [](const StoredExample &row, const QString &role) {
        QStringList words{role.isEmpty() ? HealthReview::tr("Row %1").arg(row.id) : role.arg(row.id),
                          partWord(row.part).toLower(), stateWord(row.state).toLower()};
        if (row.rating > 0)
            words << HealthReview::tr("rated %1").arg(row.rating);
        for (const std::string &tag : row.tags)
            words << fromUtf8(tag);
        return words.join(QStringLiteral(" · "));
    };
    const bool leak = m_kind == ProblemKind::Leak;
    m_leftSide.title->setText(describe(rows[0], leak ? QString() : tr("Row %1, kept")));
    m_rightSide.title->setText(describe(rows[1], {}));
    m_leftSide.text->setAccessibleName(m_leftSide.title->text());
    m_rightSide.text->setAccessibleName(m_rightSide.title->text());
}

void HealthReview::refreshButtons()
{
    const DuplicateGroup &group = m_groups[static_cast<std::size_t>(m_group)];
    const bool leak = m_kind == ProblemKind::Leak;
    const auto count = static_cast<int>(group.rows.size());
    QString title = tr("%1: %2 of %3").arg(problemWord(m_kind)).arg(m_group + 1).arg(groupCount());
    if (!leak)
        title += tr(", %1").arg(rowsText(count));
    if (m_kind == ProblemKind::NearDuplicate)
        title += tr(", %1 alike").arg(formatShare(group.similarity));
    m_title->setText(title);
    m_previous->setEnabled(m_group > 0);
    m_next->setEnabled(m_group + 1 < groupCount());
    m_otherRow->setVisible(!leak && count > 2);
    m_otherRow->setText(tr("Other row (%1 of %2)").arg(m_right < m_left ? m_right + 1 : m_right).arg(count - 1));
    m_swap->setVisible(!leak);
    m_merge->setVisible(!leak);
    m_merge->setText(count == 2 ? tr("Merge into row %1").arg(m_pair[0].id)
                                : tr("Merge %1 into row %2").arg(rowsText(count)).arg(m_pair[0].id));
    m_moveRight->setVisible(leak);
    m_moveLeft->setVisible(leak);
    m_moveRight->setText(tr("Move row %1 to %2").arg(m_pair[1].id).arg(partWord(m_pair[0].part).toLower()));
    m_moveLeft->setText(tr("Move row %1 to %2").arg(m_pair[0].id).arg(partWord(m_pair[1].part).toLower()));
    const bool writable = !m_session.readOnly();
    for (KeyButton *button : {m_merge, m_moveRight, m_moveLeft}) {
        button->setEnabled(writable);
        button->setAccessibleName(button->text());
    }
}

void HealthReview::keepOther()
{
    std::swap(m_left, m_right);
    readPair();
}

void HealthReview::merge()
{
    if (m_kind == ProblemKind::Leak || m_pair.size() < 2 || m_session.readOnly())
        return;
    const Ids group = rows();
    const std::int64_t kept = group[m_left];
    applyEdits(m_session, tr("%1 merged into row %2").arg(rowsText(static_cast<qint64>(group.size()))).arg(kept),
               [group, kept](Project &project) -> Result<std::vector<ExampleEdit>> {
                   ATTUNE_TRY(const auto all, Labelling(project).summaries(group));
                   std::vector<std::string> tags;
                   std::vector<ExampleEdit> edits;
                   // The kept row's own tags come first.
                   for (const bool own : {true, false})
                       for (const ExampleSummary &row : all)
                           if ((row.id == kept) == own)
                               for (const std::string &tag : row.tags)
                                   if (std::find(tags.begin(), tags.end(), tag) == tags.end())
                                       tags.push_back(tag);
                   for (const ExampleSummary &row : all) {
                       if (row.id != kept)
                           edits.push_back({.id = row.id, .deleted = true});
                       else if (row.tags != tags)
                           edits.push_back({.id = row.id, .tags = tags});
                   }
                   return edits;
               });
    m_groups.erase(m_groups.begin() + m_group);
    showGroup(m_group);
}

void HealthReview::moveRight(bool toLeftsPart)
{
    if (m_kind != ProblemKind::Leak || m_pair.size() < 2 || m_session.readOnly())
        return;
    const StoredExample &moved = m_pair[toLeftsPart ? 1 : 0];
    setPartOf(m_session, {moved.id}, m_pair[toLeftsPart ? 0 : 1].part);
    m_groups.erase(m_groups.begin() + m_group);
    showGroup(m_group);
}

void HealthReview::keyPressEvent(QKeyEvent *event)
{
    const auto press = [event](KeyButton *button) {
        if (button->isVisible() && button->isEnabled())
            button->click();
        event->accept();
    };
    switch (event->key()) {
    case Qt::Key_M: return press(m_merge);
    case Qt::Key_W: return press(m_swap);
    case Qt::Key_O: return press(m_otherRow);
    case Qt::Key_R: return press(m_moveRight);
    case Qt::Key_L: return press(m_moveLeft);
    case Qt::Key_J: return press(m_next);
    case Qt::Key_K: return press(m_previous);
    case Qt::Key_Escape: Q_EMIT backAsked(); return;
    default: QWidget::keyPressEvent(event);
    }
}

} // namespace attune::ui
