#pragma once

#include "ui/session/session.h"
#include "ui/shell/palette_model.h"

#include <QFrame>

class QLineEdit;
class QListView;

namespace attune::ui {

class ActionBook;

/// Ctrl+K: every action, run and row by a few letters. `>` actions only, `#` rows, `@` runs, `?` help.
class CommandPalette final : public QFrame {
    Q_OBJECT
public:
    CommandPalette(ActionBook &book, QWidget *window);
    void setSession(Session *session) { m_session = session; }
    void openWith(const QString &typed = {});
    const PaletteModel &model() const { return *m_model; }

Q_SIGNALS:
    void runChosen(qint64 run);
    void rowChosen(qint64 row);

protected:
    void paintEvent(QPaintEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    struct Found {
        QList<PaletteEntry> runs;
        QList<PaletteEntry> rows;
    };
    void search();
    void askProject(const QString &words, bool runs, bool rows);
    void show(const QString &typed);
    QList<PaletteEntry> actionsFor(const QString &words) const;
    void choose(int row);
    void dismiss(bool giveBack);
    void move(int step);
    void place();
    ActionBook &m_book;
    Session *m_session = nullptr;
    QLineEdit *m_field;
    QListView *m_list;
    PaletteModel *m_model;
    Found m_found;
    QPointer<QWidget> m_before; ///< had the focus
};

} // namespace attune::ui
