#pragma once

#include "core/store/project.h"

#include <QPointF>
#include <QString>
#include <QVector>

#include <span>

namespace attune::ui {

/// What the horizontal axis counts.
enum class CurveAxis { Step, Epoch, Time };
/// Which curve of a run.
enum class Curve { Loss, LearningRate, GradNorm, TokensPerSecond, Memory, Count };
QString curveTitle(Curve curve);

/// Everything that the project file says of a run's course, ready to be drawn: values by step. Filled with what is
/// new only; a value that comes again replaces the old one.
class RunHistory {
public:
    using Points = QVector<QPointF>; ///< x: step

    /// As Project::metricsAfter() gives them. True where anything is other than before.
    bool add(std::span<const Metric> metrics);
    void clear() { *this = RunHistory(); }

    const Points &curve(Curve curve) const { return m_curves[static_cast<std::size_t>(curve)]; }
    const Points &validation() const { return m_validation; }
    qint64 lastStep() const { return m_lastStep; }       ///< 0: none yet
    qint64 totalSteps() const { return m_totalSteps; }   ///< 0: not known
    qint64 stepsPerEpoch() const { return m_stepsPerEpoch; }
    double secondsOf(double step) const;                 ///< computing time until then
    double seconds() const { return m_elapsed.isEmpty() ? 0 : m_elapsed.last(); }
    /// Median of the last 50 steps times the steps that are left; none before the first step.
    std::optional<double> secondsLeft() const;
    /// Of all steps: rows grouped by length make a median of some too short for a whole run.
    std::optional<double> meanStepSeconds() const;
    std::optional<QPointF> best() const;                 ///< lowest validation loss
    double epochOf(double step) const { return m_stepsPerEpoch > 0 ? step / double(m_stepsPerEpoch) : 0; }
    double xOf(double step, CurveAxis axis) const;
    /// The step that stands at x, whole; -1 where there is none.
    qint64 stepAt(double x, CurveAxis axis) const;
    qint64 revision() const { return m_revision; }       ///< another one after each change

private:
    std::optional<double> medianStepSeconds() const;
    static bool put(Points &points, qint64 step, double value);
    void putSeconds(qint64 step, double value);

    Points m_curves[static_cast<std::size_t>(Curve::Count)];
    Points m_validation;
    Points m_stepSeconds;
    QVector<double> m_elapsed; ///< by index in m_stepSeconds: the sum so far
    qint64 m_lastStep = 0;
    qint64 m_totalSteps = 0;
    qint64 m_stepsPerEpoch = 0;
    qint64 m_revision = 0;
};

/// Exponential moving average, corrected for its start at zero; `weight` of the past, 0 to 0.99. A value that is not
/// finite is passed over and leaves a gap.
QVector<QPointF> smoothed(const QVector<QPointF> &points, double weight);
/// The value under which `share` of the finite values lie; 0 where there are none.
double percentile(const QVector<QPointF> &points, double share);
/// The last value at or before `x`; none before the first.
std::optional<double> valueAt(const QVector<QPointF> &points, double x);

} // namespace attune::ui
