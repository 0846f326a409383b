#pragma once

#include "core/store/labelling.h"
#include "ui/session/session.h"

#include <QAbstractListModel>
#include <QHash>
#include <QSet>

namespace attune::ui {

enum class PromptSource { Validation, Test, Own };
enum class Verdict { Unknown, Equal, Differ, Failed }; ///< of the columns' answers

/// A prompt of the user's own list: a conversation that ends with a question.
using OwnPrompt = std::vector<Message>;

/// The prompts that can be asked: rows of a part, by number, fetched page by page; or the own list, whose entries
/// have the ids -1, -2, ...
class PromptModel final : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role { Id = Qt::UserRole + 1, Tags, VerdictRole };
    explicit PromptModel(Session &session, QObject *parent = nullptr);

    void setSource(PromptSource source);
    PromptSource source() const { return m_source; }
    void setSearch(const QString &search);
    void setDifferOnly(bool only);
    void setOwn(std::vector<OwnPrompt> prompts);
    const std::vector<OwnPrompt> &own() const { return m_own; }
    void setVerdicts(const QHash<qint64, Verdict> &verdicts);
    Verdict verdict(qint64 id) const { return m_verdicts.value(id, Verdict::Unknown); }
    void refresh();

    bool loaded() const { return m_loaded; }
    qint64 total() const { return static_cast<qint64>(m_ids.size()); } ///< without the filter
    qint64 differing() const;
    qint64 answered() const;
    qint64 id(int row) const;
    int rowOf(qint64 id) const;
    int placeOf(qint64 id) const; ///< among all, from 1
    /// The next one that was not answered yet; 0: none.
    qint64 nextUnanswered() const;

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;

Q_SIGNALS:
    void counted(); ///< numbers, or the list, are others
    void failed(const QString &why);

private:
    void show(std::vector<qint64> ids);
    void filter();
    void want(int row) const;
    QString ownText(qint64 id) const;

    Session &m_session;
    PromptSource m_source = PromptSource::Validation;
    QString m_search;
    bool m_differOnly = false;
    bool m_loaded = false;
    std::vector<OwnPrompt> m_own;
    std::vector<qint64> m_ids;
    std::vector<qint64> m_shown;
    QHash<qint64, Verdict> m_verdicts;
    mutable QHash<qint64, ExampleSummary> m_known;
    mutable QSet<int> m_asked; ///< pages of m_shown
    int m_generation = 0;
};

} // namespace attune::ui
