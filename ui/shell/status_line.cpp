#include "ui/shell/status_line.h"

#include "ui/shell/bar_button.h"
#include "ui/shell/memory_meter.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QAccessible>
#include <QGraphicsOpacityEffect>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPainter>
#include <QPropertyAnimation>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr int Height = 28;
constexpr int ToastTime = 8000; // ms
constexpr int FadeTime = 120;   // ms

const char *iconOf(Tone tone)
{
    switch (tone) {
    case Tone::Ok:
        return "check";
    case Tone::Warn:
    case Tone::Bad:
        return "warning";
    case Tone::Neutral:
    case Tone::Accent:
        break;
    }
    return "info";
}

} // namespace

/// How much of a job is done; a moving piece where nobody knows.
class JobBar final : public QWidget {
public:
    JobBar() { setAccessibleName(StatusLine::tr("Progress")); }
    void setShare(double share)
    {
        m_share = share;
        update();
    }
    QSize sizeHint() const override { return {scaled(96), scaled(8)}; }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const QRectF track(0, height() / 2.0 - 3, width(), 6);
        painter.setPen(Qt::NoPen);
        painter.setBrush(color(Token::Hover));
        painter.drawRoundedRect(track, 2, 2);
        painter.setBrush(color(m_share < 0 ? Token::Edge : Token::Fill));
        const double share = m_share < 0 ? 1.0 : std::min(m_share, 1.0);
        painter.drawRoundedRect(QRectF(track.left(), track.top(), track.width() * share, track.height()), 2, 2);
    }

private:
    double m_share = -1;
};

StatusLine::StatusLine(QWidget *parent)
    : QWidget(parent), m_toastBox(new QWidget), m_icon(new QLabel), m_text(new QLabel),
      m_action(new KeyButton({}, KeyButton::Link)), m_jobs(new BarButton(nullptr)), m_jobBar(new JobBar),
      m_cancel(new KeyButton(tr("Cancel"), KeyButton::Link))
{
    setObjectName("statusLine");
    setAccessibleName(tr("Status line"));
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 0, 12, 0);
    layout->setSpacing(8);
    auto *toast = new QHBoxLayout(m_toastBox);
    toast->setContentsMargins(0, 0, 0, 0);
    toast->setSpacing(8);
    m_text->setObjectName("toastText");
    m_text->setTextInteractionFlags(Qt::NoTextInteraction);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setMinimumWidth(0);
    m_action->setObjectName("toastAction");
    m_action->setAccessibleName(tr("Act on the message"));
    toast->addWidget(m_icon);
    toast->addWidget(m_text);
    toast->addWidget(m_action);
    layout->addWidget(m_toastBox);
    layout->addStretch(1);
    m_jobs->setObjectName("jobs");
    m_jobs->setAccessibleName(tr("Background work"));
    m_jobs->setToolTip(tr("Background work: click to list it"));
    m_cancel->setObjectName("cancelJob");
    layout->addWidget(m_jobs);
    layout->addWidget(m_jobBar);
    layout->addWidget(m_cancel);
    layout->addSpacing(8);
    layout->addWidget(new MemoryMeter);

    m_toastBox->hide();
    m_gone.setSingleShot(true);
    connect(&m_gone, &QTimer::timeout, this, [this] { m_toastBox->hide(); });
    connect(m_action, &QAbstractButton::clicked, this, [this] {
        m_toastBox->hide();
        m_gone.stop();
        if (const auto act = m_toast.act)
            act();
    });
    connect(m_jobs, &QAbstractButton::clicked, this, &StatusLine::listJobs);
    connect(m_cancel, &QAbstractButton::clicked, this, [this] {
        const auto jobs = m_session ? m_session->jobs() : QList<JobState>();
        if (!jobs.isEmpty())
            m_session->cancelJob(jobs.last().id);
    });
    const auto fit = [this] {
        setFixedHeight(scaled(Height));
        m_text->setFont(ui::font(TextStyle::Small));
        if (m_toastBox->isVisible())
            m_icon->setPixmap(
                iconPixmap(iconOf(m_toast.tone), toneText(m_toast.tone), scaled(16), devicePixelRatioF()));
        update();
    };
    fit();
    connect(&Theme::instance(), &Theme::changed, this, fit);
    showJobs();
}

void StatusLine::setSession(Session *session)
{
    m_session = session;
    m_toast = {};
    m_toastBox->hide();
    m_gone.stop();
    if (session) {
        connect(session, &Session::toasted, this, &StatusLine::showToast);
        connect(session, &Session::jobsChanged, this, &StatusLine::showJobs);
    }
    showJobs();
}

void StatusLine::showToast(const Toast &toast)
{
    m_toast = toast;
    m_icon->setPixmap(iconPixmap(iconOf(toast.tone), toneText(toast.tone), scaled(16), devicePixelRatioF()));
    m_action->setVisible(!toast.action.isEmpty());
    m_action->setText(toast.action);
    m_action->setAccessibleName(toast.action.isEmpty() ? tr("Act on the message") : toast.action);
    m_action->setKey(toast.key);
    m_toastBox->show();
    m_text->setToolTip(toast.text);
    elide();
    fadeIn();
    // What went wrong stays until something else happens: it may need a second reading.
    if (toast.tone == Tone::Bad)
        m_gone.stop();
    else
        m_gone.start(ToastTime);
    m_text->setAccessibleName(toast.text);
    QAccessibleEvent alert(m_text, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
}

QString StatusLine::shownText() const
{
    return m_toastBox->isHidden() ? QString() : m_toast.text;
}

void StatusLine::elide()
{
    const int room = width() - scaled(m_session && !m_session->jobs().isEmpty() ? 620 : 340) -
                     (m_action->isHidden() ? 0 : m_action->sizeHint().width());
    m_text->setText(elided(oneLine(m_toast.text, 1000), m_text->fontMetrics(), std::max(room, scaled(120))));
}

void StatusLine::fadeIn()
{
    if (Theme::instance().reducedMotion())
        return;
    auto *effect = new QGraphicsOpacityEffect(m_toastBox);
    m_toastBox->setGraphicsEffect(effect); // the box owns it, and drops an earlier one
    auto *fade = new QPropertyAnimation(effect, "opacity", effect);
    fade->setDuration(FadeTime);
    fade->setStartValue(0.0);
    fade->setEndValue(1.0);
    connect(fade, &QAbstractAnimation::finished, m_toastBox, [box = m_toastBox] { box->setGraphicsEffect(nullptr); },
            Qt::QueuedConnection);
    fade->start();
}

void StatusLine::showJobs()
{
    const auto jobs = m_session ? m_session->jobs() : QList<JobState>();
    for (QWidget *widget :
         {static_cast<QWidget *>(m_jobs), static_cast<QWidget *>(m_jobBar), static_cast<QWidget *>(m_cancel)})
        widget->setVisible(!jobs.isEmpty());
    if (jobs.isEmpty())
        return;
    const JobState &job = jobs.last();
    const QString detail = oneLine(job.detail, 60);
    const QString title = jobs.size() == 1 ? job.title : tr("%1 and %2 more").arg(job.title).arg(jobs.size() - 1);
    m_jobs->setTexts(title, width() < scaled(900) ? QString() : detail);
    m_jobs->setAccessibleName(tr("Background work: %1 %2").arg(title, detail));
    m_jobBar->setShare(job.share);
    m_cancel->setAccessibleName(tr("Cancel %1").arg(job.title));
}

void StatusLine::listJobs()
{
    if (!m_session)
        return;
    QMenu menu;
    menu.setAccessibleName(tr("Background work"));
    for (const JobState &job : m_session->jobs()) {
        const QString share = job.share < 0 ? QString() : " · " + formatShare(job.share);
        connect(menu.addAction(tr("Cancel: %1%2").arg(job.title, share)), &QAction::triggered, m_session,
                [session = m_session, id = job.id] { session->cancelJob(id); });
    }
    menu.exec(m_jobs->mapToGlobal(QPoint(0, -menu.sizeHint().height())));
}

void StatusLine::resizeEvent(QResizeEvent *event)
{
    elide();
    QWidget::resizeEvent(event);
}

void StatusLine::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), color(Token::Window));
    drawLine(&painter, rect().topLeft(), rect().topRight());
}

} // namespace attune::ui
