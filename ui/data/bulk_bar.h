#pragma once

#include <QFrame>

class QLabel;

namespace attune::ui {

/// What can be done with all selected rows at once; shown while more than one is selected. The keys a x f 1-5 do the
/// same. The actions belong to the workspace.
class BulkBar final : public QFrame {
    Q_OBJECT
public:
    explicit BulkBar(QWidget *parent = nullptr);
    void setCount(qint64 rows); ///< one or none: hidden

Q_SIGNALS:
    void stateChosen(int state);
    void partChosen(int part); ///< -1: none
    void tagAsked();
    void replaceAsked();
    void deleteAsked();
    void clearAsked();

private:
    QLabel *m_count;
};

} // namespace attune::ui
