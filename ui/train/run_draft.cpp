#include "ui/train/run_draft.h"

#include "core/train/advice.h"
#include "ui/widgets/format.h"

namespace attune::ui {
namespace {

/// The sentence of a refused value as it stands under its field, which names the setting already.
QString shortened(const QString &key, const QString &message)
{
    const qsizetype expected = message.indexOf(QLatin1String("expected "));
    if (expected < 0)
        return message;
    QString range = message.mid(expected + 9);
    if (range.endsWith(QLatin1Char('.')))
        range.chop(1);
    return QStringLiteral("%1: %2").arg(key, range);
}

QString quoted(const QString &word)
{
    static const QString plain = QStringLiteral("._-/=:,+@%");
    bool safe = !word.isEmpty();
    for (const QChar c : word)
        safe = safe && (c.isLetterOrNumber() || plain.contains(c));
    if (safe)
        return word;
    QString inside = word;
    return QLatin1Char('\'') + inside.replace(QLatin1Char('\''), QLatin1String("'\\''")) + QLatin1Char('\'');
}

} // namespace

RunDraft::RunDraft(QObject *parent) : QObject(parent) {}

void RunDraft::setStart(const TrainSettings &start)
{
    m_start = start;
    m_settings = start;
    m_typed.clear();
    m_errors.clear();
    Q_EMIT changed({});
}

void RunDraft::reset(const QString &key)
{
    setText(key, startText(key));
}

QString RunDraft::text(const QString &key) const
{
    const auto typed = m_typed.constFind(key);
    return typed != m_typed.constEnd() ? *typed : fromUtf8(m_settings.get(toUtf8(key)));
}

QString RunDraft::startText(const QString &key) const
{
    return fromUtf8(m_start.get(toUtf8(key)));
}

void RunDraft::setText(const QString &key, const QString &text)
{
    if (text == this->text(key))
        return;
    const auto result = m_settings.set(toUtf8(key), toUtf8(text.trimmed()));
    m_errors.remove(key);
    m_typed.remove(key);
    if (!result)
        m_errors.insert(key, shortened(key, fromUtf8(result.error().message)));
    if (!result || text != fromUtf8(m_settings.get(toUtf8(key))))
        m_typed.insert(key, text); // "0.0002" stays what it is, though it is kept as 2e-4
    Q_EMIT changed(key);
}

QString RunDraft::advice(const QString &key) const
{
    return m_errors.contains(key) ? QString() : fromUtf8(adviceOn(m_settings, toUtf8(key)));
}

QStringList RunDraft::changedKeys() const
{
    QStringList keys;
    for (const SettingInfo &info : trainSettings()) {
        const QString key = QString::fromLatin1(info.key);
        if (m_errors.contains(key) || m_settings.get(info.key) != m_start.get(info.key))
            keys.append(key);
    }
    return keys;
}

QStringList RunDraft::wrongKeys() const
{
    QStringList keys;
    for (const SettingInfo &info : trainSettings())
        if (m_errors.contains(QString::fromLatin1(info.key)))
            keys.append(QString::fromLatin1(info.key));
    return keys;
}

QString trainCommand(const QString &project, const QString &model, const QString &name, const TrainSettings &settings,
                     const QString &initAdapter)
{
    QStringList words = {QStringLiteral("attune"), QStringLiteral("train"), quoted(project),
                         QStringLiteral("--model"), quoted(model)};
    if (!name.isEmpty())
        words << QStringLiteral("--name") << quoted(name);
    if (!initAdapter.isEmpty())
        words << QStringLiteral("--init-adapter") << quoted(initAdapter);
    const TrainSettings defaults;
    for (const SettingInfo &info : trainSettings()) {
        const std::string value = settings.get(info.key);
        if (value != defaults.get(info.key))
            words << QStringLiteral("--set")
                  << quoted(QString::fromLatin1(info.key) + QLatin1Char('=') + fromUtf8(value));
    }
    return words.join(QLatin1Char(' '));
}

} // namespace attune::ui
