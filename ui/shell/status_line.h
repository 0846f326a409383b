#pragma once

#include "ui/session/session.h"

#include <QTimer>
#include <QWidget>

class QLabel;

namespace attune::ui {

class BarButton;
class KeyButton;
class JobBar;

/// The line below: what just happened with its undo, background work with its Cancel, memory.
class StatusLine final : public QWidget {
    Q_OBJECT
public:
    explicit StatusLine(QWidget *parent = nullptr);
    void setSession(Session *session); ///< null: no project is open
    void showToast(const Toast &toast);
    QString shownText() const; ///< empty: no toast is shown

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void showJobs();
    void listJobs();
    void elide();
    void fadeIn();
    Session *m_session = nullptr;
    Toast m_toast;
    QWidget *m_toastBox;
    QLabel *m_icon;
    QLabel *m_text;
    KeyButton *m_action;
    BarButton *m_jobs;
    JobBar *m_jobBar;
    KeyButton *m_cancel;
    QTimer m_gone;
};

} // namespace attune::ui
