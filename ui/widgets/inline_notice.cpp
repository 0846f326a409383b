#include "ui/widgets/inline_notice.h"

#include "ui/widgets/badge.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QAccessible>
#include <QHBoxLayout>
#include <QLabel>

namespace attune::ui {

namespace {

const char *iconOf(Tone tone)
{
    switch (tone) {
    case Tone::Ok: return "check";
    case Tone::Warn:
    case Tone::Bad: return "warning";
    case Tone::Neutral:
    case Tone::Accent: break;
    }
    return "info";
}

/// A link in the colour of its bar, underlined as it stands in a sentence.
class NoticeLink final : public QPushButton {
public:
    NoticeLink(const QString &text, Tone tone) : QPushButton(text), m_tone(tone)
    {
        setCursor(Qt::PointingHandCursor);
        setAutoDefault(false);
        setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    }
    void setTone(Tone tone)
    {
        m_tone = tone;
        update();
    }
    QSize sizeHint() const override
    {
        const QFontMetrics metrics(face());
        return {metrics.horizontalAdvance(text()) + 8, std::max(scaled(24), metrics.height() + 4)};
    }
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.setFont(face());
        painter.setPen(color(isEnabled() ? toneText(m_tone) : Token::Text3));
        painter.drawText(rect(), Qt::AlignCenter, text());
        if (hasFocus() && window()->testAttribute(Qt::WA_KeyboardFocusChange))
            drawFocusRing(&painter, rect(), 4, false);
    }

private:
    QFont face() const
    {
        QFont result = ui::font(TextStyle::Small);
        result.setWeight(QFont::DemiBold);
        result.setUnderline(true);
        return result;
    }
    Tone m_tone;
};

} // namespace

InlineNotice::InlineNotice(Tone tone, QWidget *parent)
    : QFrame(parent), m_tone(tone), m_icon(new QLabel), m_text(new QLabel), m_layout(new QHBoxLayout(this))
{
    m_layout->setContentsMargins(12, 3, 12, 3);
    m_layout->setSpacing(8);
    m_layout->addWidget(m_icon);
    m_layout->addWidget(m_text, 1);
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    setTextStyle(m_text, TextStyle::Small);
    refresh();
    connect(&Theme::instance(), &Theme::changed, this, &InlineNotice::refresh);
}

void InlineNotice::refresh()
{
    setMinimumHeight(scaled(32));
    m_icon->setPixmap(iconPixmap(iconOf(m_tone), toneText(m_tone), scaled(16), devicePixelRatioF()));
    setForeground(m_text, m_tone == Tone::Neutral || m_tone == Tone::Accent ? Token::Text : toneText(m_tone));
    for (QWidget *link : m_links)
        static_cast<NoticeLink *>(link)->setTone(m_tone);
    update();
}

void InlineNotice::setTone(Tone tone)
{
    if (tone == m_tone)
        return;
    m_tone = tone;
    refresh();
}

void InlineNotice::setText(const QString &text)
{
    if (text == m_text->text())
        return;
    m_text->setText(text);
    setAccessibleName(text);
    if (isVisible() && !text.isEmpty()) {
        QAccessibleEvent alert(this, QAccessible::Alert);
        QAccessible::updateAccessibility(&alert);
    }
}

QString InlineNotice::text() const
{
    return m_text->text();
}

void InlineNotice::setLinks(const Links &links)
{
    for (QWidget *link : m_links) {
        link->hide();
        link->deleteLater(); // one of them may be the sender
    }
    m_links.clear();
    for (const auto &[text, act] : links) {
        auto *link = new NoticeLink(text, m_tone);
        connect(link, &QPushButton::clicked, this, [act = act] { act(); });
        m_layout->addWidget(link);
        m_links.append(link);
    }
}

void InlineNotice::show(Tone tone, const QString &text, const Links &links)
{
    setTone(tone);
    setLinks(links);
    setVisible(!text.isEmpty());
    setText(text);
}

void InlineNotice::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), color(toneTint(m_tone)));
}

} // namespace attune::ui
