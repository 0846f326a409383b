#pragma once

#include "core/data/example.h"
#include "ui/data/editor_keys.h"

#include <QStackedWidget>

class QLabel;

namespace attune::ui {

class KeyButton;
class StarsButton;

/// The keys of the moment, printed on buttons: those that judge a row, or, while somebody types, those that end it.
class EditorActionBar final : public QStackedWidget {
    Q_OBJECT
public:
    EditorActionBar(const EditorKeys &keys, QWidget *parent = nullptr);
    void setTyping(bool typing);
    /// `rows`: on how many the keys act; then they say so.
    void showLabels(LabelState state, int rating, std::int64_t rows = 1);
    void setLabelsEnabled(bool enabled, const QString &why = {});
    QSize minimumSizeHint() const override;
    QSize sizeHint() const override;

Q_SIGNALS:
    void rated(int rating);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    KeyButton *button(QWidget *page, EditorKeys::Key key, const QString &text, int kind, const char *icon,
                      const QString &cap);
    void fit();

    const EditorKeys &m_keys;
    KeyButton *m_approve = nullptr;
    KeyButton *m_reject = nullptr;
    KeyButton *m_flag = nullptr;
    StarsButton *m_stars = nullptr;
    KeyButton *m_edit = nullptr;
    KeyButton *m_undo = nullptr;
    KeyButton *m_previous = nullptr;
    KeyButton *m_next = nullptr;
    QLabel *m_waiting = nullptr;
    QString m_approveWord;
    QString m_rejectWord;
    QString m_flagWord;
};

} // namespace attune::ui
