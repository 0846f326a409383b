#include "ui/theme/draw.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QFontInfo>
#include <QFontMetrics>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QSpinBox>
#include <QStyle>
#include <QSvgRenderer>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <array>
#include <cmath>

using namespace attune::ui;

namespace {

double luminance(const QColor &colour)
{
    const auto linear = [](double c) { return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
}

/// WCAG 2: 1 to 21.
double contrast(const QColor &a, const QColor &b)
{
    const double x = luminance(a);
    const double y = luminance(b);
    return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

double contrast(Token a, Token b, bool dark)
{
    return contrast(color(a, dark), color(b, dark));
}

struct Lab {
    double l, a, b;
};

using View = std::array<std::array<double, 3>, 3>;

/// How linear RGB looks without red, green or blue cones: Machado et al. 2009, table 1, severity 1.0.
constexpr View normalView{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
constexpr View protanView{
    {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}};
constexpr View deutanView{
    {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}};
constexpr View tritanView{
    {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}};

Lab lab(const QColor &colour, const View &view)
{
    const auto linear = [](double c) { return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
    const std::array<double, 3> in{linear(colour.redF()), linear(colour.greenF()), linear(colour.blueF())};
    std::array<double, 3> seen{};
    for (std::size_t i = 0; i < 3; ++i)
        seen[i] = std::clamp(view[i][0] * in[0] + view[i][1] * in[1] + view[i][2] * in[2], 0.0, 1.0);
    const auto f = [](double t) { return t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116; };
    const double x = f((0.4124564 * seen[0] + 0.3575761 * seen[1] + 0.1804375 * seen[2]) / 0.95047);
    const double y = f(0.2126729 * seen[0] + 0.7151522 * seen[1] + 0.0721750 * seen[2]);
    const double z = f((0.0193339 * seen[0] + 0.1191920 * seen[1] + 0.9503041 * seen[2]) / 1.08883);
    return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

} // namespace

class TestTheme : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }
    void cleanup();
    void textReadsOnEveryGround_data();
    void textReadsOnEveryGround();
    void edgesOfControlsAreSeen();
    void seriesAreSeenOnTheSurface();
    void seriesAreToldApart();
    void seriesDifferInDashOrWidth();
    void choiceSwitchesColoursAtOnce();
    void systemIsFollowedWhileItIsTheChoice();
    void textScaleGrowsEveryStyle();
    void choicesAreKept();
    void nothingIsKeptOffscreen();
    void fontsAreTheEmbeddedPair();
    void monoHasNoLigatures();
    void everyIconDraws_data();
    void everyIconDraws();
    void iconsTakeTheColourOfTheMoment();
    void setBackgroundFollowsTheTheme();
    void propertiesSetTheFont();
    void ringIsForKeysOnly();
    void controlsAreTwentyEightHigh();
};

void TestTheme::cleanup()
{
    Theme::instance().setChoice(ThemeChoice::System);
    Theme::instance().setTextScale(1);
    Theme::instance().setReducedMotion(false);
}

void TestTheme::textReadsOnEveryGround_data()
{
    QTest::addColumn<int>("text");
    QTest::addColumn<int>("ground");
    QTest::addColumn<bool>("dark");
    const struct {
        const char *name;
        Token text;
        QVector<Token> more;
    } texts[] = {
        {"text", Token::Text, {Token::Trained, Token::OkTint, Token::WarnTint, Token::BadTint}},
        {"text2", Token::Text2, {}},
        {"text3", Token::Text3, {}},
        {"accent", Token::Accent, {}},
        {"ok", Token::Ok, {Token::OkTint}},
        {"warn", Token::Warn, {Token::WarnTint}},
        {"bad", Token::Bad, {Token::BadTint}},
    };
    const QVector<Token> grounds{Token::Window, Token::Surface, Token::Sunken, Token::Hover, Token::Select};
    for (const bool dark : {false, true}) {
        for (const auto &[name, text, more] : texts)
            for (const Token ground : grounds + more)
                QTest::addRow("%s on %d, %s", name, int(ground), dark ? "dark" : "light")
                    << int(text) << int(ground) << dark;
        QTest::addRow("onfill on fill, %s", dark ? "dark" : "light")
            << int(Token::OnFill) << int(Token::Fill) << dark;
    }
}

void TestTheme::textReadsOnEveryGround()
{
    QFETCH(int, text);
    QFETCH(int, ground);
    QFETCH(bool, dark);
    const double ratio = contrast(static_cast<Token>(text), static_cast<Token>(ground), dark);
    QVERIFY2(ratio >= 4.5, qPrintable(QString::number(ratio)));
}

void TestTheme::edgesOfControlsAreSeen()
{
    for (const bool dark : {false, true}) {
        QVERIFY(contrast(Token::Field, Token::Surface, dark) >= 3);
        QVERIFY(contrast(Token::Fill, Token::Surface, dark) >= 3);
        for (const Token ground : {Token::Window, Token::Surface, Token::Sunken, Token::Hover, Token::Select})
            QVERIFY2(contrast(Token::Accent, ground, dark) >= 3, "the focus ring");
        QVERIFY(contrast(Token::TrainedLine, Token::Trained, dark) >= 3);
    }
}

void TestTheme::seriesAreSeenOnTheSurface()
{
    for (const bool dark : {false, true})
        for (int i = 0; i < 6; ++i) {
            const auto token = static_cast<Token>(int(Token::Series1) + i);
            QVERIFY(contrast(token, Token::Surface, dark) >= 3.39); // 3.4, rounded
        }
}

void TestTheme::seriesAreToldApart()
{
    for (const bool dark : {false, true})
        for (const View &view : {normalView, protanView, deutanView, tritanView})
            for (int i = 0; i < 6; ++i)
                for (int j = i + 1; j < 6; ++j) {
                    const Lab a = lab(color(static_cast<Token>(int(Token::Series1) + i), dark), view);
                    const Lab b = lab(color(static_cast<Token>(int(Token::Series1) + j), dark), view);
                    const double away = std::hypot(a.l - b.l, a.a - b.a, a.b - b.b);
                    QVERIFY2(away >= (dark ? 21.9 : 26),
                             qPrintable(QStringLiteral("%1, %2: %3").arg(i).arg(j).arg(away)));
                }
}

void TestTheme::seriesDifferInDashOrWidth()
{
    QVERIFY(seriesDash(0).isEmpty());
    QVERIFY(seriesDash(1).isEmpty());
    for (int i = 2; i < 6; ++i)
        for (int j = i + 1; j < 6; ++j)
            QVERIFY(seriesDash(i) != seriesDash(j));
    QCOMPARE(seriesDash(8), seriesDash(2));
    QCOMPARE(seriesColor(7), seriesColor(1));
}

void TestTheme::choiceSwitchesColoursAtOnce()
{
    Theme &theme = Theme::instance();
    QSignalSpy changed(&theme, &Theme::changed);
    theme.setChoice(ThemeChoice::Dark);
    QVERIFY(theme.dark());
    QCOMPARE(changed.count(), 1);
    QCOMPARE(color(Token::Surface), color(Token::Surface, true));
    QCOMPARE(QApplication::palette().color(QPalette::Window), color(Token::Surface, true));
    QCOMPARE(QApplication::palette("QMenu").color(QPalette::Window), color(Token::Surface, true));
    theme.setChoice(ThemeChoice::Light);
    QVERIFY(!theme.dark());
    QCOMPARE(QApplication::palette().color(QPalette::WindowText), color(Token::Text, false));
    theme.setChoice(ThemeChoice::Light);
    QCOMPARE(changed.count(), 2);
}

void TestTheme::systemIsFollowedWhileItIsTheChoice()
{
    // As Qt does when the desktop changes: it has the style polish the new palette, then tells.
    const auto systemBecomes = [](const QColor &window) {
        QPalette palette;
        palette.setColor(QPalette::Window, window);
        QApplication::style()->polish(palette);
        QEvent event(QEvent::ApplicationPaletteChange);
        QCoreApplication::sendEvent(qApp, &event);
    };
    Theme &theme = Theme::instance();
    QVERIFY(!theme.dark());
    // This platform has no palette of its own, so that Qt's next question finds a light system again.
    QVector<bool> dark;
    const QObject listening;
    connect(&theme, &Theme::changed, &listening, [&] { dark += theme.dark(); });
    systemBecomes(QColor(30, 30, 30));
    QTRY_VERIFY(dark.contains(true));
    theme.setChoice(ThemeChoice::Light);
    QCoreApplication::processEvents(); // what the light system brought about
    dark.clear();
    systemBecomes(QColor(30, 30, 30));
    QCoreApplication::processEvents();
    QVERIFY(dark.isEmpty() && !theme.dark());
}

void TestTheme::textScaleGrowsEveryStyle()
{
    const QVector<TextStyle> styles{TextStyle::Caption, TextStyle::Small,  TextStyle::Body, TextStyle::Strong,
                                    TextStyle::Title,   TextStyle::Figure, TextStyle::Mono, TextStyle::MonoSmall};
    const QVector<int> designed{11, 12, 13, 13, 15, 24, 12, 11};
    for (int i = 0; i < styles.size(); ++i)
        QCOMPARE(font(styles[i]).pixelSize(), designed[i]);
    QCOMPARE(scaled(28), 28);
    Theme::instance().setTextScale(2);
    for (int i = 0; i < styles.size(); ++i)
        QCOMPARE(font(styles[i]).pixelSize(), 2 * designed[i]);
    QCOMPARE(scaled(28), 56);
    QCOMPARE(QApplication::font().pixelSize(), 26);
    Theme::instance().setTextScale(7);
    QCOMPARE(Theme::instance().textScale(), 2.0);
}

void TestTheme::choicesAreKept()
{
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("settings.ini"));
    Theme &theme = Theme::instance();
    theme.keepIn(std::make_unique<QSettings>(path, QSettings::IniFormat));
    theme.setChoice(ThemeChoice::Dark);
    theme.setTextScale(1.5);
    theme.setReducedMotion(true);
    theme.keepIn(nullptr);
    theme.setChoice(ThemeChoice::Light);
    theme.setTextScale(1);
    theme.setReducedMotion(false);

    theme.keepIn(std::make_unique<QSettings>(path, QSettings::IniFormat));
    QCOMPARE(theme.choice(), ThemeChoice::Dark);
    QVERIFY(theme.dark());
    QCOMPARE(theme.textScale(), 1.5);
    QVERIFY(theme.reducedMotion());
    theme.keepIn(nullptr);
}

void TestTheme::nothingIsKeptOffscreen()
{
    QCOMPARE(QGuiApplication::platformName(), QStringLiteral("offscreen"));
    QVERIFY(QCoreApplication::organizationName().isEmpty());
}

void TestTheme::fontsAreTheEmbeddedPair()
{
    QCOMPARE(QFontInfo(font(TextStyle::Body)).family(), QStringLiteral("Inter"));
    QCOMPARE(QFontInfo(font(TextStyle::Mono)).family(), QStringLiteral("JetBrains Mono"));
    QVERIFY(QFontInfo(font(TextStyle::Mono)).fixedPitch());
    QCOMPARE(QFontInfo(font(TextStyle::Strong)).weight(), int(QFont::DemiBold));
}

void TestTheme::monoHasNoLigatures()
{
    // JetBrains Mono joins these; each sign must keep its own shape.
    const QFont mono = font(TextStyle::Mono);
    const auto drawn = [&mono](const QString &text) {
        QImage image(60, 20, QImage::Format_ARGB32);
        image.fill(Qt::white);
        QPainter painter(&image);
        painter.setFont(mono);
        painter.drawText(image.rect(), Qt::AlignLeft | Qt::AlignVCenter, text);
        return image;
    };
    const int wide = QFontMetrics(mono).horizontalAdvance(QLatin1Char('!'));
    const QImage both = drawn(QStringLiteral("!="));
    const QImage first = drawn(QStringLiteral("!"));
    QCOMPARE(both.copy(0, 0, wide, 20), first.copy(0, 0, wide, 20));
}

void TestTheme::everyIconDraws_data()
{
    QTest::addColumn<QString>("name");
    const char *names =
        "data train compare evaluate models deploy settings search plus import export check x flag undo redo "
        "scissors duplicate leak forbidden warning info lock unlock star star-filled chevron-up chevron-down "
        "chevron-right chevron-left more play pause stop square triangle clock tag note trash copy edit diff "
        "eye eye-off seed file folder download upload list sort filter system user assistant cpu gpu memory "
        "sun moon keyboard palette history pin snapshot split merge up down close refresh link quote json "
        "chart";
    for (const QString &name : QString::fromLatin1(names).split(QLatin1Char(' ')))
        QTest::newRow(qPrintable(name)) << name;
}

void TestTheme::everyIconDraws()
{
    QFETCH(QString, name);
    QSvgRenderer renderer(QStringLiteral(":/attune/icons/%1.svg").arg(name));
    QVERIFY(renderer.isValid());
    QCOMPARE(renderer.viewBox(), QRect(0, 0, 16, 16));
    const QImage image = iconPixmap(qPrintable(name), Token::Text, 16, 2).toImage();
    QCOMPARE(image.size(), QSize(32, 32));
    int inked = 0;
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x)
            inked += qAlpha(image.pixel(x, y)) > 128 ? 1 : 0;
    QVERIFY(inked > 20);
    // Nothing is cut off: the outermost half pixel stays free.
    for (int i = 0; i < 32; ++i) {
        QVERIFY2(qAlpha(image.pixel(i, 0)) < 128 && qAlpha(image.pixel(0, i)) < 128, "ink at the edge");
        QVERIFY2(qAlpha(image.pixel(i, 31)) < 128 && qAlpha(image.pixel(31, i)) < 128, "ink at the edge");
    }
}

void TestTheme::iconsTakeTheColourOfTheMoment()
{
    const QIcon square = icon("square", Token::Accent);
    Theme::instance().setChoice(ThemeChoice::Light);
    QCOMPARE(square.pixmap(16, 16).toImage().pixelColor(8, 8), color(Token::Accent, false));
    Theme::instance().setChoice(ThemeChoice::Dark);
    QCOMPARE(square.pixmap(16, 16).toImage().pixelColor(8, 8), color(Token::Accent, true));
    QCOMPARE(square.pixmap(QSize(16, 16), QIcon::Disabled).toImage().pixelColor(8, 8), color(Token::Text3, true));
}

void TestTheme::setBackgroundFollowsTheTheme()
{
    QWidget panel;
    setBackground(&panel, Token::Window);
    Theme::instance().setChoice(ThemeChoice::Dark);
    QCOMPARE(panel.palette().color(QPalette::Window), color(Token::Window, true));
    setBackground(&panel, Token::Sunken);
    Theme::instance().setChoice(ThemeChoice::Light);
    QCOMPARE(panel.palette().color(QPalette::Window), color(Token::Sunken, false));
}

void TestTheme::propertiesSetTheFont()
{
    QLabel label(QStringLiteral("!= 512"));
    label.setProperty("mono", true);
    QLabel caption(QStringLiteral("words"));
    caption.setProperty("caption", true);
    label.ensurePolished();
    caption.ensurePolished();
    QCOMPARE(label.font().family(), QStringLiteral("JetBrains Mono"));
    QVERIFY(label.font().styleStrategy() & QFont::PreferNoShaping);
    QCOMPARE(caption.font().pixelSize(), 11);
    QCOMPARE(caption.palette().color(QPalette::WindowText), color(Token::Text3));
    Theme::instance().setTextScale(2);
    QCOMPARE(caption.font().pixelSize(), 22);
    // Also later than the first polish, and a tone over and over.
    caption.setProperty("tone", "bad");
    QCOMPARE(caption.palette().color(QPalette::WindowText), color(Token::Bad));
    caption.setProperty("tone", "ok");
    QCOMPARE(caption.palette().color(QPalette::WindowText), color(Token::Ok));
}

void TestTheme::ringIsForKeysOnly()
{
    QWidget window;
    QPushButton one(QStringLiteral("One"), &window);
    QPushButton two(QStringLiteral("Two"), &window);
    two.move(100, 0);
    window.resize(220, 40);
    window.show();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    QTest::mouseClick(&one, Qt::LeftButton);
    QVERIFY(!window.testAttribute(Qt::WA_KeyboardFocusChange));
    const QColor ring = color(Token::Accent);
    QVERIFY(one.grab().toImage().pixelColor(one.width() / 2, 1) != ring);
    QTest::keyClick(&one, Qt::Key_Tab);
    QVERIFY(window.testAttribute(Qt::WA_KeyboardFocusChange));
    QCOMPARE(QApplication::focusWidget(), &two);
    QCOMPARE(two.grab().toImage().pixelColor(two.width() / 2, 1), ring);
    QTest::mouseClick(&two, Qt::LeftButton);
    QVERIFY(!window.testAttribute(Qt::WA_KeyboardFocusChange));
}

void TestTheme::controlsAreTwentyEightHigh()
{
    QPushButton button(QStringLiteral("Pause"));
    QLineEdit line;
    QSpinBox spin;
    QDoubleSpinBox real;
    QComboBox combo;
    const QList<QWidget *> all{&button, &line, &spin, &real, &combo};
    for (QWidget *widget : all) {
        widget->ensurePolished();
        QCOMPARE(widget->sizeHint().height(), 28);
    }
    Theme::instance().setTextScale(2);
    for (const QWidget *widget : all)
        QVERIFY2(widget->sizeHint().height() >= 56,
                 qPrintable(QStringLiteral("%1 is %2 high")
                                .arg(QLatin1String(widget->metaObject()->className()))
                                .arg(widget->sizeHint().height())));
}

QTEST_MAIN(TestTheme)
#include "tst_theme.moc"
