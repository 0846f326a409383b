#include "ui/train/new_run_form.h"

#include "ui/theme/theme.h"
#include "ui/train/adapter_choice.h"
#include "ui/train/memory_section.h"
#include "ui/train/run_book.h"
#include "ui/train/run_planner.h"
#include "ui/train/setting_field.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"
#include "ui/widgets/panel_header.h"
#include "ui/widgets/segmented_control.h"
#include "ui/widgets/split_bar.h"

#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QFormLayout>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace attune::ui {
namespace {

constexpr int readAfter = 250; // ms after the last key

QLabel *caption(const QString &text = {})
{
    auto *label = new QLabel(text);
    label->setProperty("caption", true);
    label->setWordWrap(true);
    return label;
}

QLabel *heading(const QString &text)
{
    auto *label = new QLabel(text);
    setTextStyle(label, TextStyle::Strong);
    return label;
}

QFrame *separator()
{
    auto *line = new QFrame;
    line->setFixedHeight(1);
    setBackground(line, Token::Line);
    return line;
}

QScrollArea *scrolling(QWidget *content)
{
    auto *area = new QScrollArea;
    area->setWidget(content);
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setFocusPolicy(Qt::NoFocus);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    return area;
}

const SettingInfo *infoOf(const QString &key)
{
    for (const SettingInfo &info : trainSettings())
        if (key == QLatin1String(info.key))
            return &info;
    return nullptr;
}

} // namespace

/// The edge to the monitor that it lies over in a narrow window.
void NewRunForm::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawLine(&painter, rect().topLeft(), rect().bottomLeft());
}

NewRunForm::NewRunForm(Session &session, RunBook &book, QWidget *parent)
    : QWidget(parent), m_session(session), m_book(book), m_planner(new RunPlanner(session, this)),
      m_header(new PanelHeader(tr("New run"))), m_view(new SegmentedControl({tr("Simple"), tr("Advanced")})),
      m_stack(new QStackedWidget), m_model(new QComboBox), m_adapter(new AdapterChoice(session)),
      m_split(new SplitBar), m_rows(caption()),
      m_strength(new SegmentedControl({tr("Light 8"), tr("Normal 16"), tr("Strong 32")})), m_length(caption()),
      m_cut(caption()), m_showCut(new KeyButton(tr("show"), KeyButton::Link)), m_schedule(caption()),
      m_early(new QCheckBox), m_name(new QLineEdit), m_changes(new QWidget), m_changeRows(new QVBoxLayout),
      m_changesTitle(heading({})), m_memory(new MemorySection), m_memoryLine(separator()),
      m_checks(new StartCheckList), m_reason(caption()),
      m_start(new KeyButton(tr("Start"), KeyButton::Primary, "play", QStringLiteral("Ctrl ↵")))
{
    setObjectName(QStringLiteral("newRunForm"));
    setBackground(this, Token::Surface);
    auto *close = new IconButton("close", tr("Close the form"));
    m_view->setAccessibleName(tr("View of the settings"));
    m_header->addWidget(m_view);
    m_header->addWidget(close);
    connect(close, &QToolButton::clicked, this, &NewRunForm::closeWanted);
    connect(m_view, &SegmentedControl::changed, this, [this](int view) { setAdvanced(view == 1); });

    auto *simple = new QWidget;
    auto *simpleLayout = new QVBoxLayout(simple);
    simpleLayout->setContentsMargins(scaled(16), scaled(12), scaled(16), scaled(12));
    simpleLayout->setSpacing(scaled(12));
    makeSimple(simpleLayout);
    m_stack->addWidget(scrolling(simple));

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(1, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_header);
    layout->addWidget(m_stack, 1);
    layout->addWidget(makeFoot());

    m_readSoon.setSingleShot(true);
    m_readSoon.setInterval(readAfter);
    connect(&m_readSoon, &QTimer::timeout, this, &NewRunForm::readFacts);
    connect(&m_draft, &RunDraft::changed, this, [this](const QString &key) {
        if (m_ready && (key.isEmpty() || key == QLatin1String("max_length")))
            m_readSoon.start();
        m_failure.clear();
        update();
    });
    connect(&session, &Session::maxLengthChanged, this, [this] {
        if (m_ready && !m_readSoon.isActive() && m_session.maxLength() != m_draft.settings().max_length)
            m_draft.setText(QStringLiteral("max_length"), QString::number(m_session.maxLength()));
    });
    connect(&session, &Session::baseModelChanged, this, [this] {
        m_failure.clear();
        fillModels();
        update();
    });
    connect(&session, &Session::encoderChanged, this, &NewRunForm::update);
    connect(&session, &Session::examplesChanged, this, [this] {
        m_planner->forgetRows();
        m_readSoon.start();
    });
    connect(m_planner, &RunPlanner::changed, this, &NewRunForm::takePlan);
    connect(&book, &RunBook::changed, this, &NewRunForm::update);
    update();
    readFacts();
}

SettingField *NewRunForm::addSimple(const QString &key, const QList<QWidget *> &beside)
{
    auto *field = new SettingField(*infoOf(key), m_draft, SettingField::Form::Plain);
    field->setObjectName(QStringLiteral("simple_") + key);
    field->addBeside(beside);
    return field;
}

void NewRunForm::makeSimple(QVBoxLayout *layout)
{
    auto *form = new QFormLayout;
    form->setHorizontalSpacing(scaled(12));
    form->setVerticalSpacing(scaled(10));
    form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    m_model->setObjectName(QStringLiteral("startFrom"));
    m_model->setAccessibleName(tr("Model to start from"));
    m_model->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_model->setMinimumContentsLength(12);
    connect(m_model, &QComboBox::activated, this,
            [this](int at) { m_session.setBaseModel(m_model->itemData(at).toString()); });
    m_split->setAccessibleName(tr("Rows by part"));
    m_strength->setAccessibleName(tr("Strength: rank of the adapter"));
    connect(m_strength, &SegmentedControl::changed, this, &NewRunForm::setStrength);
    m_showCut->setAccessibleName(tr("Show the rows that are cut"));
    connect(m_showCut, &QPushButton::clicked, this, [this] {
        Q_EMIT goTo(QStringLiteral("data"), {{QStringLiteral("search"), QStringLiteral("problem:cut")}});
    });
    m_early->setAccessibleName(tr("Stop early when validation gets no better"));
    connect(m_early, &QCheckBox::toggled, this, [this](bool on) {
        const auto usual = TrainSettings{}.early_stopping_patience;
        m_draft.setText(QStringLiteral("early_stopping_patience"), on ? QString::number(usual) : QStringLiteral("0"));
    });
    m_name->setAccessibleName(tr("Name of the run"));
    m_name->setObjectName(QStringLiteral("runName"));

    auto *rows = new QWidget;
    auto *rowsLayout = new QVBoxLayout(rows);
    rowsLayout->setContentsMargins(0, scaled(4), 0, 0);
    rowsLayout->setSpacing(scaled(4));
    rowsLayout->addWidget(m_split);
    rowsLayout->addWidget(m_rows);
    auto *safety = new QWidget;
    auto *safetyLayout = new QVBoxLayout(safety);
    safetyLayout->setContentsMargins(0, scaled(4), 0, 0);
    safetyLayout->setSpacing(scaled(4));
    safetyLayout->addWidget(m_early);
    safetyLayout->addWidget(caption(tr("The best checkpoint is always kept.")));
    form->addRow(tr("Name"), m_name);
    connect(m_adapter, &AdapterChoice::chosen, this, &NewRunForm::takeShape);
    connect(m_adapter, &AdapterChoice::cleared, this, &NewRunForm::leaveShape);
    auto *from = new QVBoxLayout;
    from->setSpacing(scaled(2));
    from->addWidget(m_model);
    from->addWidget(m_adapter);
    form->addRow(tr("Start from"), from);
    form->addRow(tr("Rows"), rows);
    form->addRow(tr("Strength"), m_strength);
    form->addRow(tr("Epochs"), addSimple(QStringLiteral("num_train_epochs"), {m_length}));
    form->addRow(tr("Longest row"), addSimple(QStringLiteral("max_length"), {m_cut, m_showCut}));
    form->addRow(tr("Learning rate"), addSimple(QStringLiteral("learning_rate"), {m_schedule}));
    form->addRow(tr("Safety"), safety);
    for (QLabel *text : {m_length, m_cut, m_schedule})
        text->setWordWrap(false);
    layout->addLayout(form);
    layout->addWidget(separator());
    layout->addWidget(m_memory);
    layout->addWidget(m_memoryLine);
    connect(m_memory, &MemorySection::applyAsked, this, [this](const QStringList &changes) {
        for (const QString &change : changes)
            m_draft.setText(change.section(QLatin1Char('='), 0, 0), change.section(QLatin1Char('='), 1));
    });

    auto *changes = new QVBoxLayout(m_changes);
    changes->setContentsMargins(0, 0, 0, 0);
    changes->setSpacing(scaled(4));
    auto *head = new QHBoxLayout;
    auto *reset = new KeyButton(tr("Reset"), KeyButton::Link);
    reset->setAccessibleName(tr("Reset every setting"));
    connect(reset, &QPushButton::clicked, &m_draft, qOverload<>(&RunDraft::reset));
    head->addWidget(m_changesTitle);
    head->addStretch();
    head->addWidget(reset);
    changes->addLayout(head);
    changes->addLayout(m_changeRows);
    auto *line = separator();
    changes->addSpacing(scaled(8));
    changes->addWidget(line);
    layout->addWidget(m_changes);
    layout->addWidget(heading(tr("Before start")));
    layout->addWidget(m_checks);
    connect(m_checks, &StartCheckList::followed, this, [this](const QString &search) {
        Q_EMIT goTo(QStringLiteral("data"), search.isEmpty() ? QVariantMap()
                                                             : QVariantMap{{QStringLiteral("search"), search}});
    });
    layout->addStretch();
}

void NewRunForm::needAdvanced()
{
    if (m_fields.isEmpty())
        m_stack->addWidget(makeAdvanced());
}

QWidget *NewRunForm::makeAdvanced()
{
    auto *page = new QWidget;
    auto *layout = new QVBoxLayout(page);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    m_search = new QLineEdit;
    m_search->setPlaceholderText(tr("Find a setting"));
    m_search->setAccessibleName(tr("Find a setting"));
    m_search->setObjectName(QStringLiteral("settingSearch"));
    m_search->setClearButtonEnabled(true);
    connect(m_search, &QLineEdit::textChanged, this, &NewRunForm::filter);
    auto *top = new QHBoxLayout;
    top->setContentsMargins(scaled(16), scaled(12), scaled(16), scaled(4));
    top->addWidget(m_search);
    layout->addLayout(top);

    auto *list = new QWidget;
    auto *rows = new QVBoxLayout(list);
    rows->setContentsMargins(scaled(16), scaled(4), scaled(12), scaled(12));
    rows->setSpacing(scaled(6));
    const char *group = "";
    for (const SettingInfo &info : trainSettings()) {
        if (QLatin1String(group) != QLatin1String(info.group)) {
            group = info.group;
            QLabel *title = heading(tr(group));
            title->setContentsMargins(0, scaled(8), 0, scaled(2));
            m_groups.append(qMakePair(static_cast<QWidget *>(title), QList<SettingField *>()));
            rows->addWidget(title);
        }
        auto *field = new SettingField(info, m_draft, SettingField::Form::Labelled);
        m_fields.append(field);
        m_groups.last().second.append(field);
        rows->addWidget(field);
    }
    m_nothing = caption(tr("No setting is called that."));
    m_nothing->hide();
    rows->addWidget(m_nothing);
    rows->addStretch();
    layout->addWidget(scrolling(list), 1);
    return page;
}

QWidget *NewRunForm::makeFoot()
{
    auto *foot = new QWidget;
    auto *layout = new QVBoxLayout(foot);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(separator());
    m_reason->setObjectName(QStringLiteral("whyOff"));
    m_reason->setContentsMargins(scaled(16), scaled(8), scaled(16), 0);
    layout->addWidget(m_reason);
    auto *row = new QHBoxLayout;
    row->setContentsMargins(scaled(16), scaled(8), scaled(16), scaled(10));
    auto *copy = new IconButton("copy", tr("Copy as a command"));
    connect(copy, &QToolButton::clicked, this, [this] {
        QGuiApplication::clipboard()->setText(trainCommand(QString::fromStdString(m_session.path().string()),
                                                           m_session.baseModel(), m_name->text().trimmed(),
                                                           m_draft.settings(), m_adapter->folder()));
        m_session.toast({tr("Command copied"), Tone::Ok, {}});
    });
    m_start->setObjectName(QStringLiteral("startButton"));
    followTheme(m_start, [this] { m_start->setMinimumHeight(scaled(32)); });
    connect(m_start, &QPushButton::clicked, this, &NewRunForm::start);
    row->addWidget(copy);
    row->addStretch();
    row->addWidget(m_start);
    layout->addLayout(row);
    return foot;
}

} // namespace attune::ui
