#include "app/cli/cli.h"
#include "app/cli/text.h"
#include "core/base/files.h"
#include "core/model/registry.h"
#include "core/studio/chat_model.h"
#include "core/studio/project_split.h"
#include "core/train/rows.h"

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
    std::int64_t maxLength = TrainSettings{}.max_length;
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
    std::vector<TrainExample> examples; ///< with --model only
};

Result<Counts> countRows(Project &project, bool keep)
{
    Counts counts;
    ATTUNE_CHECK(project.forEachExample({}, [&](const StoredExample &e) -> Result<void> {
        ++counts.rows;
        ++counts.states[static_cast<std::size_t>(e.state)];
        ++(e.part ? counts.parts[*e.part] : counts.parts.unsplit);
        if (keep && e.state != LabelState::Rejected)
            counts.examples.push_back({e.id, e.messages});
        return {};
    }));
    return counts;
}

/// What a model's tokenizer makes of the rows: how many are longer than --max-length or teach nothing.
Result<OrderedJson> lengthReport(const Options &o, std::span<const TrainExample> examples)
{
    ATTUNE_TRY(const auto path, resolveModel(o.model));
    ATTUNE_TRY(const auto encoder, loadChatEncoder(path));
    TrainSettings settings;
    settings.max_length = o.maxLength;
    EncodeReport report;
    ATTUNE_TRY(const auto rows, encodeRows(encoder, examples, settings, &report));
    std::int64_t tokens = 0;
    for (const TrainRow &row : rows)
        tokens += static_cast<std::int64_t>(row.ids.size());
    return OrderedJson{{"tokens", tokens},
                       {"max_length", o.maxLength},
                       {"cut_rows", report.cutRows},
                       {"cut_tokens", report.cutTokens},
                       {"untrained_rows", report.untrained}};
}

Result<int> check(Project &project, const Options &o)
{
    ATTUNE_CHECK(project.quickCheck());
    ATTUNE_TRY(const auto counts, countRows(project, !o.model.empty()));
    ATTUNE_TRY(const auto leaks, findLeaks(project));
    OrderedJson json = {{"rows", counts.rows},
                        {"train", counts.parts[Part::Train]},
                        {"validation", counts.parts[Part::Validation]},
                        {"test", counts.parts[Part::Test]},
                        {"unsplit", counts.parts.unsplit}};
    for (const auto state : {LabelState::ToLabel, LabelState::Approved, LabelState::Flagged, LabelState::Rejected})
        json[state == LabelState::ToLabel ? "to_label" : std::string(name(state))] =
            counts.states[static_cast<std::size_t>(state)];
    json["leaks"] = leaks.size();
    if (!o.model.empty()) {
        ATTUNE_TRY(const auto lengths, lengthReport(o, counts.examples));
        json.update(lengths);
    }
    printLeaks(leaks, o.json);
    if (o.json) {
        printJson(json);
        return 0;
    }
    for (const auto &[key, value] : json.items())
        print(key + std::string(16 - key.size(), ' ') + value.dump());
    return 0;
}

Result<int> exportRows(Project &project, const Options &o)
{
    ATTUNE_TRY(const auto filter, filterOf(o));
    std::int64_t rows = 0;
    ATTUNE_CHECK(writeFileAtomically(o.out, [&](const ByteSink &sink) -> Result<void> {
        return project.forEachExample(filter, [&](const StoredExample &e) -> Result<void> {
            OrderedJson json = {{"messages", messagesInOrder(e.messages)}};
            if (e.part)
                json["split"] = name(*e.part);
            if (!e.tags.empty())
                json["tags"] = e.tags;
            const std::string line = json.dump() + "\n";
            ++rows;
            return sink(std::as_bytes(std::span(line)));
        });
    }));
    if (o.json)
        printJson(OrderedJson{{"path", o.out}, {"rows", rows}});
    else
        print("Wrote " + counted(rows, "row") + " to " + o.out);
    return 0;
}

Result<int> handle(const Options &o)
{
    ATTUNE_TRY(auto project, Project::open(o.project));
    if (o.what == "list")
        return list(project, o);
    if (o.what == "split")
        return split(project, o);
    return o.what == "check" ? check(project, o) : exportRows(project, o);
}

} // namespace

void addData(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    auto *verb = addVerb(app, "data", "Check, split, list or export a project's rows",
                         [o](const Context &) { return handle(*o); });
    verb->add_option("project", o->project, "The project file")->required();
    verb->add_option("what", o->what, "check, split, list or export OUT.jsonl")
        ->required()
        ->check(CLI::IsMember({"check", "split", "list", "export"}));
    verb->add_option("out", o->out, "With export: the file to write");
    verb->add_option("--part", o->part, "With list and export: only train, validation or test")
        ->check(CLI::IsMember({"train", "validation", "test"}));
    verb->add_option("--model", o->model, "With check: count tokens as this model sees them");
    verb->add_option("--max-length", o->maxLength, "With check: longer rows are named")
        ->check(CLI::Range(8, 1 << 20))
        ->capture_default_str();
    verb->add_option("--validation", o->validationShare,
                     "With split: share of validation rows from now on; 0.1 at first");
    verb->add_option("--test", o->testShare, "With split: share of test rows from now on; 0.1 at first");
    verb->add_option("--seed", o->seed, "With split: decides the parts");
    verb->add_flag("--json", o->json, "One JSON object a row, leak or result");
    checkUsage(verb, [o]() -> std::string {
        if (o->what == "export")
            return o->out.empty() ? "export needs the file to write" : "";
        return o->out.empty() ? "" : o->what + " takes no file";
    });
}

} // namespace attune::cli
