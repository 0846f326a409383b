#pragma once

#include "ui/widgets/tone.h"

#include <QFrame>
#include <QList>
#include <QPair>
#include <QString>

#include <functional>

class QHBoxLayout;
class QLabel;
class QVBoxLayout;

namespace attune::ui {

/// A bar of 32 px (more where its text wraps) with an icon, one sentence and links: an error in its place. Where it
/// is narrow the links stand below the sentence.
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
    void resizeEvent(QResizeEvent *event) override;

private:
    void refresh();
    void placeLinks();
    Tone m_tone;
    QLabel *m_icon;
    QLabel *m_text;
    QVBoxLayout *m_rows;
    QHBoxLayout *m_line;
    QWidget *m_linkBox;
    bool m_below = false;
    QList<QWidget *> m_links;
};

} // namespace attune::ui
