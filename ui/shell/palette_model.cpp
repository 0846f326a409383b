#include "ui/shell/palette_model.h"

namespace attune::ui {

void PaletteModel::setEntries(const QList<PaletteEntry> &entries)
{
    beginResetModel();
    m_entries = entries;
    endResetModel();
}

int PaletteModel::firstChoice() const
{
    for (int i = 0; i < m_entries.size(); ++i)
        if (m_entries[i].kind != PaletteEntry::Heading && m_entries[i].kind != PaletteEntry::Nothing)
            return i;
    return -1;
}

int PaletteModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_entries.size());
}

QVariant PaletteModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const PaletteEntry &entry = m_entries[index.row()];
    switch (role) {
    case Qt::DisplayRole:
        return entry.text;
    case Qt::AccessibleTextRole: {
        QStringList all{entry.text};
        for (const QString &more : {entry.detail, entry.key})
            if (!more.isEmpty())
                all.append(more);
        if (!entry.enabled)
            all.append(tr("not available"));
        return all.join(", ");
    }
    case KindRole:
        return entry.kind;
    default:
        return {};
    }
}

Qt::ItemFlags PaletteModel::flags(const QModelIndex &index) const
{
    if (!index.isValid())
        return Qt::NoItemFlags;
    const auto kind = m_entries[index.row()].kind;
    return kind == PaletteEntry::Heading || kind == PaletteEntry::Nothing ? Qt::NoItemFlags
                                                                          : Qt::ItemIsEnabled | Qt::ItemIsSelectable;
}

} // namespace attune::ui
