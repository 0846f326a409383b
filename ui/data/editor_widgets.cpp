#include "ui/data/editor_widgets.h"

#include "ui/theme/theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"
#include "ui/widgets/segmented_control.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>

namespace attune::ui {

// --- titles ---

CardTitle::CardTitle(const QString &text, QWidget *parent) : QLabel(text, parent)
{
    setForeground(this, Token::Text2);
    const auto applyFont = [this] {
        QFont f = ui::font(TextStyle::Small);
        f.setWeight(QFont::DemiBold);
        setFont(f);
    };
    applyFont();
    connect(&Theme::instance(), &Theme::changed, this, applyFont);
}

OneLine::OneLine(QWidget *parent) : QLabel(parent)
{
    setTextFormat(Qt::PlainText);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
}

QSize OneLine::sizeHint() const
{
    return {fontMetrics().horizontalAdvance(text()) + 1, fontMetrics().height()};
}

QSize OneLine::minimumSizeHint() const
{
    return {0, fontMetrics().height()};
}

void OneLine::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(rect(), static_cast<int>(alignment() | Qt::AlignVCenter),
                     fontMetrics().elidedText(text(), Qt::ElideRight, width()));
}

// --- the shared system turn ---

ShareChoice::ShareChoice(QWidget *parent)
    : QWidget(parent), m_words(new QLabel(tr("Change it in"))),
      m_choice(new SegmentedControl({tr("this row"), tr("all rows")}))
{
    setObjectName(QStringLiteral("shareChoice"));
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 2, 0, 4);
    layout->setSpacing(8);
    m_words->setProperty("caption", true);
    m_choice->setAccessibleName(tr("Where the system turn changes"));
    layout->addWidget(m_words);
    layout->addWidget(m_choice);
    layout->addStretch();
    connect(m_choice, &SegmentedControl::changed, this, [this](int index) {
        if (!m_resetting)
            Q_EMIT chosen(index == 1);
    });
}

void ShareChoice::setRows(std::int64_t rows)
{
    m_choice->setText(1, tr("all %1 rows that share it").arg(formatCount(rows)));
}

bool ShareChoice::all() const
{
    return m_choice->current() == 1;
}

void ShareChoice::reset()
{
    m_resetting = true;
    m_choice->setCurrent(0);
    m_resetting = false;
}

// --- stars ---

StarsButton::StarsButton(QWidget *parent) : QAbstractButton(parent)
{
    setObjectName(QStringLiteral("stars"));
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed); // narrower, its key would lie over the star
    setRating(0);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void StarsButton::setRating(int rating)
{
    m_rating = rating;
    setAccessibleName(rating == 0 ? tr("Rating: none") : tr("Rating: %1 of 5").arg(rating));
    setToolTip(tr("Rate it with the keys 1 to 5; the same key again takes the rating away"));
    update();
}

void StarsButton::setCompact(bool compact)
{
    if (m_compact == compact)
        return;
    m_compact = compact;
    updateGeometry();
    update();
}

QSize StarsButton::sizeHint() const
{
    const int stars = m_compact ? scaled(16) + textWidth(QStringLiteral("5"), TextStyle::Body) + 4 : starsWidth();
    return {stars + 6 + keyCapWidth(QStringLiteral("1–5")) + 8, scaled(32)};
}

void StarsButton::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    QRect area = rect().adjusted(4, 0, -4, 0);
    if (m_compact) {
        const int size = scaled(16);
        painter.drawPixmap(
            area.left(), area.center().y() - size / 2,
            iconPixmap(m_rating > 0 ? "star-filled" : "star", Token::Text2, size, devicePixelRatioF()));
        drawText(&painter, area.adjusted(size + 4, 0, 0, 0), m_rating > 0 ? QString::number(m_rating) : QString(),
                 TextStyle::Body, Token::Text2);
    } else {
        drawStars(&painter, QRect(area.left(), area.top(), starsWidth(), area.height()), m_rating);
    }
    drawKeyCap(&painter, area, QStringLiteral("1–5"));
    if (hasFocus())
        drawFocusRing(&painter, rect(), 6, false);
}

void StarsButton::mouseReleaseEvent(QMouseEvent *event)
{
    const double at = event->position().x() - 4;
    if (rect().contains(event->position().toPoint()) && event->button() == Qt::LeftButton && !m_compact &&
        at < starsWidth())
        Q_EMIT rated(std::clamp(static_cast<int>(at * 5 / starsWidth()) + 1, 1, 5));
    QAbstractButton::mouseReleaseEvent(event);
}

void StarsButton::keyPressEvent(QKeyEvent *event)
{
    const int by = event->key() == Qt::Key_Right ? 1 : event->key() == Qt::Key_Left ? -1 : 0;
    if (by == 0)
        QAbstractButton::keyPressEvent(event);
    else if (const int rating = std::clamp(m_rating + by, 0, 5); rating != m_rating)
        Q_EMIT rated(rating);
}

// --- legend ---

namespace {
constexpr auto Sample = "abc";
constexpr int LegendGap = 10;
} // namespace

TokenLegend::TokenLegend(QWidget *parent) : QWidget(parent)
{
    setObjectName(QStringLiteral("tokenLegend"));
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void TokenLegend::setCounts(std::int64_t trained, std::int64_t masked, std::int64_t cut)
{
    m_trained = trained;
    m_masked = masked;
    m_cut = cut;
    setAccessibleName(words(true).join(QStringLiteral(", ")));
    setToolTip(accessibleName());
    updateGeometry();
    update();
}

QStringList TokenLegend::words(bool withNames) const
{
    if (!withNames)
        return {formatCount(m_trained), formatCount(m_masked), formatCount(m_cut)};
    return {tr("trained %1").arg(formatCount(m_trained)), tr("masked %1").arg(formatCount(m_masked)),
            tr("cut %1").arg(formatCount(m_cut))};
}

int TokenLegend::widthOf(const QStringList &texts) const
{
    const int sample = textWidth(QLatin1String(Sample), TextStyle::Mono) + 4;
    int wide = 0;
    for (const QString &text : texts)
        wide += sample + 4 + textWidth(text, TextStyle::Small) + LegendGap;
    return wide;
}

QSize TokenLegend::sizeHint() const
{
    return {widthOf(words(true)), scaled(20)};
}

QSize TokenLegend::minimumSizeHint() const
{
    return {widthOf(words(false)), scaled(20)};
}

void TokenLegend::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const QStringList texts = words(width() >= sizeHint().width());
    const QFont mono = ui::font(TextStyle::Mono);
    const int sampleWidth = textWidth(QLatin1String(Sample), TextStyle::Mono);
    int right = width();
    for (int i = 2; i >= 0; --i) {
        const int wide = textWidth(texts[i], TextStyle::Small);
        drawText(&painter, QRect(right - wide, 0, wide, height()), texts[i], TextStyle::Small,
                 i == 2 && m_cut > 0 ? Token::Warn : Token::Text2);
        right -= wide + 4;
        const QRect box(right - sampleWidth - 4, (height() - scaled(18)) / 2, sampleWidth + 4, scaled(18));
        painter.setFont(mono);
        if (i == 0) {
            painter.fillRect(box, color(Token::Trained));
            painter.fillRect(box.left(), box.bottom() - 1, box.width(), 2, color(Token::TrainedLine));
        } else if (i == 2) {
            painter.fillRect(box, color(Token::WarnTint));
        }
        painter.setPen(color(i == 0 ? Token::Text : i == 1 ? Token::Text3 : Token::Warn));
        painter.drawText(box, Qt::AlignCenter, QLatin1String(Sample));
        if (i == 2)
            painter.drawLine(box.left() + 1, box.center().y() + 1, box.right() - 1, box.center().y() + 1);
        right = box.left() - LegendGap;
    }
}

} // namespace attune::ui
