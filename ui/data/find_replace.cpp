#include "ui/data/find_replace.h"

#include "ui/data/data_words.h"
#include "ui/data/editor_versions.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/segmented_control.h"
#include "ui/widgets/word_diff.h"

#include <QCheckBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QTextBrowser>
#include <QTimer>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr int TypingPause = 200; // ms; each search reads every row
constexpr qsizetype WordsBefore = 24; ///< characters before the first change that a line of the list shows

/// The new text from a little before its first change on: rows often begin alike.
QString aroundChange(const QString &before, const QString &after)
{
    const auto [old, now] = std::mismatch(before.begin(), before.end(), after.begin(), after.end());
    const qsizetype begin = std::max<qsizetype>(0, (now - after.begin()) - WordsBefore);
    const QString words = oneLine(after.mid(begin, 400), 120);
    return begin > 0 ? QStringLiteral("…") + words : words;
}

} // namespace

FindReplacePanel::FindReplacePanel(Session &session, QWidget *parent)
    : SidePanel(tr("Find and replace"), "replace", parent), m_session(session), m_typing(new QTimer(this)),
      m_find(new QLineEdit), m_replace(new QLineEdit), m_regex(new QCheckBox(tr("Regular expression"))),
      m_case(new QCheckBox(tr("Match case"))),
      m_where(new SegmentedControl({tr("All turns"), tr("Prompts"), tr("Answers")})),
      m_scope(new SegmentedControl({tr("Listed rows"), tr("Selected rows")})), m_error(new InlineNotice(Tone::Bad)),
      m_list(new QListWidget), m_text(new QTextBrowser),
      m_apply(new KeyButton(tr("Replace"), KeyButton::Primary, "check", QStringLiteral("Ctrl ↵")))
{
    m_find->setObjectName(QStringLiteral("findText"));
    m_find->setAccessibleName(tr("Find"));
    m_replace->setObjectName(QStringLiteral("replaceText"));
    m_replace->setAccessibleName(tr("Replace with"));
    m_replace->setToolTip(tr("With a regular expression, \\1 stands for the first group."));
    m_regex->setObjectName(QStringLiteral("useRegex"));
    m_case->setObjectName(QStringLiteral("matchCase"));
    m_where->setAccessibleName(tr("Where to look"));
    m_scope->setAccessibleName(tr("Which rows"));
    m_list->setObjectName(QStringLiteral("foundList"));
    m_list->setAccessibleName(tr("Rows that would change"));
    m_list->setUniformItemSizes(true);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff); // so that long lines are elided
    m_text->setObjectName(QStringLiteral("foundText"));
    m_text->setAccessibleName(tr("The change in this row"));
    m_text->setTabChangesFocus(true);
    m_apply->setObjectName(QStringLiteral("replaceAll"));
    m_error->hide();

    auto *form = new QFormLayout;
    form->addRow(tr("Find"), m_find);
    form->addRow(tr("Replace with"), m_replace);
    auto *checks = new QHBoxLayout;
    checks->addWidget(m_regex);
    checks->addWidget(m_case);
    checks->addStretch(1);
    form->addRow(QString(), checks);
    form->addRow(tr("Look in"), m_where);
    form->addRow(tr("Of"), m_scope);
    body()->addLayout(form);
    body()->addWidget(m_error);
    body()->addWidget(m_list, 2);
    body()->addWidget(m_text, 2);
    auto *foot = new QHBoxLayout;
    foot->addWidget(m_apply);
    foot->addStretch(1);
    body()->addLayout(foot);

    m_typing->setSingleShot(true);
    m_typing->setInterval(TypingPause);
    connect(m_typing, &QTimer::timeout, this, &FindReplacePanel::search);
    for (QLineEdit *field : {m_find, m_replace})
        connect(field, &QLineEdit::textChanged, m_typing, qOverload<>(&QTimer::start));
    for (QCheckBox *box : {m_regex, m_case})
        connect(box, &QCheckBox::toggled, this, &FindReplacePanel::search);
    for (SegmentedControl *control : {m_where, m_scope})
        connect(control, &SegmentedControl::changed, this, &FindReplacePanel::search);
    connect(m_list, &QListWidget::currentRowChanged, this, &FindReplacePanel::showRow);
    connect(m_list, &QListWidget::itemActivated, this, [this] {
        if (const int row = m_list->currentRow(); row >= 0)
            Q_EMIT rowAsked(m_found.first[static_cast<std::size_t>(row)].id);
    });
    connect(m_apply, &QPushButton::clicked, this, &FindReplacePanel::replaceAll);
    auto *apply = new QAction(tr("Replace in all found rows"), this);
    apply->setObjectName(QStringLiteral("data.replaceFound"));
    apply->setShortcuts({QKeySequence(Qt::CTRL | Qt::Key_Return), QKeySequence(Qt::CTRL | Qt::Key_Enter)});
    apply->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(apply, &QAction::triggered, m_apply, &QPushButton::click);
    addAction(apply);
    connect(&session, &Session::examplesChanged, this, [this] {
        if (isVisible())
            m_typing->start();
    });
    showFound();
}

FindReplacePanel::~FindReplacePanel()
{
    if (m_cancel)
        *m_cancel = true;
}

void FindReplacePanel::opened()
{
    m_find->setFocus(Qt::ShortcutFocusReason);
    m_find->selectAll();
    search();
}

void FindReplacePanel::setRows(Ids listed, Ids selected)
{
    m_listed = std::move(listed);
    m_selected = std::move(selected);
    const bool several = m_selected.size() > 1;
    m_scope->setText(0, tr("Listed rows (%1)").arg(formatCount(static_cast<qint64>(m_listed.size()))));
    m_scope->setText(1, tr("Selected rows (%1)").arg(formatCount(static_cast<qint64>(m_selected.size()))));
    m_scope->setSegmentEnabled(1, several, tr("Select more than one row first"));
    const QSignalBlocker quiet(m_scope);
    m_scope->setCurrent(several ? 1 : 0);
}

const Ids &FindReplacePanel::rows() const
{
    return m_scope->current() == 1 ? m_selected : m_listed;
}

ReplaceOptions FindReplacePanel::options() const
{
    return {.find = m_find->text(),
            .replace = m_replace->text(),
            .regex = m_regex->isChecked(),
            .matchCase = m_case->isChecked(),
            .where = static_cast<ReplaceOptions::Where>(std::max(0, m_where->current()))};
}

void FindReplacePanel::search()
{
    if (m_cancel)
        *m_cancel = true;
    m_cancel.reset();
    const ReplaceOptions wanted = options();
    const auto valid = compile(wanted);
    m_error->show(Tone::Bad, valid ? QString() : fromUtf8(valid.error().message));
    if (wanted.find.isEmpty() || !valid) {
        m_found = {};
        showFound();
        return;
    }
    m_cancel = std::make_shared<std::atomic<bool>>(false);
    m_session.ask<ReplaceFound>(
        this, QStringLiteral("found"),
        [ids = rows(), wanted, cancel = m_cancel](Project &project) {
            return findInRows(project, ids, wanted, cancel);
        },
        [this, cancel = m_cancel](Result<ReplaceFound> found) {
            if (cancel != m_cancel)
                return;
            m_cancel.reset();
            if (!found)
                return m_error->show(Tone::Bad, fromUtf8(found.error().message));
            m_found = std::move(*found);
            showFound();
        });
}

void FindReplacePanel::showFound()
{
    m_list->clear();
    for (const ReplacePreview &row : m_found.first) {
        QString words;
        for (std::size_t i = 0; i < row.before.size(); ++i)
            if (row.before[i] != row.after[i]) {
                words = aroundChange(fromUtf8(row.before[i].content), fromUtf8(row.after[i].content));
                break;
            }
        m_list->addItem(tr("Row %1  %2").arg(row.id).arg(words));
    }
    const bool any = m_found.rows > 0;
    if (m_find->text().isEmpty())
        header()->setCaption(tr("type what to find"));
    else
        header()->setCaption(
            any ? tr("%1 in %2")
                      .arg(m_found.matches == 1 ? tr("1 match") : tr("%1 matches").arg(formatCount(m_found.matches)),
                           rowsText(m_found.rows))
            : m_found.matches > 0 ? tr("nothing would change")
                                  : tr("no match"));
    m_apply->setText(any ? tr("Replace in %1").arg(rowsText(m_found.rows)) : tr("Replace"));
    m_apply->setAccessibleName(m_apply->text());
    m_apply->setEnabled(any && !m_session.readOnly());
    if (any)
        m_list->setCurrentRow(0);
    else
        m_text->clear();
}

void FindReplacePanel::showRow()
{
    const int row = m_list->currentRow();
    if (row < 0 || row >= static_cast<int>(m_found.first.size()))
        return;
    const ReplacePreview &one = m_found.first[static_cast<std::size_t>(row)];
    m_session.ask<QVector<DiffPiece>>(
        this, QStringLiteral("difference"),
        [before = one.before, after = one.after](Project &) -> Result<QVector<DiffPiece>> {
            return wordDiff(turnsText(before), turnsText(after));
        },
        [this](Result<QVector<DiffPiece>> pieces) {
            if (!pieces)
                return;
            m_text->document()->setDefaultFont(ui::font(TextStyle::Body));
            showDiff(m_text->document(), *pieces, true, true);
        });
}

void FindReplacePanel::replaceAll()
{
    if (m_found.rows == 0 || m_session.readOnly())
        return;
    const QString label = tr("\"%1\" replaced in %2").arg(oneLine(m_find->text(), 30), rowsText(m_found.rows));
    applyEdits(m_session, label, [ids = rows(), wanted = options()](Project &project) {
        return replaceEdits(project, ids, wanted);
    });
}

} // namespace attune::ui
