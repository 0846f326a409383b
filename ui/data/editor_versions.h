#pragma once

#include "core/store/labelling.h"
#include "ui/session/session.h"

#include <QStyledItemDelegate>
#include <QWidget>

class QLabel;
class QListWidget;
class QTextEdit;

namespace attune::ui {

class KeyButton;
class PanelHeader;

/// A line of a list of versions: what it is, and when and how much below it.
class VersionDelegate final : public QStyledItemDelegate {
    Q_OBJECT
public:
    static constexpr int TimeRole = Qt::UserRole + 1;
    using QStyledItemDelegate::QStyledItemDelegate;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

/// Every state that a row has been in, beside the row: what differs from now, and the way back.
class VersionPanel final : public QWidget {
    Q_OBJECT
public:
    explicit VersionPanel(Session &session, QWidget *parent = nullptr);
    void showRow(std::int64_t id); ///< reads its history; the chosen version stays chosen
    void step(int by);             ///< to an older (-1) or newer version
    /// What two hold who changed the row at once, in place of the versions' differences.
    void compare(const std::vector<Message> &theirs, const std::vector<Message> &mine);
    std::int64_t chosen() const;   ///< 0: the row as it is, or none
    QListWidget *list() const { return m_list; }

Q_SIGNALS:
    void restoreAsked(std::int64_t version);
    void closed();

private:
    void showVersions(std::vector<ExampleVersion> versions);
    void showChosen();
    void say(const QString &sentence);
    void showDiffOf(const QString &before, const QString &after);

    Session &m_session;
    std::int64_t m_id = 0;
    std::vector<ExampleVersion> m_versions; ///< oldest first
    bool m_comparing = false;
    int m_step = 0; ///< asked for before the versions were there
    QLabel *m_caption;
    QListWidget *m_list;
    QLabel *m_labels;
    QTextEdit *m_diff;
    KeyButton *m_restore;
};

/// A conversation as one text, for a word diff.
QString turnsText(const std::vector<Message> &turns);

} // namespace attune::ui
