#pragma once

#include "ui/data/data_query.h"

#include <QWidget>

namespace attune::ui {

/// The facets as 40 px of icons, where the window is narrow; each opens them over the content.
class FacetsStrip final : public QWidget {
    Q_OBJECT
public:
    explicit FacetsStrip(QWidget *parent = nullptr);

Q_SIGNALS:
    void searchAsked();
    void facetAsked(attune::ui::Facet facet);

protected:
    void paintEvent(QPaintEvent *event) override;
};

} // namespace attune::ui
