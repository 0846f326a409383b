#include "ui/data/editor_snippets.h"

#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/panel_header.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QTimer>
#include <QVBoxLayout>

namespace attune::ui {

namespace {

constexpr auto Key = "snippets";
constexpr int KeepingMs = 400;

QString titleOf(const Snippet &snippet)
{
    return !snippet.name.isEmpty()   ? snippet.name
           : !snippet.text.isEmpty() ? oneLine(snippet.text, 40)
                                     : SnippetStore::tr("New snippet");
}

QString textOf(const Json &object, const char *key)
{
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_string() ? fromUtf8(found->get_ref<const std::string &>()) : QString();
}

} // namespace

SnippetStore::SnippetStore(Session &session, QObject *parent) : QObject(parent), m_session(session)
{
    read();
}

void SnippetStore::read()
{
    using Stored = std::optional<std::string>;
    m_session.ask<Stored>(
        this, QStringLiteral("snippets"), [](Project &project) { return project.setting(Key); },
        [this, writes = m_writes](Result<Stored> stored) {
            if (writes != m_writes)
                return; // older than what was written since
            if (!stored) {
                m_session.report(stored.error());
                return;
            }
            m_loaded = true;
            QList<Snippet> snippets;
            if (*stored) {
                const auto json = parseJson(**stored, "the snippets of the project");
                if (!json || !json->is_array()) {
                    m_session.report({ErrorCode::Corrupt, "The snippets of this project can't be read; "
                                                          "the next one you write replaces them.", **stored});
                    return;
                }
                for (const Json &one : *json)
                    snippets.append({textOf(one, "name"), textOf(one, "text")});
            }
            if (snippets != m_snippets) {
                m_snippets = snippets;
                Q_EMIT changed();
            }
        });
}

void SnippetStore::replace(const QList<Snippet> &snippets)
{
    if (snippets == m_snippets)
        return;
    m_snippets = snippets;
    ++m_writes;
    Json json = Json::array();
    for (const Snippet &one : snippets)
        json.push_back({{"name", toUtf8(one.name)}, {"text", toUtf8(one.text)}});
    m_session.change<void>(
        this, [text = json.dump()](Project &project) { return project.setSetting(Key, text); },
        [this](Result<void> stored) {
            if (!stored)
                m_session.report(stored.error());
        });
    Q_EMIT changed();
}

// --- the panel ---

SnippetPanel::SnippetPanel(SnippetStore &store, QWidget *parent)
    : QWidget(parent), m_store(store), m_list(new QListWidget), m_name(new QLineEdit), m_text(new AutoTextEdit),
      m_delete(new KeyButton(tr("Delete"), KeyButton::Flat, "trash")), m_keeping(new QTimer(this))
{
    setObjectName(QStringLiteral("snippetPanel"));
    setBackground(this, Token::Sunken);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto *header = new PanelHeader(tr("Snippets"));
    auto *addButton = new IconButton("plus", tr("New snippet"));
    addButton->setObjectName(QStringLiteral("addSnippet"));
    auto *closeButton = new IconButton("close", tr("Close snippets"));
    closeButton->setObjectName(QStringLiteral("closeSnippets"));
    header->addWidget(addButton);
    header->addWidget(closeButton);
    layout->addWidget(header);
    m_list->setObjectName(QStringLiteral("snippetList"));
    m_list->setAccessibleName(tr("Snippets"));
    m_list->setFrameShape(QFrame::NoFrame);
    setBackground(m_list, Token::Sunken);
    layout->addWidget(m_list, 1);

    auto *below = new QVBoxLayout;
    below->setContentsMargins(12, 8, 12, 12);
    below->setSpacing(8);
    m_name->setObjectName(QStringLiteral("snippetName"));
    m_name->setAccessibleName(tr("Name of the snippet"));
    m_name->setPlaceholderText(tr("Name"));
    m_text->setObjectName(QStringLiteral("snippetText"));
    m_text->setAccessibleName(tr("Text of the snippet"));
    m_text->setPlaceholderText(tr("Text that Ctrl+J inserts at the cursor"));
    m_text->setLines(4, 12);
    m_delete->setObjectName(QStringLiteral("deleteSnippet"));
    m_delete->setAccessibleName(tr("Delete the snippet"));
    below->addWidget(m_name);
    below->addWidget(m_text);
    below->addWidget(m_delete, 0, Qt::AlignLeft);
    layout->addLayout(below);

    m_keeping->setSingleShot(true);
    m_keeping->setInterval(KeepingMs);
    connect(m_keeping, &QTimer::timeout, this, &SnippetPanel::keep);
    connect(addButton, &QToolButton::clicked, this, [this] { add({}); });
    connect(closeButton, &QToolButton::clicked, this, &SnippetPanel::closed);
    connect(m_list, &QListWidget::currentRowChanged, this, [this] {
        if (!m_setting)
            showCurrent();
    });
    const auto edited = [this] {
        if (m_setting)
            return;
        if (m_snippets.isEmpty()) { // the first one is begun by typing it
            m_setting = true;
            m_snippets.append(Snippet());
            m_list->addItem(titleOf(m_snippets.first()));
            m_list->setCurrentRow(0);
            m_delete->setEnabled(true);
            m_setting = false;
        }
        const int row = m_list->currentRow();
        if (row < 0 || row >= m_snippets.size())
            return;
        m_snippets[row] = {m_name->text(), m_text->toPlainText()};
        m_list->item(row)->setText(titleOf(m_snippets[row]));
        m_keeping->start();
    };
    connect(m_name, &QLineEdit::textEdited, this, edited);
    connect(m_text, &QPlainTextEdit::textChanged, this, edited);
    connect(m_delete, &QPushButton::clicked, this, [this] {
        const int row = m_list->currentRow();
        if (row < 0)
            return;
        m_snippets.removeAt(row);
        keep();
        refresh();
    });
    connect(&m_store, &SnippetStore::changed, this, &SnippetPanel::refresh);
    refresh();
}

void SnippetPanel::add(const Snippet &snippet)
{
    m_snippets.append(snippet);
    keep();
    refresh();
    m_list->setCurrentRow(m_list->count() - 1);
    m_name->setFocus();
    m_name->selectAll();
}

void SnippetPanel::begin()
{
    (m_snippets.isEmpty() ? static_cast<QWidget *>(m_name) : m_list)->setFocus(Qt::OtherFocusReason);
}

void SnippetPanel::keep()
{
    m_keeping->stop();
    m_store.replace(m_snippets);
}

void SnippetPanel::refresh()
{
    if (m_keeping->isActive())
        return; // what is being typed comes first
    m_setting = true;
    const int row = m_list->currentRow();
    if (m_snippets != m_store.all() || m_list->count() != m_snippets.size()) {
        m_snippets = m_store.all();
        m_list->clear();
        for (const Snippet &one : m_snippets)
            m_list->addItem(titleOf(one));
        m_list->setCurrentRow(
            std::clamp(row, m_snippets.isEmpty() ? -1 : 0, static_cast<int>(m_snippets.size()) - 1));
    }
    m_setting = false;
    showCurrent();
}

void SnippetPanel::showCurrent()
{
    const int row = m_list->currentRow();
    const bool some = row >= 0 && row < m_snippets.size();
    m_setting = true;
    if (m_name->text() != (some ? m_snippets[row].name : QString()))
        m_name->setText(some ? m_snippets[row].name : QString());
    if (m_text->toPlainText() != (some ? m_snippets[row].text : QString()))
        m_text->setPlainText(some ? m_snippets[row].text : QString());
    m_name->setEnabled(some || m_snippets.isEmpty());
    m_text->setEnabled(some || m_snippets.isEmpty());
    m_delete->setEnabled(some);
    m_setting = false;
}

} // namespace attune::ui
