#pragma once

#include <QPalette>
#include <QProxyStyle>

#include <optional>

class QStyleOptionComboBox;
class QStyleOptionMenuItem;
class QStyleOptionSlider;
class QStyleOptionSpinBox;
class QStyleOptionToolButton;

namespace attune::ui {

/// The palette of a theme: for what Qt draws itself.
QPalette themePalette(bool dark);

/// Flat controls over Fusion, in the tokens of the theme: every line 1 device pixel, no gradients, no shadows.
class Style final : public QProxyStyle {
    Q_OBJECT
public:
    Style();
    /// What the desktop said, else: was the palette that the system gave last a dark one?
    static bool systemIsDark();
    static void setSystemDark(std::optional<bool> dark); ///< what the desktop says; none: nothing

    using QProxyStyle::polish;
    void polish(QPalette &palette) override;
    void polish(QWidget *widget) override;
    int pixelMetric(PixelMetric metric, const QStyleOption *option, const QWidget *widget) const override;
    int styleHint(StyleHint hint, const QStyleOption *option, const QWidget *widget,
                  QStyleHintReturn *returned) const override;
    QSize sizeFromContents(ContentsType type, const QStyleOption *option, const QSize &size,
                           const QWidget *widget) const override;
    QRect subControlRect(ComplexControl control, const QStyleOptionComplex *option, SubControl sub,
                         const QWidget *widget) const override;
    QRect subElementRect(SubElement element, const QStyleOption *option, const QWidget *widget) const override;
    QIcon standardIcon(StandardPixmap which, const QStyleOption *option, const QWidget *widget) const override;

    void drawPrimitive(PrimitiveElement element, const QStyleOption *option, QPainter *painter,
                       const QWidget *widget) const override;
    void drawControl(ControlElement element, const QStyleOption *option, QPainter *painter,
                     const QWidget *widget) const override;
    void drawComplexControl(ComplexControl control, const QStyleOptionComplex *option, QPainter *painter,
                            const QWidget *widget) const override;

private:
    void drawMenuItem(const QStyleOptionMenuItem *item, QPainter *painter, const QWidget *widget) const;
    void drawCombo(const QStyleOptionComboBox *combo, QPainter *painter, const QWidget *widget) const;
    void drawSpin(const QStyleOptionSpinBox *spin, QPainter *painter, const QWidget *widget) const;
    void drawSlider(const QStyleOptionSlider *slider, QPainter *painter, const QWidget *widget) const;
    void drawScrollBar(const QStyleOptionSlider *bar, QPainter *painter, const QWidget *widget) const;
    void drawToolButton(const QStyleOptionToolButton *button, QPainter *painter, const QWidget *widget) const;
};

} // namespace attune::ui
