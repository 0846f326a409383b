#include "ui/shell/start_page.h"

#include "ui/theme/theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QAbstractItemModel>
#include <QDateTime>
#include <QFileInfo>
#include <QLabel>
#include <QListWidget>
#include <QPainter>
#include <QShortcut>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr int ColumnWidth = 660;
constexpr int RowHeight = 50;
constexpr int PathRole = Qt::UserRole;
constexpr int WhenRole = Qt::UserRole + 1;
constexpr int GoneRole = Qt::UserRole + 2;

/// Name above, folder below, when it was changed at the right.
class RecentDelegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    QSize sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const override
    {
        return {scaled(200), scaled(RowHeight)};
    }
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        painter->save(); // the frame's own edge ends the last row
        if (index.row() + 1 == index.model()->rowCount())
            painter->setClipRect(option.rect.adjusted(0, 0, 0, -1));
        drawRowBackground(painter, option);
        painter->restore();
        const QFileInfo file(index.data(PathRole).toString());
        const QRect area = option.rect.adjusted(12, 0, -12, 0);
        const QString when = index.data(WhenRole).toString();
        const int time = textWidth(when, TextStyle::Small);
        drawText(painter, area, when, TextStyle::Small, Token::Text3, Qt::AlignRight | Qt::AlignVCenter);
        const QRect left = area.adjusted(0, scaled(6), -time - 12, -scaled(6));
        const int half = left.height() / 2;
        drawText(painter, left.adjusted(0, 0, 0, -half), file.completeBaseName(), TextStyle::Strong,
                 index.data(GoneRole).toBool() ? Token::Text3 : Token::Text);
        drawText(painter, left.adjusted(0, half, 0, 0), file.absolutePath(), TextStyle::Small, Token::Text3);
    }
};

QString whenChanged(const QString &path)
{
    const QDateTime changed = QFileInfo(path).lastModified();
    const qint64 days = changed.date().daysTo(QDate::currentDate());
    if (days == 0)
        return StartPage::tr("today %1").arg(changed.toString("HH:mm"));
    return days == 1 ? StartPage::tr("yesterday") : changed.toString("yyyy-MM-dd");
}

} // namespace

StartPage::StartPage(QWidget *parent)
    : QWidget(parent), m_notice(new InlineNotice(Tone::Bad)),
      m_sample(new KeyButton(tr("Open the sample project"), KeyButton::Primary, "play")), m_recentBox(new QWidget),
      m_recents(new QListWidget)
{
    setObjectName("startPage");
    setAccessibleName(tr("Start"));
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    m_notice->setObjectName("startNotice");
    m_notice->hide();
    outer->addWidget(m_notice);
    outer->addStretch(2);
    auto *row = new QHBoxLayout;
    row->addStretch(1);
    auto *column = new QWidget;
    row->addWidget(column, 1000); // as wide as it may be
    row->addStretch(1);
    outer->addLayout(row);
    outer->addStretch(3);

    auto *layout = new QVBoxLayout(column);
    layout->setSpacing(8);
    auto *title = new QLabel(tr("Attune"));
    auto *about = new QLabel(tr("Read and fix your examples, tune a language model on them, see what changed.\n"
                                "Everything stays on this machine."));
    about->setWordWrap(true);
    layout->addWidget(title);
    layout->addWidget(about);
    layout->addSpacing(12);
    auto *buttons = new QHBoxLayout;
    auto *make = new KeyButton(tr("New project"), KeyButton::Plain, "plus", "Ctrl Shift N");
    auto *open = new KeyButton(tr("Open"), KeyButton::Plain, "folder", "Ctrl O");
    m_sample->setObjectName("openSample");
    make->setObjectName("newProject");
    open->setObjectName("openProject");
    for (QPushButton *button : {static_cast<QPushButton *>(m_sample), static_cast<QPushButton *>(make),
                                static_cast<QPushButton *>(open)}) {
        button->setAccessibleName(button->text());
        button->setAutoDefault(true);
        buttons->addWidget(button);
    }
    buttons->addStretch(1);
    layout->addLayout(buttons);
    auto *sample =
        new QLabel(tr("The sample has customer e-mails to turn into JSON: a few minutes show the whole loop."));
    sample->setProperty("caption", true);
    sample->setWordWrap(true);
    layout->addWidget(sample);
    layout->addSpacing(16);

    auto *recent = new QVBoxLayout(m_recentBox);
    recent->setContentsMargins(0, 0, 0, 0);
    auto *heading = new QLabel(tr("Recent"));
    recent->addWidget(heading);
    m_recents->setObjectName("recents");
    m_recents->setAccessibleName(tr("Recent projects"));
    m_recents->setItemDelegate(new RecentDelegate(m_recents));
    m_recents->setMouseTracking(true);
    m_recents->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    recent->addWidget(m_recents);
    layout->addWidget(m_recentBox);
    auto *drop = new QLabel(tr("Or drop a project or a data file anywhere in this window."));
    drop->setProperty("caption", true);
    layout->addWidget(drop);

    connect(m_sample, &QAbstractButton::clicked, this, &StartPage::sampleAsked);
    connect(make, &QAbstractButton::clicked, this, &StartPage::newAsked);
    connect(open, &QAbstractButton::clicked, this, &StartPage::openAsked);
    const auto choose = [this](const QListWidgetItem *item) {
        if (item)
            Q_EMIT projectChosen(item->data(PathRole).toString());
    };
    connect(m_recents, &QListWidget::itemClicked, this, choose);
    for (const int key : {Qt::Key_Return, Qt::Key_Enter})
        connect(new QShortcut(key, m_recents, nullptr, nullptr, Qt::WidgetShortcut), &QShortcut::activated, this,
                [this, choose] { choose(m_recents->currentItem()); });
    connect(new QShortcut(Qt::Key_Delete, m_recents, nullptr, nullptr, Qt::WidgetShortcut), &QShortcut::activated,
            this, [this] {
                if (const auto *item = m_recents->currentItem())
                    Q_EMIT forgetAsked(item->data(PathRole).toString());
            });
    const auto fit = [=, this] {
        column->setMaximumWidth(scaled(ColumnWidth));
        title->setFont(ui::font(TextStyle::Figure));
        heading->setFont(ui::font(TextStyle::Strong));
        fitRecents();
    };
    fit();
    connect(&Theme::instance(), &Theme::changed, this, fit);
}

void StartPage::setRecents(const QStringList &projects)
{
    m_recents->clear();
    for (const QString &project : projects) {
        auto *item = new QListWidgetItem(m_recents);
        const bool gone = !QFileInfo::exists(project);
        const QString name = QFileInfo(project).completeBaseName();
        item->setData(PathRole, project);
        item->setData(GoneRole, gone);
        item->setData(WhenRole, gone ? tr("not there") : whenChanged(project));
        item->setData(Qt::AccessibleTextRole, gone ? tr("%1, not there; Delete takes it from the list").arg(name)
                                                   : tr("%1, changed %2").arg(name, whenChanged(project)));
        item->setToolTip(gone ? tr("%1 is not there. Delete takes it from the list.").arg(project) : project);
    }
    m_recentBox->setVisible(!projects.isEmpty());
    fitRecents();
}

void StartPage::fitRecents()
{
    const int shown = std::min(m_recents->count(), 5);
    m_recents->doItemsLayout(); // of the rows' new height
    m_recents->setFixedHeight(shown * scaled(RowHeight) + 2 * m_recents->frameWidth());
}

void StartPage::setTrouble(const QString &sentence, const QList<QPair<QString, std::function<void()>>> &links)
{
    m_notice->show(Tone::Bad, sentence, links);
}

QString StartPage::trouble() const
{
    return m_notice->isHidden() ? QString() : m_notice->text();
}

void StartPage::focusFirst()
{
    m_sample->setFocus();
}

} // namespace attune::ui
