#pragma once

#include "core/base/result.h"
#include "core/studio/run_plan.h"

#include <QWidget>

#include <optional>

class QLabel;

namespace attune::ui {

class Badge;
class InlineNotice;
class MemoryBar;
class MemoryLegend;

/// Of the form of a new run: the memory that it will need, by part, beside what there is, and what to change where
/// that is too little.
class MemorySection final : public QWidget {
    Q_OBJECT
public:
    explicit MemorySection(QWidget *parent = nullptr);
    /// Null: it is being found out.
    void showPlan(const Result<RunPlan> *plan, const TrainSettings &settings);
    QString sentence() const; ///< of the notice; empty: it fits

Q_SIGNALS:
    void applyAsked(const QStringList &changes); ///< "key=value"

private:
    void draw();
    std::optional<RunPlan> m_plan;
    Badge *m_badge;
    QLabel *m_figure;
    MemoryBar *m_bar;
    MemoryLegend *m_legend;
    QLabel *m_basis;
    InlineNotice *m_notice;
};

} // namespace attune::ui
