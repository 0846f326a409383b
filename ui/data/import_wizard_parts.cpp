#include "ui/data/import_wizard.h"
#include "ui/data/import_wizard_row.h"
#include "ui/data/import_wizard_split.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"

#include <QButtonGroup>
#include <QLabel>
#include <QRadioButton>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

// Of ImportWizard: which part the rows go to.

namespace attune::ui {

namespace {

/// "the tag customer", of a key of the split plan.
QString splitKeyWords(const std::string &key)
{
    if (key == "file")
        return ImportWizard::tr("source file");
    if (key == "tags")
        return ImportWizard::tr("first tag");
    const QString name = fromUtf8(key.substr(key.find(':') + 1));
    return key.starts_with("tag:") ? ImportWizard::tr("the tag %1").arg(name)
                                   : ImportWizard::tr("value of \"%1\" in the answer").arg(name);
}

QString percent(double share)
{
    return QString::number(static_cast<int>(share * 100 + 0.5));
}

} // namespace

QWidget *ImportWizard::buildSplit()
{
    auto *page = new QWidget;
    auto *layout = new QVBoxLayout(page);
    layout->setContentsMargins(scaled(16), scaled(16), scaled(16), scaled(16));
    layout->setSpacing(scaled(10));
    const char *const names[] = {"splitOwn", "splitProject", "splitTrain", "splitValidation", "splitTest"};
    for (int i = 0; i < 5; ++i) {
        auto *choice = new QRadioButton;
        choice->setObjectName(QLatin1String(names[i]));
        m_split->addButton(choice, i);
        layout->addWidget(choice);
    }
    m_splitWhy->setProperty("caption", true);
    m_splitWhy->setWordWrap(true);
    m_splitWhy->setObjectName(QStringLiteral("splitWhy"));
    m_parts->setObjectName(QStringLiteral("splitParts"));
    layout->addSpacing(scaled(6));
    layout->addWidget(m_parts);
    layout->addWidget(m_splitWhy);
    layout->addStretch(1);
    connect(m_split, &QButtonGroup::idClicked, this, [this](int choice) {
        const bool without = choice == 1;
        m_choice.part = choice >= 2 ? std::optional(static_cast<Part>(choice - 2)) : std::nullopt;
        if (std::exchange(m_choice.withoutOwnSplit, without) != without)
            changed();
        showSplitChoices();
    });
    return page;
}

void ImportWizard::showSplitChoices()
{
    const SplitOptions &plan = m_plan.shares;
    const QString shares =
        QStringLiteral("%1 / %2 / %3").arg(percent(1 - plan.validationShare - plan.testShare),
                                           percent(plan.validationShare), percent(plan.testShare));
    // With a column of splits the file's own word can be passed over; records of other forms keep what they say.
    const bool column =
        m_checked && std::any_of(m_checked->columns.begin(), m_checked->columns.end(),
                                 [](const PreviewColumn &one) { return one.role == ColumnRole::Split; });
    const bool own = m_checked && (m_checked->ownSplit || column);
    const bool free = !own || (m_checked->usesColumns && column);
    const QString words[] = {tr("As the file says; by the project's split where it says nothing"),
                             tr("By the project's split: %1").arg(shares), tr("All to train"),
                             tr("All to validation"), tr("All to test")};
    for (int i = 0; i < 5; ++i) {
        m_split->button(i)->setText(words[i]);
        m_split->button(i)->setAccessibleName(words[i]);
    }
    m_split->button(0)->setVisible(own);
    m_split->button(1)->setEnabled(free);
    m_split->button(1)->setToolTip(free ? QString() : tr("These records say their part themselves"));
    const int chosen = m_choice.part                      ? 2 + static_cast<int>(*m_choice.part)
                       : own && !m_choice.withoutOwnSplit ? 0
                                                          : 1;
    m_split->button(chosen)->setChecked(true);
    const QString details[] = {tr("the file's own"), shares, tr("train"), tr("validation"), tr("test")};
    m_side->setDetail(ImportStep::Split, m_checked ? details[chosen] : QString());
    showParts();
}

void ImportWizard::showParts()
{
    QStringList why{tr("Rows with nearly equal prompts stay in one part, also with rows that the project has.")};
    if (!m_plan.group.empty())
        why << tr("Rows that belong together by %1 stay together.").arg(splitKeyWords(m_plan.group));
    if (!m_plan.stratify.empty())
        why << tr("Each %1 is divided by the shares.").arg(splitKeyWords(m_plan.stratify));
    if (m_choice.part)
        why = {tr("All rows go to one part; rows too like those of another part are reported as leaks.")};
    m_splitWhy->setText(why.join(QLatin1Char(' ')));
    const bool known = m_checked && m_checked->missing.empty() && m_checked->coming() > 0;
    bool about = false;
    const auto parts = known ? partsOf(m_choice, *m_checked, m_plan.shares, about) : std::array<std::int64_t, 3>{};
    m_parts->setVisible(known);
    m_parts->setCounts(parts, about);
    m_rowView->showSplit(parts, about,
                         !known          ? QString()
                         : m_choice.part ? tr("all to one part")
                                         : tr("similar rows stay together"));
}

} // namespace attune::ui
