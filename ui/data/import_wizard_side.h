#pragma once

#include "ui/data/import_wizard_plan.h"

#include <QPushButton>
#include <QWidget>

class QComboBox;
class QLabel;
class QVBoxLayout;

namespace attune::ui {

enum class ImportStep { Files, Columns, Check, Split };
inline constexpr int ImportSteps = 4;

/// One step of the way: its number in a ring, its name, and what stands there.
class StepButton final : public QPushButton {
    Q_OBJECT
public:
    StepButton(int number, const QString &name, QWidget *parent = nullptr);
    void setDetail(const QString &detail);
    void setDone(bool done);
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    int m_number;
    QString m_detail;
    bool m_done = false;
};

/// The left of the wizard: the steps, the files, and how they are read.
class ImportSide final : public QWidget {
    Q_OBJECT
public:
    explicit ImportSide(QWidget *parent = nullptr);
    void setStep(ImportStep step);
    void setDetail(ImportStep step, const QString &detail);
    void setReachable(bool beyondFiles);
    void setFiles(const ImportChoice &choice, const CheckedImport *checked);
    QComboBox *format() const { return m_format; }
    /// The choices as they are by default.
    void resetReading();

Q_SIGNALS:
    void stepAsked(attune::ui::ImportStep step);
    void addAsked();
    void removeAsked(int source);
    void formatChosen(attune::DataFormat format, bool byColumns);
    void encodingChosen(attune::TextEncoding encoding);
    void firstLineChosen(bool names);
    void closeAsked();

private:
    QComboBox *addReading(QVBoxLayout *to, const QString &label, const QString &objectName, const QString &name);

    QList<StepButton *> m_steps;
    QVBoxLayout *m_files;
    QComboBox *m_format = nullptr;
    QComboBox *m_encoding = nullptr;
    QComboBox *m_firstLine = nullptr;
    QLabel *m_sameColumns;
};

} // namespace attune::ui
