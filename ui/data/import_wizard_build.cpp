#include "ui/data/import_wizard.h"
#include "ui/data/import_wizard_columns.h"
#include "ui/data/import_wizard_problems.h"
#include "ui/data/import_wizard_row.h"
#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/panel_header.h"
#include "ui/widgets/segmented_control.h"

#include <QButtonGroup>
#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QShortcut>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

// Of ImportWizard: what stands where.

namespace attune::ui {

namespace {

constexpr int TypingPause = 350; // ms

QFrame *upright()
{
    auto *line = new QFrame;
    line->setFixedWidth(1);
    setBackground(line, Token::Line);
    return line;
}

QFrame *level()
{
    auto *line = new QFrame;
    line->setFixedHeight(1);
    setBackground(line, Token::Line);
    return line;
}

} // namespace

void ImportWizard::build()
{
    setObjectName(QStringLiteral("importWizard"));
    setAccessibleName(tr("Import"));
    setBackground(this, Token::Surface);
    m_header->addLeft(m_guess);
    m_header->addWidget(m_shown);
    m_header->addWidget(m_rawChoice);
    m_shown->setProperty("caption", true);
    m_rawChoice->setObjectName(QStringLiteral("rawChoice"));
    m_rawChoice->setAccessibleName(tr("How the first rows are shown"));
    connect(m_rawChoice, &SegmentedControl::changed, this, [this](int view) { m_columns->setRaw(view == 1); });
    m_notice->setObjectName(QStringLiteral("importNotice"));
    m_notice->hide();
    m_pages->addWidget(buildFiles());
    m_pages->addWidget(buildColumns());
    m_pages->addWidget(m_problems);
    m_pages->addWidget(buildSplit());
    auto *middle = new QVBoxLayout;
    middle->setSpacing(0);
    middle->addWidget(m_header);
    middle->addWidget(m_notice);
    middle->addWidget(m_pages, 1);
    middle->addWidget(level());
    middle->addWidget(buildFooter());
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_side);
    layout->addWidget(upright());
    layout->addLayout(middle, 1);
    layout->addWidget(upright());
    layout->addWidget(m_rowView);
    followTheme(this, [this] {
        m_rowView->setFixedWidth(scaled(350));
        m_progress->setFixedWidth(scaled(120));
    });

    m_pause->setSingleShot(true);
    connect(m_pause, &QTimer::timeout, this, &ImportWizard::check);
    // Shortcuts, not key events: buttons and tables keep the arrows for themselves.
    const auto key = [this](Qt::Key one, Qt::KeyboardModifier with, auto act) {
        auto *shortcut = new QShortcut(QKeySequence(with | one), this);
        shortcut->setContext(Qt::WidgetWithChildrenShortcut);
        connect(shortcut, &QShortcut::activated, this, act);
    };
    const auto walk = [this](const KeyButton *shown, int by) {
        if (shown->isEnabled())
            setStep(static_cast<ImportStep>(static_cast<int>(m_step) + by));
    };
    key(Qt::Key_Right, Qt::AltModifier, [this, walk] { walk(m_next, 1); });
    key(Qt::Key_Left, Qt::AltModifier, [this, walk] { walk(m_back, -1); });
    for (const Qt::Key enter : {Qt::Key_Return, Qt::Key_Enter})
        key(enter, Qt::ControlModifier, [this] { startImport(); });
    connect(m_side, &ImportSide::stepAsked, this, &ImportWizard::setStep);
    connect(m_side, &ImportSide::addAsked, this, &ImportWizard::chooseFiles);
    connect(m_side, &ImportSide::removeAsked, this, &ImportWizard::removeSource);
    connect(m_side, &ImportSide::closeAsked, this, &ImportWizard::cancel);
    connect(m_side, &ImportSide::formatChosen, this, [this](DataFormat format, bool byColumns) {
        m_choice.format = format;
        m_choice.byColumns = byColumns;
        m_choice.roles.clear();
        changed();
    });
    connect(m_side, &ImportSide::encodingChosen, this, [this](TextEncoding encoding) {
        m_choice.encoding = encoding;
        changed();
    });
    connect(m_side, &ImportSide::firstLineChosen, this, [this](bool names) {
        m_choice.namesFirst = names;
        m_choice.roles.clear(); // the columns have other names
        changed();
    });
    connect(m_rowView, &ImportRowView::splitAsked, this, [this] { setStep(ImportStep::Split); });
    connect(m_columns, &ImportColumns::roleChosen, this, [this](const QString &column, ColumnRole role) {
        m_choice.roles[column.toStdString()] = role;
        changed();
    });
    connect(m_columns, &ImportColumns::currentRecordChanged, this, &ImportWizard::showRow);
    connect(m_rowView, &ImportRowView::stepAsked, this, [this](int step) {
        showRow(m_row + step);
        m_columns->setCurrentRecord(m_row);
    });
    connect(m_problems, &ImportProblems::mended, this,
            [this](std::size_t source, std::int64_t record, const QString &text) {
                if (source < m_choice.sources.size())
                    m_choice.sources[source].mended[record] = text.toStdString();
                changed();
            });
    connect(m_problems, &ImportProblems::mendedForgotten, this, [this] {
        for (ImportSource &source : m_choice.sources)
            source.mended.clear();
        changed();
    });
    connect(&m_session, &Session::jobsChanged, this, &ImportWizard::showProgress);
}

QWidget *ImportWizard::buildFiles()
{
    auto *page = new QWidget;
    m_drop->setPrimary(tr("Choose files"), [this] { chooseFiles(); })->setObjectName(QStringLiteral("chooseFiles"));
    m_drop->addLink(tr("Paste rows"), [this] { beginPasted(QGuiApplication::clipboard()->text()); })
        ->setObjectName(QStringLiteral("pasteRows"));
    m_guesses->setWordWrap(true);
    m_guesses->setTextFormat(Qt::PlainText);
    m_guesses->setObjectName(QStringLiteral("importGuesses"));
    auto *layout = new QVBoxLayout(page);
    layout->setContentsMargins(scaled(16), scaled(12), scaled(16), scaled(12));
    layout->addWidget(m_guesses);
    layout->addWidget(m_drop, 1);
    return page;
}

QWidget *ImportWizard::buildColumns()
{
    auto *page = new QWidget;
    m_system->setObjectName(QStringLiteral("importSystem"));
    m_system->setAccessibleName(tr("System message for all rows that have none"));
    m_system->setPlaceholderText(tr("none"));
    m_template->setObjectName(QStringLiteral("importTemplate"));
    m_template->setAccessibleName(tr("Prompt template with columns in braces"));
    m_template->setPlaceholderText(tr("{subject}: columns in braces; empty: User columns"));
    m_template->setLines(1, 4);
    m_template->setMono(true);
    const auto line = [](const QString &text, QWidget *field) {
        auto *widget = new QWidget;
        auto *label = new QLabel(text);
        label->setProperty("small", true);
        label->setBuddy(field);
        followTheme(label, [label] { label->setMinimumWidth(scaled(176)); });
        auto *layout = new QHBoxLayout(widget);
        layout->setContentsMargins(scaled(16), scaled(4), scaled(16), scaled(4));
        layout->addWidget(label);
        layout->addWidget(field, 1);
        return widget;
    };
    m_templateLine = line(tr("Prompt template"), m_template);
    auto *layout = new QVBoxLayout(page);
    layout->setContentsMargins(0, 0, 0, scaled(6));
    layout->setSpacing(0);
    layout->addWidget(m_columns, 1);
    layout->addWidget(level());
    layout->addSpacing(scaled(4));
    layout->addWidget(m_templateLine);
    layout->addWidget(line(tr("System message for all rows"), m_system));
    connect(m_system, &QLineEdit::textEdited, this, [this](const QString &text) {
        m_choice.system = text.trimmed().toStdString();
        changed(TypingPause);
    });
    connect(m_template, &QPlainTextEdit::textChanged, this, [this] {
        const QString text = m_template->toPlainText();
        m_choice.promptTemplate = text.trimmed().isEmpty() ? std::string() : text.toStdString();
        changed(TypingPause);
    });
    return page;
}

QWidget *ImportWizard::buildFooter()
{
    auto *footer = new QWidget;
    m_counts->setObjectName(QStringLiteral("importCounts"));
    m_counts->setTextFormat(Qt::RichText); // figures only, in bold
    m_counts->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_counts->setWordWrap(true);
    m_progress->setRange(0, 1000);
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Progress"));
    m_progress->hide();
    m_cancel->setObjectName(QStringLiteral("cancelImport"));
    m_cancel->setAccessibleName(tr("Cancel"));
    m_back->setObjectName(QStringLiteral("importBack"));
    m_back->setAccessibleName(tr("Back"));
    m_next->setObjectName(QStringLiteral("importNext"));
    m_import->setObjectName(QStringLiteral("importNow"));
    auto *layout = new QHBoxLayout(footer);
    layout->setContentsMargins(scaled(16), scaled(8), scaled(16), scaled(8));
    layout->setSpacing(scaled(8));
    layout->addWidget(m_counts, 1);
    layout->addWidget(m_progress);
    for (KeyButton *button : {m_cancel, m_back, m_next, m_import})
        layout->addWidget(button);
    connect(m_cancel, &QPushButton::clicked, this, &ImportWizard::cancel);
    connect(m_back, &QPushButton::clicked, this,
            [this] { setStep(static_cast<ImportStep>(static_cast<int>(m_step) - 1)); });
    connect(m_next, &QPushButton::clicked, this,
            [this] { setStep(static_cast<ImportStep>(static_cast<int>(m_step) + 1)); });
    connect(m_import, &QPushButton::clicked, this, &ImportWizard::startImport);
    return footer;
}

} // namespace attune::ui
