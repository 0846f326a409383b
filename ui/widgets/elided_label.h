#pragma once

#include <QLabel>

namespace attune::ui {

/// One line that ends in "…" where it does not fit; the whole text is then its tool tip. A label of Qt never shrinks.
class ElidedLabel final : public QLabel {
    Q_OBJECT
public:
    explicit ElidedLabel(const QString &text = {}, QWidget *parent = nullptr);
    void setElideMode(Qt::TextElideMode mode);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    bool event(QEvent *event) override;

private:
    bool fits() const;
    Qt::TextElideMode m_mode = Qt::ElideRight;
};

} // namespace attune::ui
