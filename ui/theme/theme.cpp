#include "ui/theme/theme.h"

#include "ui/theme/fonts.h"
#include "ui/theme/paper.h"
#include "ui/theme/style.h"
#include "ui/theme/system_theme.h"

#include <QApplication>
#include <QComboBox>
#include <QCoreApplication>
#include <QEvent>
#include <QHash>
#include <QKeyEvent>
#include <QSettings>
#include <QStyle>
#include <QToolTip>
#include <QWidget>

#include <algorithm>
#include <array>
#include <cmath>

namespace attune::ui {

namespace {

struct Row {
    Token token;
    QRgb light;
    QRgb dark;
};

// The one place where colours have values. In the order of Token; a static_assert below holds it to that.
constexpr std::array<Row, static_cast<std::size_t>(Token::Count)> table{{
    {Token::Window, 0xfff4f5f7, 0xff15171b},
    {Token::Surface, 0xffffffff, 0xff1c1f24},
    {Token::Sunken, 0xfff9fafb, 0xff191b20},
    {Token::Hover, 0xffeef0f3, 0xff282c34},
    {Token::Select, 0xffe8ebfb, 0xff2b3157},
    {Token::Line, 0xffe2e5e9, 0xff30353e},
    {Token::Grid, 0xffebedf0, 0xff262a31},
    {Token::Edge, 0xffc3c8cf, 0xff464d59},
    {Token::Field, 0xff8b929d, 0xff727a87},
    {Token::Text, 0xff1a1d21, 0xffe7e9ec},
    {Token::Text2, 0xff4c535d, 0xffb4bac4},
    {Token::Text3, 0xff636b76, 0xff979eaa},
    {Token::Accent, 0xff3d4fc4, 0xffa3aeff},
    {Token::Fill, 0xff3d4fc4, 0xff5262d6},
    {Token::OnFill, 0xffffffff, 0xffffffff},
    {Token::Ok, 0xff0f6e47, 0xff63cf97},
    {Token::OkTint, 0xffe2f3ea, 0xff1d3429},
    {Token::Warn, 0xff875200, 0xffe8b25c},
    {Token::WarnTint, 0xfffbf0dc, 0xff3b301c},
    {Token::Bad, 0xffb3261e, 0xffff968c},
    {Token::BadTint, 0xfffbe9e7, 0xff432726},
    {Token::Trained, 0xffdde2fa, 0xff2f3763},
    {Token::TrainedLine, 0xff3d4fc4, 0xffa3aeff},
    {Token::Series1, 0xff3d4fc4, 0xffa3aeff},
    {Token::Series2, 0xffdf5b16, 0xffee5a1c},
    {Token::Series3, 0xff2f98a8, 0xff3de3c4},
    {Token::Series4, 0xff6e2e44, 0xffb65cf0},
    {Token::Series5, 0xff7f6e42, 0xffefdf45},
    {Token::Series6, 0xff4a3379, 0xffcb7a78},
}};

constexpr bool inOrder()
{
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].token) != i)
            return false;
    return true;
}
static_assert(inOrder());

Theme *theTheme = nullptr;
int onPaper = 0; // PaperColours that live

/// The focus ring is for who works by keys: Qt turns the window's attribute on with the first Tab and never off, and
/// F6 or an arrow in a list does not turn it on.
void noteInput(QWidget *widget, QEvent *event)
{
    bool byKeys = false;
    if (event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent *>(event)->key();
        const bool inText = widget->testAttribute(Qt::WA_InputMethodEnabled);
        const bool arrow = key >= Qt::Key_Home && key <= Qt::Key_PageDown;
        if (key != Qt::Key_Tab && key != Qt::Key_Backtab && key != Qt::Key_F6 && (!arrow || inText))
            return;
        byKeys = true;
    } else if (event->type() != QEvent::MouseButtonPress) {
        return;
    }
    QWidget *window = widget->window();
    if (window->testAttribute(Qt::WA_KeyboardFocusChange) == byKeys)
        return;
    window->setAttribute(Qt::WA_KeyboardFocusChange, byKeys);
    if (QWidget *focused = QApplication::focusWidget())
        focused->update();
}

QString choiceName(ThemeChoice choice)
{
    return choice == ThemeChoice::Light ? QStringLiteral("light")
           : choice == ThemeChoice::Dark ? QStringLiteral("dark")
                                         : QStringLiteral("system");
}

ThemeChoice choiceOf(const QString &name)
{
    return name == QLatin1String("light")  ? ThemeChoice::Light
           : name == QLatin1String("dark") ? ThemeChoice::Dark
                                           : ThemeChoice::System;
}

/// Platform themes give some classes palettes and fonts of their own (menus, tool tips), which would win over ours.
constexpr std::array widgetClasses{"QMenu",     "QMenuBar",    "QToolTip",          "QToolButton",
                                   "QLabel",    "QTabBar",     "QHeaderView",       "QAbstractItemView",
                                   "QLineEdit", "QTextEdit",   "QPlainTextEdit",    "QMessageBox",
                                   "QCheckBox", "QRadioButton", "QMessageBoxLabel", "QAbstractButton",
                                   "QGroupBox", "QStatusBar",   "QComboBox",        "QTipLabel"};

} // namespace

QColor color(Token token, bool dark)
{
    const Row &row = table[static_cast<std::size_t>(token)];
    return QColor::fromRgb(dark ? row.dark : row.light);
}

QColor color(Token token)
{
    return color(token, theTheme && theTheme->dark() && onPaper == 0);
}

PaperColours::PaperColours()
{
    ++onPaper;
}

PaperColours::~PaperColours()
{
    --onPaper;
}

QColor seriesColor(int index)
{
    constexpr int first = static_cast<int>(Token::Series1);
    return color(static_cast<Token>(first + ((index % 6) + 6) % 6));
}

QVector<qreal> seriesDash(int index)
{
    switch (((index % 6) + 6) % 6) {
    case 2: return {5, 3};
    case 3: return {2, 2};
    case 4: return {8, 3};
    case 5: return {8, 2, 2, 2};
    default: return {}; // the second is told from the first by its width
    }
}

int textPixels(TextStyle style)
{
    constexpr int designed = 13; // the size that all others are offsets from
    int offset = 0;
    switch (style) {
    case TextStyle::Caption:
    case TextStyle::MonoSmall: offset = -2; break;
    case TextStyle::Small:
    case TextStyle::Mono: offset = -1; break;
    case TextStyle::Body:
    case TextStyle::Strong: offset = 0; break;
    case TextStyle::Title: offset = 2; break;
    case TextStyle::Figure: offset = 11; break;
    }
    const double scale = theTheme ? theTheme->textScale() : 1;
    return static_cast<int>(
        std::lround((fonts::basePixels() + offset * fonts::basePixels() / double(designed)) * scale));
}

QFont font(TextStyle style)
{
    const bool mono = style == TextStyle::Mono || style == TextStyle::MonoSmall;
    QFont result = mono ? fonts::monoFamily() : fonts::sansFamily();
    result.setPixelSize(textPixels(style));
    if (style == TextStyle::Strong || style == TextStyle::Title || style == TextStyle::Figure)
        result.setWeight(QFont::DemiBold);
    return result;
}

int scaled(int px)
{
    const double scale = theTheme ? theTheme->textScale() : 1;
    return static_cast<int>(std::lround(px * scale * fonts::basePixels() / 13.0));
}

// -------------------------------------------------------------------------------------------------------------------

Theme &Theme::instance()
{
    if (!theTheme)
        applyTheme(*qApp);
    return *theTheme;
}

Theme::Theme(QApplication &application) : QObject(&application)
{
    theTheme = this;
    application.installEventFilter(this);
}

Theme::~Theme()
{
    theTheme = nullptr;
}

void Theme::keepIn(std::unique_ptr<QSettings> settings)
{
    m_settings = std::move(settings);
    if (!m_settings)
        return;
    m_choice = choiceOf(m_settings->value(QStringLiteral("view/theme")).toString());
    m_textScale = std::clamp(m_settings->value(QStringLiteral("view/textScale"), 1.0).toDouble(), 1.0, 2.0);
    m_reducedMotion = m_settings->value(QStringLiteral("view/reducedMotion"), false).toBool();
    refresh();
}

void Theme::keep(const QString &key, const QVariant &value)
{
    if (m_settings)
        m_settings->setValue(key, value);
}

void Theme::setChoice(ThemeChoice choice)
{
    keep(QStringLiteral("view/theme"), choiceName(choice));
    if (choice == m_choice)
        return;
    m_choice = choice;
    refresh();
}

void Theme::setTextScale(double scale)
{
    scale = std::clamp(scale, 1.0, 2.0);
    keep(QStringLiteral("view/textScale"), scale);
    if (std::abs(scale - m_textScale) < 1e-6)
        return;
    m_textScale = scale;
    refresh();
}

void Theme::setReducedMotion(bool reduced)
{
    keep(QStringLiteral("view/reducedMotion"), reduced);
    if (reduced == m_reducedMotion)
        return;
    m_reducedMotion = reduced;
    Q_EMIT changed();
}

bool Theme::eventFilter(QObject *watched, QEvent *event)
{
    if (watched->isWidgetType()) {
        noteInput(static_cast<QWidget *>(watched), event);
        if (event->type() == QEvent::DynamicPropertyChange)
            applyTextProperties(static_cast<QWidget *>(watched));
    }
    // The style notes the system's lightness whenever Qt has it polish a palette (Style::polish); this event follows.
    if (event->type() == QEvent::ApplicationPaletteChange && watched == qApp && m_choice == ThemeChoice::System
        && Style::systemIsDark() != m_dark)
        QMetaObject::invokeMethod(this, &Theme::refresh, Qt::QueuedConnection);
    return QObject::eventFilter(watched, event);
}

void Theme::refresh()
{
    m_dark = m_choice == ThemeChoice::System ? Style::systemIsDark() : m_choice == ThemeChoice::Dark;
    QApplication::setFont(font(TextStyle::Body));
    QApplication::setPalette(QPalette()); // Qt asks the style for it anew
    const QPalette palette = themePalette(m_dark);
    for (const char *name : widgetClasses) {
        if (QApplication::palette(name) != palette)
            QApplication::setPalette(palette, name);
        if (QApplication::font(name) != QApplication::font())
            QApplication::setFont(QApplication::font(), name);
    }
    QToolTip::setPalette(palette);
    QToolTip::setFont(font(TextStyle::Small));
    // Size hints that widgets keep are of the old fonts; one that was never shown hears of the new ones in no other
    // way.
    for (QWidget *widget : QApplication::allWidgets()) {
        QEvent event(QEvent::StyleChange);
        QCoreApplication::sendEvent(widget, &event);
    }
    Q_EMIT changed();
    // Fonts come to some widgets later, and of the two sizes that a combo box keeps it forgets one then, not both.
    QMetaObject::invokeMethod(
        this,
        [] {
            for (QWidget *widget : QApplication::allWidgets())
                if (qobject_cast<QComboBox *>(widget)) {
                    QEvent event(QEvent::StyleChange);
                    QCoreApplication::sendEvent(widget, &event);
                }
        },
        Qt::QueuedConnection);
}

void applyTheme(QApplication &application)
{
    if (theTheme)
        return;
    fonts::load();
    auto *theme = new Theme(application); // first: the style asks it for the palette
    application.setStyle(new Style);
    if (QGuiApplication::platformName() != QLatin1String("offscreen")) {
        if (QCoreApplication::organizationName().isEmpty())
            QCoreApplication::setOrganizationName(QStringLiteral("Attune"));
        auto *system = new SystemTheme(theme);
        Style::setSystemDark(system->dark());
        QObject::connect(system, &SystemTheme::changed, theme, [theme, system] {
            Style::setSystemDark(system->dark());
            if (theme->choice() == ThemeChoice::System && Style::systemIsDark() != theme->dark())
                theme->refresh();
        });
        theme->keepIn(std::make_unique<QSettings>());
    } else {
        theme->refresh();
    }
}

// -------------------------------------------------------------------------------------------------------------------

namespace {

/// Runs `apply` now and after every switch, once per widget and kind: a later call replaces an earlier one.
void follow(QWidget *widget, const char *kind, const QVariant &value, void (*apply)(QWidget *, int))
{
    const bool known = widget->property(kind).isValid();
    widget->setProperty(kind, value);
    apply(widget, value.toInt());
    if (!known)
        QObject::connect(&Theme::instance(), &Theme::changed, widget,
                         [widget, kind, apply] { apply(widget, widget->property(kind).toInt()); });
}

} // namespace

void setBackground(QWidget *widget, Token token)
{
    follow(widget, "attuneBackground", static_cast<int>(token), [](QWidget *w, int value) {
        QPalette palette = w->palette();
        palette.setColor(QPalette::Window, color(static_cast<Token>(value)));
        palette.setColor(QPalette::Base, color(static_cast<Token>(value)));
        w->setPalette(palette);
        w->setAutoFillBackground(true);
    });
}

void setForeground(QWidget *widget, Token token)
{
    follow(widget, "attuneForeground", static_cast<int>(token), [](QWidget *w, int value) {
        QPalette palette = w->palette();
        palette.setColor(QPalette::WindowText, color(static_cast<Token>(value)));
        palette.setColor(QPalette::Text, color(static_cast<Token>(value)));
        w->setPalette(palette);
    });
}

void setTextStyle(QWidget *widget, TextStyle style)
{
    follow(widget, "attuneTextStyle", static_cast<int>(style),
           [](QWidget *w, int value) { w->setFont(font(static_cast<TextStyle>(value))); });
}

void applyTextProperties(QWidget *widget)
{
    // Most widgets have no property at all, and this is asked of every one.
    if (widget->dynamicPropertyNames().isEmpty())
        return;
    static constexpr struct {
        const char *name;
        TextStyle style;
        Token token;
    } styles[] = {{"mono", TextStyle::Mono, Token::Count},     {"strong", TextStyle::Strong, Token::Count},
                  {"title", TextStyle::Title, Token::Count},   {"small", TextStyle::Small, Token::Text2},
                  {"caption", TextStyle::Caption, Token::Text3}};
    for (const auto &[name, style, token] : styles) {
        if (!widget->property(name).toBool())
            continue;
        if (widget->property("attuneTextStyle") != QVariant(static_cast<int>(style)))
            setTextStyle(widget, style);
        if (token != Token::Count && !widget->property("attuneForeground").isValid())
            setForeground(widget, token);
    }
    static const QHash<QString, Token> tones{{QStringLiteral("ok"), Token::Ok},
                                             {QStringLiteral("warn"), Token::Warn},
                                             {QStringLiteral("bad"), Token::Bad},
                                             {QStringLiteral("accent"), Token::Accent},
                                             {QStringLiteral("muted"), Token::Text3},
                                             {QStringLiteral("neutral"), Token::Text}};
    const auto tone = tones.constFind(widget->property("tone").toString());
    if (tone != tones.constEnd() && widget->property("attuneForeground") != QVariant(static_cast<int>(*tone)))
        setForeground(widget, *tone);
}

} // namespace attune::ui
