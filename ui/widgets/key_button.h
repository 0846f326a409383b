#pragma once

#include <QPushButton>
#include <QToolButton>

class QPainter;

namespace attune::ui {

/// A button that prints the key that does the same in a cap at its right. The key is only shown: the QAction or the
/// shortcut of the workspace makes it work.
class KeyButton final : public QPushButton {
    Q_OBJECT
public:
    enum Kind { Plain, Primary, Ok, Bad, Warn, Flat, Link };
    explicit KeyButton(const QString &text, Kind kind = Plain, const char *icon = nullptr, const QString &key = {},
                       QWidget *parent = nullptr);
    void setKey(const QString &key); ///< "a", "Ctrl ↵"; empty: no cap
    QString key() const { return m_key; }
    void setKind(Kind kind);
    Kind kind() const { return m_kind; }
    void setIconName(const char *icon);
    void setDense(bool dense); ///< less room around text and cap, for bars of many
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void enterEvent(QEnterEvent *event) override;
    void leaveEvent(QEvent *event) override;

private:
    int edge() const;
    int space() const;
    Kind m_kind;
    const char *m_icon;
    QString m_key;
    bool m_dense = false;
};

/// A shortcut as a cap prints it: "Ctrl Shift N", "Ctrl +", "Ctrl ↵".
QString keyText(const QKeySequence &key);
/// Draws the cap of a key, right-aligned in `area`, vertically centred. Returns its width. `onFill`: on the accent
/// fill.
int drawKeyCap(QPainter *painter, const QRect &area, const QString &key, bool onFill = false);
int keyCapWidth(const QString &key);

/// A square button of an icon alone, 28 px. `name` says what it does: accessible name and tool tip.
class IconButton final : public QToolButton {
    Q_OBJECT
public:
    IconButton(const char *icon, const QString &name, QWidget *parent = nullptr);
    void setIconName(const char *icon);
    void setName(const QString &name);
    QSize sizeHint() const override;

private:
    void refresh();
    const char *m_icon;
};

} // namespace attune::ui
