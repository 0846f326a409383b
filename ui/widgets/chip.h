#pragma once

#include "ui/widgets/tone.h"

#include <QToolButton>

namespace attune::ui {

/// A value that stands for itself: a filter that is on, a tag. A removable one has a cross at its right and goes on
/// click of that or on Del / Backspace; the rest of it is clicked() as any tool button, or opens its menu().
class Chip final : public QToolButton {
    Q_OBJECT
public:
    explicit Chip(const QString &text, bool removable = false, QWidget *parent = nullptr);
    void setRemovable(bool removable);
    void setTone(Tone tone); ///< Neutral by default; Accent for what is on
    void setIconName(const char *icon);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

Q_SIGNALS:
    void removed();

protected:
    void paintEvent(QPaintEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;

private:
    QRect crossRect() const;
    bool m_removable;
    Tone m_tone = Tone::Neutral;
    const char *m_icon = nullptr;
};

} // namespace attune::ui
