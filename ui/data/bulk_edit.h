#pragma once

#include "core/store/labelling.h"
#include "ui/session/session.h"

#include <QString>

#include <functional>

namespace attune::ui {

// Changes of one row or of many: each is one step that can be undone, made on the writing worker, told in the status
// line with its Undo. A failure is told there too and has changed nothing.

using Ids = std::vector<std::int64_t>;

void applyEdits(Session &session, const QString &label, std::vector<ExampleEdit> edits);
/// The same with edits that are made from the rows as they are when the worker comes to them. No edit: nothing is
/// done.
void applyEdits(Session &session, const QString &label,
                std::function<Result<std::vector<ExampleEdit>>(Project &)> make);

void setStateOf(Session &session, const Ids &ids, LabelState state);
void setRatingOf(Session &session, const Ids &ids, int rating);
void setPartOf(Session &session, const Ids &ids, std::optional<Part> part);
void addTagTo(Session &session, const Ids &ids, const QString &tag);
void removeTagFrom(Session &session, const Ids &ids, const QString &tag);
void deleteRows(Session &session, const Ids &ids);

/// New rows; `done` gets their ids.
using Inserted = std::function<void(Ids)>;
void insertEmptyRow(Session &session, const Inserted &done);
void duplicateRows(Session &session, const Ids &ids, const Inserted &done);

/// "Row 217", "14 rows".
QString subjectOf(const Ids &ids);
/// "a, b" is two tags; each once, in order, without white space around.
std::vector<std::string> tagsFromText(const QString &text);

} // namespace attune::ui
