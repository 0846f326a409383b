#include "ui/train/runs_panel.h"

#include "ui/theme/theme.h"
#include "ui/train/run_book.h"
#include "ui/train/run_delegate.h"
#include "ui/train/run_list_model.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/panel_header.h"

#include <QAction>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

namespace attune::ui {

RunsPanel::RunsPanel(RunBook &book, QWidget *parent)
    : QWidget(parent), m_book(book), m_model(new RunListModel(book, this)), m_delegate(new RunDelegate(this)),
      m_header(new PanelHeader(tr("Runs"))), m_add(new KeyButton(tr("New run"), KeyButton::Primary, "plus")),
      m_search(new QLineEdit), m_notice(new InlineNotice(Tone::Warn)), m_stack(new QStackedWidget),
      m_list(new QListView), m_empty(new EmptyState("train")), m_foot(new QWidget), m_overlaid(new QLabel),
      m_menu(new QMenu(this))
{
    setBackground(this, Token::Sunken);
    auto *find = new IconButton("search", tr("Find a run"));
    m_add->setObjectName(QStringLiteral("newRunButton"));
    m_add->setAccessibleName(tr("New run"));
    m_add->setToolTip(tr("New run (Ctrl+N)"));
    m_header->addWidget(find);
    m_header->addWidget(m_add);
    connect(m_add, &QPushButton::clicked, this, &RunsPanel::newRunWanted);
    connect(find, &QToolButton::clicked, this, &RunsPanel::showSearch);

    m_search->setPlaceholderText(tr("Name, number or tag"));
    m_search->setAccessibleName(tr("Find a run"));
    m_search->setClearButtonEnabled(true);
    m_search->hide();
    connect(m_search, &QLineEdit::textChanged, m_model, &RunListModel::setFilter);
    auto *close = new QAction(m_search);
    close->setShortcut(Qt::Key_Escape);
    close->setShortcutContext(Qt::WidgetShortcut);
    m_search->addAction(close);
    connect(close, &QAction::triggered, this, [this] {
        m_search->clear();
        m_search->hide();
        m_list->setFocus();
    });
    m_notice->hide();

    m_list->setObjectName(QStringLiteral("runList"));
    m_list->setAccessibleName(tr("Runs"));
    m_list->setModel(m_model);
    m_list->setItemDelegate(m_delegate);
    m_list->setUniformItemSizes(true);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setMouseTracking(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setEditTriggers(QAbstractItemView::EditKeyPressed);
    m_list->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(m_list, &QListView::customContextMenuRequested, this, [this](const QPoint &point) {
        const QModelIndex index = m_list->indexAt(point);
        if (!index.isValid())
            return;
        m_list->setCurrentIndex(index);
        Q_EMIT menuWanted();
        m_menu->popup(m_list->viewport()->mapToGlobal(point));
    });
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex &index) {
        Q_EMIT currentChanged(index.data(RunListModel::IdRole).toLongLong());
    });
    connect(m_model, &RunListModel::renameRefused, this, [this](const QString &why) {
        m_notice->show(Tone::Bad, why, {{tr("Dismiss"), [this] { m_notice->hide(); }}});
    });
    connect(m_model, &RunListModel::overlaysFull, this, &RunsPanel::offerToDrop);
    m_stack->addWidget(m_list);
    m_stack->addWidget(m_empty);

    auto *clear = new KeyButton(tr("Clear"), KeyButton::Link);
    auto *save = new KeyButton(tr("Export CSV"), KeyButton::Link);
    clear->setAccessibleName(tr("Clear the overlays"));
    connect(clear, &QPushButton::clicked, &m_book, &RunBook::clearOverlays);
    connect(save, &QPushButton::clicked, this, &RunsPanel::exportWanted);
    auto *foot = new QHBoxLayout(m_foot);
    foot->setContentsMargins(scaled(12), scaled(4), scaled(12), scaled(4));
    foot->addWidget(m_overlaid);
    foot->addStretch();
    foot->addWidget(clear);
    foot->addWidget(save);
    m_overlaid->setProperty("caption", true);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_header);
    layout->addWidget(m_search);
    layout->addWidget(m_notice);
    layout->addWidget(m_stack, 1);
    layout->addWidget(m_foot);
    connect(&book, &RunBook::changed, this, &RunsPanel::update);
    connect(&book, &RunBook::overlaysChanged, this, &RunsPanel::update);
    connect(m_model, &QAbstractItemModel::rowsInserted, this, &RunsPanel::update);
    connect(m_model, &QAbstractItemModel::rowsRemoved, this, &RunsPanel::update);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        m_list->doItemsLayout();                                // rows are as high as the text of now
        QTimer::singleShot(0, this, &RunsPanel::fitHeader);     // which the button takes first
    });
    update();
}

/// An icon alone rather than words that are cut.
void RunsPanel::fitHeader()
{
    m_add->setText(tr("New run"));
    if (m_header->minimumSizeHint().width() > width())
        m_add->setText({});
}

void RunsPanel::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    fitHeader();
}

void RunsPanel::update()
{
    const auto runs = m_book.ids().size();
    const auto overlaid = m_book.overlays().size();
    m_header->setCaption(runs > 0 ? QString::number(runs) : QString());
    m_stack->setCurrentWidget(runs == 0 && m_book.loaded() ? static_cast<QWidget *>(m_empty) : m_list);
    m_foot->setVisible(overlaid > 0);
    m_overlaid->setText(tr("%1 overlaid").arg(overlaid));
}

qint64 RunsPanel::current() const
{
    return m_list->currentIndex().data(RunListModel::IdRole).toLongLong();
}

void RunsPanel::setCurrent(qint64 id)
{
    const QModelIndex index = m_model->indexOf(id);
    if (id == 0) {
        m_list->clearSelection();
        m_list->setCurrentIndex({});
    }
    if (!index.isValid() || index == m_list->currentIndex())
        return;
    m_list->setCurrentIndex(index);
    m_list->scrollTo(index);
}

void RunsPanel::setNarrow(bool narrow)
{
    m_delegate->setSparklines(!narrow);
    m_list->viewport()->update();
}

void RunsPanel::showSearch()
{
    m_search->show();
    m_search->setFocus();
    m_search->selectAll();
}

void RunsPanel::offerToDrop(qint64 wanted)
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addSection(tr("Six runs are overlaid. Which one makes room?"));
    for (const qint64 id : m_book.overlays())
        if (const RunEntry *entry = m_book.entry(id))
            connect(menu->addAction(tr("Drop %1").arg(entry->title())), &QAction::triggered, this,
                    [this, id, wanted] {
                        m_book.setOverlay(id, false);
                        m_book.setOverlay(wanted, true);
                    });
    menu->popup(m_list->viewport()->mapToGlobal(m_list->visualRect(m_model->indexOf(wanted)).bottomLeft()));
}

} // namespace attune::ui
