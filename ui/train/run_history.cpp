#include "ui/train/run_history.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace attune::ui {
namespace {

constexpr int medianOver = 50;

QString tr(const char *text)
{
    return QCoreApplication::translate("attune::ui::RunHistory", text);
}

bool before(const QPointF &point, double x)
{
    return point.x() < x;
}

std::optional<Curve> curveOf(const std::string &name)
{
    if (name == "loss")
        return Curve::Loss;
    if (name == "learning_rate")
        return Curve::LearningRate;
    if (name == "grad_norm")
        return Curve::GradNorm;
    if (name == "tokens_per_second")
        return Curve::TokensPerSecond;
    if (name == "memory_gib")
        return Curve::Memory;
    return std::nullopt;
}

} // namespace

QString curveTitle(Curve curve)
{
    switch (curve) {
    case Curve::Loss: return tr("Loss");
    case Curve::LearningRate: return tr("Learning rate");
    case Curve::GradNorm: return tr("Gradient norm");
    case Curve::TokensPerSecond: return tr("Tokens/s");
    case Curve::Memory: return tr("Memory");
    case Curve::Count: break;
    }
    return {};
}

bool RunHistory::put(Points &points, qint64 step, double value)
{
    const auto x = static_cast<double>(step);
    if (points.isEmpty() || points.last().x() < x) {
        points.append({x, value});
        return true;
    }
    const auto at = std::lower_bound(points.begin(), points.end(), x, before);
    if (at != points.end() && at->x() == x) {
        const bool same = at->y() == value || (std::isnan(at->y()) && std::isnan(value));
        at->setY(value);
        return !same;
    }
    points.insert(at, {x, value});
    return true;
}

void RunHistory::putSeconds(qint64 step, double value)
{
    if (!put(m_stepSeconds, step, value))
        return;
    const auto from =
        std::lower_bound(m_stepSeconds.begin(), m_stepSeconds.end(), static_cast<double>(step), before) -
        m_stepSeconds.begin();
    m_elapsed.resize(m_stepSeconds.size());
    for (auto i = from; i < m_stepSeconds.size(); ++i)
        m_elapsed[i] = (i > 0 ? m_elapsed[i - 1] : 0) + m_stepSeconds[i].y();
}

bool RunHistory::add(std::span<const Metric> metrics)
{
    bool changed = false;
    const auto set = [&](qint64 &to, double value) {
        const auto whole = static_cast<qint64>(value);
        changed = changed || to != whole;
        to = whole;
    };
    for (const Metric &metric : metrics) {
        if (const auto curve = curveOf(metric.name)) {
            changed = put(m_curves[static_cast<std::size_t>(*curve)], metric.step, metric.value) || changed;
            m_lastStep = std::max<qint64>(m_lastStep, metric.step);
        } else if (metric.name == "validation_loss") {
            changed = put(m_validation, metric.step, metric.value) || changed;
        } else if (metric.name == "seconds") {
            putSeconds(metric.step, metric.value);
        } else if (metric.name == "total_steps") {
            set(m_totalSteps, metric.value);
        } else if (metric.name == "steps_per_epoch") {
            set(m_stepsPerEpoch, metric.value);
        }
    }
    if (changed)
        ++m_revision;
    return changed;
}

double RunHistory::secondsOf(double step) const
{
    const auto at = std::lower_bound(m_stepSeconds.begin(), m_stepSeconds.end(), step, before);
    if (m_stepSeconds.isEmpty())
        return 0;
    const auto index = std::min<qsizetype>(at - m_stepSeconds.begin(), m_elapsed.size() - 1);
    return at != m_stepSeconds.end() && at->x() > step && index == 0 ? 0 : m_elapsed[index];
}

std::optional<double> RunHistory::medianStepSeconds() const
{
    if (m_stepSeconds.isEmpty())
        return std::nullopt;
    QVector<double> last;
    for (auto i = std::max<qsizetype>(0, m_stepSeconds.size() - medianOver); i < m_stepSeconds.size(); ++i)
        last.append(m_stepSeconds[i].y());
    const auto middle = last.begin() + last.size() / 2;
    std::nth_element(last.begin(), middle, last.end());
    return *middle;
}

std::optional<double> RunHistory::meanStepSeconds() const
{
    if (m_stepSeconds.isEmpty())
        return std::nullopt;
    return seconds() / static_cast<double>(m_stepSeconds.size());
}

std::optional<double> RunHistory::secondsLeft() const
{
    const auto median = medianStepSeconds();
    if (!median || m_totalSteps <= 0)
        return std::nullopt;
    return *median * static_cast<double>(std::max<qint64>(0, m_totalSteps - m_lastStep));
}

std::optional<QPointF> RunHistory::best() const
{
    std::optional<QPointF> lowest;
    for (const QPointF &point : m_validation)
        if (std::isfinite(point.y()) && (!lowest || point.y() < lowest->y()))
            lowest = point;
    return lowest;
}

double RunHistory::xOf(double step, CurveAxis axis) const
{
    switch (axis) {
    case CurveAxis::Step: break;
    case CurveAxis::Epoch: return m_stepsPerEpoch > 0 ? epochOf(step) : step;
    case CurveAxis::Time: return secondsOf(step) / 60;
    }
    return step;
}

qint64 RunHistory::stepAt(double x, CurveAxis axis) const
{
    const Points &loss = curve(Curve::Loss);
    if (loss.isEmpty())
        return -1;
    const auto at = std::lower_bound(loss.begin(), loss.end(), x, [&](const QPointF &point, double value) {
        return xOf(point.x(), axis) < value;
    });
    auto nearest = at == loss.end() ? at - 1 : at;
    if (nearest != loss.begin() &&
        std::abs(xOf((nearest - 1)->x(), axis) - x) < std::abs(xOf(nearest->x(), axis) - x))
        --nearest;
    return static_cast<qint64>(nearest->x());
}

QVector<QPointF> smoothed(const QVector<QPointF> &points, double weight)
{
    if (weight <= 0)
        return points;
    QVector<QPointF> result;
    result.reserve(points.size());
    double mean = 0;
    double part = 1; // of the start value 0 that is still in the mean
    for (const QPointF &point : points) {
        if (!std::isfinite(point.y())) {
            result.append({point.x(), std::nan("")});
            continue;
        }
        mean = weight * mean + (1 - weight) * point.y();
        part *= weight;
        result.append({point.x(), mean / (1 - part)});
    }
    return result;
}

double percentile(const QVector<QPointF> &points, double share)
{
    QVector<double> values;
    values.reserve(points.size());
    for (const QPointF &point : points)
        if (std::isfinite(point.y()))
            values.append(point.y());
    if (values.isEmpty())
        return 0;
    const auto rank = static_cast<qsizetype>(std::ceil(share * static_cast<double>(values.size()))) - 1;
    const auto at = values.begin() + std::clamp<qsizetype>(rank, 0, values.size() - 1);
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

std::optional<double> valueAt(const QVector<QPointF> &points, double x)
{
    auto after = std::upper_bound(points.begin(), points.end(), x,
                                  [](double value, const QPointF &point) { return value < point.x(); });
    if (after == points.begin())
        return std::nullopt;
    return (after - 1)->y();
}

} // namespace attune::ui
