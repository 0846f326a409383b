#include "ui/shell/memory_meter.h"

#include "ui/widgets/format.h"
#include "ui/widgets/paint.h"

#include <QFile>
#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr double SafeShare = 0.9; // beyond it the system begins to swap
constexpr int BarWidth = 96;
constexpr int Interval = 2000;    // ms
constexpr double GiB = 1024.0 * 1024.0 * 1024.0;

/// "VmRSS:   1234 kB" of a file of /proc, in bytes.
qint64 kilobytesOf(const QByteArray &content, const char *key)
{
    const qsizetype at = content.indexOf(QByteArray(key) + ':');
    if (at < 0)
        return 0;
    const qsizetype begin = at + static_cast<qsizetype>(qstrlen(key)) + 1;
    const QByteArray line = content.mid(begin, content.indexOf('\n', begin) - begin).trimmed();
    return line.left(line.indexOf(' ')).toLongLong() * 1024;
}

QByteArray contentOf(const char *path)
{
    QFile file(QString::fromLatin1(path));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

MemoryUse memoryUse()
{
    const QByteArray machine = contentOf("/proc/meminfo");
    MemoryUse use;
    use.process = kilobytesOf(contentOf("/proc/self/status"), "VmRSS");
    use.total = kilobytesOf(machine, "MemTotal");
    use.used = std::max<qint64>(use.total - kilobytesOf(machine, "MemAvailable"), 0);
    return use;
}

MemoryMeter::MemoryMeter(QWidget *parent) : QWidget(parent)
{
    setObjectName("memoryMeter");
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    show(memoryUse());
    connect(&m_timer, &QTimer::timeout, this, [this] { show(memoryUse()); });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
    m_timer.start(Interval);
}

void MemoryMeter::show(const MemoryUse &use)
{
    m_use = use;
    setAccessibleName(tr("Memory: %1 GiB in use").arg(figures()));
    updateGeometry();
    update();
}

QString MemoryMeter::figures() const
{
    return tr("%1 / %2").arg(formatNumber(static_cast<double>(m_use.used) / GiB, 1),
                             formatNumber(static_cast<double>(m_use.total) / GiB, 1));
}

QSize MemoryMeter::sizeHint() const
{
    if (m_use.total <= 0)
        return {0, 0};
    return {scaled(16) + 6 + textWidth(tr("RAM"), TextStyle::Small) + 8 + scaled(BarWidth) + 8 +
                textWidth(figures() + tr(" GiB"), TextStyle::MonoSmall) + 2,
            scaled(24)};
}

void MemoryMeter::paintEvent(QPaintEvent *)
{
    if (m_use.total <= 0)
        return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const double total = static_cast<double>(m_use.total);
    const bool tight = static_cast<double>(m_use.used) > SafeShare * total;
    const int size = scaled(16);
    int x = 0;
    painter.drawPixmap(
        x, (height() - size) / 2,
        iconPixmap(tight ? "warning" : "memory", tight ? Token::Warn : Token::Text2, size, devicePixelRatioF()));
    x += size + 6;
    const int word = textWidth(tr("RAM"), TextStyle::Small);
    drawText(&painter, QRect(x, 0, word + 1, height()), tr("RAM"), TextStyle::Small, Token::Text2);
    x += word + 8;

    const QRectF track(x, height() / 2.0 - 3, scaled(BarWidth), 6);
    const double own = track.width() * static_cast<double>(std::min(m_use.process, m_use.used)) / total;
    const double all = track.width() * static_cast<double>(m_use.used) / total;
    painter.setPen(Qt::NoPen);
    painter.setBrush(color(Token::Hover));
    painter.drawRoundedRect(track, 2, 2);
    painter.setBrush(color(tight ? Token::Warn : Token::Edge));
    painter.drawRoundedRect(QRectF(track.left(), track.top(), all, track.height()), 2, 2);
    painter.setBrush(color(tight ? Token::Warn : Token::Fill));
    painter.drawRoundedRect(QRectF(track.left(), track.top(), std::max(own, 2.0), track.height()), 2, 2);
    x += scaled(BarWidth) + 8;
    drawText(&painter, QRect(x, 0, width() - x, height()), figures() + tr(" GiB"), TextStyle::MonoSmall,
             tight ? Token::Warn : Token::Text2);
}

bool MemoryMeter::event(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto *help = static_cast<QHelpEvent *>(event);
        QToolTip::showText(help->globalPos(),
                           tr("Attune %1\nOther programs %2\nFree %3")
                               .arg(formatBytes(m_use.process),
                                    formatBytes(std::max<qint64>(m_use.used - m_use.process, 0)),
                                    formatBytes(m_use.total - m_use.used)),
                           this);
        return true;
    }
    return QWidget::event(event);
}

} // namespace attune::ui
