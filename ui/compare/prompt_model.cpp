#include "ui/compare/prompt_model.h"

#include "ui/widgets/format.h"

#include <algorithm>

namespace attune::ui {
namespace {
constexpr int pageSize = 200;
}

PromptModel::PromptModel(Session &session, QObject *parent) : QAbstractListModel(parent), m_session(session) {}

void PromptModel::setSource(PromptSource source)
{
    if (m_source == source && m_loaded)
        return;
    m_source = source;
    m_loaded = false;
    show({});
    refresh();
}

void PromptModel::setSearch(const QString &search)
{
    if (m_search == search)
        return;
    m_search = search;
    refresh();
}

void PromptModel::setDifferOnly(bool only)
{
    m_differOnly = only;
    filter();
}

void PromptModel::setOwn(std::vector<OwnPrompt> prompts)
{
    m_own = std::move(prompts);
    if (m_source == PromptSource::Own)
        refresh();
}

void PromptModel::setVerdicts(const QHash<qint64, Verdict> &verdicts)
{
    m_verdicts = verdicts;
    if (m_differOnly)
        filter();
    else if (!m_shown.empty())
        Q_EMIT dataChanged(index(0), index(rowCount() - 1));
    Q_EMIT counted();
}

void PromptModel::refresh()
{
    const int generation = ++m_generation;
    if (m_source == PromptSource::Own) {
        std::vector<qint64> ids;
        for (std::size_t i = 0; i < m_own.size(); ++i)
            if (m_search.isEmpty() || ownText(-static_cast<qint64>(i) - 1).contains(m_search, Qt::CaseInsensitive))
                ids.push_back(-static_cast<qint64>(i) - 1);
        m_loaded = true;
        show(std::move(ids));
        return;
    }
    ExampleQuery query;
    query.parts = {m_source == PromptSource::Test ? Part::Test : Part::Validation};
    query.states = {LabelState::ToLabel, LabelState::Approved, LabelState::Flagged};
    query.search = toUtf8(m_search);
    m_session.ask<std::vector<std::int64_t>>(
        this, QStringLiteral("prompt-ids"), [query](Project &project) { return Labelling(project).ids(query); },
        [this, generation](Result<std::vector<std::int64_t>> ids) {
            if (generation != m_generation)
                return;
            if (!ids) {
                Q_EMIT failed(fromUtf8(ids.error().message));
                return;
            }
            m_loaded = true;
            Q_EMIT failed({});
            show(std::vector<qint64>(ids->begin(), ids->end()));
        });
}

void PromptModel::show(std::vector<qint64> ids)
{
    m_known.clear();
    m_asked.clear();
    if (ids == m_ids && !m_shown.empty()) {
        // The same rows: what they say may be new, the place in the list stays.
        Q_EMIT dataChanged(index(0), index(rowCount() - 1));
        Q_EMIT counted();
        return;
    }
    m_ids = std::move(ids);
    filter();
}

void PromptModel::filter()
{
    beginResetModel();
    m_asked.clear(); // pages are of what is shown
    m_shown.clear();
    for (const qint64 id : m_ids)
        if (!m_differOnly || verdict(id) == Verdict::Differ)
            m_shown.push_back(id);
    endResetModel();
    Q_EMIT counted();
}

qint64 PromptModel::differing() const
{
    return std::count_if(m_ids.begin(), m_ids.end(), [this](qint64 id) { return verdict(id) == Verdict::Differ; });
}

qint64 PromptModel::answered() const
{
    return std::count_if(m_ids.begin(), m_ids.end(), [this](qint64 id) { return verdict(id) != Verdict::Unknown; });
}

qint64 PromptModel::nextUnanswered() const
{
    const auto found =
        std::find_if(m_ids.begin(), m_ids.end(), [this](qint64 id) { return verdict(id) == Verdict::Unknown; });
    return found == m_ids.end() ? 0 : *found;
}

qint64 PromptModel::id(int row) const
{
    return row >= 0 && row < rowCount() ? m_shown[static_cast<std::size_t>(row)] : 0;
}

int PromptModel::rowOf(qint64 id) const
{
    const auto found = std::find(m_shown.begin(), m_shown.end(), id);
    return found == m_shown.end() ? -1 : static_cast<int>(found - m_shown.begin());
}

int PromptModel::placeOf(qint64 id) const
{
    const auto found = std::find(m_ids.begin(), m_ids.end(), id);
    return found == m_ids.end() ? 0 : static_cast<int>(found - m_ids.begin()) + 1;
}

int PromptModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_shown.size());
}

QString PromptModel::ownText(qint64 id) const
{
    const auto &prompt = m_own.at(static_cast<std::size_t>(-id - 1));
    return prompt.empty() ? QString() : fromUtf8(prompt.back().content);
}

QVariant PromptModel::data(const QModelIndex &index, int role) const
{
    const qint64 id = this->id(index.row());
    if (id == 0)
        return {};
    const auto row = m_known.constFind(id);
    if (id > 0 && row == m_known.constEnd())
        want(index.row());
    const bool known = row != m_known.constEnd();
    const QString text = id < 0 ? oneLine(ownText(id)) : known ? fromUtf8(row->prompt) : QString();
    QStringList tags;
    if (known)
        for (const std::string &tag : row->tags)
            tags << fromUtf8(tag);
    const Verdict is = verdict(id);
    switch (role) {
    case Qt::DisplayRole: return text;
    case Id: return id;
    case Tags: return tags.join(QStringLiteral(", "));
    case VerdictRole: return static_cast<int>(is);
    case Qt::ToolTipRole: return text;
    case Qt::AccessibleTextRole: {
        QString sentence = id > 0 ? tr("Row %1: %2").arg(id).arg(text) : tr("Prompt %1: %2").arg(-id).arg(text);
        if (!tags.isEmpty())
            sentence += tr(", tags %1").arg(tags.join(QStringLiteral(", ")));
        sentence += is == Verdict::Differ  ? tr(", answers differ")
                    : is == Verdict::Equal ? tr(", answers are equal")
                    : is == Verdict::Failed ? tr(", not all have answered")
                                           : tr(", not asked yet");
        return sentence;
    }
    default: return {};
    }
}

void PromptModel::want(int row) const
{
    const int page = row / pageSize;
    if (m_asked.contains(page))
        return;
    m_asked.insert(page);
    const std::size_t from = static_cast<std::size_t>(page) * pageSize;
    const std::vector<std::int64_t> ids(m_shown.begin() + static_cast<std::ptrdiff_t>(from),
                                        m_shown.begin() +
                                            static_cast<std::ptrdiff_t>(std::min(m_shown.size(), from + pageSize)));
    auto *self = const_cast<PromptModel *>(this);
    m_session.ask<std::vector<ExampleSummary>>(
        self, {}, [ids](Project &project) { return Labelling(project).summaries(ids); },
        [self](Result<std::vector<ExampleSummary>> rows) {
            if (!rows) {
                Q_EMIT self->failed(fromUtf8(rows.error().message));
                return;
            }
            for (ExampleSummary &summary : *rows)
                self->m_known.insert(summary.id, std::move(summary));
            if (!self->m_shown.empty())
                Q_EMIT self->dataChanged(self->index(0), self->index(self->rowCount() - 1));
        });
}

} // namespace attune::ui
