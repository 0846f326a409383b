#include "ui/data/query_bar.h"

#include "ui/data/data_words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"

#include <QActionGroup>
#include <QApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QTimer>
#include <QToolButton>

namespace attune::ui {

QueryBar::QueryBar(DataQuery &query, QWidget *parent)
    : QWidget(parent), m_query(query), m_chipArea(new QWidget),
      m_chips(new FlowLayout(m_chipArea, scaled(6), scaled(4))), m_sort(new QToolButton), m_sortMenu(new QMenu(this))
{
    setObjectName(QStringLiteral("queryBar"));
    auto *caption = new QLabel(tr("Sort"));
    caption->setProperty("caption", true);
    m_sort->setObjectName(QStringLiteral("sort"));
    m_sort->setMenu(m_sortMenu);
    m_sort->setPopupMode(QToolButton::InstantPopup);
    m_sort->setToolButtonStyle(Qt::ToolButtonTextOnly);
    m_sort->setAutoRaise(true);
    m_sort->setProperty("kind", QStringLiteral("flat"));
    buildSortMenu();

    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(scaled(12), scaled(6), scaled(8), scaled(6));
    layout->setSpacing(scaled(6));
    m_chips->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_chipArea, 1);
    layout->addWidget(caption, 0, Qt::AlignTop);
    layout->addWidget(m_sort, 0, Qt::AlignTop);
    connect(&query, &DataQuery::changed, this, &QueryBar::refresh);
    followTheme(this, [this, caption] {
        caption->setFixedHeight(scaled(26));
        m_sort->setFixedHeight(scaled(26));
        refresh(); // its notes have a height of their own
    });
}

void QueryBar::setHiddenTestRows(qint64 rows)
{
    if (rows == m_hiddenTest)
        return;
    m_hiddenTest = rows;
    refresh();
}

void QueryBar::buildSortMenu()
{
    using Sort = ExampleQuery::Sort;
    auto *group = new QActionGroup(this);
    const auto add = [&](Sort sort, bool descending, const char *name) {
        QAction *action = m_sortMenu->addAction(sortWords(sort, descending));
        action->setObjectName(QLatin1String("sort.") + QLatin1String(name));
        action->setCheckable(true);
        group->addAction(action);
        connect(action, &QAction::triggered, this, [this, sort, descending] { m_query.setSort(sort, descending); });
        connect(m_sortMenu, &QMenu::aboutToShow, action, [this, action, sort, descending] {
            action->setChecked(m_query.alikeTo() == 0 && m_query.value().sort == sort &&
                               m_query.value().descending == descending);
        });
    };
    add(Sort::Number, false, "number");
    add(Sort::Number, true, "newest");
    m_sortMenu->addSeparator();
    add(Sort::Tokens, false, "shortest");
    add(Sort::Tokens, true, "longest");
    add(Sort::Rating, true, "best");
    add(Sort::Rating, false, "worst");
    add(Sort::Changed, true, "changed");
    m_sortMenu->addSeparator();
    add(Sort::Prompt, false, "prompt");
    add(Sort::Answer, false, "answer");
    add(Sort::State, false, "state");
    add(Sort::Part, false, "part");
    m_sortMenu->addSeparator();
    QAction *alike = m_sortMenu->addAction(tr("most alike the selected row"));
    alike->setObjectName(QStringLiteral("sort.alike"));
    alike->setCheckable(true);
    group->addAction(alike);
    connect(alike, &QAction::triggered, this, &QueryBar::alikeAsked);
    connect(m_sortMenu, &QMenu::aboutToShow, alike, [this, alike] { alike->setChecked(m_query.alikeTo() != 0); });
}

void QueryBar::refresh()
{
    const bool hadFocus = m_chipArea->isAncestorOf(QApplication::focusWidget());
    m_chips->clear();
    const auto add = [this](const QString &words, const char *iconName, const std::function<void()> &remove) {
        auto *chip = new Chip(words, true);
        chip->setTone(Tone::Accent);
        if (iconName)
            chip->setIconName(iconName);
        chip->setAccessibleName(tr("%1. Delete takes this filter away").arg(words));
        // The bar is built anew by this: the chip must not be deleted under its own signal.
        connect(chip, &Chip::removed, this, [this, remove] { QTimer::singleShot(0, this, remove); });
        m_chips->addWidget(chip);
    };
    const ExampleQuery &query = m_query.value();
    if (!query.search.empty())
        add(tr("Search: %1").arg(oneLine(fromUtf8(query.search), 40)), "search",
            [this] { m_query.setSearch(QString()); });
    for (const FacetValue &value : m_query.chosen())
        add(chipWords(value),
            value.facet == Facet::Problem ? problemIcon(static_cast<ProblemKind>(value.number)) : nullptr,
            [this, value] { m_query.remove(value); });
    if (query.leastTokens || query.mostTokens) {
        const QString words = query.leastTokens && query.mostTokens
                                  ? tr("Tokens: %1 to %2").arg(*query.leastTokens).arg(*query.mostTokens)
                              : query.leastTokens ? tr("Tokens: at least %1").arg(*query.leastTokens)
                                                  : tr("Tokens: at most %1").arg(*query.mostTokens);
        add(words, nullptr, [this] { m_query.setTokenRange({}, {}); });
    }
    if (!query.ids.empty())
        add(m_query.idsWords(), nullptr, [this] { m_query.setIds({}, {}); });

    const auto link = [this](const QString &text, const char *name, const std::function<void()> &act) {
        auto *button = new KeyButton(text, KeyButton::Link);
        button->setObjectName(QLatin1String(name));
        button->setAccessibleName(text);
        connect(button, &QPushButton::clicked, this, [this, act] { QTimer::singleShot(0, this, act); });
        m_chips->addWidget(button);
    };
    if (m_query.filtered())
        link(tr("Clear"), "clearFilter", [this] { m_query.clear(); });
    if (m_hiddenTest > 0 && !query.testRows) {
        const QString words = m_query.filtered() ? tr("%1 test rows:") : tr("%1 test rows hidden");
        auto *note = new ElidedLabel(words.arg(formatCount(m_hiddenTest)));
        note->setProperty("caption", true);
        note->setFixedHeight(scaled(24));
        m_chips->addWidget(note);
        link(tr("Show"), "showTestRows", [this] { Q_EMIT testRowsAsked(); });
    }
    m_sort->setText(m_query.sortWords() + QStringLiteral("  "));
    m_sort->setAccessibleName(tr("Sort by %1").arg(m_query.sortWords()));
    m_chipArea->updateGeometry();
    if (hadFocus)
        m_sort->setFocus(); // the chip that had it is gone
}

} // namespace attune::ui
