#include "ui/data/split_panel.h"

#include "ui/data/bulk_edit.h"
#include "ui/data/data_words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/split_bar.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QSpinBox>
#include <QVBoxLayout>

namespace attune::ui {

namespace {

QString keyWords(const std::string &key)
{
    if (key.empty())
        return SplitPanel::tr("nothing");
    if (key == "file")
        return SplitPanel::tr("source file");
    if (key == "tags")
        return SplitPanel::tr("first tag");
    if (key.starts_with("tag:"))
        return SplitPanel::tr("tag %1").arg(fromUtf8(key.substr(4)));
    return SplitPanel::tr("JSON field %1").arg(fromUtf8(key.substr(5)));
}

void fillKeys(QComboBox *box, const std::vector<std::string> &keys, const std::string &current)
{
    box->clear();
    box->addItem(keyWords({}), QString());
    for (const std::string &key : keys)
        box->addItem(keyWords(key), fromUtf8(key));
    if (!current.empty() && box->findData(fromUtf8(current)) < 0)
        box->addItem(keyWords(current), fromUtf8(current));
    box->setCurrentIndex(std::max(0, box->findData(fromUtf8(current))));
}

} // namespace

struct SplitPanel::State {
    SplitPlan plan;
    SplitKeys keys;
    FacetCounts counts;
    std::int64_t leaks = 0;
};

SplitPanel::SplitPanel(Session &session, QWidget *parent)
    : SidePanel(tr("Split"), "split", parent), m_session(session), m_bar(new SplitBar), m_counts(caption({})),
      m_validation(new QSpinBox), m_test(new QSpinBox), m_seed(new QSpinBox), m_group(new QComboBox),
      m_stratify(new QComboBox), m_error(new InlineNotice(Tone::Bad)), m_leaks(new InlineNotice(Tone::Warn)),
      m_split(new KeyButton(tr("Split"), KeyButton::Primary, "split")),
      m_anew(new KeyButton(tr("Divide all rows anew"), KeyButton::Plain, "refresh"))
{
    m_bar->setAccessibleName(tr("Split of all rows"));
    m_validation->setObjectName(QStringLiteral("validationShare"));
    m_validation->setAccessibleName(tr("Validation share in percent"));
    m_test->setObjectName(QStringLiteral("testShare"));
    m_test->setAccessibleName(tr("Test share in percent"));
    m_seed->setObjectName(QStringLiteral("splitSeed"));
    m_seed->setAccessibleName(tr("Seed of the split"));
    for (QComboBox *one : {m_group, m_stratify}) // their choices come later than their first look
        one->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_group->setObjectName(QStringLiteral("splitGroup"));
    m_group->setAccessibleName(tr("Keep together by"));
    m_stratify->setObjectName(QStringLiteral("splitStratify"));
    m_stratify->setAccessibleName(tr("Same shares in each"));
    for (QComboBox *one : {m_group, m_stratify})
        one->view()->setAccessibleName(one->accessibleName());
    for (QSpinBox *share : {m_validation, m_test}) {
        share->setRange(0, 90);
        share->setSuffix(tr(" %"));
        connect(share, &QSpinBox::valueChanged, this, &SplitPanel::validate);
    }
    m_seed->setRange(0, 1'000'000'000);
    followTheme(this, [this] {
        for (QSpinBox *share : {m_validation, m_test})
            share->setMaximumWidth(scaled(120));
        m_seed->setMaximumWidth(scaled(160));
    });
    m_split->setObjectName(QStringLiteral("splitNow"));
    m_split->setAccessibleName(tr("Give a part to the rows that have none"));
    m_anew->setObjectName(QStringLiteral("splitAnew"));
    m_anew->setAccessibleName(m_anew->text());

    auto *form = new QFormLayout;
    form->setFieldGrowthPolicy(QFormLayout::FieldsStayAtSizeHint);
    form->setHorizontalSpacing(scaled(16));
    form->addRow(tr("Validation"), m_validation);
    form->addRow(tr("Test"), m_test);
    form->addRow(tr("Seed"), m_seed);
    form->addRow(tr("Keep together by"), m_group);
    form->addRow(tr("Same shares in each"), m_stratify);
    auto *buttons = new QWidget;
    auto *flow = new FlowLayout(buttons, scaled(8), scaled(6));
    flow->setContentsMargins(0, 0, 0, 0);
    flow->addWidget(m_split);
    flow->addWidget(m_anew);
    body()->addWidget(m_bar);
    body()->addWidget(m_counts);
    body()->addWidget(m_leaks);
    body()->addSpacing(scaled(8));
    body()->addLayout(form);
    body()->addWidget(m_error);
    body()->addWidget(buttons);
    body()->addWidget(
        caption(tr("Rows with nearly equal prompts always stand in the same part. Rows that have a part keep "
                   "it, so that results stay comparable; dividing all anew moves rows, and one undo takes "
                   "it back.")));
    body()->addStretch(1);
    m_error->hide();
    m_leaks->hide();

    connect(m_split, &QPushButton::clicked, this, [this] { runSplit(false); });
    connect(m_anew, &QPushButton::clicked, this, [this] { runSplit(true); });
    connect(&session, &Session::examplesChanged, this, [this] {
        if (isVisible())
            reload();
    });
}

void SplitPanel::opened()
{
    m_loaded = false;
    reload();
    m_validation->setFocus(Qt::OtherFocusReason);
}

void SplitPanel::reload()
{
    m_session.ask<State>(
        this, QStringLiteral("split"),
        [](Project &project) -> Result<State> {
            State state;
            Labelling labelling(project);
            ATTUNE_TRY(state.plan, splitPlan(project));
            ATTUNE_TRY(state.keys, splitKeys(project));
            ATTUNE_TRY(state.counts, labelling.facets({}));
            state.leaks = state.counts.problems[static_cast<std::size_t>(ProblemKind::Leak)];
            return state;
        },
        [this](Result<State> state) {
            if (!state)
                return m_session.report(state.error());
            showState(*state);
        });
}

void SplitPanel::showState(const State &state)
{
    const auto &parts = state.counts.parts;
    m_bar->setCounts(parts[0], parts[1], parts[2]);
    QString words = tr("train %1 · validation %2 · test %3")
                        .arg(formatCount(parts[0]), formatCount(parts[1]), formatCount(parts[2]));
    if (parts[3] > 0)
        words += tr(" · without a part %1").arg(formatCount(parts[3]));
    m_counts->setText(words);
    m_leaks->show(Tone::Warn,
                  state.leaks > 0
                      ? tr("%1 too like a row of another part.")
                            .arg(state.leaks == 1 ? tr("1 row is") : tr("%1 rows are").arg(formatCount(state.leaks)))
                      : QString(),
                  {{tr("Review"), [this] { Q_EMIT leaksAsked(); }}});
    m_withoutPart = parts[3];
    const bool writable = !m_session.readOnly();
    m_split->setText(parts[3] > 0 ? tr("Split %1").arg(rowsText(parts[3])) : tr("All rows are split"));
    m_split->setEnabled(writable && parts[3] > 0);
    if (!m_loaded) { // afterwards the fields are the user's
        m_validation->setValue(static_cast<int>(state.plan.shares.validationShare * 100 + 0.5));
        m_test->setValue(static_cast<int>(state.plan.shares.testShare * 100 + 0.5));
        m_seed->setValue(static_cast<int>(state.plan.shares.seed));
        fillKeys(m_group, state.keys.groups, state.plan.group);
        fillKeys(m_stratify, state.keys.strata, state.plan.stratify);
    }
    m_anew->setEnabled(writable && state.counts.all > 0);
    m_loaded = true;
    validate();
}

void SplitPanel::validate()
{
    const int sum = m_validation->value() + m_test->value();
    const bool bad = sum >= 100;
    m_error->show(Tone::Bad,
                  bad ? tr("Validation and test are %1 % together; leave some for training.").arg(sum) : QString());
    if (bad) {
        m_split->setEnabled(false);
        m_anew->setEnabled(false);
    } else if (m_loaded && !m_session.readOnly()) {
        m_anew->setEnabled(true);
        m_split->setEnabled(m_withoutPart > 0);
    }
}

SplitPlan SplitPanel::chosen() const
{
    SplitPlan plan;
    plan.shares.validationShare = m_validation->value() / 100.0;
    plan.shares.testShare = m_test->value() / 100.0;
    plan.shares.seed = static_cast<std::uint64_t>(m_seed->value());
    plan.group = toUtf8(m_group->currentData().toString());
    plan.stratify = toUtf8(m_stratify->currentData().toString());
    return plan;
}

void SplitPanel::runSplit(bool anew)
{
    if (m_session.readOnly())
        return;
    const QString label = anew ? tr("All rows divided anew") : tr("Rows split");
    applyEdits(m_session, label, [plan = chosen(), anew](Project &project) -> Result<std::vector<ExampleEdit>> {
        ATTUNE_CHECK(setSplitPlan(project, plan));
        return splitEdits(project, plan, anew);
    });
}

void SplitPanel::splitNow()
{
    if (m_session.readOnly())
        return;
    applyEdits(m_session, tr("Rows split"), [](Project &project) -> Result<std::vector<ExampleEdit>> {
        ATTUNE_TRY(const auto plan, splitPlan(project));
        return splitEdits(project, plan, false);
    });
}

} // namespace attune::ui
