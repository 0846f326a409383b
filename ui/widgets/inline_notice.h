#pragma once

#include "ui/widgets/tone.h"

#include <QFrame>
#include <QList>
#include <QPair>
#include <QString>

#include <functional>

class QLabel;
class QHBoxLayout;

namespace attune::ui {

/// A bar of 32 px (more where its text wraps) with an icon, one sentence and links: an error in its place.
class InlineNotice final : public QFrame {
    Q_OBJECT
public:
    using Links = QList<QPair<QString, std::function<void()>>>;
    explicit InlineNotice(Tone tone = Tone::Warn, QWidget *parent = nullptr);
    void setTone(Tone tone);
    void setText(const QString &text); ///< announced to screen readers
    QString text() const;
    void setLinks(const Links &links);
    /// Text and links at once; an empty text hides the bar, any other shows it.
    void show(Tone tone, const QString &text, const Links &links = {});
    using QFrame::show;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void refresh();
    Tone m_tone;
    QLabel *m_icon;
    QLabel *m_text;
    QHBoxLayout *m_layout;
    QList<QWidget *> m_links;
};

} // namespace attune::ui
