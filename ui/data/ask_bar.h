#pragma once

#include <QFrame>
#include <QPointer>

#include <functional>

class QLabel;
class QLineEdit;
class QStringListModel;

namespace attune::ui {

class KeyButton;

/// Asks for a word in its place, not in a box: a name for a view, a tag for the selected rows. Enter gives it, Esc
/// goes back to where the focus was.
class AskBar final : public QFrame {
    Q_OBJECT
public:
    explicit AskBar(QWidget *parent = nullptr);
    /// `known`: offered while typing. `given` is called once, with a text that is not empty.
    void ask(const QString &question, const QString &button, const QStringList &known,
             std::function<void(QString)> given, const QString &text = {});
    void cancel();
    QLineEdit *field() const { return m_field; }

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void give();
    QLabel *m_question;
    QLineEdit *m_field;
    KeyButton *m_button;
    QStringListModel *m_known;
    std::function<void(QString)> m_given;
    QPointer<QWidget> m_before;
};

} // namespace attune::ui
