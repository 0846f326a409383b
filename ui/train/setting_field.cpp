#include "ui/train/setting_field.h"

#include "core/train/settings.h"
#include "ui/theme/theme.h"
#include "ui/train/run_draft.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/follow_theme.h"

#include <QAbstractItemView>
#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QStyle>
#include <QStyleOptionComboBox>
#include <QVBoxLayout>
#include <QWheelEvent>

#include <algorithm>

namespace attune::ui {
namespace {

constexpr int controlWidth = 96;
constexpr int defaultWidth = 52;

/// A list that does not change when the form is scrolled over it.
class QuietComboBox final : public QComboBox {
public:
    using QComboBox::QComboBox;
    /// As wide as its longest word, which the box itself need not be.
    void showPopup() override
    {
        view()->setMinimumWidth(view()->sizeHintForColumn(0));
        QComboBox::showPopup();
    }

protected:
    void wheelEvent(QWheelEvent *event) override { event->ignore(); }
};

} // namespace

SettingField::SettingField(const SettingInfo &info, RunDraft &draft, Form form, QWidget *parent)
    : QWidget(parent), m_draft(draft), m_key(QString::fromLatin1(info.key)), m_help(tr(info.help)),
      m_message(new QLabel), m_row(new QHBoxLayout), m_form(form)
{
    setObjectName(QStringLiteral("field_") + m_key);
    m_message->setObjectName(QStringLiteral("message"));
    m_message->setWordWrap(true);
    setTextStyle(m_message, TextStyle::Caption);
    m_message->hide();
    QWidget *control = makeControl(info);
    control->setObjectName(m_key);
    control->setAccessibleName(m_key);
    control->setAccessibleDescription(m_help);
    control->setToolTip(m_help);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(scaled(2));
    m_row->setSpacing(scaled(8));
    if (form == Form::Plain) {
        m_row->addWidget(control);
        m_row->addStretch();
    } else {
        m_name = new ElidedLabel(m_key);
        m_name->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
        setTextStyle(m_name, TextStyle::Mono);
        m_name->setToolTip(m_help);
        m_name->setBuddy(control);
        m_default = new ElidedLabel;
        m_default->setProperty("caption", true);
        m_row->addWidget(m_name, 1);
        m_row->addWidget(control, 0, Qt::AlignLeft);
        m_row->addWidget(m_default);
    }
    layout->addLayout(m_row);
    layout->addWidget(m_message);
    connect(&draft, &RunDraft::changed, this, [this](const QString &) { update(); });
    followTheme(this, [this] {
        fit();
        update();
    });
}

/// The chosen word of a list is never cut.
int SettingField::controlNeeds() const
{
    if (!m_choice)
        return scaled(m_box ? 24 : controlWidth);
    QStyleOptionComboBox option;
    option.initFrom(m_choice);
    const QFontMetrics metrics(ui::font(TextStyle::Mono));
    const QSize words(metrics.horizontalAdvance(m_choice->currentText()) + 2, metrics.height());
    return std::max(scaled(controlWidth),
                    style()->sizeFromContents(QStyle::CT_ComboBox, &option, words, m_choice).width());
}

/// Sizes in the text size of now. A long name goes above its control: cut, it could not be told from another.
void SettingField::fit()
{
    m_row->setSpacing(scaled(8));
    if (m_form == Form::Plain) {
        control()->setFixedWidth(scaled(84));
        return;
    }
    const int needs = controlNeeds();
    control()->setFixedWidth(needs);
    const int indent = m_box ? scaled(controlWidth) - needs : 0; // a box stands in the column of the others
    QFont bold = ui::font(TextStyle::Mono); // as it is once it is changed, so that a change moves nothing
    bold.setBold(true);
    const int beside = needs + indent + scaled(defaultWidth) + 2 * m_row->spacing();
    const int name = QFontMetrics(bold).horizontalAdvance(m_key + QStringLiteral(" •"));
    const bool stacked = width() > 0 && name + beside > width();
    // A long default gets what the name leaves.
    const int left = std::max(0, width() - beside - (stacked ? 0 : name));
    const int longer =
        QFontMetrics(ui::font(TextStyle::Caption)).horizontalAdvance(m_default->text()) + 2 - scaled(defaultWidth);
    m_default->setFixedWidth(scaled(defaultWidth) + indent + std::clamp(longer, 0, left));
    m_default->setContentsMargins(indent, 0, 0, 0);
    if (stacked == m_stacked)
        return;
    m_stacked = stacked;
    auto *column = static_cast<QVBoxLayout *>(layout());
    if (stacked) {
        m_row->removeWidget(m_name);
        m_row->insertStretch(0, 1);
        column->insertWidget(0, m_name);
    } else {
        column->removeWidget(m_name);
        delete m_row->takeAt(0);
        m_row->insertWidget(0, m_name, 1);
    }
}

void SettingField::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    fit();
}

void SettingField::addBeside(const QList<QWidget *> &widgets)
{
    int at = 1;
    for (QWidget *widget : widgets)
        m_row->insertWidget(at++, widget);
}

QWidget *SettingField::makeControl(const SettingInfo &info)
{
    if (std::holds_alternative<bool TrainSettings::*>(info.member)) {
        m_box = new QCheckBox;
        connect(m_box, &QCheckBox::toggled, this, [this](bool on) {
            m_draft.setText(m_key, on ? QStringLiteral("true") : QStringLiteral("false"));
        });
        return m_box;
    }
    if (!info.choices.empty()) {
        m_choice = new QuietComboBox;
        for (const char *choice : info.choices)
            m_choice->addItem(QString::fromLatin1(choice));
        m_choice->setFocusPolicy(Qt::StrongFocus);
        m_choice->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon); // fit() says how wide it is
        m_choice->setProperty("mono", true);
        connect(m_choice, &QComboBox::currentTextChanged, this,
                [this](const QString &text) { m_draft.setText(m_key, text); });
        return m_choice;
    }
    m_line = new QLineEdit;
    m_line->setProperty("mono", true);
    connect(m_line, &QLineEdit::textEdited, this, [this](const QString &text) { m_draft.setText(m_key, text); });
    return m_line;
}

QWidget *SettingField::control() const
{
    return m_box ? static_cast<QWidget *>(m_box) : m_choice ? static_cast<QWidget *>(m_choice) : m_line;
}

bool SettingField::matches(const QString &words) const
{
    return m_key.contains(words, Qt::CaseInsensitive) || m_help.contains(words, Qt::CaseInsensitive);
}

QString SettingField::message() const
{
    return m_message->isHidden() ? QString() : m_message->text();
}

void SettingField::update()
{
    const QString text = m_draft.text(m_key);
    if (m_line && m_line->text() != text)
        m_line->setText(text);
    if (m_choice)
        m_choice->setCurrentText(text);
    if (m_box)
        m_box->setChecked(text == QLatin1String("true"));
    const QString error = m_draft.error(m_key);
    const QString message = error.isEmpty() ? m_draft.advice(m_key) : error;
    m_message->setText(message);
    m_message->setVisible(!message.isEmpty());
    setForeground(m_message, error.isEmpty() ? Token::Warn : Token::Bad);
    if (m_line) // the colour says it too, never alone
        setForeground(m_line, error.isEmpty() ? Token::Text : Token::Bad);
    if (!m_name)
        return;
    const bool changed = m_draft.isChanged(m_key);
    QFont name = ui::font(TextStyle::Mono);
    name.setBold(changed);
    m_name->setFont(name);
    m_name->setText(changed ? m_key + QStringLiteral(" •") : m_key);
    setForeground(m_name, changed ? Token::Accent : Token::Text);
    m_name->setAccessibleDescription(changed ? tr("changed") : QString());
    m_default->setText(m_draft.startText(m_key));
    m_default->setToolTip(tr("Default: %1").arg(m_draft.startText(m_key)));
    fit();
}

} // namespace attune::ui
