#include "ui/data/facets_model.h"

#include "ui/data/data_words.h"
#include "ui/widgets/format.h"

#include <QHash>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr std::size_t ShownTexts = 6; // of tags and files, until "more"

/// A file by its name alone, where no other file has the same one.
QHash<QString, QString> namesOf(const std::vector<CountOf> &files)
{
    QHash<QString, int> how;
    const auto nameOf = [](const QString &path) { return path.section('/', -1); };
    for (const CountOf &one : files)
        ++how[nameOf(fromUtf8(one.value))];
    QHash<QString, QString> names;
    for (const CountOf &one : files)
        if (const QString path = fromUtf8(one.value), name = nameOf(path); !name.isEmpty() && how.value(name) == 1)
            names.insert(path, name);
    return names;
}

} // namespace

FacetsModel::FacetsModel(const DataQuery &query, QObject *parent) : QAbstractListModel(parent), m_query(query)
{
    m_lines = build();
    connect(&query, &DataQuery::changed, this, &FacetsModel::refresh);
}

int FacetsModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_lines.size());
}

QVariant FacetsModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const FacetLine &one = line(index.row());
    switch (role) {
    case Qt::DisplayRole: return one.words;
    case Qt::ToolTipRole:
        if (one.kind == FacetLine::Value && one.value.facet == Facet::Problem)
            return problemMeaning(static_cast<ProblemKind>(one.value.number));
        if (one.kind == FacetLine::Value && one.value.facet == Facet::File)
            return one.value.text;
        return one.locked ? tr("Test rows are hidden, so that they stay a fair judge. A click offers to show them.")
                          : QVariant();
    case Qt::AccessibleTextRole:
        if (one.kind == FacetLine::Head)
            return one.more ? one.words + QStringLiteral(", ") + one.note : one.words;
        return facetWord(one.value.facet) + QStringLiteral(": ") + one.words + QStringLiteral(", ") +
               rowsText(one.rows) + (one.on ? tr(", on") : QString()) + (one.locked ? tr(", hidden") : QString());
    default: return {};
    }
}

Qt::ItemFlags FacetsModel::flags(const QModelIndex &index) const
{
    if (!index.isValid())
        return {};
    const FacetLine &one = line(index.row());
    if (one.kind == FacetLine::Head && !one.more)
        return Qt::ItemNeverHasChildren; // keys pass over it
    return Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemNeverHasChildren;
}

void FacetsModel::setCounts(const FacetCounts &counts)
{
    m_counts = counts;
    refresh();
}

void FacetsModel::setExpanded(Facet facet, bool expanded)
{
    std::erase(m_expanded, facet);
    if (expanded)
        m_expanded.push_back(facet);
    refresh();
}

bool FacetsModel::expanded(Facet facet) const
{
    return std::find(m_expanded.begin(), m_expanded.end(), facet) != m_expanded.end();
}

int FacetsModel::rowOfHead(Facet facet) const
{
    for (std::size_t i = 0; i < m_lines.size(); ++i)
        if (m_lines[i].kind == FacetLine::Head && m_lines[i].value.facet == facet)
            return static_cast<int>(i);
    return facet == Facet::Part && !m_lines.empty() ? 0 : -1;
}

void FacetsModel::refresh()
{
    std::vector<FacetLine> lines = build();
    if (lines == m_lines)
        return;
    // Where the lines are the same but for their figures, the view keeps its place.
    const bool same = std::equal(lines.begin(), lines.end(), m_lines.begin(), m_lines.end(),
                                 [](const FacetLine &a, const FacetLine &b) {
                                     return a.kind == b.kind && a.value == b.value;
                                 });
    if (!same)
        beginResetModel();
    m_lines = std::move(lines);
    if (!same)
        endResetModel();
    else
        Q_EMIT dataChanged(index(0), index(rowCount() - 1));
}

void FacetsModel::addTexts(std::vector<FacetLine> &lines, Facet facet, const std::vector<CountOf> &values) const
{
    std::vector<FacetLine> found;
    const QHash<QString, QString> shortNames = facet == Facet::File ? namesOf(values) : QHash<QString, QString>();
    for (const CountOf &one : values) {
        const QString text = fromUtf8(one.value);
        const FacetValue value =
            facet == Facet::Turns ? FacetValue{facet, text.toLongLong()} : FacetValue{facet, 0, text};
        QString words = text;
        if (facet == Facet::Turns)
            words = value.number == 1 ? tr("1 turn") : tr("%1 turns").arg(text);
        else if (facet == Facet::File)
            words = text.isEmpty() ? tr("made here") : shortNames.value(text, text);
        found.push_back({FacetLine::Value, value, words, one.rows, m_query.isOn(value)});
    }
    // One that is on stays in sight when the filter leaves it no row.
    for (const FacetValue &value : m_query.chosen())
        if (value.facet == facet && std::none_of(found.begin(), found.end(),
                                                 [&](const FacetLine &line) { return line.value == value; }))
            found.push_back({FacetLine::Value, value,
                             facet == Facet::Turns ? QString::number(value.number) : value.text, 0, true});
    if (found.empty())
        return;
    FacetLine head{FacetLine::Head, {facet}, facetWord(facet)};
    const std::size_t hidden = found.size() > ShownTexts + 1 ? found.size() - ShownTexts : 0;
    if (hidden > 0) {
        head.more = true;
        head.note = expanded(facet) ? tr("fewer") : tr("%1 more").arg(hidden);
    }
    lines.push_back(head);
    for (std::size_t i = 0; i < found.size(); ++i)
        if (hidden == 0 || i < ShownTexts || found[i].on || expanded(facet))
            lines.push_back(found[i]);
}

std::vector<FacetLine> FacetsModel::build() const
{
    std::vector<FacetLine> lines;
    const auto value = [&](Facet facet, std::int64_t number, const QString &words, std::int64_t rows) {
        const FacetValue one{facet, number};
        lines.push_back({FacetLine::Value, one, words, rows, m_query.isOn(one)});
    };
    // The head of the split is a widget of its own, as it holds the bar.
    for (int part = 0; part < 3; ++part) {
        value(Facet::Part, part, partWord(static_cast<Part>(part)), m_counts.parts[static_cast<std::size_t>(part)]);
        lines.back().locked = part == static_cast<int>(Part::Test) && !m_query.value().testRows;
    }
    if (m_counts.parts[3] > 0 || m_query.isOn({Facet::Part, -1}))
        value(Facet::Part, -1, partWord({}), m_counts.parts[3]);

    lines.push_back({FacetLine::Head, {Facet::State}, facetWord(Facet::State)});
    for (int state = 0; state < 4; ++state)
        value(Facet::State, state, stateWord(static_cast<LabelState>(state)),
              m_counts.states[static_cast<std::size_t>(state)]);

    FacetLine problems{FacetLine::Head, {Facet::Problem}, facetWord(Facet::Problem)};
    problems.note = rowsText(m_counts.problemRows);
    lines.push_back(problems);
    // The common kinds always stand there, as a zero is good news; the others where there is something to see.
    constexpr ProblemKind Always[] = {ProblemKind::Cut, ProblemKind::Duplicate, ProblemKind::Leak,
                                      ProblemKind::NoAnswer};
    for (const ProblemKind kind : allProblems()) {
        const std::int64_t rows = m_counts.problems[static_cast<std::size_t>(kind)];
        const auto number = static_cast<std::int64_t>(kind);
        if (rows > 0 || m_query.isOn({Facet::Problem, number}) ||
            std::find(std::begin(Always), std::end(Always), kind) != std::end(Always))
            value(Facet::Problem, number, problemWord(kind, m_query.value().maxLength), rows);
    }

    lines.push_back({FacetLine::Head, {Facet::Rating}, facetWord(Facet::Rating)});
    for (int rating = 5; rating >= 0; --rating)
        value(Facet::Rating, rating,
              rating == 0   ? tr("no rating")
              : rating == 1 ? tr("1 star")
                            : tr("%1 stars").arg(rating),
              m_counts.ratings[static_cast<std::size_t>(rating)]);

    addTexts(lines, Facet::Tag, m_counts.tags);
    addTexts(lines, Facet::File, m_counts.files);
    addTexts(lines, Facet::Turns, m_counts.turns);
    return lines;
}

} // namespace attune::ui
