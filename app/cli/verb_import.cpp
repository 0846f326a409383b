#include "app/cli/cli.h"
#include "app/cli/progress.h"
#include "app/cli/text.h"
#include "core/studio/import_files.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace attune::cli {
namespace {

struct Options {
    std::string project;
    std::vector<std::string> files;
    std::string format = "auto";
    std::string map;
    std::string split = "auto";
    std::string encoding = "auto";
    bool json = false;
};

/// "user=Question,assistant=Answer".
Result<std::map<std::string, std::string>> parseMap(const std::string &text)
{
    static constexpr std::array roles = {"user",  "assistant", "system", "input", "conversation",
                                         "split", "tags",      "rating", "note"};
    std::map<std::string, std::string> columns;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string one = text.substr(begin, end - begin);
        const auto equals = one.find('=');
        const std::string role = one.substr(0, equals);
        if (equals == std::string::npos || equals + 1 == one.size())
            return fail(ErrorCode::InvalidInput, "--map: \"" + one + "\" is not ROLE=COLUMN, as in user=Question.");
        if (std::find(roles.begin(), roles.end(), role) == roles.end())
            return fail(ErrorCode::InvalidInput,
                        "--map: \"" + role +
                            "\" is none of user, assistant, system, input, conversation, split, tags, "
                            "rating, note.");
        columns[role] = one.substr(equals + 1);
        begin = end + 1;
    }
    return columns;
}

void printReport(const ImportReport &report)
{
    std::string parts;
    for (const Part part : {Part::Train, Part::Validation, Part::Test})
        if (report.parts[part] > 0)
            parts +=
                (parts.empty() ? ": " : ", ") + std::to_string(report.parts[part]) + " " + std::string(name(part));
    print("imported " + std::to_string(report.imported) + parts);
    print("duplicates " + std::to_string(report.duplicates));
    print("rejected " + std::to_string(report.rejected));
    for (const Reject &reject : report.rejects)
        std::fprintf(stderr, "%s line %lld: %s%s\n", reject.file.c_str(), static_cast<long long>(reject.line),
                     reject.field.empty() ? "" : (reject.field + ": ").c_str(), reject.reason.c_str());
    if (report.rejected > static_cast<std::int64_t>(report.rejects.size()))
        std::fprintf(stderr, "... and %lld more rejects\n",
                     static_cast<long long>(report.rejected) - static_cast<long long>(report.rejects.size()));
    constexpr std::size_t shown = 20;
    for (std::size_t i = 0; i < report.leaks.size() && i < shown; ++i) {
        const LeakedPair &leak = report.leaks[i];
        std::fprintf(stderr, "leak: row %lld (%s) is like row %lld (%s), similarity %.2f\n",
                     static_cast<long long>(leak.row), std::string(name(leak.part)).c_str(),
                     static_cast<long long>(leak.other), std::string(name(leak.otherPart)).c_str(), leak.similarity);
    }
    if (report.leaks.size() > shown)
        std::fprintf(stderr, "... and %zu more leaks; see attune data PROJECT check\n", report.leaks.size() - shown);
}

void printReportJson(const ImportReport &report)
{
    for (const Reject &reject : report.rejects)
        printJson(OrderedJson{
            {"reject",
             {{"file", reject.file}, {"line", reject.line}, {"field", reject.field}, {"reason", reject.reason}}}});
    for (const LeakedPair &leak : report.leaks)
        printJson(OrderedJson{{"leak",
                               {{"row", leak.row},
                                {"part", name(leak.part)},
                                {"other", leak.other},
                                {"other_part", name(leak.otherPart)},
                                {"similarity", leak.similarity}}}});
    printJson(OrderedJson{{"imported", report.imported},
                          {"duplicates", report.duplicates},
                          {"rejected", report.rejected},
                          {"leaks", report.leaks.size()},
                          {"parts",
                           {{"train", report.parts[Part::Train]},
                            {"validation", report.parts[Part::Validation]},
                            {"test", report.parts[Part::Test]}}}});
}

TextEncoding encodingNamed(const std::string &name)
{
    return name == "utf-8"     ? TextEncoding::Utf8
           : name == "utf-16"  ? TextEncoding::Utf16
           : name == "latin-1" ? TextEncoding::Latin1
                               : TextEncoding::Auto;
}

/// Rejects of bytes that are no UTF-8 look like damage; mostly it is a file of an older program.
void explainEncodings(const ImportRequest &request, const ImportReport &report)
{
    for (const ImportSource &source : request.files) {
        const bool rejected = std::any_of(report.rejects.begin(), report.rejects.end(), [&](const Reject &reject) {
            return reject.file == source.file.string() && reject.reason.find("not valid UTF-8") != std::string::npos;
        });
        if (rejected && source.encoding == TextEncoding::Auto && encodingOf(source) == TextEncoding::Latin1)
            std::fprintf(stderr,
                         "%s seems to be in Latin-1 (ISO 8859-1, Windows-1252), not UTF-8: import it again with "
                         "--encoding latin-1; rows that are there already are not doubled\n",
                         source.file.c_str());
    }
}

Result<int> importAll(const Context &context, const Options &o)
{
    ImportRequest request;
    for (const std::string &file : o.files)
        request.files.emplace_back(file).encoding = encodingNamed(o.encoding);
    ATTUNE_TRY(request.options.format, parseDataFormat(o.format));
    ATTUNE_TRY(request.options.columns, parseMap(o.map));
    if (o.split != "auto") {
        ATTUNE_TRY(request.part, parsePart(o.split));
    }
    ATTUNE_TRY(auto project, Project::open(o.project));
    ProgressBar bar;
    auto report = importFiles(project, request, context.stop, bar.callback());
    bar.clear();
    if (!report)
        return forward(report);
    if (o.json)
        printReportJson(*report);
    else
        printReport(*report);
    explainEncodings(request, *report);
    if (report->imported == 0 && report->duplicates == 0 && !report->rejects.empty()) {
        const Reject &first = report->rejects.front();
        return fail(ErrorCode::InvalidInput, "Nothing was imported, as no record can be used; the first is " +
                                                 first.file + " line " + std::to_string(first.line) + ": " +
                                                 first.reason);
    }
    return 0;
}

} // namespace

void addImport(CLI::App &app)
{
    auto o = std::make_shared<Options>();
    const Verb verb(app, "import", "Add rows from files to a project: all of them or, on a failure, none",
                    [o](const Context &context) { return importAll(context, *o); });
    verb.option("project", o->project, "The project file").required();
    verb.option("files", o->files, "JSON Lines, JSON, CSV, TSV or, where it was built in, Parquet").required();
    verb.option("--format", o->format, "auto, openai, alpaca, sharegpt, prompt-completion, csv or tsv")
        .oneOf({"auto", "openai", "alpaca", "sharegpt", "prompt-completion", "csv", "tsv"})
        .showsDefault();
    verb.option("--map", o->map, "What is in which column: user=COLUMN,assistant=COLUMN,...");
    verb.option("--split", o->split, "The part of the new rows; auto: what the row says, else by the project's split")
        .oneOf({"auto", "train", "validation", "test"})
        .showsDefault();
    verb.option("--encoding", o->encoding,
                "Of text files: auto (UTF-8, or UTF-16 with its mark), utf-8, latin-1, utf-16")
        .oneOf({"auto", "utf-8", "latin-1", "utf-16"})
        .showsDefault();
    verb.flag("--json", o->json, "Rejects and leaks one a line, then the counts");
}

} // namespace attune::cli
