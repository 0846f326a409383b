#include "ui/data/import_wizard.h"

#include "core/data/parquet_lines.h"
#include "core/store/row_import.h"
#include "ui/data/data_words.h"
#include "ui/data/import_wizard_columns.h"
#include "ui/data/import_wizard_problems.h"
#include "ui/data/import_wizard_row.h"
#include "ui/data/import_wizard_split.h"
#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/file_dialog.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/panel_header.h"
#include "ui/widgets/segmented_control.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QFileInfo>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QSignalBlocker>
#include <QStackedWidget>
#include <QTimer>

#include <algorithm>
#include <utility>

namespace attune::ui {

namespace {

/// "1,778 rows imported, 22 duplicates, 3 rejected: mails.jsonl, line 88: ..."
QString reportWords(const ImportReport &report)
{
    QString words = ImportWizard::tr("%1 imported").arg(rowsText(report.imported));
    if (report.duplicates > 0)
        words += report.duplicates == 1 ? ImportWizard::tr(", 1 duplicate")
                                        : ImportWizard::tr(", %1 duplicates").arg(formatCount(report.duplicates));
    if (report.rejected > 0)
        words += ImportWizard::tr(", %1 rejected").arg(formatCount(report.rejected));
    return words;
}

/// Where the command line's way out is not the window's.
QString failureWords(const Error &error)
{
    if (error.code == ErrorCode::Interrupted)
        return ImportWizard::tr("Reading was stopped.");
    const QString words = fromUtf8(error.message);
    const auto option = words.indexOf(QLatin1String("; name it with --format"));
    return option < 0 ? words : words.left(option) + ImportWizard::tr("; choose it at the left, under Reading.");
}

} // namespace

ImportWizard::ImportWizard(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session), m_pause(new QTimer(this)), m_side(new ImportSide),
      m_header(new PanelHeader), m_guess(new Badge), m_notice(new InlineNotice(Tone::Bad)),
      m_pages(new QStackedWidget),
      m_drop(new EmptyState("import", tr("Choose files, drop them here, or paste JSON lines or a table."))),
      m_guesses(new QLabel), m_columns(new ImportColumns),
      m_rawChoice(new SegmentedControl({tr("Table"), tr("Raw lines")})), m_shown(new QLabel),
      m_template(new AutoTextEdit), m_system(new QLineEdit), m_problems(new ImportProblems),
      m_split(new QButtonGroup(this)), m_parts(new ImportSplitView), m_splitWhy(new QLabel), m_counts(new QLabel),
      m_progress(new QProgressBar),
      m_cancel(new KeyButton(tr("Cancel"), KeyButton::Flat, nullptr, QStringLiteral("Esc"))),
      m_back(new KeyButton(tr("Back"), KeyButton::Flat, nullptr, QStringLiteral("Alt ←"))),
      m_next(new KeyButton(tr("Next"), KeyButton::Plain, nullptr, QStringLiteral("Alt →"))),
      m_import(new KeyButton(tr("Import"), KeyButton::Primary, nullptr, QStringLiteral("Ctrl ↵"))),
      m_rowView(new ImportRowView(session))
{
    build();
    setStep(ImportStep::Files);
}

ImportWizard::~ImportWizard()
{
    if (m_checkJob != 0)
        m_session.cancelJob(m_checkJob);
}

void ImportWizard::reset()
{
    if (m_checkJob != 0)
        m_session.cancelJob(std::exchange(m_checkJob, 0));
    ++m_checkNumber;
    m_pause->stop();
    m_waiting = false;
    m_choice = {};
    m_checked.reset();
    m_row = 0;
    const QSignalBlocker noTemplate(m_template);
    m_template->clear();
    m_system->clear();
    m_side->resetReading();
    m_rawChoice->setCurrent(0);
    m_notice->hide();
    m_problems->show(CheckedImport{}, 0);
    m_problems->leaveMender();
    m_session.ask<SplitPlan>(
        this, QStringLiteral("shares"), [](Project &project) { return splitPlan(project); },
        [this](Result<SplitPlan> plan) {
            m_plan = plan.value_or(SplitPlan());
            showSplitChoices();
        });
}

void ImportWizard::begin(const QStringList &files)
{
    if (importing())
        return;
    reset();
    setStep(ImportStep::Files);
    if (files.isEmpty())
        showChecked();
    else
        addFiles(files);
}

void ImportWizard::addFiles(const QStringList &files)
{
    if (importing() || files.isEmpty())
        return;
    m_jumpToColumns = m_choice.sources.empty();
    for (const QString &file : files) {
        const std::filesystem::path path(toUtf8(file));
        const bool known =
            std::any_of(m_choice.sources.begin(), m_choice.sources.end(),
                        [&](const ImportSource &source) { return !source.text && source.file == path; });
        if (!known)
            m_choice.sources.emplace_back(path);
    }
    changed();
}

void ImportWizard::beginPasted(const QString &text)
{
    if (importing())
        return;
    reset();
    setStep(ImportStep::Files);
    if (text.trimmed().isEmpty()) {
        showChecked();
        m_notice->show(Tone::Warn, tr("The clipboard holds no text."));
        return;
    }
    m_choice.sources.push_back(ImportSource::pasted(toUtf8(text)));
    m_jumpToColumns = true;
    changed();
}

void ImportWizard::chooseFiles()
{
    if (importing())
        return;
    const QString endings = QStringLiteral("*.jsonl *.json *.ndjson *.csv *.tsv") +
                            (ParquetLines::isBuiltIn() ? QStringLiteral(" *.parquet") : QString());
    auto *dialog = new FileDialog(this, tr("Import rows"), {}, tr("Rows (%1);;All files (*)").arg(endings));
    dialog->setFileMode(QFileDialog::ExistingFiles);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QFileDialog::filesSelected, this, &ImportWizard::addFiles);
    dialog->open();
}

void ImportWizard::removeSource(int source)
{
    if (importing() || source >= static_cast<int>(m_choice.sources.size()))
        return;
    m_choice.sources.erase(m_choice.sources.begin() + source);
    if (m_choice.sources.empty())
        return begin({});
    changed();
}

void ImportWizard::setStep(ImportStep step)
{
    const int index = std::clamp(static_cast<int>(step), 0, m_checked ? ImportSteps - 1 : 0);
    const bool moved = m_step != static_cast<ImportStep>(index);
    m_step = static_cast<ImportStep>(index);
    m_side->setStep(m_step);
    m_pages->setCurrentIndex(index);
    const QString titles[ImportSteps] = {tr("What is to come in?"),
                                         m_checked && !m_checked->usesColumns ? tr("Are these the rows?")
                                                                              : tr("What is in each column?"),
                                         tr("Problems found"), tr("Which part do the rows go to?")};
    m_header->setTitle(titles[index]);
    const bool columns = m_step == ImportStep::Columns && m_checked;
    m_rawChoice->setVisible(columns);
    m_shown->setVisible(columns);
    m_guess->setVisible(columns || (m_checked && m_step == ImportStep::Files));
    if (columns) {
        const auto shown = static_cast<std::int64_t>(firstRecords(*m_checked).size());
        m_shown->setText(m_checked->records > shown
                             ? tr("first %1 of %2").arg(formatCount(shown), rowsText(m_checked->records))
                             : rowsText(shown));
    }
    showFooter();
    if (moved && isVisible() && m_step == ImportStep::Check && m_problems->focusFirst())
        return;
    if (QWidget *now = focusWidget(); isVisible() && (!now || !now->isVisible()))
        (m_step == ImportStep::Files ? m_drop->findChild<QWidget *>(QStringLiteral("chooseFiles")) : m_next)
            ->setFocus(Qt::OtherFocusReason);
}

// --- checking ---

void ImportWizard::changed(int pause)
{
    if (m_choice.sources.empty() || importing())
        return;
    m_waiting = true;
    m_pause->start(pause);
    m_side->setFiles(m_choice, nullptr);
    showFooter();
}

void ImportWizard::check()
{
    if (m_checkJob != 0)
        m_session.cancelJob(m_checkJob);
    const quint64 number = ++m_checkNumber;
    m_waiting = false;
    m_checkJob = m_session.startJob<CheckedImport>(
        this, tr("Checking what comes in"),
        [choice = m_choice](Project &project, std::stop_token stop,
                            const Session::JobProgress &progress) -> Result<CheckedImport> {
            ATTUNE_TRY(auto known, storedContents(project.path()));
            return checkImport(choice, std::move(known), stop, [&](double share) { progress(share, std::string()); });
        },
        [this, number](Result<CheckedImport> checked) {
            if (number != m_checkNumber)
                return; // something else was chosen meanwhile
            m_checkJob = 0;
            takeChecked(std::move(checked));
        });
    showFooter();
}

void ImportWizard::takeChecked(Result<CheckedImport> checked)
{
    if (!checked) {
        m_checked.reset();
        setStep(ImportStep::Files);
        showChecked();
        m_notice->show(Tone::Bad, failureWords(checked.error()),
                       {{tr("Try again"), [this] { changed(); }}});
        return;
    }
    m_checked = std::move(*checked);
    showChecked();
    if (std::exchange(m_jumpToColumns, false) && m_step == ImportStep::Files) {
        setStep(ImportStep::Columns);
        if (isVisible()) {
            QComboBox *first = m_columns->header()->picker(0);
            (first ? static_cast<QWidget *>(first) : m_next)->setFocus(Qt::OtherFocusReason);
        }
    }
}

void ImportWizard::showChecked()
{
    m_side->setFiles(m_choice, checked());
    m_side->setReachable(m_checked.has_value());
    if (!m_checked) {
        m_guess->hide();
        m_guesses->hide();
        m_header->setCaption({});
        for (const ImportStep step : {ImportStep::Columns, ImportStep::Check, ImportStep::Split})
            m_side->setDetail(step, {});
        m_rowView->showRecord(0, nullptr);
        return showFooter();
    }
    const CheckedImport &now = *m_checked;
    m_notice->show(Tone::Warn, fromUtf8(now.missing));
    QStringList guesses;
    auto trust = FormatGuess::Trust::Sure;
    for (std::size_t i = 0; i < now.files.size(); ++i) {
        guesses << QFileInfo(fromUtf8(m_choice.sources[i].file.string())).fileName() + QStringLiteral(": ") +
                       fromUtf8(now.files[i].guess.sentence);
        trust = std::max(trust, now.files[i].guess.trust);
    }
    m_guesses->setText(guesses.join(QLatin1Char('\n')));
    m_guesses->show();
    const bool chosen = m_choice.format != DataFormat::Auto || m_choice.byColumns || !m_choice.roles.empty() ||
                        !m_choice.promptTemplate.empty();
    if (chosen)
        m_guess->set(tr("as you chose"), Tone::Accent, "check");
    else if (trust == FormatGuess::Trust::Sure)
        m_guess->set(tr("guessed, looks right"), Tone::Ok, "check");
    else if (trust == FormatGuess::Trust::Likely)
        m_guess->set(tr("guessed, please check"), Tone::Ok, "check");
    else
        m_guess->set(tr("please choose"), Tone::Warn, "warning");
    m_guess->setToolTip(m_guesses->text());
    m_guess->show();

    m_columns->show(now);
    m_templateLine->setVisible(now.usesColumns);
    const auto used = std::count_if(now.columns.begin(), now.columns.end(),
                                    [](const PreviewColumn &column) { return column.role != ColumnRole::Ignore; });
    m_side->setDetail(ImportStep::Columns,
                      now.usesColumns ? tr("%1 of %2 used").arg(used).arg(now.columns.size()) : tr("conversations"));
    const std::int64_t problems = now.rejected + now.duplicates + now.noted;
    m_side->setDetail(ImportStep::Check, !now.missing.empty() ? QString()
                                         : problems == 0      ? tr("nothing found")
                                         : problems == 1      ? tr("1 note")
                                                              : tr("%1 notes").arg(formatCount(problems)));
    std::size_t mended = 0;
    for (const ImportSource &source : m_choice.sources)
        mended += source.mended.size();
    m_problems->show(now, mended);
    showSplitChoices();
    showRow(m_row);
    setStep(m_step); // its title
}

void ImportWizard::showRow(int row)
{
    const auto records = m_checked ? firstRecords(*m_checked) : std::vector<const PreviewRecord *>{};
    if (records.empty())
        return m_rowView->showRecord(0, nullptr);
    m_row = std::clamp(row, 0, static_cast<int>(records.size()) - 1);
    m_rowView->showRecord(m_row, records[static_cast<std::size_t>(m_row)]);
}

// --- the footer ---

bool ImportWizard::canImport() const
{
    return m_checked && m_checked->missing.empty() && m_checked->coming() > 0 && !checking() && !importing() &&
           !m_session.readOnly() && m_step != ImportStep::Files;
}

QString ImportWizard::countWords() const
{
    QStringList words{tr("<b>%1</b> to import").arg(formatCount(m_checked->coming()))};
    if (m_checked->duplicates > 0)
        words << tr("<b>%1</b> duplicate").arg(formatCount(m_checked->duplicates));
    if (m_checked->rejected > 0)
        words << tr("<b>%1</b> rejected").arg(formatCount(m_checked->rejected));
    return words.join(QStringLiteral(" · "));
}

void ImportWizard::showFooter()
{
    const bool busy = checking() || importing();
    QString words;
    if (importing())
        words = tr("Importing");
    else if (checking())
        words = tr("Checking");
    else if (m_checked && m_checked->missing.empty())
        words = countWords();
    m_counts->setText(words);
    const bool ready = m_checked && m_checked->missing.empty();
    m_import->setText(ready ? tr("Import %1").arg(rowsText(m_checked->coming())) : tr("Import"));
    m_import->setAccessibleName(m_import->text());
    m_import->setVisible(m_step != ImportStep::Files);
    m_import->setEnabled(canImport());
    const QString steps[ImportSteps] = {tr("Next: Columns"), tr("Next: Check"), tr("Next: Split"), {}};
    const QString next = steps[static_cast<int>(m_step)];
    m_next->setText(next);
    m_next->setAccessibleName(next.isEmpty() ? tr("Next") : next);
    m_next->setVisible(!next.isEmpty() && !importing()); // what can be done then is to wait or to cancel
    m_next->setEnabled(m_checked && !importing());
    m_cancel->setVisible(importing()); // else the cross and Esc close the page
    m_back->setVisible(m_step != ImportStep::Files && !importing());
    m_back->setEnabled(!importing());
    m_pages->setEnabled(!importing());
    m_side->setEnabled(!importing());
    m_progress->setVisible(busy);
    showProgress();
}

void ImportWizard::showProgress()
{
    const int job = importing() ? m_importJob : m_checkJob;
    for (const JobState &state : m_session.jobs())
        if (job != 0 && state.id == job)
            m_progress->setValue(static_cast<int>(std::max(0.0, state.share) * 1000));
}

// --- importing ---

void ImportWizard::startImport()
{
    if (!canImport())
        return;
    m_notice->hide();
    const QString title =
        m_choice.sources.size() == 1
            ? tr("Importing %1").arg(QFileInfo(fromUtf8(m_choice.sources.front().file.string())).fileName())
            : tr("Importing %1 files").arg(m_choice.sources.size());
    m_importJob = m_session.startJob<ImportReport>(
        this, title,
        [request = requestOf(m_choice, *m_checked)](Project &project, std::stop_token stop,
                                                    const Session::JobProgress &progress) {
            return importFiles(project, request, stop,
                               [&](std::string_view stage, double share) { progress(share, std::string(stage)); });
        },
        [this](Result<ImportReport> report) { takeReport(std::move(report)); });
    showFooter();
    m_cancel->setFocus(Qt::OtherFocusReason);
}

void ImportWizard::takeReport(Result<ImportReport> report)
{
    m_importJob = 0;
    showFooter();
    if (!report) {
        const bool stopped = report.error().code == ErrorCode::Interrupted;
        m_notice->show(stopped ? Tone::Warn : Tone::Bad, stopped ? tr("The import was stopped; nothing was imported.")
                                                                 : fromUtf8(report.error().message));
        return;
    }
    m_session.toast({.text = reportWords(*report),
                     .tone = report->rejected > 0 ? Tone::Warn : Tone::Ok,
                     .action = report->imported > 0 ? tr("Undo") : QString(),
                     .act = [session = &m_session] { session->undo(); },
                     .key = report->imported > 0 ? QStringLiteral("Ctrl+Z") : QString()});
    reset();
    showChecked();
    Q_EMIT closed();
}

void ImportWizard::cancel()
{
    if (importing()) {
        m_counts->setText(tr("Stopping"));
        return m_session.cancelJob(m_importJob);
    }
    reset();
    showChecked();
    Q_EMIT closed();
}

// --- keys ---

bool ImportWizard::event(QEvent *event)
{
    // The page takes the place of the list and the editor: their keys of one letter, and Delete, do nothing to rows
    // that nobody sees.
    if (event->type() == QEvent::ShortcutOverride) {
        const auto *key = static_cast<QKeyEvent *>(event);
        const bool own = key->key() == Qt::Key_Escape || key->key() == Qt::Key_Delete;
        if (own || (!key->text().isEmpty() && key->text().front().isPrint() &&
                    !(key->modifiers() & (Qt::ControlModifier | Qt::AltModifier)))) {
            event->accept();
            return true;
        }
    }
    return QWidget::event(event);
}

void ImportWizard::keyPressEvent(QKeyEvent *event)
{
    if (event->key() != Qt::Key_Escape)
        return QWidget::keyPressEvent(event);
    if (m_problems->mending())
        m_problems->leaveMender();
    else
        cancel();
}

void ImportWizard::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    m_rowView->setVisible(width() >= scaled(1000)); // the table needs the room
}

} // namespace attune::ui
