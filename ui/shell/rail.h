#pragma once

#include <QAbstractButton>
#include <QList>
#include <QWidget>

class QVBoxLayout;

namespace attune::ui {

/// One place of the rail: icon above its name, a mark at the icon's corner.
class RailButton final : public QAbstractButton {
    Q_OBJECT
public:
    RailButton(const QString &id, const QString &title, const char *icon, QWidget *parent = nullptr);
    const QString &id() const { return m_id; }
    void setMark(const QString &mark); ///< "", "dot", "!", "tick"
    const QString &mark() const { return m_mark; }
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    void enterEvent(QEnterEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void moveEvent(QMoveEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    QString m_id;
    const char *m_icon;
    QString m_mark;
};

/// The workspaces at the left edge, settings at its bottom. Up and Down walk it.
class Rail final : public QWidget {
    Q_OBJECT
public:
    explicit Rail(QWidget *parent = nullptr);
    RailButton *add(const QString &id, const QString &title, const char *icon, bool atBottom = false);
    void removeAllButBottom();
    void setCurrent(const QString &id);
    RailButton *button(const QString &id) const;

Q_SIGNALS:
    void chosen(const QString &id);

protected:
    void paintEvent(QPaintEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    QVBoxLayout *m_layout;
    QList<RailButton *> m_buttons;
    int m_atTop = 0;
};

} // namespace attune::ui
