#pragma once

#include <QLabel>
#include <QWidget>

class QHBoxLayout;

namespace attune::ui {

/// The head of a panel: 44 px, title and grey caption at the left, controls at the right, a line below.
class PanelHeader final : public QWidget {
    Q_OBJECT
public:
    explicit PanelHeader(const QString &title = {}, QWidget *parent = nullptr);
    void setTitle(const QString &title);
    QString title() const;
    void setCaption(const QString &caption); ///< grey, behind the title: "14 of 1,750"
    void addWidget(QWidget *widget);         ///< at the right, in the order of the calls
    void addLeft(QWidget *widget);           ///< behind the caption
    QLabel *captionLabel() const { return m_caption; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void applySize();
    void keepTitle();
    QLabel *m_title;
    QLabel *m_caption;
    QHBoxLayout *m_left;
    QHBoxLayout *m_right;
};

} // namespace attune::ui
