#include "ui/train/start_checks.h"

#include "core/model/registry.h"
#include "core/store/labelling.h"
#include "core/studio/sample_project.h"
#include "core/train/settings.h"
#include "ui/theme/theme.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace attune::ui {
namespace {

const char *iconOf(Tone tone)
{
    return tone == Tone::Ok ? "check" : tone == Tone::Bad ? "forbidden" : "warning";
}

/// As it is typed in the search of Data.
QString searchFor(ProblemKind kind)
{
    return QStringLiteral("problem:") + fromUtf8(name(kind));
}

/// A tinted picture that follows the theme.
class ToneIcon final : public QWidget {
public:
    explicit ToneIcon(Tone tone) : m_tone(tone)
    {
        followTheme(this, [this] { setFixedSize(scaled(16), scaled(18)); });
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.drawPixmap(0, (height() - scaled(14)) / 2,
                           iconPixmap(iconOf(m_tone), toneText(m_tone), scaled(14), devicePixelRatioF()));
    }

private:
    Tone m_tone;
};

} // namespace

Result<StartFacts> readStartFacts(Project &project, std::int64_t maxLength)
{
    StartFacts facts;
    ATTUNE_TRY(facts.sample, isSampleProject(project));
    ExampleQuery query;
    query.states = {LabelState::ToLabel, LabelState::Approved, LabelState::Flagged}; // a run leaves rejected rows out
    Labelling labelling(project);
    ATTUNE_TRY(const auto all, labelling.facets(query));
    facts.train = all.parts[0];
    facts.validation = all.parts[1];
    facts.test = all.parts[2];
    facts.withoutPart = all.parts[3];
    if (facts.train == 0) { // why?
        query.states = {LabelState::Rejected};
        ATTUNE_TRY(const auto rejected, labelling.facets(query));
        facts.rejected = rejected.rows;
        query.states = {LabelState::ToLabel, LabelState::Approved, LabelState::Flagged};
    }
    query.parts = {Part::Train, Part::Validation};
    query.maxLength = maxLength;
    ATTUNE_TRY(const auto used, labelling.facets(query));
    const auto of = [&](ProblemKind kind) { return used.problems[static_cast<std::size_t>(kind)]; };
    facts.cutRows = of(ProblemKind::Cut);
    facts.cutTokens = used.cutTokens;
    facts.leaks = of(ProblemKind::Leak);
    facts.endMissing = of(ProblemKind::EndTokenMissing);
    facts.nothingTrained = of(ProblemKind::NothingTrained);
    if (const auto models = knownModels())
        for (const KnownModel &model : *models)
            facts.models.append(fromUtf8(model.name));
    return facts;
}

QList<StartCheck> startChecks(const StartFacts &facts, const Session &session, const TrainSettings &settings)
{
    const auto tr = [](const char *text, const char *more = nullptr, int n = -1) {
        return StartCheckList::tr(text, more, n);
    };
    QList<StartCheck> checks;
    if (!session.encoderError().isEmpty())
        checks.append({Tone::Bad, session.encoderError(), {}, {}});
    if (facts.train == 0)
        checks.append(
            {Tone::Bad,
             facts.withoutPart > 0 ? tr("No row is in the train part. Split the rows first.")
             : facts.rejected > 0
                 ? tr("No row to train on is left: %1 are rejected.").arg(formatCount(facts.rejected))
             : facts.validation + facts.test > 0
                 ? tr("No row is in the train part: all %1 are validation or test rows. Move some to train.")
                       .arg(formatCount(facts.validation + facts.test))
                 : tr("There are no rows to train on. Import some first."),
             tr("Open Data"), QStringLiteral(" ")});
    if (facts.train > 0 && facts.validation == 0)
        checks.append({Tone::Warn, tr("No validation rows: nothing tells when the run begins to learn by heart."),
                       tr("Open Data"), QStringLiteral(" ")});
    if (facts.withoutPart > 0 && facts.train > 0)
        checks.append({Tone::Warn, tr("%1 rows have no part and are left out").arg(formatCount(facts.withoutPart)),
                       tr("show"), QStringLiteral("split:none")});
    if (facts.cutRows > 0)
        checks.append({Tone::Warn,
                       tr("%1 rows are cut at %2, %3 tokens lost")
                           .arg(formatCount(facts.cutRows), formatCount(settings.max_length),
                                formatCount(facts.cutTokens)),
                       tr("show"), searchFor(ProblemKind::Cut)});
    if (facts.nothingTrained > 0)
        checks.append({Tone::Warn, tr("%1 rows have no token to train on").arg(formatCount(facts.nothingTrained)),
                       tr("show"), searchFor(ProblemKind::NothingTrained)});
    if (facts.endMissing > 0)
        checks.append({Tone::Warn,
                       tr("%1 rows have no trained end token: the model would not learn to stop")
                           .arg(formatCount(facts.endMissing)),
                       tr("show"), searchFor(ProblemKind::EndTokenMissing)});
    if (facts.leaks > 0)
        checks.append({Tone::Warn,
                       tr("%1 rows are too like rows of another part, so validation flatters")
                           .arg(formatCount(facts.leaks)),
                       tr("show"), searchFor(ProblemKind::Leak)});
    if (checks.isEmpty()) {
        checks.append({Tone::Ok, tr("%1 rows to train on, %2 to validate with")
                                     .arg(formatCount(facts.train), formatCount(facts.validation)), {}, {}});
        checks.append({Tone::Ok, tr("No row is cut, and no part holds rows of another"), {}, {}});
    }
    return checks;
}

StartCheckList::StartCheckList(QWidget *parent) : QWidget(parent), m_layout(new QVBoxLayout(this))
{
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(scaled(4));
}

void StartCheckList::setChecks(const QList<StartCheck> &checks)
{
    if (checks == m_checks)
        return;
    m_checks = checks;
    while (QLayoutItem *item = m_layout->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    for (const StartCheck &check : checks) {
        auto *row = new QWidget;
        auto *layout = new QHBoxLayout(row);
        layout->setContentsMargins(0, 0, 0, 0);
        layout->setSpacing(scaled(8));
        auto *text = new QLabel(check.text);
        text->setWordWrap(true);
        layout->addWidget(new ToneIcon(check.tone), 0, Qt::AlignTop);
        layout->addWidget(text, 1);
        if (!check.link.isEmpty()) {
            auto *link = new KeyButton(check.link, KeyButton::Link);
            link->setAccessibleName(QStringLiteral("%1: %2").arg(check.text, check.link));
            connect(link, &QPushButton::clicked, this, [this, search = check.search.trimmed()] {
                Q_EMIT followed(search);
            });
            layout->addWidget(link, 0, Qt::AlignTop);
        }
        m_layout->addWidget(row);
    }
}

} // namespace attune::ui
