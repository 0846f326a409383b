#include "ui/data/import_wizard_split.h"

#include "ui/theme/theme.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/paint.h"
#include "ui/widgets/split_bar.h"

#include <QLabel>
#include <QVBoxLayout>

namespace attune::ui {

namespace {

constexpr std::array Series{0, 2, 4}; // as SplitBar paints them

/// The square before a count that says which stretch of the bar it is.
class SeriesMark final : public QWidget {
public:
    explicit SeriesMark(int series) : m_series(series)
    {
        followTheme(this, [this] { setFixedSize(scaled(8), scaled(16)); });
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        fillRounded(&painter, QRect(0, (height() - width()) / 2, width(), width()), 2, seriesColor(m_series));
    }

private:
    int m_series;
};

} // namespace

ImportSplitView::ImportSplitView(QWidget *parent) : QWidget(parent), m_bar(new SplitBar)
{
    auto *legend = new QWidget;
    auto *flow = new FlowLayout(legend, scaled(12), scaled(2));
    flow->setContentsMargins(3, 0, 0, 0);
    for (std::size_t i = 0; i < m_counts.size(); ++i) {
        auto *entry = new QWidget;
        auto *layout = new QHBoxLayout(entry);
        layout->setContentsMargins(0, 0, 0, 0);
        layout->setSpacing(scaled(6));
        m_counts[i] = new QLabel;
        m_counts[i]->setProperty("small", true);
        layout->addWidget(new SeriesMark(Series[i]));
        layout->addWidget(m_counts[i]);
        flow->addWidget(entry);
    }
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(scaled(2));
    layout->addWidget(m_bar);
    layout->addWidget(legend);
}

void ImportSplitView::setCounts(const std::array<std::int64_t, 3> &counts, bool about)
{
    const QString names[] = {tr("train"), tr("validation"), tr("test")};
    m_bar->setCounts(counts[0], counts[1], counts[2]);
    for (std::size_t i = 0; i < m_counts.size(); ++i)
        m_counts[i]->setText((about && counts[i] > 0 ? tr("%1 about %2") : QStringLiteral("%1 %2"))
                                 .arg(names[i], formatCount(counts[i])));
}

QString ImportSplitView::words() const
{
    QStringList words;
    for (const QLabel *count : m_counts)
        words << count->text();
    return words.join(QStringLiteral(", "));
}

} // namespace attune::ui
