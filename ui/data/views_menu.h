#pragma once

#include "core/store/labelling.h"
#include "ui/session/session.h"

#include <QMenu>

namespace attune::ui {

class DataQuery;

/// Saved views: what is filtered and how it is sorted, under a name. Read from the project when the menu opens.
class ViewsMenu final : public QMenu {
    Q_OBJECT
public:
    ViewsMenu(Session &session, DataQuery &query, QWidget *parent = nullptr);
    void save(const QString &name);
    void remove(const QString &name);
    void apply(const QString &name);
    QStringList names() const;
    void reload();

Q_SIGNALS:
    void saveAsked();

private:
    void rebuild();
    Session &m_session;
    DataQuery &m_query;
    std::vector<SavedView> m_views;
    QMenu *m_remove = nullptr;
};

} // namespace attune::ui
