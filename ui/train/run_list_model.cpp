#include "ui/train/run_list_model.h"

#include "ui/widgets/format.h"

#include <algorithm>

namespace attune::ui {
namespace {

constexpr int lossDigits = 3;

QString tr(const char *text)
{
    return RunListModel::tr(text);
}

/// The first clause of a failure, for one line: "not finite at step 37".
QString cause(const RunEntry &entry)
{
    const QString error = fromUtf8(entry.run.error);
    if (error.contains(QLatin1String("not a finite number")))
        return tr("not finite at %1").arg(entry.history.lastStep() + 1);
    // A path at the front would leave no room for what happened.
    const qsizetype colon = error.startsWith(QLatin1Char('/')) ? error.indexOf(QLatin1String(": ")) : -1;
    return error.isEmpty() ? tr("failed")
                           : tr("failed: %1").arg(oneLine(colon < 0 ? error : error.mid(colon + 2), 120));
}

} // namespace

RunStateText stateText(const RunEntry &entry, bool baseline)
{
    const RunHistory &history = entry.history;
    const auto best = history.best();
    const QString bestAt = best ? tr("best at %1").arg(static_cast<qint64>(best->x()))
                                : tr("%1 steps").arg(formatCount(history.lastStep()));
    switch (entry.phase) {
    case RunPhase::Running:
        return {tr("running"),
                history.totalSteps() > 0
                    ? tr("%1 of %2").arg(formatCount(history.lastStep()), formatCount(history.totalSteps()))
                    : tr("first step"),
                Tone::Accent, nullptr};
    case RunPhase::CutOff: return {tr("cut off"), tr("at %1").arg(history.lastStep()), Tone::Warn, "warning"};
    case RunPhase::Failed: return {cause(entry), {}, Tone::Bad, "warning"};
    case RunPhase::Stopped:
        return {entry.paused ? tr("paused") : tr("stopped"), tr("at %1").arg(history.lastStep()), Tone::Neutral,
                entry.paused ? "pause" : "square"};
    case RunPhase::EndedEarly:
        return {tr("stopped early"), tr("at %1").arg(history.lastStep()), Tone::Neutral, "square"};
    case RunPhase::Finished: break;
    }
    if (baseline)
        return {tr("baseline"), bestAt, Tone::Neutral, "pin"};
    return {tr("finished"), bestAt, Tone::Ok, "check"};
}

RunListModel::RunListModel(RunBook &book, QObject *parent) : QAbstractListModel(parent), m_book(book)
{
    connect(&book, &RunBook::changed, this, &RunListModel::update);
    connect(&book, &RunBook::historyChanged, this, &RunListModel::historyChanged);
    connect(&book, &RunBook::overlaysChanged, this, &RunListModel::update);
    update();
}

int RunListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_ids.size());
}

bool RunListModel::matches(const RunEntry &entry) const
{
    if (m_filter.isEmpty() || entry.title().contains(m_filter, Qt::CaseInsensitive))
        return true;
    return std::any_of(entry.run.tags.begin(), entry.run.tags.end(), [&](const std::string &tag) {
        return fromUtf8(tag).contains(m_filter, Qt::CaseInsensitive);
    });
}

void RunListModel::setFilter(const QString &words)
{
    m_filter = words.trimmed();
    update();
}

/// Row by row, so that selection and scrolling stay.
void RunListModel::update()
{
    QList<qint64> wanted;
    for (const RunEntry *entry : m_book.entries())
        if (matches(*entry))
            wanted.append(entry->id());
    for (int row = static_cast<int>(m_ids.size()) - 1; row >= 0; --row)
        if (!wanted.contains(m_ids[row])) {
            beginRemoveRows({}, row, row);
            m_ids.removeAt(row);
            endRemoveRows();
        }
    for (int row = 0; row < wanted.size(); ++row)
        if (row >= m_ids.size() || m_ids[row] != wanted[row]) {
            beginInsertRows({}, row, row);
            m_ids.insert(row, wanted[row]);
            endInsertRows();
        }
    if (!m_ids.isEmpty())
        Q_EMIT dataChanged(index(0), index(static_cast<int>(m_ids.size()) - 1));
}

void RunListModel::historyChanged(qint64 id)
{
    const QModelIndex changed = indexOf(id);
    if (changed.isValid())
        Q_EMIT dataChanged(changed, changed);
}

QModelIndex RunListModel::indexOf(qint64 id) const
{
    const auto row = m_ids.indexOf(id);
    return row < 0 ? QModelIndex() : index(static_cast<int>(row));
}

QString RunListModel::sentence(const RunEntry &entry) const
{
    const RunStateText state = stateText(entry, m_book.baseline() == entry.id());
    const auto best = entry.history.best();
    QString text = entry.label();
    if (entry.title() != entry.label())
        text += QStringLiteral(", ") + entry.name();
    text += QStringLiteral(", ") + state.state;
    if (!state.detail.isEmpty())
        text += QLatin1Char(' ') + state.detail;
    if (best)
        text += tr(", best validation loss %1 at step %2")
                    .arg(formatNumber(best->y(), lossDigits))
                    .arg(static_cast<qint64>(best->x()));
    if (m_book.overlaySlot(entry.id()) >= 0)
        text += tr(", overlaid");
    return text;
}

QVariant RunListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const RunEntry *entry = m_book.entry(m_ids[index.row()]);
    if (!entry)
        return {};
    const bool isBaseline = m_book.baseline() == entry->id();
    const auto best = entry->history.best();
    bool comparable = true;
    switch (role) {
    case Qt::DisplayRole:
    case TitleRole: return entry->title();
    case Qt::EditRole: return entry->name();
    case Qt::CheckStateRole: return m_book.overlaySlot(entry->id()) >= 0 ? Qt::Checked : Qt::Unchecked;
    case Qt::AccessibleTextRole: return sentence(*entry);
    case Qt::ToolTipRole: {
        QString text = entry->run.error.empty() ? entry->title() : fromUtf8(entry->run.error);
        for (const std::string &tag : entry->run.tags)
            text += QStringLiteral("\n#") + fromUtf8(tag);
        return text;
    }
    case IdRole: return entry->id();
    case StateRole: return stateText(*entry, isBaseline).state;
    case StateDetailRole: return stateText(*entry, isBaseline).detail;
    case ToneRole: return static_cast<int>(stateText(*entry, isBaseline).tone);
    case IconRole: return QString::fromLatin1(stateText(*entry, isBaseline).icon);
    case BestRole: return best ? formatNumber(best->y(), lossDigits) : QStringLiteral("–");
    case DeltaRole: {
        if (isBaseline)
            return tr("base");
        const auto delta = m_book.delta(*entry, &comparable);
        return !delta ? QString() : comparable ? formatSigned(*delta, lossDigits) : tr("n/c");
    }
    case DeltaToneRole: {
        const auto delta = m_book.delta(*entry, &comparable);
        const Tone tone = !delta || !comparable || *delta == 0 ? Tone::Neutral : *delta < 0 ? Tone::Ok : Tone::Bad;
        return static_cast<int>(tone);
    }
    case SlotRole: return m_book.overlaySlot(entry->id());
    case CurveRole:
        return QVariant::fromValue(entry->history.validation().size() > 1 ? entry->history.validation()
                                                                          : entry->history.curve(Curve::Loss));
    case FailedRole: return entry->phase == RunPhase::Failed;
    default: return {};
    }
}

bool RunListModel::setData(const QModelIndex &index, const QVariant &value, int role)
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return false;
    const qint64 id = m_ids[index.row()];
    if (role == Qt::CheckStateRole) {
        if (m_book.setOverlay(id, value.toInt() == Qt::Checked))
            return true;
        Q_EMIT overlaysFull(id);
        return false;
    }
    if (role != Qt::EditRole || value.toString() == data(index, Qt::EditRole).toString())
        return false;
    m_book.rename(id, value.toString().trimmed(), [this](const QString &why) {
        if (!why.isEmpty())
            Q_EMIT renameRefused(why);
    });
    return true;
}

Qt::ItemFlags RunListModel::flags(const QModelIndex &index) const
{
    if (!index.isValid())
        return Qt::NoItemFlags;
    return Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsEditable | Qt::ItemIsUserCheckable |
           Qt::ItemNeverHasChildren;
}

} // namespace attune::ui
