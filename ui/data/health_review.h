#pragma once

#include "core/studio/health.h"
#include "ui/session/session.h"

#include <QWidget>

class QLabel;
class QTextBrowser;

namespace attune::ui {

class EmptyState;
class KeyButton;

/// Rows that belong together, reviewed in pairs: the one to keep at the left, another at the right, their difference
/// marked. Merging keeps one, gives it the tags of all, and deletes the others, as one step. Of a leak, one row is
/// moved to the part of the other.
class HealthReview final : public QWidget {
    Q_OBJECT
public:
    explicit HealthReview(Session &session, QWidget *parent = nullptr);
    void load(ProblemKind kind); ///< Duplicate, NearDuplicate or Leak
    ProblemKind kind() const { return m_kind; }
    bool loaded() const { return m_loaded; }
    int groupCount() const { return static_cast<int>(m_groups.size()); }
    const std::vector<std::int64_t> &rows() const; ///< of the shown group
    void showGroup(int group);
    void keepOther(); ///< the row at the right is to be kept instead
    void merge();
    void moveRight(bool toLeftsPart);

Q_SIGNALS:
    void backAsked();
    void showRowsAsked(QList<qint64> ids, const QString &words);

protected:
    void keyPressEvent(QKeyEvent *event) override;

private:
    struct Side {
        QLabel *title = nullptr;
        QTextBrowser *text = nullptr;
    };
    Side addSide(QWidget *to, const char *name);
    void readPair();
    void showPair(const std::vector<StoredExample> &rows);
    void refreshButtons();

    Session &m_session;
    ProblemKind m_kind = ProblemKind::NearDuplicate;
    std::vector<DuplicateGroup> m_groups;
    int m_group = 0;
    std::size_t m_left = 0; ///< places in the group
    std::size_t m_right = 1;
    std::vector<StoredExample> m_pair;
    bool m_loaded = false;
    QLabel *m_title;
    KeyButton *m_previous;
    KeyButton *m_next;
    KeyButton *m_otherRow;
    KeyButton *m_swap;
    KeyButton *m_merge;
    KeyButton *m_moveRight;
    KeyButton *m_moveLeft;
    KeyButton *m_show;
    QWidget *m_content;
    EmptyState *m_none;
    Side m_leftSide;
    Side m_rightSide;
};

} // namespace attune::ui
