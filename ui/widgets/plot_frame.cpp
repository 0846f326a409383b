#include "ui/widgets/plot_frame.h"

#include "ui/theme/draw.h"
#include "ui/theme/paper.h"
#include "ui/theme/theme.h"
#include "ui/widgets/custom_plot.h"
#include "ui/widgets/file_dialog.h"
#include "ui/widgets/plot_files.h"

#include <QAccessible>
#include <QAction>
#include <QClipboard>
#include <QFileInfo>
#include <QGuiApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>
#include <QSaveFile>
#include <QShortcut>
#include <QStackedWidget>
#include <QTableWidget>
#include <QVBoxLayout>

namespace attune::ui {

QPen seriesPen(int index, double width)
{
    // The second series has no dashes: a thinner line backs its colour up.
    if (((index % 6) + 6) % 6 == 1)
        width = std::min(width, 1.6);
    QPen pen(seriesColor(index), width, Qt::SolidLine, Qt::FlatCap, Qt::RoundJoin);
    QVector<qreal> pattern;
    for (const qreal pixels : seriesDash(index))
        pattern.append(pixels / width);
    if (!pattern.isEmpty())
        pen.setDashPattern(pattern);
    return pen;
}

PlotFrame::PlotFrame(QWidget *parent)
    : QWidget(parent), m_stack(new QStackedWidget), m_plot(new QCustomPlot), m_table(new QTableWidget)
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(2, 2, 2, 2); // the focus ring
    layout->addWidget(m_stack);
    m_stack->addWidget(m_plot);
    m_stack->addWidget(m_table);
    m_plot->setFocusPolicy(Qt::StrongFocus);
    m_plot->installEventFilter(this);
    m_plot->setNoAntialiasingOnDrag(false);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->verticalHeader()->hide();
    m_table->setShowGrid(false);
    m_table->setAlternatingRowColors(true);
    m_table->setAccessibleName(tr("Data of the plot"));
    setFocusProxy(m_plot);
    auto *asTable = new QShortcut(QKeySequence(QStringLiteral("Ctrl+Shift+T")), this);
    asTable->setContext(Qt::WidgetWithChildrenShortcut);
    connect(asTable, &QShortcut::activated, this, [this] { setTableShown(!tableShown()); });
    setTitle(tr("Plot"));
    applyTheme();
    connect(&Theme::instance(), &Theme::changed, this, &PlotFrame::applyTheme);
}

void PlotFrame::setTitle(const QString &title)
{
    m_title = title;
    m_plot->setAccessibleName(title);
    setAccessibleName(title);
}

void PlotFrame::setSummary(const QString &summary)
{
    if (summary == m_plot->accessibleDescription())
        return;
    m_plot->setAccessibleDescription(summary);
    setAccessibleDescription(summary);
    if (QAccessible::isActive()) {
        QAccessibleEvent event(m_plot, QAccessible::DescriptionChanged);
        QAccessible::updateAccessibility(&event);
    }
}

void PlotFrame::setTable(std::function<QList<QStringList>()> rowsWithHeader)
{
    m_rows = std::move(rowsWithHeader);
    if (tableShown())
        fillTable();
}

void PlotFrame::onThemeChanged(std::function<void()> restyle)
{
    m_restyle = std::move(restyle);
    applyTheme();
}

void PlotFrame::setCompact(bool compact)
{
    m_compact = compact;
    applyTheme();
}

bool PlotFrame::tableShown() const
{
    return m_stack->currentWidget() == m_table;
}

void PlotFrame::setTableShown(bool shown)
{
    if (shown == tableShown())
        return;
    if (shown)
        fillTable();
    const bool focus = m_plot->hasFocus() || m_table->hasFocus();
    m_stack->setCurrentWidget(shown ? static_cast<QWidget *>(m_table) : m_plot);
    setFocusProxy(m_stack->currentWidget());
    if (focus)
        m_stack->currentWidget()->setFocus(Qt::OtherFocusReason);
    Q_EMIT tableShownChanged(shown);
}

void PlotFrame::fillTable()
{
    const QList<QStringList> rows = m_rows ? m_rows() : QList<QStringList>();
    m_table->clear();
    m_table->setRowCount(std::max(0, static_cast<int>(rows.size()) - 1));
    m_table->setColumnCount(rows.isEmpty() ? 0 : static_cast<int>(rows.first().size()));
    if (rows.isEmpty())
        return;
    m_table->setHorizontalHeaderLabels(rows.first());
    for (int r = 1; r < rows.size(); ++r)
        for (int c = 0; c < std::min(rows[r].size(), rows.first().size()); ++c) {
            auto *item = new QTableWidgetItem(rows[r][c]);
            item->setFont(ui::font(TextStyle::Mono));
            m_table->setItem(r - 1, c, item);
        }
    m_table->horizontalHeader()->setStretchLastSection(true);
}

void PlotFrame::applyTheme()
{
    takeColours();
    if (tableShown())
        fillTable();
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void PlotFrame::takeColours()
{
    const QColor ground = color(Token::Surface);
    m_plot->setBackground(QBrush(ground));
    const QPen axisPen(color(Token::Edge), 1);
    const QFont ticks = ui::font(m_compact ? TextStyle::Caption : TextStyle::MonoSmall);
    for (QCPAxisRect *rect : m_plot->axisRects()) {
        for (QCPAxis *axis : rect->axes()) {
            axis->setBasePen(axisPen);
            axis->setTickPen(axisPen);
            axis->setSubTickPen(Qt::NoPen);
            axis->setTickLabelColor(color(Token::Text3));
            axis->setLabelColor(color(Token::Text2));
            axis->setTickLabelFont(ticks);
            axis->setLabelFont(ui::font(TextStyle::Caption));
            axis->setSelectedBasePen(axisPen);
            axis->setSelectedTickPen(axisPen);
            axis->grid()->setPen(QPen(color(Token::Grid), 1));
            axis->grid()->setZeroLinePen(QPen(color(Token::Grid), 1));
            axis->grid()->setSubGridVisible(false);
        }
    }
    if (m_plot->legend) {
        m_plot->legend->setBrush(QBrush(ground));
        m_plot->legend->setBorderPen(QPen(color(Token::Line), 1));
        m_plot->legend->setTextColor(color(Token::Text2));
        m_plot->legend->setFont(ui::font(TextStyle::Caption));
    }
    if (m_restyle)
        m_restyle();
}

bool PlotFrame::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_plot && (event->type() == QEvent::FocusIn || event->type() == QEvent::FocusOut))
        update();
    return QWidget::eventFilter(watched, event);
}

void PlotFrame::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape && tableShown()) {
        setTableShown(false);
        return;
    }
    if (event->matches(QKeySequence::Copy) && m_rows) {
        QGuiApplication::clipboard()->setText(tabSeparated(m_rows()));
        return;
    }
    QWidget::keyPressEvent(event);
}

void PlotFrame::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), color(Token::Surface));
    if (m_plot->hasFocus() && window()->testAttribute(Qt::WA_KeyboardFocusChange))
        drawFocusRing(&painter, rect(), 0, false);
}

// --- saving ---

QByteArray PlotFrame::csv() const
{
    return csvOf(m_rows ? m_rows() : QList<QStringList>());
}

void PlotFrame::drawPicture(const std::function<void()> &draw)
{
    {
        const PaperColours colours;
        if (m_prepare)
            m_prepare(true);
        takeColours();
        draw();
    }
    if (m_prepare)
        m_prepare(false);
    takeColours();
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

QString PlotFrame::save(const QString &path)
{
    const QString ending = QFileInfo(path).suffix().toLower();
    QByteArray bytes;
    if (ending == QLatin1String("csv")) {
        if (!m_rows)
            return tr("This plot has no table to save as CSV.");
        bytes = csv();
    } else if (ending == QLatin1String("png") || ending == QLatin1String("svg") || ending == QLatin1String("pdf")) {
        drawPicture([&] { bytes = drawnPlot(*m_plot, ending, m_title); });
    } else {
        return tr("\"%1\" is no kind of picture: use png, svg, pdf or csv.").arg(ending);
    }
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        return tr("%1 could not be written: %2").arg(path, file.errorString());
    Q_EMIT saved(path);
    return {};
}

void PlotFrame::saveWithDialog(const QString &ending)
{
    const QString filter = ending == QLatin1String("csv") ? tr("Table (*.csv)") : tr("Picture (*.%1)").arg(ending);
    QString name = m_title.toLower();
    for (QChar &c : name)
        c = c.isLetterOrNumber() ? c : QLatin1Char('-');
    QString path = FileDialog::saveFile(this, tr("Save plot"), name + QLatin1Char('.') + ending, filter);
    if (path.isEmpty())
        return;
    if (QFileInfo(path).suffix().isEmpty())
        path += QLatin1Char('.') + ending;
    const QString why = save(path);
    if (!why.isEmpty())
        Q_EMIT saveFailed(why);
}

QMenu *PlotFrame::saveMenu()
{
    if (m_saveMenu)
        return m_saveMenu;
    m_saveMenu = new QMenu(this);
    for (const char *ending : {"png", "svg", "pdf", "csv"}) {
        const QString name = QLatin1String(ending);
        QAction *action = m_saveMenu->addAction(tr("Save as %1…").arg(name.toUpper()), this,
                                                [this, name] { saveWithDialog(name); });
        action->setObjectName(QStringLiteral("plot.save.") + name);
    }
    m_saveMenu->addSeparator();
    QAction *copy = m_saveMenu->addAction(tr("Copy picture"), this, [this] {
        drawPicture([this] { QGuiApplication::clipboard()->setImage(m_plot->toPixmap(0, 0, 2).toImage()); });
    });
    copy->setObjectName(QStringLiteral("plot.copy"));
    QAction *table = m_saveMenu->addAction(tr("Show as table\tCtrl+Shift+T"), this,
                                           [this] { setTableShown(!tableShown()); });
    table->setObjectName(QStringLiteral("plot.table"));
    table->setCheckable(true);
    connect(this, &PlotFrame::tableShownChanged, table, &QAction::setChecked);
    return m_saveMenu;
}

} // namespace attune::ui
