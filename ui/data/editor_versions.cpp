#include "ui/data/editor_versions.h"

#include "ui/data/data_words.h"
#include "ui/data/editor_card.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"
#include "ui/widgets/panel_header.h"
#include "ui/widgets/word_diff.h"

#include <QDateTime>
#include <QLabel>
#include <QListWidget>
#include <QPainter>
#include <QLocale>
#include <QTextEdit>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace attune::ui {

namespace {

QString timeInWords(const std::string &isoUtc)
{
    const QDateTime time = QDateTime::fromString(fromUtf8(isoUtc), Qt::ISODate).toLocalTime();
    if (!time.isValid())
        return fromUtf8(isoUtc);
    const bool today = time.date() == QDate::currentDate();
    return QLocale::c().toString(time, today ? QStringLiteral("HH:mm:ss") : QStringLiteral("d MMM yyyy, HH:mm"));
}

QString tagsInWords(const std::vector<std::string> &tags)
{
    QStringList words;
    for (const std::string &tag : tags)
        words.append(fromUtf8(tag));
    return words.isEmpty() ? VersionPanel::tr("none") : words.join(QStringLiteral(", "));
}

/// "State: approved, now to label"; empty where only texts differ.
QString labelsDiffer(const StoredExample &then, const StoredExample &now)
{
    QStringList lines;
    const auto line = [&lines](const QString &what, const QString &before, const QString &after) {
        if (before != after)
            lines.append(VersionPanel::tr("%1: %2, now %3").arg(what, before, after));
    };
    line(VersionPanel::tr("State"), stateWord(then.state).toLower(), stateWord(now.state).toLower());
    line(VersionPanel::tr("Rating"), QString::number(then.rating), QString::number(now.rating));
    line(VersionPanel::tr("Split"), partWord(then.part).toLower(), partWord(now.part).toLower());
    line(VersionPanel::tr("Tags"), tagsInWords(then.tags), tagsInWords(now.tags));
    if (then.notes != now.notes)
        lines.append(VersionPanel::tr("Note: %1").arg(then.notes.empty() ? VersionPanel::tr("none")
                                                                       : oneLine(fromUtf8(then.notes), 200)));
    return lines.join(QLatin1Char('\n'));
}

} // namespace

QSize VersionDelegate::sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const
{
    return {0, scaled(44)};
}

void VersionDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    drawRowBackground(painter, option, true, option.state & QStyle::State_Selected);
    const QRect area = option.rect.adjusted(12, 4, -12, -4);
    const QRect top(area.left(), area.top(), area.width(), area.height() / 2);
    drawText(painter, top, index.data().toString(), TextStyle::Body, Token::Text);
    drawText(painter, top.translated(0, top.height()), index.data(TimeRole).toString(), TextStyle::Caption,
             Token::Text3);
}

QString turnsText(const std::vector<Message> &turns)
{
    QString text;
    for (const Message &turn : turns) {
        if (!text.isEmpty())
            text += QStringLiteral("\n\n");
        text += roleWord(turn.role) + QLatin1Char('\n') + fromUtf8(turn.content);
    }
    return text;
}

VersionPanel::VersionPanel(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session), m_caption(new QLabel), m_list(new QListWidget), m_labels(new QLabel),
      m_diff(new QTextEdit), m_restore(new KeyButton(tr("Restore this version"), KeyButton::Primary, "history"))
{
    setObjectName(QStringLiteral("versionPanel"));
    setBackground(this, Token::Sunken);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto *header = new PanelHeader(tr("Versions"));
    auto *closeButton = new IconButton("close", tr("Close versions"));
    closeButton->setObjectName(QStringLiteral("closeVersions"));
    header->addWidget(closeButton);
    layout->addWidget(header);

    m_list->setObjectName(QStringLiteral("versionList"));
    m_list->setAccessibleName(tr("Versions of the row, newest first"));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setItemDelegate(new VersionDelegate(m_list));
    setBackground(m_list, Token::Sunken);
    layout->addWidget(m_list, 2);

    auto *below = new QVBoxLayout;
    below->setContentsMargins(12, 8, 12, 12);
    below->setSpacing(8);
    m_caption->setProperty("caption", true);
    below->addWidget(m_caption);
    m_labels->setProperty("small", true);
    m_labels->setWordWrap(true);
    m_labels->setTextFormat(Qt::PlainText);
    below->addWidget(m_labels);
    m_diff->setObjectName(QStringLiteral("versionDiff"));
    m_diff->setAccessibleName(tr("What changed from this version to now"));
    m_diff->setReadOnly(true);
    m_diff->setTabChangesFocus(true);
    m_diff->setFrameShape(QFrame::NoFrame);
    below->addWidget(m_diff, 1);
    m_restore->setObjectName(QStringLiteral("restoreVersion"));
    below->addWidget(m_restore, 0, Qt::AlignLeft);
    layout->addLayout(below, 3);

    connect(closeButton, &QToolButton::clicked, this, &VersionPanel::closed);
    connect(m_list, &QListWidget::currentRowChanged, this, [this] {
        m_comparing = false;
        showChosen();
    });
    connect(m_list, &QListWidget::itemActivated, this, [this] { Q_EMIT restoreAsked(chosen()); });
    connect(m_restore, &QPushButton::clicked, this, [this] { Q_EMIT restoreAsked(chosen()); });
}

void VersionPanel::showRow(std::int64_t id)
{
    if (m_id != id) {
        m_comparing = false;
        m_step = 0;
        m_versions.clear();
    }
    m_id = id;
    if (id == 0) {
        showVersions({});
        return;
    }
    using Versions = std::vector<ExampleVersion>;
    m_session.ask<Versions>(
        this, QStringLiteral("history"), [id](Project &project) { return Labelling(project).history(id); },
        [this, id](Result<Versions> versions) {
            if (id != m_id)
                return;
            if (!versions)
                m_session.report(versions.error());
            showVersions(std::move(versions).value_or(Versions{}));
        });
}

void VersionPanel::showVersions(std::vector<ExampleVersion> versions)
{
    const std::int64_t before = m_versions.empty() ? 0 : chosen();
    m_versions = std::move(versions);
    m_list->blockSignals(true);
    m_list->clear();
    int row = 0;
    for (std::size_t i = m_versions.size(); i-- > 0;) {
        const ExampleVersion &version = m_versions[i];
        const bool now = i + 1 == m_versions.size();
        const QString label = fromUtf8(version.label);
        const QString title = now ? tr("Now") : label.isEmpty() ? tr("As it came") : label;
        auto *item = new QListWidgetItem(title);
        item->setData(VersionDelegate::TimeRole, timeInWords(version.changedAt));
        item->setData(Qt::UserRole, QVariant::fromValue<qlonglong>(version.id));
        item->setData(Qt::AccessibleTextRole, tr("%1, %2").arg(title, timeInWords(version.changedAt)));
        m_list->addItem(item);
        if (!now && version.id == before && before != 0)
            row = m_list->count() - 1;
    }
    row = std::clamp(row - std::exchange(m_step, 0), 0, std::max(0, m_list->count() - 1));
    m_list->setCurrentRow(m_versions.empty() ? -1 : row);
    m_list->blockSignals(false);
    showChosen();
}

std::int64_t VersionPanel::chosen() const
{
    const QListWidgetItem *item = m_list->currentItem();
    return item ? item->data(Qt::UserRole).toLongLong() : 0;
}

void VersionPanel::step(int by)
{
    if (m_versions.empty()) { // its history is on its way
        m_step += by;
        return;
    }
    const int row = std::clamp(m_list->currentRow() - by, 0, std::max(0, m_list->count() - 1));
    m_list->setCurrentRow(row);
}

/// In the place of a difference, whose colours must not pass on to it.
void VersionPanel::say(const QString &sentence)
{
    m_diff->setCurrentCharFormat(QTextCharFormat());
    m_diff->setPlainText(sentence);
}

void VersionPanel::showChosen()
{
    if (m_comparing)
        return;
    m_caption->setText(tr("From this version to now"));
    const int row = m_list->currentRow();
    const bool some = row > 0 && row < static_cast<int>(m_versions.size());
    m_restore->setEnabled(some && !m_session.readOnly());
    m_labels->hide();
    if (!some) {
        say(m_versions.size() < 2 ? tr("This row was never changed.")
                                  : tr("This is the row as it is. Choose an older version."));
        return;
    }
    const StoredExample &then = m_versions[m_versions.size() - 1 - static_cast<std::size_t>(row)].example;
    const StoredExample &now = m_versions.back().example;
    m_labels->setText(labelsDiffer(then, now));
    m_labels->setVisible(!m_labels->text().isEmpty());
    if (then.messages == now.messages) {
        say(tr("The texts are the same."));
        return;
    }
    showDiffOf(turnsText(then.messages), turnsText(now.messages));
}

void VersionPanel::compare(const std::vector<Message> &theirs, const std::vector<Message> &mine)
{
    m_comparing = true;
    m_caption->setText(tr("From theirs to mine"));
    m_labels->hide();
    m_restore->setEnabled(false);
    showDiffOf(turnsText(theirs), turnsText(mine));
}

void VersionPanel::showDiffOf(const QString &before, const QString &after)
{
    using Pieces = QVector<DiffPiece>;
    m_session.ask<Pieces>(
        this, QStringLiteral("diff"),
        [before, after](Project &) -> Result<Pieces> { return wordDiff(before, after); },
        [this](Result<Pieces> pieces) {
            if (pieces)
                showDiff(m_diff->document(), *pieces, true, true);
        });
}

} // namespace attune::ui
