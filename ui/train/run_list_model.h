#pragma once

#include "ui/train/run_book.h"
#include "ui/widgets/tone.h"

#include <QAbstractListModel>

namespace attune::ui {

/// The runs as a list, newest first. The check box is the overlay, the edited text the name.
class RunListModel final : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role {
        IdRole = Qt::UserRole,
        TitleRole,
        StateRole,      ///< "running", with its mark in IconRole and what comes behind in StateDetailRole
        StateDetailRole,
        ToneRole,       ///< of the state, a Tone
        IconRole,
        BestRole,       ///< best validation loss, or a dash
        DeltaRole,
        DeltaToneRole,
        SlotRole,       ///< series of the overlay, -1: none
        CurveRole,      ///< QVector<QPointF>
        FailedRole,
    };
    explicit RunListModel(RunBook &book, QObject *parent = nullptr);

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    bool setData(const QModelIndex &index, const QVariant &value, int role) override;
    Qt::ItemFlags flags(const QModelIndex &index) const override;

    QModelIndex indexOf(qint64 id) const;
    void setFilter(const QString &words); ///< of name, number or tag
    int shownCount() const { return int(m_ids.size()); }

Q_SIGNALS:
    void renameRefused(const QString &why);
    void overlaysFull(qint64 wanted);

private:
    void update();
    void historyChanged(qint64 id);
    bool matches(const RunEntry &entry) const;
    QString sentence(const RunEntry &entry) const;

    RunBook &m_book;
    QList<qint64> m_ids;
    QString m_filter;
};

/// The state of a run in words: "running", "412 of 640", its tone and icon.
struct RunStateText {
    QString state;
    QString detail;
    Tone tone = Tone::Neutral;
    const char *icon = nullptr; ///< null: a dot
};
RunStateText stateText(const RunEntry &entry, bool baseline);

} // namespace attune::ui
