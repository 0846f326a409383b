#include "core/studio/health.h"

#include "core/data/near_pairs.h"
#include "core/studio/health_duplicates.h"
#include "core/studio/health_tokens.h"
#include "core/studio/preview.h"
#include "core/train/rows.h"

#include <algorithm>
#include <map>
#include <set>

namespace attune {
namespace {

constexpr auto habitsKey = "answer_habits";

/// What a row's text alone tells. RoleOrder has a second source, the template.
constexpr std::array textProblems{ProblemKind::NoAnswer,  ProblemKind::ShortAnswer, ProblemKind::NotJson,
                                  ProblemKind::MissingKeys, ProblemKind::EmptyTurn,   ProblemKind::RoleOrder,
                                  ProblemKind::OddEncoding, ProblemKind::PersonalData, ProblemKind::RareLabel};
/// What follows from all rows together.
constexpr std::array tieProblems{ProblemKind::Duplicate, ProblemKind::NearDuplicate, ProblemKind::Leak};

Result<void> goOn(const std::stop_token &stop)
{
    if (stop.stop_requested())
        return fail(ErrorCode::Interrupted, "The check was stopped; nothing of it was stored but token counts.");
    return {};
}

/// Reports a stage of the check.
std::function<void(double)> stage(const Progress &progress, const char *name)
{
    return [&progress, name](double share) {
        if (progress)
            progress(name, share);
    };
}

/// What the template refuses comes first: it is the harder fact.
void addTextProblems(std::int64_t id, std::span<const Message> messages, const AnswerHabits &habits,
                     const std::map<std::int64_t, StoredProblem> &refused, std::vector<StoredProblem> &found)
{
    const auto refusal = refused.find(id);
    if (refusal != refused.end())
        found.push_back(refusal->second);
    for (RowProblem &problem : rowProblems(messages, habits)) {
        if (problem.kind != ProblemKind::RoleOrder || refusal == refused.end())
            found.push_back({id, problem.kind, std::move(problem.detail), 0, 0});
    }
}

class Check {
public:
    Check(Project &project, const ChatEncoder *encoder, const HealthOptions &options, std::stop_token stop,
          const Progress &progress)
        : m_project(project), m_labelling(project), m_encoder(encoder), m_options(options), m_stop(std::move(stop)),
          m_progress(progress)
    {
    }

    Result<HealthReport> run()
    {
        ATTUNE_CHECK(countTokens());
        ATTUNE_CHECK(readRows());
        ATTUNE_CHECK(checkTexts());
        ATTUNE_CHECK(findTies());
        ATTUNE_CHECK(store());
        ATTUNE_CHECK(addUp());
        return std::move(m_report);
    }

private:
    Result<void> countTokens()
    {
        if (!m_encoder) {
            // Nobody can say anew what a template refuses.
            ATTUNE_TRY(const auto known, m_labelling.problemsOfKind(ProblemKind::RoleOrder));
            for (const StoredProblem &problem : known)
                m_refused.emplace(problem.example, problem);
            return {};
        }
        const std::string fingerprint =
            m_options.fingerprint.empty() ? encoderFingerprint(*m_encoder) : m_options.fingerprint;
        ATTUNE_TRY(const auto uncounted, m_labelling.uncounted(fingerprint));
        ATTUNE_TRY(auto counted, countRows(m_project, *m_encoder, fingerprint, uncounted, m_stop,
                                           stage(m_progress, "Counting tokens")));
        m_report.encoded = counted.counted;
        for (StoredProblem &problem : counted.refused)
            m_refused.emplace(problem.example, std::move(problem));
        return {};
    }

    /// Learns the habits, and keeps of each row what duplicates are found by.
    Result<void> readRows()
    {
        ATTUNE_TRY(m_total, m_project.exampleCount({.includeRejected = false}));
        HabitLearner learner;
        ATTUNE_CHECK(walk("Reading rows", [&](const StoredExample &row) {
            ++m_report.rows;
            learner.add(row.messages);
            m_rows.push_back(duplicateRow(row));
        }));
        m_report.habits = learner.finish();
        return {};
    }

    Result<void> checkTexts()
    {
        return walk("Checking texts", [&](const StoredExample &row) {
            addTextProblems(row.id, row.messages, m_report.habits, m_refused, m_found);
        });
    }

    Result<void> findTies()
    {
        const auto report = stage(m_progress, "Looking for duplicates");
        report(0);
        m_ties = findDuplicates(m_rows, m_options.similarity, 0, m_stop);
        for (const DuplicateRow &row : m_rows)
            m_live.push_back(row.id);
        m_rows = {};
        ATTUNE_CHECK(goOn(m_stop));
        report(0.5);
        ATTUNE_TRY(const auto leaks, findLeaks(m_project));
        for (const LeakedPair &leak : leaks)
            m_ties.push_back(leakProblem(leak));
        return goOn(m_stop);
    }

    Result<void> store()
    {
        ATTUNE_CHECK(m_labelling.setProblems(textProblems, m_found));
        ATTUNE_CHECK(m_labelling.setProblems(tieProblems, m_ties));
        ATTUNE_CHECK(clearRejected());
        const std::string habits =
            toJson(m_report.habits).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
        ATTUNE_TRY(const auto before, m_project.setting(habitsKey));
        return before == habits ? Result<void>() : m_project.setSetting(habitsKey, habits);
    }

    /// What the template said about rows that were rejected since.
    Result<void> clearRejected()
    {
        std::vector<std::int64_t> rejected;
        for (const ProblemKind kind : templateProblems) {
            ATTUNE_TRY(const auto problems, m_labelling.problemsOfKind(kind));
            for (const StoredProblem &problem : problems)
                if (!std::binary_search(m_live.begin(), m_live.end(), problem.example))
                    rejected.push_back(problem.example);
        }
        return rejected.empty() ? Result<void>() : m_labelling.setProblems(templateProblems, {}, rejected);
    }

    Result<void> addUp()
    {
        std::set<std::int64_t> problemRows;
        for (std::size_t i = 1; i < m_report.lines.size(); ++i) {
            const auto kind = static_cast<ProblemKind>(i);
            ATTUNE_TRY(const auto problems, m_labelling.problemsOfKind(kind));
            std::set<std::int64_t> rows;
            std::set<std::int64_t> groups;
            for (const StoredProblem &problem : problems) {
                rows.insert(problem.example);
                if (problem.group != 0)
                    groups.insert(problem.group);
            }
            m_report[kind] = {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(groups.size())};
            problemRows.insert(rows.begin(), rows.end());
        }
        ExampleQuery live;
        live.states = {LabelState::ToLabel, LabelState::Approved, LabelState::Flagged};
        ATTUNE_TRY(const auto lengths, m_labelling.tokenLengths(live));
        std::vector<std::int64_t> sorted;
        for (const auto &[id, tokens] : lengths) {
            sorted.push_back(tokens);
            m_report.tokens += tokens;
            if (tokens > m_options.maxLength) {
                ++m_report[ProblemKind::Cut].rows;
                m_report.cutTokens += tokens - m_options.maxLength;
                problemRows.insert(id);
            }
        }
        std::sort(sorted.begin(), sorted.end());
        m_report.counted = static_cast<std::int64_t>(sorted.size());
        if (!sorted.empty()) {
            m_report.medianTokens = sorted[sorted.size() / 2];
            m_report.longestRow = sorted.back();
        }
        m_report.problemRows = static_cast<std::int64_t>(problemRows.size());
        return {};
    }

    Result<void> walk(const char *name, const std::function<void(const StoredExample &)> &visit)
    {
        const auto report = stage(m_progress, name);
        std::int64_t seen = 0;
        return m_project.forEachExample({.includeRejected = false}, [&](const StoredExample &row) -> Result<void> {
            ATTUNE_CHECK(goOn(m_stop));
            visit(row);
            if (++seen % 256 == 0)
                report(static_cast<double>(seen) / static_cast<double>(std::max(m_total, seen)));
            return {};
        });
    }

    Project &m_project;
    Labelling m_labelling;
    const ChatEncoder *m_encoder;
    const HealthOptions &m_options;
    std::stop_token m_stop;
    const Progress &m_progress;
    HealthReport m_report;
    std::int64_t m_total = 0;
    std::map<std::int64_t, StoredProblem> m_refused;
    std::vector<DuplicateRow> m_rows;
    std::vector<std::int64_t> m_live; // ids, ascending
    std::vector<StoredProblem> m_found;
    std::vector<StoredProblem> m_ties;
};

Result<AnswerHabits> storedHabits(Project &project)
{
    ATTUNE_TRY(const auto text, project.setting(habitsKey));
    if (!text)
        return AnswerHabits{};
    ATTUNE_TRY(const Json json, parseJson(*text, "The habits of the answers"));
    return answerHabitsFromJson(json);
}

} // namespace

std::string encoderFingerprint(const ChatEncoder &encoder)
{
    std::string vocabulary;
    if (const auto &tokenizer = encoder.tokenizer()) {
        for (TokenId id = 0; id < tokenizer->size(); ++id) {
            vocabulary += tokenizer->piece(id);
            vocabulary += tokenizer->isSpecial(id) ? '\1' : '\0';
        }
        vocabulary += tokenizer->config().addBos ? '\1' : '\0';
        // Two tokenizers may have the same vocabulary and cut texts in other places.
        for (const Token &token : tokenizer->encode("It's 12,345.67 in Köln\n\n\tif (x != y) { return 东京; }"))
            vocabulary += std::to_string(token.id) + " ";
    }
    return contentHash(std::vector<Message>{{"template", encoder.chatTemplate()}, {"vocabulary", vocabulary}});
}

Result<HealthReport> checkProject(Project &project, const ChatEncoder *encoder, const HealthOptions &options,
                                  std::stop_token stop, const Progress &progress)
{
    return Check(project, encoder, options, std::move(stop), progress).run();
}

Result<void> checkRows(Project &project, const ChatEncoder *encoder, const HealthOptions &options,
                       std::span<const std::int64_t> rows, TieIndex *index)
{
    Labelling labelling(project);
    ATTUNE_TRY(const AnswerHabits habits, storedHabits(project));
    std::map<std::int64_t, StoredProblem> refused;
    if (encoder) {
        const std::string fingerprint =
            options.fingerprint.empty() ? encoderFingerprint(*encoder) : options.fingerprint;
        ATTUNE_TRY(auto counted, countRows(project, *encoder, fingerprint, rows, {}));
        for (StoredProblem &problem : counted.refused)
            refused.emplace(problem.example, std::move(problem));
    }
    std::vector<StoredProblem> found;
    std::vector<std::int64_t> rejected;
    for (const std::int64_t id : rows) {
        ATTUNE_TRY(const auto row, project.example(id));
        if (row && row->state != LabelState::Rejected)
            addTextProblems(id, row->messages, habits, refused, found);
        else
            rejected.push_back(id);
    }
    ATTUNE_CHECK(labelling.setProblems(textProblems, found, rows));
    if (!encoder && !rejected.empty()) // countRows() has done it otherwise
        ATTUNE_CHECK(labelling.setProblems(templateProblems, {}, rejected));
    return checkTies(project, rows, options.similarity, index);
}

Result<std::vector<std::int64_t>> untrainedRows(Project &project, const ChatEncoder &encoder, std::int64_t maxLength,
                                                bool assistantOnlyLoss, std::stop_token stop)
{
    std::vector<std::int64_t> untrained;
    auto walked = project.forEachExample({.includeRejected = false}, [&](const StoredExample &row) -> Result<void> {
        ATTUNE_CHECK(goOn(stop));
        const auto encoded = encodeRow(encoder, row.messages, {maxLength, assistantOnlyLoss});
        if (!encoded) {
            untrained.push_back(row.id);
            return {};
        }
        const auto &mask = encoded->chat.assistantMask;
        const auto end = mask.begin() + static_cast<std::ptrdiff_t>(encoded->kept);
        if (std::find(std::min(mask.begin() + 1, end), end, std::uint8_t(1)) == end)
            untrained.push_back(row.id);
        return {};
    });
    if (!walked)
        return forward(walked);
    return untrained;
}

Result<std::vector<DuplicateGroup>> duplicateGroups(Project &project, ProblemKind kind)
{
    ATTUNE_TRY(const auto problems, Labelling(project).problemsOfKind(kind));
    std::map<std::int64_t, DuplicateGroup> byGroup;
    for (const StoredProblem &problem : problems) {
        DuplicateGroup &group = byGroup[problem.group];
        group.kind = kind;
        group.rows.push_back(problem.example);
        if (kind == ProblemKind::Duplicate)
            continue;
        ATTUNE_TRY(const auto row, project.example(problem.example));
        ATTUNE_TRY(const auto other, project.example(problem.other));
        if (row && other)
            group.similarity = std::min(
                group.similarity, textSimilarity(duplicateText(row->messages), duplicateText(other->messages)));
    }
    std::vector<DuplicateGroup> groups;
    for (auto &[first, group] : byGroup) {
        std::sort(group.rows.begin(), group.rows.end());
        groups.push_back(std::move(group));
    }
    std::stable_sort(groups.begin(), groups.end(), [](const DuplicateGroup &a, const DuplicateGroup &b) {
        return a.rows.size() > b.rows.size();
    });
    return groups;
}

} // namespace attune
