#pragma once

#include <QStringList>
#include <QWidget>

class QButtonGroup;
class QHBoxLayout;

namespace attune::ui {

/// Two to four choices of which one holds; Left and Right move it.
class SegmentedControl final : public QWidget {
    Q_OBJECT
public:
    explicit SegmentedControl(const QStringList &texts, QWidget *parent = nullptr);
    int current() const;
    void setCurrent(int index); ///< sends changed() where it is another
    int count() const;
    void setText(int index, const QString &text);
    void setSegmentEnabled(int index, bool enabled, const QString &why = {}); ///< `why`: its tool tip while off

Q_SIGNALS:
    void changed(int index);

protected:
    void paintEvent(QPaintEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    QButtonGroup *m_group;
    QHBoxLayout *m_layout;
};

} // namespace attune::ui
