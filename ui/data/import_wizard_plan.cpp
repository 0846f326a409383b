#include "ui/data/import_wizard_plan.h"

#include <algorithm>
#include <cmath>

namespace attune::ui {

namespace {

bool hasRole(const std::vector<PreviewColumn> &columns, ColumnRole role)
{
    return std::any_of(columns.begin(), columns.end(),
                       [&](const PreviewColumn &column) { return column.role == role; });
}

/// The columns of all files, with the roles that were chosen.
std::vector<PreviewColumn> allColumns(const std::vector<ImportPreview> &files, const ImportChoice &choice)
{
    std::vector<PreviewColumn> columns;
    for (const ImportPreview &file : files) {
        for (const PreviewColumn &column : file.columns) {
            if (std::any_of(columns.begin(), columns.end(),
                            [&](const PreviewColumn &known) { return known.name == column.name; }))
                continue;
            columns.push_back(column);
            if (const auto chosen = choice.roles.find(column.name); chosen != choice.roles.end())
                columns.back().role = chosen->second;
        }
    }
    return columns;
}

/// Why these roles make no conversation; empty: they may.
std::string missingRole(const std::vector<PreviewColumn> &columns, const ImportChoice &choice)
{
    if (hasRole(columns, ColumnRole::Conversation))
        return {};
    if (!hasRole(columns, ColumnRole::Assistant))
        return "Choose the column that holds the answer: give it the role Assistant.";
    if (!hasRole(columns, ColumnRole::User) && choice.promptTemplate.empty())
        return "Choose the column that holds the question: give it the role User, or write a prompt template.";
    return {};
}

std::string fileName(const ImportSource &source)
{
    return source.file.filename().string();
}

} // namespace

Result<CheckedImport> checkImport(const ImportChoice &choice, ContentSet known, std::stop_token stop,
                                  const std::function<void(double)> &progress)
{
    CheckedImport checked;
    if (choice.sources.empty())
        return fail(ErrorCode::InvalidInput, "No file is chosen.");
    std::vector<ImportSource> sources = choice.sources;
    for (ImportSource &source : sources) {
        source.encoding = choice.encoding == TextEncoding::Auto ? encodingOf(source) : choice.encoding;
        checked.encodings.push_back(source.encoding);
    }
    ImportOptions base;
    base.format = choice.format;
    base.system = choice.system;
    base.namesFirst = choice.namesFirst;
    const auto columnar = [&](const ImportPreview &file) {
        return file.guess.usesColumns() || (choice.byColumns && !file.columns.empty());
    };
    // First what they are: the roles of all files are needed before any is read as a whole.
    for (const ImportSource &source : sources) {
        ATTUNE_TRY(auto start, previewImport(source, base, {.wholeSource = false}, stop));
        if (!checked.files.empty() && columnar(start) != columnar(checked.files.front())) {
            checked.missing = fileName(choice.sources.front()) + " and " + fileName(source) +
                              " differ: one has columns, the other whole conversations. Import one after the other.";
        }
        checked.files.push_back(std::move(start));
    }
    checked.usesColumns = columnar(checked.files.front());
    checked.columns = allColumns(checked.files, choice);
    checked.options = base;
    if (checked.usesColumns && checked.columns.empty()) {
        // Not one record could be read, so there is no column to choose; what is wrong with each is what there is to
        // say.
        checked.usesColumns = false;
        checked.options.format = DataFormat::OpenAi;
    }
    if (checked.usesColumns) {
        base.promptTemplate = choice.promptTemplate;
        std::vector<PreviewColumn> used = checked.columns;
        for (PreviewColumn &column : used) {
            if (choice.withoutOwnSplit && column.role == ColumnRole::Split)
                column.role = ColumnRole::Ignore;
        }
        checked.options = optionsForRoles(used, base);
        if (checked.missing.empty())
            checked.missing = missingRole(checked.columns, choice);
    }
    if (!checked.missing.empty())
        return checked;

    double before = 0;
    double total = 0;
    std::vector<double> sizes;
    for (const ImportSource &source : sources) {
        std::error_code none;
        const auto size = source.text ? source.text->size() : std::filesystem::file_size(source.file, none);
        sizes.push_back(none ? 0.0 : static_cast<double>(size));
        total += sizes.back();
    }
    for (std::size_t i = 0; i < sources.size(); ++i) {
        ATTUNE_TRY(auto whole,
                   previewImport(sources[i], checked.options, {.known = &known}, stop, [&](std::int64_t bytes) {
                       if (progress && total > 0)
                           progress(std::min(1.0, (before + static_cast<double>(bytes)) / total));
                   }));
        before += sizes[i];
        if (!whole.missing.empty() && checked.missing.empty())
            checked.missing = whole.missing;
        checked.records += whole.records;
        checked.good += whole.good;
        checked.duplicates += whole.duplicates;
        for (std::size_t part = 0; part < checked.parts.size(); ++part)
            checked.parts[part] += whole.parts[part];
        checked.rejected += whole.rejected;
        checked.noted += whole.noted;
        checked.ownSplit = checked.ownSplit || whole.parts[0] + whole.parts[1] + whole.parts[2] > 0;
        whole.guess = checked.files[i].guess; // as it was guessed, not as it was then read
        checked.files[i] = std::move(whole);
    }
    return checked;
}

std::array<std::int64_t, 3> partsOf(const ImportChoice &choice, const CheckedImport &checked,
                                    const SplitOptions &shares, bool &about)
{
    std::array<std::int64_t, 3> parts{checked.parts[0], checked.parts[1], checked.parts[2]};
    about = false;
    if (choice.part) {
        parts = {};
        parts[static_cast<std::size_t>(*choice.part)] = checked.coming();
    } else if (const auto free = checked.parts[3]; free > 0) {
        about = true;
        const auto validation = std::llround(shares.validationShare * static_cast<double>(free));
        const auto test = std::llround(shares.testShare * static_cast<double>(free));
        parts[0] += free - validation - test;
        parts[1] += validation;
        parts[2] += test;
    }
    return parts;
}

std::vector<ImportProblem> problemsOf(const CheckedImport &checked)
{
    using Kind = ImportProblem::Kind;
    std::vector<ImportProblem> problems;
    for (const Kind kind : {Kind::Rejected, Kind::Duplicate, Kind::Note}) {
        for (std::size_t source = 0; source < checked.files.size(); ++source) {
            const ImportPreview &file = checked.files[source];
            const std::size_t first = problems.size();
            for (const Reject &row : kind == Kind::Rejected    ? file.rejects
                                     : kind == Kind::Duplicate ? file.doubled
                                                               : file.notes) {
                const auto same = std::find_if(
                    problems.begin() + static_cast<std::ptrdiff_t>(first), problems.end(),
                    [&](const ImportProblem &known) { return known.rows.front().reason == row.reason; });
                if (same == problems.end()) {
                    problems.push_back({kind, 1, source, {row}});
                } else {
                    ++same->count;
                    same->rows.push_back(row);
                }
            }
            if (kind == Kind::Duplicate && problems.size() > first)
                problems[first].count = file.duplicates; // of which only the first were kept
        }
    }
    return problems;
}

ImportRequest requestOf(const ImportChoice &choice, const CheckedImport &checked)
{
    ImportRequest request;
    request.files = choice.sources;
    for (std::size_t i = 0; i < request.files.size() && i < checked.encodings.size(); ++i)
        request.files[i].encoding = checked.encodings[i];
    request.options = checked.options;
    request.part = choice.part;
    return request;
}

} // namespace attune::ui
