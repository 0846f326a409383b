#include "ui/data/snapshots_panel.h"

#include "ui/data/data_words.h"
#include "ui/data/editor_versions.h"
#include "ui/theme/theme.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/segmented_control.h"

#include <QComboBox>
#include <QDateTime>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QLocale>
#include <QTextBrowser>
#include <QVBoxLayout>

#include <algorithm>
#include <array>

namespace attune::ui {

namespace {

using Kind = SnapshotChange::Kind;
constexpr std::array Kinds{Kind::Added, Kind::Removed, Kind::Edited, Kind::Moved};
constexpr std::size_t MostListed = 5000; // more than anybody reads; the counts are of all

QString timeWords(const std::string &iso)
{
    const QDateTime time = QDateTime::fromString(fromUtf8(iso), Qt::ISODate).toLocalTime();
    return time.isValid() ? QLocale(QLocale::English).toString(time, QStringLiteral("d MMM yyyy, HH:mm"))
                          : fromUtf8(iso);
}

QString nameOf(const SnapshotInfo &snapshot)
{
    return snapshot.name.empty() ? SnapshotsPanel::tr("Version %1").arg(snapshot.id) : fromUtf8(snapshot.name);
}

QString firstWords(const std::vector<Message> &messages)
{
    for (const Message &message : messages)
        if (message.role == "user")
            return oneLine(fromUtf8(message.content), 120);
    return messages.empty() ? QString() : oneLine(fromUtf8(messages.front().content), 120);
}

} // namespace

SnapshotsPanel::SnapshotsPanel(Session &session, QWidget *parent)
    : SidePanel(tr("Versions"), "versions", parent), m_session(session), m_name(new QLineEdit),
      m_take(new KeyButton(tr("Keep this version"), KeyButton::Plain, "snapshot")), m_list(new QListWidget),
      m_rename(new KeyButton(tr("Rename"), KeyButton::Flat, nullptr, QStringLiteral("F2"))),
      m_restore(new KeyButton(tr("Restore"), KeyButton::Flat, "history")), m_from(new QComboBox), m_to(new QComboBox),
      m_kinds(new SegmentedControl({tr("Added"), tr("Removed"), tr("Edited"), tr("Moved")})),
      m_changeList(new QListWidget), m_changeTitle(caption({})), m_text(new QTextBrowser), m_kept(new QWidget),
      m_none(new EmptyState("snapshot", tr("Keep a version before a large change; each run keeps one by itself.")))
{
    m_name->setObjectName(QStringLiteral("versionName"));
    m_name->setAccessibleName(tr("Name of the new version"));
    m_name->setPlaceholderText(tr("Name of the rows as they are now"));
    m_take->setObjectName(QStringLiteral("takeVersion"));
    m_take->setAccessibleName(m_take->text());
    m_list->setObjectName(QStringLiteral("versionList"));
    m_list->setAccessibleName(tr("Versions, newest first"));
    m_list->setEditTriggers(QAbstractItemView::EditKeyPressed | QAbstractItemView::DoubleClicked);
    m_rename->setObjectName(QStringLiteral("renameVersion"));
    m_restore->setObjectName(QStringLiteral("restoreVersion"));
    m_rename->setAccessibleName(tr("Rename the version"));
    m_restore->setAccessibleName(tr("Bring the rows back to this version"));
    m_from->setAccessibleName(tr("Compare from"));
    m_to->setAccessibleName(tr("Compare to"));
    m_kinds->setAccessibleName(tr("Kind of change"));
    m_changeList->setObjectName(QStringLiteral("changeList"));
    m_changeList->setAccessibleName(tr("Changed rows"));
    m_changeList->setUniformItemSizes(true);
    m_text->setObjectName(QStringLiteral("changeText"));
    m_text->setAccessibleName(tr("What changed in the row"));
    m_text->setTabChangesFocus(true);

    auto *takeLine = new QHBoxLayout;
    takeLine->addWidget(m_name, 1);
    takeLine->addWidget(m_take);
    auto *acts = new QHBoxLayout;
    acts->addWidget(m_rename);
    acts->addWidget(m_restore);
    acts->addStretch(1);
    auto *between = new QHBoxLayout;
    between->addWidget(m_from, 1);
    between->addWidget(new QLabel(tr("to")));
    between->addWidget(m_to, 1);
    for (QListWidget *list : {m_list, m_changeList}) {
        list->setFrameShape(QFrame::NoFrame);
        list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff); // so that long lines are elided
    }
    m_list->setItemDelegate(new VersionDelegate(m_list));
    auto *kept = new QVBoxLayout(m_kept);
    kept->setContentsMargins(0, 0, 0, 0);
    kept->setSpacing(scaled(8));
    kept->addWidget(m_list);
    kept->addLayout(acts);
    addSection(tr("What changed"), kept);
    kept->addLayout(between);
    kept->addWidget(m_kinds, 0, Qt::AlignLeft);
    kept->addWidget(m_changeList, 2);
    kept->addWidget(m_changeTitle);
    kept->addWidget(m_text, 3);
    body()->addLayout(takeLine);
    body()->addWidget(m_kept, 1);
    body()->addWidget(m_none, 1);
    m_kept->hide();

    connect(m_take, &QPushButton::clicked, this, &SnapshotsPanel::take);
    connect(m_name, &QLineEdit::returnPressed, this, &SnapshotsPanel::take);
    connect(m_rename, &QPushButton::clicked, this, [this] {
        if (m_list->currentItem())
            m_list->editItem(m_list->currentItem());
    });
    connect(m_list, &QListWidget::itemChanged, this, &SnapshotsPanel::rename);
    connect(m_list, &QListWidget::currentRowChanged, this, [this](int row) {
        m_rename->setEnabled(row >= 0 && !m_session.readOnly());
        m_restore->setEnabled(row >= 0 && !m_session.readOnly());
        if (row >= 0)
            compare(chosen(), 0);
    });
    connect(m_restore, &QPushButton::clicked, this, &SnapshotsPanel::restore);
    for (QComboBox *one : {m_from, m_to})
        connect(one, &QComboBox::activated, this,
                [this] { compare(m_from->currentData().toLongLong(), m_to->currentData().toLongLong()); });
    connect(m_kinds, &SegmentedControl::changed, this, &SnapshotsPanel::showChanges);
    connect(m_changeList, &QListWidget::currentRowChanged, this, &SnapshotsPanel::showChange);
    connect(m_changeList, &QListWidget::itemActivated, this, [this] {
        const int row = m_changeList->currentRow();
        if (row >= 0 && row < static_cast<int>(m_shown.size()))
            Q_EMIT rowAsked(m_changes[m_shown[static_cast<std::size_t>(row)]].example);
    });
    connect(&session, &Session::examplesChanged, this, [this] {
        if (isVisible())
            reload();
    });
}

void SnapshotsPanel::opened()
{
    reload();
    (m_snapshots.empty() ? static_cast<QWidget *>(m_name) : m_list)->setFocus(Qt::OtherFocusReason);
}

void SnapshotsPanel::askForName()
{
    m_name->clear();
    m_name->setFocus(Qt::ShortcutFocusReason);
}

std::int64_t SnapshotsPanel::chosen() const
{
    return m_list->currentItem() ? m_list->currentItem()->data(Qt::UserRole).toLongLong() : 0;
}

void SnapshotsPanel::reload()
{
    m_session.ask<std::vector<SnapshotInfo>>(
        this, QStringLiteral("snapshots"), [](Project &project) { return Labelling(project).snapshots(); },
        [this](Result<std::vector<SnapshotInfo>> snapshots) {
            if (!snapshots)
                return m_session.report(snapshots.error());
            fill(*snapshots);
        });
}

void SnapshotsPanel::fill(const std::vector<SnapshotInfo> &snapshots)
{
    const std::int64_t before = chosen();
    const qint64 from = m_from->currentData().toLongLong();
    const qint64 to = m_to->currentData().toLongLong();
    m_snapshots = snapshots;
    m_loaded = true;
    {
        const QSignalBlocker quiet(m_list);
        m_list->clear();
        m_from->clear();
        m_to->clear();
        m_to->addItem(tr("Rows as they are"), 0);
        for (const SnapshotInfo &one : snapshots) {
            auto *item = new QListWidgetItem(nameOf(one), m_list);
            item->setData(Qt::UserRole, QVariant::fromValue<qint64>(one.id));
            item->setFlags(item->flags() | Qt::ItemIsEditable);
            QString facts = rowsText(one.rows) + QStringLiteral(", ") + timeWords(one.createdAt);
            for (const std::string &run : one.runs)
                facts += tr(", used by %1").arg(fromUtf8(run));
            item->setToolTip(facts);
            item->setData(VersionDelegate::TimeRole, facts);
            item->setData(Qt::AccessibleDescriptionRole, facts);
            m_from->addItem(nameOf(one), QVariant::fromValue<qint64>(one.id));
            m_to->addItem(nameOf(one), QVariant::fromValue<qint64>(one.id));
            if (one.id == before)
                m_list->setCurrentItem(item);
        }
    }
    // As high as what is in it: a hole of several lines looks as if something were missing.
    const int rows = m_list->count() > 0 ? m_list->sizeHintForRow(0) * m_list->count() + 2 * m_list->frameWidth() : 0;
    m_list->setFixedHeight(std::clamp(rows, scaled(40), scaled(180)));
    header()->setCaption(snapshots.empty() ? tr("none kept yet")
                                           : formatCount(static_cast<qint64>(snapshots.size())));
    m_take->setEnabled(!m_session.readOnly());
    m_from->setCurrentIndex(std::max(0, m_from->findData(from)));
    m_to->setCurrentIndex(std::max(0, m_to->findData(to)));
    if (before == 0 && m_list->count() > 0)
        m_list->setCurrentRow(0);
    else if (chosen() != 0)
        compare(m_from->currentData().toLongLong(), m_to->currentData().toLongLong());
    m_rename->setEnabled(chosen() != 0 && !m_session.readOnly());
    m_restore->setEnabled(chosen() != 0 && !m_session.readOnly());
    m_kept->setVisible(!snapshots.empty());
    m_none->setVisible(snapshots.empty());
    if (snapshots.empty()) {
        m_changes.clear();
        showChanges();
    }
}

void SnapshotsPanel::take()
{
    if (m_session.readOnly())
        return;
    const std::string name = toUtf8(m_name->text().trimmed());
    m_session.change<std::int64_t>(
        this,
        [name](Project &project) -> Result<std::int64_t> {
            ATTUNE_TRY(const auto id, project.takeSnapshot(name));
            // An equal one may have been there, perhaps without this name.
            if (!name.empty())
                ATTUNE_CHECK(Labelling(project).renameSnapshot(id, name));
            return id;
        },
        [this](Result<std::int64_t> id) {
            if (!id)
                return m_session.report(id.error());
            m_name->clear();
            m_session.toast({.text = tr("This version is kept")});
            reload();
        });
}

void SnapshotsPanel::rename()
{
    const std::int64_t id = chosen();
    if (id == 0)
        return;
    const std::string name = toUtf8(m_list->currentItem()->text().trimmed());
    m_session.change<bool>(
        this,
        [id, name](Project &project) -> Result<bool> {
            ATTUNE_CHECK(Labelling(project).renameSnapshot(id, name));
            return true;
        },
        [this](Result<bool> done) {
            if (!done)
                m_session.report(done.error());
            reload();
        });
}

void SnapshotsPanel::restore()
{
    const std::int64_t id = chosen();
    if (id == 0 || m_session.readOnly())
        return;
    const QString name = m_list->currentItem()->text();
    m_session.change<EditStep>(
        this, [id](Project &project) { return Labelling(project).restoreSnapshot(id); },
        [this, name](Result<EditStep> step) {
            if (!step)
                return m_session.report(step.error());
            m_session.toast(
                {.text = tr("%1 restored: %2 changed").arg(name, rowsText(static_cast<qint64>(step->rows.size()))),
                 .action = tr("Undo"),
                 .act = [session = &m_session] { session->undo(); },
                 .key = QStringLiteral("Ctrl+Z")});
        });
}

void SnapshotsPanel::compare(std::int64_t from, std::int64_t to)
{
    m_from->setCurrentIndex(std::max(0, m_from->findData(QVariant::fromValue<qint64>(from))));
    m_to->setCurrentIndex(std::max(0, m_to->findData(QVariant::fromValue<qint64>(to))));
    m_comparing = true;
    m_session.ask<std::vector<SnapshotChange>>(
        this, QStringLiteral("changes"), [from, to](Project &project) { return Labelling(project).diff(from, to); },
        [this](Result<std::vector<SnapshotChange>> changes) {
            m_comparing = false;
            if (!changes)
                return m_session.report(changes.error());
            m_changes = std::move(*changes);
            std::array<int, 4> counts{};
            for (const SnapshotChange &change : m_changes)
                ++counts[static_cast<std::size_t>(change.kind)];
            const QString words[] = {tr("Added"), tr("Removed"), tr("Edited"), tr("Moved")};
            for (std::size_t i = 0; i < Kinds.size(); ++i)
                m_kinds->setText(static_cast<int>(i), words[i] + QLatin1Char(' ') +
                                                          formatCount(counts[static_cast<std::size_t>(Kinds[i])]));
            // The kind that has something is what one wants to see.
            if (counts[static_cast<std::size_t>(Kinds[static_cast<std::size_t>(m_kinds->current())])] == 0)
                for (const std::size_t i : {2, 0, 1, 3})
                    if (counts[static_cast<std::size_t>(Kinds[i])] > 0) {
                        const QSignalBlocker quiet(m_kinds);
                        m_kinds->setCurrent(static_cast<int>(i));
                        break;
                    }
            showChanges();
        });
}

void SnapshotsPanel::showChanges()
{
    const Kind kind = Kinds[static_cast<std::size_t>(std::max(0, m_kinds->current()))];
    m_shown.clear();
    m_changeList->clear();
    for (std::size_t i = 0; i < m_changes.size() && m_shown.size() < MostListed; ++i) {
        const SnapshotChange &change = m_changes[i];
        if (change.kind != kind)
            continue;
        m_shown.push_back(i);
        QString text = tr("Row %1  ").arg(change.example);
        if (kind == Kind::Moved)
            text += tr("%1 to %2  ").arg(partWord(change.partBefore).toLower(), partWord(change.partAfter).toLower());
        m_changeList->addItem(text + firstWords(change.after.empty() ? change.before : change.after));
    }
    if (m_changeList->count() > 0)
        m_changeList->setCurrentRow(0);
    else
        showChange();
}

void SnapshotsPanel::showChange()
{
    const int row = m_changeList->currentRow();
    if (row < 0 || row >= static_cast<int>(m_shown.size())) {
        if (!m_snapshots.empty())
            m_changeTitle->setText(m_changes.empty() ? tr("Nothing changed between the two.")
                                                     : tr("No row of this kind."));
        m_text->clear();
        return;
    }
    const SnapshotChange change = m_changes[m_shown[static_cast<std::size_t>(row)]];
    QString title = tr("Row %1").arg(change.example);
    if (change.partBefore != change.partAfter && change.kind != Kind::Added && change.kind != Kind::Removed)
        title += tr(", moved from %1 to %2")
                     .arg(partWord(change.partBefore).toLower(), partWord(change.partAfter).toLower());
    m_changeTitle->setText(title);
    // A long conversation takes a while to compare, so it is a worker's work.
    m_session.ask<QVector<DiffPiece>>(
        this, QStringLiteral("difference"),
        [change](Project &) -> Result<QVector<DiffPiece>> {
            return wordDiff(turnsText(change.before), turnsText(change.after));
        },
        [this](Result<QVector<DiffPiece>> pieces) {
            if (!pieces)
                return;
            m_text->document()->setDefaultFont(ui::font(TextStyle::Body));
            showDiff(m_text->document(), *pieces, true, true);
        });
}

} // namespace attune::ui
