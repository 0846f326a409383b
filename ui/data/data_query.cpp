#include "ui/data/data_query.h"

#include "ui/data/data_words.h"
#include "ui/widgets/format.h"

#include <algorithm>

namespace attune::ui {

namespace {

template <typename T>
void flip(std::vector<T> &list, const T &value, bool add)
{
    const auto found = std::find(list.begin(), list.end(), value);
    const bool on = found != list.end();
    if (add) {
        if (on)
            list.erase(found);
        else
            list.push_back(value);
        return;
    }
    const bool alone = on && list.size() == 1;
    list.clear();
    if (!alone)
        list.push_back(value);
}

template <typename T>
bool has(const std::vector<T> &list, const T &value)
{
    return std::find(list.begin(), list.end(), value) != list.end();
}

std::optional<Part> partOf(std::int64_t number)
{
    return number < 0 ? std::nullopt : std::optional(static_cast<Part>(number));
}

/// Calls `use` with the list of a query that a value belongs to, and the value in that list's type.
template <typename Query, typename Use>
auto withList(Query &query, const FacetValue &value, Use use)
{
    switch (value.facet) {
    case Facet::Part: return use(query.parts, partOf(value.number));
    case Facet::State: return use(query.states, static_cast<LabelState>(value.number));
    case Facet::Problem: return use(query.problems, static_cast<ProblemKind>(value.number));
    case Facet::Rating: return use(query.ratings, static_cast<int>(value.number));
    case Facet::Tag: return use(query.tags, toUtf8(value.text));
    case Facet::File: return use(query.files, toUtf8(value.text));
    case Facet::Turns: break;
    }
    return use(query.turns, value.number);
}

} // namespace

DataQuery::DataQuery(QObject *parent) : QObject(parent)
{
    m_query.testRows = false; // locked until the user opens it
}

void DataQuery::change(const ExampleQuery &query)
{
    if (query == m_query)
        return;
    m_query = query;
    Q_EMIT changed();
}

void DataQuery::set(const ExampleQuery &query)
{
    ExampleQuery next = query;
    next.maxLength = m_query.maxLength;
    next.testRows = m_query.testRows; // a view must not open the test set by the way
    m_alikeTo = 0;
    m_idsWords = next.ids.empty() ? QString() : rowsText(static_cast<qint64>(next.ids.size()));
    change(next);
}

void DataQuery::setSearch(const QString &text)
{
    ExampleQuery next = m_query;
    next.search = toUtf8(text.trimmed());
    change(next);
}

void DataQuery::setMaxLength(std::int64_t tokens)
{
    ExampleQuery next = m_query;
    next.maxLength = tokens;
    change(next);
}

void DataQuery::setSort(ExampleQuery::Sort sort, bool descending)
{
    const bool wasAlike = m_alikeTo != 0;
    m_alikeTo = 0;
    if (wasAlike && m_query.sort == sort && m_query.descending == descending) {
        Q_EMIT changed();
        return;
    }
    ExampleQuery next = m_query;
    next.sort = sort;
    next.descending = descending;
    change(next);
}

void DataQuery::setAlikeTo(std::int64_t id)
{
    if (m_alikeTo == id)
        return;
    m_alikeTo = id;
    Q_EMIT changed();
}

void DataQuery::setTestRows(bool shown)
{
    ExampleQuery next = m_query;
    next.testRows = shown;
    if (!shown)
        std::erase(next.parts, std::optional(Part::Test));
    change(next);
}

void DataQuery::setTokenRange(std::optional<std::int64_t> least, std::optional<std::int64_t> most)
{
    ExampleQuery next = m_query;
    next.leastTokens = least;
    next.mostTokens = most;
    change(next);
}

void DataQuery::setIds(std::vector<std::int64_t> ids, const QString &words)
{
    ExampleQuery next = m_query;
    next.ids = std::move(ids);
    m_idsWords = next.ids.empty() ? QString() : words;
    change(next);
}

bool DataQuery::isOn(const FacetValue &value) const
{
    return withList(m_query, value, [](const auto &list, const auto &one) { return has(list, one); });
}

void DataQuery::toggle(const FacetValue &value, bool add)
{
    ExampleQuery next = m_query;
    withList(next, value, [add](auto &list, const auto &one) {
        flip(list, one, add);
        return true;
    });
    change(next);
}

void DataQuery::remove(const FacetValue &value)
{
    ExampleQuery next = m_query;
    withList(next, value, [](auto &list, const auto &one) {
        std::erase(list, one);
        return true;
    });
    change(next);
}

std::vector<FacetValue> DataQuery::chosen() const
{
    std::vector<FacetValue> values;
    for (const auto &part : m_query.parts)
        values.push_back({Facet::Part, part ? static_cast<std::int64_t>(*part) : -1});
    for (const LabelState state : m_query.states)
        values.push_back({Facet::State, static_cast<std::int64_t>(state)});
    for (const ProblemKind kind : m_query.problems)
        values.push_back({Facet::Problem, static_cast<std::int64_t>(kind)});
    for (const int rating : m_query.ratings)
        values.push_back({Facet::Rating, rating});
    for (const std::string &tag : m_query.tags)
        values.push_back({Facet::Tag, 0, fromUtf8(tag)});
    for (const std::string &file : m_query.files)
        values.push_back({Facet::File, 0, fromUtf8(file)});
    for (const std::int64_t turns : m_query.turns)
        values.push_back({Facet::Turns, turns});
    return values;
}

void DataQuery::clear()
{
    m_idsWords.clear();
    change(unfiltered());
}

bool DataQuery::filtered() const
{
    return !(m_query == unfiltered());
}

ExampleQuery DataQuery::unfiltered() const
{
    ExampleQuery all;
    all.testRows = m_query.testRows;
    all.maxLength = m_query.maxLength;
    all.sort = m_query.sort;
    all.descending = m_query.descending;
    return all;
}

QString DataQuery::sortWords() const
{
    return m_alikeTo != 0 ? tr("like row %1").arg(m_alikeTo) : ui::sortWords(m_query.sort, m_query.descending);
}

QString facetWord(Facet facet)
{
    switch (facet) {
    case Facet::Part: return DataQuery::tr("Split");
    case Facet::State: return DataQuery::tr("Status");
    case Facet::Problem: return DataQuery::tr("Problems");
    case Facet::Rating: return DataQuery::tr("Rating");
    case Facet::Tag: return DataQuery::tr("Tags");
    case Facet::File: return DataQuery::tr("Source file");
    case Facet::Turns: return DataQuery::tr("Turns");
    }
    return {};
}

QString chipWords(const FacetValue &value)
{
    switch (value.facet) {
    case Facet::Part: return DataQuery::tr("Split: %1").arg(partWord(partOf(value.number)).toLower());
    case Facet::State:
        return DataQuery::tr("Status: %1").arg(stateWord(static_cast<LabelState>(value.number)).toLower());
    case Facet::Problem:
        return DataQuery::tr("Problem: %1").arg(problemShort(static_cast<ProblemKind>(value.number)));
    case Facet::Rating:
        return value.number == 0 ? DataQuery::tr("No rating") : DataQuery::tr("Rating: %1").arg(value.number);
    case Facet::Tag: return DataQuery::tr("Tag: %1").arg(value.text);
    case Facet::File:
        return DataQuery::tr("File: %1")
            .arg(value.text.isEmpty() ? DataQuery::tr("made here") : value.text.section('/', -1));
    case Facet::Turns: return DataQuery::tr("Turns: %1").arg(value.number);
    }
    return {};
}

QString sortWords(ExampleQuery::Sort sort, bool descending)
{
    using Sort = ExampleQuery::Sort;
    switch (sort) {
    case Sort::Number: return descending ? DataQuery::tr("number, newest first") : DataQuery::tr("number");
    case Sort::Prompt: return descending ? DataQuery::tr("prompt, Z to A") : DataQuery::tr("prompt, A to Z");
    case Sort::Answer: return descending ? DataQuery::tr("answer, Z to A") : DataQuery::tr("answer, A to Z");
    case Sort::State:
        return descending ? DataQuery::tr("status, rejected first") : DataQuery::tr("status, to label first");
    case Sort::Part: return descending ? DataQuery::tr("split, test first") : DataQuery::tr("split, train first");
    case Sort::Tokens:
        return descending ? DataQuery::tr("tokens, longest first") : DataQuery::tr("tokens, shortest first");
    case Sort::Rating: return descending ? DataQuery::tr("rating, best first") : DataQuery::tr("rating, worst first");
    case Sort::Changed:
        return descending ? DataQuery::tr("changed, latest first") : DataQuery::tr("changed, oldest first");
    }
    return {};
}

} // namespace attune::ui
