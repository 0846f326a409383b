#include "ui/data/example_list_model.h"

#include "ui/data/bulk_edit.h"
#include "ui/data/data_words.h"
#include "ui/widgets/format.h"

#include <QTimer>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr int KnownRows = 10'000;
constexpr std::size_t WantedPages = 4; // a view shows at most two; what was scrolled past need not be read
constexpr std::ptrdiff_t FewRows = 2'000; // so many inserted or removed rows cost a view less than a reset

QStringList textsOf(const std::vector<std::string> &texts)
{
    QStringList list;
    for (const std::string &text : texts)
        list << fromUtf8(text);
    return list;
}

} // namespace

ExampleListModel::ExampleListModel(Session &session, QObject *parent)
    : QAbstractTableModel(parent), m_session(session), m_known(KnownRows)
{
    connect(&session, &Session::examplesChanged, this, &ExampleListModel::reload);
}

int ExampleListModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : m_ids.size();
}

int ExampleListModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

std::int64_t ExampleListModel::idAt(int row) const
{
    return row >= 0 && row < m_ids.size() ? m_ids.at(row) : 0;
}

const ExampleSummary *ExampleListModel::summaryAt(int row) const
{
    const std::int64_t id = idAt(row);
    if (id == 0)
        return nullptr;
    const Known *known = m_known.object(id);
    if (!known || known->generation != m_generation)
        want(row); // what is known shows meanwhile, so that nothing flickers
    return known ? &known->summary : nullptr;
}

QVariant ExampleListModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const std::int64_t id = m_ids.at(index.row());
    if (role == IdRole)
        return QVariant::fromValue<qint64>(id);
    if (role == Qt::TextAlignmentRole && index.column() == Tokens)
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole && role != Qt::EditRole && role != Qt::AccessibleTextRole && role != Qt::ToolTipRole)
        return {};
    const ExampleSummary *row = summaryAt(index.row());
    if (!row)
        return role == Qt::AccessibleTextRole ? QVariant(tr("Row %1").arg(id)) : QVariant();
    if (role == Qt::AccessibleTextRole)
        return index.column() == Prompt ? spokenRow(*row, m_maxLength)
                                        : headerData(index.column(), Qt::Horizontal).toString() +
                                              QStringLiteral(": ") + display(*row, index.column()).toString();
    if (role == Qt::ToolTipRole)
        return index.column() == Issues || index.column() == Tags ? display(*row, index.column()) : QVariant();
    if (role == Qt::EditRole) {
        switch (index.column()) {
        case State: return static_cast<int>(row->state);
        case Split: return row->part ? static_cast<int>(*row->part) : -1;
        case Rating: return row->rating;
        default: break;
        }
    }
    return display(*row, index.column());
}

QVariant ExampleListModel::display(const ExampleSummary &row, int column) const
{
    switch (column) {
    case State: return stateWord(row.state);
    case Split: return partWord(row.part);
    case Prompt: return fromUtf8(row.prompt);
    case Answer: return fromUtf8(row.answer);
    case Tokens: return row.tokens ? formatCount(*row.tokens) : QString();
    case Rating: return row.rating > 0 ? QString::number(row.rating) : QString();
    case Tags: return textsOf(row.tags).join(QStringLiteral(", "));
    case Issues: {
        QStringList words;
        const ProblemSet set = problemsOf(row, m_maxLength);
        for (const ProblemKind kind : allProblems())
            if (set.test(static_cast<std::size_t>(kind)))
                words << problemShort(kind);
        return words.join(QStringLiteral(", "));
    }
    default: return {};
    }
}

QVariant ExampleListModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (role != Qt::DisplayRole)
        return {};
    if (orientation == Qt::Vertical)
        return QVariant::fromValue<qint64>(idAt(section));
    switch (section) {
    case State: return tr("Status");
    case Split: return tr("Split");
    case Prompt: return tr("Prompt");
    case Answer: return tr("Answer");
    case Tokens: return tr("Tokens");
    case Rating: return tr("Rating");
    case Tags: return tr("Tags");
    case Issues: return tr("Issues");
    default: return {};
    }
}

Qt::ItemFlags ExampleListModel::flags(const QModelIndex &index) const
{
    Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    const bool editable = index.column() == State || index.column() == Split || index.column() == Rating ||
                          index.column() == Tags;
    if (index.isValid() && editable && !m_session.readOnly())
        flags |= Qt::ItemIsEditable;
    return flags;
}

bool ExampleListModel::setData(const QModelIndex &index, const QVariant &value, int role)
{
    Known *known = index.isValid() && role == Qt::EditRole ? m_known.object(idAt(index.row())) : nullptr;
    if (!known)
        return false;
    ExampleSummary &row = known->summary;
    ExampleEdit edit{.id = row.id};
    QString label;
    const bool number = value.canConvert<int>();
    switch (index.column()) {
    case State:
        if (!number || value.toInt() < 0 || value.toInt() > 3)
            return false;
        edit.state = row.state = static_cast<LabelState>(value.toInt());
        label = tr("Row %1 %2").arg(row.id).arg(stateWord(row.state).toLower());
        break;
    case Split:
        if (!number || value.toInt() < -1 || value.toInt() > 2)
            return false;
        row.part = value.toInt() < 0 ? std::nullopt : std::optional(static_cast<Part>(value.toInt()));
        edit.part = row.part;
        label = tr("Row %1 moved to %2").arg(row.id).arg(partWord(row.part).toLower());
        break;
    case Rating:
        if (!number || value.toInt() < 0 || value.toInt() > 5)
            return false;
        edit.rating = row.rating = value.toInt();
        label = tr("Row %1 rated %2").arg(row.id).arg(row.rating);
        break;
    case Tags:
        row.tags = tagsFromText(value.toString());
        edit.tags = row.tags;
        label = tr("Tags of row %1 changed").arg(row.id);
        break;
    default: return false;
    }
    // The cell shows it at once; what the project made of it comes with its next change.
    Q_EMIT dataChanged(index, index);
    applyEdits(m_session, label, {edit});
    return true;
}

void ExampleListModel::setQuery(const ExampleQuery &query, std::int64_t alikeTo)
{
    setMaxLength(query.maxLength);
    if (m_loaded && query == m_request.query && alikeTo == m_request.alikeTo)
        return;
    m_request.query = query;
    m_request.alikeTo = alikeTo;
    m_request.kept = 0;
    m_sameQuery = false;
    ask();
}

void ExampleListModel::keep(std::int64_t id)
{
    m_request.kept = id;
    m_request.keptAt = std::max(0, rowOf(id));
}

void ExampleListModel::reload()
{
    ++m_generation;
    m_request.keptAt = std::max(0, rowOf(m_request.kept));
    ask();
}

void ExampleListModel::ask()
{
    m_asking = true;
    m_session.ask<ListIds>(
        this, QStringLiteral("ids"), [request = m_request](Project &project) { return loadList(project, request); },
        [this](Result<ListIds> ids) {
            m_asking = false;
            if (!ids) {
                m_error = fromUtf8(ids.error().message);
                Q_EMIT failed();
                return;
            }
            m_error.clear();
            apply(std::move(*ids));
        });
}

void ExampleListModel::apply(ListIds ids)
{
    const bool first = !m_loaded;
    m_loaded = true;
    Q_EMIT aboutToApply();
    const bool same = ids == m_ids;
    if (!same)
        replaceMiddle(std::move(ids));
    else if (m_ids.size() > 0)
        // Texts, labels or problems may be others: views read the visible rows again.
        Q_EMIT dataChanged(index(0, 0), index(m_ids.size() - 1, ColumnCount - 1));
    m_sameQuery = true;
    Q_EMIT applied(!same || first);
}

void ExampleListModel::replaceMiddle(ListIds ids)
{
    const auto &before = m_ids.all();
    const auto &after = ids.all();
    const auto shorter = std::min(before.size(), after.size());
    const auto first =
        std::mismatch(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(shorter), after.begin());
    const auto prefix = first.first - before.begin();
    std::ptrdiff_t suffix = 0;
    const auto most = static_cast<std::ptrdiff_t>(shorter) - prefix;
    while (suffix < most && before[before.size() - 1 - static_cast<std::size_t>(suffix)] ==
                                after[after.size() - 1 - static_cast<std::size_t>(suffix)])
        ++suffix;
    const auto removed = std::ssize(before) - prefix - suffix;
    const auto inserted = std::ssize(after) - prefix - suffix;
    if (!m_sameQuery || removed > FewRows || inserted > FewRows) {
        beginResetModel();
        m_ids = std::move(ids);
        endResetModel();
        return;
    }
    if (removed > 0) {
        beginRemoveRows({}, static_cast<int>(prefix), static_cast<int>(prefix + removed - 1));
        auto left = before;
        left.erase(left.begin() + prefix, left.begin() + prefix + removed);
        m_ids = ListIds(std::move(left));
        endRemoveRows();
    }
    if (inserted > 0) {
        beginInsertRows({}, static_cast<int>(prefix), static_cast<int>(prefix + inserted - 1));
        m_ids = std::move(ids);
        endInsertRows();
    } else {
        m_ids = std::move(ids);
    }
    // Rows that stayed may hold something else now.
    if (m_ids.size() > 0)
        Q_EMIT dataChanged(index(0, 0), index(m_ids.size() - 1, ColumnCount - 1));
}

void ExampleListModel::want(int row) const
{
    const int page = row / PageSize;
    if (!m_wanted.empty() && m_wanted.front() == page)
        return;
    std::erase(m_wanted, page);
    m_wanted.push_front(page);
    if (m_wanted.size() > WantedPages)
        m_wanted.pop_back();
    if (!m_fetching) {
        m_fetching = true;
        // When the view is done painting, so that of a quick scroll only the end is read.
        QTimer::singleShot(0, this, [this] { fetchNext(); });
    }
}

void ExampleListModel::fetchNext() const
{
    m_fetching = !m_wanted.empty();
    if (!m_fetching)
        return;
    const int page = m_wanted.front();
    m_wanted.pop_front();
    const int begin = page * PageSize;
    const int end = std::min(begin + PageSize, m_ids.size());
    if (begin >= end)
        return fetchNext();
    std::vector<std::int64_t> ids(m_ids.all().begin() + begin, m_ids.all().begin() + end);
    // A model is read through const functions; asking is part of reading here.
    auto *self = const_cast<ExampleListModel *>(this);
    m_session.ask<std::vector<ExampleSummary>>(
        self, {},
        [ids](Project &project) { return Labelling(project).summaries(ids); },
        [self, ids, generation = m_generation, page](Result<std::vector<ExampleSummary>> rows) {
            // A row that is gone shows as empty until the ids follow; else it would be asked for again and again.
            for (const std::int64_t id : rows ? ids : std::vector<std::int64_t>())
                if (!self->m_known.contains(id)) {
                    ExampleSummary gone;
                    gone.id = id;
                    self->m_known.insert(id, new Known{gone, generation});
                }
            self->pageAnswered(generation, page, rows);
        });
}

void ExampleListModel::pageAnswered(std::int64_t generation, int page,
                                    const Result<std::vector<ExampleSummary>> &rows) const
{
    auto *self = const_cast<ExampleListModel *>(this);
    if (rows) {
        for (const ExampleSummary &row : *rows)
            m_known.insert(row.id, new Known{row, generation});
        const int begin = page * PageSize;
        const int end = std::min(begin + PageSize, m_ids.size()) - 1;
        if (begin <= end) // where the ids were replaced meanwhile, views ask for what is still missing
            Q_EMIT self->dataChanged(self->index(begin, 0), self->index(end, ColumnCount - 1));
        Q_EMIT self->pageArrived();
    } else {
        m_session.report(rows.error());
    }
    fetchNext();
}

void ExampleListModel::setMaxLength(std::int64_t tokens)
{
    if (tokens == m_maxLength)
        return;
    m_maxLength = tokens;
    if (m_ids.size() > 0)
        Q_EMIT dataChanged(index(0, 0), index(m_ids.size() - 1, ColumnCount - 1));
}

} // namespace attune::ui
