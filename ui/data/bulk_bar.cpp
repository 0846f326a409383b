#include "ui/data/bulk_bar.h"

#include "ui/data/data_words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"

#include <QLabel>
#include <QMenu>

namespace attune::ui {

BulkBar::BulkBar(QWidget *parent) : QFrame(parent), m_count(new QLabel)
{
    setObjectName(QStringLiteral("bulkBar"));
    setAccessibleName(tr("Selected rows"));
    auto *layout = new FlowLayout(this, scaled(2), scaled(4)); // so that one line holds them all
    layout->setContentsMargins(scaled(12), scaled(6), scaled(4), scaled(6));
    m_count->setProperty("strong", true);
    followTheme(this, [this] { m_count->setFixedHeight(scaled(28)); });
    layout->addWidget(m_count);
    const auto state = [&](LabelState one, const char *iconName, const QString &name) {
        auto *button = new IconButton(iconName, name);
        connect(button, &QToolButton::clicked, this, [this, one] { Q_EMIT stateChosen(static_cast<int>(one)); });
        layout->addWidget(button);
    };
    state(LabelState::Approved, "check", tr("Approve the selected rows"));
    state(LabelState::Rejected, "x", tr("Reject the selected rows"));
    state(LabelState::Flagged, "flag", tr("Flag the selected rows"));
    const auto text = [&](const QString &words, const QString &name, void (BulkBar::*signal)()) {
        auto *button = new KeyButton(words, KeyButton::Plain);
        button->setAccessibleName(name);
        button->setDense(true);
        connect(button, &QPushButton::clicked, this, signal);
        layout->addWidget(button);
        return button;
    };
    text(tr("Tag"), tr("Tag the selected rows"), &BulkBar::tagAsked)->setObjectName(QStringLiteral("bulkTag"));
    auto *split = new KeyButton(tr("Split"), KeyButton::Plain);
    split->setObjectName(QStringLiteral("bulkSplit"));
    split->setAccessibleName(tr("Move the selected rows to a split"));
    split->setDense(true);
    auto *menu = new QMenu(split);
    for (int part = 0; part < 3; ++part)
        connect(menu->addAction(partWord(static_cast<Part>(part))), &QAction::triggered, this,
                [this, part] { Q_EMIT partChosen(part); });
    connect(menu->addAction(partWord({})), &QAction::triggered, this, [this] { Q_EMIT partChosen(-1); });
    split->setMenu(menu);
    layout->addWidget(split);
    text(tr("Replace"), tr("Find and replace in the selected rows"), &BulkBar::replaceAsked)
        ->setObjectName(QStringLiteral("bulkReplace"));
    auto *remove = new IconButton("trash", tr("Delete the selected rows"));
    remove->setObjectName(QStringLiteral("bulkDelete"));
    connect(remove, &QToolButton::clicked, this, &BulkBar::deleteAsked);
    layout->addWidget(remove);
    auto *close = new IconButton("close", tr("Select one row only"));
    connect(close, &QToolButton::clicked, this, &BulkBar::clearAsked);
    layout->addWidget(close);
    hide();
}

void BulkBar::setCount(qint64 rows)
{
    m_count->setText(tr("%1 selected").arg(formatCount(rows)));
    setVisible(rows > 1);
}

} // namespace attune::ui
