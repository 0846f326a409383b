#pragma once

#include "ui/data/example_list_load.h"
#include "ui/session/session.h"

#include <QAbstractTableModel>
#include <QCache>

#include <deque>

namespace attune::ui {

/// The rows that a query finds. Their ids are in memory, what they hold comes from the project by pages of 200 when a
/// view asks for it, and the last 10,000 are kept. A row that is not there yet shows its number alone.
///
/// A change of the project makes it ask again; what differs is inserted and removed, so that views keep their place,
/// and only a list that is quite another resets the model. An answer to an older question is dropped.
class ExampleListModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { State, Split, Prompt, Answer, Tokens, Rating, Tags, Issues, ColumnCount };
    enum Role { IdRole = Qt::UserRole };
    static constexpr int PageSize = 200;

    explicit ExampleListModel(Session &session, QObject *parent = nullptr);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    Qt::ItemFlags flags(const QModelIndex &index) const override;
    bool setData(const QModelIndex &index, const QVariant &value, int role = Qt::EditRole) override;

    void setQuery(const ExampleQuery &query, std::int64_t alikeTo = 0);
    const ExampleQuery &query() const { return m_request.query; }
    /// A row that the user is at stays in the list when an edit takes it out of the filter, until another is kept or
    /// the query changes.
    void keep(std::int64_t id);
    void reload(); ///< asks for the ids again, and for what the shown rows hold

    std::int64_t idAt(int row) const; ///< 0: no such row
    int rowOf(std::int64_t id) const { return m_ids.rowOf(id); }
    const std::vector<std::int64_t> &ids() const { return m_ids.all(); }
    /// Null: not read yet; it is asked for, and dataChanged() follows.
    const ExampleSummary *summaryAt(int row) const;
    bool loaded() const { return m_loaded; }     ///< the first answer is there
    bool loading() const { return m_asking; }
    QString error() const { return m_error; }    ///< of the last question; empty: none

    /// Where rows count as cut, while the line is dragged: a repaint, no question to the project.
    void setMaxLength(std::int64_t tokens);
    std::int64_t maxLength() const { return m_maxLength; }

Q_SIGNALS:
    void aboutToApply();  ///< new ids came; the selection may be noted
    void applied(bool changed); ///< and are in place; `changed`: they are others than before
    void failed();
    void pageArrived();

private:
    void ask();
    void apply(ListIds ids);
    void replaceMiddle(ListIds ids);
    void want(int row) const;
    void fetchNext() const;
    void pageAnswered(std::int64_t generation, int page, const Result<std::vector<ExampleSummary>> &rows) const;
    QVariant display(const ExampleSummary &row, int column) const;

    /// What is known of a row, and as of which change of the project.
    struct Known {
        ExampleSummary summary;
        std::int64_t generation = 0;
    };
    Session &m_session;
    ListRequest m_request;
    ListIds m_ids;
    std::int64_t m_maxLength = 0;
    std::int64_t m_generation = 1;
    bool m_loaded = false;
    bool m_asking = false;
    bool m_sameQuery = false; ///< since the last answer: then a kept row stays
    QString m_error;
    // Filled while views read.
    mutable QCache<qint64, Known> m_known;
    mutable std::deque<int> m_wanted; ///< pages, the latest first
    mutable bool m_fetching = false;
};

} // namespace attune::ui
