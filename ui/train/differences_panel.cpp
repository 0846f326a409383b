#include "ui/train/differences_panel.h"

#include "core/studio/run_settings.h"
#include "ui/theme/theme.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/panel_header.h"
#include "ui/widgets/plot_frame.h"
#include "ui/widgets/segmented_control.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QTableWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace attune::ui {
namespace {

/// A piece of a run's curve, for the head of its column.
QIcon sampleIcon(int slot)
{
    QPixmap pixmap(scaled(20), scaled(12));
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setPen(slot >= 0 ? seriesPen(slot, 2) : QPen(color(Token::Text), 2));
    painter.drawLine(0, pixmap.height() / 2, pixmap.width(), pixmap.height() / 2);
    return QIcon(pixmap);
}

QTableWidget *plainTable(const QString &name)
{
    auto *table = new QTableWidget;
    table->setAccessibleName(name);
    table->setFrameShape(QFrame::NoFrame);
    table->setShowGrid(false);
    table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->setTabKeyNavigation(false);
    table->setWordWrap(false);
    table->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    table->verticalHeader()->hide();
    table->horizontalHeader()->setHighlightSections(false);
    table->horizontalHeader()->setDefaultAlignment(Qt::AlignRight | Qt::AlignVCenter);
    return table;
}

QString figure(double value, int digits)
{
    return formatNumber(value, digits);
}

QString columnText(const RunEntry &run)
{
    return QString::number(run.id());
}

} // namespace

DifferencesPanel::DifferencesPanel(RunBook &book, QWidget *parent)
    : QWidget(parent), m_book(book), m_header(new PanelHeader(tr("Differences"))),
      m_which(new SegmentedControl({tr("Only differences"), tr("All")})), m_empty(new EmptyState("diff")),
      m_content(new QWidget), m_table(plainTable(tr("Differences of the overlaid runs"))),
      m_checkpointsTitle(new QLabel(tr("Checkpoints"))), m_checkpoints(plainTable(tr("Checkpoints")))
{
    setObjectName(QStringLiteral("differences"));
    auto *copy = new IconButton("copy", tr("Copy the table"));
    auto *copyMenu = new QMenu(copy);
    copyMenu->addAction(tr("Copy as Markdown"), this, [this] { QGuiApplication::clipboard()->setText(markdown()); });
    copyMenu->addAction(tr("Copy as CSV"), this, [this] { QGuiApplication::clipboard()->setText(csv()); });
    connect(copy, &QToolButton::clicked, copyMenu, [copy, copyMenu] {
        copyMenu->popup(copy->mapToGlobal(QPoint(0, copy->height())));
    });
    m_header->addWidget(m_which);
    m_header->addWidget(copy);
    m_which->setAccessibleName(tr("Which settings"));
    connect(m_which, &SegmentedControl::changed, this, &DifferencesPanel::update);
    m_empty->setText(tr("Choose a run at the left. Tick others to see what they differ in."));
    m_table->setObjectName(QStringLiteral("differenceTable"));
    m_checkpoints->setObjectName(QStringLiteral("checkpointTable"));
    setTextStyle(m_checkpointsTitle, TextStyle::Strong);
    m_checkpointsTitle->setContentsMargins(scaled(4), scaled(12), scaled(4), scaled(4));

    auto *content = new QVBoxLayout(m_content);
    content->setContentsMargins(scaled(8), 0, scaled(8), 0);
    content->setSpacing(0);
    content->addWidget(m_table, 3);
    content->addWidget(m_checkpointsTitle);
    content->addWidget(m_checkpoints, 1);
    content->addItem(new QSpacerItem(0, 0, QSizePolicy::Minimum, QSizePolicy::Expanding)); // what both leave
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_header);
    layout->addWidget(m_empty, 1);
    layout->addWidget(m_content, 1);
    connect(&book, &RunBook::changed, this, &DifferencesPanel::update);
    connect(&book, &RunBook::overlaysChanged, this, &DifferencesPanel::update);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        m_shown.clear();
        update();
    });
    update();
}

void DifferencesPanel::setRun(qint64 id)
{
    m_run = id;
    update();
}

/// The run in front, then the overlaid ones.
QList<const RunEntry *> DifferencesPanel::runs() const
{
    QList<const RunEntry *> all;
    if (const RunEntry *front = m_book.entry(m_run))
        all.append(front);
    for (const qint64 id : m_book.overlays())
        if (const RunEntry *entry = m_book.entry(id); entry && id != m_run)
            all.append(entry);
    return all;
}

QList<DifferencesPanel::Row> DifferencesPanel::settingRows(const QList<const RunEntry *> &runs) const
{
    QList<TrainSettings> settings;
    for (const RunEntry *run : runs)
        settings.append(settingsOf(run->run).value_or(TrainSettings{}));
    int reference = 0;
    for (int i = 0; i < runs.size(); ++i)
        if (runs[i]->id() == m_book.baseline())
            reference = i;
    const bool all = m_which->current() == 1;
    QList<Row> rows;
    const auto add = [&](const QString &name, const QStringList &values) {
        const bool same = std::all_of(values.begin(), values.end(), [&](const QString &v) { return v == values[0]; });
        if (same && !all && runs.size() > 1)
            return;
        Row row{name, values, {}, {}, true};
        for (const QString &value : values)
            row.bold.append(runs.size() > 1 && value != values[reference]);
        rows.append(row);
    };
    for (const SettingInfo &info : trainSettings()) {
        QStringList values;
        for (const TrainSettings &one : settings)
            values << fromUtf8(one.get(info.key));
        // Alone, a run is held against the defaults.
        if (runs.size() == 1 && !all && values[0] == fromUtf8(TrainSettings{}.get(info.key)))
            continue;
        add(QString::fromLatin1(info.key), values);
    }
    QStringList models;
    QStringList snapshots;
    for (const RunEntry *run : runs) {
        models << fromUtf8(run->run.model).section(QLatin1Char('/'), -1);
        snapshots << QStringLiteral("v%1").arg(run->run.snapshot);
    }
    add(tr("base model"), models);
    add(tr("data version"), snapshots);
    return rows;
}

QList<DifferencesPanel::Row> DifferencesPanel::resultRows(const QList<const RunEntry *> &runs) const
{
    Row best{tr("best validation"), {}, {}, {}, false};
    Row delta{tr("delta to baseline %1").arg(m_book.baseline()), {}, {}, {}, false};
    Row gap{tr("gap to train"), {}, {}, {}, false};
    Row speed{tr("tokens/s"), {}, {}, {}, false};
    Row memory{tr("peak memory, GiB"), {}, {}, {}, false};
    Row time{tr("time"), {}, {}, {}, false};
    const QString none = QStringLiteral("–");
    for (const RunEntry *run : runs) {
        const RunHistory &history = run->history;
        const auto lowest = history.best();
        best.values << (lowest ? figure(lowest->y(), 3) : none);
        bool comparable = true;
        const auto change = m_book.delta(*run, &comparable);
        delta.values << (!change ? none : comparable ? formatSigned(*change, 3) : tr("n/c"));
        delta.tones << static_cast<int>(!change || !comparable || *change == 0 ? Tone::Neutral
                                        : *change < 0                         ? Tone::Ok
                                                                              : Tone::Bad);
        const auto train = lowest ? valueAt(smoothed(history.curve(Curve::Loss), 0.9), lowest->x()) : std::nullopt;
        gap.values << (train ? figure(lowest->y() - *train, 3) : none);
        const double rate = percentile(history.curve(Curve::TokensPerSecond), 0.5);
        speed.values << (rate > 0 ? formatCount(std::llround(rate)) : none);
        const double peak = percentile(history.curve(Curve::Memory), 1);
        memory.values << (peak > 0 ? figure(peak, 1) : none);
        time.values << (history.seconds() > 0 ? formatDuration(history.seconds()) : none);
    }
    QList<Row> rows = {best};
    if (m_book.entry(m_book.baseline()))
        rows << delta;
    rows << gap << speed << memory << time;
    return rows;
}

void DifferencesPanel::update()
{
    const auto all = runs();
    m_empty->setVisible(all.isEmpty());
    m_content->setVisible(!all.isEmpty());
    QStringList numbers;
    for (const RunEntry *run : all)
        numbers << columnText(*run);
    m_header->setTitle(all.size() > 1 ? tr("Differences") : tr("Run"));
    m_header->setCaption(numbers.join(QStringLiteral(", ")));
    m_which->setText(0, all.size() > 1 ? tr("Only differences") : tr("Changed"));
    QString state = QStringLiteral("%1 %2 %3").arg(m_run).arg(m_which->current()).arg(m_book.baseline());
    for (const RunEntry *run : all)
        state += QStringLiteral(" %1 %2 %3 %4 %5")
                     .arg(run->id())
                     .arg(m_book.overlaySlot(run->id()))
                     .arg(static_cast<int>(run->phase))
                     .arg(run->checkpoints.empty() ? 0 : run->checkpoints.back().id)
                     .arg(run->history.validation().size());
    if (state == m_shown)
        return;
    m_shown = state;
    fillTable(all);
    fillCheckpoints();
}

void DifferencesPanel::fillTable(const QList<const RunEntry *> &runs)
{
    m_table->verticalHeader()->setMinimumSectionSize(scaled(20)); // its own is of the text before
    m_table->verticalHeader()->setDefaultSectionSize(scaled(28));
    m_table->clear();
    m_table->clearSpans();
    m_table->setRowCount(0);
    m_table->setColumnCount(static_cast<int>(runs.size()) + 1);
    auto *first = new QTableWidgetItem(tr("Setting"));
    first->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->setHorizontalHeaderItem(0, first);
    for (int i = 0; i < runs.size(); ++i) {
        const int own = m_book.overlaySlot(runs[i]->id());
        m_table->setHorizontalHeaderItem(
            i + 1, new QTableWidgetItem(sampleIcon(own >= 0 ? own : m_book.freeSlot()), columnText(*runs[i])));
        m_table->horizontalHeaderItem(i + 1)->setToolTip(runs[i]->title());
    }
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    const int width = scaled(runs.size() <= 2 ? 104 : runs.size() == 3 ? 72 : 56);
    for (int i = 1; i <= runs.size(); ++i)
        m_table->setColumnWidth(i, width);
    const auto add = [&](const Row &row) {
        const int at = m_table->rowCount();
        m_table->insertRow(at);
        auto *name = new QTableWidgetItem(row.name);
        name->setFont(ui::font(row.mono ? TextStyle::Mono : TextStyle::Body));
        name->setForeground(color(Token::Text2));
        m_table->setItem(at, 0, name);
        for (int i = 0; i < row.values.size(); ++i) {
            auto *item = new QTableWidgetItem(row.values[i]);
            QFont face = ui::font(TextStyle::Mono);
            face.setBold(i < row.bold.size() && row.bold[i]);
            item->setFont(face);
            item->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
            item->setToolTip(row.values[i]);
            const auto tone = i < row.tones.size() ? static_cast<Tone>(row.tones[i]) : Tone::Neutral;
            item->setForeground(color(tone == Tone::Neutral ? Token::Text : toneText(tone)));
            m_table->setItem(at, i + 1, item);
        }
    };
    const auto settings = settingRows(runs);
    for (const Row &row : settings)
        add(row);
    if (settings.isEmpty())
        add({runs.size() > 1 ? tr("No setting differs") : tr("All settings are the defaults"), {}, {}, {}, false});
    const int heading = m_table->rowCount();
    m_table->insertRow(heading);
    auto *results = new QTableWidgetItem(tr("Results"));
    results->setFont(ui::font(TextStyle::Strong));
    results->setBackground(color(Token::Sunken));
    m_table->setItem(heading, 0, results);
    if (m_table->columnCount() > 1)
        m_table->setSpan(heading, 0, 1, m_table->columnCount());
    for (const Row &row : resultRows(runs))
        add(row);
    // As high as its rows, while there is room; the checkpoints follow at once.
    int height = m_table->horizontalHeader()->sizeHint().height() + 2;
    for (int row = 0; row < m_table->rowCount(); ++row)
        height += m_table->rowHeight(row);
    m_table->setMaximumHeight(height);
    m_table->setMinimumHeight(std::min(height, scaled(160)));
}

void DifferencesPanel::fillCheckpoints()
{
    const RunEntry *entry = m_book.entry(m_run);
    m_checkpoints->clear();
    m_checkpoints->setRowCount(0);
    m_checkpoints->setColumnCount(3);
    m_checkpoints->setHorizontalHeaderLabels({tr("Step"), tr("Validation"), QString()});
    m_checkpoints->horizontalHeaderItem(0)->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_checkpoints->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_checkpoints->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_checkpoints->verticalHeader()->setMinimumSectionSize(scaled(20));
    m_checkpoints->verticalHeader()->setDefaultSectionSize(scaled(32));
    m_checkpointsTitle->setVisible(entry && !entry->checkpoints.empty());
    m_checkpoints->horizontalHeader()->setVisible(entry && !entry->checkpoints.empty());
    m_checkpoints->setMaximumHeight(m_checkpoints->horizontalHeader()->sizeHint().height() + 2 +
                                    static_cast<int>(entry ? entry->checkpoints.size() : 0) * scaled(32));
    if (!entry)
        return;
    std::vector<CheckpointInfo> newest(entry->checkpoints.rbegin(), entry->checkpoints.rend());
    for (const CheckpointInfo &checkpoint : newest) {
        const int row = m_checkpoints->rowCount();
        m_checkpoints->insertRow(row);
        auto *step = new QTableWidgetItem(checkpoint.best ? tr("%1  best").arg(checkpoint.step)
                                                          : QString::number(checkpoint.step));
        step->setFont(ui::font(TextStyle::Mono));
        if (checkpoint.best)
            step->setIcon(icon("star", Token::Accent));
        auto *loss = new QTableWidgetItem(checkpoint.validationLoss ? figure(*checkpoint.validationLoss, 3)
                                                                    : QStringLiteral("–"));
        loss->setFont(ui::font(TextStyle::Mono));
        loss->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
        m_checkpoints->setItem(row, 0, step);
        m_checkpoints->setItem(row, 1, loss);
        auto *actions = new QWidget;
        auto *layout = new QHBoxLayout(actions);
        layout->setContentsMargins(scaled(4), 0, scaled(4), 0);
        layout->setSpacing(scaled(8));
        const qint64 run = entry->id();
        const QString at = QString::number(checkpoint.step);
        const auto link = [&](const QString &text, const std::function<void()> &act) {
            auto *button = new KeyButton(text, KeyButton::Link);
            button->setAccessibleName(tr("%1 step %2").arg(text, at));
            connect(button, &QPushButton::clicked, this, act);
            layout->addWidget(button);
        };
        link(tr("Compare"), [this, run, at] { Q_EMIT compareWanted(run, at); });
        if (checkpoint.resumable && entry->canResume() && entry->resumeStep() == checkpoint.step)
            link(tr("Resume"), [this, run] { Q_EMIT resumeWanted(run); });
        link(tr("Export"), [this, run, at] { Q_EMIT exportWanted(run, at); });
        m_checkpoints->setCellWidget(row, 2, actions);
    }
}

QString DifferencesPanel::markdown() const
{
    QString text = QStringLiteral("|");
    for (int column = 0; column < m_table->columnCount(); ++column)
        text += QStringLiteral(" %1 |").arg(m_table->horizontalHeaderItem(column)->text());
    text += QStringLiteral("\n|");
    for (int column = 0; column < m_table->columnCount(); ++column)
        text += column == 0 ? QStringLiteral("---|") : QStringLiteral("---:|");
    for (int row = 0; row < m_table->rowCount(); ++row) {
        text += QStringLiteral("\n|");
        for (int column = 0; column < m_table->columnCount(); ++column) {
            const QTableWidgetItem *item = m_table->item(row, column);
            text += QStringLiteral(" %1 |").arg(item ? item->text().replace(QLatin1Char('|'), QLatin1String("\\|"))
                                                     : QString());
        }
    }
    return text + QLatin1Char('\n');
}

QString DifferencesPanel::csv() const
{
    QString text;
    const auto quoted = [](QString word) {
        return QLatin1Char('"') + word.replace(QLatin1Char('"'), QLatin1String("\"\"")) + QLatin1Char('"');
    };
    for (int row = -1; row < m_table->rowCount(); ++row) {
        for (int column = 0; column < m_table->columnCount(); ++column) {
            const QTableWidgetItem *item =
                row < 0 ? m_table->horizontalHeaderItem(column) : m_table->item(row, column);
            text += (column > 0 ? QStringLiteral(",") : QString()) + quoted(item ? item->text() : QString());
        }
        text += QLatin1Char('\n');
    }
    return text;
}

} // namespace attune::ui
