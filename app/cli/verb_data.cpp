#include "app/cli/cli.h"
#include "app/cli/model_options.h"
#include "app/cli/progress.h"
#include "app/cli/text.h"
#include "core/model/registry.h"
#include "core/studio/chat_model.h"
#include "core/studio/export_rows.h"
#include "core/studio/health.h"
#include "core/studio/next_run.h"
#include "core/studio/project_split.h"

#include <cstdio>

namespace attune::cli {
namespace {

struct Options {
    std::string project;
    std::string what;
    std::string out;
    std::string part;
    std::string model;
    std::optional<double> validationShare;
    std::optional<double> testShare;
    std::optional<std::uint64_t> seed;
    std::string format;
    std::optional<std::int64_t> maxLength;
    TrainSettings settings; ///< max_length, assistant_only_loss
    bool withoutTokens = false;
    SetOptions sets;
    bool json = false;
};

Result<ExampleFilter> filterOf(const Options &o)
{
    ExampleFilter filter;
    if (!o.part.empty()) {
        ATTUNE_TRY(filter.part, parsePart(o.part));
    }
    return filter;
}

/// As people write it: the role first.
OrderedJson messagesInOrder(std::span<const Message> messages)
{
    auto json = OrderedJson::array();
    for (const Message &message : messages)
        json.push_back({{"role", message.role}, {"content", message.content}});
    return json;
}

std::string partName(const std::optional<Part> &part)
{
    return part ? std::string(name(*part)) : "-";
}

Result<int> list(Project &project, const Options &o)
{
    ATTUNE_TRY(const auto filter, filterOf(o));
    Table table({"row", "part", "state", "turns", "prompt"});
    ATTUNE_CHECK(project.forEachExample(filter, [&](const StoredExample &e) -> Result<void> {
        if (o.json) {
            printJson(OrderedJson{{"id", e.id},
                                  {"part", e.part ? Json(name(*e.part)) : Json()},
                                  {"state", name(e.state)},
                                  {"rating", e.rating},
                                  {"tags", e.tags},
                                  {"notes", e.notes},
                                  {"file", e.origin.file},
                                  {"line", e.origin.line},
                                  {"messages", messagesInOrder(e.messages)}});
            return {};
        }
        std::string prompt;
        for (const Message &message : e.messages)
            if (prompt.empty() && message.role == "user")
                prompt = message.content;
        table.add({std::to_string(e.id), partName(e.part), std::string(name(e.state)),
                   std::to_string(e.messages.size()), oneLine(prompt, 72)});
        return {};
    }));
    if (!o.json)
        table.print();
    return 0;
}

OrderedJson leakJson(const LeakedPair &leak)
{
    return {{"leak",
             {{"row", leak.row},
              {"part", name(leak.part)},
              {"other", leak.other},
              {"other_part", name(leak.otherPart)},
              {"similarity", leak.similarity}}}};
}

void printLeaks(const std::vector<LeakedPair> &leaks, bool json)
{
    for (const LeakedPair &leak : leaks) {
        if (json)
            printJson(leakJson(leak));
        else
            print("leak: row " + std::to_string(leak.row) + " (" + std::string(name(leak.part)) + ") is like row " +
                  std::to_string(leak.other) + " (" + std::string(name(leak.otherPart)) + "), similarity " +
                  fixed(leak.similarity, 2));
    }
}

Result<int> split(Project &project, const Options &o)
{
    ATTUNE_TRY(SplitOptions shares, splitOptions(project));
    shares.validationShare = o.validationShare.value_or(shares.validationShare);
    shares.testShare = o.testShare.value_or(shares.testShare);
    shares.seed = o.seed.value_or(shares.seed);
    ATTUNE_CHECK(setSplitOptions(project, shares));
    ATTUNE_TRY(const auto report, splitProject(project));
    printLeaks(report.leaks, o.json);
    if (o.json)
        printJson(OrderedJson{{"assigned", report.assigned},
                              {"train", report.counts[Part::Train]},
                              {"validation", report.counts[Part::Validation]},
                              {"test", report.counts[Part::Test]},
                              {"leaks", report.leaks.size()}});
    else
        print(counted(report.assigned, "row") + " given a part; train " + std::to_string(report.counts[Part::Train]) +
              ", validation " + std::to_string(report.counts[Part::Validation]) + ", test " +
              std::to_string(report.counts[Part::Test]) + "; " +
              counted(static_cast<std::int64_t>(report.leaks.size()), "leak"));
    return 0;
}

struct Counts {
    PartCounts parts;
    std::array<std::int64_t, 4> states{}; ///< by LabelState
    std::int64_t rows = 0;
};

Result<Counts> countRows(Project &project)
{
    Counts counts;
    ATTUNE_CHECK(project.forEachExample({}, [&](const StoredExample &e) -> Result<void> {
        ++counts.rows;
        ++counts.states[static_cast<std::size_t>(e.state)];
        ++(e.part ? counts.parts[*e.part] : counts.parts.unsplit);
        return {};
    }));
    return counts;
}

OrderedJson countsJson(const Counts &counts)
{
    OrderedJson json = {{"rows", counts.rows},
                        {"train", counts.parts[Part::Train]},
                        {"validation", counts.parts[Part::Validation]},
                        {"test", counts.parts[Part::Test]},
                        {"unsplit", counts.parts.unsplit}};
    for (const auto state : {LabelState::ToLabel, LabelState::Approved, LabelState::Flagged, LabelState::Rejected})
        json[state == LabelState::ToLabel ? "to_label" : std::string(name(state))] =
            counts.states[static_cast<std::size_t>(state)];
    return json;
}

/// The rows of each kind of problem that was found, Cut first; kinds without any too.
using Problems = std::vector<std::pair<ProblemKind, std::vector<StoredProblem>>>;

Result<Problems> foundProblems(Project &project, const Options &o, bool hasTokens)
{
    Problems all;
    for (int i = 0; i < static_cast<int>(ProblemKind::Count); ++i) {
        const auto kind = static_cast<ProblemKind>(i);
        ATTUNE_TRY(auto ofKind, Labelling(project).problemsOfKind(kind));
        all.emplace_back(kind, std::move(ofKind));
    }
    if (!hasTokens)
        return all;
    ExampleQuery live; // Cut is not stored: it depends on max_length
    live.states = {LabelState::ToLabel, LabelState::Approved, LabelState::Flagged};
    ATTUNE_TRY(const auto lengths, Labelling(project).tokenLengths(live));
    for (const auto &[id, tokens] : lengths)
        if (tokens > o.settings.max_length)
            all.front().second.push_back({.example = id,
                                          .kind = ProblemKind::Cut,
                                          .detail = std::to_string(tokens - o.settings.max_length) + " of " +
                                                    std::to_string(tokens) + " tokens lost"});
    return all;
}

void printCheckJson(const Counts &counts, const HealthReport &report, const Problems &problems,
                    std::optional<OrderedJson> lengths)
{
    OrderedJson kinds;
    for (const auto &[kind, ofKind] : problems) {
        kinds[std::string(name(kind))] = report[kind].rows;
        for (const StoredProblem &p : ofKind)
            printJson(OrderedJson{{"problem",
                                   {{"kind", name(kind)},
                                    {"row", p.example},
                                    {"detail", p.detail},
                                    {"other", p.other == 0 ? Json() : Json(p.other)},
                                    {"group", p.group == 0 ? Json() : Json(p.group)}}}});
    }
    OrderedJson json = countsJson(counts);
    json["leaks"] = report[ProblemKind::Leak].rows;
    json["problem_rows"] = report.problemRows;
    json["problems"] = std::move(kinds);
    if (lengths)
        json.update(*lengths);
    printJson(json);
}

std::string firstRows(const std::vector<StoredProblem> &problems)
{
    constexpr std::size_t shown = 6;
    std::string text;
    for (std::size_t i = 0; i < std::min(shown, problems.size()); ++i)
        text += (text.empty() ? "" : ", ") + std::to_string(problems[i].example);
    return text + (problems.size() > shown ? ", ..." : "");
}

void printCheck(const Counts &counts, const HealthReport &report, const Problems &problems,
                const std::optional<OrderedJson> &lengths, const Options &o)
{
    const std::int64_t rejected = counts.states[static_cast<std::size_t>(LabelState::Rejected)];
    print(counted(counts.rows, "row") + ": train " + std::to_string(counts.parts[Part::Train]) + ", validation " +
          std::to_string(counts.parts[Part::Validation]) + ", test " + std::to_string(counts.parts[Part::Test]) +
          ", unsplit " + std::to_string(counts.parts.unsplit) +
          (rejected > 0 ? "; " + std::to_string(rejected) + " rejected, which are not checked" : ""));
    if (lengths)
        print(counted(report.tokens, "token") + " in " + counted(report.counted, "row") + ", median " +
              std::to_string(report.medianTokens) + ", longest " + std::to_string(report.longestRow) +
              "; max_length " + std::to_string(o.settings.max_length) + " cuts " +
              counted(report.cutTokens, "token") + " from " + counted(report[ProblemKind::Cut].rows, "row"));
    Table table({"problem", "rows", "what", "which"});
    for (const auto &[kind, ofKind] : problems) {
        if (ofKind.empty())
            continue;
        const HealthLine &line = report[kind];
        table.add({std::string(name(kind)), std::to_string(line.rows),
                   kind == ProblemKind::Cut ? counted(report.cutTokens, "token") + " lost"
                   : line.groups > 0        ? counted(line.groups, "group")
                                            : ofKind.front().detail,
                   firstRows(ofKind)});
    }
    if (report.problemRows == 0)
        print("No problems found.");
    else
        table.print();
    const auto untrained = lengths ? (*lengths)["untrained_rows"].size() : 0;
    if (untrained > 0)
        print(counted(static_cast<std::int64_t>(untrained), "row") + " would teach nothing at max_length " +
              std::to_string(o.settings.max_length));
}

/// Of the model that was named; else of the next run's, where this machine has it.
Result<std::optional<ChatEncoder>> encoderFor(Project &project, Options &o)
{
    if (o.withoutTokens)
        return std::optional<ChatEncoder>();
    const bool named = !o.model.empty();
    if (!named) {
        ATTUNE_TRY(o.model, nextModel(project));
    }
    const auto load = [&]() -> Result<ChatEncoder> {
        ATTUNE_TRY(const auto path, resolveModel(o.model));
        return loadChatEncoder(path);
    };
    auto encoder = load();
    if (encoder)
        return std::optional<ChatEncoder>(std::move(*encoder));
    if (named)
        return forward(encoder);
    std::fprintf(stderr, "Tokens are not counted, as %s can't be used; name a model with --model. %s\n",
                 o.model.c_str(), encoder.error().message.c_str());
    return std::optional<ChatEncoder>();
}

Result<int> check(Project &project, Options o, const Context &context)
{
    ATTUNE_TRY(const std::int64_t usual, nextMaxLength(project));
    o.settings.max_length = o.maxLength.value_or(usual);
    ATTUNE_CHECK(o.sets.apply(o.settings));
    ATTUNE_CHECK(project.quickCheck());
    ATTUNE_TRY(const auto encoder, encoderFor(project, o));
    HealthOptions options;
    options.maxLength = o.settings.max_length;
    ProgressBar bar;
    const auto report = checkProject(project, encoder ? &*encoder : nullptr, options, context.stop, bar.callback());
    bar.clear();
    if (!report)
        return tl::unexpected(report.error());
    ATTUNE_TRY(const Counts counts, countRows(project));
    ATTUNE_TRY(const Problems problems, foundProblems(project, o, encoder.has_value()));
    std::optional<OrderedJson> lengths;
    if (encoder) {
        ATTUNE_TRY(const auto untrained, untrainedRows(project, *encoder, o.settings.max_length,
                                                       o.settings.assistant_only_loss, context.stop));
        lengths = OrderedJson{{"model", o.model},
                              {"tokens", report->tokens},
                              {"median_tokens", report->medianTokens},
                              {"longest_row", report->longestRow},
                              {"max_length", o.settings.max_length},
                              {"cut_rows", (*report)[ProblemKind::Cut].rows},
                              {"cut_tokens", report->cutTokens},
                              {"untrained_rows", untrained}};
    }
    if (o.json)
        printCheckJson(counts, *report, problems, lengths);
    else
        printCheck(counts, *report, problems, lengths, o);
    return 0;
}

Result<int> exportAll(Project &project, const Options &o, const Context &context)
{
    ExportRowsRequest request;
    request.file = o.out;
    const bool table = o.format.empty() && request.file.extension() == ".csv";
    ATTUNE_TRY(request.format, parseExportFormat(table ? "csv" : o.format.empty() ? "chat" : o.format));
    if (!o.part.empty()) {
        ATTUNE_TRY(const Part part, parsePart(o.part));
        request.query = ExampleQuery{};
        request.query->parts = {part};
    }
    ProgressBar bar;
    const auto report = exportRows(project, request, context.stop, bar.callback());
    bar.clear();
    if (!report)
        return tl::unexpected(report.error());
    for (const LeftOutRow &row : report->leftRows)
        std::fprintf(stderr, "row %lld left out: %s\n", static_cast<long long>(row.id), row.reason.c_str());
    if (o.json)
        printJson(OrderedJson{{"path", o.out},
                              {"format", name(request.format)},
                              {"rows", report->written},
                              {"left_out", report->leftOut}});
    else
        print("Wrote " + counted(report->written, "row") + " to " + o.out +
              (report->leftOut > 0 ? "; " + counted(report->leftOut, "row") + " left out" : ""));
    return 0;
}

Result<int> handle(const Options &o, const Context &context)
{
    ATTUNE_TRY(auto project, Project::open(o.project));
    if (o.what == "list")
        return list(project, o);
    if (o.what == "split")
        return split(project, o);
    return o.what == "check" ? check(project, o, context) : exportAll(project, o, context);
}

} // namespace

void addData(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    const Verb verb(app, "data", "Check, split, list or export a project's rows",
                    [o](const Context &context) { return handle(*o, context); });
    verb.option("project", o->project, "The project file").required();
    verb.option("what", o->what, "check, split, list or export OUT")
        .required()
        .oneOf({"check", "split", "list", "export"});
    verb.option("out", o->out, "With export: the file to write");
    verb.option("--part", o->part, "With list and export: only train, validation or test")
        .oneOf({"train", "validation", "test"});
    verb.option("--format", o->format,
                "With export: chat, alpaca, sharegpt or csv; by the ending of OUT where it is not given")
        .oneOf({"chat", "alpaca", "sharegpt", "csv"});
    verb.option("--model", o->model,
                "With check: count tokens as this model sees them; else as that of the next run");
    verb.flag("--no-tokens", o->withoutTokens, "With check: count none, which is quicker");
    verb.option("--max-length", o->maxLength,
                "With check: longer rows are cut; as --set max_length=N; else what the next run has")
        .inRange(8, 1 << 20);
    o->sets.addTo(verb, "With check: max_length=N, assistant_only_loss=false");
    verb.option("--validation", o->validationShare, "With split: share of validation rows from now on; 0.1 at first");
    verb.option("--test", o->testShare, "With split: share of test rows from now on; 0.1 at first");
    verb.option("--seed", o->seed, "With split: decides the parts");
    verb.flag("--json", o->json, "One JSON object a row, leak or result");
    verb.checkUsage([o]() -> std::string {
        if (o->what == "export")
            return o->out.empty() ? "export needs the file to write" : "";
        return o->out.empty() ? "" : o->what + " takes no file";
    });
}

} // namespace attune::cli
