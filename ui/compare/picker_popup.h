#pragma once

#include <QFrame>
#include <QVariant>

#include <functional>

class QLineEdit;
class QListView;
class QSortFilterProxyModel;
class QStandardItemModel;

namespace attune::ui {

struct PickerItem {
    QString text;
    QString detail;      ///< grey, at the right
    QVariant value;
    int mark = -2;       ///< as drawRunMark() takes it; -2: none
    QString why = {};    ///< why it can't be chosen; shown in place of the detail
    bool current = false;
};

/// A list with a search field that opens over its button: type to narrow it, arrows and Enter to choose.
class PickerPopup final : public QFrame {
    Q_OBJECT
public:
    explicit PickerPopup(const QString &name, QWidget *parent);
    void setItems(const QList<PickerItem> &items, const QString &empty);
    /// Below `anchor`, or above where there is no room.
    void popUp(QWidget *anchor, int width);
    QLineEdit *field() const { return m_field; }
    QListView *list() const { return m_list; }
    int count() const; ///< of what the search leaves

Q_SIGNALS:
    void chosen(const QVariant &value);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    void choose(const QModelIndex &index);
    void selectFirst();
    QLineEdit *m_field;
    QListView *m_list;
    QStandardItemModel *m_items;
    QSortFilterProxyModel *m_shown;
    QString m_empty;
};

} // namespace attune::ui
