#include "ui/theme/style.h"

#include "ui/theme/theme.h"

#include <QAbstractButton>
#include <QAbstractScrollArea>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QHeaderView>
#include <QLineEdit>
#include <QMenu>
#include <QScrollBar>
#include <QSlider>
#include <QStyleFactory>
#include <QStyleOption>
#include <QTabBar>

#include <algorithm>

namespace attune::ui {

namespace {

bool darkSystem = false;        // by the palette that Qt gets
std::optional<bool> saidDark; // by the desktop itself

bool isOurs(const QPalette &palette)
{
    const QColor window = palette.color(QPalette::Window);
    return window == color(Token::Surface, true) || window == color(Token::Surface, false);
}

} // namespace

QPalette themePalette(bool dark)
{
    QPalette palette;
    const auto set = [&palette, dark](QPalette::ColorRole role, Token token) {
        palette.setColor(role, color(token, dark));
    };
    set(QPalette::Window, Token::Surface);
    set(QPalette::WindowText, Token::Text);
    set(QPalette::Base, Token::Surface);
    set(QPalette::AlternateBase, Token::Sunken);
    set(QPalette::Text, Token::Text);
    set(QPalette::Button, Token::Hover);
    set(QPalette::ButtonText, Token::Text);
    set(QPalette::BrightText, Token::OnFill);
    set(QPalette::ToolTipBase, Token::Surface);
    set(QPalette::ToolTipText, Token::Text);
    set(QPalette::PlaceholderText, Token::Text3);
    set(QPalette::Highlight, Token::Select);
    set(QPalette::HighlightedText, Token::Text);
    set(QPalette::Link, Token::Accent);
    set(QPalette::LinkVisited, Token::Accent);
    set(QPalette::Light, Token::Surface);
    set(QPalette::Midlight, Token::Hover);
    set(QPalette::Mid, Token::Line);
    set(QPalette::Dark, Token::Edge);
    set(QPalette::Shadow, Token::Edge);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText})
        palette.setColor(QPalette::Disabled, role, color(Token::Text3, dark));
    return palette;
}

Style::Style() : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion"))) {}

bool Style::systemIsDark()
{
    return saidDark.value_or(darkSystem);
}

void Style::setSystemDark(std::optional<bool> dark)
{
    saidDark = dark;
}

void Style::polish(QPalette &palette)
{
    if (!isOurs(palette))
        darkSystem = palette.color(QPalette::Window).lightness() < 128;
    const ThemeChoice choice = Theme::instance().choice();
    palette = themePalette(choice == ThemeChoice::System ? systemIsDark() : choice == ThemeChoice::Dark);
}

void Style::polish(QWidget *widget)
{
    QProxyStyle::polish(widget);
    if (qobject_cast<QAbstractButton *>(widget) || qobject_cast<QComboBox *>(widget) ||
        qobject_cast<QAbstractSpinBox *>(widget) || qobject_cast<QTabBar *>(widget) ||
        qobject_cast<QScrollBar *>(widget) || qobject_cast<QSlider *>(widget) ||
        qobject_cast<QHeaderView *>(widget) || qobject_cast<QLineEdit *>(widget))
        widget->setAttribute(Qt::WA_Hover);
    if (auto *header = qobject_cast<QHeaderView *>(widget); header && header->defaultAlignment() == Qt::AlignCenter)
        header->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    applyTextProperties(widget);
    // Popups have a line of their own, and no shadow from the window manager.
    if ((qobject_cast<QMenu *>(widget) || widget->inherits("QComboBoxPrivateContainer") ||
         widget->inherits("QTipLabel")) &&
        !(widget->windowFlags() & Qt::NoDropShadowWindowHint))
        widget->setWindowFlag(Qt::NoDropShadowWindowHint);
}

int Style::pixelMetric(PixelMetric metric, const QStyleOption *option, const QWidget *widget) const
{
    switch (metric) {
    case PM_SplitterWidth: return 1;
    case PM_IndicatorWidth:
    case PM_IndicatorHeight:
    case PM_ExclusiveIndicatorWidth:
    case PM_ExclusiveIndicatorHeight:
    case PM_SmallIconSize:
    case PM_ButtonIconSize:
    case PM_ListViewIconSize:
    case PM_TabBarIconSize:
    case PM_ToolBarIconSize: return scaled(16);
    case PM_CheckBoxLabelSpacing:
    case PM_RadioButtonLabelSpacing: return 8;
    case PM_ButtonMargin: return 2 * 12;
    case PM_ButtonShiftHorizontal:
    case PM_ButtonShiftVertical:
    case PM_TabBarTabShiftHorizontal:
    case PM_TabBarTabShiftVertical:
    case PM_TabBarTabOverlap:
    case PM_TabBarBaseOverlap: return 0;
    case PM_TabBarTabHSpace: return 2 * 10;
    case PM_TabBarTabVSpace: return 2 * 8;
    case PM_TabBarBaseHeight: return 1;
    case PM_DefaultFrameWidth:
        // Room for the rounded edge: the square corner of the viewport must lie within it.
        return qobject_cast<const QAbstractScrollArea *>(widget) ? 2 : 1;
    case PM_ComboBoxFrameWidth:
    case PM_SpinBoxFrameWidth: return 1;
    case PM_ScrollBarExtent: return 12;
    case PM_ScrollBarSliderMin: return 28;
    case PM_ScrollView_ScrollBarSpacing:
    case PM_ScrollView_ScrollBarOverlap: return 0;
    case PM_SliderThickness:
    case PM_SliderControlThickness: return std::max(24, scaled(24));
    case PM_SliderLength: return scaled(14);
    case PM_SliderSpaceAvailable: break;
    case PM_MenuPanelWidth: return 1;
    case PM_MenuHMargin:
    case PM_MenuVMargin: return 4;
    case PM_MenuBarPanelWidth:
    case PM_MenuBarHMargin:
    case PM_MenuBarVMargin: return 0;
    case PM_MenuBarItemSpacing: return 0;
    case PM_ToolTipLabelFrameWidth: return 7;
    case PM_HeaderMargin: return 8;
    case PM_HeaderGripMargin: return 5;
    case PM_HeaderMarkSize: return scaled(12);
    case PM_FocusFrameHMargin: return 7; // cells then begin where their header does
    case PM_FocusFrameVMargin: return 2;
    case PM_LayoutHorizontalSpacing:
    case PM_LayoutVerticalSpacing: return 8;
    case PM_LayoutLeftMargin:
    case PM_LayoutRightMargin:
    case PM_LayoutTopMargin:
    case PM_LayoutBottomMargin: return widget && widget->isWindow() ? 16 : 12;
    case PM_ToolBarFrameWidth:
    case PM_ToolBarItemMargin: return 0;
    case PM_ToolBarItemSpacing: return 4;
    case PM_MenuButtonIndicator: return scaled(16);
    case PM_TextCursorWidth: return 1;
    case PM_TreeViewIndentation: return scaled(16);
    default: break;
    }
    return QProxyStyle::pixelMetric(metric, option, widget);
}

int Style::styleHint(StyleHint hint, const QStyleOption *option, const QWidget *widget,
                     QStyleHintReturn *returned) const
{
    switch (hint) {
    case SH_EtchDisabledText:
    case SH_DitherDisabledText:
    case SH_ComboBox_Popup:
    case SH_Widget_Animate:
    case SH_ScrollBar_Transient:
    case SH_DialogButtonBox_ButtonsHaveIcons:
    case SH_UnderlineShortcut: // Alt still opens a menu by its letter
    case SH_DrawMenuBarSeparator: return 0;
    case SH_Widget_Animation_Duration: return 0; // the motion of this window is its own
    case SH_ItemView_ShowDecorationSelected:
    case SH_ItemView_MovementWithoutUpdatingSelection:
    case SH_Menu_MouseTracking:
    case SH_ComboBox_ListMouseTracking:
    case SH_MenuBar_MouseTracking:
    case SH_MenuBar_AltKeyNavigation:
    case SH_ItemView_ChangeHighlightOnFocus: return hint == SH_ItemView_ChangeHighlightOnFocus ? 0 : 1;
    case SH_TabBar_Alignment: return Qt::AlignLeft;
    case SH_TabBar_ElideMode: return Qt::ElideNone;
    case SH_Slider_AbsoluteSetButtons: return Qt::LeftButton;
    case SH_Slider_PageSetButtons: return Qt::NoButton;
    case SH_ScrollBar_LeftClickAbsolutePosition: return 0;
    case SH_ComboBox_PopupFrameStyle: return QFrame::StyledPanel | QFrame::Plain;
    case SH_ToolTipLabel_Opacity: return 255;
    case SH_Table_GridLineColor: return static_cast<int>(color(Token::Line).rgb());
    case SH_Header_ArrowAlignment: return Qt::AlignRight | Qt::AlignVCenter;
    default: break;
    }
    return QProxyStyle::styleHint(hint, option, widget, returned);
}

QSize Style::sizeFromContents(ContentsType type, const QStyleOption *option, const QSize &size,
                              const QWidget *widget) const
{
    const int control = scaled(28);
    switch (type) {
    case CT_PushButton:
        if (const auto *button = qstyleoption_cast<const QStyleOptionButton *>(option)) {
            const bool link = widget && widget->property("kind").toString() == QLatin1String("link");
            int width = size.width() + (link ? 4 : 2 * 12);
            if (button->features & QStyleOptionButton::HasMenu)
                width += scaled(16) + 4;
            return {width, std::max(control, size.height() + 8)};
        }
        break;
    case CT_LineEdit: return {size.width() + 2 * 6, std::max(control, size.height() + 8)};
    case CT_ComboBox: return {size.width() + 2 * 10 + scaled(16) + 6, std::max(control, size.height() + 8)};
    case CT_SpinBox:
        return {size.width() + 2 * 6 + scaled(18), std::max(control, size.height())}; // that of its field
    case CT_CheckBox:
    case CT_RadioButton: {
        const QSize base = QProxyStyle::sizeFromContents(type, option, size, widget);
        return {base.width() + 4, std::max(scaled(24), base.height())};
    }
    case CT_ToolButton: {
        const auto *button = qstyleoption_cast<const QStyleOptionToolButton *>(option);
        const bool bare = button && button->toolButtonStyle == Qt::ToolButtonIconOnly;
        int width = size.width() + (bare ? 12 : 2 * 10);
        if (button && (button->features & QStyleOptionToolButton::HasMenu) && !bare)
            width += scaled(16);
        return {std::max(width, control), std::max(control, size.height() + 8)};
    }
    case CT_TabBarTab: {
        const auto *tab = qstyleoption_cast<const QStyleOptionTab *>(option);
        QSize base = QProxyStyle::sizeFromContents(type, option, size, widget);
        if (tab) {
            const int more = QFontMetrics(font(TextStyle::Strong)).horizontalAdvance(tab->text)
                             - tab->fontMetrics.horizontalAdvance(tab->text);
            base.rwidth() += std::max(0, more); // the tab in front is set in semi-bold; none may move then
        }
        return {base.width(), std::max(scaled(36), base.height())};
    }
    case CT_HeaderSection: {
        const QSize base = QProxyStyle::sizeFromContents(type, option, size, widget);
        return {base.width() + 8, std::max(control, base.height())};
    }
    case CT_ItemViewItem: {
        const QSize base = QProxyStyle::sizeFromContents(type, option, size, widget);
        return {base.width(), std::max(scaled(26), base.height())};
    }
    case CT_MenuBarItem: return {size.width() + 2 * 10, std::max(control, size.height() + 8)};
    case CT_MenuItem:
        if (const auto *item = qstyleoption_cast<const QStyleOptionMenuItem *>(option)) {
            if (item->menuItemType == QStyleOptionMenuItem::Separator)
                return {8, 9};
            int width = size.width() + 12 + scaled(16) + 8 + 14; // check or icon, margins: as drawMenuItem() has them
            if (item->text.contains(QLatin1Char('\t')))
                width += 24;
            if (item->menuItemType == QStyleOptionMenuItem::SubMenu)
                width += scaled(16) + 8;
            return {width, std::max(control, size.height() + 8)};
        }
        break;
    case CT_ProgressBar: return {std::max(size.width(), 60), scaled(8)};
    case CT_GroupBox: break;
    default: break;
    }
    return QProxyStyle::sizeFromContents(type, option, size, widget);
}

QRect Style::subElementRect(SubElement element, const QStyleOption *option, const QWidget *widget) const
{
    switch (element) {
    case SE_LineEditContents: {
        const auto *frame = qstyleoption_cast<const QStyleOptionFrame *>(option);
        return frame && frame->lineWidth > 0 ? option->rect.adjusted(6, 1, -6, -1)
                                             : option->rect.adjusted(1, 0, -1, 0);
    }
    case SE_PushButtonFocusRect:
    case SE_ToolBoxTabContents: return option->rect;
    case SE_ProgressBarGroove:
    case SE_ProgressBarContents: return option->rect;
    case SE_ProgressBarLabel: return {};
    case SE_TabBarTabLeftButton:
    case SE_TabBarTabRightButton: break;
    default: break;
    }
    return QProxyStyle::subElementRect(element, option, widget);
}

QRect Style::subControlRect(ComplexControl control, const QStyleOptionComplex *option, SubControl sub,
                            const QWidget *widget) const
{
    const QRect rect = option->rect;
    const auto visual = [option](const QRect &r) { return visualRect(option->direction, option->rect, r); };
    const int arrow = scaled(16);
    switch (control) {
    case CC_ComboBox:
        switch (sub) {
        case SC_ComboBoxArrow: return visual(QRect(rect.right() - arrow - 6, rect.y(), arrow + 6, rect.height()));
        case SC_ComboBoxEditField: return visual(rect.adjusted(7, 2, -(arrow + 8), -2));
        case SC_ComboBoxFrame:
        case SC_ComboBoxListBoxPopup: return rect;
        default: break;
        }
        break;
    case CC_SpinBox: {
        const auto *spin = qstyleoption_cast<const QStyleOptionSpinBox *>(option);
        const bool buttons = !spin || spin->buttonSymbols != QAbstractSpinBox::NoButtons;
        const int width = buttons ? scaled(18) : 0;
        const int half = rect.height() / 2;
        switch (sub) {
        case SC_SpinBoxUp:
            return buttons ? visual(QRect(rect.right() - width, rect.y() + 1, width, half - 1)) : QRect();
        case SC_SpinBoxDown:
            return buttons ? visual(QRect(rect.right() - width, rect.y() + half, width, rect.height() - half - 1))
                           : QRect();
        case SC_SpinBoxEditField: return visual(rect.adjusted(5, 2, -width - 3, -2));
        case SC_SpinBoxFrame: return rect;
        default: break;
        }
        break;
    }
    case CC_ScrollBar:
        if (const auto *bar = qstyleoption_cast<const QStyleOptionSlider *>(option)) {
            const bool level = bar->orientation == Qt::Horizontal;
            const int length = level ? rect.width() : rect.height();
            int slider = length;
            if (bar->maximum != bar->minimum) {
                const qint64 range = qint64(bar->maximum) - bar->minimum;
                slider = static_cast<int>(qint64(bar->pageStep) * length / (range + bar->pageStep));
                slider = std::clamp(
                    slider, std::min(length, proxy()->pixelMetric(PM_ScrollBarSliderMin, option, widget)), length);
            }
            const int start = sliderPositionFromValue(bar->minimum, bar->maximum, bar->sliderPosition,
                                                      length - slider, bar->upsideDown);
            const auto part = [&](int from, int to) {
                return visual(level ? QRect(rect.x() + from, rect.y(), to - from, rect.height())
                                    : QRect(rect.x(), rect.y() + from, rect.width(), to - from));
            };
            switch (sub) {
            case SC_ScrollBarSubLine:
            case SC_ScrollBarAddLine: return {};
            case SC_ScrollBarGroove: return rect;
            case SC_ScrollBarSlider: return part(start, start + slider);
            case SC_ScrollBarSubPage: return part(0, start);
            case SC_ScrollBarAddPage: return part(start + slider, length);
            default: break;
            }
        }
        break;
    default: break;
    }
    return QProxyStyle::subControlRect(control, option, sub, widget);
}

QIcon Style::standardIcon(StandardPixmap which, const QStyleOption *option, const QWidget *widget) const
{
    switch (which) {
    case SP_LineEditClearButton:
    case SP_TitleBarCloseButton:
    case SP_DockWidgetCloseButton: return icon("close", Token::Text3);
    case SP_MessageBoxWarning: return icon("warning", Token::Warn);
    case SP_MessageBoxCritical: return icon("warning", Token::Bad);
    case SP_MessageBoxInformation:
    case SP_MessageBoxQuestion: return icon("info", Token::Accent);
    case SP_DirIcon:
    case SP_DirClosedIcon:
    case SP_DirOpenIcon: return icon("folder");
    case SP_FileIcon: return icon("file");
    case SP_ArrowUp:
    case SP_FileDialogToParent: return icon("up");
    case SP_ArrowDown: return icon("down");
    case SP_ArrowLeft:
    case SP_ArrowBack:
    case SP_FileDialogBack: return icon("left");
    case SP_ArrowRight:
    case SP_ArrowForward: return icon("right");
    case SP_FileDialogNewFolder: return icon("plus");
    case SP_FileDialogDetailedView: return icon("data");
    case SP_FileDialogListView: return icon("list");
    case SP_ToolBarHorizontalExtensionButton:
    case SP_ToolBarVerticalExtensionButton: return icon("more");
    default: break;
    }
    return QProxyStyle::standardIcon(which, option, widget);
}

} // namespace attune::ui
