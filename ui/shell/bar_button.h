#pragma once

#include "ui/theme/theme.h"

#include <QAbstractButton>

namespace attune::ui {

/// A flat button of the bars: icon, a strong text, a grey one in mono, an arrow where it opens a menu.
class BarButton : public QAbstractButton {
    Q_OBJECT
public:
    explicit BarButton(const char *icon, QWidget *parent = nullptr);
    void setTexts(const QString &strong, const QString &grey = {});
    void setArrow(bool arrow);
    void setFrame(bool frame); ///< as a field
    void setBusy(bool busy);   ///< a dot in accent: something is being written
    void setLongest(int width); ///< of the strong text, in pixels at 100 %; more is elided
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent *event) override;
    void paintBack(QPainter *painter) const;
    void enterEvent(QEnterEvent *event) override;
    void leaveEvent(QEvent *event) override;

private:
    QString shownStrong() const;
    const char *m_icon;
    QString m_grey;
    bool m_arrow = false;
    bool m_frame = false;
    bool m_busy = false;
    int m_longest = 240;
};

/// Clicks on Enter too, as on Space.
class EnterClicks : public QObject {
    Q_OBJECT
public:
    explicit EnterClicks(QAbstractButton *button);
    bool eventFilter(QObject *watched, QEvent *event) override;
};

} // namespace attune::ui
