#include "ui/compare/prompt_panel.h"

#include "core/data/messages_json.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"
#include "ui/widgets/panel_header.h"
#include "ui/widgets/segmented_control.h"

#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QStackedWidget>
#include <QStyledItemDelegate>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>

namespace attune::ui {
namespace {

constexpr auto ownKey = "compare_prompts";
constexpr auto looksKey = "test_looks";

class Delegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const override { return {0, scaled(50)}; }

    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        drawRowBackground(painter, option, true, option.state & QStyle::State_Selected);
        const QRect area = option.rect.adjusted(scaled(12), scaled(6), -scaled(12), -scaled(6));
        const int half = area.height() / 2;
        const QRect top(area.left(), area.top(), area.width(), half);
        const QRect bottom(area.left(), area.top() + half, area.width(), area.height() - half);
        const qint64 id = index.data(PromptModel::Id).toLongLong();
        const QString number = QString::number(std::abs(id));
        const int numberWidth = textWidth(number, TextStyle::MonoSmall) + 1;
        drawText(painter, top.adjusted(0, 0, -numberWidth - scaled(8), 0), index.data().toString(), TextStyle::Strong,
                 Token::Text);
        drawText(painter, QRect(top.right() - numberWidth, top.top(), numberWidth + 1, top.height()), number,
                 TextStyle::MonoSmall, Token::Text3, Qt::AlignRight | Qt::AlignVCenter);
        const auto verdict = static_cast<Verdict>(index.data(PromptModel::VerdictRole).toInt());
        int badge = 0;
        if (verdict != Verdict::Unknown) {
            const QString word = verdict == Verdict::Differ   ? PromptPanel::tr("differ")
                                 : verdict == Verdict::Equal ? PromptPanel::tr("equal")
                                                             : PromptPanel::tr("no answer");
            const QSize size = badgeSize(word);
            badge = size.width() + scaled(8);
            drawBadge(painter,
                      QRect(bottom.right() - size.width() + 1, bottom.top(), size.width(), bottom.height()), word,
                      verdict == Verdict::Differ ? Tone::Warn : Tone::Neutral);
        }
        drawText(painter, bottom.adjusted(0, 0, -badge, 0), index.data(PromptModel::Tags).toString(),
                 TextStyle::Small, Token::Text3);
    }
};

constexpr auto ownWords = "The own list of prompts";

Result<std::vector<OwnPrompt>> readOwn(const std::string &text)
{
    std::vector<OwnPrompt> prompts;
    ATTUNE_TRY(const Json list, parseJson(text, ownWords));
    for (const Json &entry : list) {
        ATTUNE_TRY(auto prompt, parseMessages(entry, ownWords));
        prompts.push_back(std::move(prompt));
    }
    return prompts;
}

std::string writeOwn(const std::vector<OwnPrompt> &prompts)
{
    auto list = Json::array();
    for (const OwnPrompt &prompt : prompts)
        list.push_back({{"messages", messagesJson(prompt)}});
    return list.dump();
}

} // namespace

PromptPanel::PromptPanel(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session), m_model(new PromptModel(session, this))
{
    setObjectName(QStringLiteral("prompts"));
    setAccessibleName(tr("Prompts"));
    setBackground(this, Token::Sunken);
    m_header = new PanelHeader(tr("Prompts"));
    auto *find = new IconButton("search", tr("Search the prompts"));
    auto *add = new IconButton("plus", tr("Add what is typed to the own list"));
    m_header->addWidget(find);
    m_header->addWidget(add);
    m_source = new SegmentedControl({tr("Validation"), tr("Test"), tr("Own")});
    m_source->setObjectName(QStringLiteral("promptSource"));
    m_source->setAccessibleName(tr("Where the prompts are from"));
    m_filter = new SegmentedControl({tr("All"), tr("Differ")});
    m_filter->setObjectName(QStringLiteral("promptFilter"));
    m_filter->setAccessibleName(tr("Which prompts are listed"));
    m_search = new QLineEdit;
    m_search->setObjectName(QStringLiteral("promptSearch"));
    m_search->setAccessibleName(tr("Search the prompts"));
    m_search->setPlaceholderText(tr("Words, tag:"));
    m_search->setClearButtonEnabled(true);
    m_search->hide();
    m_list = new QListView;
    m_list->setObjectName(QStringLiteral("promptList"));
    m_list->setAccessibleName(tr("Prompts"));
    m_list->setModel(m_model);
    m_list->setItemDelegate(new Delegate(m_list));
    m_list->setUniformItemSizes(true);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setMouseTracking(true);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->installEventFilter(this);
    setBackground(m_list, Token::Sunken);
    m_empty = new EmptyState("list");
    m_pages = new QStackedWidget;
    m_pages->addWidget(m_list);
    m_pages->addWidget(m_empty);
    m_all = new KeyButton(tr("Answer all"), KeyButton::Flat);
    m_all->setObjectName(QStringLiteral("answerAll"));
    m_progress = new QLabel;
    setTextStyle(m_progress, TextStyle::MonoSmall);
    setForeground(m_progress, Token::Text3);

    auto *choices = new QVBoxLayout;
    choices->setContentsMargins(scaled(12), scaled(10), scaled(12), scaled(8));
    choices->setSpacing(scaled(8));
    choices->addWidget(m_source);
    choices->addWidget(m_filter);
    choices->addWidget(m_search);
    auto *foot = new QHBoxLayout;
    foot->setContentsMargins(scaled(8), scaled(4), scaled(12), scaled(4));
    foot->addWidget(m_all);
    foot->addStretch(1);
    foot->addWidget(m_progress);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_header);
    layout->addLayout(choices);
    layout->addWidget(m_pages, 1);
    layout->addLayout(foot);

    auto *typing = new QTimer(this);
    typing->setSingleShot(true);
    typing->setInterval(150);
    connect(typing, &QTimer::timeout, this, [this] { m_model->setSearch(m_search->text().trimmed()); });
    connect(m_search, &QLineEdit::textChanged, typing, qOverload<>(&QTimer::start));
    connect(find, &QToolButton::clicked, this, &PromptPanel::showSearch);
    connect(add, &QToolButton::clicked, this, &PromptPanel::addAsked);
    connect(m_all, &QPushButton::clicked, this, &PromptPanel::answerAllAsked);
    connect(m_source, &SegmentedControl::changed, this,
            [this](int index) { setSource(static_cast<PromptSource>(index)); });
    connect(m_filter, &SegmentedControl::changed, this, [this](int index) { m_model->setDifferOnly(index == 1); });
    // The selection, not the current row: that one is set as soon as the list gets the focus.
    connect(m_list->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        const qint64 id = m_model->id(selectedRow());
        if (id == 0 || id == m_selected)
            return;
        m_selected = id;
        Q_EMIT chosen(id);
    });
    connect(m_model, &PromptModel::modelReset, this, [this] {
        if (const int row = m_model->rowOf(m_selected); row >= 0)
            m_list->setCurrentIndex(m_model->index(row));
    });
    connect(m_model, &PromptModel::counted, this, &PromptPanel::count);
    connect(m_model, &PromptModel::failed, this, [this](const QString &why) {
        m_search->setToolTip(why);
        m_search->setProperty("tone", why.isEmpty() ? QVariant() : QVariant(QStringLiteral("bad")));
        m_search->setAccessibleDescription(why);
    });
    connect(&session, &Session::examplesChanged, this, [this] {
        if (m_model->source() != PromptSource::Own)
            m_model->refresh();
    });
    const auto fit = [this] {
        setMinimumWidth(scaled(220));
        m_list->doItemsLayout(); // rows are as high as the text of now
    };
    fit();
    connect(&Theme::instance(), &Theme::changed, this, fit);
    loadOwn();
    loadLooks();
    m_model->refresh();
    count();
}

void PromptPanel::revealSearch()
{
    m_search->show();
}

void PromptPanel::showSearch()
{
    m_search->show();
    m_search->setFocus(Qt::ShortcutFocusReason);
    m_search->selectAll();
}

void PromptPanel::setSource(PromptSource source)
{
    m_source->setCurrent(static_cast<int>(source));
    m_model->setSource(source);
    count();
}

int PromptPanel::selectedRow() const
{
    const auto rows = m_list->selectionModel()->selectedRows();
    return rows.isEmpty() ? -1 : rows.front().row();
}

void PromptPanel::step(int by)
{
    if (m_model->rowCount() == 0 || m_pages->currentWidget() != m_list)
        return;
    const int now = selectedRow() >= 0 || by > 0 ? selectedRow() : 0;
    m_list->setCurrentIndex(m_model->index(std::clamp(now + by, 0, m_model->rowCount() - 1)));
}

void PromptPanel::select(qint64 id)
{
    if (const int row = m_model->rowOf(id); row >= 0)
        m_list->setCurrentIndex(m_model->index(row));
}

void PromptPanel::clearSelection()
{
    m_selected = 0;
    m_list->selectionModel()->clear();
}

void PromptPanel::setAnsweringAll(bool answering)
{
    m_all->setText(answering ? tr("Stop answering") : tr("Answer all"));
}

void PromptPanel::addOwn(const std::vector<OwnPrompt> &prompts)
{
    auto all = m_model->own();
    all.insert(all.end(), prompts.begin(), prompts.end());
    m_model->setOwn(std::move(all));
    saveOwn();
    count();
}

void PromptPanel::removeSelectedOwn()
{
    if (m_model->source() != PromptSource::Own || m_selected >= 0)
        return;
    auto all = m_model->own();
    const auto at = static_cast<std::ptrdiff_t>(-m_selected - 1);
    if (at >= std::ssize(all))
        return;
    const OwnPrompt gone = all[static_cast<std::size_t>(at)];
    all.erase(all.begin() + at);
    clearSelection();
    m_model->setOwn(std::move(all));
    saveOwn();
    Toast toast;
    toast.text = tr("Prompt removed from the own list");
    toast.action = tr("Undo");
    toast.act = [self = QPointer(this), gone, at] {
        if (!self)
            return;
        auto back = self->m_model->own();
        back.insert(back.begin() + std::min<std::ptrdiff_t>(at, std::ssize(back)), gone);
        self->m_model->setOwn(std::move(back));
        self->saveOwn();
    };
    m_session.toast(toast);
}

void PromptPanel::loadOwn()
{
    m_session.ask<std::vector<OwnPrompt>>(
        this, {},
        [](Project &project) -> Result<std::vector<OwnPrompt>> {
            ATTUNE_TRY(const auto text, project.setting(ownKey));
            return text ? readOwn(*text) : std::vector<OwnPrompt>{};
        },
        [this](Result<std::vector<OwnPrompt>> prompts) {
            if (!prompts)
                m_session.report(prompts.error());
            else if (m_model->own().empty())
                m_model->setOwn(std::move(*prompts));
            count();
        });
}

void PromptPanel::saveOwn()
{
    m_session.change<void>(
        this, [text = writeOwn(m_model->own())](Project &project) { return project.setSetting(ownKey, text); },
        [this](Result<void> saved) {
            if (!saved)
                m_session.report(saved.error());
        });
}

void PromptPanel::loadLooks()
{
    m_session.ask<int>(
        this, QStringLiteral("looks"),
        [](Project &project) -> Result<int> {
            ATTUNE_TRY(const auto text, project.setting(looksKey));
            return text ? std::atoi(text->c_str()) : 0;
        },
        [this](Result<int> looks) {
            m_looks = looks.value_or(0);
            count();
        });
}

void PromptPanel::openTest()
{
    m_testOpen = true;
    m_model->refresh();
    count();
    m_session.change<int>(
        this,
        [](Project &project) -> Result<int> {
            ATTUNE_TRY(const auto text, project.setting(looksKey));
            const int looks = (text ? std::atoi(text->c_str()) : 0) + 1;
            ATTUNE_CHECK(project.setSetting(looksKey, std::to_string(looks)));
            return looks;
        },
        [this](Result<int> looks) {
            if (looks)
                m_looks = *looks;
            else
                m_session.report(looks.error());
        });
    m_list->setFocus();
}

void PromptPanel::count()
{
    static const QStringList names{tr("validation"), tr("test"), tr("own list")};
    const auto source = m_model->source();
    const bool locked = source == PromptSource::Test && !m_testOpen;
    m_header->setCaption(locked ? names[1]
                                : QStringLiteral("%1 · %2").arg(names[static_cast<int>(source)],
                                                                formatCount(m_model->total())));
    m_filter->setText(0, tr("All %1").arg(locked ? QString() : formatCount(m_model->total())).trimmed());
    m_filter->setText(1, tr("Differ %1").arg(locked ? QString() : formatCount(m_model->differing())).trimmed());
    m_all->setEnabled(!locked && m_model->total() > 0);
    m_progress->setText(locked || m_model->total() == 0
                            ? QString()
                            : tr("%1 / %2").arg(formatCount(m_model->answered()), formatCount(m_model->total())));
    m_empty->clearActions();
    if (locked) {
        const QString looked = m_looks == 0   ? tr("Nobody has looked at them yet.")
                               : m_looks == 1 ? tr("They were looked at once.")
                                              : tr("They were looked at %1 times.").arg(m_looks);
        m_empty->setIconName("lock");
        m_empty->setText(tr("Test rows are the judge at the end. %1 Each look is counted.").arg(looked));
        m_empty->setPrimary(tr("Show test rows"), [this] { openTest(); });
        m_pages->setCurrentWidget(m_empty);
        return;
    }
    m_pages->setCurrentWidget(m_model->rowCount() > 0 || !m_model->loaded() ? static_cast<QWidget *>(m_list)
                                                                            : m_empty);
    m_empty->setIconName("list");
    if (m_filter->current() == 1)
        m_empty->setText(tr("No answers differ yet. Ask some prompts, or answer all."));
    else if (!m_search->text().trimmed().isEmpty())
        m_empty->setText(tr("No prompt matches."));
    else if (source == PromptSource::Own)
        m_empty->setText(tr("Your own prompts: type one below and press +, or drop a JSONL file here."));
    else
        m_empty->setText(tr("No rows in this part. Hold some out in Data."));
}

bool PromptPanel::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_list && event->type() == QEvent::KeyPress &&
        static_cast<QKeyEvent *>(event)->key() == Qt::Key_Delete) {
        removeSelectedOwn();
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace attune::ui
