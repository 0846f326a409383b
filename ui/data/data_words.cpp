#include "ui/data/data_words.h"

#include "ui/theme/theme.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/format.h"

#include <QCoreApplication>
#include <QPainter>
#include <QStringList>

namespace attune::ui {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("DataWords", text);
}

struct ProblemEntry {
    ProblemKind kind;
    const char *word;
    const char *icon;
    Tone tone;
    const char *meaning;
};

constexpr ProblemEntry Problems[] = {
    {ProblemKind::Cut, QT_TRANSLATE_NOOP("DataWords", "Cut"), "scissors", Tone::Warn,
     QT_TRANSLATE_NOOP("DataWords", "Longer than max_length: the end is not trained on.")},
    {ProblemKind::Duplicate, QT_TRANSLATE_NOOP("DataWords", "Duplicate"), "duplicate", Tone::Warn,
     QT_TRANSLATE_NOOP("DataWords", "Equal to another row: it would count twice.")},
    {ProblemKind::NearDuplicate, QT_TRANSLATE_NOOP("DataWords", "Near duplicate"), "duplicate", Tone::Warn,
     QT_TRANSLATE_NOOP("DataWords", "Nearly equal to another row.")},
    {ProblemKind::Leak, QT_TRANSLATE_NOOP("DataWords", "Leak between splits"), "leak", Tone::Bad,
     QT_TRANSLATE_NOOP("DataWords", "Too like a row of another split: the score would flatter.")},
    {ProblemKind::NoAnswer, QT_TRANSLATE_NOOP("DataWords", "No answer"), "forbidden", Tone::Bad,
     QT_TRANSLATE_NOOP("DataWords", "Nothing is answered, so there is nothing to learn.")},
    {ProblemKind::ShortAnswer, QT_TRANSLATE_NOOP("DataWords", "Short answer"), "warning", Tone::Warn,
     QT_TRANSLATE_NOOP("DataWords", "Much shorter than the other answers.")},
    {ProblemKind::NotJson, QT_TRANSLATE_NOOP("DataWords", "Not valid JSON"), "json", Tone::Bad,
     QT_TRANSLATE_NOOP("DataWords", "The other answers are JSON, this one is not.")},
    {ProblemKind::MissingKeys, QT_TRANSLATE_NOOP("DataWords", "Keys missing"), "json", Tone::Warn,
     QT_TRANSLATE_NOOP("DataWords", "The answer lacks keys that the other answers have.")},
    {ProblemKind::EmptyTurn, QT_TRANSLATE_NOOP("DataWords", "Empty turn"), "warning", Tone::Warn,
     QT_TRANSLATE_NOOP("DataWords", "A turn has no text.")},
    {ProblemKind::RoleOrder, QT_TRANSLATE_NOOP("DataWords", "Unknown role"), "warning", Tone::Bad,
     QT_TRANSLATE_NOOP("DataWords", "A role or an order of turns that the template refuses.")},
    {ProblemKind::EndTokenMissing, QT_TRANSLATE_NOOP("DataWords", "End token missing"), "warning", Tone::Bad,
     QT_TRANSLATE_NOOP("DataWords", "The model would not learn to stop.")},
    {ProblemKind::NothingTrained, QT_TRANSLATE_NOOP("DataWords", "Nothing trained"), "warning", Tone::Bad,
     QT_TRANSLATE_NOOP("DataWords", "No token of this row is trained on.")},
    {ProblemKind::DropsTurn, QT_TRANSLATE_NOOP("DataWords", "Turn left out"), "warning", Tone::Warn,
     QT_TRANSLATE_NOOP("DataWords", "The template leaves a turn out.")},
    {ProblemKind::OddEncoding, QT_TRANSLATE_NOOP("DataWords", "Odd encoding"), "warning", Tone::Warn,
     QT_TRANSLATE_NOOP("DataWords", "Characters that were lost or garbled on the way.")},
    {ProblemKind::PersonalData, QT_TRANSLATE_NOOP("DataWords", "Personal data"), "lock", Tone::Warn,
     QT_TRANSLATE_NOOP("DataWords", "Looks like an e-mail address, a card or a phone number.")},
    {ProblemKind::RareLabel, QT_TRANSLATE_NOOP("DataWords", "Rare label"), "tag", Tone::Warn,
     QT_TRANSLATE_NOOP("DataWords", "An answer that few rows share.")},
};

const ProblemEntry &entry(ProblemKind kind)
{
    for (const ProblemEntry &one : Problems)
        if (one.kind == kind)
            return one;
    return Problems[0];
}

} // namespace

QString stateWord(LabelState state)
{
    switch (state) {
    case LabelState::ToLabel: return tr("To label");
    case LabelState::Approved: return tr("Approved");
    case LabelState::Flagged: return tr("Flagged");
    case LabelState::Rejected: return tr("Rejected");
    }
    return {};
}

QString partWord(const std::optional<Part> &part)
{
    if (!part)
        return tr("No split");
    switch (*part) {
    case Part::Train: return tr("Train");
    case Part::Validation: return tr("Validation");
    case Part::Test: return tr("Test");
    }
    return {};
}

QString problemWord(ProblemKind kind, std::int64_t maxLength)
{
    if (kind == ProblemKind::Cut && maxLength > 0)
        return tr("Cut at %1").arg(maxLength);
    return tr(entry(kind).word);
}

QString problemShort(ProblemKind kind)
{
    return tr(entry(kind).word).toLower().replace(QLatin1String("json"), QLatin1String("JSON"));
}

QString problemMeaning(ProblemKind kind)
{
    return tr(entry(kind).meaning);
}

const char *problemIcon(ProblemKind kind)
{
    return entry(kind).icon;
}

Tone problemTone(ProblemKind kind)
{
    return entry(kind).tone;
}

const std::vector<ProblemKind> &allProblems()
{
    static const std::vector<ProblemKind> all = [] {
        std::vector<ProblemKind> kinds;
        for (const ProblemEntry &one : Problems)
            kinds.push_back(one.kind);
        return kinds;
    }();
    return all;
}

QString rowsText(qint64 rows)
{
    return rows == 1 ? tr("1 row") : tr("%1 rows").arg(formatCount(rows));
}

void drawState(QPainter *painter, const QRect &area, LabelState state)
{
    const int size = std::min({area.width(), area.height(), scaled(16)});
    QRect box(0, 0, size, size);
    box.moveCenter(area.center());
    if (state == LabelState::ToLabel) {
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(QPen(color(Token::Text2), size * 0.09));
        painter->setBrush(Qt::NoBrush);
        const qreal inset = size * 0.2;
        painter->drawEllipse(QRectF(box).adjusted(inset, inset, -inset, -inset));
        painter->restore();
        return;
    }
    const char *name = state == LabelState::Approved ? "check" : state == LabelState::Flagged ? "flag" : "x";
    const Token tone = state == LabelState::Approved  ? Token::Ok
                       : state == LabelState::Flagged ? Token::Warn
                                                      : Token::Bad;
    painter->drawPixmap(box, iconPixmap(name, tone, size, painter->device()->devicePixelRatioF()));
}

void drawPartMark(QPainter *painter, const QRect &area, const std::optional<Part> &part)
{
    const int size = scaled(9);
    QRect box(0, 0, size, size);
    box.moveCenter(area.center());
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (part) {
        constexpr int Series[] = {0, 2, 4};
        painter->setPen(Qt::NoPen);
        painter->setBrush(seriesColor(Series[static_cast<int>(*part)]));
        painter->drawRoundedRect(box, 2, 2);
    } else {
        painter->setPen(QPen(color(Token::Text3), 1));
        painter->drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2);
    }
    painter->restore();
}

ProblemSet problemsOf(const ExampleSummary &row, std::int64_t maxLength)
{
    ProblemSet set = row.problems;
    set.set(static_cast<std::size_t>(ProblemKind::Cut), isCut(row, maxLength));
    return set;
}

QString spokenRow(const ExampleSummary &row, std::int64_t maxLength)
{
    QStringList parts{tr("Row %1").arg(row.id), stateWord(row.state).toLower(), partWord(row.part).toLower()};
    if (isCut(row, maxLength))
        parts << tr("cut by %1 tokens").arg(formatCount(*row.tokens - maxLength));
    else if (row.tokens)
        parts << tr("%1 tokens").arg(formatCount(*row.tokens));
    for (const ProblemKind kind : allProblems())
        if (kind != ProblemKind::Cut && row.problems.test(static_cast<std::size_t>(kind)))
            parts << problemShort(kind);
    parts << (row.rating == 0   ? tr("no rating")
              : row.rating == 1 ? tr("1 star")
                                : tr("%1 stars").arg(row.rating));
    for (const std::string &tag : row.tags)
        parts << tr("tag %1").arg(fromUtf8(tag));
    return parts.join(QStringLiteral(", ")) + QStringLiteral(": ") + fromUtf8(row.prompt);
}

} // namespace attune::ui
