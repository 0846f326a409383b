#pragma once

#include "ui/theme/theme.h"
#include "ui/widgets/tone.h"

#include <QLabel>
#include <QPainter>

namespace attune::ui {

/// The colours that say a tone: its text, and the tint behind it.
Token toneText(Tone tone);
Token toneTint(Tone tone);

/// A short mark of 18 px: an icon (may be null) and always a word. Delegates paint it, other places use Badge.
QSize badgeSize(const QString &text, const char *icon = nullptr);
/// Left in `area`, in its vertical middle; a text wider than `area` is elided.
void drawBadge(QPainter *painter, const QRect &area, const QString &text, Tone tone, const char *icon = nullptr);

class Badge final : public QLabel {
    Q_OBJECT
public:
    explicit Badge(const QString &text = {}, Tone tone = Tone::Neutral, const char *icon = nullptr,
                   QWidget *parent = nullptr);
    void set(const QString &text, Tone tone, const char *icon = nullptr); ///< an empty text hides nothing by itself
    /// Underlined under the pointer, takes the focus, sends clicked() on click, Enter and Space.
    void setClickable(bool clickable);
    Tone tone() const { return m_tone; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void clicked();

protected:
    void paintEvent(QPaintEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void enterEvent(QEnterEvent *event) override;
    void leaveEvent(QEvent *event) override;

private:
    Tone m_tone;
    const char *m_icon;
    bool m_clickable = false;
};

} // namespace attune::ui
