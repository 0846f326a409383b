#pragma once

#include "ui/data/data_query.h"

#include <QAbstractListModel>

namespace attune::ui {

/// A line of the facets: the head of one facet, or one of its values with how many rows have it.
struct FacetLine {
    enum Kind { Head, Value };
    Kind kind = Value;
    FacetValue value = {};
    QString words = {};
    qint64 rows = 0;
    bool on = false;
    bool locked = false; ///< the test part while it is not shown
    QString note = {};   ///< of a head, at its right: "44 rows"
    bool more = false;   ///< of a head: the note is a link that shows all values
    bool operator==(const FacetLine &) const = default;
};

/// All facets as one list, so that Up and Down walk through them. A value that no row has any more stays while it is
/// on; split, status, problems found and ratings stay always.
class FacetsModel final : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role { LineRole = Qt::UserRole };
    explicit FacetsModel(const DataQuery &query, QObject *parent = nullptr);

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    Qt::ItemFlags flags(const QModelIndex &index) const override;

    void setCounts(const FacetCounts &counts);
    const FacetCounts &counts() const { return m_counts; }
    void setExpanded(Facet facet, bool expanded);
    bool expanded(Facet facet) const;
    const FacetLine &line(int row) const { return m_lines[static_cast<std::size_t>(row)]; }
    int rowOfHead(Facet facet) const; ///< -1: it has no values
    void refresh(); ///< what is on may be others

private:
    std::vector<FacetLine> build() const;
    void addTexts(std::vector<FacetLine> &lines, Facet facet, const std::vector<CountOf> &values) const;
    const DataQuery &m_query;
    FacetCounts m_counts;
    std::vector<FacetLine> m_lines;
    std::vector<Facet> m_expanded;
};

} // namespace attune::ui
