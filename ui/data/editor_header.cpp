#include "ui/data/editor_header.h"

#include "ui/data/data_words.h"
#include "ui/data/editor_widgets.h"
#include "ui/theme/theme.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QCompleter>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QMenu>
#include <QPainter>
#include <QStringListModel>

namespace attune::ui {

// --- the split ---

PartButton::PartButton(QWidget *parent) : QAbstractButton(parent)
{
    setObjectName(QStringLiteral("partButton"));
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::PointingHandCursor);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void PartButton::setPart(const std::optional<Part> &part)
{
    m_part = part;
    setText(partWord(part).toLower());
    setAccessibleName(tr("Split: %1").arg(text()));
    setToolTip(tr("Move the row to another split (s)"));
    updateGeometry();
    update();
}

QSize PartButton::sizeHint() const
{
    return {textWidth(text(), TextStyle::Small) + scaled(12) + 16, badgeSize(QStringLiteral("x")).height()};
}

void PartButton::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(color(underMouse() ? Token::Edge : Token::Hover));
    painter.drawRoundedRect(rect(), 4, 4);
    drawPartMark(&painter, QRect(5, 0, scaled(12), height()), m_part);
    drawText(&painter, rect().adjusted(5 + scaled(12) + 4, 0, -4, 0), text(), TextStyle::Small, Token::Text2);
    if (hasFocus())
        drawFocusRing(&painter, rect(), 4, false);
}

// --- the header ---

bool EditorHeader::Facts::operator==(const Facts &other) const
{
    return id == other.id && part == other.part && state == other.state && problems == other.problems &&
           tags == other.tags && origin.file == other.origin.file && origin.line == other.origin.line &&
           versions == other.versions && readOnly == other.readOnly;
}

EditorHeader::EditorHeader(QWidget *parent)
    : QWidget(parent), m_title(new QLabel), m_marks(new QWidget), m_flow(new FlowLayout(m_marks, 6, 4)),
      m_part(new PartButton(m_marks)), m_tag(new QLineEdit(m_marks)), m_completer(new QCompleter(this)),
      m_known(new QStringListModel(this)), m_origin(new OneLine), m_versions(new KeyButton({}, KeyButton::Link)),
      m_menu(new IconButton("more", tr("More for this row")))
{
    setObjectName(QStringLiteral("editorHeader"));
    setBackground(this, Token::Surface);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(13, 8, 8, 8);
    layout->setSpacing(10);
    m_title->setProperty("title", true);
    m_title->setObjectName(QStringLiteral("rowTitle"));
    layout->addWidget(m_title, 0, Qt::AlignTop);
    layout->addWidget(m_marks, 1);

    m_tag->setObjectName(QStringLiteral("tagField"));
    m_tag->setAccessibleName(tr("Tag to add"));
    m_tag->setPlaceholderText(tr("tag"));
    m_completer->setModel(m_known);
    m_completer->setCaseSensitivity(Qt::CaseInsensitive);
    m_completer->setFilterMode(Qt::MatchContains);
    m_tag->setCompleter(m_completer);
    m_tag->installEventFilter(this);
    m_tag->hide();

    m_origin->setObjectName(QStringLiteral("origin"));
    m_origin->setProperty("small", true);
    setForeground(m_origin, Token::Text3);
    m_origin->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Preferred);
    m_origin->setAlignment(Qt::AlignRight);
    m_versions->setObjectName(QStringLiteral("versionsLink"));
    m_menu->setObjectName(QStringLiteral("rowMenu"));
    m_menu->setPopupMode(QToolButton::InstantPopup);
    layout->addWidget(m_origin, 0, Qt::AlignTop);
    layout->addWidget(m_versions, 0, Qt::AlignTop);
    layout->addWidget(m_menu, 0, Qt::AlignTop);
    followTheme(this, [this] {
        m_title->setMinimumHeight(scaled(26));
        m_flow->setLineHeight(scaled(26)); // badges stand beside the middle of the title, chips or no chips
        setMinimumHeight(std::max(scaled(44), scaled(26) + 17)); // of the panel headers beside it
        m_tag->setFixedWidth(scaled(120));
        m_origin->setMinimumHeight(scaled(26));
        m_origin->setMaximumWidth(scaled(260));
    });

    connect(m_part, &QAbstractButton::clicked, this, &EditorHeader::partAsked);
    connect(m_tag, &QLineEdit::returnPressed, this, &EditorHeader::takeTag);
    connect(m_versions, &QPushButton::clicked, this, &EditorHeader::versionsAsked);
    showNothing();
}

void EditorHeader::setMenu(QMenu *menu)
{
    m_menu->setMenu(menu);
}

void EditorHeader::showNothing()
{
    m_facts = {};
    m_title->setText({});
    m_marks->hide();
    m_origin->hide();
    m_versions->hide();
    m_menu->hide();
}

void EditorHeader::showFacts(const Facts &facts)
{
    m_marks->show();
    m_menu->show();
    if (facts == m_facts)
        return;
    if (facts.id != m_facts.id) {
        m_tag->setText({});
        m_tag->hide();
    }
    m_facts = facts;
    m_title->setText(tr("Row %1").arg(facts.id));
    m_part->setPart(facts.part);
    m_part->setEnabled(!facts.readOnly);

    while (m_flow->count() > 0) {
        QLayoutItem *const item = m_flow->takeAt(0);
        QWidget *const widget = item->widget();
        delete item;
        if (widget == m_part || widget == m_tag)
            continue;
        widget->hide();
        widget->deleteLater(); // it may be what was just clicked
    }
    m_flow->addWidget(m_part);
    if (facts.state != LabelState::ToLabel) {
        const bool good = facts.state == LabelState::Approved;
        const bool bad = facts.state == LabelState::Rejected;
        auto *state = new Badge(stateWord(facts.state).toLower(), good ? Tone::Ok : bad ? Tone::Bad : Tone::Warn,
                                good ? "check" : bad ? "x" : "flag");
        state->setObjectName(QStringLiteral("stateBadge"));
        m_flow->addWidget(state);
    }
    for (const ProblemKind kind : facts.problems) {
        auto *badge = new Badge(problemShort(kind), problemTone(kind), problemIcon(kind));
        badge->setObjectName(QStringLiteral("problem.") + fromUtf8(name(kind)));
        badge->setAccessibleName(tr("Problem: %1").arg(problemShort(kind)));
        badge->setToolTip(problemMeaning(kind));
        badge->setClickable(true);
        connect(badge, &Badge::clicked, this, [this, kind] { Q_EMIT problemAsked(kind); });
        m_flow->addWidget(badge);
    }
    for (const std::string &tag : facts.tags) {
        const QString word = fromUtf8(tag);
        auto *chip = new Chip(word, !facts.readOnly);
        chip->setObjectName(QStringLiteral("tag.") + word);
        chip->setAccessibleName(tr("Tag: %1").arg(word));
        connect(chip, &Chip::removed, this, [this, word] { Q_EMIT tagRemoved(word); });
        m_flow->addWidget(chip);
    }
    m_flow->addWidget(m_tag);
    for (int i = 0; i < m_flow->count(); ++i)
        if (QWidget *const widget = m_flow->itemAt(i)->widget(); widget != m_tag)
            widget->show();
    refreshRight();
}

void EditorHeader::refreshRight()
{
    const bool room = width() >= scaled(560);
    const QString file = fromUtf8(m_facts.origin.file).section(QLatin1Char('/'), -1);
    QString origin = file.isEmpty() ? tr("made by hand")
                     : m_facts.origin.line > 0
                         ? tr("%1, line %2").arg(file, formatCount(m_facts.origin.line))
                         : file;
    if (m_facts.versions > 1)
        origin += QStringLiteral("  ·");
    m_origin->setText(origin);
    m_origin->setToolTip(fromUtf8(m_facts.origin.file));
    m_origin->setVisible(room && m_facts.id != 0);
    m_versions->setText(tr("%1 versions").arg(formatCount(m_facts.versions)));
    m_versions->setAccessibleName(m_versions->text());
    m_versions->setVisible(m_facts.versions > 1);
}

void EditorHeader::startTag()
{
    if (m_facts.id == 0 || m_facts.readOnly)
        return;
    Q_EMIT tagsWanted();
    m_tag->setText({});
    m_tag->show();
    m_tag->setFocus(Qt::ShortcutFocusReason);
}

void EditorHeader::setKnownTags(const QStringList &tags)
{
    m_known->setStringList(tags);
}

void EditorHeader::takeTag()
{
    const QString tag = m_tag->text().simplified();
    m_tag->setText({});
    if (tag.isEmpty())
        Q_EMIT escaped();
    else
        Q_EMIT tagAdded(tag); // the field stays, for the next one
}

bool EditorHeader::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_tag && event->type() == QEvent::FocusOut &&
        static_cast<QFocusEvent *>(event)->reason() != Qt::PopupFocusReason &&
        static_cast<QFocusEvent *>(event)->reason() != Qt::ActiveWindowFocusReason) {
        m_tag->hide();
    }
    // With nothing typed, the key takes back what was done last: the tag that the toast tells of.
    if (watched == m_tag && event->type() == QEvent::ShortcutOverride && !m_tag->isUndoAvailable() &&
        static_cast<QKeyEvent *>(event)->matches(QKeySequence::Undo)) {
        event->ignore();
        return true;
    }
    if (watched == m_tag && event->type() == QEvent::KeyPress &&
        static_cast<QKeyEvent *>(event)->key() == Qt::Key_Backspace && m_tag->text().isEmpty() &&
        !m_facts.tags.empty()) {
        Q_EMIT tagRemoved(fromUtf8(m_facts.tags.back()));
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void EditorHeader::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    refreshRight();
}

void EditorHeader::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawLine(&painter, QPoint(0, height() - 1), QPoint(width(), height() - 1));
}

} // namespace attune::ui
