#pragma once

#include <QWidget>

#include <array>

class QLabel;

namespace attune::ui {

class SplitBar;

/// Where the rows would go: a bar, and below it the counts.
class ImportSplitView final : public QWidget {
    Q_OBJECT
public:
    explicit ImportSplitView(QWidget *parent = nullptr);
    /// Train, validation, test. `about`: reckoned from the shares, not counted.
    void setCounts(const std::array<std::int64_t, 3> &counts, bool about);
    QString words() const; ///< "train about 1,422, validation about 178, test about 178"

private:
    SplitBar *m_bar;
    std::array<QLabel *, 3> m_counts{};
};

} // namespace attune::ui
