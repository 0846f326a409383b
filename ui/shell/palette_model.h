#pragma once

#include <QAbstractListModel>
#include <QAction>
#include <QPointer>

namespace attune::ui {

struct PaletteEntry {
    enum Kind { Heading, Action, Run, Row, Hint, Nothing } kind = Nothing;
    QString text;
    QString detail;  ///< grey, right of the text: the menu, the state, the answer
    QString key;     ///< in a cap at the right
    bool enabled = true;
    QPointer<QAction> action = {};
    qint64 id = 0;   ///< of a run or row
};

/// The lines of the palette. Headings can't be chosen; a disabled action can, and then says why it does nothing.
class PaletteModel final : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role { EntryRole = Qt::UserRole, KindRole };
    using QAbstractListModel::QAbstractListModel;
    void setEntries(const QList<PaletteEntry> &entries);
    const PaletteEntry &entry(int row) const { return m_entries[row]; }
    int firstChoice() const; ///< -1: none
    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    Qt::ItemFlags flags(const QModelIndex &index) const override;

private:
    QList<PaletteEntry> m_entries;
};

} // namespace attune::ui
