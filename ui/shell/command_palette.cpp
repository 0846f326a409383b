#include "ui/shell/command_palette.h"

#include "core/store/labelling.h"
#include "ui/shell/action_book.h"
#include "ui/shell/fuzzy.h"
#include "ui/shell/preferences.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QApplication>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr int Width = 640;
constexpr int Shown = 11; // lines
constexpr int RowHeight = 34;
constexpr int HeadingHeight = 28;
constexpr int MostActions = 40;
constexpr int MenuMalus = 1000; // more than the beginning of a word is worth
constexpr std::size_t MostRuns = 6;
constexpr std::size_t MostRows = 8;

const char *iconOf(PaletteEntry::Kind kind)
{
    switch (kind) {
    case PaletteEntry::Run:
        return "train";
    case PaletteEntry::Row:
        return "data";
    case PaletteEntry::Hint:
        return "info";
    case PaletteEntry::Action:
    case PaletteEntry::Heading:
    case PaletteEntry::Nothing:
        break;
    }
    return "chevron-right";
}

class EntryDelegate final : public QStyledItemDelegate {
public:
    EntryDelegate(const PaletteModel &model, QObject *parent) : QStyledItemDelegate(parent), m_model(model) {}

    QSize sizeHint(const QStyleOptionViewItem &, const QModelIndex &index) const override
    {
        const bool heading = m_model.entry(index.row()).kind == PaletteEntry::Heading;
        return {scaled(200), scaled(heading ? HeadingHeight : RowHeight)};
    }

    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        const PaletteEntry &entry = m_model.entry(index.row());
        QRect area = option.rect.adjusted(12, 0, -12, 0);
        if (entry.kind == PaletteEntry::Heading) {
            drawText(painter, area.adjusted(0, scaled(6), 0, 0), entry.text, TextStyle::Caption, Token::Text3);
            return;
        }
        if (option.state & QStyle::State_Selected) {
            painter->save();
            painter->setRenderHint(QPainter::Antialiasing);
            painter->setPen(Qt::NoPen);
            painter->setBrush(color(Token::Select));
            painter->drawRoundedRect(option.rect.adjusted(4, 1, -4, -1), 6, 6);
            painter->restore();
        }
        if (entry.kind != PaletteEntry::Nothing) {
            const int size = scaled(16);
            painter->drawPixmap(
                area.left(), area.center().y() - size / 2,
                iconPixmap(iconOf(entry.kind), Token::Text3, size, painter->device()->devicePixelRatioF()));
            area.setLeft(area.left() + size + 8);
        }
        if (!entry.key.isEmpty())
            area.setRight(area.right() - drawKeyCap(painter, area, entry.key) - 8);
        const int words = std::min(textWidth(entry.text, TextStyle::Body) + 2, area.width());
        drawText(painter, area, entry.text, TextStyle::Body, entry.enabled ? Token::Text : Token::Text3);
        drawText(painter, area.adjusted(words + 10, 0, 0, 0), entry.detail, TextStyle::Small, Token::Text3);
    }

private:
    const PaletteModel &m_model;
};

PaletteEntry heading(const QString &text)
{
    return {PaletteEntry::Heading, text, {}, {}, false, {}, 0};
}

QString stateText(RunState state)
{
    return fromUtf8(name(state));
}

} // namespace

CommandPalette::CommandPalette(ActionBook &book, QWidget *window)
    : QFrame(window), m_book(book), m_field(new QLineEdit), m_list(new QListView), m_model(new PaletteModel(this))
{
    setObjectName("palette");
    setAccessibleName(tr("Find any action, run or row"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 8, 8, 8);
    layout->setSpacing(6);
    m_field->setObjectName("paletteText");
    m_field->setAccessibleName(tr("Find any action, run or row"));
    m_field->setPlaceholderText(tr("Action, run or row    > actions   # rows   @ runs   ? help"));
    m_field->setClearButtonEnabled(true);
    m_list->setObjectName("paletteList");
    m_list->setAccessibleName(tr("Found"));
    m_list->setModel(m_model);
    m_list->setItemDelegate(new EntryDelegate(*m_model, m_list));
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    layout->addWidget(m_field);
    layout->addWidget(m_list);
    hide();

    connect(m_field, &QLineEdit::textChanged, this, &CommandPalette::search);
    connect(m_list, &QListView::clicked, this, [this](const QModelIndex &index) { choose(index.row()); });
    m_field->installEventFilter(this);
    window->installEventFilter(this);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        if (isVisible())
            place();
    });
}

void CommandPalette::openWith(const QString &typed)
{
    if (isHidden())
        m_before = QApplication::focusWidget();
    m_found = {};
    place();
    QFrame::show();
    raise();
    m_field->setText(typed);
    m_field->setFocus(Qt::ShortcutFocusReason);
    search();
}

void CommandPalette::place()
{
    const QWidget *window = parentWidget();
    const int width = std::min(scaled(Width), window->width() - 32);
    int list = 4;
    for (int row = 0; row < m_model->rowCount(); ++row)
        list += scaled(m_model->entry(row).kind == PaletteEntry::Heading ? HeadingHeight : RowHeight);
    const int most = std::min(scaled(Shown * RowHeight), window->height() - scaled(52) - 120);
    const int height = std::min(list, most) + m_field->sizeHint().height() + 8 + 6 + 8;
    setGeometry((window->width() - width) / 2, scaled(52), width, height);
}

QList<PaletteEntry> CommandPalette::actionsFor(const QString &words) const
{
    struct Scored {
        PaletteEntry entry;
        int score;
    };
    const QStringList recent = Preferences().recentActions();
    QList<Scored> scored;
    for (const BookedAction &booked : m_book.actions()) {
        const QAction &action = *booked.action;
        const QString text = ActionBook::plainText(action);
        const QString menu = ActionBook::title(booked.menu);
        auto score = fuzzyScore(words, text);
        if (!score) { // "file new": the menu's name helps to find it, but less than the action's own
            score = fuzzyScore(words, menu + ' ' + text);
            if (score)
                *score -= MenuMalus;
        }
        if (!score)
            continue;
        const auto used = recent.indexOf(action.objectName());
        const int bonus = used < 0 || action.objectName().isEmpty() ? 0 : 150 - 10 * static_cast<int>(used);
        PaletteEntry entry;
        entry.kind = PaletteEntry::Action;
        entry.text = text;
        entry.key = keyText(action.shortcut());
        entry.enabled = action.isEnabled();
        entry.action = booked.action;
        const QString why = m_book.whyDisabled(booked);
        entry.detail = entry.enabled ? menu : why.isEmpty() ? tr("%1 · not now").arg(menu) : menu + " · " + why;
        scored.append({entry, *score + bonus - (entry.enabled ? 0 : 400)});
    }
    std::stable_sort(scored.begin(), scored.end(),
                     [](const Scored &a, const Scored &b) { return a.score > b.score; });
    QList<PaletteEntry> entries;
    for (const Scored &one : scored.mid(0, words.isEmpty() ? scored.size() : MostActions))
        entries.append(one.entry);
    return entries;
}

void CommandPalette::search()
{
    const QString typed = m_field->text();
    const QString words = typed.startsWith('#') || typed.startsWith('@') ? typed.mid(1).trimmed() : typed.trimmed();
    const bool onlyRows = typed.startsWith('#');
    const bool onlyRuns = typed.startsWith('@');
    m_found = {};
    if (m_session && !typed.startsWith('>') && !typed.startsWith('?'))
        askProject(words, !onlyRows && (onlyRuns || !words.isEmpty()),
                   !onlyRuns && (onlyRows ? !words.isEmpty() : words.size() > 1));
    show(typed);
}

void CommandPalette::askProject(const QString &words, bool runs, bool rows)
{
    struct Answer {
        std::vector<Run> runs;
        std::vector<ExampleSummary> rows;
    };
    if (!runs && !rows)
        return;
    bool isNumber = false;
    const qint64 number = words.toLongLong(&isNumber);
    m_session->ask<Answer>(
        this, QStringLiteral("palette"),
        [search = toUtf8(words), number, isNumber, runs, rows](Project &project) -> Result<Answer> {
            Answer answer;
            if (runs) {
                ATTUNE_TRY(answer.runs, project.runs());
            }
            if (rows) {
                ExampleQuery query;
                query.search = search;
                query.testRows = false; // the test part is not looked at by chance
                if (isNumber) {
                    query.search.clear();
                    query.ids = {number};
                }
                auto ids = Labelling(project).ids(query);
                // Half a word of the search language is no mistake while it is typed.
                if (ids) {
                    ids->resize(std::min(ids->size(), MostRows));
                    ATTUNE_TRY(answer.rows, Labelling(project).summaries(*ids));
                }
            }
            return answer;
        },
        [this, words](Result<Answer> answer) {
            if (!answer || isHidden())
                return;
            std::vector<std::pair<int, PaletteEntry>> found;
            for (const Run &run : answer->runs) {
                const QString title = tr("Run %1 · %2").arg(run.id).arg(fromUtf8(run.name));
                if (const auto score = fuzzyScore(words, title))
                    found.push_back({*score + static_cast<int>(run.id),
                                     {PaletteEntry::Run, title, stateText(run.state), {}, true, {}, run.id}});
            }
            std::stable_sort(found.begin(), found.end(),
                             [](const auto &a, const auto &b) { return a.first > b.first; });
            found.resize(std::min(found.size(), MostRuns));
            for (const auto &one : found)
                m_found.runs.append(one.second);
            for (const ExampleSummary &row : answer->rows)
                m_found.rows.append({PaletteEntry::Row,
                                     tr("Row %1").arg(row.id),
                                     oneLine(fromUtf8(row.prompt), 120),
                                     {},
                                     true,
                                     {},
                                     row.id});
            show(m_field->text());
        });
}

void CommandPalette::show(const QString &typed)
{
    QList<PaletteEntry> entries;
    if (typed.startsWith('?')) {
        for (const auto &[text, detail] :
             {std::pair(tr(">  actions"), tr("everything the program does, with its key")),
              std::pair(tr("#  rows"), tr("by number or by words")),
              std::pair(tr("@  runs"), tr("by number or name")),
              std::pair(tr("F1  keys"), tr("of the page that is shown"))})
            entries.append({PaletteEntry::Hint, text, detail, {}, true, {}, 0});
    } else {
        const bool actions = !typed.startsWith('#') && !typed.startsWith('@');
        const QString words = typed.startsWith('>') ? typed.mid(1).trimmed() : typed.trimmed();
        const auto group = [&](const QString &title, const QList<PaletteEntry> &of) {
            if (of.isEmpty())
                return;
            entries.append(heading(title));
            entries.append(of);
        };
        if (actions)
            group(tr("Actions"), actionsFor(words));
        group(tr("Runs"), m_found.runs);
        group(tr("Rows"), m_found.rows);
    }
    if (entries.isEmpty())
        entries.append({PaletteEntry::Nothing, tr("Nothing called that"), {}, {}, false, {}, 0});
    m_model->setEntries(entries);
    place();
    if (const int first = m_model->firstChoice(); first >= 0) {
        m_list->setCurrentIndex(m_model->index(first));
        m_list->scrollToTop();
    }
}

void CommandPalette::move(int step)
{
    int row = m_list->currentIndex().row();
    do
        row += step;
    while (row >= 0 && row < m_model->rowCount() && m_model->flags(m_model->index(row)) == Qt::NoItemFlags);
    if (row >= 0 && row < m_model->rowCount())
        m_list->setCurrentIndex(m_model->index(row));
}

/// `giveBack`: the focus returns to where it was.
void CommandPalette::dismiss(bool giveBack)
{
    const QPointer<QWidget> before = giveBack ? m_before : nullptr;
    m_before = nullptr;
    hide();
    if (before)
        before->setFocus(Qt::OtherFocusReason);
}

void CommandPalette::choose(int row)
{
    if (row < 0 || row >= m_model->rowCount())
        return;
    const PaletteEntry entry = m_model->entry(row);
    if (entry.kind == PaletteEntry::Hint) {
        m_field->setText(entry.text.startsWith('F') ? QString() : entry.text.left(1));
        return;
    }
    if (!entry.enabled || entry.kind == PaletteEntry::Heading || entry.kind == PaletteEntry::Nothing)
        return;
    dismiss(true);
    switch (entry.kind) {
    case PaletteEntry::Action:
        if (entry.action) {
            Preferences().addRecentAction(entry.action->objectName());
            entry.action->trigger();
        }
        break;
    case PaletteEntry::Run:
        Q_EMIT runChosen(entry.id);
        break;
    case PaletteEntry::Row:
        Q_EMIT rowChosen(entry.id);
        break;
    case PaletteEntry::Heading:
    case PaletteEntry::Hint:
    case PaletteEntry::Nothing:
        break;
    }
}

bool CommandPalette::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == parentWidget() && event->type() == QEvent::Resize && isVisible())
        place();
    if (watched != m_field)
        return QFrame::eventFilter(watched, event);
    if (event->type() == QEvent::FocusOut && isVisible()) {
        const auto reason = static_cast<QFocusEvent *>(event)->reason();
        if (reason == Qt::PopupFocusReason) // its own context menu
            return false;
        dismiss(false); // the focus went elsewhere on purpose
    } else if (event->type() == QEvent::KeyPress) {
        const auto *key = static_cast<QKeyEvent *>(event);
        switch (key->key()) {
        case Qt::Key_Escape:
            dismiss(true);
            return true;
        case Qt::Key_Down:
            move(1);
            return true;
        case Qt::Key_Up:
            move(-1);
            return true;
        case Qt::Key_PageDown:
            for (int i = 0; i < Shown - 2; ++i)
                move(1);
            return true;
        case Qt::Key_PageUp:
            for (int i = 0; i < Shown - 2; ++i)
                move(-1);
            return true;
        case Qt::Key_Return:
        case Qt::Key_Enter:
            choose(m_list->currentIndex().row());
            return true;
        default:
            break;
        }
    }
    return QFrame::eventFilter(watched, event);
}

void CommandPalette::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    drawPanel(&painter, rect(), 8, Token::Surface, Token::Edge);
}

} // namespace attune::ui
