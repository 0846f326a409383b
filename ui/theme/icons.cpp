#include "ui/theme/theme.h"

#include <QFile>
#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPixmapCache>
#include <QScreen>
#include <QSvgRenderer>

#include <cmath>
#include <map>
#include <memory>

namespace attune::ui {

namespace {

/// Parsed once: a drawing is some hundred bytes of XML, but lists ask for it at every paint.
QSvgRenderer *rendererOf(const QByteArray &name)
{
    static std::map<QByteArray, std::unique_ptr<QSvgRenderer>> renderers;
    auto &renderer = renderers[name];
    if (!renderer) {
        renderer = std::make_unique<QSvgRenderer>();
        QFile file(QStringLiteral(":/attune/icons/%1.svg").arg(QLatin1String(name)));
        if (!file.open(QIODevice::ReadOnly) || !renderer->load(file.readAll()))
            qWarning("There is no icon \"%s\".", name.constData());
    }
    return renderer.get();
}

/// `side` in device pixels.
QPixmap tinted(const QByteArray &name, const QColor &tint, int side)
{
    const QString key = QStringLiteral("attune/%1/%2/%3")
                            .arg(QLatin1String(name), QString::number(tint.rgba(), 16), QString::number(side));
    QPixmap pixmap;
    if (QPixmapCache::find(key, &pixmap))
        return pixmap;
    pixmap = QPixmap(side, side);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    rendererOf(name)->render(&painter, QRectF(0, 0, side, side));
    painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
    painter.fillRect(pixmap.rect(), tint);
    painter.end();
    QPixmapCache::insert(key, pixmap);
    return pixmap;
}

class IconEngine final : public QIconEngine {
public:
    IconEngine(QByteArray name, Token token) : m_name(std::move(name)), m_token(token) {}

    void paint(QPainter *painter, const QRect &rect, QIcon::Mode mode, QIcon::State) override
    {
        const qreal ratio = painter->device() ? painter->device()->devicePixelRatioF() : 1;
        const int side = std::min(rect.width(), rect.height());
        QPixmap pixmap = tinted(m_name, tint(mode), static_cast<int>(std::lround(side * ratio)));
        pixmap.setDevicePixelRatio(ratio);
        painter->drawPixmap(rect.x() + (rect.width() - side) / 2, rect.y() + (rect.height() - side) / 2, pixmap);
    }
    QPixmap pixmap(const QSize &size, QIcon::Mode mode, QIcon::State) override
    {
        return tinted(m_name, tint(mode), std::min(size.width(), size.height()));
    }
    QPixmap scaledPixmap(const QSize &size, QIcon::Mode mode, QIcon::State state, qreal) override
    {
        return pixmap(size, mode, state);
    }
    QSize actualSize(const QSize &size, QIcon::Mode, QIcon::State) override
    {
        const int side = std::min(size.width(), size.height());
        return {side, side};
    }
    QIconEngine *clone() const override { return new IconEngine(m_name, m_token); }
    QString key() const override { return QStringLiteral("attune"); }
    QString iconName() override { return QLatin1String(m_name); }
    bool isNull() override { return m_name.isEmpty(); }

private:
    QColor tint(QIcon::Mode mode) const { return color(mode == QIcon::Disabled ? Token::Text3 : m_token); }
    QByteArray m_name;
    Token m_token;
};

} // namespace

QIcon icon(const char *name, Token token)
{
    return QIcon(new IconEngine(name, token));
}

QPixmap iconPixmap(const char *name, Token token, int size, qreal devicePixelRatio)
{
    QPixmap pixmap = tinted(name, color(token), static_cast<int>(std::lround(size * devicePixelRatio)));
    pixmap.setDevicePixelRatio(devicePixelRatio);
    return pixmap;
}

} // namespace attune::ui
