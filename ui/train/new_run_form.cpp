#include "ui/train/new_run_form.h"

#include "core/studio/run_settings.h"
#include "core/studio/sample_project.h"
#include "core/train/rows.h"
#include "ui/theme/theme.h"
#include "ui/train/adapter_choice.h"
#include "ui/train/memory_section.h"
#include "ui/train/run_book.h"
#include "ui/train/run_planner.h"
#include "ui/train/setting_field.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/panel_header.h"
#include "ui/widgets/segmented_control.h"
#include "ui/widgets/split_bar.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace attune::ui {
namespace {

constexpr std::int64_t strengths[] = {8, 16, 32};
constexpr int makeAdvancedAfter = 400; // ms

TrainSettings startingSettings(const StartFacts &facts, const Session &session)
{
    TrainSettings settings = facts.sample ? demoSettings() : TrainSettings();
    settings.max_length = session.maxLength();
    return settings;
}

} // namespace

void NewRunForm::readFacts()
{
    const std::int64_t maxLength = m_draft.settings().max_length;
    if (m_ready)
        m_session.setMaxLength(maxLength);
    m_session.ask<StartFacts>(
        this, QStringLiteral("facts"), [maxLength](Project &project) { return readStartFacts(project, maxLength); },
        [this](Result<StartFacts> facts) {
            if (facts)
                takeFacts(std::move(*facts));
            else
                m_session.report(facts.error());
        });
}

void NewRunForm::takeFacts(StartFacts facts)
{
    m_facts = std::move(facts);
    if (!m_ready) {
        const TrainSettings start = startingSettings(m_facts, m_session);
        const bool other = start.max_length != m_draft.settings().max_length;
        m_draft.setStart(start);
        m_ready = true;
        if (other)
            m_readSoon.start();
        Q_EMIT readyChanged();
    }
    fillModels();
    update();
}

void NewRunForm::fillModels()
{
    const QSignalBlocker quiet(m_model);
    m_model->clear();
    QStringList models = m_facts.models;
    const QString base = m_session.baseModel();
    if (!base.isEmpty() && !models.contains(base))
        models.append(base);
    for (const QString &model : models) // of a path, its end says most
        m_model->addItem(model.section(QLatin1Char('/'), -2, -1, QString::SectionSkipEmpty), model);
    m_model->setCurrentIndex(m_model->findData(base));
    m_model->setToolTip(base);
}

void NewRunForm::startLike(const RunEntry &entry)
{
    const auto settings = settingsOf(entry.run);
    if (!settings) {
        m_session.report(settings.error());
        return;
    }
    m_like = entry.id();
    m_ready = true;
    if (!entry.run.model.empty())
        m_session.setBaseModel(fromUtf8(entry.run.model));
    m_adapter->clear();
    m_draft.setStart(*settings);
    if (const QString adapter = fromUtf8(initAdapterOf(entry.run)); !adapter.isEmpty())
        m_adapter->choose(adapter);
    m_readSoon.start();
    update();
}

void NewRunForm::setAdvanced(bool advanced)
{
    if (advanced)
        needAdvanced();
    m_view->setCurrent(advanced ? 1 : 0);
    m_stack->setCurrentIndex(advanced ? 1 : 0);
}

SettingField *NewRunForm::field(const QString &key)
{
    needAdvanced();
    for (SettingField *field : m_fields)
        if (field->key() == key)
            return field;
    return nullptr;
}

QWidget *NewRunForm::firstField() const
{
    return m_view->current() == 1 ? static_cast<QWidget *>(m_search) : m_model;
}

void NewRunForm::setStrength(int index)
{
    if (index < 0 || index >= 3)
        return;
    const TrainSettings &now = m_draft.settings();
    if (now.lora_r == strengths[index])
        return;
    // The scale of what the adapter adds stays what it was.
    const double scale = now.lora_alpha / static_cast<double>(now.lora_r);
    TrainSettings wanted = now;
    wanted.lora_r = strengths[index];
    wanted.lora_alpha = scale * static_cast<double>(wanted.lora_r);
    for (const char *key : {"lora_r", "lora_alpha"})
        m_draft.setText(QString::fromLatin1(key), fromUtf8(wanted.get(key)));
}

/// The adapter decides its own shape, so the settings say it too.
void NewRunForm::takeShape(const LoraConfig &shape)
{
    TrainSettings wanted = m_draft.settings();
    wanted.takeShape(shape);
    for (const char *key : TrainSettings::shapeKeys())
        m_draft.setText(QString::fromLatin1(key), fromUtf8(wanted.get(key)));
    update();
}

void NewRunForm::leaveShape()
{
    for (const char *key : TrainSettings::shapeKeys())
        m_draft.reset(QString::fromLatin1(key));
    update();
}

void NewRunForm::setBusy(const QString &why)
{
    m_busy = why;
    update();
}

void NewRunForm::showFailure(const QString &why)
{
    m_failure = why;
    updateReason(whyOff());
}

void NewRunForm::updateReason(const QString &whyOff)
{
    m_reason->setText(whyOff.isEmpty() ? m_failure : whyOff);
    m_reason->setVisible(!m_reason->text().isEmpty());
    m_reason->setProperty("tone", whyOff.isEmpty() ? QStringLiteral("bad") : QStringLiteral("muted"));
}

QString NewRunForm::whyOff() const
{
    if (!m_ready)
        return tr("Reading the project");
    const QStringList wrong = m_draft.wrongKeys();
    if (!wrong.isEmpty())
        return m_draft.error(wrong.first());
    if (m_session.readOnly())
        return tr("The project is read-only");
    if (!m_busy.isEmpty())
        return m_busy;
    for (const StartCheck &check : m_checks->checks())
        if (check.tone == Tone::Bad)
            return check.text;
    if (!m_session.encoder())
        return tr("Reading the model");
    // As training would refuse it, before anything is loaded. What is still being found out stands in nobody's way.
    const Result<RunPlan> *plan = m_planner->plan();
    if (plan && *plan && (*plan)->device().fit == RunFit::TooLarge)
        return fromUtf8((*plan)->device().trouble());
    if (plan && !*plan && plan->error().code == ErrorCode::InvalidInput)
        return fromUtf8(plan->error().message);
    return {};
}

/// The memory that this draft would need; while the form is not seen nobody wants to know.
void NewRunForm::askPlan()
{
    const bool possible = m_ready && m_session.encoder() && m_facts.train > 0 && m_draft.wrongKeys().isEmpty();
    m_memory->setVisible(possible);
    m_memoryLine->setVisible(possible);
    if (!possible)
        m_planner->forget();
    else if (isVisible())
        m_planner->ask(m_draft.settings());
}

bool NewRunForm::memoryKnown() const
{
    return m_memory->isHidden() || m_planner->plan();
}

void NewRunForm::takePlan()
{
    m_memory->showPlan(m_planner->plan(), m_draft.settings());
    updateStart();
}

void NewRunForm::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    askPlan();
    QTimer::singleShot(makeAdvancedAfter, this,
                       &NewRunForm::needAdvanced); // so that it does not wait when it is wanted
}

TrainRequest NewRunForm::request() const
{
    TrainRequest request;
    request.project = m_session.path();
    request.model = toUtf8(m_session.baseModel());
    request.name = toUtf8(m_name->text().trimmed());
    request.initAdapter = toUtf8(m_adapter->folder());
    request.settings = m_draft.settings();
    return request;
}

void NewRunForm::start()
{
    const QString why = whyOff();
    if (why.isEmpty()) {
        const TrainRequest wanted = request();
        m_name->clear();
        showFailure({});
        Q_EMIT startWanted(wanted);
        return;
    }
    updateReason(why);
    const QStringList wrong = m_draft.wrongKeys();
    if (!wrong.isEmpty() && m_view->current() == 1 && field(wrong.first()))
        field(wrong.first())->control()->setFocus();
}

void NewRunForm::updateLength()
{
    const TrainSettings &settings = m_draft.settings();
    const RunLength length = runLength(static_cast<std::size_t>(m_facts.train), settings);
    QString text = m_facts.train > 0 || settings.max_steps > 0
                       ? length.totalSteps == 1 ? tr("1 step") : tr("%1 steps").arg(formatCount(length.totalSteps))
                       : QString();
    // How many rows share a sequence is known once they are encoded.
    if (settings.packing && settings.max_steps == 0 && !text.isEmpty()) {
        m_length->setText(tr("at most %1, packed").arg(text));
        return;
    }
    // What a step took before, for as many rows.
    for (const RunEntry *entry : m_book.entries()) {
        const auto mean = entry->history.meanStepSeconds();
        const auto earlier = settingsOf(entry->run);
        if (text.isEmpty() || !mean || !earlier || fromUtf8(entry->run.model) != m_session.baseModel())
            continue;
        const auto rows = [](const TrainSettings &s) {
            return static_cast<double>(s.per_device_train_batch_size * s.gradient_accumulation_steps);
        };
        text += tr(", about %1").arg(formatDuration(*mean * rows(settings) / rows(*earlier) *
                                                  static_cast<double>(length.totalSteps)));
        break;
    }
    m_length->setText(text);
}

void NewRunForm::update()
{
    const TrainSettings &settings = m_draft.settings();
    const qint64 next = m_book.ids().isEmpty() ? 1 : m_book.ids().first() + 1;
    m_header->setCaption(QString::number(next));
    m_name->setPlaceholderText(QStringLiteral("run-%1").arg(next));
    m_split->setCounts(m_facts.train, m_facts.validation, m_facts.test);
    m_rows->setText(tr("%1 train · %2 validation · %3 test")
                        .arg(formatCount(m_facts.train), formatCount(m_facts.validation), formatCount(m_facts.test)));
    m_strength->setEnabled(m_adapter->folder().isEmpty());
    m_strength->setToolTip(m_strength->isEnabled() ? QString() : tr("The adapter has its rank already"));
    const auto *strength = std::find(std::begin(strengths), std::end(strengths), settings.lora_r);
    {
        const QSignalBlocker quiet(m_strength);
        m_strength->setCurrent(strength == std::end(strengths) ? -1
                                                               : static_cast<int>(strength - std::begin(strengths)));
    }
    updateLength();
    m_cut->setText(m_facts.cutRows > 0 ? tr("%1 rows cut").arg(formatCount(m_facts.cutRows)) : tr("no row is cut"));
    m_showCut->setVisible(m_facts.cutRows > 0);
    const QString schedule = fromUtf8(settings.lr_scheduler_type);
    m_schedule->setText(schedule == QLatin1String("cosine")   ? tr("falls to 0 along a cosine")
                        : schedule == QLatin1String("linear") ? tr("falls to 0 along a line")
                                                              : tr("stays where it is"));
    const auto patience = settings.early_stopping_patience;
    m_early->setText(tr("Stop after %1 validations without gain").arg(patience > 0 ? patience : 3));
    {
        const QSignalBlocker quiet(m_early);
        m_early->setChecked(patience > 0);
    }
    m_checks->setChecks(startChecks(m_facts, m_session, settings));
    updateChanges();
    m_start->setText(tr("Start run %1").arg(next));
    askPlan();
    updateStart();
}

void NewRunForm::updateStart()
{
    const QString why = whyOff();
    m_start->setEnabled(why.isEmpty());
    m_start->setToolTip(why);
    m_start->setAccessibleDescription(why);
    updateReason(why);
}

void NewRunForm::updateChanges()
{
    const QStringList keys = m_draft.changedKeys();
    m_view->setText(1, keys.isEmpty() ? tr("Advanced") : tr("Advanced %1").arg(keys.size()));
    m_changes->setVisible(!keys.isEmpty());
    m_changesTitle->setText(m_like > 0 ? tr("Changed from run %1").arg(m_like) : tr("Changed"));
    QString state;
    for (const QString &key : keys)
        state += key + QLatin1Char(' ') + m_draft.startText(key) + QLatin1Char(' ') + m_draft.text(key) +
                 QLatin1Char('\n');
    if (state == m_shownChanges)
        return;
    m_shownChanges = state;
    while (QLayoutItem *item = m_changeRows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    for (const QString &key : keys) {
        auto *row =
            new QLabel(QStringLiteral("%1&nbsp;&nbsp;<s>%2</s>&nbsp;<b>%3</b>")
                           .arg(key, m_draft.startText(key).toHtmlEscaped(),
                                m_draft.text(key).isEmpty() ? tr("empty") : m_draft.text(key).toHtmlEscaped()));
        row->setProperty("mono", true);
        row->setTextFormat(Qt::RichText);
        row->setAccessibleName(tr("%1: %2, was %3").arg(key, m_draft.text(key), m_draft.startText(key)));
        m_changeRows->addWidget(row);
    }
}

void NewRunForm::filter(const QString &words)
{
    bool any = false;
    for (const auto &[heading, fields] : m_groups) {
        bool some = false;
        for (SettingField *field : fields) {
            const bool shown = words.trimmed().isEmpty() || field->matches(words.trimmed());
            field->setVisible(shown);
            some = some || shown;
        }
        heading->setVisible(some);
        any = any || some;
    }
    m_nothing->setVisible(!any);
}

} // namespace attune::ui
