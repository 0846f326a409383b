#pragma once

#include "core/store/labelling.h"

#include <QObject>
#include <QString>

namespace attune::ui {

enum class Facet { Part, State, Problem, Rating, Tag, File, Turns };

/// One value that rows can be filtered by. Parts, states, problems, ratings and turns are numbers (no part: -1), tags
/// and files texts.
struct FacetValue {
    Facet facet = Facet::State;
    std::int64_t number = 0;
    QString text = {};
    bool operator==(const FacetValue &) const = default;
};

/// What the list is asked for. Facets, chips, search field, histogram and menus change it; the list follows.
class DataQuery final : public QObject {
    Q_OBJECT
public:
    explicit DataQuery(QObject *parent = nullptr);

    const ExampleQuery &value() const { return m_query; }
    void set(const ExampleQuery &query); ///< of a saved view; the length at which rows are cut stays
    void setSearch(const QString &text);
    void setMaxLength(std::int64_t tokens);
    void setSort(ExampleQuery::Sort sort, bool descending);
    /// Sorts by likeness to a row instead; 0: by value().sort again.
    void setAlikeTo(std::int64_t id);
    std::int64_t alikeTo() const { return m_alikeTo; }
    void setTestRows(bool shown);
    void setTokenRange(std::optional<std::int64_t> least, std::optional<std::int64_t> most);
    /// These rows only; `words` stand on the chip ("Group of 3").
    void setIds(std::vector<std::int64_t> ids, const QString &words);
    QString idsWords() const { return m_idsWords; }

    bool isOn(const FacetValue &value) const;
    /// Alone within its facet, or off where it was just that; `add`: beside those that are on.
    void toggle(const FacetValue &value, bool add);
    void remove(const FacetValue &value);
    std::vector<FacetValue> chosen() const;
    /// Takes every filter away; order and test rows stay.
    void clear();
    bool filtered() const;
    /// The whole project as this window may see it: for what a filter is held against.
    ExampleQuery unfiltered() const;

    QString sortWords() const;

Q_SIGNALS:
    void changed();

private:
    void change(const ExampleQuery &query);
    ExampleQuery m_query;
    std::int64_t m_alikeTo = 0;
    QString m_idsWords;
};

/// "Problem: cut", as a chip says it.
QString chipWords(const FacetValue &value);
QString facetWord(Facet facet);
QString sortWords(ExampleQuery::Sort sort, bool descending);

} // namespace attune::ui
