#include "ui/data/views_menu.h"

#include "ui/data/data_query.h"
#include "ui/widgets/format.h"

namespace attune::ui {

ViewsMenu::ViewsMenu(Session &session, DataQuery &query, QWidget *parent)
    : QMenu(tr("Saved views"), parent), m_session(session), m_query(query)
{
    setObjectName(QStringLiteral("viewsMenu"));
    connect(this, &QMenu::aboutToShow, this, &ViewsMenu::reload);
    rebuild();
    reload();
}

void ViewsMenu::reload()
{
    m_session.ask<std::vector<SavedView>>(
        this, QStringLiteral("views"), [](Project &project) { return Labelling(project).views(); },
        [this](Result<std::vector<SavedView>> views) {
            if (!views)
                return m_session.report(views.error());
            const QStringList before = names();
            m_views = std::move(*views);
            if (names() != before) // else the one that is chosen by the keys stays chosen
                rebuild();
        });
}

QStringList ViewsMenu::names() const
{
    QStringList names;
    for (const SavedView &view : m_views)
        names << fromUtf8(view.name);
    return names;
}

void ViewsMenu::rebuild()
{
    clear();
    delete m_remove;
    m_remove = nullptr;
    for (const QString &name : names())
        connect(addAction(name), &QAction::triggered, this, [this, name] { apply(name); });
    if (!m_views.empty())
        addSeparator();
    QAction *save = addAction(tr("Save this view as..."));
    save->setEnabled(!m_session.readOnly());
    connect(save, &QAction::triggered, this, &ViewsMenu::saveAsked);
    if (m_views.empty() || m_session.readOnly())
        return;
    m_remove = new QMenu(tr("Remove"), this);
    for (const QString &name : names())
        connect(m_remove->addAction(name), &QAction::triggered, this, [this, name] { remove(name); });
    addMenu(m_remove);
}

void ViewsMenu::save(const QString &name)
{
    const SavedView view{toUtf8(name), toJson(m_query.value()).dump()};
    m_session.change<bool>(
        this,
        [view](Project &project) -> Result<bool> {
            ATTUNE_CHECK(Labelling(project).saveView(view));
            return true;
        },
        [this, name](Result<bool> saved) {
            if (!saved)
                return m_session.report(saved.error());
            m_session.toast({.text = tr("View \"%1\" saved").arg(name)});
            reload();
        });
}

void ViewsMenu::remove(const QString &name)
{
    m_session.change<bool>(
        this,
        [name = toUtf8(name)](Project &project) -> Result<bool> {
            ATTUNE_CHECK(Labelling(project).removeView(name));
            return true;
        },
        [this](Result<bool> removed) {
            if (!removed)
                m_session.report(removed.error());
            reload();
        });
}

void ViewsMenu::apply(const QString &name)
{
    for (const SavedView &view : m_views) {
        if (fromUtf8(view.name) != name)
            continue;
        const auto json = parseJson(view.query, "the saved view " + view.name);
        if (!json)
            return m_session.report(json.error());
        const auto query = exampleQueryFromJson(*json);
        if (!query)
            return m_session.report(query.error());
        m_query.set(*query);
    }
}

} // namespace attune::ui
