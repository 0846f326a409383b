#pragma once

#include "core/data/problem_kind.h"
#include "core/store/project.h"

#include <array>

namespace attune {

std::string_view name(ProblemKind kind);  ///< "cut", "duplicate", ...: what problem: takes in a search

/// Which rows, and in which order. Lists are OR within, AND between; an empty one asks for nothing.
struct ExampleQuery {
    /// As typed: words (each a prefix, all must occur), "a phrase", -word, tag:x split:test state:flagged problem:cut
    /// file:x turns>2 tokens>400 rating<3 (also >= <= =) #218.
    std::string search = {};
    std::vector<std::optional<Part>> parts = {}; ///< none in the list: rows without a part
    std::vector<LabelState> states = {};
    std::vector<int> ratings = {};
    std::vector<std::string> tags = {};
    std::vector<std::string> files = {};
    std::vector<ProblemKind> problems = {};
    std::vector<std::int64_t> turns = {};
    std::optional<std::int64_t> leastTokens = {};
    std::optional<std::int64_t> mostTokens = {};
    std::vector<std::int64_t> ids = {};       ///< these only, e.g. the rows of a group
    bool testRows = true;                ///< false: rows of the test part are left out
    std::int64_t maxLength = 0;          ///< for ProblemKind::Cut; 0: no row is cut

    enum class Sort { Number, Prompt, Answer, State, Part, Tokens, Rating, Changed };
    Sort sort = Sort::Number;
    bool descending = false;

    bool operator==(const ExampleQuery &) const = default;
};

/// A line of the list.
struct ExampleSummary {
    std::int64_t id = 0;
    std::string prompt; ///< the first words of the first user turn, white space folded, at most 240 bytes
    std::string answer; ///< the same of the last assistant turn
    LabelState state = LabelState::ToLabel;
    std::optional<Part> part;
    int rating = 0;
    std::vector<std::string> tags;
    std::int64_t turns = 0;
    std::optional<std::int64_t> tokens; ///< none: not counted yet
    ProblemSet problems;                ///< without Cut
};

struct CountOf {
    std::string value;
    std::int64_t rows = 0;
};

/// How many rows of a query each value has; for each facet the query counts without that facet's own choice.
struct FacetCounts {
    std::int64_t rows = 0;    ///< that the query finds
    std::int64_t all = 0;     ///< in the project
    std::array<std::int64_t, 4> parts{}; ///< train, validation, test, none
    std::array<std::int64_t, 4> states{};
    std::array<std::int64_t, 6> ratings{};
    std::array<std::int64_t, static_cast<std::size_t>(ProblemKind::Count)> problems{};
    std::int64_t problemRows = 0;
    std::int64_t cutTokens = 0; ///< lost at max_length
    std::vector<CountOf> tags;  ///< most frequent first
    std::vector<CountOf> files;
    std::vector<CountOf> turns;
};

/// A change of one row; what is absent stays.
struct ExampleEdit {
    std::int64_t id = 0;
    std::optional<std::vector<Message>> messages = {};
    std::optional<std::optional<Part>> part = {};
    std::optional<LabelState> state = {};
    std::optional<int> rating = {}; ///< 0 to 5; 0: none
    std::optional<std::vector<std::string>> tags = {};
    std::optional<std::string> notes = {};
    std::optional<bool> deleted = {};
};

/// One step of the project's undo list.
struct EditStep {
    std::int64_t id = 0;
    std::string label; ///< "Row 217 approved"
    std::vector<std::int64_t> rows;
};
struct StepMark {
    std::int64_t id = 0;
    std::int64_t madeAt = 0; ///< ms; later once more was typed into it
    bool undone = false;
    bool operator==(const StepMark &) const = default;
};
/// Undo or redo of a step on its way.
struct StepWalk {
    EditStep step;
    bool more = false; ///< rows are left for walkOn()
};
enum class WalkDirection { Back, Forth };

struct UndoState {
    std::string undo; ///< label of the step that undo() would take back; empty: none
    std::string redo;
};

/// An earlier state of a row's conversation and labels.
struct ExampleVersion {
    std::int64_t id = 0;    ///< of the history entry; 0: the row as it is
    std::string changedAt;
    std::string label;      ///< of the step that made it
    StoredExample example;
};

struct TokenCount {
    std::int64_t example = 0;
    std::string contentHash; ///< of the text that was counted; a later edit makes the count stale
    std::int64_t tokens = 0;
    std::int64_t trained = 0;
};

struct StoredProblem {
    std::int64_t example = 0;
    ProblemKind kind = ProblemKind::Duplicate;
    std::string detail;             ///< "missing \"urgency\"", "similarity 0.93 with row 17"
    std::int64_t other = 0;         ///< a row that it has to do with; 0: none
    std::int64_t group = 0;         ///< duplicates: the lowest id of the group
    bool operator==(const StoredProblem &) const = default;
};

struct SavedView {
    std::string name;
    std::string query; ///< toJson(ExampleQuery)
};

struct SnapshotInfo {
    std::int64_t id = 0;
    std::string name;
    std::string createdAt;
    std::int64_t rows = 0;
    std::vector<std::string> runs; ///< that point at it
};
struct SnapshotChange {
    enum class Kind { Added, Removed, Edited, Moved } kind = Kind::Added; ///< Moved: to another part only
    std::int64_t example = 0;
    std::vector<Message> before;
    std::vector<Message> after;
    std::optional<Part> partBefore;
    std::optional<Part> partAfter;
};

OrderedJson toJson(const ExampleQuery &query);
Result<ExampleQuery> exampleQueryFromJson(const Json &json);

/// The rows of a project as a person works on them: find, count, change, undo. A view of a Project, which outlives
/// it; the same rules: one thread, every change one transaction, a failure is a sentence and changes nothing.
///
/// Finding is made for 100,000 rows: ids() is one indexed query, summaries() reads only the rows asked for, words are
/// looked up in an FTS5 index that triggers keep up to date.
class Labelling {
public:
    explicit Labelling(Project &project) : m_project(project) {}

    // --- finding ---
    /// Every id that the query finds, in its order. InvalidInput names what in the search text can't be understood.
    Result<std::vector<std::int64_t>> ids(const ExampleQuery &query);
    /// In the order of `ids`; an id that is gone is left out.
    Result<std::vector<ExampleSummary>> summaries(std::span<const std::int64_t> ids);
    Result<FacetCounts> facets(const ExampleQuery &query);
    /// Token counts of the rows that the query finds: {id, tokens}; for the histogram.
    Result<std::vector<std::pair<std::int64_t, std::int64_t>>> tokenLengths(const ExampleQuery &query);
    /// The system turns that rows share, most frequent first.
    Result<std::vector<CountOf>> systemTurns();

    // --- changing: each call is one step that can be undone ---
    /// Steps with the same non-empty `merge` key within five seconds become one (typing in one card).
    Result<EditStep> apply(const std::string &label, std::span<const ExampleEdit> edits,
                           const std::string &merge = {});
    /// New rows, in order; their parts by the caller. Equal content is allowed: the check reports it.
    Result<EditStep> insert(const std::string &label, std::span<const Example> rows);
    Result<UndoState> undoState();
    Result<std::optional<EditStep>> undo(); ///< none: nothing to undo
    Result<std::optional<EditStep>> redo();
    /// The same for who does not want to wait for a step that brought 100,000 rows: it counts as undone or redone at
    /// once, the first rows with it; the rest follows by walkOn() in transactions of about a tenth of a second, of
    /// any connection. After a kill in between, who opens the project next does it.
    Result<std::optional<StepWalk>> beginWalk(WalkDirection direction);
    Result<bool> walkOn(std::int64_t step); ///< false: nothing is left
    /// Makes a redo of an undo on its way, or the other way round. False: it is over, or something else was changed.
    Result<bool> turnWalk(std::int64_t step);
    Result<void> leaveWalk(std::int64_t step); ///< the rest is for who opens the project next
    /// The rows stay; there is nothing to undo any more, and no history. For a project that was made ready.
    Result<void> forgetSteps();

    /// Oldest first; the row as it is comes last.
    Result<std::vector<ExampleVersion>> history(std::int64_t example);
    Result<EditStep> restore(std::int64_t example, std::int64_t version);

    /// The newest steps, undone ones too: held against an earlier answer they tell which of them were made, added to,
    /// undone or redone since, by anyone.
    Result<std::vector<StepMark>> latestSteps(std::int64_t count);
    /// The rows that these steps changed, each once, ascending; deleted ones too. A step that is gone is left out.
    Result<std::vector<std::int64_t>> rowsOfSteps(std::span<const std::int64_t> steps);
    /// Rows whose text is that of one of these, each once, ascending; the given ones only where they have such a
    /// twin.
    Result<std::vector<std::int64_t>> equalRows(std::span<const std::int64_t> ids);

    // --- what was found out about rows ---
    Result<std::vector<std::int64_t>>
    uncounted(const std::string &fingerprint); ///< rows without a count of this text
    /// Counts made by another tokenizer (another fingerprint) are dropped first.
    Result<void> setTokenCounts(const std::string &fingerprint, std::span<const TokenCount> counts);
    /// Replaces the stored problems of these kinds, for all rows or for some.
    Result<void> setProblems(std::span<const ProblemKind> kinds, std::span<const StoredProblem> problems,
                             std::optional<std::span<const std::int64_t>> onlyRows = {});
    Result<std::vector<StoredProblem>> problems(std::int64_t example);
    Result<std::vector<StoredProblem>> problemsOfKind(ProblemKind kind);

    // --- views and versions ---
    Result<std::vector<SavedView>> views();
    Result<void> saveView(const SavedView &view); ///< an equal name is replaced
    Result<void> removeView(const std::string &name);
    Result<std::vector<SnapshotInfo>> snapshots(); ///< newest first
    Result<void> renameSnapshot(std::int64_t snapshot, const std::string &name);
    /// From one snapshot to another; 0 stands for the rows as they are.
    Result<std::vector<SnapshotChange>> diff(std::int64_t from, std::int64_t to);
    /// Brings texts, parts and existence of rows back to a snapshot; one step that can be undone. Labels stay.
    Result<EditStep> restoreSnapshot(std::int64_t snapshot);

    /// Changes whenever rows, labels or runs were changed by anyone, this connection included: what a window polls.
    Result<std::int64_t> changeCounter();
    /// Changes with rows, labels, counts and problems only; not with a run that writes its metrics.
    Result<std::int64_t> rowCounter();

private:
    Result<std::optional<EditStep>> walk(WalkDirection direction);

    Project &m_project;
};

} // namespace attune
