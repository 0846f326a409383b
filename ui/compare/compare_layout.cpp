#include "ui/compare/compare_workspace.h"

#include "ui/compare/answer_view.h"
#include "ui/compare/columns_area.h"
#include "ui/compare/model_picker.h"
#include "ui/compare/picker_popup.h"
#include "ui/compare/prompt_box.h"
#include "ui/compare/prompt_panel.h"
#include "ui/compare/question_card.h"
#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/segmented_control.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QRegularExpressionValidator>
#include <QScrollBar>
#include <QSplitter>

#include <algorithm>

namespace attune::ui {
namespace {

constexpr int mostColumns = 4;

QLabel *grey(const QString &text)
{
    auto *label = new QLabel(text);
    setTextStyle(label, TextStyle::Small);
    setForeground(label, Token::Text2);
    return label;
}

QFrame *line()
{
    auto *frame = new QFrame;
    frame->setFixedHeight(1);
    setBackground(frame, Token::Line);
    return frame;
}

} // namespace

void CompareWorkspace::build()
{
    setBackground(this, Token::Surface);
    m_prompts = new PromptPanel(m_session);
    m_strip = new QWidget;
    setBackground(m_strip, Token::Sunken);
    auto *strip = new QVBoxLayout(m_strip);
    strip->setContentsMargins(scaled(6), scaled(8), scaled(6), scaled(8));
    auto *open = new IconButton("list", tr("Prompts"));
    strip->addWidget(open);
    strip->addStretch(1);
    m_strip->hide();
    connect(open, &QToolButton::clicked, this, [this] {
        m_prompts->setVisible(!m_prompts->isVisible());
        applyNarrow();
        if (m_prompts->isVisible())
            m_prompts->list()->setFocus(Qt::OtherFocusReason);
    });

    m_card = new QuestionCard;
    m_notice = new InlineNotice(Tone::Bad);
    m_notice->setObjectName(QStringLiteral("notice"));
    m_notice->hide();
    m_area = new ColumnsArea;
    for (int i = 0; i < mostColumns; ++i) {
        auto *view = new CompareColumnView(i, m_area);
        view->hide();
        m_views << view;
        const auto column = static_cast<std::size_t>(i);
        connect(view->picker(), &ModelPicker::chosen, this,
                [this, column](const Answerer &answerer) { setAnswerer(column, answerer); });
        connect(view, &CompareColumnView::stopAsked, this, [this, column] { m_compare.stop(column); });
        connect(view, &CompareColumnView::addToDataAsked, this, [this, column] { addToData(column); });
        connect(view, &CompareColumnView::copyAsked, this, [this, column] { copyAnswer(column); });
        connect(view, &CompareColumnView::focused, this, [this, i] { m_focused = i; });
        connect(view->answerView(), &AnswerView::fieldsMoved, &m_align, qOverload<>(&QTimer::start));
        connect(view->answerView()->verticalScrollBar(), &QScrollBar::valueChanged, this, [this](int value) {
            if (m_show->current() == static_cast<int>(ShowAnswers::Fields))
                for (const CompareColumnView *other : m_views)
                    other->answerView()->verticalScrollBar()->setValue(value);
        });
    }
    m_align.setSingleShot(true);
    m_align.setInterval(0);
    connect(&m_align, &QTimer::timeout, this, &CompareWorkspace::alignFields);
    m_box = new PromptBox;
    m_status = grey({});
    m_status->setObjectName(QStringLiteral("compareStatus"));
    m_status->setAccessibleName(tr("Memory and speed"));
    setTextStyle(m_status, TextStyle::Caption);
    setForeground(m_status, Token::Text3);
    m_status->setContentsMargins(scaled(16), 0, scaled(16), scaled(8));
    m_status->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);

    auto *centre = new QWidget;
    auto *column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_cardArea = new QWidget;
    auto *cardRow = new QVBoxLayout;
    cardRow->setContentsMargins(scaled(16), scaled(10), scaled(16), scaled(10));
    cardRow->addWidget(m_card);
    auto *cardColumn = new QVBoxLayout(m_cardArea);
    cardColumn->setContentsMargins(0, 0, 0, 0);
    cardColumn->setSpacing(0);
    cardColumn->addLayout(cardRow);
    cardColumn->addWidget(line());
    column->addWidget(buildToolBar());
    column->addWidget(line());
    column->addWidget(m_notice);
    column->addWidget(m_cardArea);
    column->addWidget(m_area, 1);
    column->addWidget(m_box);
    column->addWidget(m_status);

    m_splitter = new QSplitter(Qt::Horizontal);
    m_splitter->setObjectName(QStringLiteral("compareSplitter"));
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setHandleWidth(1);
    m_splitter->addWidget(m_prompts);
    m_splitter->addWidget(centre);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setSizes({scaled(256), scaled(1112)});
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_strip);
    layout->addWidget(m_splitter, 1);

    m_transcriptPopup = new PickerPopup(tr("Earlier comparisons"), this);
    m_transcriptPopup->setObjectName(QStringLiteral("transcripts"));
    connect(m_transcriptPopup, &PickerPopup::chosen, this,
            [this](const QVariant &id) { openTranscript(id.toLongLong(), false); });
    connect(m_prompts, &PromptPanel::chosen, this, &CompareWorkspace::choosePrompt);
    connect(m_prompts, &PromptPanel::answerAllAsked, this, &CompareWorkspace::toggleAnswerAll);
    connect(m_prompts, &PromptPanel::addAsked, this, &CompareWorkspace::addTypedToOwn);
    connect(m_prompts->model(), &PromptModel::counted, this, &CompareWorkspace::showQuestion);
    connect(m_box, &PromptBox::askAsked, this, &CompareWorkspace::ask);
    connect(m_box, &PromptBox::stopAsked, this, [this] {
        m_answeringAll = false;
        m_compare.stopAll();
    });
    connect(m_box, &PromptBox::edited, this, &CompareWorkspace::refreshState);
    connect(m_box->field(), &AutoTextEdit::escaped, this,
            [this] { m_prompts->list()->setFocus(Qt::OtherFocusReason); });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        fit();
        QTimer::singleShot(0, this, &CompareWorkspace::applyNarrow); // once its parts have the text size of now
    });
    fit();
    setColumns(2);
    showQuestion();
}

QWidget *CompareWorkspace::buildToolBar()
{
    m_count = new SegmentedControl({QStringLiteral("2"), QStringLiteral("3"), QStringLiteral("4")});
    m_count->setObjectName(QStringLiteral("columnCount"));
    m_count->setAccessibleName(tr("Number of columns"));
    m_countWord = grey(tr("columns"));
    m_lock = new IconButton("lock", tr("Seed is locked: every question gets the same"));
    m_lock->setObjectName(QStringLiteral("seedLock"));
    m_seed = new QLineEdit(QStringLiteral("42"));
    m_seed->setObjectName(QStringLiteral("seed"));
    m_seed->setAccessibleName(tr("Seed"));
    m_seed->setToolTip(tr("All columns draw their words with this seed"));
    m_seed->setValidator(new QRegularExpressionValidator(QRegularExpression(QStringLiteral("\\d{1,15}")), m_seed));
    m_seed->setProperty("mono", true);
    m_showWord = grey(tr("Show"));
    m_show = new SegmentedControl({tr("Text"), tr("Word diff"), tr("JSON")});
    m_show->setObjectName(QStringLiteral("showAnswers"));
    m_show->setAccessibleName(tr("How answers are shown"));
    m_against = new QComboBox;
    m_against->setObjectName(QStringLiteral("against"));
    m_against->setAccessibleName(tr("What answers are compared with"));
    m_against->addItems({tr("to column 1"), tr("to reference")});
    m_against->view()->setAccessibleName(m_against->accessibleName());
    m_against->hide();
    m_history = new IconButton("history", tr("Earlier comparisons"));
    m_history->setObjectName(QStringLiteral("historyButton"));
    auto *more = new IconButton("more", tr("More of this comparison"));
    more->setObjectName(QStringLiteral("compareMore"));
    more->setPopupMode(QToolButton::InstantPopup);
    more->setMenu(new QMenu(more));

    auto *bar = new QWidget;
    bar->setObjectName(QStringLiteral("compareBar"));
    auto *row = new QHBoxLayout(bar);
    row->setContentsMargins(scaled(16), 0, scaled(12), 0);
    row->setSpacing(scaled(8));
    row->addWidget(m_count);
    row->addWidget(m_countWord);
    row->addSpacing(scaled(8));
    row->addWidget(m_lock);
    m_seedWord = grey(tr("Seed"));
    row->addWidget(m_seedWord);
    row->addWidget(m_seed);
    row->addStretch(1);
    row->addWidget(m_showWord);
    row->addWidget(m_show);
    row->addWidget(m_against);
    row->addWidget(m_history);
    row->addWidget(more);
    connect(m_count, &SegmentedControl::changed, this, [this](int index) { setColumns(index + 2); });
    connect(m_lock, &QToolButton::clicked, this, [this] {
        m_seedLocked = !m_seedLocked;
        m_lock->setIconName(m_seedLocked ? "lock" : "unlock");
        m_lock->setName(m_seedLocked ? tr("Seed is locked: every question gets the same")
                                     : tr("Seed is open: every question draws one"));
    });
    connect(m_show, &SegmentedControl::changed, this,
            [this](int index) { setShow(static_cast<ShowAnswers>(index)); });
    connect(m_against, qOverload<int>(&QComboBox::activated), this, [this] { refreshColumns(); });
    connect(m_history, &QToolButton::clicked, this, &CompareWorkspace::showTranscripts);
    return bar;
}

QAction *CompareWorkspace::addAction(Menu menu, const char *name, const QString &text,
                                     const QList<QKeySequence> &keys, std::function<void()> act)
{
    auto *action = new QAction(text, this);
    action->setObjectName(QStringLiteral("compare.") + QLatin1String(name));
    action->setShortcuts(keys);
    connect(action, &QAction::triggered, this, [act = std::move(act)] { act(); });
    QWidget::addAction(action);
    m_actions << WorkspaceAction{menu, action};
    return action;
}

void CompareWorkspace::makeActions()
{
    addAction(Menu::Run, "ask", tr("Ask all columns"),
              {QKeySequence(Qt::CTRL | Qt::Key_Return), QKeySequence(Qt::CTRL | Qt::Key_Enter)}, [this] { ask(); });
    addAction(Menu::Run, "stop", tr("Stop all answers"), {QKeySequence(Qt::Key_Period)}, [this] {
        m_answeringAll = false;
        m_compare.stopAll();
        refreshState();
    });
    QAction *fresh =
        addAction(Menu::Run, "new", tr("New conversation"), {QKeySequence(Qt::CTRL | Qt::Key_N)}, [this] {
            m_prompts->clearSelection();
            newConversation();
            m_box->focusText();
        });
    addAction(Menu::Run, "answerAll", tr("Answer all prompts of the list"), {}, [this] { toggleAnswerAll(); });
    addAction(Menu::Run, "seedLock", tr("Lock or open the seed"), {}, [this] { m_lock->click(); });
    addAction(Menu::Edit, "write", tr("Write a message"), {QKeySequence(Qt::Key_E)}, [this] { m_box->focusText(); });
    addAction(Menu::View, "next", tr("Next prompt"), {QKeySequence(Qt::Key_J)}, [this] { m_prompts->step(1); });
    addAction(Menu::View, "previous", tr("Previous prompt"), {QKeySequence(Qt::Key_K)},
              [this] { m_prompts->step(-1); });
    m_diffAction =
        addAction(Menu::View, "diff", tr("Word diff on or off"), {QKeySequence(Qt::CTRL | Qt::Key_D)}, [this] {
            setShow(m_show->current() == static_cast<int>(ShowAnswers::Difference) ? ShowAnswers::Text
                                                                                   : ShowAnswers::Difference);
        });
    addAction(Menu::View, "text", tr("Show answers as text"), {}, [this] { setShow(ShowAnswers::Text); });
    addAction(Menu::View, "fields", tr("Show answers as JSON fields"), {}, [this] { setShow(ShowAnswers::Fields); });
    for (int i = 0; i < mostColumns; ++i) {
        const QByteArray name = "column" + QByteArray::number(i + 1);
        addAction(Menu::View, name.constData(), tr("Go to column %1").arg(i + 1),
                  {QKeySequence(Qt::ALT | static_cast<Qt::Key>(Qt::Key_1 + i))}, [this, i] { focusColumn(i); });
        const QByteArray pick = "model" + QByteArray::number(i + 1);
        addAction(Menu::Model, pick.constData(), tr("Choose who answers in column %1").arg(i + 1), {}, [this, i] {
            if (i >= static_cast<int>(m_compare.columns().size()))
                setColumns(i + 1);
            m_area->bring(i);
            m_views[i]->picker()->openPopup();
        });
    }
    QAction *history = addAction(Menu::View, "transcripts", tr("Earlier comparisons"),
                                 {QKeySequence(Qt::CTRL | Qt::Key_H)}, [this] { showTranscripts(); });
    QAction *copy = addAction(Menu::Edit, "copy", tr("Copy as Markdown"),
                              {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_C)}, [this] { copyMarkdown(); });
    QAction *add = addAction(Menu::Edit, "addToData", tr("Add answer to Data"),
                             {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_A)},
                             [this] { addToData(static_cast<std::size_t>(m_focused)); });
    QMenu *more = findChild<IconButton *>(QStringLiteral("compareMore"))->menu();
    more->addActions({fresh, history, copy, add});
}

/// Sizes in the text size of now.
void CompareWorkspace::fit()
{
    m_strip->setFixedWidth(scaled(40));
    m_seed->setFixedWidth(scaled(64));
    QWidget *bar = m_seed->parentWidget();
    bar->setFixedHeight(scaled(44));
    bar->setMinimumWidth(scaled(leastCentre));
}

void CompareWorkspace::applyNarrow()
{
    const bool narrow = width() < scaled(860);
    if (narrow != m_narrow) {
        m_narrow = narrow;
        m_strip->setVisible(narrow);
        if (narrow) {
            m_prompts->setParent(this); // over the content, when asked for
            m_prompts->hide();
        } else {
            m_splitter->insertWidget(0, m_prompts);
            m_prompts->show();
            m_splitter->setSizes({scaled(256), std::max(scaled(600), width() - scaled(256))});
        }
    }
    if (narrow && m_prompts->isVisible()) {
        m_prompts->setGeometry(m_strip->width(), 0, scaled(256), height());
        m_prompts->raise();
    }
    const bool tight = m_splitter->width() - (narrow ? 0 : scaled(256)) < scaled(800);
    m_countWord->setVisible(!tight);
    m_seedWord->setVisible(!tight);
    m_showWord->setVisible(!tight);
}

} // namespace attune::ui
