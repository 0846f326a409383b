#pragma once

#include <QWidget>

class QCheckBox;
class QComboBox;
class QHBoxLayout;
class QLabel;
class QLineEdit;

namespace attune {
struct SettingInfo;
}

namespace attune::ui {

class RunDraft;

/// The field of one setting, made from its line in the table: a box for yes and no, a list for choices, else a line
/// of text; what the table refuses, or finds odd, stands below it.
class SettingField final : public QWidget {
    Q_OBJECT
public:
    enum class Form {
        Plain,
        Labelled
    }; ///< Plain: widgets may stand beside it; Labelled: name left (above where it is long), default right
    SettingField(const SettingInfo &info, RunDraft &draft, Form form, QWidget *parent = nullptr);

    /// At the right of the control; the message stays below both, over the whole width.
    void addBeside(const QList<QWidget *> &widgets);

    QString key() const { return m_key; }
    bool matches(const QString &words) const; ///< of its name or its sentence
    QWidget *control() const;
    QString message() const; ///< the error or advice that is shown

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    QWidget *makeControl(const SettingInfo &info);
    void update();
    int controlNeeds() const;
    void fit();

    RunDraft &m_draft;
    QString m_key;
    QString m_help;
    QLineEdit *m_line = nullptr;
    QComboBox *m_choice = nullptr;
    QCheckBox *m_box = nullptr;
    QLabel *m_name = nullptr;
    QLabel *m_default = nullptr;
    QLabel *m_message;
    QHBoxLayout *m_row;
    Form m_form;
    bool m_stacked = false; ///< the name has a line of its own
};

} // namespace attune::ui
