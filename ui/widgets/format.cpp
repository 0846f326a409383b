#include "ui/widgets/format.h"

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>
#include <cmath>

namespace attune::ui {

namespace {

const QLocale &english()
{
    static const QLocale locale = QLocale::c();
    return locale;
}

QString withUnit(qint64 amount, const char *unit)
{
    return QStringLiteral("%1 %2").arg(amount).arg(QLatin1String(unit));
}

} // namespace

QString formatCount(qint64 value)
{
    QString digits = QString::number(value);
    const qsizetype first = value < 0 ? 1 : 0;
    for (qsizetype at = digits.size() - 3; at > first; at -= 3)
        digits.insert(at, QLatin1Char(','));
    return digits;
}

QString formatDuration(double seconds)
{
    if (!std::isfinite(seconds) || seconds < 0)
        return QStringLiteral("–");
    if (seconds < 0.9995)
        return formatNumber(seconds, 2) + QStringLiteral(" s");
    if (seconds < 9.95)
        return formatNumber(seconds, seconds == std::floor(seconds) ? 0 : 1) + QStringLiteral(" s");
    if (seconds < 59.5)
        return withUnit(std::llround(seconds), "s");
    const qint64 minutes = std::llround(seconds / 60);
    if (minutes < 60)
        return withUnit(minutes, "min");
    const qint64 hours = minutes / 60;
    if (hours < 24)
        return minutes % 60 ? withUnit(hours, "h") + QLatin1Char(' ') + withUnit(minutes % 60, "min")
                            : withUnit(hours, "h");
    return hours % 24 ? withUnit(hours / 24, "d") + QLatin1Char(' ') + withUnit(hours % 24, "h")
                      : withUnit(hours / 24, "d");
}

QString formatBytes(qint64 bytes)
{
    if (bytes < 0)
        return QStringLiteral("-") + formatBytes(-bytes);
    constexpr const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = static_cast<double>(bytes);
    int unit = 0;
    while (value >= 999.5 && unit < 4) {
        value /= 1024;
        ++unit;
    }
    const int digits = unit == 0 || value >= 99.95 ? 0 : 1;
    return formatNumber(value, digits) + QLatin1Char(' ') + QLatin1String(units[unit]);
}

QString formatNumber(double value, int digits)
{
    if (!std::isfinite(value))
        return QStringLiteral("–");
    const QString text = english().toString(value, 'f', digits);
    // "-0.00" says less than "0.00".
    bool zero = text.startsWith(QLatin1Char('-'));
    for (const QChar c : text)
        zero = zero && (c == QLatin1Char('-') || c == QLatin1Char('0') || c == QLatin1Char('.'));
    return zero ? text.mid(1) : text;
}

QString formatSigned(double value, int digits)
{
    const QString text = formatNumber(value, digits);
    const bool nothing = text == formatNumber(0, digits);
    return std::isfinite(value) && value > 0 && !nothing ? QLatin1Char('+') + text : text;
}

QString formatShare(double share, int digits)
{
    return std::isfinite(share) ? formatNumber(share * 100, digits) + QStringLiteral(" %") : QStringLiteral("–");
}

QString fromUtf8(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

std::string toUtf8(const QString &text)
{
    const QByteArray bytes = text.toUtf8();
    return std::string(bytes.constData(), static_cast<std::size_t>(bytes.size()));
}

QString elided(const QString &text, const QFontMetrics &metrics, int width)
{
    const qsizetype end = text.indexOf(QLatin1Char('\n'));
    const QString line = end < 0 ? text : text.left(end) + QStringLiteral("…");
    // To lay out letters that nobody sees takes most of the time that a list needs to be painted. As many as hardly
    // ever fit are tried first; where they do fit after all, there may be room for more.
    qsizetype likely = std::max(width, 0) * 2 / std::max(1, metrics.averageCharWidth()) + 16;
    if (line.size() > likely) {
        if (line.at(likely).isLowSurrogate())
            --likely;
        const QString begin = line.left(likely);
        if (const QString fits = metrics.elidedText(begin, Qt::ElideRight, width); fits != begin)
            return fits;
    }
    return metrics.elidedText(line, Qt::ElideRight, width);
}

QString oneLine(const QString &text, int longest)
{
    QString line;
    bool space = false;
    for (const QChar c : text) {
        if (c.isSpace()) {
            space = !line.isEmpty();
            continue;
        }
        if (space)
            line += QLatin1Char(' ');
        space = false;
        line += c;
        if (line.size() >= longest)
            return line + QStringLiteral("…");
    }
    return line;
}

} // namespace attune::ui
