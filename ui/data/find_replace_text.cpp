#include "ui/data/find_replace_text.h"

#include "ui/widgets/format.h"

#include <QCoreApplication>

namespace attune::ui {

namespace {

constexpr std::size_t Shown = 300;

QString tr(const char *text)
{
    return QCoreApplication::translate("FindReplace", text);
}

bool inScope(const Message &message, ReplaceOptions::Where where)
{
    switch (where) {
    case ReplaceOptions::Where::Everywhere: return true;
    case ReplaceOptions::Where::Answers: return message.role == "assistant";
    case ReplaceOptions::Where::Prompts: return message.role != "assistant";
    }
    return true;
}

/// "\1" to "\9" and "\\" of the replacement, filled from a match.
QString filled(const QString &replacement, const QRegularExpressionMatch &match)
{
    QString text;
    for (qsizetype i = 0; i < replacement.size(); ++i) {
        const QChar c = replacement[i];
        if (c != QLatin1Char('\\') || i + 1 == replacement.size()) {
            text += c;
            continue;
        }
        const QChar next = replacement[++i];
        if (next.isDigit())
            text += match.captured(next.digitValue());
        else if (next == QLatin1Char('n'))
            text += QLatin1Char('\n');
        else if (next == QLatin1Char('t'))
            text += QLatin1Char('\t');
        else
            text += next;
    }
    return text;
}

/// Calls `use` with each row that the search changes.
Result<void> eachMatch(Project &project, const std::vector<std::int64_t> &ids, const ReplaceOptions &options,
                       const CancelFlag &cancel, const std::function<void(ReplacePreview)> &use)
{
    ATTUNE_TRY(const QRegularExpression pattern, compile(options));
    for (const std::int64_t id : ids) {
        if (cancel && *cancel)
            return {};
        ATTUNE_TRY(const auto row, project.example(id));
        if (!row)
            continue;
        ReplacePreview one{.id = id, .count = 0, .before = row->messages, .after = row->messages};
        for (Message &message : one.after) {
            if (!inScope(message, options.where))
                continue;
            Replaced replaced = replaceIn(fromUtf8(message.content), pattern, options);
            one.count += replaced.count;
            if (replaced.count > 0)
                message.content = toUtf8(replaced.text);
        }
        if (one.count > 0)
            use(std::move(one));
    }
    return {};
}

} // namespace

Result<QRegularExpression> compile(const ReplaceOptions &options)
{
    QRegularExpression::PatternOptions flags =
        QRegularExpression::UseUnicodePropertiesOption | QRegularExpression::MultilineOption;
    if (!options.matchCase)
        flags |= QRegularExpression::CaseInsensitiveOption;
    QRegularExpression pattern(options.regex ? options.find : QRegularExpression::escape(options.find), flags);
    if (!pattern.isValid())
        return fail(ErrorCode::InvalidInput, toUtf8(tr("The expression is wrong at character %1: %2.")
                                                        .arg(pattern.patternErrorOffset() + 1)
                                                        .arg(pattern.errorString())));
    return pattern;
}

Replaced replaceIn(const QString &text, const QRegularExpression &pattern, const ReplaceOptions &options)
{
    Replaced result;
    qsizetype from = 0;
    auto matches = pattern.globalMatch(text);
    while (matches.hasNext()) {
        const QRegularExpressionMatch match = matches.next();
        if (match.capturedLength() == 0)
            continue;
        result.text += QStringView(text).mid(from, match.capturedStart() - from);
        result.text += options.regex ? filled(options.replace, match) : options.replace;
        from = match.capturedEnd();
        ++result.count;
    }
    result.text += QStringView(text).mid(from);
    return result;
}

Result<ReplaceFound> findInRows(Project &project, const std::vector<std::int64_t> &ids, const ReplaceOptions &options,
                                const CancelFlag &cancel)
{
    ReplaceFound found;
    ATTUNE_CHECK(eachMatch(project, ids, options, cancel, [&](ReplacePreview row) {
        found.matches += row.count;
        if (row.before == row.after)
            return; // it is so already
        ++found.rows;
        if (found.first.size() < Shown)
            found.first.push_back(std::move(row));
    }));
    return found;
}

Result<std::vector<ExampleEdit>> replaceEdits(Project &project, const std::vector<std::int64_t> &ids,
                                              const ReplaceOptions &options)
{
    std::vector<ExampleEdit> edits;
    ATTUNE_CHECK(eachMatch(project, ids, options, {}, [&](ReplacePreview row) {
        if (row.before != row.after)
            edits.push_back({.id = row.id, .messages = std::move(row.after)});
    }));
    return edits;
}

} // namespace attune::ui
