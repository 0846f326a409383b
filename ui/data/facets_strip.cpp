#include "ui/data/facets_strip.h"

#include "ui/theme/theme.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QPainter>
#include <QVBoxLayout>

namespace attune::ui {

FacetsStrip::FacetsStrip(QWidget *parent) : QWidget(parent)
{
    setObjectName(QStringLiteral("facetStrip"));
    setAccessibleName(tr("Filters, folded"));
    setFixedWidth(scaled(40));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(scaled(6), scaled(8), scaled(6), scaled(8));
    layout->setSpacing(scaled(4));
    auto *search = new IconButton("search", tr("Search rows"));
    layout->addWidget(search);
    connect(search, &QToolButton::clicked, this, &FacetsStrip::searchAsked);
    const struct {
        Facet facet;
        const char *icon;
    } facets[] = {{Facet::Part, "split"},  {Facet::State, "check"}, {Facet::Problem, "warning"},
                  {Facet::Rating, "star"}, {Facet::Tag, "tag"},     {Facet::File, "file"}};
    for (const auto &[facet, iconName] : facets) {
        auto *button = new IconButton(iconName, tr("Filter by %1").arg(facetWord(facet).toLower()));
        layout->addWidget(button);
        connect(button, &QToolButton::clicked, this, [this, one = facet] { Q_EMIT facetAsked(one); });
    }
    layout->addStretch(1);
    connect(&Theme::instance(), &Theme::changed, this, [this] { setFixedWidth(scaled(40)); });
}

void FacetsStrip::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), color(Token::Sunken));
    drawLine(&painter, rect().topRight(), rect().bottomRight());
}

} // namespace attune::ui
