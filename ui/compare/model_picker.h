#pragma once

#include "ui/compare/compare_words.h"

#include <QToolButton>

namespace attune::ui {

class PickerPopup;

/// The head of a column: who answers in it, and at a click who else could.
class ModelPicker final : public QToolButton {
    Q_OBJECT
public:
    explicit ModelPicker(int column, QWidget *parent = nullptr);
    /// `series`: of the disc; -1: the base's square. `fingerprint`: of the base that the other columns are bound to;
    /// empty: any run fits.
    void show(const std::optional<Answerer> &answerer, const AnswererChoices &choices, int series,
              const std::string &fingerprint);
    using QToolButton::show;
    void openPopup();
    PickerPopup *popup() const { return m_popup; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void chosen(const attune::Answerer &answerer);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    int m_column;
    std::optional<Answerer> m_answerer;
    AnswererChoices m_choices;
    std::string m_fingerprint;
    int m_series = -1;
    QString m_name;
    QString m_detail;
    PickerPopup *m_popup;
};

} // namespace attune::ui
