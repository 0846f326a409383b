#include "ui/compare/prompt_box.h"

#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QActionGroup>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QSpinBox>
#include <QWidgetAction>

namespace attune::ui {
namespace {

/// "new line [Shift ↵]", as the picture of the workspace has it.
class KeyHint final : public QWidget {
public:
    KeyHint(QString words, QString key) : m_words(std::move(words)), m_key(std::move(key)) {}
    QSize sizeHint() const override
    {
        return {textWidth(m_words, TextStyle::Small) + scaled(8) + keyCapWidth(m_key), scaled(24)};
    }
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        drawText(&painter, rect(), m_words, TextStyle::Small, Token::Text3);
        drawKeyCap(&painter, rect(), m_key);
    }

private:
    QString m_words;
    QString m_key;
};

QDoubleSpinBox *numberField(double least, double most, double step, double value, const QString &name,
                            const QString &tip)
{
    auto *field = new QDoubleSpinBox;
    field->setRange(least, most);
    field->setDecimals(2);
    field->setSingleStep(step);
    field->setValue(value);
    field->setButtonSymbols(QAbstractSpinBox::NoButtons);
    field->setAccessibleName(name);
    field->setToolTip(tip);
    field->setLocale(QLocale::c());
    field->setProperty("mono", true);
    return field;
}

QLabel *fieldLabel(const QString &text)
{
    auto *label = new QLabel(text);
    setTextStyle(label, TextStyle::Small);
    setForeground(label, Token::Text2);
    return label;
}

} // namespace

PromptBox::PromptBox(QWidget *parent) : QWidget(parent)
{
    setObjectName(QStringLiteral("promptBox"));
    setAccessibleName(tr("Question"));
    m_ownSystem = new AutoTextEdit;
    m_ownSystem->setObjectName(QStringLiteral("systemField"));
    m_ownSystem->setAccessibleName(tr("System prompt"));
    m_ownSystem->setPlaceholderText(tr("System prompt for all columns"));
    m_ownSystem->setLines(1, 4);
    m_ownSystem->hide();
    m_text = new AutoTextEdit;
    m_text->setObjectName(QStringLiteral("promptField"));
    m_text->setAccessibleName(tr("Message to all columns"));
    m_text->setPlaceholderText(tr("Ask all columns the same thing. Drop a JSONL file here to ask many."));
    m_text->setLines(2, 8);
    m_text->setAcceptDrops(false); // a dropped file is for the workspace, not its path for the text

    m_systemButton = new KeyButton({}, KeyButton::Flat, "system");
    m_systemButton->setObjectName(QStringLiteral("systemButton"));
    m_systemMenu = new QMenu(this);
    auto *group = new QActionGroup(this);
    const auto choice = [&](const QString &text, SystemPrompt which, const char *name) {
        QAction *action = m_systemMenu->addAction(text);
        action->setObjectName(QString::fromLatin1(name));
        action->setCheckable(true);
        action->setData(static_cast<int>(which));
        group->addAction(action);
        connect(action, &QAction::triggered, this, [this, which] {
            m_system = which;
            showSystem();
            if (which == SystemPrompt::Own)
                m_ownSystem->setFocus(Qt::OtherFocusReason);
        });
    };
    choice(tr("Shared by rows"), SystemPrompt::Rows, "compare.system.rows");
    choice(tr("None"), SystemPrompt::None, "compare.system.none");
    choice(tr("My own"), SystemPrompt::Own, "compare.system.own");
    connect(m_systemButton, &QPushButton::clicked, this, [this] {
        m_systemMenu->popup(m_systemButton->mapToGlobal(QPoint(0, -m_systemMenu->sizeHint().height())));
    });

    m_temperature = numberField(0, 100, 0.1, 0, tr("Temperature"), tr("0: always the likeliest token"));
    m_temperature->setObjectName(QStringLiteral("temperature"));
    m_most = new QSpinBox;
    m_most->setObjectName(QStringLiteral("maxNew"));
    m_most->setRange(1, 1000000);
    m_most->setValue(256);
    m_most->setButtonSymbols(QAbstractSpinBox::NoButtons);
    m_most->setAccessibleName(tr("Most new tokens"));
    m_most->setToolTip(tr("An answer ends after so many tokens"));
    m_most->setLocale(QLocale::c());
    m_most->setProperty("mono", true);
    m_topP = numberField(0.01, 1, 0.05, 1, tr("Top p"), tr("Keeps the likeliest tokens that hold this share"));
    m_topP->setObjectName(QStringLiteral("topP"));
    m_penalty = numberField(0.01, 100, 0.05, 1, tr("Repetition penalty"), tr("Over 1: fewer repetitions"));
    m_penalty->setObjectName(QStringLiteral("penalty"));
    auto *more = new IconButton("more", tr("More sampling settings"));
    more->setObjectName(QStringLiteral("moreSampling"));
    auto *menu = new QMenu(this);
    auto *panel = new QWidget;
    auto *form = new QFormLayout(panel);
    form->setContentsMargins(scaled(12), scaled(8), scaled(12), scaled(8));
    form->addRow(fieldLabel(tr("Top p")), m_topP);
    form->addRow(fieldLabel(tr("Repetition penalty")), m_penalty);
    auto *inside = new QWidgetAction(menu);
    inside->setObjectName(QStringLiteral("compare.sampling.more"));
    inside->setDefaultWidget(panel);
    menu->addAction(inside);
    more->setMenu(menu);
    more->setPopupMode(QToolButton::InstantPopup);

    m_newLine = new KeyHint(tr("new line"), tr("Shift ↵"));
    m_ask = new KeyButton(tr("Ask both"), KeyButton::Primary, "play", tr("Ctrl ↵"));
    m_ask->setObjectName(QStringLiteral("ask"));

    auto *row = new QHBoxLayout;
    row->setSpacing(scaled(8));
    row->addWidget(m_systemButton);
    row->addSpacing(scaled(4));
    row->addWidget(fieldLabel(tr("Temperature")));
    row->addWidget(m_temperature);
    row->addSpacing(scaled(4));
    row->addWidget(fieldLabel(tr("Max new")));
    row->addWidget(m_most);
    row->addWidget(more);
    row->addStretch(1);
    row->addWidget(m_newLine);
    row->addWidget(m_ask);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(scaled(16), scaled(10), scaled(16), scaled(10));
    layout->setSpacing(scaled(10));
    layout->addWidget(m_ownSystem);
    layout->addWidget(m_text);
    layout->addLayout(row);

    const auto fit = [this] {
        m_temperature->setFixedSize(scaled(56), scaled(28));
        m_most->setFixedSize(scaled(60), scaled(28));
        setMinimumWidth(scaled(leastCentre));
    };
    fit();
    connect(&Theme::instance(), &Theme::changed, this, fit);
    connect(m_text, &QPlainTextEdit::textChanged, this, &PromptBox::edited);
    connect(m_ask, &QPushButton::clicked, this, [this] { m_busy ? Q_EMIT stopAsked() : Q_EMIT askAsked(); });
    showSystem();
}

QString PromptBox::text() const
{
    return m_text->toPlainText();
}

void PromptBox::setText(const QString &text)
{
    m_text->setPlainText(text);
}

void PromptBox::focusText()
{
    m_text->setFocus(Qt::ShortcutFocusReason);
}

void PromptBox::setRowsSystem(const QString &text)
{
    m_rowsSystem = text;
    showSystem();
}

QString PromptBox::ownSystem() const
{
    return m_ownSystem->toPlainText();
}

QString PromptBox::systemText() const
{
    return m_system == SystemPrompt::Rows ? m_rowsSystem : m_system == SystemPrompt::Own ? ownSystem() : QString();
}

void PromptBox::setSystem(SystemPrompt which, const QString &own)
{
    m_system = which;
    m_ownSystem->setPlainText(own);
    showSystem();
}

void PromptBox::showSystem()
{
    const QString which = m_system == SystemPrompt::Rows   ? m_rowsSystem.isEmpty() ? tr("rows have none")
                                                                                    : tr("shared by rows")
                          : m_system == SystemPrompt::None ? tr("none")
                                                           : tr("my own");
    m_systemButton->setText(width() < scaled(780) ? tr("System") : tr("System prompt: %1").arg(which));
    m_systemButton->setAccessibleName(tr("System prompt: %1").arg(which));
    m_systemButton->setToolTip(systemText().isEmpty() ? tr("No system prompt") : systemText().left(600));
    m_ownSystem->setVisible(m_system == SystemPrompt::Own);
    for (QAction *action : m_systemMenu->actions())
        action->setChecked(action->data().toInt() == static_cast<int>(m_system));
}

GenerationOptions PromptBox::options() const
{
    GenerationOptions options;
    options.sampling.temperature = m_temperature->value();
    options.sampling.topP = m_topP->value();
    options.sampling.repetitionPenalty = m_penalty->value();
    options.maxNewTokens = m_most->value();
    return options;
}

void PromptBox::setOptions(const GenerationOptions &options)
{
    m_temperature->setValue(options.sampling.temperature);
    m_topP->setValue(options.sampling.topP);
    m_penalty->setValue(options.sampling.repetitionPenalty);
    m_most->setValue(static_cast<int>(std::min<std::int64_t>(options.maxNewTokens, m_most->maximum())));
}

void PromptBox::setState(bool busy, bool askable, int columns)
{
    m_busy = busy;
    m_ask->setText(busy ? tr("Stop") : columns == 1 ? tr("Ask") : columns == 2 ? tr("Ask both") : tr("Ask all"));
    m_ask->setIconName(busy ? "stop" : "play");
    m_ask->setKind(busy ? KeyButton::Plain : KeyButton::Primary);
    m_ask->setKey(busy ? QStringLiteral(".") : tr("Ctrl ↵"));
    m_ask->setEnabled(busy || askable);
    m_ask->setToolTip(busy || askable ? QString() : tr("Type a message, or choose a prompt at the left"));
}

void PromptBox::resizeEvent(QResizeEvent *)
{
    m_newLine->setVisible(width() >= scaled(860));
    showSystem();
}

void PromptBox::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawLine(&painter, QPoint(0, 0), QPoint(width(), 0));
}

} // namespace attune::ui
