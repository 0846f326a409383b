#pragma once

#include "ui/widgets/panel_header.h"

#include <QWidget>

class QLabel;
class QVBoxLayout;

namespace attune::ui {

/// A page that takes the editor's place for a while: health, versions, split, find and replace. Esc and the cross
/// lead back.
class SidePanel : public QWidget {
    Q_OBJECT
public:
    SidePanel(const QString &title, const char *name, QWidget *parent = nullptr);
    PanelHeader *header() const { return m_header; }
    virtual void opened() {} ///< it came into sight: what it shows is read anew

Q_SIGNALS:
    void closed();

protected:
    QVBoxLayout *body() const { return m_body; }
    void addToHeader(QWidget *widget); ///< left of the cross
    QLabel *addSection(const QString &title, QVBoxLayout *to = nullptr);
    QLabel *caption(const QString &text);
    void keyPressEvent(QKeyEvent *event) override;

private:
    PanelHeader *m_header;
    QVBoxLayout *m_body;
    QWidget *m_close;
};

} // namespace attune::ui
