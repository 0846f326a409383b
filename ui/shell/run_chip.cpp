#include "ui/shell/run_chip.h"

#include "ui/widgets/format.h"
#include "ui/widgets/paint.h"

#include <QPainter>

#include <algorithm>
#include <utility>

namespace attune::ui {

namespace {

constexpr int Padding = 10;
constexpr int Gap = 7;
constexpr int MarkSize = 16;
constexpr int DotSize = 8;
constexpr int BarWidth = 56;

const char *markOf(RunStatus::State state)
{
    switch (state) {
    case RunStatus::Finished:
        return "check";
    case RunStatus::Stopped:
        return "square";
    case RunStatus::Failed:
        return "warning";
    case RunStatus::Interrupted:
        return "pause";
    case RunStatus::Running:
    case RunStatus::None:
        break;
    }
    return nullptr;
}

Token toneOf(RunStatus::State state)
{
    switch (state) {
    case RunStatus::Finished:
        return Token::Ok;
    case RunStatus::Failed:
        return Token::Bad;
    case RunStatus::Interrupted:
        return Token::Warn;
    case RunStatus::Running:
        return Token::Accent;
    case RunStatus::Stopped:
    case RunStatus::None:
        break;
    }
    return Token::Text2;
}

QString runTitle(const RunStatus &status)
{
    // "run-14" is the name that a run has where nobody gave it one.
    return status.name == QStringLiteral("run-%1").arg(status.run) ? RunChip::tr("Run %1").arg(status.run)
                                                                    : status.name;
}

} // namespace

RunChip::RunChip(QWidget *parent) : BarButton(nullptr, parent)
{
    setObjectName("runChip");
    setAccessibleName(tr("No run"));
    setFrame(true);
    hide();
}

void RunChip::setStatus(const RunStatus &status)
{
    // What ended before this window was there is no news.
    const bool ended = status.state != RunStatus::Running && status.state != RunStatus::Interrupted;
    if (m_first && ended)
        m_seen = status.run;
    else if (!ended && m_seen == status.run)
        m_seen = 0;
    m_first = status.state == RunStatus::None;
    m_status = status;
    setText(sentence());
    setAccessibleName(status.state == RunStatus::None ? tr("No run") : sentence());
    setToolTip(status.state == RunStatus::Failed ? status.error : sentence());
    setVisible(status.state != RunStatus::None && (m_seen != status.run || isPaused()));
    updateGeometry();
    update();
}

void RunChip::acknowledge()
{
    if (m_status.state == RunStatus::Running || m_status.state == RunStatus::None || isPaused())
        return;
    m_seen = m_status.run;
    hide();
}

void RunChip::setSaving(bool saving)
{
    if (std::exchange(m_saving, saving) != saving)
        setStatus(RunStatus(m_status));
}

void RunChip::setPaused(qint64 run)
{
    if (std::exchange(m_paused, run) != run)
        setStatus(RunStatus(m_status));
}

const char *RunChip::mark() const
{
    return isPaused() ? "pause" : markOf(m_status.state);
}

Token RunChip::tone() const
{
    return isPaused() ? Token::Accent : toneOf(m_status.state);
}

void RunChip::setShort(bool shortForm)
{
    if (m_short == shortForm)
        return;
    m_short = shortForm;
    updateGeometry();
    update();
}

bool RunChip::hasBar() const
{
    return m_status.steps > 0 && (m_status.state == RunStatus::Running || isPaused());
}

QString RunChip::sentence() const
{
    QString all;
    for (const bool before : {true, false})
        for (const Piece &piece : pieces(before))
            all += (all.isEmpty() ? "" : " ") + piece.text;
    return all;
}

QList<RunChip::Piece> RunChip::pieces(bool beforeBar) const
{
    QList<Piece> all;
    const bool running = m_status.state == RunStatus::Running;
    if (beforeBar) {
        all.append(
            {elided(runTitle(m_status), QFontMetrics(ui::font(TextStyle::Strong)), scaled(m_short ? 110 : 180)),
             TextStyle::Strong, Token::Text});
        const QString step = m_status.steps > 0 ? QStringLiteral("%1/%2").arg(m_status.step).arg(m_status.steps)
                                                : tr("step %1").arg(m_status.step);
        if (running || isPaused())
            all.append({step, TextStyle::Mono, Token::Text2});
        return all;
    }
    switch (m_status.state) {
    case RunStatus::Running:
        if (m_saving) {
            all.append({m_short ? tr("saving") : tr("saving checkpoint"), TextStyle::Body, Token::Text2});
            break;
        }
        if (m_short)
            break;
        if (m_status.loss) {
            all.append({tr("loss"), TextStyle::Body, Token::Text3});
            all.append({formatNumber(*m_status.loss, 2), TextStyle::Mono, Token::Text});
        }
        if (m_status.secondsLeft)
            all.append({tr("%1 left").arg(formatDuration(*m_status.secondsLeft)), TextStyle::Body, Token::Text2});
        break;
    case RunStatus::Finished:
        all.append({tr("finished"), TextStyle::Body, Token::Ok});
        break;
    case RunStatus::Stopped:
        if (isPaused())
            all.append({tr("paused"), TextStyle::Body, Token::Text2});
        else
            all.append({tr("stopped at step %1").arg(m_status.step), TextStyle::Body, Token::Text2});
        break;
    case RunStatus::Failed:
        all.append({tr("failed"), TextStyle::Body, Token::Bad});
        break;
    case RunStatus::Interrupted:
        all.append({tr("was interrupted"), TextStyle::Body, Token::Warn});
        break;
    case RunStatus::None:
        break;
    }
    return all;
}

QSize RunChip::sizeHint() const
{
    int width = 2 * scaled(Padding) + scaled(mark() ? MarkSize : DotSize);
    for (const bool before : {true, false})
        for (const Piece &piece : pieces(before))
            width += scaled(Gap) + textWidth(piece.text, piece.style);
    if (hasBar())
        width += scaled(Gap) + scaled(BarWidth);
    return {width, scaled(28)};
}

void RunChip::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    paintBack(&painter);
    const int middle = height() / 2;
    int x = scaled(Padding);
    if (const char *shown = mark()) {
        const int size = scaled(MarkSize);
        painter.drawPixmap(x, middle - size / 2, iconPixmap(shown, tone(), size, devicePixelRatioF()));
        x += size;
    } else {
        painter.setPen(Qt::NoPen);
        painter.setBrush(color(tone()));
        painter.drawEllipse(QRect(x, middle - scaled(DotSize) / 2, scaled(DotSize), scaled(DotSize)));
        x += scaled(DotSize);
    }
    const auto place = [&](const Piece &piece) {
        x += scaled(Gap);
        const int width = textWidth(piece.text, piece.style);
        drawText(&painter, QRect(x, 0, width + 1, height()), piece.text, piece.style, piece.token);
        x += width;
    };
    for (const Piece &piece : pieces(true))
        place(piece);
    if (hasBar()) {
        x += scaled(Gap);
        const double share =
            std::clamp(static_cast<double>(m_status.step) / static_cast<double>(m_status.steps), 0.0, 1.0);
        const QRectF track(x, middle - 2, scaled(BarWidth), 4);
        painter.setPen(Qt::NoPen);
        painter.setBrush(color(Token::Hover));
        painter.drawRoundedRect(track, 2, 2);
        painter.setBrush(color(Token::Fill));
        painter.drawRoundedRect(QRectF(track.left(), track.top(), track.width() * share, track.height()), 2, 2);
        x += scaled(BarWidth);
    }
    for (const Piece &piece : pieces(false))
        place(piece);
}

} // namespace attune::ui
