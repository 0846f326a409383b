#pragma once

#include <QStyledItemDelegate>

namespace attune::ui {

class ExampleListModel;

/// A row of the list as a person reads it: state, first words of the prompt, the answer in mono, tokens with scissors
/// where the row is cut, its number. Two lines of 50 px, or one of 34 where the list is narrow.
class ExampleListDelegate final : public QStyledItemDelegate {
    Q_OBJECT
public:
    ExampleListDelegate(const ExampleListModel &model, QObject *parent);
    void setOneLine(bool oneLine) { m_oneLine = oneLine; }
    bool oneLine() const { return m_oneLine; }
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;

private:
    const ExampleListModel &m_model;
    bool m_oneLine = false;
};

/// The cells of the table: marks and badges instead of bare words, choices in place for state, split and rating.
class ExampleTableDelegate final : public QStyledItemDelegate {
    Q_OBJECT
public:
    ExampleTableDelegate(const ExampleListModel &model, QObject *parent);
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    QWidget *createEditor(QWidget *parent, const QStyleOptionViewItem &option,
                          const QModelIndex &index) const override;
    void setEditorData(QWidget *editor, const QModelIndex &index) const override;
    void setModelData(QWidget *editor, QAbstractItemModel *model, const QModelIndex &index) const override;
    void updateEditorGeometry(QWidget *editor, const QStyleOptionViewItem &option,
                              const QModelIndex &index) const override;

private:
    const ExampleListModel &m_model;
};

} // namespace attune::ui
