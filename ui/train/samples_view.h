#pragma once

#include "core/studio/run_samples.h"

#include <QWidget>

class QLabel;
class QStandardItemModel;
class QTableView;

namespace attune::ui {

/// What the model said to the fixed prompts, from step 0 on. As many steps as fit: the first and the last ones; a row
/// opens all of them.
class SamplesView final : public QWidget {
    Q_OBJECT
public:
    explicit SamplesView(QWidget *parent = nullptr);
    void setSamples(const std::vector<SamplesOfStep> &samples, const QString &whyNone);
    const std::vector<SamplesOfStep> &samples() const { return m_samples; }

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void fill();
    void openRow(int row);
    std::vector<SamplesOfStep> m_samples;
    QStandardItemModel *m_model;
    QTableView *m_table;
    QLabel *m_none;
    int m_columns = 0;
};

} // namespace attune::ui
