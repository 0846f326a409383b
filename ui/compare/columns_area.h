#pragma once

#include <QList>
#include <QWidget>

class QTabBar;

namespace attune::ui {

/// Columns side by side, as many as have 280 px each. Where some don't fit, tabs above choose which are seen.
class ColumnsArea final : public QWidget {
    Q_OBJECT
public:
    explicit ColumnsArea(QWidget *parent = nullptr);
    void setColumns(const QList<QWidget *> &columns);
    void setNames(const QStringList &names); ///< of the tabs
    void bring(int column);                  ///< into view
    int shownCount() const;

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void arrange();
    QList<QWidget *> m_columns;
    QTabBar *m_tabs;
};

} // namespace attune::ui
