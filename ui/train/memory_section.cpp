#include "ui/train/memory_section.h"

#include "ui/widgets/badge.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/memory_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace attune::ui {
namespace {

using Part = attune::MemoryPart;

constexpr std::int64_t Least = 1 << 19; // what would read as 0 MiB is left out

QString bytes(std::int64_t count)
{
    return fromUtf8(bytesText(count));
}

/// The parts of the plan as the bar shows them: few enough to be told apart.
QList<MemoryPart> shownParts(const MemoryPlan &plan)
{
    struct Group {
        QString name;
        QColor color;
        std::initializer_list<Part> parts;
    };
    const Group groups[] = {
        {MemorySection::tr("Base model"), seriesColor(3), {Part::Weights, Part::Dequantised}},
        {MemorySection::tr("Adapter"), seriesColor(1), {Part::Adapter, Part::Optimizer}},
        {MemorySection::tr("Activations"), seriesColor(0), {Part::Activations, Part::Layer, Part::Attention}},
        {MemorySection::tr("Logits"), seriesColor(2), {Part::Head}},
        {MemorySection::tr("This program"), color(Token::Text3), {Part::Process}},
        {MemorySection::tr("Idle, files"), seriesColor(4), {Part::Loading, Part::Checkpoint, Part::Spare}},
    };
    QList<MemoryPart> shown;
    for (const Group &group : groups) {
        std::int64_t sum = 0;
        for (const Part part : group.parts)
            sum += plan.bytes(part);
        if (sum >= Least)
            shown.append({group.name, static_cast<double>(sum), group.color});
    }
    return shown;
}

/// Every part, as `attune plan` lists them.
QString allParts(const MemoryPlan &plan)
{
    QStringList lines;
    for (std::size_t i = 0; i < memoryParts; ++i)
        if (plan.parts[i] >= Least)
            lines += QStringLiteral("%1: %2").arg(fromUtf8(label(static_cast<Part>(i))), bytes(plan.parts[i]));
    return lines.join(QLatin1Char('\n'));
}

} // namespace

MemorySection::MemorySection(QWidget *parent)
    : QWidget(parent), m_badge(new Badge), m_figure(new QLabel), m_bar(new MemoryBar), m_legend(new MemoryLegend),
      m_basis(new QLabel), m_notice(new InlineNotice(Tone::Bad))
{
    setObjectName(QStringLiteral("memorySection"));
    auto *title = new QLabel(tr("Memory"));
    setTextStyle(title, TextStyle::Strong);
    m_badge->setObjectName(QStringLiteral("memoryFit"));
    m_figure->setObjectName(QStringLiteral("memoryNeed"));
    m_figure->setProperty("small", true);
    m_bar->setLimitWords(tr("%1 free"), tr("more than the %1 that are free"));
    m_basis->setObjectName(QStringLiteral("memoryBasis"));
    m_basis->setProperty("caption", true);
    m_basis->setWordWrap(true);
    m_notice->setObjectName(QStringLiteral("memoryNotice"));
    m_notice->hide();
    auto *head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(title);
    head->addWidget(m_badge);
    head->addStretch();
    head->addWidget(m_figure);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(8);
    layout->addLayout(head);
    layout->addWidget(m_bar);
    layout->addWidget(m_legend);
    layout->addWidget(m_basis);
    layout->addWidget(m_notice);
    followTheme(this, [this] { draw(); }); // the parts' colours are those of the theme
    showPlan(nullptr, {});
}

void MemorySection::draw()
{
    const bool known = m_plan.has_value();
    for (QWidget *widget : std::initializer_list<QWidget *>{m_badge, m_figure, m_bar, m_legend})
        widget->setVisible(known);
    if (!known)
        return;
    const auto parts = shownParts(m_plan->device().plan);
    m_bar->setParts(parts);
    m_legend->setParts(parts);
}

void MemorySection::showPlan(const Result<RunPlan> *plan, const TrainSettings &settings)
{
    m_plan = plan && *plan ? std::optional<RunPlan>(**plan) : std::nullopt;
    draw();
    if (!m_plan) {
        m_basis->setText(plan ? QString() : tr("Reading the rows"));
        m_basis->setVisible(!plan);
        m_notice->show(Tone::Bad, plan ? fromUtf8(plan->error().message) : QString());
        return;
    }
    const DevicePlan &device = m_plan->device();
    const QString need = bytes(device.plan.total());
    switch (device.fit) {
    case RunFit::Fits: m_badge->set(tr("fits, predicted"), Tone::Ok, "check"); break;
    case RunFit::Tight: m_badge->set(tr("tight, predicted"), Tone::Warn, "warning"); break;
    case RunFit::TooLarge: m_badge->set(tr("too large"), Tone::Bad, "forbidden"); break;
    }
    m_figure->setText(tr("<b>%1</b> of %2").arg(need, bytes(device.total)));
    m_figure->setToolTip(allParts(device.plan));
    m_bar->setTotal(static_cast<double>(device.total));
    m_bar->setSafeLimit(static_cast<double>(std::min(device.available, device.total)));
    const QString where = device.onGpu() ? fromUtf8(device.name) : tr("the processor");
    m_basis->setText(
        settings.packing
            ? tr("For %1 packed sequences of %2 tokens at once, on %3.")
                  .arg(formatCount(settings.per_device_train_batch_size), formatCount(settings.max_length), where)
        : settings.per_device_train_batch_size == 1
            ? tr("For the longest row, %1 tokens, on %2.").arg(formatCount(m_plan->rowLength), where)
            : tr("For %1 rows at once, the longest has %2 tokens, on %3.")
                  .arg(formatCount(settings.per_device_train_batch_size), formatCount(m_plan->rowLength), where));
    m_basis->show();
    InlineNotice::Links links;
    if (device.advice) {
        QStringList changes;
        for (const std::string &change : device.advice->changes)
            changes += fromUtf8(change);
        links.append({tr("Apply"), [this, changes] { Q_EMIT applyAsked(changes); }});
    }
    m_notice->show(device.fit == RunFit::TooLarge ? Tone::Bad : Tone::Warn, fromUtf8(device.trouble()), links);
}

QString MemorySection::sentence() const
{
    return m_notice->isHidden() ? QString() : m_notice->text();
}

} // namespace attune::ui
