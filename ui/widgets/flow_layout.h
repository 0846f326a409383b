#pragma once

#include <QLayout>
#include <QList>

namespace attune::ui {

/// Items side by side at the size they ask for, in as many lines as the width needs: chips, badges, legends.
class FlowLayout final : public QLayout {
public:
    explicit FlowLayout(QWidget *parent = nullptr, int spacing = 8, int lineSpacing = 4);
    ~FlowLayout() override;
    void addItem(QLayoutItem *item) override;
    int count() const override;
    QLayoutItem *itemAt(int index) const override;
    QLayoutItem *takeAt(int index) override;
    Qt::Orientations expandingDirections() const override { return {}; }
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;
    QSize minimumSize() const override;
    QSize sizeHint() const override;
    void setGeometry(const QRect &area) override;
    /// A line with less in it is so high too, and what stands in it is centred in that.
    void setLineHeight(int height);
    void clear(); ///< deletes items and their widgets

private:
    int arrange(const QRect &area, bool apply) const;
    QList<QLayoutItem *> m_items;
    int m_spacing;
    int m_lineSpacing;
    int m_lineHeight = 0;
};

} // namespace attune::ui
