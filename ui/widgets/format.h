#pragma once

#include <QFontMetrics>
#include <QString>

#include <string>
#include <string_view>

namespace attune::ui {

/// Figures and times as the whole window writes them: English, whatever the system's language, as the rest is.
QString formatCount(qint64 value);                ///< "1,750"
QString formatDuration(double seconds);           ///< "0.66 s", "50 s", "7 min", "1 h 12 min", "3 d 4 h"
QString formatBytes(qint64 bytes);                ///< "2.9 GiB", "118 MiB"
QString formatNumber(double value, int digits);   ///< `digits` behind the point; "–" where it is not finite
QString formatSigned(double value, int digits);   ///< "+0.029", "-0.088", "0.000"
QString formatShare(double share, int digits = 0);///< 0.42 is "42 %"

/// Bytes that are not UTF-8 become U+FFFD.
QString fromUtf8(std::string_view text);
std::string toUtf8(const QString &text);

/// The first line that fits `width` pixels, "..." at its end where text is left out.
QString elided(const QString &text, const QFontMetrics &metrics, int width);
/// `text` on one line: line breaks and runs of white space become one space; for lists.
QString oneLine(const QString &text, int longest = 400);

} // namespace attune::ui
