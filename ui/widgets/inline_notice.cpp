#include "ui/widgets/inline_notice.h"

#include "ui/widgets/badge.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QAccessible>
#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace attune::ui {

namespace {

constexpr int Margin = 12;
constexpr int Spacing = 8;

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
    : QFrame(parent), m_tone(tone), m_icon(new QLabel), m_text(new QLabel), m_rows(new QVBoxLayout(this)),
      m_line(new QHBoxLayout), m_linkBox(new QWidget)
{
    m_rows->setContentsMargins(Margin, 3, Margin, 3);
    m_rows->setSpacing(0);
    m_rows->addLayout(m_line);
    m_line->setSpacing(Spacing);
    m_line->addWidget(m_icon);
    m_line->addWidget(m_text, 1);
    m_line->addWidget(m_linkBox);
    auto *links = new QHBoxLayout(m_linkBox);
    links->setContentsMargins(0, 0, 0, 0);
    links->setSpacing(Spacing);
    m_linkBox->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    m_linkBox->hide();
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
    placeLinks();
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
    placeLinks();
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
        link->setParent(nullptr); // nobody finds it among the new ones
        link->deleteLater();      // one of them may be the sender
    }
    m_links.clear();
    for (const auto &[text, act] : links) {
        auto *link = new NoticeLink(text, m_tone);
        connect(link, &QPushButton::clicked, this, [act = act] { act(); });
        m_linkBox->layout()->addWidget(link);
        m_links.append(link);
    }
    m_linkBox->setVisible(!links.isEmpty());
    placeLinks();
}

/// Beside the sentence, unless that would press it into a column.
void InlineNotice::placeLinks()
{
    constexpr int MostLines = 2;
    int links = 0;
    for (const QWidget *link : m_links)
        links += link->sizeHint().width() + Spacing;
    const int room = width() - 2 * Margin - scaled(16) - Spacing;
    const int words = QFontMetrics(ui::font(TextStyle::Small)).horizontalAdvance(m_text->text());
    // A line is seldom full: words are not cut.
    const bool below = links > 0 && words > (room - links) * MostLines * 9 / 10;
    const bool stacked = below && links - Spacing > width() - 2 * Margin;
    static_cast<QBoxLayout *>(m_linkBox->layout())
        ->setDirection(stacked ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    if (below == m_below)
        return;
    m_below = below;
    if (below) {
        m_line->removeWidget(m_linkBox);
        m_rows->addWidget(m_linkBox, 0, Qt::AlignRight);
    } else {
        m_rows->removeWidget(m_linkBox);
        m_line->addWidget(m_linkBox);
    }
    updateGeometry();
}

void InlineNotice::resizeEvent(QResizeEvent *event)
{
    QFrame::resizeEvent(event);
    placeLinks();
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
