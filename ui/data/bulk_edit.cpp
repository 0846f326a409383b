#include "ui/data/bulk_edit.h"

#include "ui/data/data_words.h"
#include "ui/widgets/format.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>

namespace attune::ui {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("BulkEdit", text);
}

void tell(Session &session, const QString &what)
{
    session.toast({.text = what,
                   .tone = Tone::Ok,
                   .action = tr("Undo"),
                   .act = [&session] { session.undo(); },
                   .key = QStringLiteral("Ctrl+Z")});
}

/// Reads rows by some thousand and makes an edit of each for which `edit` gives one.
Result<std::vector<ExampleEdit>>
editsOf(Project &project, const Ids &ids,
        const std::function<std::optional<ExampleEdit>(const ExampleSummary &)> &edit)
{
    constexpr std::size_t Batch = 2000;
    Labelling labelling(project);
    std::vector<ExampleEdit> edits;
    for (std::size_t begin = 0; begin < ids.size(); begin += Batch) {
        ATTUNE_TRY(const auto rows,
                   labelling.summaries(std::span(ids).subspan(begin, std::min(Batch, ids.size() - begin))));
        for (const ExampleSummary &row : rows)
            if (auto one = edit(row))
                edits.push_back(std::move(*one));
    }
    return edits;
}

std::vector<ExampleEdit> sameEdit(const Ids &ids, const ExampleEdit &edit)
{
    std::vector<ExampleEdit> edits(ids.size(), edit);
    for (std::size_t i = 0; i < ids.size(); ++i)
        edits[i].id = ids[i];
    return edits;
}

void insertRows(Session &session, const QString &label, std::function<Result<std::vector<Example>>(Project &)> make,
                const Inserted &done)
{
    session.change<EditStep>(
        &session,
        [label, make = std::move(make)](Project &project) -> Result<EditStep> {
            ATTUNE_TRY(const auto rows, make(project));
            return Labelling(project).insert(toUtf8(label), rows);
        },
        [&session, label, done](Result<EditStep> step) {
            if (!step)
                return session.report(step.error());
            tell(session, label);
            if (done)
                done(step->rows);
        });
}

} // namespace

void applyEdits(Session &session, const QString &label, std::vector<ExampleEdit> edits)
{
    applyEdits(session, label,
               [edits = std::move(edits)](Project &) -> Result<std::vector<ExampleEdit>> { return edits; });
}

void applyEdits(Session &session, const QString &label,
                std::function<Result<std::vector<ExampleEdit>>(Project &)> make)
{
    session.change<bool>(
        &session,
        [label, make = std::move(make)](Project &project) -> Result<bool> {
            ATTUNE_TRY(const auto edits, make(project));
            if (edits.empty())
                return false;
            ATTUNE_TRY(const auto step, Labelling(project).apply(toUtf8(label), edits));
            return step.id != 0 || !step.rows.empty();
        },
        [&session, label](Result<bool> changed) {
            if (!changed)
                session.report(changed.error());
            else if (*changed)
                tell(session, label);
        });
}

QString subjectOf(const Ids &ids)
{
    return ids.size() == 1 ? tr("Row %1").arg(ids.front()) : rowsText(static_cast<qint64>(ids.size()));
}

void setStateOf(Session &session, const Ids &ids, LabelState state)
{
    if (ids.empty())
        return;
    const QString label = state == LabelState::ToLabel
                              ? tr("%1 back to label").arg(subjectOf(ids))
                              : subjectOf(ids) + QLatin1Char(' ') + stateWord(state).toLower();
    applyEdits(session, label, sameEdit(ids, {.state = state}));
}

void setRatingOf(Session &session, const Ids &ids, int rating)
{
    if (ids.empty())
        return;
    const QString label = rating == 0 ? tr("Rating of %1 cleared").arg(subjectOf(ids).toLower())
                                      : tr("%1 rated %2").arg(subjectOf(ids)).arg(rating);
    applyEdits(session, label, sameEdit(ids, {.rating = rating}));
}

void setPartOf(Session &session, const Ids &ids, std::optional<Part> part)
{
    if (ids.empty())
        return;
    applyEdits(session, tr("%1 moved to %2").arg(subjectOf(ids), partWord(part).toLower()),
               sameEdit(ids, {.part = part}));
}

void addTagTo(Session &session, const Ids &ids, const QString &tag)
{
    const std::vector<std::string> added = tagsFromText(tag);
    if (ids.empty() || added.empty())
        return;
    applyEdits(session, tr("%1 tagged %2").arg(subjectOf(ids), tag), [ids, added](Project &project) {
        return editsOf(project, ids, [&](const ExampleSummary &row) -> std::optional<ExampleEdit> {
            auto tags = row.tags;
            for (const std::string &one : added)
                if (std::find(tags.begin(), tags.end(), one) == tags.end())
                    tags.push_back(one);
            if (tags.size() == row.tags.size())
                return std::nullopt;
            return ExampleEdit{.id = row.id, .tags = std::move(tags)};
        });
    });
}

void removeTagFrom(Session &session, const Ids &ids, const QString &tag)
{
    const std::vector<std::string> removed = tagsFromText(tag);
    if (ids.empty() || removed.empty())
        return;
    applyEdits(session, tr("Tag %1 taken from %2").arg(tag, subjectOf(ids).toLower()),
               [ids, removed](Project &project) {
                   return editsOf(project, ids, [&](const ExampleSummary &row) -> std::optional<ExampleEdit> {
                       auto tags = row.tags;
                       for (const std::string &one : removed)
                           std::erase(tags, one);
                       if (tags.size() == row.tags.size())
                           return std::nullopt;
                       return ExampleEdit{.id = row.id, .tags = std::move(tags)};
                   });
               });
}

void deleteRows(Session &session, const Ids &ids)
{
    if (!ids.empty())
        applyEdits(session, tr("%1 deleted").arg(subjectOf(ids)), sameEdit(ids, {.deleted = true}));
}

void insertEmptyRow(Session &session, const Inserted &done)
{
    insertRows(
        session, tr("New row"),
        [](Project &) -> Result<std::vector<Example>> {
            Example row;
            row.messages = {{"user", ""}, {"assistant", ""}};
            row.part = Part::Train; // its text decides nothing yet; the check reports it where it leaks
            return std::vector<Example>{row};
        },
        done);
}

void duplicateRows(Session &session, const Ids &ids, const Inserted &done)
{
    if (ids.empty())
        return;
    insertRows(
        session, tr("%1 duplicated").arg(subjectOf(ids)),
        [ids](Project &project) -> Result<std::vector<Example>> {
            std::vector<Example> copies;
            for (const std::int64_t id : ids) {
                ATTUNE_TRY(const auto row, project.example(id));
                if (row) // a copy stands in the part of its original, so that none leaks
                    copies.push_back(
                        {.messages = row->messages, .origin = row->origin, .part = row->part, .tags = row->tags});
            }
            return copies;
        },
        done);
}

std::vector<std::string> tagsFromText(const QString &text)
{
    std::vector<std::string> tags;
    for (const QString &piece : text.split(QLatin1Char(','))) {
        const std::string tag = toUtf8(piece.trimmed());
        if (!tag.empty() && std::find(tags.begin(), tags.end(), tag) == tags.end())
            tags.push_back(tag);
    }
    return tags;
}

} // namespace attune::ui
