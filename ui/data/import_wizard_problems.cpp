#include "ui/data/import_wizard_problems.h"

#include "ui/data/data_words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/segmented_control.h"

#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr std::size_t MostLines = 200; ///< shown; the count above says how many there are

QString placeOf(const ImportProblem &problem)
{
    const Reject &first = problem.rows.front();
    QString words =
        ImportProblems::tr("%1, %2").arg(QFileInfo(fromUtf8(first.file)).fileName(), formatCount(first.line));
    return problem.count > 1 ? words + QStringLiteral(" …") : words;
}

QString whatOf(const Reject &reject)
{
    return reject.field.empty() ? fromUtf8(reject.reason)
                                : QStringLiteral("%1: %2").arg(fromUtf8(reject.field), fromUtf8(reject.reason));
}

} // namespace

RecordMender::RecordMender(QWidget *parent)
    : QFrame(parent), m_title(new QLabel), m_reason(new QLabel), m_text(new AutoTextEdit)
{
    setObjectName(QStringLiteral("recordMender"));
    setBackground(this, Token::Sunken);
    m_title->setProperty("strong", true);
    m_reason->setProperty("tone", "bad");
    m_reason->setWordWrap(true);
    m_text->setObjectName(QStringLiteral("recordText"));
    m_text->setAccessibleName(tr("The record"));
    m_text->setMono(true);
    m_text->setLines(3, 10);
    auto *highlighter = new JsonHighlighter(m_text->document());
    connect(m_text, &QPlainTextEdit::textChanged, highlighter, [this, highlighter] {
        const bool json = looksLikeJson(m_text->toPlainText());
        if (json != highlighter->isEnabled())
            highlighter->setEnabled(json);
    });
    connect(m_text, &AutoTextEdit::escaped, this, &RecordMender::left);
    auto *give = new KeyButton(tr("Check again"), KeyButton::Primary, "check", QStringLiteral("Alt ↵"));
    give->setObjectName(QStringLiteral("mendRecord"));
    give->setAccessibleName(tr("Check the mended record again"));
    auto *drop = new KeyButton(tr("Leave it out"), KeyButton::Plain);
    drop->setObjectName(QStringLiteral("dropRecord"));
    drop->setAccessibleName(tr("Leave this record out"));
    auto *back = new KeyButton(tr("Back"), KeyButton::Flat, nullptr, QStringLiteral("Esc"));
    back->setAccessibleName(tr("Back, without a change"));
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(give);
    buttons->addWidget(drop);
    buttons->addWidget(back);
    buttons->addStretch(1);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(scaled(16), scaled(10), scaled(16), scaled(12));
    layout->setSpacing(scaled(6));
    layout->addWidget(m_title);
    layout->addWidget(m_reason);
    layout->addWidget(m_text);
    layout->addLayout(buttons);
    connect(give, &QPushButton::clicked, this, &RecordMender::give);
    connect(drop, &QPushButton::clicked, this, [this] { Q_EMIT mended(m_source, m_record, QString()); });
    connect(back, &QPushButton::clicked, this, &RecordMender::left);
    hide();
}

void RecordMender::edit(std::size_t source, const Reject &reject)
{
    m_source = source;
    m_record = reject.record;
    const QString place =
        tr("%1, line %2").arg(QFileInfo(fromUtf8(reject.file)).fileName(), formatCount(reject.line));
    m_title->setText(place);
    m_reason->setText(whatOf(reject));
    m_text->setAccessibleName(tr("Record of %1").arg(place));
    m_text->setPlainText(fromUtf8(reject.text));
    show();
    m_text->setFocus(Qt::OtherFocusReason);
}

void RecordMender::give()
{
    Q_EMIT mended(m_source, m_record, m_text->toPlainText());
}

void RecordMender::keyPressEvent(QKeyEvent *event)
{
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (event->key() == Qt::Key_Escape) { // it leaves the field, not the whole import
        if (!isHidden())
            Q_EMIT left();
    } else if (enter && event->modifiers() & Qt::AltModifier)
        give();
    else
        QFrame::keyPressEvent(event);
}

ImportProblems::ImportProblems(QWidget *parent)
    : QWidget(parent), m_count(new QLabel),
      m_kinds(new SegmentedControl({tr("All"), tr("Rejected"), tr("Duplicate"), tr("Warnings")})),
      m_forget(new KeyButton(tr("Undo all corrections"), KeyButton::Link)),
      m_none(new EmptyState("check", tr("Nothing to mend: every row comes in."))), m_scroll(new QScrollArea),
      m_mender(new RecordMender)
{
    m_count->setProperty("caption", true);
    m_count->setObjectName(QStringLiteral("problemCount"));
    m_forget->setAccessibleName(m_forget->text());
    m_forget->setObjectName(QStringLiteral("forgetMended"));
    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setAccessibleName(tr("Problems found"));
    m_scroll->setFocusPolicy(Qt::NoFocus);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(scaled(16), scaled(8), scaled(16), scaled(4));
    head->addWidget(m_count, 1);
    head->addWidget(m_forget);
    head->addWidget(m_kinds);
    m_kinds->setObjectName(QStringLiteral("problemKinds"));
    m_kinds->setAccessibleName(tr("Which problems are listed"));
    connect(m_kinds, &SegmentedControl::changed, this, &ImportProblems::fill);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(head);
    layout->addWidget(m_none, 1);
    layout->addWidget(m_scroll, 1);
    layout->addWidget(m_mender);
    connect(m_forget, &QPushButton::clicked, this, &ImportProblems::mendedForgotten);
    connect(m_mender, &RecordMender::left, this, &ImportProblems::leaveMender);
    connect(m_mender, &RecordMender::mended, this,
            [this](std::size_t source, std::int64_t record, const QString &text) {
                leaveMender();
                Q_EMIT mended(source, record, text);
            });
}

bool ImportProblems::mending() const
{
    return !m_mender->isHidden();
}

void ImportProblems::leaveMender()
{
    m_mender->hide();
    focusFirst();
}

bool ImportProblems::focusFirst()
{
    auto *first = m_list ? m_list->findChild<KeyButton *>() : nullptr;
    if (first)
        first->setFocus(Qt::OtherFocusReason);
    return first != nullptr;
}

void ImportProblems::show(const CheckedImport &checked, std::size_t mendedRecords)
{
    m_problems = problemsOf(checked);
    QString words = tr("in all %1").arg(rowsText(checked.records));
    if (mendedRecords > 0)
        words += tr(" · %1 mended by hand").arg(mendedRecords);
    const std::int64_t total = checked.rejected + checked.duplicates + checked.noted;
    std::int64_t listed = 0;
    for (const ImportProblem &problem : m_problems)
        listed += problem.count;
    if (listed < total)
        words += tr(" · the first %1 of %2 problems").arg(formatCount(listed), formatCount(total));
    m_count->setText(words);
    m_forget->setVisible(mendedRecords > 0);
    m_none->setText(checked.missing.empty() ? tr("Nothing to mend: every row comes in.")
                                            : tr("The rows are checked once question and answer are chosen."));
    const std::int64_t counts[] = {total, checked.rejected, checked.duplicates, checked.noted};
    const QString names[] = {tr("All %1"), tr("Rejected %1"), tr("Duplicate %1"), tr("Warnings %1")};
    for (int i = 0; i < 4; ++i) {
        m_kinds->setText(i, names[i].arg(formatCount(counts[i])));
        m_kinds->setSegmentEnabled(i, i == 0 || counts[i] > 0, tr("There are none"));
    }
    m_kinds->setVisible(total > 0);
    if (counts[m_kinds->current()] == 0)
        m_kinds->setCurrent(0);
    fill();
}

void ImportProblems::fill()
{
    std::vector<ImportProblem> problems;
    const int kind = m_kinds->current() - 1;
    for (const ImportProblem &problem : m_problems)
        if ((kind < 0 || static_cast<int>(problem.kind) == kind) && problems.size() < MostLines)
            problems.push_back(problem);
    m_none->setVisible(problems.empty());
    m_scroll->setVisible(!problems.empty());

    m_list = new QWidget;
    auto *grid = new QGridLayout(m_list);
    grid->setContentsMargins(scaled(16), scaled(4), scaled(16), scaled(8));
    grid->setHorizontalSpacing(scaled(16));
    grid->setVerticalSpacing(scaled(6));
    const QStringList titles{tr("State"), tr("Where"), tr("What"), tr("Rows"), tr("Fix")};
    for (int column = 0; column < titles.size(); ++column) {
        auto *title = new QLabel(titles[column]);
        title->setProperty("caption", true);
        grid->addWidget(title, 0, column, column == 3 ? Qt::AlignRight : Qt::AlignLeft);
    }
    grid->setColumnStretch(2, 1);
    m_scroll->setWidget(m_list); // the list before is deleted
    for (std::size_t i = 0; i < problems.size(); ++i)
        addLine(static_cast<int>(i) + 1, problems[i]);
    grid->setRowStretch(static_cast<int>(problems.size()) + 1, 1);
    m_list->show();
}

void ImportProblems::addLine(int row, const ImportProblem &problem)
{
    auto *grid = static_cast<QGridLayout *>(m_list->layout());
    using Kind = ImportProblem::Kind;
    grid->addWidget(problem.kind == Kind::Rejected    ? new Badge(tr("rejected"), Tone::Bad, "x")
                    : problem.kind == Kind::Duplicate ? new Badge(tr("duplicate"), Tone::Neutral, "duplicate")
                                                      : new Badge(tr("warning"), Tone::Warn, "warning"),
                    row, 0, Qt::AlignLeft);
    auto *where = new QLabel(placeOf(problem));
    where->setProperty("mono", true);
    grid->addWidget(where, row, 1);
    auto *what = new ElidedLabel(whatOf(problem.rows.front()));
    what->setObjectName(QStringLiteral("problemReason"));
    what->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // all the room that the others leave
    grid->addWidget(what, row, 2);
    auto *count = new QLabel(formatCount(problem.count));
    count->setProperty("mono", true);
    grid->addWidget(count, row, 3, Qt::AlignRight);
    addFix(row, problem);
}

void ImportProblems::addFix(int row, const ImportProblem &problem)
{
    auto *grid = static_cast<QGridLayout *>(m_list->layout());
    const Reject &first = problem.rows.front();
    const QString words = problem.kind == ImportProblem::Kind::Duplicate ? tr("the first is kept")
                          : problem.kind == ImportProblem::Kind::Note    ? tr("comes in")
                          : first.text.empty()                           ? tr("too long to show")
                                                                         : QString();
    if (!words.isEmpty()) {
        auto *label = new QLabel(words);
        label->setProperty("caption", true);
        grid->addWidget(label, row, 4);
        return;
    }
    auto *fix = new KeyButton(tr("Fix here"), KeyButton::Link);
    fix->setObjectName(QStringLiteral("fixHere"));
    fix->setAccessibleName(tr("Fix %1 here: %2").arg(placeOf(problem), whatOf(first)));
    connect(fix, &QPushButton::clicked, this, [this, source = problem.source, first] { mend(source, first); });
    grid->addWidget(fix, row, 4, Qt::AlignLeft);
}

void ImportProblems::mend(std::size_t source, const Reject &reject)
{
    m_mender->edit(source, reject);
}

} // namespace attune::ui
