#include "ui/theme/fonts.h"

#include <QDir>
#include <QFontDatabase>
#include <QFontInfo>
#include <QGuiApplication>
#include <QScreen>

#include <algorithm>
#include <cmath>

// Q_INIT_RESOURCE names a function of the global namespace.
static void initResources()
{
    Q_INIT_RESOURCE(attune_theme);
}

namespace attune::ui::fonts {

namespace {

struct Families {
    QFont sans;
    QFont mono;
    int pixels = 13;
    bool embedded = false;
};

Families &families()
{
    static Families instance;
    return instance;
}

bool readable(const QFont &candidate)
{
    const QString family = QFontInfo(candidate).family();
    return !family.isEmpty() && QFontDatabase::families(QFontDatabase::Latin).contains(family)
           && QFontDatabase::isSmoothlyScalable(family) && !QFontInfo(candidate).fixedPitch();
}

/// The size of the system's font in pixels; 13 is our smallest, and what a system without a say gets.
int systemPixels(const QFont &system)
{
    if (system.pixelSize() > 0)
        return std::max(13, system.pixelSize());
    const QScreen *screen = QGuiApplication::primaryScreen();
    const double dpi = screen ? screen->logicalDotsPerInchY() : 96;
    return std::clamp(static_cast<int>(std::lround(system.pointSizeF() * dpi / 72)), 13, 26);
}

} // namespace

void load()
{
    initResources();
    // Added on every platform: a system that has no sans still gets one.
    const QDir folder(QStringLiteral(":/attune/fonts"));
    for (const QString &file : folder.entryList(QDir::Files))
        QFontDatabase::addApplicationFont(folder.filePath(file));

    Families &chosen = families();
    const QFont system = QFontDatabase::systemFont(QFontDatabase::GeneralFont);
    chosen.embedded = QGuiApplication::platformName() == QLatin1String("offscreen")
                      || qEnvironmentVariableIntValue("ATTUNE_EMBEDDED_FONTS") == 1;
    if (chosen.embedded || !readable(system)) {
        chosen.sans = QFont(QStringLiteral("Inter"));
        chosen.pixels = 13;
    } else {
        chosen.sans = system;
        chosen.pixels = systemPixels(system);
    }
    chosen.mono = chosen.embedded ? QFont(QStringLiteral("JetBrains Mono"))
                                  : QFontDatabase::systemFont(QFontDatabase::FixedFont);
    if (!QFontInfo(chosen.mono).fixedPitch())
        chosen.mono = QFont(QStringLiteral("JetBrains Mono"));
    chosen.mono.setStyleHint(QFont::Monospace);
    chosen.sans.setStyleHint(QFont::SansSerif);
    if (chosen.embedded) {
        // Glyph positions must not depend on the machine's fontconfig.
        chosen.sans.setHintingPreference(QFont::PreferNoHinting);
        chosen.mono.setHintingPreference(QFont::PreferNoHinting);
    }
    // Ligatures would draw "!=" or "->" of a token as one sign; without kerning the shaper applies none.
    chosen.mono.setKerning(false);
    chosen.mono.setStyleStrategy(QFont::StyleStrategy(QFont::PreferAntialias | QFont::PreferNoShaping));
}

int basePixels() { return families().pixels; }
QFont sansFamily() { return families().sans; }
QFont monoFamily() { return families().mono; }
bool embedded() { return families().embedded; }

} // namespace attune::ui::fonts
