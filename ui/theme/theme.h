#pragma once

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QObject>
#include <QVector>

#include <memory>

class QApplication;
class QSettings;
class QWidget;

namespace attune::ui {

/// The colours of the window by what they say; the values of each theme stand in one table (theme.cpp), and nowhere
/// else. Contrasts are checked by tests/ui/theme.
enum class Token {
    Window, Surface, Sunken, Hover, Select, Line, Grid, Edge, Field, Text, Text2, Text3, Accent, Fill, OnFill,
    Ok, OkTint, Warn, WarnTint, Bad, BadTint, Trained, TrainedLine,
    Series1, Series2, Series3, Series4, Series5, Series6,
    Count
};

/// Sizes in pixels at 100 % text size; the line heights of UI.md belong to them.
enum class TextStyle { Caption, Small, Body, Strong, Title, Figure, Mono, MonoSmall };

enum class ThemeChoice { System, Light, Dark };

/// The look of the running program: which theme, which text size. One object, made by applyTheme().
class Theme final : public QObject {
    Q_OBJECT
public:
    static Theme &instance();

    ThemeChoice choice() const { return m_choice; }
    void setChoice(ThemeChoice choice); ///< at once, without restart
    bool dark() const { return m_dark; }
    double textScale() const { return m_textScale; } ///< 1 to 2
    void setTextScale(double scale);
    bool reducedMotion() const { return m_reducedMotion; }
    void setReducedMotion(bool reduced);

    /// Takes over the choices kept there and keeps later ones there; null: they last as long as the program.
    /// applyTheme() takes the user's own settings, or none on the offscreen platform, so that pictures and tests look
    /// the same every time.
    void keepIn(std::unique_ptr<QSettings> settings);
    ~Theme() override;

Q_SIGNALS:
    /// Colours, fonts or sizes are others: widgets that paint themselves update().
    void changed();

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    friend void applyTheme(QApplication &application);
    explicit Theme(QApplication &application);
    void refresh();
    void keep(const QString &key, const QVariant &value);
    std::unique_ptr<QSettings> m_settings;
    ThemeChoice m_choice = ThemeChoice::System;
    bool m_dark = false;
    bool m_reducedMotion = false;
    double m_textScale = 1;
};

/// Style, palette, and fonts. Once, before the first widget.
void applyTheme(QApplication &application);

QColor color(Token token);                  ///< in the theme of the moment
QColor color(Token token, bool dark);       ///< in either theme
QColor seriesColor(int index);              ///< of the index-th overlaid run, from 0
QVector<qreal> seriesDash(int index);       ///< for QPen::setDashPattern; empty: solid
QFont font(TextStyle style);
int textPixels(TextStyle style); ///< its font's size, for the few places that need another weight or family
/// Pixels of a length that is `px` at 100 % text size.
int scaled(int px);

/// resources/icons/<name>.svg, tinted when painted, so that a theme switch needs nothing.
QIcon icon(const char *name, Token token = Token::Text2);
QPixmap iconPixmap(const char *name, Token token, int size, qreal devicePixelRatio);


/// These stay right over theme and size switches, as the setters of QWidget would not.
void setBackground(QWidget *widget, Token token);   ///< of a panel: Window, Surface, Sunken
void setForeground(QWidget *widget, Token token);   ///< of a label
void setTextStyle(QWidget *widget, TextStyle style);

/// The same by dynamic properties of any widget, at any time; the style calls this.
///   mono=true (Mono)   caption=true (Caption, text3)   small=true (Small, text2)   strong=true (Strong)
///   title=true (Title) tone="ok" | "warn" | "bad" | "accent" | "muted" | "neutral" (the colour of its text)
/// And the style knows this one of a QPushButton or QToolButton:
///   kind="primary" | "ok" | "bad" | "warn" | "flat" | "link"
void applyTextProperties(QWidget *widget);

} // namespace attune::ui
